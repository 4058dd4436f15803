import BatonAPI
import BatonApp
import BatonCLI
import BatonKernel
import BatonModel
import Testing

struct ProgramTests {
    @Test(
        "A mistake on the command line ends with 2 and says what to write",
        arguments: [
            ("statsu", "Did you mean \"status\"?"), ("switchover --tp x", "'--tp'"), ("upgrade acme-pos", "--to"),
            ("resume forty", "'forty'"), ("log --out x", "--export"), ("stop --accept r.1", "--reason"),
            ("lease break acme-pos", "--reason"), ("switchover acme", "Did you mean"), ("switchover --to fra-9", "fra-9"),
            ("explain grant_opne", "grant_open"), ("apply nothing.json", "nothing.json"), ("status --fleet gone.yaml", "gone.yaml"),
        ])
    func endsWithTwo(_ line: String, _ words: String) async throws {
        let desk = Desk()
        #expect(await desk.run(line) == .usage)
        #expect(desk.output.isEmpty)
        #expect(desk.errors.hasPrefix("error: "))
        #expect(desk.errors.contains(words), "\(desk.errors)")
        #expect(desk.errors.contains("\ndo:    "))
        let other = Desk()
        #expect(await other.run(line + " --json") == .usage)
        #expect(other.errors.isEmpty)
        let error = try #require(try other.lines().first?["error"])
        #expect(error["exit"]?.integer == 2)
        #expect(error["remedy"]?.string?.isEmpty == false)
    }

    @Test(
        "Help and version end with 0 and need no fleet",
        arguments: ["--help", "help switchover", "switchover --help", "--version", "version", "", "explain", "explain refused"])
    func needsNoFleet(_ line: String) async {
        let desk = Desk(fleetFile: nil)
        #expect(await desk.run(line) == .done)
        #expect(!desk.output.isEmpty)
        #expect(desk.errors.isEmpty)
    }

    @Test(
        "Every verb has help with examples and a JSON form",
        arguments: BatonCommand.verbNames.filter { $0 != "devnet" })
    func everyVerbHasExamples(_ verb: String) async {
        let desk = Desk()
        #expect(await desk.run("\(verb) --help") == .done)
        #expect(desk.output.contains("baton \(verb)"))
        #expect(desk.output.contains("Examples:"))
        let isGroup = ["ledger", "lease"].contains(verb)
        if isGroup { #expect(await desk.run("help \(verb) show") == .done) }
        #expect(desk.output.contains("--json"))
    }

    @Test("A wrong fleet file ends with 2, and with every fault as an object")
    func tellsFaults() async throws {
        let desk = Desk(fleetFile: FleetFile.example.replacing("family: conflux", with: "family: conflx").replacing("12639", with: "12539"))
        #expect(await desk.run("check --json") == .usage)
        let faults = try #require(try desk.lines().first?["error"]?["faults"]?.array)
        #expect(faults.map { $0["file"]?.string } == ["baton.yaml", "baton.yaml"])
        #expect(faults.allSatisfy { ($0["line"]?.integer ?? 0) > 1 && $0["remedy"]?.string?.isEmpty == false })
    }

    @Test("The fleet file is the one of --fleet, then of BATON_FLEET, then baton.yaml here")
    func findsTheFleetFile() async {
        let desk = Desk(fleetFile: nil)
        _ = await desk.run("status", environment: ["BATON_FLEET": "from-env.yaml"])
        #expect(desk.errors.contains("from-env.yaml"))
        _ = await desk.run("status --fleet flag.yaml", environment: ["BATON_FLEET": "other.yaml"])
        #expect(desk.errors.contains("flag.yaml"))
        #expect(!desk.errors.contains("other.yaml"))
        _ = await desk.run("status")
        #expect(desk.errors.contains("There is no fleet file baton.yaml."))
    }

    @Test("Without a terminal and without --yes nothing is run, and the remedy names --yes")
    func refusesUnattended() async {
        let desk = Desk()
        #expect(await desk.run("switchover") == .usage)
        #expect(desk.fleet.asked == ["plan baton switchover acme-pos"])
        #expect(desk.errors.contains("--yes"))
    }

    @Test("On a terminal the plan is shown and only a yes runs it", arguments: ["yes", "no", "", "y"])
    func asksOnATerminal(_ answer: String) async {
        let desk = Desk(isTerminal: true, answers: [answer])
        let exit = await desk.run("switchover acme-pos --to fra-2")
        #expect(desk.output.contains("Switchover of acme-pos"))
        #expect(exit == (answer == "yes" ? .done : .refused))
        #expect(desk.fleet.asked.contains { $0.hasPrefix("run") } == (answer == "yes"))
    }

    @Test("An operation ends with the status of its result", arguments: BatonModel.ExitStatus.allCases)
    func endsAsTheOperation(_ exit: BatonModel.ExitStatus) async throws {
        let result = OperationResult(exit: exit, operation: OperationID(rawValue: 5), safeState: nil, text: "Text.", next: nil)
        let desk = Desk(FakeFleet(result: result))
        #expect(await desk.run("stop --yes --json") == exit)
        let lines = try desk.lines()
        #expect(lines.map { $0["event"]?.string } == ["plan", "leg", "finished"])
        #expect(lines.last?["result"]?["exit"]?.integer == Int64(exit.rawValue))
        let other = Desk(FakeFleet(result: result))
        #expect(await other.run("resume 5") == exit)
        #expect(other.fleet.asked == ["resume 5"])
    }

    @Test("Every error code ends with its own status", arguments: BatonError.Code.all)
    func endsAsTheCode(_ code: BatonError.Code) async throws {
        let explanation = try #require(CodeExplanations.all.first { $0.id == code.text })
        #expect(explanation.exit == code.exit)
        #expect(!explanation.remedy.isEmpty)
        let json = ErrorText.json(BatonError(code, "What.", remedy: "Do."))
        #expect(json["error"]?["exit"]?.integer == Int64(code.exit.rawValue))
    }

    @Test("--yes never covers what may cost the stake; --accept does, by the rule's id")
    func asksForSlashable() async {
        let questions = [
            Question(rule: "rule.vote", text: "A vote may be missed.", hazard: .irreversible),
            Question(rule: "rule.stake", text: "Two may vote.", hazard: .slashable),
        ]
        let unattended = Desk(FakeFleet(questions: questions))
        _ = await unattended.run("stop --yes")
        #expect(unattended.fleet.asked.suffix(2) == ["rule.vote true", "rule.stake false"])
        let accepted = Desk(FakeFleet(questions: questions))
        _ = await accepted.run("stop --yes --accept rule.stake --reason known")
        #expect(accepted.fleet.asked.suffix(2) == ["rule.vote true", "rule.stake true"])
        let attended = Desk(FakeFleet(questions: questions), isTerminal: true, answers: ["yes", "yes", "yes"])
        _ = await attended.run("stop")
        #expect(attended.fleet.asked.suffix(2) == ["rule.vote true", "rule.stake false"])
        let typed = Desk(FakeFleet(questions: questions), isTerminal: true, answers: ["yes", "no", "rule.stake"])
        _ = await typed.run("stop")
        #expect(typed.fleet.asked.suffix(2) == ["rule.vote false", "rule.stake true"])
    }

    private static let risk = RiskNotice(phrase: "risk a double vote of acme-pos 0xabababab", text: "No licence. Waiting is safer.")
    private static let override = "start acme-pos --on fra-2 --accept-risk-of-double-vote \"fra-1 was off\""

    @Test("An override is typed on a terminal, exactly, whatever --yes and --phrase say", arguments: ["", " --yes", " --phrase \"x\""])
    func typesAnOverride(_ more: String) async {
        for (answer, runs) in [(Self.risk.phrase, true), ("yes", false), (Self.risk.phrase + " ", false), ("", false)] {
            let desk = Desk(FakeFleet(risk: Self.risk), isTerminal: true, answers: [answer])
            let exit = await desk.run(Self.override + more)
            #expect(exit == (runs ? .done : .refused), "\(answer)")
            #expect(desk.fleet.asked[1].hasPrefix("override fra-1 was off of ops (uid 1000)"))
            #expect(desk.output.contains("Waiting is safer.") && desk.output.contains("type exactly: \(Self.risk.phrase)"))
            #expect(desk.fleet.asked.last == (runs ? "phrase \(Self.risk.phrase)" : desk.fleet.asked[1]))
        }
    }

    @Test("Without a terminal the phrase is an option, and nothing else stands for it")
    func takesThePhraseAsAnOption() async {
        for more in ["", " --yes", " --phrase yes --yes", " --yes --accept safety.override --reason known", " --json --yes"] {
            let desk = Desk(FakeFleet(risk: Self.risk))
            #expect(await desk.run(Self.override + more) == .usage, "\(more)")
            #expect(!desk.fleet.asked.contains { $0.hasPrefix("run") })
            #expect((desk.errors + desk.output).contains("--phrase"))
        }
        let desk = Desk(FakeFleet(risk: Self.risk))
        #expect(await desk.run(Self.override + " --phrase \"\(Self.risk.phrase)\"") == .done)
        #expect(desk.fleet.asked.last == "phrase \(Self.risk.phrase)")
    }

    @Test(
        "An override says why and where, and is no plan to be saved",
        arguments: [
            ("start --on fra-2 --accept-risk-of-double-vote x", "reason"), ("start --accept-risk-of-double-vote \"a b\"", "--on NODE"),
            ("start --on fra-2 --accept-risk-of-double-vote \"a b\" --out p.json", "--out"), ("start --phrase x", "--accept-risk"),
        ])
    func refusesHalfAnOverride(_ line: String, _ words: String) async {
        let desk = Desk(FakeFleet(risk: Self.risk))
        #expect(await desk.run(line) == .usage)
        #expect(desk.errors.contains(words), "\(desk.errors)")
        #expect(desk.fleet.asked.isEmpty)
    }

    @Test("--plan, --out and --as stop before anything runs", arguments: ["--plan", "--out p.json", "--as runbook"])
    func stopsAtThePlan(_ flag: String) async {
        let desk = Desk()
        #expect(await desk.run("switchover \(flag) --yes") == .done)
        #expect(desk.fleet.asked == ["plan baton switchover acme-pos"])
        #expect(desk.file("/here/p.json") == (flag == "--out p.json" ? Array("{\"plan\":1}".utf8) : nil))
    }

    @Test("A saved plan is applied, and an existing file is never overwritten")
    func appliesASavedPlan() async {
        let desk = Desk()
        #expect(await desk.run("switchover --out p.json") == .done)
        #expect(await desk.run("switchover --out p.json") == .usage)
        #expect(await desk.run("apply p.json --yes") == .done)
        #expect(desk.fleet.asked.suffix(2).first == "read 10")
        #expect(await desk.run("init") == .usage)
    }

    @Test("check ends with 6 when something was found, and with 0 for a mere note")
    func endsWithFindings() async {
        let note = CheckFinding(.note, rule: "r", node: nil, message: "M.", remedy: "R.")
        #expect(await Desk(FakeFleet(findings: [note])).run("check") == .done)
        let warning = CheckFinding(.warning, rule: "r", node: nil, message: "M.", remedy: "R.")
        #expect(await Desk(FakeFleet(findings: [note, warning])).run("doctor --json") == .findings)
    }

    @Test("init writes a file that check can read")
    func initWritesAnExample() async {
        let desk = Desk(fleetFile: nil)
        #expect(await desk.run("init") == .done)
        #expect(await desk.run("check") == .done)
        #expect(desk.file("/here/baton.yaml") == Array(FleetFile.example.utf8))
    }

    @Test("A request is the same after a walk through JSON")
    func requestsSurviveJSON() throws {
        for request: OperationRequest in [
            .switchover("v", to: nil), .switchover("v", to: "b"), .upgrade("v", to: "3.0.3", release: "/r", switchBack: true),
            .upgrade("v", to: "3.0.3", release: "/r", switchBack: false, within: .seconds(90)), .start("v", on: "a"), .stop("v"),
            .recover("v"),
        ] {
            #expect(try OperationRequest(json: try JSON(text: request.json.text)) == request)
        }
    }
}
