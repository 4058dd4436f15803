import BatonConfluxNode
import BatonModel

/// The fleet file of a devnet.
enum DevnetFleet {
    /// `baton.yaml` with every identity as a validator and child processes as units (design.md §6).
    static func text(_ devnet: Devnet) -> String {
        let milliseconds = (devnet.chain["roundNanoseconds"]?.integer ?? 0) / 1_000_000
        let round = milliseconds.isMultiple(of: 1000) ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
        var lines = [
            "# A devnet's fleet. Try: baton status",
            "fleet: devnet",
            "state: ./state",
            "networks:",
            "  - name: devnet",
            "    family: conflux",
            "    chainId: \(devnet.chainID)",
            "    references: [\"http://127.0.0.1:\(devnet.chainPort)\"]",
            "    roundTimeout: \(round)",
            "    roundsPerEpoch: \(devnet.chain["roundsPerEpoch"]?.unsigned ?? 120)",
            "validators:",
        ]
        var seen: Set<String> = []
        for node in devnet.nodes {
            if seen.insert(node.validator).inserted {
                lines += [
                    "  - name: \(node.validator)",
                    "    network: devnet",
                    "    identity: \"0x\(node.posAddress)\"",
                    "    nodes:",
                ]
            }
            lines += [
                "      - name: \(node.name)",
                "        host: {local: true}",
                "        rpc: \"http://127.0.0.1:\(node.port)\"",
                "        directory: \(node.directory)",
                "        unit: {child: {command: [\"./current/conflux\", \"--config\", \"hydra.toml\"]}}",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
