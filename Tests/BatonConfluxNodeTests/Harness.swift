import BatonConfluxNode
import BatonModel

/// A chain with nodes in memory, for tests that look closer than a scenario.
struct Harness {
    var chain: ChainModel
    var nodes: [String: NodeModel] = [:]
    var disks: [String: MemoryDisk] = [:]
    var order: [String] = []
    /// Votes that left any node, in order.
    var votes: [SignedVote] = []
    /// Lines of all logs, behind the node's name.
    var log: [String] = []

    static let key = IdentitySettings.address(ofKey: "k1")
    static let otherKey = IdentitySettings.address(ofKey: "k2")

    init(roundsPerEpoch: UInt64 = 20, others: UInt64 = 270, power: UInt64 = 30, seed: UInt64 = 3, inCommittee: Bool = true) {
        chain = ChainModel(
            ChainSettings(
                roundsPerEpoch: roundsPerEpoch, seed: seed,
                identities: [
                    IdentitySettings(posAddress: Self.key, votingPower: power, inCommittee: inCommittee),
                    IdentitySettings(posAddress: Self.otherKey, votingPower: power),
                ],
                otherHonestPower: others
            )
        )
    }

    var now: Instant { chain.view.instant }
    var wall: Int64 { chain.view.wallSeconds }

    /// Boots a node on its disk; a second boot of a name is another process.
    mutating func boot(
        _ name: String, _ version: NodeVersion = .v3_0_3, voter: Bool = false, key: String = Harness.key,
        config: NodeVersion? = nil, catchingUp: Bool = false, incarnation: String? = nil, initialised: Bool = true
    ) throws(NodePanic) {
        var node = NodeModel(
            NodeSettings(
                name: name, version: version, posAddress: key, startedAsVoter: voter, configVersion: config,
                incarnation: incarnation ?? "\(name)#1", isPoSInitialized: initialised, keepsLog: true
            )
        )
        var disk = disks[name] ?? MemoryDisk()
        defer { disks[name] = disk }
        try node.boot(disk: &disk, chain: chain.view, wallSeconds: wall, isCatchingUp: catchingUp)
        nodes[name] = node
        if !order.contains(name) { order.append(name) }
        log += nodes[name]?.drainLog().map { "\(name): \($0)" } ?? []
    }

    @discardableResult
    mutating func call(_ name: String, _ method: String, _ params: [JSON] = []) -> RPCReply {
        let (chain, now, wall) = (chain, now, wall)
        let version = nodes[name]?.settings.version
        return with(name) { node, disk in
            node.execute(method, params, disk: &disk, wallSeconds: wall, now: now) { method, params, horizon in
                chain.read(method, params, horizon: horizon, version: version)
            }
        }
    }

    mutating func start(_ name: String, initialize: Bool = false) -> RPCReply {
        call(name, "test_posStartVoting", [.bool(initialize)])
    }
    mutating func stop(_ name: String) -> RPCReply { call(name, "test_posStopVoting") }
    func file(_ name: String, _ file: String = "secure_storage.json") -> [UInt8]? { disks[name]?.files[file] }
    mutating func put(_ name: String, _ file: String, _ bytes: [UInt8]?) { disks[name, default: MemoryDisk()].files[file] = bytes }

    private mutating func with<R>(_ name: String, _ body: (inout NodeModel, inout MemoryDisk) -> R) -> R {
        guard var node = nodes[name], var disk = disks[name] else { preconditionFailure("no node \(name)") }
        nodes[name] = nil
        defer { (nodes[name], disks[name]) = (node, disk) }
        return body(&node, &disk)
    }

    /// Gives events to all nodes; their votes go to the chain.
    mutating func deliver(_ events: [ChainEvent]) {
        for name in order where nodes[name] != nil {
            for event in events {
                let wall = wall
                let cast = with(name) { node, disk in node.observe(event, disk: &disk, wallSeconds: wall) }
                votes += cast
                for vote in cast { chain.receive(vote, at: now) }
            }
            log += with(name) { node, _ in node.drainLog() }.map { "\(name): \($0)" }
        }
    }

    /// Whole rounds; a round that finds no quorum counts as one.
    mutating func rounds(_ count: Int) {
        for _ in 0..<count {
            let before = (chain.view.epoch, chain.view.round)
            repeat {
                deliver(chain.advance(to: chain.nextDeadline))
            } while (chain.view.epoch, chain.view.round) == before && !chain.isStalled
        }
    }

    /// Half a round: the proposal is out, the votes are in.
    mutating func halfRound() { deliver(chain.advance(to: chain.nextDeadline)) }
    mutating func roll() { deliver(chain.rollEpochNow(at: now)) }

    /// `safety_data.value` of a file.
    func safety(_ name: String, _ which: String = "secure_storage.json") -> JSON? {
        // A malformed file has no value, which fails the expectation that asked.
        guard let bytes = file(name, which), let json = try? JSON(parsing: bytes) else { return nil }
        return json["safety_data"]?["value"]
    }

    /// (epoch, last voted round, preferred round) of a file.
    func marks(_ name: String, _ which: String = "secure_storage.json") -> [UInt64]? {
        guard let value = safety(name, which) else { return nil }
        return ["epoch", "last_voted_round", "preferred_round"].compactMap { value[$0]?.unsigned }
    }

    /// A safety file with these marks.
    static func bytes(
        owner: String? = Harness.key, epoch: UInt64 = 37_011, last: UInt64 = 0, preferred: UInt64 = 0, waypoint: Bool = true
    ) -> [UInt8] {
        func entry(_ value: JSON) -> JSON { ["data": "GetResponse", "last_update": 1_784_000_000, "value": value] }
        var members: [String: JSON] = [
            "safety_data": entry([
                "epoch": .unsigned(epoch), "last_voted_round": .unsigned(last), "preferred_round": .unsigned(preferred),
                "last_vote": .null,
            ])
        ]
        if let owner { members["owner_account"] = entry(.string(owner)) }
        if waypoint { members["waypoint"] = entry("0:00") }
        return JSON.object(members).canonical
    }

    /// Places of the votes of one node.
    func places(_ name: String) -> [Watermark] { votes.filter { $0.signer == name }.map(\.watermark) }
    func has(_ text: String, in name: String) -> Bool { log.contains { $0.hasPrefix("\(name): ") && $0.contains(text) } }
}
