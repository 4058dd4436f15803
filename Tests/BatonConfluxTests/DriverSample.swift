import BatonConflux
import BatonDigest
import BatonDriver
import BatonKernel
import BatonModel
import BatonWorld

/// A pair on one machine, with what its tests need again and again.
enum Sample {
    static let identity = String(repeating: "ab", count: 32)
    static let portA = 12_001
    static let portB = 12_002
    static let a: NodeID = "a"
    static let b: NodeID = "b"
    static let saveB = "/b/pos_db/secure_storage.json.save"
    static let jsonB = "/b/pos_db/secure_storage.json"

    static func file(_ epoch: UInt64 = 5, _ round: UInt64 = 57, owner: String = identity, stamp: Int64 = 1_785_000_000) -> [UInt8] {
        ([
            "owner_account": ["data": "GetResponse", "last_update": .integer(stamp), "value": .string(owner)],
            "safety_data": [
                "data": "GetResponse", "last_update": 1_785_003_600,
                "value": [
                    "epoch": .unsigned(epoch), "last_voted_round": .unsigned(round),
                    "preferred_round": .unsigned(round > 2 ? round - 2 : 0),
                    "last_vote": .null,
                ],
            ],
        ] as JSON).canonical
    }

    static func state(_ bytes: [UInt8]) -> VoteState {
        VoteState(bytes: bytes, digest: Digest(of: bytes), watermark: Watermark(epoch: 5, round: 57))
    }

    static func grant(_ number: UInt64 = 3, to node: NodeID = b, _ bytes: [UInt8] = file(), lease: UInt64 = 4) -> Grant {
        Grant(
            number: GrantNumber(rawValue: number), validator: "v", node: node, state: state(bytes),
            origin: .record(of: GrantNumber(rawValue: number - 1)), fences: [],
            incarnation: DriverMachine.process(node == a ? 10 : 20).incarnation, lease: LeaseNumber(rawValue: lease),
            operation: OperationID(rawValue: 41))
    }

    static func right(_ grant: Grant) -> VotingRight { VotingRight(claiming: GrantRecord(grant: grant, closing: nil)) }

    static func context(lease: UInt64 = 4, _ grant: Grant? = grant()) -> ActContext {
        let holder = Incarnation(bootID: "boot", pid: 1, startTime: 1)
        return ActContext(
            operation: OperationID(rawValue: 41), lease: Lease(validator: "v", number: LeaseNumber(rawValue: lease), holder: holder),
            grant: grant)
    }

    static func nodeSite(_ id: NodeID, port: Int) -> ConfluxNodeSite {
        ConfluxNodeSite(
            id: id, rpc: Endpoint(host: "127.0.0.1", port: port), directory: "/\(id)",
            command: ["./current/conflux", "--config", "hydra.toml"], environment: [:])
    }

    static func driver(_ machine: DriverMachine) -> ConfluxDriver {
        ConfluxDriver(
            site: ConfluxSite(
                validator: "v", identity: identity, chainID: 9999, roundTimeout: .seconds(1), roundsPerEpoch: 10,
                nodes: [nodeSite(a, port: portA), nodeSite(b, port: portB)], references: []),
            world: machine.world)
    }

    /// A votes, B is idle; both folders hold lease 4.
    static func machine() -> DriverMachine {
        let machine = DriverMachine()
        machine.addNode("/a", port: portA, pid: 10, flag: true)
        machine.addNode("/b", port: portB, pid: 20, flag: false)
        machine.write("/a/pos_db/secure_storage.json", file())
        machine.write(jsonB, file(5, 0, stamp: 1_785_000_001))
        for folder in ["/a", "/b"] { machine.write(folder + "/.baton/lease", Array("4\n".utf8)) }
        return machine
    }

    static let within: Duration = .seconds(1)
}
