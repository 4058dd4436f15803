import BatonConflux
import BatonKernel
import BatonModel
import Testing

@Suite("A licence that the operator types (safety.md, promise 2d)")
struct OverrideTests {
    static let phrase = ConfluxOverride.phrase(of: "v", identity: Scene.identity)
    static let typed = TypedOverride(reason: "a was off before this epoch", user: "ops", phrase: phrase)

    /// A was restarted and has lost its record; the epoch rolled meanwhile, and nothing of ours is on chain in it.
    static let lost = Scene.stopped.with {
        $0.a.pid = 11
        $0.a.save = .absent
        $0.a.json = Scene.held(37012, 0, stamp: Scene.anew)
        $0.a.epoch = 37012
        $0.b.json = Scene.held(37012, 0, stamp: Scene.ownStamp)
        $0.b.epoch = 37012
        $0.network.epoch = 37012
        $0.highest = Watermark(epoch: 37011, round: 57)
        $0.memory.floor = .known(Watermark(epoch: 37011, round: 40))
        $0.memory.override = typed
    }
    /// The same in the epoch of its last votes, with a file that was read from A's disk after a reboot.
    static let rebooted = Scene.stopped.with {
        $0.a.bootID = "later"
        $0.a.pid = 11
        $0.memory.override = typed
    }
    static func override(_ licence: Licence) -> (VoteState, Override)? {
        guard case .granted(let state, .override(let override), _, _, _) = licence else { return nil }
        return (state, override)
    }

    @Test("the phrase names the risk, the validator and its identity")
    func namesTheRisk() {
        #expect(Self.phrase == "risk a double vote of v 0xabababab")
        #expect(Self.phrase != ConfluxOverride.phrase(of: "w", identity: Scene.identity))
        #expect(Self.phrase != ConfluxOverride.phrase(of: "v", identity: String(repeating: "cd", count: 32)))
    }

    // MARK: What it licenses

    @Test("without an override it waits; with one it starts from (e, 0, 0), with all of it on record")
    func licensesOwnData() throws {
        #expect(LicenceTests.isWait(Self.lost.with { $0.memory.override = nil }.licence(for: "b"), "safety.r2"))
        let licence = Self.lost.licence(for: "b")
        let (state, override) = try #require(Self.override(licence))
        #expect(state == Scene.state(37012, 0, stamp: Scene.ownStamp))
        #expect(override.typed == Self.typed)
        #expect(override.missing.contains("grant 7"))
        #expect(override.vetoes == ["fenced: a, b", "chain: highest vote 37011/57", "ledger: floor 37011/40", "grant 7: 37011/40"])
        guard case .granted(_, _, let fences, let closing, let life) = licence else { return }
        #expect(fences.map(\.node) == ["a", "b"])
        #expect(closing == .fenced(GrantNumber(rawValue: 7), Scene.fence("a", .idle, pid: 11)))
        #expect(life == Scene.life(of: "b"))
    }

    @Test("in the epoch of the highest file it starts from that file, wherever it lies")
    func licensesTheHighestFile() throws {
        #expect(LicenceTests.isWait(Self.rebooted.with { $0.memory.override = nil }.licence(for: "b"), "safety.r2"))
        #expect(try #require(Self.override(Self.rebooted.licence(for: "b"))).0 == Scene.state(37011, 57))
        let moved = Self.rebooted.with {
            $0.a.handedOver = [41: Scene.held(37011, 58)]
            $0.b.handedOver = [40: Scene.held(37011, 56)]
        }
        #expect(try #require(Self.override(moved.licence(for: "b"))).0 == Scene.state(37011, 58))
        // A file of a later epoch than the receiver's is waited for, and an old one of its own is none.
        let ahead = Self.rebooted.with { $0.a.save = Scene.held(37012, 3) }
        #expect(LicenceTests.isWait(ahead.licence(for: "b"), "conflux.synced"))
        let old = Self.lost.with { $0.b.json = Scene.held(37011, 0, stamp: Scene.ownStamp) }
        #expect(Self.override(old.with { $0.a.json = .absent }.licence(for: "b")) == nil)
    }

    @Test("where a licence is there the override is not used")
    func isNotUsed() {
        let record = Scene.stopped.with { $0.memory.override = Self.typed }
        #expect(LicenceTests.given(record.licence(for: "b"))?.origin == .record(of: GrantNumber(rawValue: 7)))
        let beyond = Self.lost.with { $0.memory.barrier = 37011 }
        #expect(LicenceTests.given(beyond.licence(for: "b"))?.origin == .epochBarrier(above: 37011))
    }

    // MARK: What it never overrides

    static let untyped: [(String, @Sendable (inout Scene) -> Void)] = [
        ("nothing was typed", { $0.memory.override = TypedOverride(reason: "r", user: "u", phrase: "") }),
        ("another phrase", { $0.memory.override = TypedOverride(reason: "r", user: "u", phrase: "yes") }),
        (
            "the phrase of another validator",
            { $0.memory.override = TypedOverride(reason: "r", user: "u", phrase: "risk a double vote of w 0xabababab") }
        ),
        ("no reason", { $0.memory.override = TypedOverride(reason: "", user: "u", phrase: phrase) }),
    ]
    static let vetoed: [(String, @Sendable (inout Scene) -> Void)] = [
        ("a signature above it is on chain", { $0.highest = Watermark(epoch: 37012, round: 1) }),
        ("the ledger knows a higher one", { $0.memory.floor = .known(Watermark(epoch: 37012, round: 1)) }),
        (
            "a grant gave a higher one",
            { $0.memory.lastGrant = GrantRecord(grant: Scene.grant(7, to: "a", 37012, 4), closing: nil) }
        ),
    ]

    @Test("what was not typed exactly is nobody's word: it waits as ever", arguments: untyped.indices)
    func isNotTyped(_ index: Int) {
        let (name, change) = Self.untyped[index]
        #expect(LicenceTests.isWait(Self.lost.with(change).licence(for: "b"), "safety.r2"), "\(name)")
    }

    @Test("where somebody knows of a higher vote it waits for a licence of another kind, and gets that one", arguments: vetoed.indices)
    func isVetoed(_ index: Int) {
        let (name, change) = Self.vetoed[index]
        let scene = Self.lost.with(change)
        #expect(LicenceTests.isWait(scene.licence(for: "b"), "safety.override"), "\(name)")
        let beyond = scene.with {
            $0.memory.barrier = 37012
            $0.b.epoch = 37013
            $0.b.json = Scene.held(37013, 0, stamp: Scene.ownStamp)
        }
        #expect(LicenceTests.given(beyond.licence(for: "b"))?.origin == .epochBarrier(above: 37012))
    }

    @Test("it overrides no doubt: a veto that can't be asked, a node that is not in the network's epoch")
    func needsItsVetoes() {
        let doubts: [@Sendable (inout Scene) -> Void] = [
            { $0.missing = [.signatures] }, { $0.doubts = [.signatures: .unreachable] }, { $0.stale = [.signatures] },
            { $0.doubts = [.network: .unreachable] }, { $0.stale = [.network] }, { $0.doubts = [.files("a"): .unreadable] },
            { $0.network.epoch = 37013 }, { $0.b.json = .absent }, { $0.b.pid = nil },
        ]
        for (index, change) in doubts.enumerated() {
            #expect(LicenceTests.given(Self.lost.with(change).licence(for: "b")) == nil, "\(index)")
        }
    }

    @Test("a veto that is at the bytes and not above them does not speak")
    func vetoesOnlyAbove() {
        let equal = Self.rebooted.with {
            $0.highest = Watermark(epoch: 37011, round: 57)
            $0.memory.floor = .known(Watermark(epoch: 37011, round: 57))
        }
        #expect(Self.override(equal.licence(for: "b")) != nil)
        #expect(
            Self.override(
                equal.with {
                    $0.highest = nil; $0.memory.floor = .unknown(.stale)
                }.licence(for: "b"))?.1.vetoes.count == 4)
    }

    @Test("it needs a fence of every node as any licence does", arguments: ["a", "b"] as [NodeID])
    func needsEveryFence(_ node: NodeID) {
        for (index, change) in LicenceTests.unfenced.enumerated() {
            #expect(LicenceTests.given(Self.lost.with { change(&$0, node) }.licence(for: "b")) == nil, "\(index)")
        }
    }

    // MARK: The plan

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let scene: Scene
        let rule: RuleID
        /// A word of what it says.
        let says: String
        var on: NodeID? = "b"
    }
    static let rows: [Row] = [
        Row(
            testDescription: "two vote",
            scene: lost.with {
                $0.a.flag = true; $0.b.flag = true
            }, rule: "safety.r1", says: "vote at once"),
        Row(testDescription: "one votes", scene: lost.with { $0.a.flag = true }, rule: "conflux.voting", says: "votes already"),
        Row(
            testDescription: "the other node is not fenced",
            scene: lost.with { $0.doubts = [.voting("a"): .unreachable] }, rule: "conflux.idle", says: "unknown"),
        Row(
            testDescription: "the other node's machine is gone",
            scene: lost.with { $0.doubts = [.process("a"): .unreachable, .voting("a"): .unreachable] }, rule: "conflux.idle",
            says: "unknown"),
        Row(
            testDescription: "the other node would restart as voter", scene: lost.with { $0.a.voterNext = true }, rule: "safety.r5",
            says: "would vote"),
        Row(
            testDescription: "a strange file", scene: lost.with { $0.a.save = .foreign(owner: String(repeating: "cd", count: 32)) },
            rule: "conflux.no-strange-file", says: "Not so"),
        Row(
            testDescription: "a higher vote is on chain", scene: lost.with { $0.highest = Watermark(epoch: 37012, round: 4) },
            rule: "safety.override", says: "37012/4 is on chain"),
        Row(
            testDescription: "the ledger knows a higher vote",
            scene: lost.with { $0.memory.floor = .known(Watermark(epoch: 37012, round: 4)) }, rule: "safety.override", says: "37012/4"),
        Row(
            testDescription: "the record is there", scene: Scene.stopped.with { $0.memory.override = typed }, rule: "safety.override",
            says: "No override is needed"),
        Row(
            testDescription: "the key never voted",
            scene: JudgeTests.newborn.with { $0.memory.override = typed }, rule: "safety.override", says: "No override is needed"),
        Row(testDescription: "no node is named", scene: lost, rule: "safety.override", says: "names its node", on: nil),
        Row(
            testDescription: "no reason is given",
            scene: lost.with { $0.memory.override = TypedOverride(reason: "", user: "u", phrase: phrase) }, rule: "safety.override",
            says: "needs a reason"),
    ]

    @Test("each override that does nothing is refused before anything is touched, with an order", arguments: rows)
    func refusesToPlan(_ row: Row) {
        do {
            let plan = try row.scene.planner.plan(.start(on: row.on))
            Issue.record("planned \(deeds(plan))")
        } catch {
            #expect(error.rule == row.rule)
            #expect(error.words.contains(row.says), "\(error.words)")
            #expect(!error.remedy.isEmpty)
        }
    }

    @Test("the plan says whose override it is, and the phrase is no part of it: it is typed when the plan was seen")
    func plans() throws {
        let plan = try Self.lost.planner.plan(.start(on: "b"))
        #expect(deeds(plan).filter { !$0.hasPrefix("keep") } == ["mark all", "grant b", "place b", "vest b", "sync b"])
        #expect(plan.title.contains("override"))
        #expect(plan.operation["override"]?["reason"]?.string == Self.typed.reason)
        #expect(!plan.json.text.contains(Self.phrase))
        let untyped = Self.lost.with { $0.memory.override = TypedOverride(reason: Self.typed.reason, user: "ops", phrase: "") }
        #expect(try untyped.planner.plan(.start(on: "b")) == plan)
        // The plain plan is another one.
        #expect(try Self.lost.with { $0.memory.override = nil }.planner.plan(.start(on: "b")).json != plan.json)
        let words = Self.lost.planner.riskWords(on: "b", in: plan)
        #expect(words.contains("grant 7") && words.contains("half a year"))
        // 60 blocks of a second are left: past the settling of six seconds.
        #expect(words.contains("about a minute") && words.contains("the safe way"))
    }

    @Test("what is waited for names the safe way and its time")
    func namesTheSaferWay() {
        let waiting = Self.lost.with {
            $0.memory.override = nil
            $0.memory.barrier = 37012
            $0.network.blocksLeft = 300
        }
        guard case .wait(_, let words) = waiting.licence(for: "b") else {
            Issue.record("it does not wait")
            return
        }
        #expect(words.contains("epoch 37013") && words.contains("about 5 min") && words.contains("the safe way"), "\(words)")
    }
}
