import BatonConflux
import BatonKernel
import BatonModel
import BatonWorld

/// A pair and its chain as facts show them: a calm sea that each test disturbs a little.
///
/// A votes by grant 7 from 37011/40 and has come to 37011/57; B is idle with a fresh file of its own. All facts are
/// as young as `now` unless they are named in ``stale``, ``missing`` or ``doubts``.
struct Scene: Sendable {
    /// One node as it is.
    struct Node: Sendable {
        var pid: Int32?
        var bootID = "boot"
        var flag = false
        var unanswered: String?
        /// A command of ours may still run although it is no doubt any more.
        var mayStillRun: Bool?
        var voterNext: Bool? = false
        var voterNow: Bool? = false
        var servesPort = true
        var isStopped = false
        var json: VoteFile
        var save: VoteFile = .absent
        var handedOver: [UInt64: VoteFile] = [:]
        var revoked: [UInt64: VoteFile] = [:]
        var grant: Grant?
        var cut: CutMark?
        var kept: VoteFile = .absent
        var isGrantTorn = false
        var chainID: UInt64 = 9999
        var epoch: UInt64 = 37011
        var committed: UInt64 = 1000
        var phase = "NormalSyncPhase"
        var identity = Scene.identity
        var release = ReleaseReading(current: "old", version: "3.0.3", running: "conflux-rust/v3.0.3", staged: ["old"])
        /// The life that runs, if one does.
        var life: Incarnation? { pid.map { Incarnation(bootID: bootID, pid: $0, startTime: UInt64($0)) } }
    }

    static let identity = String(repeating: "ab", count: 32)
    /// Owner stamps: of the file that votes, of B's own, of a file made anew.
    static let lineage: Int64 = 1_785_000_000
    static let ownStamp: Int64 = 1_785_000_001
    static let anew: Int64 = 1_785_009_999
    static let target = ReleaseTarget(version: "3.1.0", folder: "/releases/3.1.0", digest: "new")

    var a = Node(pid: 10, flag: true, json: Scene.held(37011, 57), epoch: 37011)
    var b = Node(pid: 20, json: Scene.held(37011, 0, stamp: Scene.ownStamp), epoch: 37011)
    /// A third node of the identity, when there is one.
    var c: Node?
    var network: (epoch: UInt64, committed: UInt64, chainID: UInt64, blocksLeft: UInt64) = (37011, 1000, 9999, 60)
    var highest: Watermark? = Watermark(epoch: 37011, round: 55)
    var inCommittee = true
    var history = (never: 0, ever: 2)
    var missing: Set<ConfluxQuestion> = []
    var stale: Set<ConfluxQuestion> = []
    var doubts: [ConfluxQuestion: Doubt] = [:]
    /// How old every fact is that is not stale.
    var age: Duration = .zero
    var now = Instant(nanoseconds: 1_000_000_000_000)
    var memory = Memory(lastGrant: GrantRecord(grant: Scene.grant(7, to: "a", 37011, 40), closing: nil), floor: .unknown(.stale))
    var past = OperationHistory()

    /// A votes, B is idle.
    static let voting = Scene()
    /// A has just been stopped: its record lies as `.save`.
    static var stopped: Scene {
        var scene = Scene()
        scene.a.flag = false
        scene.a.json = .absent
        scene.a.save = held(37011, 57)
        return scene
    }

    static func bytes(_ epoch: UInt64, _ round: UInt64, stamp: Int64) -> [UInt8] {
        ([
            "owner_account": ["data": "GetResponse", "last_update": .integer(stamp), "value": .string(identity)],
            "safety_data": [
                "data": "GetResponse", "last_update": 1_785_003_600,
                "value": [
                    "epoch": .unsigned(epoch), "last_voted_round": .unsigned(round),
                    "preferred_round": .unsigned(round > 2 ? round - 2 : 0), "last_vote": .null,
                ],
            ],
        ] as JSON).canonical
    }
    static func state(_ epoch: UInt64, _ round: UInt64, stamp: Int64 = lineage) -> VoteState {
        VoteState(
            bytes: bytes(epoch, round, stamp: stamp), digest: Digest("\(epoch)/\(round)/\(stamp)"),
            watermark: Watermark(epoch: epoch, round: round))
    }
    static func held(_ epoch: UInt64, _ round: UInt64, stamp: Int64 = lineage, waypoint: Bool = true) -> VoteFile {
        .held(HeldFile(state: state(epoch, round, stamp: stamp), ownerStamp: stamp, isFresh: round == 0, hasWaypoint: waypoint))
    }
    static func life(of node: NodeID) -> Incarnation {
        let pid: Int32 = node == "a" ? 10 : node == "b" ? 20 : 30
        return Incarnation(bootID: "boot", pid: pid, startTime: UInt64(pid))
    }
    static func grant(
        _ number: UInt64, to node: NodeID, _ epoch: UInt64, _ round: UInt64, stamp: Int64 = lineage, origin: Origin? = nil
    ) -> Grant {
        Grant(
            number: GrantNumber(rawValue: number), validator: "v", node: node, state: state(epoch, round, stamp: stamp),
            origin: origin ?? .record(of: GrantNumber(rawValue: number - 1)), fences: [], incarnation: life(of: node),
            lease: LeaseNumber(rawValue: 4), operation: OperationID(rawValue: 41))
    }
    static func fence(_ node: NodeID, _ means: Fence.Means, pid: Int32?) -> Fence {
        Fence(
            node: node, incarnation: pid.map { Incarnation(bootID: "boot", pid: $0, startTime: UInt64($0)) }, means: means,
            bootID: "boot")
    }

    var ids: [NodeID] { c == nil ? ["a", "b"] : ["a", "b", "c"] }
    func node(_ id: NodeID) -> Node { id == "a" ? a : id == "b" ? b : c ?? b }

    /// This scene with a change.
    func with(_ change: (inout Scene) -> Void) -> Scene {
        var scene = self
        change(&scene)
        return scene
    }

    var site: ConfluxSite {
        ConfluxSite(
            validator: "v", identity: Self.identity, chainID: 9999, roundTimeout: .seconds(1), roundsPerEpoch: 60,
            nodes: ids.map {
                ConfluxNodeSite(
                    id: $0, rpc: Endpoint(host: "127.0.0.1", port: 12_000), directory: "/\($0)", command: ["./current/conflux"],
                    environment: [:])
            }, references: [])
    }

    private func readings() -> [ConfluxQuestion: (NodeID, ConfluxReading)] {
        var readings: [ConfluxQuestion: (NodeID, ConfluxReading)] = [:]
        for id in ids {
            let node = node(id)
            readings[.process(id)] = (
                id,
                .process(
                    ProcessReading(
                        incarnation: node.life, bootID: node.bootID, voterNow: node.life == nil ? nil : node.voterNow,
                        voterNext: node.voterNext, servesPort: node.life != nil && node.servesPort, isStopped: node.isStopped))
            )
            readings[.voting(id)] = (
                id, .voting(VotingReading(flag: node.flag, unanswered: node.unanswered, mayStillRun: node.mayStillRun))
            )
            readings[.files(id)] = (
                id,
                .files(
                    FilesReading(
                        json: node.json, save: node.save, handedOver: node.handedOver, revoked: node.revoked, grant: node.grant,
                        cut: node.cut, lease: LeaseNumber(rawValue: 4), kept: node.kept,
                        isGrantTorn: node.isGrantTorn))
            )
            readings[.ledger(id)] = (
                id,
                .ledger(
                    LedgerReading(
                        chainID: node.chainID, epoch: node.epoch, committed: node.committed, powEpoch: 5000, phase: node.phase))
            )
            readings[.identity(id)] = (id, .identity(node.identity))
            readings[.release(id)] = (id, .release(node.release))
        }
        readings[.network] = (
            "a",
            .network(
                NetworkReading(
                    chainID: network.chainID, epoch: network.epoch, committed: network.committed, powEpoch: 5000,
                    highest: Watermark(epoch: network.epoch, round: 60), sources: 2, blocksLeft: network.blocksLeft))
        )
        readings[.signatures] = (
            "a", .signatures(SignatureReading(highest: highest, inCommittee: inCommittee, isForceRetired: false))
        )
        readings[.history] = ("a", .history(HistoryReading(showNever: history.never, showEver: history.ever)))
        return readings
    }

    /// What the facts say; a node without a process does not answer.
    var facts: Facts<Conflux> {
        var answers: [ConfluxQuestion: Fact<ConfluxReading>] = [:]
        for (question, (id, reading)) in readings() where !missing.contains(question) {
            var value: Known<ConfluxReading> = doubts[question].map(Known.unknown) ?? .known(reading)
            if case .voting(let id) = question, node(id).life == nil { value = .unknown(.unreachable) }
            let age: Duration = stale.contains(question) ? .milliseconds(2001) : age
            answers[question] = Fact(
                value: value, of: id, incarnation: node(id).life, from: .rpc, at: now.advanced(by: .zero - age))
        }
        var facts = Facts<Conflux>()
        facts.merge(answers)
        return facts
    }

    func judge(_ condition: ConfluxCondition) -> Verdict { Conflux.judge(condition, by: facts, with: memory, at: now) }
    func licence(for node: NodeID) -> Licence {
        Conflux.licence(for: node, of: plan, by: facts, with: memory, at: now)
    }
    var planner: ConfluxPlanner { ConfluxPlanner(site: site, facts: facts, memory: memory, history: past, now: now) }

    /// A plan of no steps over the nodes of the scene.
    var plan: Plan<Conflux> {
        Plan(
            operation: "test", validator: "v", nodes: ids, title: "", assumptions: [], steps: [], cuts: [], result: "",
            poll: .milliseconds(100), settle: site.settle)
    }
}
