import BatonConflux
import BatonKernel
import BatonModel
import Testing

@Suite("How a condition stands by the facts")
struct JudgeTests {
    /// A condition with a scene in which it holds and the scenes in which it fails.
    struct Row: Sendable, CustomTestStringConvertible {
        let condition: ConfluxCondition
        let holds: Scene
        var fails: [Scene] = []
        /// Questions that are asked for it and yet may be answered with a doubt.
        var idleQuestions: Set<ConfluxQuestion> = []
        var testDescription: String { condition.words }
    }

    static let moved = Instant(nanoseconds: 999_900_000_000)
    static let strange: [VoteFile] = [.foreign(owner: String(repeating: "cd", count: 32)), .unreadable("zero bytes")]
    static func voting(_ change: (inout Scene) -> Void) -> Scene { Scene.voting.with(change) }
    static func stopped(_ change: (inout Scene) -> Void) -> Scene { Scene.stopped.with(change) }

    /// B holds the open grant 8 for 37011/57 and the token lies there.
    static let placed = stopped {
        $0.a.handedOver = [41: $0.a.save]
        $0.a.save = .absent
        $0.memory.lastGrant = GrantRecord(grant: Scene.grant(8, to: "b", 37011, 57), closing: nil)
        $0.b.save = Scene.held(37011, 57)
        $0.b.grant = Scene.grant(8, to: "b", 37011, 57)
    }
    /// B votes from it.
    static let started = placed.with {
        $0.b.save = .absent
        $0.b.json = Scene.held(37011, 58)
        $0.b.flag = true
        $0.memory.record = Watermark(epoch: 37011, round: 57)
        $0.highest = Watermark(epoch: 37011, round: 58)
    }

    static let flagRows: [Row] = [
        Row(
            condition: .voting("a"), holds: .voting,
            fails: [voting { $0.a.flag = false }, voting { $0.a.pid = nil }, voting { $0.a.servesPort = false }]),
        Row(condition: .idle("b"), holds: .voting, fails: [voting { $0.b.flag = true }]),
        Row(
            condition: .silent("b"), holds: voting { $0.b.unanswered = "start_voting" },
            fails: [voting { $0.b.flag = true }, voting { $0.b.servesPort = false }, voting { $0.b.isStopped = true }]),
        Row(
            condition: .stopped("a"), holds: .stopped,
            fails: [
                stopped { $0.a.flag = true }, stopped { $0.a.save = .absent }, stopped { $0.a.json = Scene.held(37011, 57) },
                stopped { $0.a.save = strange[0] }, stopped { $0.a.save = strange[1] }, stopped { $0.a.json = strange[1] },
            ]),
        Row(
            condition: .votesFromGrant("b"), holds: started,
            fails: [
                started.with { $0.b.flag = false }, started.with { $0.b.save = Scene.held(37011, 57) },
                started.with { $0.b.json = Scene.held(37011, 56) }, started.with { $0.b.json = .absent },
                started.with { $0.b.json = strange[0] }, started.with { $0.memory.lastGrant = nil },
                started.with { $0.memory.lastGrant = Scene.voting.memory.lastGrant },
            ]),
        Row(
            condition: .proven("b"), holds: started,
            fails: [
                started.with { $0.b.flag = false }, started.with { $0.highest = Watermark(epoch: 37011, round: 57) },
                started.with { $0.highest = nil }, started.with { $0.b.json = Scene.held(37011, 57) },
                started.with { $0.highest = Watermark(epoch: 37010, round: 99) },
            ], idleQuestions: [.ledger("b")]),
        Row(
            condition: .mute("b"), holds: started.with { $0.b.epoch = 37012 },
            fails: [
                started,
                started.with {
                    $0.b.epoch = 37012; $0.b.flag = false
                },
                started.with {
                    $0.b.epoch = 37012; $0.b.json = .absent
                },
            ]),
    ]

    static let nodeRows: [Row] = [
        Row(
            condition: .sameIncarnation("a"), holds: voting { $0.memory.incarnations = ["a": Scene.life(of: "a")] },
            fails: [
                voting { $0.memory.incarnations = ["a": Scene.life(of: "b")] }, .voting,
                voting {
                    $0.memory.incarnations = ["a": Scene.life(of: "a")]; $0.a.pid = nil
                },
                voting {
                    $0.memory.incarnations = ["a": Scene.life(of: "a")]; $0.a.bootID = "later"
                },
            ]),
        Row(
            condition: .running("b"), holds: .voting,
            fails: [voting { $0.b.pid = nil }, voting { $0.b.isStopped = true }, voting { $0.b.servesPort = false }]),
        Row(condition: .ended("b"), holds: voting { $0.b.pid = nil }, fails: [.voting, voting { $0.b.isStopped = true }]),
        Row(
            condition: .signsFor("b", identity: Scene.identity), holds: .voting,
            fails: [voting { $0.b.identity = String(repeating: "cd", count: 32) }, voting { $0.b.identity = "" }]),
        Row(
            condition: .onChain("b", id: 9999), holds: .voting,
            fails: [voting { $0.b.chainID = 1029 }, voting { $0.network.chainID = 1029 }]),
        Row(condition: .alive("b"), holds: voting { $0.b.isStopped = true }, fails: [voting { $0.b.pid = nil }]),
        Row(
            condition: .startedIdle("b"), holds: .voting,
            fails: [voting { $0.b.voterNow = true }, voting { $0.b.voterNow = nil }, voting { $0.b.flag = true }]),
        Row(
            condition: .canReturn("b", ReleaseReturn(from: "3.1.0", to: "3.0.3", chainID: 1029)),
            holds: voting { $0.network.committed = 3_749_279 },
            fails: [
                voting { $0.network.committed = 3_749_280 }, voting { $0.b.json = Scene.held(37011, 0, waypoint: false) },
                voting { $0.b.json = strange[0] },
            ]),
        Row(
            condition: .synced("b"), holds: voting { $0.b.committed = 998 },
            fails: [
                voting { $0.b.committed = 997 }, voting { $0.b.epoch = 37010 }, voting { $0.network.epoch = 37012 },
                voting { $0.b.phase = "CatchUpSyncBlockPhase" },
            ]),
        Row(
            condition: .onRelease("b", digest: "old", version: "3.0.3"), holds: .voting,
            fails: [
                voting { $0.b.release = ReleaseReading(current: "new", version: "3.1.0", running: "conflux-rust/v3.0.3", staged: []) },
                voting { $0.b.release = ReleaseReading(current: "old", version: "3.0.3", running: "conflux-rust/v3.1.0", staged: []) },
            ]),
        Row(
            condition: .linked("b", digest: "old"), holds: .voting,
            fails: [voting { $0.b.release = ReleaseReading(current: "new", version: "3.0.3", running: nil, staged: ["old"]) }]),
        Row(
            condition: .staged("b", digest: "new"),
            holds: voting { $0.b.release = ReleaseReading(current: "old", version: "3.0.3", running: nil, staged: ["old", "new"]) },
            fails: [.voting]),
        Row(
            condition: .waypointFor("b", from: "a"), holds: .voting,
            fails: [
                voting { $0.a.json = Scene.held(37011, 57, waypoint: false) }, voting { $0.a.json = .absent },
                stopped { $0.a.save = Scene.held(37011, 57, waypoint: false) },
            ]),
    ]

    static let fileRows: [Row] = [
        Row(
            condition: .ownFile("b"), holds: .voting,
            fails: [voting { $0.b.json = .absent }, voting { $0.b.json = strange[0] }, voting { $0.b.json = strange[1] }]),
        Row(
            condition: .noSave("b"), holds: .voting,
            fails: [
                voting { $0.b.save = Scene.held(37011, 57) }, voting { $0.b.save = strange[0] }, voting { $0.b.save = strange[1] },
            ]),
        Row(
            condition: .noStrangeFile("b"), holds: voting { $0.b.save = Scene.held(37011, 5) },
            fails: strange.flatMap { file in [voting { $0.b.json = file }, voting { $0.b.save = file }] }),
        Row(
            condition: .placed("b"), holds: placed,
            fails: [
                placed.with { $0.b.save = .absent }, placed.with { $0.b.save = Scene.held(37011, 58) },
                // S7: a ghost stop put the node's own file over the token.
                placed.with { $0.b.save = Scene.held(37011, 0, stamp: Scene.ownStamp) },
                placed.with { $0.b.save = strange[1] }, placed.with { $0.b.grant = nil },
                placed.with { $0.b.grant = Scene.grant(9, to: "b", 37011, 57) }, placed.with { $0.memory.lastGrant = nil },
                placed.with { $0.memory.lastGrant = GrantRecord(grant: Scene.grant(8, to: "a", 37011, 57), closing: nil) },
            ]),
        Row(
            condition: .handedOver("a"), holds: placed,
            fails: [
                placed.with { $0.a.save = Scene.held(37011, 57) }, placed.with { $0.a.handedOver = [40: Scene.held(37011, 57)] },
                placed.with { $0.memory.lastGrant = nil },
            ]),
        Row(
            condition: .justAdvanced("a", within: .milliseconds(125)),
            holds: voting { $0.memory.rounds["a"] = Memory.RoundSeen(watermark: Watermark(epoch: 37011, round: 57), movedAt: moved) },
            fails: [
                .voting,
                voting { $0.memory.rounds["a"] = Memory.RoundSeen(watermark: Watermark(epoch: 37011, round: 57), movedAt: nil) },
                voting {
                    $0.memory.rounds["a"] = Memory.RoundSeen(
                        watermark: Watermark(epoch: 37011, round: 57), movedAt: moved.advanced(by: .milliseconds(-26)))
                },
            ]),
        Row(
            condition: .fileAdvances("a"),
            holds: voting { $0.memory.rounds["a"] = Memory.RoundSeen(watermark: Watermark(epoch: 37011, round: 57), movedAt: moved) },
            fails: [
                .voting,
                voting { $0.memory.rounds["a"] = Memory.RoundSeen(watermark: Watermark(epoch: 37011, round: 57), movedAt: nil) },
            ]),
        Row(
            condition: .marked("a", to: "b"), holds: voting { $0.a.cut = mark(to: "b") },
            fails: [.voting, voting { $0.a.cut = mark(to: "a") }, voting { $0.b.cut = mark(to: "b") }]),
        Row(
            condition: .kept("b"), holds: voting { $0.b.kept = Scene.held(37011, 0, stamp: Scene.ownStamp) },
            fails: [.voting, voting { $0.b.kept = strange[1] }]),
    ]

    static let fleetRows: [Row] = [
        Row(
            condition: .farFromEpochEnd(blocks: 5), holds: voting { $0.network.blocksLeft = 6 },
            fails: [voting { $0.network.blocksLeft = 5 }, voting { $0.network.blocksLeft = 0 }]),
        Row(
            condition: .epochAsGranted("b"), holds: placed,
            fails: [placed.with { $0.b.epoch = 37012 }, placed.with { $0.b.epoch = 37010 }, placed.with { $0.memory.lastGrant = nil }]),
        Row(
            condition: .settled(.seconds(6)),
            holds: stopped {
                $0.memory.fencedSince = ago(6); $0.memory.barrier = 37011
            },
            fails: [
                stopped {
                    $0.memory.fencedSince = ago(5); $0.memory.barrier = 37011
                }, stopped { $0.memory.fencedSince = ago(6) },
                stopped { $0.memory.barrier = 37011 },
            ]),
        Row(
            condition: .beyondBarrier("b"), holds: beyond,
            fails: [
                beyond.with { $0.memory.barrier = nil }, beyond.with { $0.memory.barrier = 37012 }, beyond.with { $0.b.epoch = 37011 },
                beyond.with { $0.b.json = Scene.held(37012, 1, stamp: Scene.ownStamp) },
                beyond.with { $0.b.json = Scene.held(37011, 0, stamp: Scene.ownStamp) }, beyond.with { $0.b.json = .absent },
            ], idleQuestions: [.network]),
        Row(
            condition: .granted("a"), holds: .voting,
            fails: [
                voting { $0.memory.lastGrant = nil }, placed,
                voting { $0.memory.lastGrant = GrantRecord(grant: Scene.grant(7, to: "a", 37011, 40), closing: closed) },
            ]),
        Row(
            condition: .noOpenGrant,
            holds: voting { $0.memory.lastGrant = GrantRecord(grant: Scene.grant(7, to: "a", 37011, 40), closing: closed) },
            fails: [.voting]),
        Row(
            condition: .firstEver, holds: newborn,
            fails: [
                newborn.with { $0.history = (1, 0) }, newborn.with { $0.history = (2, 1) },
                newborn.with { $0.memory.lastGrant = Scene.voting.memory.lastGrant },
            ]),
    ]

    static let rows = flagRows + nodeRows + fileRows + fleetRows

    static let closed = Closing.fenced(GrantNumber(rawValue: 7), Scene.fence("a", .stopped, pid: 10))
    static let beyond = stopped {
        $0.memory.barrier = 37011
        $0.b.epoch = 37012
        $0.b.json = Scene.held(37012, 0, stamp: Scene.ownStamp)
    }
    /// A pair whose key never voted.
    static let newborn = voting {
        $0.a.flag = false
        $0.a.json = Scene.held(37011, 0, stamp: Scene.anew)
        $0.memory.lastGrant = nil
        $0.history = (2, 0)
        $0.highest = nil
        $0.inCommittee = false
    }
    static func mark(to node: NodeID) -> CutMark {
        CutMark(operation: OperationID(rawValue: 41), lease: LeaseNumber(rawValue: 4), from: "a", to: node)
    }
    static func ago(_ seconds: Int64) -> Instant { Scene.voting.now.advanced(by: .seconds(-seconds)) }

    @Test("it holds by the facts that show it, and fails by its own rule otherwise", arguments: rows)
    func judges(_ row: Row) {
        #expect(row.holds.judge(row.condition) == .holds)
        #expect(!row.fails.isEmpty)
        for (index, scene) in row.fails.enumerated() {
            #expect(scene.judge(row.condition) == .fails(row.condition.rule), "scene \(index)")
        }
    }

    @Test("it is unknown while a fact is missing, stale or in doubt", arguments: rows)
    func doubts(_ row: Row) {
        for question in Conflux.questions(of: row.condition) {
            let rule = row.condition.rule
            #expect(row.holds.with { $0.missing = [question] }.judge(row.condition) == .unknown(rule, .stale), "no \(question)")
            #expect(row.holds.with { $0.stale = [question] }.judge(row.condition) == .unknown(rule, .stale), "old \(question)")
            for doubt in [Doubt.unreachable, .contradictory, .unreadable] where !row.idleQuestions.contains(question) {
                // A node without a process has no flag that could be in doubt.
                if case .ended = row.condition, case .voting = question { continue }
                let verdict = row.holds.with { $0.doubts = [question: doubt] }.judge(row.condition)
                #expect(verdict == .unknown(rule, doubt), "\(question) \(doubt)")
            }
            // Never the comfortable answer, whatever is in doubt.
            for scene in row.fails {
                for changed in [scene.with { $0.missing = [question] }, scene.with { $0.stale = [question] }] {
                    #expect(changed.judge(row.condition) != .holds)
                }
            }
        }
    }

    @Test("a fact of two seconds is young enough, and a moment more is too old", arguments: rows)
    func knowsAge(_ row: Row) {
        #expect(row.holds.with { $0.age = .seconds(2) }.judge(row.condition) == .holds)
        guard !Conflux.questions(of: row.condition).isEmpty else { return }
        let old = row.holds.with { $0.age = .milliseconds(2001) }
        #expect(old.judge(row.condition) == .unknown(row.condition.rule, .stale))
    }

    @Test("every condition has a row", arguments: ConfluxRules.all.map(\.id))
    func isComplete(_ rule: RuleID) {
        let others: Set<RuleID> = ["conflux.voter-false", "conflux.never", "conflux.node", "conflux.file", "conflux.act"]
        #expect(others.contains(rule) || Self.rows.contains { $0.condition.rule == rule }, "\(rule)")
    }

    @Test("every condition's rule can be explained", arguments: rows)
    func isExplained(_ row: Row) {
        #expect(ConfluxRules.all.contains { $0.id == row.condition.rule })
    }

    @Test("a node with an unanswered command is never idle, whatever its flag says", arguments: ["start_voting", "stop_voting", "status"])
    func neverIdleUnanswered(_ method: String) {
        let scene = Self.voting { $0.b.unanswered = method }
        #expect(scene.judge(.idle("b")) == .unknown("conflux.idle", .unanswered(since: scene.now)))
        #expect(
            Self.voting {
                $0.b.unanswered = method; $0.b.flag = true
            }.judge(.idle("b")) == .fails("conflux.idle"))
        // The end of the process ends the command with it.
        #expect(
            Self.voting {
                $0.b.unanswered = method; $0.b.pid = nil
            }.judge(.idle("b")) == .holds)
        let stopping = Self.stopped { $0.a.unanswered = method }
        #expect(stopping.judge(.stopped("a")) == .unknown("conflux.stopped", .unanswered(since: stopping.now)))
    }

    @Test("a port that another process serves says nothing of this one")
    func knowsItsPort() {
        #expect(Self.voting { $0.b.servesPort = false }.judge(.idle("b")) == .unknown("conflux.idle", .contradictory))
    }

    @Test("S10: a node that would vote after a restart is not idle (safety.r5)")
    func knowsWhatSurvives() {
        for pid in [20, nil] as [Int32?] {
            let armed = Self.voting {
                $0.b.pid = pid; $0.b.voterNext = true
            }
            #expect(armed.judge(.idle("b")) == .fails("safety.r5"))
            #expect(armed.judge(.voterFalse("b")) == .fails("safety.r5"))
            let unread = Self.voting {
                $0.b.pid = pid; $0.b.voterNext = nil
            }
            #expect(unread.judge(.idle("b")) == .unknown("safety.r5", .unreadable))
            #expect(unread.judge(.voterFalse("b")) == .unknown("safety.r5", .unreadable))
        }
        #expect(Scene.voting.judge(.voterFalse("b")) == .holds)
        #expect(
            Self.voting { $0.doubts = [.process("b"): .unreachable] }.judge(.voterFalse("b"))
                == .unknown("conflux.voter-false", .unreachable))
    }

    @Test("outside the committee the flag and the file prove a start, and no signature is waited for")
    func provesOutsideTheCommittee() {
        let outside = Self.started.with {
            $0.inCommittee = false; $0.highest = nil; $0.b.json = Scene.held(37011, 57)
        }
        #expect(outside.judge(.proven("b")) == .holds)
        #expect(outside.with { $0.b.json = Scene.held(37011, 56) }.judge(.proven("b")) == .fails("conflux.proven"))
        #expect(outside.with { $0.b.flag = false }.judge(.proven("b")) == .fails("conflux.proven"))
    }

    @Test("Z1: the giver's own last signature proves nothing of the receiver")
    func provesAboveTheRecord() {
        let late = Self.started.with {
            $0.highest = Watermark(epoch: 37011, round: 57); $0.b.json = Scene.held(37011, 57)
        }
        #expect(late.judge(.proven("b")) == .fails("conflux.proven"))
    }

    @Test("a release from 3.1 on needs no waypoint")
    func needsNoWaypoint() {
        let bare = Self.voting { $0.a.json = Scene.held(37011, 57, waypoint: false) }
        for (version, verdict) in [("3.1.0", Verdict.holds), ("3.0.3", .fails("conflux.waypoint")), ("2.3.5", .fails("conflux.waypoint"))] {
            let scene = bare.with {
                $0.b.release = ReleaseReading(current: "x", version: version, running: nil, staged: [])
            }
            #expect(scene.judge(.waypointFor("b", from: "a")) == verdict, "\(version)")
        }
    }

    @Test("a node that does not answer is on no known release")
    func needsAnAnswer() {
        let silent = Self.voting { $0.b.release = ReleaseReading(current: "old", version: "3.0.3", running: nil, staged: []) }
        #expect(silent.judge(.onRelease("b", digest: "old", version: "3.0.3")) == .unknown("conflux.on-release", .unreachable))
    }

    @Test("never never holds")
    func neverHolds() {
        for scene in [Scene.voting, .stopped, Self.started] { #expect(scene.judge(.never) == .fails("conflux.never")) }
    }

    @Test("a fence says of whom, by what means and during which boot")
    func fences() {
        func fence(_ scene: Scene, _ node: NodeID) -> Fence? { Conflux.fence(of: node, by: scene.facts, at: scene.now) }
        #expect(fence(.stopped, "a") == Scene.fence("a", .stopped, pid: 10))
        #expect(fence(.stopped, "b") == Scene.fence("b", .idle, pid: 20))
        #expect(fence(Self.stopped { $0.a.pid = nil }, "a") == Scene.fence("a", .ended, pid: nil))
        #expect(fence(.voting, "a") == nil)
        let open: [(inout Scene) -> Void] = [
            { $0.a.flag = true }, { $0.a.unanswered = "stop_voting" }, { $0.a.voterNext = true }, { $0.a.voterNext = nil },
            { $0.a.servesPort = false }, { $0.stale = [.voting("a")] }, { $0.stale = [.process("a")] },
            { $0.doubts = [.voting("a"): .unreachable] }, { $0.doubts = [.process("a"): .unreachable] }, { $0.missing = [.voting("a")] },
        ]
        for (index, change) in open.enumerated() { #expect(fence(Scene.stopped.with(change), "a") == nil, "\(index)") }
    }
}
