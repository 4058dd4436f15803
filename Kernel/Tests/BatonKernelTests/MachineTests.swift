import BatonKernel
import BatonModel
import Testing

@Suite("One step of a plan")
struct MachineStepTests {
    @Test("the intent is durable before the deed, and the proof is seen before the step ends")
    func commitsBeforeActing() {
        var run = ToyRun([.turn("x", when: [.lit("g")])], lamps: ["x": 0, "g": 1])
        run.run()
        #expect(
            run.trace == [
                "observe x g", "commit intent:x", "perform x", "observe x", "commit returned:x proved:x", "finish done",
            ])
    }

    @Test("no deed is ordered before its intent is answered as durable")
    func waitsForTheCommit() {
        var machine = ToyRun([.turn("x")]).machine
        let now = Instant(nanoseconds: 5)
        _ = machine.handle(.began, at: now)
        let seen: [Toy.Question: Fact<Int>] = [
            .lamp("x"): Fact(value: .known(0), of: "a", incarnation: nil, from: .rpc, at: now)
        ]
        let first = machine.handle(.observed(seen), at: now)
        #expect(first.map(ToyRun.words).filter { !$0.isEmpty } == ["commit intent:x"])
        // Whatever else arrives in the meantime moves nothing.
        #expect(machine.handle(.observed(seen), at: now).isEmpty)
        #expect(machine.handle(.returned("x", .done), at: now).isEmpty)
        #expect(machine.handle(.late("x"), at: now).isEmpty)
        #expect(machine.handle(.answered("x", true), at: now).isEmpty)
        #expect(machine.handle(.committed(EntryNumber(rawValue: 1)), at: now).map(ToyRun.words) == ["perform x"])
        // A second answer of the store does not act twice, and another step's return ends nothing.
        #expect(machine.handle(.committed(EntryNumber(rawValue: 1)), at: now).isEmpty)
        #expect(machine.handle(.returned("y", .done), at: now).isEmpty)
    }

    @Test("a step whose proof holds is skipped, unless it is to be done always")
    func skips() {
        var run = ToyRun([.turn("x", when: [.lit("g")])], lamps: ["x": 1, "g": 0])
        run.run()
        #expect(run.trace == ["observe x g", "commit skipped:x", "finish done"])

        run = ToyRun([.turn("x", always: true)], lamps: ["x": 1])
        run.run()
        #expect(run.trace == ["observe x", "commit intent:x", "perform x", "observe x", "commit returned:x proved:x", "finish done"])
    }

    @Test("a step without a proof is not skipped, and ends with its return")
    func endsWithoutProof() {
        var run = ToyRun([.turn("x", proof: [])])
        run.run()
        #expect(run.trace == ["observe ", "commit intent:x", "perform x", "commit returned:x proved:x", "finish done"])
    }

    @Test("a step without a proof whose answer is lost is not sent again")
    func sendsOnceWithoutProof() {
        var run = ToyRun([.turn("x", proof: [])])
        run.replies["x"] = [.lost([])]
        run.run()
        #expect(run.trace.filter { $0 == "perform x" }.count == 1)
    }

    @Test("a deed is done when its proof is seen, not when it returned")
    func believesObservation() {
        var run = ToyRun([.turn("x")], lamps: ["x": 0])
        run.replies["x"] = [.nothing]
        run.run()
        #expect(run.ending == .replan("toy.x", "lit(\"x\")"))
        #expect(run.trace.filter { $0 == "perform x" }.count == 1, "it is not simply done again")

        run = ToyRun([.turn("x")], lamps: ["x": 0])
        run.replies["x"] = [.lost(["x"])]
        run.run()
        #expect(run.ending == .done, "a lost answer of a deed that is seen to be done is no harm")

        run = ToyRun([.turn("x")], lamps: ["x": 0])
        run.replies["x"] = [.nothing]
        run.onWake = [3: ["x": .known(1)]]
        run.run()
        #expect(run.ending == .done)
    }

    @Test("a refused deed calls for another plan at once")
    func replansOnRefusal() {
        var run = ToyRun([.turn("x"), .turn("y")], lamps: ["x": 0, "y": 0])
        run.replies["x"] = [.refused]
        run.run()
        #expect(run.ending == .replan("toy.refusal", "no"))
        #expect(Array(run.trace.suffix(3)) == ["perform x", "commit returned:x", "finish replan"])
    }

    @Test("an ended machine does nothing more")
    func staysEnded() {
        var run = ToyRun([.turn("x")], lamps: ["x": 1])
        run.run()
        for event: ToyRun.Machine.Event in [.began, .woke, .committed(EntryNumber(rawValue: 9)), .leaseLost, .interrupted, .late("x")] {
            #expect(run.machine.handle(event, at: run.now).isEmpty)
        }
    }

    @Test("an empty plan is done")
    func doesNothing() {
        var run = ToyRun([])
        run.run()
        #expect(run.trace == ["finish done"])
    }
}

@Suite("Guards and deadlines")
struct MachineGuardTests {
    @Test(
        "a guard passes only on holds: what is unknown never passes",
        arguments: [Doubt.unreachable, .stale, .contradictory, .unreadable, .unanswered(since: Instant(nanoseconds: 0))])
    func neverPassesUnknown(_ doubt: Doubt) {
        var run = ToyRun([.turn("x", when: [.lit("g")])], lamps: ["x": 0])
        run.lamps["g"] = .unknown(doubt)
        run.run()
        #expect(run.ending == .doubt("toy.g", doubt, "lit(\"g\")"))
        #expect(!run.trace.contains("perform x"))
        #expect(!run.trace.contains("commit intent:x"))
    }

    @Test("every guard is needed", arguments: ["g1", "g2", "g3"])
    func needsEveryGuard(_ dark: String) {
        var run = ToyRun([.turn("x", when: [.lit("g1"), .lit("g2"), .lit("g3")])], lamps: ["x": 0, "g1": 1, "g2": 1, "g3": 1])
        run.lamps[dark] = .known(0)
        run.run()
        #expect(run.ending == .refused(RuleID("toy." + dark), "lit(\"\(dark)\")"))
        #expect(!run.trace.contains("perform x"))
    }

    @Test("after its time a guard that fails refuses while nothing is touched, and calls for another plan after")
    func refusesOrReplans() {
        var run = ToyRun([.turn("x", when: [.lit("g")])], lamps: ["x": 0, "g": 0])
        run.run()
        #expect(run.ending == .refused("toy.g", "lit(\"g\")"))
        #expect(run.trace.filter { $0 == "wake" }.count >= 9, "it waited for the step's time first")

        run = ToyRun([.turn("y"), .turn("x", when: [.lit("g")])], lamps: ["x": 0, "y": 0, "g": 0])
        run.run()
        #expect(run.ending == .replan("toy.g", "lit(\"g\")"))

        run = ToyRun([.turn("y"), .turn("x", when: [.lit("g")])], lamps: ["x": 0, "y": 1, "g": 0])
        run.run()
        #expect(run.ending == .refused("toy.g", "lit(\"g\")"), "a step that was skipped touched nothing")
    }

    @Test("a guard that comes true in time lets the deed run")
    func waits() {
        var run = ToyRun([.turn("x", when: [.lit("g")])], lamps: ["x": 0, "g": 0])
        run.onWake = [4: ["g": .known(1)]]
        run.run()
        #expect(run.ending == .done)
        #expect(run.trace.filter { $0 == "wake" }.count == 4)
    }

    @Test("what waiting can't bring is not waited for")
    func replansAtOnce() {
        var run = ToyRun([.turn("y"), .turn("x", when: [.fixed("g")])], lamps: ["x": 0, "y": 0, "g": 0])
        run.run()
        #expect(run.ending == .replan("toy.g", "fixed(\"g\")"))
        #expect(!run.trace.contains("wake"))
        // A doubt about it is still waited out: it may be answered.
        run = ToyRun([.turn("y"), .turn("x", when: [.fixed("g")])], lamps: ["x": 0, "y": 0])
        run.onWake = [2: ["g": .known(1)]]
        run.run()
        #expect(run.ending == .done)
    }

    @Test("an assumption that is no longer true refuses at once, and one that is unknown is waited for")
    func checksAssumptions() {
        var run = ToyRun([.turn("x")], assumptions: [.lit("as")], lamps: ["x": 0, "as": 0])
        run.run()
        #expect(run.ending?.name == "refused")
        #expect(run.trace == ["observe x as", "finish refused"])

        run = ToyRun([.turn("x")], assumptions: [.lit("as")], lamps: ["x": 0])
        run.run()
        #expect(run.ending == .doubt("toy.as", .unreachable, "lit(\"as\")"))

        run = ToyRun([.turn("x"), .turn("y")], assumptions: [.lit("as")], lamps: ["x": 0, "y": 0, "as": 1])
        run.run()
        #expect(run.ending == .done)
        #expect(run.trace.filter { $0.contains("as") && $0.hasPrefix("observe") }.count == 1, "assumptions are of the first step")
    }

    @Test("an assumption refuses although the proof of the first step holds")
    func checksAssumptionsBeforeSkipping() {
        var run = ToyRun([.turn("x")], assumptions: [.lit("as")], lamps: ["x": 1, "as": 0])
        run.run()
        #expect(run.trace == ["observe x as", "finish refused"])
    }

    @Test("what was checked too long before the sending is not sent, and is looked at again")
    func looksAgainWhenLate() {
        var run = ToyRun([.turn("x", when: [.lit("g")])], lamps: ["x": 0, "g": 1])
        run.replies["x"] = [.late]
        run.run()
        #expect(
            run.trace == [
                "observe x g", "commit intent:x", "perform x", "observe x g", "commit intent:x", "perform x", "observe x",
                "commit returned:x proved:x", "finish done",
            ])
    }

    @Test("after a late sending nothing of before is believed")
    func forgetsWhenLate() {
        var run = ToyRun([.turn("x", when: [.lit("g")])], lamps: ["x": 0, "g": 1])
        run.replies["x"] = [.late]
        run.runDarkening("g", at: "perform x")
        #expect(run.ending == .replan("toy.g", "lit(\"g\")"))
        #expect(run.trace.filter { $0 == "perform x" }.count == 1)
    }

    @Test("a late sending drops every fact, also those that no guard asks for again")
    func dropsFactsWhenLate() {
        var machine = ToyRun([.turn("x", when: [.lit("g")])]).machine
        let now = Instant(nanoseconds: 5)
        _ = machine.handle(.began, at: now)
        let seen = Dictionary(
            uniqueKeysWithValues: [("x", 0), ("g", 1), ("other", 1)].map { name, value in
                (Toy.Question.lamp(name), Fact(value: .known(value), of: "a", incarnation: nil, from: .rpc, at: now))
            })
        _ = machine.handle(.observed(seen), at: now)
        _ = machine.handle(.committed(EntryNumber(rawValue: 1)), at: now)
        #expect(machine.facts[.lamp("other")] != nil)
        _ = machine.handle(.late("x"), at: now)
        for lamp in ["x", "g", "other"] { #expect(machine.facts[.lamp(lamp)] == nil) }
    }

    @Test("the moment of a check is that of its oldest fact, not that of the commit")
    func datesTheCheck() {
        var run = ToyRun([.turn("x", when: [.lit("g")])], lamps: ["x": 0, "g": 1])
        run.run()
        // Asked at 1.000 s, answered 1 ms later, committed 5 ms after that.
        #expect(run.checkedAt["x"] == Instant(nanoseconds: 1_000_000_000))
    }

    @Test("facts that grew old while they were judged do not pass")
    func refusesStale() {
        var machine = ToyRun([.turn("x", when: [.lit("g")])]).machine
        let start = Instant(nanoseconds: 0)
        _ = machine.handle(.began, at: start)
        func seen(_ name: String, _ value: Int) -> (Toy.Question, Fact<Int>) {
            (.lamp(name), Fact(value: .known(value), of: "a", incarnation: nil, from: .rpc, at: start))
        }
        let answers = Dictionary(uniqueKeysWithValues: [seen("x", 0), seen("g", 1)])
        let late = machine.handle(.observed(answers), at: start.advanced(by: .seconds(3)))
        #expect(!late.map(ToyRun.words).contains { $0.hasPrefix("commit intent") })
    }
}

@Suite("Questions and branches")
struct MachineQuestionTests {
    @Test("a question is asked when the time is over, and a yes goes on")
    func asks() {
        var run = ToyRun([.wait(for: "w", question: "Go on?"), .turn("x")], lamps: ["w": 0, "x": 0])
        run.answers = [true]
        run.run()
        #expect(run.ending == .done)
        #expect(run.trace.filter { $0.hasPrefix("ask") } == ["ask wait.w"])
        #expect(run.commits.contains { $0.entries.map(\.kind) == [.answered, .skipped] })
    }

    @Test("a no ends the operation with nothing done")
    func declines() {
        var run = ToyRun([.wait(for: "w", question: "Go on?"), .turn("x")], lamps: ["w": 0, "x": 0])
        run.answers = [false]
        run.run()
        #expect(run.ending == .interrupted("declined: Go on?"))
        #expect(run.commits.map { $0.entries.map(\.kind) } == [[.answered]])
        #expect(!run.trace.contains("perform x"))
    }

    @Test("an answer that nobody asked for moves nothing")
    func ignoresUnasked() {
        var run = ToyRun([.wait(for: "w", question: "Go on?")], lamps: ["w": 0])
        run.run(limit: 3)
        #expect(run.machine.handle(.answered("wait.w", true), at: run.now).isEmpty)
    }

    @Test("what the operator accepted before is not asked again")
    func accepts() {
        var memory = ToyRun.memory()
        memory.accepted = ["toy.w"]
        var run = ToyRun([.wait(for: "w", question: "Go on?")], memory: memory, lamps: ["w": 0])
        run.run()
        #expect(!run.trace.contains("ask wait.w"))
        #expect(run.ending == .refused("toy.w", "lit(\"w\")"))
    }

    static let choice = Step<Toy>(
        "choose", "choose",
        deed: .firstThatHolds([
            Branch(when: .lit("p"), steps: [.turn("x")]), Branch(when: .lit("q"), steps: [.turn("y"), .turn("z")]),
        ]), proof: [], within: .seconds(1), hazard: .safe)

    @Test("the first branch that holds is taken")
    func takesTheFirst() {
        for (p, q, acts) in [(1, 1, ["x"]), (1, 0, ["x"]), (0, 1, ["y", "z"])] {
            var run = ToyRun([Self.choice, .turn("end")], lamps: ["p": p, "q": q, "x": 0, "y": 0, "z": 0, "end": 0])
            run.run()
            #expect(run.trace.filter { $0.hasPrefix("perform") } == (acts + ["end"]).map { "perform \($0)" })
            #expect(run.ending == .done)
        }
    }

    @Test("an unknown before it is waited for")
    func waitsForTheUnknown() {
        var run = ToyRun([Self.choice], lamps: ["q": 1, "x": 0, "y": 0, "z": 0])
        run.onWake = [3: ["p": .known(1)]]
        run.run()
        #expect(run.trace.filter { $0.hasPrefix("perform") } == ["perform x"])

        run = ToyRun([Self.choice], lamps: ["q": 1, "x": 0, "y": 0, "z": 0])
        run.run()
        #expect(run.ending == .doubt("toy.p", .unreachable, "lit(\"p\")"))
        #expect(!run.trace.contains { $0.hasPrefix("perform") })
    }

    @Test("no branch that holds is waited for, then refused")
    func waitsForAny() {
        var run = ToyRun([Self.choice], lamps: ["p": 0, "q": 0, "x": 0, "y": 0, "z": 0])
        run.run()
        #expect(run.ending == .refused("toy.q", "lit(\"q\")"))
        #expect(run.trace.contains("wake"))
    }
}
