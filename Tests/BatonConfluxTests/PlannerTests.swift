import BatonConflux
import BatonKernel
import BatonModel
import Testing

/// What a plan does, in order and in words: `stopVoting a`, `grant b`, `vest b`, `wait`.
func deeds(_ plan: Plan<Conflux>) -> [String] { plan.steps.flatMap { deeds($0.deed) } }

private func deeds(_ deed: Deed<Conflux>) -> [String] {
    switch deed {
    case .wait: []
    case .act(let act): ["\(act.json["do"]?.string ?? "") \(act.node?.rawValue ?? "all")"]
    case .grant(let node): ["grant \(node)"]
    case .close(let node): ["close \(node)"]
    case .vest(let node): ["vest \(node)"]
    case .firstThatHolds(let branches): branches.flatMap(\.steps).flatMap { deeds($0.deed) }
    }
}

@Suite("What a planner refuses, and what it tells the operator then")
struct PlannerRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let verb: ConfluxVerb
        let scene: Scene
        let rule: RuleID
        /// A word that the remedy must have.
        let remedy: String
        var isDoubt = false
        var testDescription: String { name }
    }

    static let over: ConfluxVerb = .switchover(to: nil)
    static let upgrade: ConfluxVerb = .upgrade(Scene.target, switchBack: true)
    static func voting(_ change: (inout Scene) -> Void) -> Scene { Scene.voting.with(change) }
    static let strange = VoteFile.foreign(owner: String(repeating: "cd", count: 32))

    /// States in which no verb does anything.
    static let everywhere: [(String, Scene, RuleID, String, Bool)] = [
        ("two voters", voting { $0.b.flag = true }, "safety.r1", "baton recover v", false),
        ("a silent idle node", voting { $0.doubts = [.voting("b"): .unreachable] }, "conflux.idle", "Make b answer", true),
        ("a silent voter", voting { $0.doubts = [.voting("a"): .unreachable] }, "conflux.idle", "Make a answer", true),
        ("an unanswered start", voting { $0.b.unanswered = "start_voting" }, "conflux.idle", "Make b answer", true),
        ("an unseen process", voting { $0.doubts = [.process("b"): .unreachable] }, "conflux.idle", "Make b answer", true),
        ("a hidden process", voting { $0.doubts = [.process("b"): .unreadable] }, "conflux.idle", "Run Baton as b's user", true),
        ("stale facts", voting { $0.stale = [.voting("b")] }, "conflux.idle", "Make b answer", true),
        ("S10: a node that restarts as voter", voting { $0.b.voterNext = true }, "safety.r5", "pos_started_as_voter = false", false),
        (
            "S10: it has ended",
            voting {
                $0.b.voterNext = true; $0.b.pid = nil
            }, "safety.r5", "pos_started_as_voter = false", false
        ),
        ("a setting that can't be read", voting { $0.b.voterNext = nil }, "safety.r5", "Make b answer", true),
    ]
    static let verbs: [(String, ConfluxVerb)] = [
        ("switchover", over), ("upgrade", upgrade), ("start", .start(on: nil)), ("stop", .stop), ("recover", .recover), ("abort", .abort),
    ]

    static let rows: [Row] =
        everywhere.flatMap { name, scene, rule, remedy, isDoubt in
            verbs.map { Row(name: "\($0.0): \(name)", verb: $0.1, scene: scene, rule: rule, remedy: remedy, isDoubt: isDoubt) }
        } + [
            Row(name: "switchover: nobody votes", verb: over, scene: .stopped, rule: "conflux.voting", remedy: "baton start v"),
            Row(
                name: "switchover: to the voter", verb: .switchover(to: "a"), scene: .voting, rule: "conflux.voting",
                remedy: "Nothing to do"),
            Row(name: "switchover: to a stranger", verb: .switchover(to: "x"), scene: .voting, rule: "conflux.node", remedy: "a, b"),
            Row(
                name: "switchover: three nodes", verb: over,
                scene: voting { $0.c = Scene.Node(pid: 30, json: Scene.held(37011, 0, stamp: Scene.anew)) }, rule: "conflux.node",
                remedy: "--to NODE"),
            Row(
                name: "switchover: the receiver is down", verb: over, scene: voting { $0.b.pid = nil }, rule: "conflux.running",
                remedy: "Start the node"),
            Row(
                name: "switchover: it hangs", verb: over, scene: voting { $0.b.isStopped = true }, rule: "conflux.running",
                remedy: "Start the node"),
            Row(
                name: "switchover: another identity", verb: over, scene: voting { $0.b.identity = String(repeating: "cd", count: 32) },
                rule: "conflux.signs-for", remedy: "pos_key"),
            Row(
                name: "switchover: another chain", verb: over, scene: voting { $0.b.chainID = 1 }, rule: "conflux.on-chain",
                remedy: "chainId"),
            Row(
                name: "switchover: a strange file on the receiver", verb: over, scene: voting { $0.b.save = strange },
                rule: "conflux.no-strange-file", remedy: "/b/pos_db"),
            Row(
                name: "switchover: a strange file on the voter", verb: over, scene: voting { $0.a.save = .unreadable("zero bytes") },
                rule: "conflux.no-strange-file", remedy: "/a/pos_db"),
            Row(
                name: "switchover: a .save on the receiver", verb: over, scene: voting { $0.b.save = Scene.held(37010, 3) },
                rule: "conflux.no-save", remedy: "/b/pos_db/secure_storage.json.save"),
            Row(
                name: "switchover: a .save on the voter", verb: over, scene: voting { $0.a.save = Scene.held(37010, 3) },
                rule: "conflux.no-save", remedy: "/a/pos_db/secure_storage.json.save"),
            Row(
                name: "switchover: the voter's file is gone", verb: over, scene: voting { $0.a.json = .absent }, rule: "conflux.own-file",
                remedy: "/a/pos_db"),
            Row(
                name: "switchover: no waypoint for 3.0", verb: over, scene: voting { $0.a.json = Scene.held(37011, 57, waypoint: false) },
                rule: "conflux.waypoint", remedy: "3.1"),
            Row(
                name: "switchover: the reference nodes are silent", verb: over, scene: voting { $0.doubts = [.network: .unreachable] },
                rule: "conflux.on-chain", remedy: "chainId", isDoubt: true),
            Row(name: "upgrade: nobody votes", verb: upgrade, scene: .stopped, rule: "conflux.voting", remedy: "baton start v"),
            Row(
                name: "upgrade: all is done", verb: upgrade,
                scene: voting { ($0.a.release, $0.b.release) = (PlannerTests.new, PlannerTests.new) },
                rule: "conflux.on-release", remedy: "Nothing to do"),
            Row(
                name: "upgrade: a strange file", verb: upgrade, scene: voting { $0.b.json = strange }, rule: "conflux.no-strange-file",
                remedy: "/b/pos_db"),
            Row(
                name: "start: one votes already", verb: .start(on: "b"), scene: .voting, rule: "conflux.voting",
                remedy: "baton switchover v"),
            Row(name: "start: on a stranger", verb: .start(on: "x"), scene: .stopped, rule: "conflux.node", remedy: "a, b"),
            Row(
                name: "start: a strange file on the other", verb: .start(on: "b"), scene: Scene.stopped.with { $0.a.save = strange },
                rule: "conflux.no-strange-file", remedy: "/a/pos_db"),
            Row(
                name: "start: files that can't be seen", verb: .start(on: "b"),
                scene: Scene.stopped.with { $0.doubts = [.files("a"): .unreachable] }, rule: "conflux.no-strange-file", remedy: "/a/pos_db",
                isDoubt: true),
            Row(
                name: "stop: nobody votes", verb: .stop, scene: Scene.stopped.with { $0.memory.lastGrant = nil }, rule: "conflux.idle",
                remedy: "Nothing to do"),
            Row(
                name: "recover: a strange file", verb: .recover, scene: Scene.stopped.with { $0.b.json = .unreadable("zero bytes") },
                rule: "conflux.no-strange-file", remedy: "/b/pos_db"),
        ]

    @Test("each refusal names its rule and gives an order", arguments: rows)
    func refuses(_ row: Row) {
        do {
            let plan = try row.scene.planner.plan(row.verb)
            Issue.record("planned \(deeds(plan))")
        } catch {
            #expect(error.rule == row.rule)
            #expect(error.remedy.contains(row.remedy), "\(error.remedy)")
            #expect((error.doubt != nil) == row.isDoubt)
            #expect(!error.words.isEmpty)
        }
    }
}

@Suite("What a planner plans")
struct PlannerTests {
    static let new = ReleaseReading(current: "new", version: "3.1.0", running: "conflux-rust/v3.1.0", staged: ["old", "new"])
    /// The order of safety.md, “The cut”.
    static let cutDeeds = ["stopVoting a", "grant b", "handOver a", "place b", "vest b"]

    static func steps(of plan: Plan<Conflux>, _ cut: Cut) throws -> [Step<Conflux>] {
        let first = try #require(plan.steps.firstIndex { $0.id == cut.first })
        let last = try #require(plan.steps.firstIndex { $0.id == cut.last })
        return Array(plan.steps[first...last])
    }

    // MARK: switchover

    @Test("the cut is the one of the safety rules, deed by deed")
    func plansTheCut() throws {
        let plan = try Scene.voting.planner.plan(.switchover(to: nil))
        #expect(deeds(plan).filter { !$0.hasPrefix("restore") } == ["mark all", "keep b"] + Self.cutDeeds + ["sync b"])
        let cut = try #require(plan.cuts.first)
        #expect(plan.cuts.count == 1)
        #expect((cut.from, cut.to) == ("a", "b"))
        let steps = try Self.steps(of: plan, cut)
        #expect(steps.map(\.deed) == [.act(.stopVoting("a")), .grant("b"), .act(.handOver("a")), .act(.place("b")), .vest("b")])
    }

    @Test("every step of the cut has its guards and its proof")
    func guardsTheCut() throws {
        let plan = try Scene.voting.planner.plan(.switchover(to: nil))
        let steps = try Self.steps(of: plan, try #require(plan.cuts.first))
        let stillFenced: Set<ConfluxCondition> = [.idle("a"), .sameIncarnation("a"), .idle("b"), .sameIncarnation("b")]
        let needed: [Set<ConfluxCondition>] = [
            [.voting("a"), .noSave("a"), .ownFile("a"), .idle("b"), .noSave("b"), .granted("a")],
            stillFenced, [],
            stillFenced.union([.noSave("b"), .granted("b"), .epochAsGranted("b")]),
            stillFenced.union([.placed("b"), .granted("b"), .epochAsGranted("b")]),
        ]
        for (step, guards) in zip(steps, needed) {
            #expect(guards.subtracting(step.guards).isEmpty, "\(step.id) lacks \(guards.subtracting(step.guards).map(\.words))")
        }
        #expect(steps.map(\.proof) == [[.stopped("a")], [.never], [.noSave("a")], [.placed("b")], [.votesFromGrant("b")]])
        #expect(steps[4].hazard == .slashable)
        #expect(steps[3].hazard == .slashable)
    }

    @Test("before the cut the receiver is able, the epoch is not about to end, breadcrumbs and copy lie, and the voter has just voted")
    func preparesTheCut() throws {
        let plan = try Scene.voting.planner.plan(.switchover(to: nil))
        let cut = try #require(plan.cuts.first)
        let before = plan.steps.prefix { $0.id != cut.first }
        let proofs = before.map { Set($0.proof) }
        let ready: Set<ConfluxCondition> = [
            .voting("a"), .noSave("a"), .ownFile("a"), .running("b"), .idle("b"), .synced("b"), .ownFile("b"), .noSave("b"),
            .signsFor("b", identity: Scene.identity), .onChain("b", id: 9999), .voterFalse("a"), .voterFalse("b"),
        ]
        #expect(ready.subtracting(proofs[0]).isEmpty)
        #expect(proofs[0].contains { if case .farFromEpochEnd = $0 { true } else { false } })
        #expect(before.contains { $0.deed == .act(.mark(from: "a", to: "b")) && $0.always })
        #expect(before.contains { $0.deed == .act(.keep("b")) && $0.always })
        let last = try #require(before.last)
        #expect(last.deed == .wait)
        #expect(last.proof.contains { if case .justAdvanced("a", _) = $0 { true } else { false } })
        #expect(last.question != nil, "a vote may be missed: the operator is asked")
        #expect(last.within == Scene.voting.site.roundTimeout * 3)
    }

    @Test("after the cut the bytes are made durable and a vote is seen on chain")
    func provesTheCut() throws {
        let plan = try Scene.voting.planner.plan(.switchover(to: nil))
        let cut = try #require(plan.cuts.first)
        let last = try #require(plan.steps.firstIndex { $0.id == cut.last })
        let after = plan.steps[(last + 1)...]
        #expect(after.first?.deed == .act(.sync("b")))
        let proofs = after.flatMap { step -> [ConfluxCondition] in
            guard case .firstThatHolds(let branches) = step.deed else { return step.proof }
            return step.proof + branches.map(\.when)
        }
        #expect(proofs.contains(.proven("b")))
    }

    @Test("a voter that people started is adopted before anything else")
    func adopts() throws {
        for memory in [nil, GrantRecord(grant: Scene.grant(7, to: "a", 37011, 40), closing: JudgeTests.closed)] {
            let found = Scene.voting.with { $0.memory.lastGrant = memory }
            let plan = try found.planner.plan(.switchover(to: nil))
            #expect(deeds(plan).first == "grant a")
            #expect(plan.steps.first?.guards == [.voting("a"), .idle("b")])
            #expect(try deeds(found.planner.plan(.recover)).first == "grant a")
            #expect(try deeds(found.planner.plan(.stop)).first == "grant a")
        }
        #expect(try !deeds(Scene.voting.planner.plan(.switchover(to: nil))).contains("grant a"))
    }

    @Test("with three nodes the third is fenced in every step that could start a vote")
    func fencesTheThird() throws {
        let three = Scene.voting.with { $0.c = Scene.Node(pid: 30, json: Scene.held(37011, 0, stamp: Scene.anew)) }
        let plan = try three.planner.plan(.switchover(to: "b"))
        for step in try Self.steps(of: plan, try #require(plan.cuts.first)) where step.hazard == .slashable || step.id == plan.cuts[0].first
        {
            #expect(step.guards.contains(.idle("c")), "\(step.id)")
        }
    }

    // MARK: start, stop

    @Test("stop closes the voter's grant after its stop and starts nothing")
    func stops() throws {
        let plan = try Scene.voting.planner.plan(.stop)
        #expect(deeds(plan).filter { !$0.hasPrefix("mark") } == ["stopVoting a", "close a"])
        #expect(plan.steps.last?.guards == [.idle("a")])
        // An open grant of a node that does not vote is closed alone.
        #expect(try deeds(Scene.stopped.planner.plan(.stop)) == ["close a"])
    }

    @Test("start goes on where the record is, and a stopped node gets its own file back in the same process")
    func starts() throws {
        let onB = try deeds(Scene.stopped.planner.plan(.start(on: "b")))
        #expect(onB.filter { !$0.hasPrefix("keep") } == ["mark all", "grant b", "handOver a", "place b", "vest b", "sync b"])
        let onA = try deeds(Scene.stopped.planner.plan(.start(on: "a")))
        #expect(
            onA.filter { !$0.hasPrefix("keep") } == ["mark all", "grant a", "handOver a", "restoreOwn a", "place a", "vest a", "sync a"])
        // Behind the epoch's end its memory is stale: it is restarted.
        let rolled = Scene.stopped.with { $0.a.epoch = 37012 }
        let again = try deeds(rolled.planner.plan(.start(on: "a")))
        #expect(Array(again.prefix(2)) == ["stopProcess a", "startProcess a"])
        #expect(!again.contains("restoreOwn a"))
        // A command that hangs in its queue ends with its process, which must be fenced in another way first.
        let down = try deeds(Scene.stopped.with { $0.b.pid = nil }.planner.plan(.start(on: "b")))
        #expect(down.first == "startProcess b")
    }

    // MARK: What Baton placed itself

    @Test("of a token of its own Baton says so, and takes it away beside a voter that people started")
    func namesItsToken() throws {
        let beside = JudgeTests.placed.with {
            $0.a.flag = true
            $0.a.json = Scene.held(37011, 60)
            $0.memory.rounds["a"] = Memory.RoundSeen(watermark: Watermark(epoch: 37011, round: 60), movedAt: $0.now)
        }
        do {
            _ = try beside.planner.plan(.switchover(to: nil))
            Issue.record("planned beside a token")
        } catch {
            #expect(error.rule == "conflux.no-save")
            #expect(error.remedy.contains("grant 8, placed by Baton") && error.remedy.contains("baton recover v"))
            #expect(!error.remedy.contains("whose it is"))
        }
        #expect(try deeds(beside.planner.plan(.recover)) == ["revoke b", "close b", "grant a", "sync a"])
        // By the breadcrumb alone, when a later grant is the last one.
        let later = beside.with { $0.memory.lastGrant = GrantRecord(grant: Scene.grant(9, to: "a", 37011, 58), closing: nil) }
        #expect(try deeds(later.planner.plan(.recover)).first == "revoke b")
        #expect(later.planner.remedy(for: .noSave("b")).contains("grant 8"))
        // A stranger's is still the operator's to look at.
        let strange = later.with { $0.b.save = Scene.held(37011, 3) }
        #expect(strange.planner.remedy(for: .noSave("b")).contains("whose it is"))
        #expect(try !deeds(strange.planner.plan(.recover)).contains("revoke b"))
    }

    // MARK: upgrade

    static let upgrades: [(Bool, Bool, Bool)] = [true, false].flatMap { back in
        [true, false].flatMap { a in [true, false].map { b in (back, a, b) } }
    }

    @Test("an upgrade touches the idle node first and never the voter", arguments: upgrades)
    func neverTouchesTheVoter(_ switchBack: Bool, _ aIsNew: Bool, _ bIsNew: Bool) throws {
        let scene = Scene.voting.with {
            if aIsNew { $0.a.release = Self.new }
            if bIsNew { $0.b.release = Self.new }
        }
        if aIsNew, bIsNew { return }
        let plan = try scene.planner.plan(.upgrade(Scene.target, switchBack: switchBack))
        var voter: NodeID? = "a"
        var upgraded: [NodeID] = []
        for step in plan.steps {
            switch step.deed {
            case .act(.stopVoting(let node)):
                #expect(node == voter)
                voter = nil
            case .vest(let node):
                #expect(voter == nil)
                voter = node
            case .act(.stopProcess(let node)), .act(.startProcess(let node)), .act(.switchRelease(let node, _, _)):
                #expect(voter != nil && node != voter, "\(step.id) while \(voter?.rawValue ?? "nobody") votes")
                #expect(node == voter || step.guards.contains(.idle(node)) || step.guards.contains(.ended(node)))
                if case .act(.switchRelease) = step.deed { upgraded.append(node) }
            default: continue
            }
        }
        #expect(upgraded == (["b", "a"] as [NodeID]).filter { $0 == "a" ? !aIsNew : !bIsNew })
        #expect(voter == (switchBack || aIsNew ? "a" : "b") || (voter == "b" && !switchBack))
        #expect(Set(plan.steps.map(\.id)).count == plan.steps.count, "every step has a name of its own")
        for cut in plan.cuts { #expect(try Self.steps(of: plan, cut).contains { $0.deed == .vest(cut.to) }) }
    }

    @Test("both nodes, with the vote back: two cuts and two proofs in this order")
    func upgradesBoth() throws {
        let plan = try Scene.voting.planner.plan(.upgrade(Scene.target, switchBack: true))
        let back = ["stopVoting b", "grant a", "handOver b", "place a", "vest a"]
        let up = ["stopProcess", "switchRelease", "startProcess"]
        let expected =
            ["stage a", "stage b"] + up.map { $0 + " b" } + ["mark all", "keep b"] + Self.cutDeeds + ["sync b"] + up.map { $0 + " a" }
            + ["mark all", "keep a"] + back + ["sync a"]
        #expect(deeds(plan) == expected)
    }

    // MARK: resume

    /// Where a controller was killed in a switchover from A to B, with what is left to do.
    static let crashPoints: [(String, Scene, [String])] = [
        ("nothing was done", .voting, ["mark all", "keep b"] + cutDeeds + ["sync b"]),
        ("A was stopped", .stopped, ["mark all", "grant b", "handOver a", "place b", "vest b", "sync b"]),
        (
            "the grant is open, A's file still lies there",
            Scene.stopped.with { $0.memory.lastGrant = LicenceTests.granted.memory.lastGrant },
            ["mark all", "grant b", "handOver a", "place b", "vest b", "sync b"]
        ),
        ("handed over, nothing placed", LicenceTests.granted, ["mark all", "grant b", "place b", "vest b", "sync b"]),
        ("the token was placed", JudgeTests.placed, ["mark all", "revoke b", "grant b", "place b", "vest b", "sync b"]),
        (
            "the token was consumed and B restarted", LicenceTests.crashed,
            ["mark all", "grant b", "place b", "vest b", "sync b"]
        ),
        ("B votes", JudgeTests.started, ["sync b"]),
    ]

    @Test("a resumed switchover does what is left, from every place of a crash", arguments: crashPoints.indices)
    func resumes(_ index: Int) throws {
        let (name, before, expected) = Self.crashPoints[index]
        let scene = before.with { $0.past = OperationHistory(firstVoter: "a", lastCut: "b", isResumed: true) }
        let plan = try scene.planner.plan(.switchover(to: nil))
        let rest = deeds(plan)
        // Copies of B's own file may be kept once more; they are Baton's own notes.
        #expect(rest.filter { !$0.hasPrefix("keep") } == expected.filter { !$0.hasPrefix("keep") }, "\(name)")
        if let first = rest.firstIndex(of: "mark all"), let grant = rest.firstIndex(of: "grant b") { #expect(first < grant) }
    }

    @Test("wherever it was killed, what it plans is licensed from the highest vote state", arguments: crashPoints.indices)
    func licenses(_ index: Int) {
        let scene = Self.crashPoints[index].1
        guard !scene.a.flag, !scene.b.flag else { return }
        let given = LicenceTests.given(scene.licence(for: "b"))
        let highest = index == 5 ? Scene.state(37011, 61) : Scene.state(37011, 57)
        #expect(given?.state == highest)
    }

    @Test("handed over, and no journal: what lies beside the nodes is enough")
    func recovers() throws {
        let bare = Scene.stopped.with {
            $0.a.handedOver = [41: $0.a.save]
            $0.a.save = .absent
            $0.a.grant = Scene.grant(7, to: "a", 37011, 40)
            $0.a.cut = JudgeTests.mark(to: "b")
            $0.b.cut = JudgeTests.mark(to: "b")
        }
        let operation = ConfluxOperation(site: bare.site, verb: .recover)
        let beside = try #require(operation.grantBeside(bare.facts))
        #expect(beside.number == GrantNumber(rawValue: 7))
        let scene = bare.with { $0.memory.lastGrant = GrantRecord(grant: beside, closing: nil) }
        #expect(LicenceTests.given(scene.licence(for: "b"))?.state == Scene.state(37011, 57))
        let plan = try operation.plan(by: scene.facts, scene.memory, OperationHistory(), at: scene.now)
        #expect(deeds(plan).contains("vest b"), "it goes where the breadcrumbs point")
        // The grant of the receiver is the later one, once its token was placed.
        let placed = bare.with { $0.b.grant = Scene.grant(8, to: "b", 37011, 57) }
        #expect(operation.grantBeside(placed.facts)?.number == GrantNumber(rawValue: 8))
        #expect(operation.grantBeside(Scene.voting.facts) == nil)
    }

    @Test("an aborted operation gives the vote back to the first voter, and leaves a voter alone")
    func aborts() throws {
        let past = OperationHistory(firstVoter: "a", lastCut: "b", isResumed: true)
        #expect(try deeds(Scene.stopped.with { $0.past = past }.planner.plan(.abort)).contains("vest a"))
        #expect(try deeds(JudgeTests.started.with { $0.past = past }.planner.plan(.abort)) == ["sync b"])
    }

    @Test("an upgrade that is resumed while nobody votes restores the vote before it touches the second node")
    func resumesUpgrade() throws {
        let scene = Scene.stopped.with {
            $0.b.release = Self.new
            $0.past = OperationHistory(firstVoter: "a", lastCut: "b", isResumed: true)
        }
        let rest = try deeds(scene.planner.plan(.upgrade(Scene.target, switchBack: true)))
        let vest = try #require(rest.firstIndex(of: "vest b"))
        let down = try #require(rest.firstIndex(of: "stopProcess a"))
        #expect(vest < down)
        #expect(rest.last == "sync a")
    }
}
