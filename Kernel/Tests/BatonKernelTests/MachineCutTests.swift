import BatonKernel
import BatonModel
import Testing

@Suite("A cut")
struct MachineCutTests {
    static let steps: [Step<Toy>] = [
        .turn("before"), .turn("stop", when: [.lit("life.a"), .lit("life.b")]), .grant(when: [.lit("still")]), .turn("hand"),
        .turn("place", when: [.granted("b"), .lit("still")]), .vest(when: [.granted("b"), .lit("still")]), .turn("after"),
    ]
    static let cut = Cut(first: "stop", last: "vest", from: "a", to: "b")
    static let lamps = [
        "before": 0, "stop": 0, "hand": 0, "place": 0, "votes": 0, "after": 0, "licence": 1, "still": 1, "life.a": 10, "life.b": 20,
    ]
    static func run(_ memory: Memory = ToyRun.memory(ToyRun.open())) -> ToyRun {
        var lamps = lamps
        (lamps["life.a"], lamps["life.b"]) = (1, 1)
        return ToyRun(steps, cuts: [cut], memory: memory, lamps: lamps)
    }

    @Test("its intents are one entry before its first step, and inside it is exactly one commit, that of the grant")
    func commitsOnceInside() throws {
        var run = Self.run()
        run.run()
        #expect(
            run.trace == [
                "observe before", "commit intent:before", "perform before", "observe before", "commit returned:before proved:before",
                "observe stop life.a life.b", "commit intent:stop", "perform stop",
                "observe stop still licence", "commit returned:stop proved:stop closed:grant granted:grant -grant +grant",
                "observe hand", "perform hand", "observe hand place still", "perform place", "observe place votes still",
                "vest vest under 3", "observe votes",
                "commit proved:grant returned:hand proved:hand returned:place proved:place returned:vest proved:vest",
                "observe after", "commit intent:after", "perform after", "observe after", "commit returned:after proved:after",
                "finish done",
            ])
        let intent = try #require(run.commits[2].entries.first)
        #expect(intent.detail["cut"]?["steps"] == ["stop", "grant", "hand", "place", "vest"])
        #expect(intent.detail["cut"]?["from"] == "a")
        #expect(intent.detail["cut"]?["to"] == "b")
        // The lives of then are what `sameIncarnation` is judged by to the end of the cut.
        #expect(run.machine.memory.incarnations["a"]?.pid == 1)
    }

    @Test("the grant's commit closes the one before, opens the next for the licensed bytes and raises the ledger")
    func commitsTheGrant() throws {
        var run = Self.run()
        run.run()
        let commit = try #require(run.commits.first { $0.opening != nil })
        #expect(run.commits.filter { $0.opening != nil }.count == 1)
        let grant = try #require(commit.opening)
        #expect(commit.closing == .unused(GrantNumber(rawValue: 2), shown: "lamp"))
        #expect(grant.number == GrantNumber(rawValue: 3))
        #expect(grant.node == "b")
        #expect(grant.state.digest == "d7")
        #expect(grant.lease == LeaseNumber(rawValue: 4))
        #expect(grant.operation == OperationID(rawValue: 41))
        #expect(commit.raising == [Watermark(epoch: 5, round: 57)])
        #expect(run.machine.memory.record == Watermark(epoch: 5, round: 57))
        #expect(run.machine.memory.lastGrant == GrantRecord(grant: grant, closing: nil))
    }

    @Test("a cut that begins with its grant makes all its intents durable in that commit")
    func beginsWithTheGrant() {
        var run = ToyRun([.grant(), .vest()], cuts: [Cut(first: "grant", last: "vest", from: nil, to: "b")], lamps: Self.lamps)
        run.run()
        #expect(
            run.trace == [
                "observe licence", "commit intent:grant granted:grant +grant", "observe votes", "vest vest under 3", "observe votes",
                "commit proved:grant returned:vest proved:vest", "finish done",
            ])
        #expect(run.commits[0].entries[0].detail["cut"]?["steps"] == ["grant", "vest"])
    }

    @Test(
        "an interruption stops before a step, but never inside a cut",
        arguments: [
            ("observe before", "stop"), ("commit intent:before", "stop"), ("perform stop", "after"),
            ("observe stop still licence", "after"), ("perform hand", "after"), ("observe hand place still", "after"),
            ("vest vest under 3", "after"), ("observe votes", "after"), ("commit intent:after", ""),
        ])
    func stopsAtSafePoints(_ moment: String, _ next: String) {
        var run = Self.run()
        run.before[moment] = .interrupted
        run.run()
        #expect(run.ending?.name == (next.isEmpty ? "done" : "interrupted"))
        let whole = ["before", "stop", "hand", "place", "vest", "after"]
        let expected = next.isEmpty ? whole[...] : whole.prefix { $0 != next }
        let performed = run.trace.compactMap { words in
            words.hasPrefix("perform ") ? String(words.dropFirst(8)) : words.hasPrefix("vest") ? "vest" : nil
        }
        #expect(performed[...] == expected)
    }

    @Test("a waiting step is left at once, and a waiting cut is not")
    func stopsWaiting() {
        var run = ToyRun([.wait(for: "w")], lamps: ["w": 0])
        run.before["wake"] = .interrupted
        run.run()
        #expect(run.ending?.name == "interrupted")
        #expect(run.trace.filter { $0 == "wake" }.count == 1)

        run = Self.run()
        run.lamps["licence"] = .known(2)
        run.before["wake"] = .interrupted
        run.onWake = [3: ["licence": .known(1)]]
        run.run()
        #expect(run.trace.contains("vest vest under 3"))
        #expect(run.trace.last == "finish interrupted")
    }

    @Test("an interruption before the cut's first step leaves the fleet untouched")
    func stopsBeforeTheCut() {
        var run = Self.run()
        run.lamps["life.b"] = .known(0)
        run.before["wake"] = .interrupted
        run.run()
        #expect(run.ending?.name == "interrupted")
        #expect(!run.trace.contains("perform stop"))
        #expect(!run.trace.contains("commit intent:stop"))
    }

    @Test(
        "a lost lease ends at once and commits nothing", arguments: ["perform stop", "observe hand", "vest vest under 3", "observe after"])
    func endsWithTheLease(_ moment: String) throws {
        var run = Self.run()
        run.run()
        let place = try #require(run.trace.firstIndex(of: moment))
        let commits = run.trace[..<place].filter { $0.hasPrefix("commit") }

        run = Self.run()
        run.loseLease = moment
        run.run()
        #expect(run.ending == .leaseLost)
        #expect(run.trace.filter { $0.hasPrefix("commit") } == commits)
        #expect(Array(run.trace[..<place]) + ["finish leaseLost"] == run.trace)
    }

    @Test("a late start looks again, commits nothing and starts once")
    func looksAgainInside() {
        var run = Self.run()
        run.replies["vest"] = [.late]
        run.run()
        let inside = run.trace.drop { $0 != "observe place votes still" }.prefix { $0 != "observe after" }
        #expect(
            inside == [
                "observe place votes still", "vest vest under 3", "observe votes still", "vest vest under 3", "observe votes",
                "commit proved:grant returned:hand proved:hand returned:place proved:place returned:vest proved:vest",
            ])
        #expect(run.commits.filter { $0.opening != nil }.count == 1)
    }

    @Test("a guard that breaks between grant and start keeps the start from being sent")
    func keepsTheStart() {
        var run = Self.run()
        run.runDarkening("still", at: "observe place votes still")
        #expect(!run.trace.contains { $0.hasPrefix("vest") })
        #expect(run.ending == .replan("toy.still", "lit(\"still\")"))
        #expect(run.commits.last?.entries.map(\.kind).contains(.refused) == true, "why is in the journal")
    }

    @Test("a start whose answer is lost is never sent again")
    func startsOnce() {
        var run = Self.run()
        run.replies["vest"] = [.lost([])]
        run.run()
        #expect(run.trace.filter { $0.hasPrefix("vest") }.count == 1)
        #expect(run.ending == .replan("toy.votes", "lit(\"votes\")"))
    }
}

@Suite("Grants in a plan")
struct MachineGrantTests {
    @Test("only an open grant starts a vote")
    func needsAnOpenGrant() {
        let closed = GrantRecord(grant: ToyRun.grant(to: "b"), closing: .unused(GrantNumber(rawValue: 2), shown: "lamp"))
        for record in [nil, closed] {
            var run = ToyRun([.vest()], memory: ToyRun.memory(record), lamps: ["votes": 0])
            run.run()
            #expect(run.ending == .replan("kernel.grant", "no open grant"))
            #expect(!run.trace.contains { $0.hasPrefix("vest") })
        }
        var run = ToyRun([.vest()], memory: ToyRun.memory(ToyRun.open(to: "b")), lamps: ["votes": 0])
        run.run()
        #expect(run.trace.contains("vest vest under 2"))
        #expect(run.ending == .done)
    }

    @Test("a licence that may come is waited for, then calls for another plan; a refused one does at once")
    func waitsForTheLicence() {
        var run = ToyRun([.grant()], lamps: ["licence": 2])
        run.onWake = [4: ["licence": .known(1)]]
        run.run()
        #expect(run.ending == .done)
        #expect(run.commits.filter { $0.opening != nil }.count == 1)

        run = ToyRun([.grant()], lamps: ["licence": 2])
        run.run()
        #expect(run.ending == .refused("toy.licence", "not yet"))

        run = ToyRun([.turn("x"), .grant()], lamps: ["x": 0, "licence": 0])
        run.run()
        #expect(run.ending == .replan("toy.licence", "never"))
        #expect(!run.trace.contains("wake"))
        #expect(run.commits.allSatisfy { $0.opening == nil })
    }

    @Test("two grants of one plan have numbers that follow each other")
    func numbersGrants() {
        let second = Step<Toy>("again", "again", deed: .grant("a"), proof: [.never], within: .seconds(1), hazard: .slashable)
        var run = ToyRun([.grant(), second], lamps: ["licence": 1])
        run.run()
        #expect(run.commits.compactMap(\.opening).map(\.number.rawValue) == [3, 4])
        #expect(run.commits.compactMap(\.closing).map(\.grant.rawValue) == [3], "the first is closed when the second opens")
    }

    static let closing = Step<Toy>("close", "close", deed: .close("a"), proof: [.lit("closed")], within: .seconds(1), hazard: .safe)

    @Test("a grant is closed by a fence of its grantee, in one commit")
    func closes() throws {
        let guarded = Step<Toy>(
            "close", "close", guards: [.lit("fenced.a")], deed: .close("a"), proof: [.lit("closed")], within: .seconds(1), hazard: .safe)
        var run = ToyRun([guarded], memory: ToyRun.memory(ToyRun.open()), lamps: ["closed": 0, "fenced.a": 1])
        run.run()
        let closing = try #require(run.commits.compactMap(\.closing).first)
        #expect(closing.grant == GrantNumber(rawValue: 2))
        #expect(run.machine.memory.lastGrant?.closing == closing)
        #expect(run.ending == .done)
    }

    @Test("a grant of a node that is not fenced stays open")
    func keepsOpen() {
        var run = ToyRun([Self.closing], memory: ToyRun.memory(ToyRun.open()), lamps: ["closed": 0, "fenced.a": 0])
        run.run()
        #expect(run.ending == .doubt("safety.r5", .contradictory, "a is not fenced"))
        #expect(run.commits.allSatisfy { $0.closing == nil })
        #expect(run.machine.memory.lastGrant?.isOpen == true)
    }

    @Test("another node's grant is not closed")
    func closesItsOwn() {
        var run = ToyRun([Self.closing], memory: ToyRun.memory(ToyRun.open(to: "b")), lamps: ["closed": 0, "fenced.a": 1])
        run.run()
        #expect(run.commits.allSatisfy { $0.closing == nil })
        #expect(run.machine.memory.lastGrant?.isOpen == true)
    }

    @Test("a voting right that is not spent stops the program")
    func trapsUnspent() async {
        await #expect(processExitsWith: .failure) {
            let right = VotingRight(claiming: ToyRun.open())
            _ = right.grant
        }
    }

    @Test("a closed grant gives no voting right")
    func trapsClosed() async {
        await #expect(processExitsWith: .failure) {
            let closed = GrantRecord(grant: ToyRun.grant(), closing: .unused(GrantNumber(rawValue: 2), shown: "lamp"))
            _ = VotingRight(claiming: closed).spend()
        }
    }

    @Test("a voting right is spent once for its grant")
    func spends() {
        #expect(VotingRight(claiming: ToyRun.open()).spend() == ToyRun.grant())
    }
}

@Suite("A new leg")
struct MachineLegTests {
    @Test("whatever step a new leg begins with, it looks before it does anything", arguments: 0..<7)
    func looksFirst(_ start: Int) throws {
        let steps = Array(MachineCutTests.steps[start...])
        let cuts = start <= 1 ? [MachineCutTests.cut] : []
        var machine = ToyRun(steps, cuts: cuts, memory: ToyRun.memory(ToyRun.open(to: "b"))).machine
        let effects = machine.handle(.began, at: Instant(nanoseconds: 7)).map(ToyRun.words).filter { !$0.isEmpty }
        #expect(effects.count == 1)
        #expect(try #require(effects.first).hasPrefix("observe"))
    }

    @Test("wherever a leg was killed, the next one does only what is not seen to be done")
    func goesOn() {
        var whole = MachineCutTests.run()
        whole.run()
        let acts = ["before", "stop", "hand", "place", "votes", "after"]
        for done in 0...acts.count {
            var run = MachineCutTests.run()
            for lamp in acts.prefix(done) { run.lamps[lamp] = .known(1) }
            run.run()
            let performed = run.trace.compactMap { words in
                words.hasPrefix("perform ") ? String(words.dropFirst(8)) : words.hasPrefix("vest") ? "votes" : nil
            }
            #expect(performed == Array(acts.dropFirst(done)), "after \(done)")
        }
    }
}
