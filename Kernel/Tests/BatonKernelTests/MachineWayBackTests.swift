import BatonKernel
import BatonModel
import Testing

@Suite("The way back of a step that does not come true")
struct MachineWayBackTests {
    static let back = WayBack<Toy>(steps: [.turn("undo"), .turn("old")], result: "as it was", remedy: "Look.")
    static let none = WayBack<Toy>(steps: [], result: "b is idle", remedy: "Mend b.")

    static func step(_ way: WayBack<Toy>, proof: [Toy.Condition] = [.lit("up")]) -> Step<Toy> {
        Step(
            "up", "bring up", deed: .act(.turn("up")), proof: proof, within: .seconds(1), hazard: .reversible, wayBack: way)
    }
    static func failure(_ run: ToyRun) -> (Failure, Bool)? {
        guard case .failed(let failure, let isOver) = run.ending else { return nil }
        return (failure, isOver)
    }

    @Test("what does not come true in time is taken back, and that it turns is durable before anything is taken back")
    func turnsBack() throws {
        var run = ToyRun([Self.step(Self.back), .turn("next")], lamps: ["up": 0, "undo": 0, "old": 0, "next": 0])
        run.replies["up"] = [.nothing]
        run.run()
        let (failure, isOver) = try #require(Self.failure(run))
        #expect(isOver)
        #expect(failure == Failure("toy.up", "“bring up” did not come true, not so: lit(\"up\")", result: "as it was", remedy: "Look."))
        #expect(!run.trace.contains("perform next"), "nothing of the way forward is done any more")
        let turned = try #require(run.trace.firstIndex(of: "commit returned:up refused:up intent:undo"))
        #expect(turned < (try #require(run.trace.firstIndex(of: "perform undo"))))
        #expect(run.trace.last == "finish failed")
    }

    @Test("a silent answer and a refused deed are taken back, too")
    func turnsBackOnDoubtAndRefusal() throws {
        var run = ToyRun([Self.step(Self.back)], lamps: ["undo": 0, "old": 0])
        run.lamps["up"] = .unknown(.unreachable)
        run.replies["up"] = [.lost([])]
        run.run()
        #expect(Self.failure(run)?.1 == true)
        run = ToyRun([Self.step(Self.back)], lamps: ["up": 0, "undo": 0, "old": 0])
        run.replies["up"] = [.refused]
        run.run()
        #expect(Self.failure(run)?.0.words == "“bring up” did not come true, no")
        #expect(run.trace.contains("perform old"))
    }

    @Test("what waiting can't mend is taken back at once")
    func turnsBackAtOnce() {
        var run = ToyRun([Self.step(Self.back, proof: [.fixed("up")])], lamps: ["up": 0, "undo": 0, "old": 0])
        run.replies["up"] = [.nothing]
        run.run()
        #expect(Self.failure(run)?.1 == true)
        #expect(!run.trace.prefix { $0 != "perform undo" }.contains("wake"))
    }

    @Test("without a way back it stops where it is, named and resumable")
    func hasNoWayBack() throws {
        var run = ToyRun([Self.step(Self.none), .turn("next")], lamps: ["up": 0, "next": 0])
        run.replies["up"] = [.nothing]
        run.run()
        let (failure, isOver) = try #require(Self.failure(run))
        #expect(!isOver)
        #expect(failure.result == "b is idle")
        #expect(!run.trace.contains("perform next"))
        #expect(run.trace.suffix(2) == ["commit returned:up refused:up", "finish failed, resumable"])
    }

    @Test("a way back that does not come true is no second way back: it stops, resumable")
    func sticks() throws {
        var run = ToyRun([Self.step(Self.back)], lamps: ["up": 0, "undo": 0, "old": 0])
        run.replies = ["up": [.nothing], "undo": [.nothing]]
        run.run()
        let (failure, isOver) = try #require(Self.failure(run))
        #expect(!isOver)
        #expect(failure.result.contains("turn undo on"))
        #expect(!run.trace.contains("perform old"))
    }

    @Test("a history with a turn says so, and a plan that only takes back fails when it ends well")
    func resumes() throws {
        var run = ToyRun([Self.step(Self.back)], lamps: ["up": 0, "undo": 0, "old": 0])
        run.replies["up"] = [.nothing]
        run.run()
        var history = OperationHistory(isResumed: true)
        for entry in run.commits.flatMap(\.entries) { history.learn(entry) }
        let failure = try #require(history.failure)
        #expect(failure == Self.failure(run)?.0)
        #expect(history.deeds.count == 3)

        let plan = Plan<Toy>(
            operation: "toy", validator: "v", nodes: ["a", "b"], title: "toy", assumptions: [], steps: [], cuts: [], result: "",
            poll: .seconds(1), settle: .seconds(1), failure: failure)
        let lease = Lease(validator: "v", number: LeaseNumber(rawValue: 4), holder: ToyRun.life)
        var machine = ToyRun.Machine(
            plan, memory: ToyRun.memory(),
            context: ToyRun.Machine.GrantContext(
                operation: OperationID(rawValue: 41), lease: lease, nextGrant: GrantNumber(rawValue: 3)))
        let effects = machine.handle(.began, at: run.now)
        #expect(effects.map(ToyRun.words) == ["finish failed"])

        // A stop without a way back is no turn: resume goes forward again.
        var stopped = ToyRun([Self.step(Self.none)], lamps: ["up": 0])
        stopped.replies["up"] = [.nothing]
        stopped.run()
        history = OperationHistory(isResumed: true)
        for entry in stopped.commits.flatMap(\.entries) { history.learn(entry) }
        #expect(history.failure == nil)
    }

    @Test("an override is an entry of its own in the commit of its grant")
    func recordsAnOverride() throws {
        let typed = TypedOverride(reason: "disk lost", user: "ops", phrase: "risk a double vote of v 0xabab")
        let override = Override(typed, missing: "no record", vetoes: ["chain: nothing above 5/50"])
        #expect(try Origin(json: Origin.override(override).json) == .override(override))
        var old = try #require(Origin.override(override).json.object)
        old["phrase"] = nil
        #expect(throws: JSONError.self) { try Origin(json: .object(old)) }
    }
}
