package import BatonConfluxNode
package import BatonConflux
package import BatonModel
import BatonDigest
import BatonWorld

/// A Conflux pair on one simulated machine, with the chain that it votes on somewhere else.
package final class SimConfluxFleet: @unchecked Sendable {
    /// How the fleet is built.
    package struct Settings: Hashable, Sendable {
        /// Names of the nodes.
        package var nodes: [String] = ["a", "b"]
        /// Version of every node's release at the beginning.
        package var version = NodeVersion.v3_0_3
        /// PoS heights per epoch.
        package var roundsPerEpoch: UInt64 = 20
        /// Base round timeout.
        package var roundTimeout = Duration.seconds(30)
        /// Rounds per thousand without a proposal.
        package var silentRoundsPerMille: UInt64 = 20
        /// The longest time from the start of a process to its first answer.
        package var bootMax = Duration.seconds(20)
        /// What `hydra.toml` says of each node; `nil` leaves the line out.
        package var startedAsVoter: [String: Bool?] = [:]
        /// The plain fleet.
        package init() {}
    }

    /// The world that it is in.
    package let world: SimWorld
    /// The machine of the pair and of Baton.
    package let machine: SimMachine
    /// The wires.
    package let network: SimNetwork
    /// The chain.
    package let chain: SimChain
    /// PoS address of the identity: 64 hex.
    package let identity: String
    /// How it was built.
    package let settings: Settings
    /// Who is told what the nodes do.
    package weak var witness: (any NodeWitness)? { didSet { for node in processes { node.witness = witness } } }
    private let elsewhere: SimMachine
    private var chance: SplitMix64
    private var current: [String: SimNodeProcess] = [:]
    /// What the programs of processes do that are about to be launched, by pid.
    private var programs: [Int32: Program] = [:]

    /// Builds folders and chain; nothing runs yet but the chain.
    package init(_ settings: Settings, in world: SimWorld) {
        (self.settings, self.world) = (settings, world)
        identity = IdentitySettings.address(ofKey: "acme")
        machine = SimMachine("host", in: world)
        elsewhere = SimMachine("chain", in: world)
        network = SimNetwork(world)
        network.add(elsewhere, as: Self.chainHost)
        chance = SplitMix64(seed: world.seed, purpose: 6)
        chain = SimChain(
            ChainSettings(
                chainID: 4242, roundTimeout: settings.roundTimeout, roundsPerEpoch: settings.roundsPerEpoch, seed: world.seed,
                identities: [IdentitySettings(posAddress: identity)], otherVoters: 2, silentRoundsPerMille: settings.silentRoundsPerMille,
                startWallSeconds: SimMachine.epochStart / 1_000_000_000
            ),
            in: world
        )
        let process = SimProcess(on: elsewhere, arguments: ["chain"], folder: "/chain", log: nil)
        elsewhere.admit(process)
        for port in Self.chainPorts { elsewhere.listen(port, process, chain) }
        machine.launch = { [unowned self] process in launch(process) }
        machine.make = { [unowned self] (command) throws(FileError) in try make(command) }
        machine.onReboot = { [unowned self] in bringUp() }
        for node in settings.nodes { layOut(node) }
        machine.tree.syncAll()
    }

    private static let chainHost = "10.0.0.9"
    private static let chainPorts = [12_600, 12_601]

    /// The folder of a node.
    package func folder(_ node: String) -> String { "/srv/\(node)" }
    /// The local RPC port of a node.
    package func port(_ node: String) -> Int { 12_500 + 10 * ((settings.nodes.firstIndex(of: node) ?? 0) + 1) }
    /// The process of a node, if one lives.
    package func process(_ node: String) -> SimNodeProcess? {
        guard let process = current[node], process.isAlive else { return nil }
        return process
    }
    /// Every living node process, by name.
    package var processes: [SimNodeProcess] { settings.nodes.compactMap { process($0) } }
    /// The names of the nodes that vote.
    package var voters: [String] { processes.filter(\.isVoting).map(\.name) }

    /// What the driver is told of the fleet.
    package var site: ConfluxSite {
        ConfluxSite(
            validator: "acme-pos", identity: identity, chainID: 4242, roundTimeout: settings.roundTimeout,
            roundsPerEpoch: settings.roundsPerEpoch,
            nodes: settings.nodes.map {
                ConfluxNodeSite(
                    id: NodeID($0), rpc: Endpoint(host: "127.0.0.1", port: port($0)), directory: folder($0),
                    command: Self.command, environment: [:]
                )
            },
            references: Self.chainPorts.map { Endpoint(host: Self.chainHost, port: $0) }
        )
    }

    /// The argument vector of every node.
    package static let command = ["./current/conflux", "--config", "hydra.toml"]

    // MARK: Folders

    private func layOut(_ node: String) {
        let (tree, home) = (machine.tree, folder(node))
        let voter: Bool? = settings.startedAsVoter[node] ?? false
        var toml = [
            "chain_id = 4242", "node_name = \"\(node)\"", "jsonrpc_local_http_port = \(port(node))",
            "jsonrpc_http_port = \(port(node) + 1)", "devnet_chain = \"\(Self.chainHost):\(Self.chainPorts[0])\"",
        ]
        if let voter { toml.append("pos_started_as_voter = \(voter)") }
        let release = stage(settings.version, in: home)
        build {
            try tree.makeFolder(home + "/pos_config")
            try tree.makeFolder(home + "/pos_db/db")
            try tree.makeFolder(home + "/log")
            try tree.replace(home + "/hydra.toml", with: Array((toml.joined(separator: "\n") + "\n").utf8), mode: 0o644)
            try tree.replace(home + "/pos_config/pos_key", with: Array("devnet-key:\(identity)\n".utf8))
            try tree.replaceLink(home + "/pos_config/pos_config.yaml", to: "../current/pos_config.yaml")
            try tree.replaceLink(home + "/current", to: "releases/\(release)")
        }
    }

    private func build(_ body: () throws -> Void) {
        do { try body() } catch { preconditionFailure("the simulated folder could not be laid out: \(error)") }
    }

    /// Lays a release out in a node's folder.
    ///
    /// - Returns: its folder's name below `releases`: the digest of its content.
    @discardableResult package func stage(_ version: NodeVersion, in home: String) -> String {
        let name = Self.digest(of: Self.content(version, .sound))
        writeRelease(version, to: "\(home)/releases/\(name)")
        return name
    }

    /// What a release's program does when it is started.
    package enum Program: String, Hashable, Sendable, CaseIterable {
        /// Runs a node.
        case sound = "exec baton node \"$@\""
        /// Ends soon.
        case ends = "exit 3"
        /// Lives and never serves a port.
        case hangs = "read line < /dev/fifo"
    }

    /// The three files of a release, sorted by name: bytes and mode.
    private static func content(_ version: NodeVersion, _ program: Program) -> [(name: String, bytes: [UInt8], mode: UInt16)] {
        let yaml =
            version == .v3_0_3
            ? "base:\n  role: validator\n  waypoint:\n    from_config: \"0:bb0ed10f\"\nlogger:\n  file: ./log/pos.log\n"
            : "base:\n  data_dir: ./pos_db\nlogger:\n  file: ./log/pos.log\n"
        let release: JSON = ["family": "conflux", "version": .string(version.rawValue), "chainId": 4242]
        return [
            ("conflux", Array("#!/bin/sh\n\(program.rawValue)\n".utf8), 0o755), ("pos_config.yaml", Array(yaml.utf8), 0o644),
            ("release.json", release.canonical, 0o644),
        ]
    }

    /// The digest of a release folder, as the driver computes it.
    private static func digest(of content: [(name: String, bytes: [UInt8], mode: UInt16)]) -> String {
        let lines = content.map { "\($0.name)\t\($0.mode & 0o111 != 0 ? "x" : "-")\t\(Digest(of: $0.bytes))\n" }
        return Digest(of: Array(lines.joined().utf8)).rawValue
    }

    /// Writes the three files of a release.
    ///
    /// - Returns: its digest.
    @discardableResult package func writeRelease(_ version: NodeVersion, to folder: String, program: Program = .sound) -> String {
        let (tree, content) = (machine.tree, Self.content(version, program))
        build {
            try tree.makeFolder(folder)
            for file in content { try tree.replace("\(folder)/\(file.name)", with: file.bytes, mode: file.mode) }
        }
        tree.syncAll()
        return Self.digest(of: content)
    }

    // MARK: Processes

    /// Makes a node's process from its folder and command line.
    private func make(_ command: Command) throws(FileError) -> SimProcess {
        let (tree, home) = (machine.tree, command.folder)
        func absent(_ what: String) -> FileError { FileError(.absent, path: "\(home)/\(what)", detail: "No such file or directory") }
        let executable = command.executable.hasPrefix("./") ? home + command.executable.dropFirst() : command.executable
        guard let script = try tree.read(executable) else { throw absent(command.executable) }
        let program = Program.allCases.first { String(decoding: script, as: UTF8.self).contains($0.rawValue) } ?? .sound
        guard let toml = try tree.read(home + "/hydra.toml") else { throw absent("hydra.toml") }
        let values = Self.values(String(decoding: toml, as: UTF8.self))
        guard let name = values["node_name"], let local = values["jsonrpc_local_http_port"].flatMap(Int.init) else {
            throw absent("node_name")
        }
        let release = try tree.read(home + "/current/release.json").flatMap { bytes -> JSON? in
            do { return try JSON(parsing: bytes) } catch { return nil }
        }
        let yaml = try tree.read(home + "/pos_config/pos_config.yaml").map { String(decoding: $0, as: UTF8.self) } ?? ""
        let key = try tree.read(home + "/pos_config/pos_key").map { String(decoding: $0, as: UTF8.self) } ?? ""
        let version = release?["version"]?.string.flatMap(NodeVersion.init(rawValue:)) ?? settings.version
        let words = [command.executable] + command.arguments
        var voter = values["pos_started_as_voter"].map { $0 == "true" } ?? true
        if let index = words.firstIndex(of: "--pos-started-as-voter"), index + 1 < words.count { voter = words[index + 1] == "true" }
        let process = SimNodeProcess(
            name, on: machine, chain: chain,
            settings: NodeSettings(
                name: name, version: version, posAddress: String(key.dropFirst("devnet-key:".count).prefix(64)),
                startedAsVoter: voter, configVersion: yaml.contains("waypoint") ? .v3_0_3 : .v3_1_0, chainID: 4242
            ),
            command: words, folder: home, log: command.log, localPort: local
        )
        process.witness = witness
        programs[process.pid] = program
        return process
    }

    private func launch(_ process: SimProcess) {
        guard let node = process as? SimNodeProcess else { return }
        current[node.name] = node
        let publicPort = port(node.name) + 1
        switch programs.removeValue(forKey: node.pid) ?? .sound {
        case .sound: break
        case .ends: return world.after(chance.duration(.milliseconds(50), settings.bootMax)) { node.die() }
        case .hangs: return
        }
        world.after(chance.duration(.milliseconds(50), settings.bootMax)) { node.boot(publicPort: publicPort) }
    }

    private static func values(_ toml: String) -> [String: String] {
        var values: [String: String] = [:]
        for line in toml.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\"" } }
            if parts.count == 2, !line.hasPrefix("#") { values[parts[0]] = parts[1] }
        }
        return values
    }

    /// Starts a node as its supervisor or a person does; `voter` is said on the command line when it is given.
    @discardableResult package func start(_ node: String, voter: Bool? = nil) -> SimProcess? {
        let more = voter.map { ["--pos-started-as-voter", "\($0)"] } ?? []
        let command = Command(
            executable: Self.command[0], arguments: Array(Self.command.dropFirst()) + more, folder: folder(node),
            environment: [:], log: folder(node) + "/log/stdout.log"
        )
        do { return try machine.start(command) } catch {
            world.mix("not started: \(error)")
            return nil
        }
    }

    /// Starts every node that does not run, as the system does after a reboot.
    package func bringUp() {
        for node in settings.nodes where process(node) == nil { start(node) }
    }

    /// Starts the vote of a node as a person does, past Baton.
    package func startByHand(_ node: String, initialize: Bool) {
        callByHand(node, "test_posStartVoting", [.bool(initialize)])
    }

    /// The connection of calls that people make past Baton.
    package static let byHand: UInt64 = 1 << 40

    /// Sends an operator's call to a node, past Baton.
    package func callByHand(_ node: String, _ method: String, _ params: [JSON] = []) {
        let body = RPCRequest(id: 1, method: method, params: params).body
        process(node)?.receive(body, port: port(node), connection: Self.byHand) { _ in }
    }

    /// The bytes of a file in a node's `pos_db`.
    package func read(_ node: String, _ name: String) -> [UInt8]? {
        do { return try machine.tree.read("\(folder(node))/pos_db/\(name)") } catch { return nil }
    }

    /// Writes a file into a node's `pos_db`, as a person does.
    package func write(_ node: String, _ name: String, _ bytes: [UInt8]) {
        build { try machine.tree.replace("\(folder(node))/pos_db/\(name)", with: bytes) }
        machine.tree.syncAll()
    }
}
