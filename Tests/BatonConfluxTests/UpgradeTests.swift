import BatonConflux
import BatonKernel
import BatonModel
import Testing

@Suite("The way back from a release that does not come up")
struct UpgradeTests {
    static let before = ReleaseBefore(name: "old", version: "3.0.3")
    static let way = ReleaseReturn(from: "3.1.0", to: "3.0.3", chainID: 9999)
    static let verb: ConfluxVerb = .upgrade(Scene.target, switchBack: true)

    // MARK: The matrix

    /// Version that did not come up, version before, and what the way needs; `nil`: there is none.
    static let ways: [(String, String, [ReleaseReturn.Need]?)] = [
        ("3.0.3", "3.0.3", []), ("3.0.3-fix", "3.0.3", []), ("3.0.3", "3.0.0", []), ("v3.0.3", "3.0.2", []),
        ("3.1.0", "3.0.3", [.waypoint, .beforeCIP173]), ("3.1.0-testnet", "3.0.3-fix", [.waypoint, .beforeCIP173]),
        ("3.0.3", "3.1.0", [.beforeCIP173]), ("3.1.0", "3.1.0", []),
        // Unknown pairs have none.
        ("3.1.1", "3.1.0", nil), ("3.2.0", "3.1.0", nil), ("3.2.0", "3.2.0", nil), ("3.0.0", "2.5.0", nil), ("2.5.0", "2.5.0", nil),
        ("2.5.0", "2.4.1", nil), ("4.0.0", "3.1.0", nil), ("", "3.0.3", nil), ("3.1", "3.0.3", nil), ("3.1.0", "x", nil),
        ("3.10.0", "3.0.3", nil), ("30.1.0", "3.0.3", nil),
    ]

    @Test("a way is known or there is none", arguments: ways.indices)
    func knowsWays(_ index: Int) {
        let (from, to, needs) = Self.ways[index]
        #expect(ReleaseReturn(from: from, to: to, chainID: 1029).needs == needs, "\(from) to \(to)")
    }

    @Test("what lies on the node decides: its waypoint, and whether the network has come to CIP-173")
    func judgesData() {
        func judge(_ chainID: UInt64, _ from: String, _ to: String, _ change: (inout Scene) -> Void) -> Verdict {
            Scene.voting.with(change).judge(.canReturn("b", ReleaseReturn(from: from, to: to, chainID: chainID)))
        }
        let fails = Verdict.fails("conflux.way-back")
        #expect(judge(9999, "3.1.0", "3.0.3") { _ in } == .holds)
        #expect(judge(9999, "3.1.0", "3.0.3") { $0.b.json = .absent } == .holds, "3.0 makes its own, with its waypoint")
        let made = Scene.held(37011, 0, stamp: Scene.anew, waypoint: false)
        #expect(judge(9999, "3.1.0", "3.0.3") { $0.b.json = made } == fails, "a file that 3.1 made")
        #expect(judge(9999, "3.1.0", "3.0.3") { $0.b.json = .unreadable("zero bytes") } == fails)
        #expect(judge(9999, "3.0.3", "3.1.0") { $0.b.json = made } == .holds, "3.1 needs none")
        for (chainID, height) in [(1029, 3_749_400), (1, 3_870_720)] as [(UInt64, UInt64)] {
            #expect(judge(chainID, "3.1.0", "3.0.3") { $0.network.committed = height - 121 } == .holds)
            #expect(judge(chainID, "3.1.0", "3.0.3") { $0.network.committed = height - 120 } == fails)
            #expect(judge(chainID, "3.0.3", "3.1.0") { $0.network.committed = height } == fails, "both ways")
            #expect(judge(chainID, "3.0.3", "3.0.2") { $0.network.committed = height } == .holds)
        }
        #expect(judge(1029, "3.1.0", "3.0.3") { $0.doubts = [.network: .unreachable] } == .unknown("conflux.way-back", .unreachable))
        #expect(judge(9999, "3.1.0", "3.0.3") { $0.doubts = [.files("b"): .unreadable] } == .unknown("conflux.way-back", .unreadable))
        #expect(judge(9999, "3.2.0", "3.0.3") { _ in } == fails)
    }

    @Test("a silent node may be ended only when it was started as a non-voter and no flag says that it votes")
    func judgesSilence() {
        let silent = Scene.voting.with { $0.doubts = [.voting("b"): .unreachable] }
        #expect(silent.judge(.startedIdle("b")) == .holds)
        #expect(silent.judge(.idle("b")) != .holds)
        #expect(silent.with { $0.b.voterNow = true }.judge(.startedIdle("b")) == .fails("conflux.started-idle"))
        #expect(silent.with { $0.b.voterNow = nil }.judge(.startedIdle("b")) == .fails("conflux.started-idle"))
        #expect(Scene.voting.with { $0.b.flag = true }.judge(.startedIdle("b")) == .fails("conflux.started-idle"))
        #expect(Scene.voting.with { $0.b.pid = nil }.judge(.startedIdle("b")) == .holds)
        #expect(Scene.voting.with { $0.doubts = [.process("b"): .contradictory] }.judge(.startedIdle("b")) != .holds)
        #expect(Scene.voting.with { $0.b.pid = nil }.judge(.alive("b")) == .fails("conflux.alive"))
        #expect(!Conflux.mayComeTrue(.alive("b")), "it is put back at once")
    }

    // MARK: The plan

    @Test("both nodes have a way back from their start and from their proof, and it never touches the voter")
    func declaresWaysBack() throws {
        let plan = try Scene.voting.planner.plan(Self.verb)
        for (node, voter) in [("b", "a"), ("a", "b")] as [(NodeID, NodeID)] {
            let steps = plan.steps.filter { ["up.\(node)", "able.\(node)"].contains($0.id) }
            #expect(steps.count == 2)
            let way = try #require(steps.first?.wayBack)
            #expect(steps.allSatisfy { $0.wayBack == way })
            #expect(
                way.steps.map(\.deed) == [
                    .act(.stopProcess(node)), .act(.putBack(node, Self.before)), .act(.startProcess(node)), .wait,
                ])
            #expect(way.steps.allSatisfy { $0.hazard <= .reversible })
            let guards = way.steps[0].guards
            #expect(guards == [.voting(voter), .startedIdle(node), .voterFalse(node), .canReturn(node, Self.way)])
            #expect(way.steps[1].guards == [.ended(node), .canReturn(node, Self.way)])
            #expect(way.steps[2].guards.contains(.voterFalse(node)))
            // Proved able again, by the same conditions as before.
            let forward = try #require(steps.last?.proof)
            let again = way.steps[3].proof
            #expect(again == forward.map { $0.rule == "conflux.on-release" ? .onRelease(node, digest: "old", version: "3.0.3") : $0 })
        }
        let results = plan.steps.compactMap(\.wayBack?.result)
        #expect(results.first == "the fleet is as it was: a votes, b is idle on 3.0.3 again")
        #expect(results.last == "b votes, a is idle on 3.0.3 again")
        #expect(plan.json.text.contains("way_back"), "the way back is part of what is confirmed")
    }

    @Test("where no way is known the plan stops with that node idle, named, with an order")
    func stopsWithoutAWay() throws {
        let other = ReleaseTarget(version: "3.2.0", folder: "/r", digest: "new")
        let plan = try Scene.voting.planner.plan(.upgrade(other, switchBack: false))
        let way = try #require(plan.steps.first { $0.id == "up.b" }?.wayBack)
        #expect(way.steps.isEmpty)
        #expect(way.result.contains("a votes, b stays idle on 3.2.0"))
        #expect(way.remedy.contains("/b/log") && way.remedy.contains("baton resume"))
    }

    @Test("the time that the operator gives the new release is that of its start and its proof")
    func takesTheTime() throws {
        let patient = ReleaseTarget(version: "3.1.0", folder: "/r", digest: "new", within: .seconds(7))
        let plan = try Scene.voting.planner.plan(.upgrade(patient, switchBack: false))
        let steps = plan.steps.filter { ["up.b", "able.b"].contains($0.id) }
        #expect(steps.map(\.within) == [.seconds(7), .seconds(7)])
        #expect(steps.last?.wayBack?.steps.last?.within != .seconds(7), "the old release has its usual time")
        let operation = ConfluxOperation(site: Scene.voting.site, verb: .upgrade(patient, switchBack: false))
        #expect(operation.operation["within_ms"]?.integer == 7000)
    }

    @Test("an aborted upgrade puts back the node that it had switched and not proved, and nothing else")
    func abortsASwitch() throws {
        let plan = try Self.switched { $0.doubts = [.voting("b"): .unreachable] }.planner.plan(.abort)
        #expect(deeds(plan) == ["stopProcess b", "putBack b", "startProcess b"])
        #expect(plan.failure == nil, "it was asked for")
        #expect(try Self.switched { $0.past.failure = Self.failure }.planner.plan(.abort).failure == Self.failure)
        let others: [(inout Scene) -> Void] = [
            { $0.past.proved = ["able.b"] }, { $0.past.deeds = [] }, { $0.b.json = Scene.held(37011, 0, waypoint: false) },
        ]
        for change in others { #expect(try deeds(Self.switched(change).planner.plan(.abort)) == ["sync a"]) }
    }

    // MARK: Resume

    /// B was switched by this operation.
    static func switched(_ change: (inout Scene) -> Void = { _ in }) -> Scene {
        let deed = Deed<Conflux>.act(.switchRelease("b", digest: "new", before: before)).json
        return Scene.voting.with {
            $0.b.release = ReleaseReading(current: "new", version: "3.1.0", running: nil, staged: ["old", "new"])
            $0.past = OperationHistory(firstVoter: "a", isResumed: true)
            $0.past.deeds = [deed]
            change(&$0)
        }
    }
    static let failure = Failure("conflux.alive", "b did not come up", result: "the fleet is as it was", remedy: "Look.")

    @Test("a node that is still coming up is waited for, silent or not, and never ended on the way forward")
    func resumesForward() throws {
        let silent = Self.switched { $0.doubts = [.voting("b"): .unreachable, .ledger("b"): .unreachable] }
        let rest = try silent.planner.plan(Self.verb)
        #expect(deeds(rest).filter { $0.hasSuffix("Process b") || $0.hasPrefix("switchRelease b") }.isEmpty)
        let able = try #require(rest.steps.first { $0.id == "able.b" })
        #expect(able.wayBack?.steps.map(\.id) == ["back.end.b", "back.link.b", "back.up.b", "back.able.b"])
        // Its process has ended meanwhile.
        let ended = try deeds(Self.switched { $0.b.pid = nil }.planner.plan(Self.verb))
        #expect(ended.contains("startProcess b") && !ended.contains("stopProcess b") && !ended.contains("switchRelease b"))
        // It was proved in an earlier leg: it is not waited for again.
        let proved = Self.switched {
            $0.b.release = PlannerTests.new
            $0.past.proved = ["able.b"]
        }
        #expect(try proved.planner.plan(Self.verb).steps.first { $0.id == "able.b" } == nil)
        // A silent node that this operation did not switch, or that started as a voter, is a doubt as ever.
        let strangers: [(inout Scene) -> Void] = [{ $0.past.deeds = [] }, { $0.b.voterNow = true }, { $0.past.isResumed = false }]
        for change in strangers { #expect(throws: Refusal.self) { try silent.with(change).planner.plan(Self.verb) } }
    }

    @Test("once a leg has turned back only the way back is planned, from wherever it was killed")
    func resumesBackward() throws {
        let turned = Self.switched { $0.past.failure = Self.failure }
        let rows: [(Scene, [String])] = [
            (turned, ["stopProcess b", "putBack b", "startProcess b"]),
            (turned.with { $0.b.pid = nil }, ["stopProcess b", "putBack b", "startProcess b"]),
            (turned.with { $0.doubts = [.voting("b"): .unreachable] }, ["stopProcess b", "putBack b", "startProcess b"]),
            (
                turned.with {
                    $0.b.pid = nil
                    $0.b.release = Scene.Node(json: .absent).release
                }, ["startProcess b"]
            ),
            (turned.with { $0.b.release = Scene.Node(json: .absent).release }, []),
        ]
        for (scene, expected) in rows {
            let plan = try scene.planner.plan(Self.verb)
            #expect(deeds(plan) == expected)
            #expect(plan.failure == Self.failure, "ended well, the operation has failed")
            #expect(plan.steps.last?.id == "back.able.b")
        }
        // The voter died meanwhile: the node is put back as an idle one, and what is left to do is named.
        let nobody = turned.with { $0.a.pid = nil }
        let plan = try nobody.planner.plan(Self.verb)
        #expect(plan.steps[0].guards.contains(.idle("b")))
        #expect(plan.failure?.result.contains("nobody votes") == true)
        #expect(plan.failure?.remedy.contains("baton start v") == true)
        // Both were switched: the later one is it, and the voter is left alone.
        let second = Deed<Conflux>.act(.switchRelease("a", digest: "new", before: Self.before)).json
        let both = turned.with {
            $0.past.deeds.append(second)
            ($0.a.flag, $0.b.flag) = (false, true)
            $0.a.release = ReleaseReading(current: "new", version: "3.1.0", running: nil, staged: ["old", "new"])
        }
        #expect(try deeds(both.planner.plan(Self.verb)) == ["stopProcess a", "putBack a", "startProcess a"])
        #expect(throws: Refusal.self, "never the voter") {
            try both.with {
                $0.a.flag = true; $0.b.flag = false
            }.planner.plan(Self.verb)
        }
        // What it ran before is not known.
        #expect(throws: Refusal.self) { try turned.with { $0.past.deeds = [] }.planner.plan(Self.verb) }
    }
}
