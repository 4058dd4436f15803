import BatonAPI
import BatonCLI
import BatonModel
import Synchronization
import Testing

struct ScreenTests {
    private let style = Style(usesColor: false, width: 80)

    @Test("The status opens with who votes and the next safe command, and fits 80 by 24")
    func showsStatus() {
        let text = StatusScreen.text(Samples.status, style)
        #expect(
            text == """
                acme-pos    fra-1 votes since 2026-11-20 13:05:09Z; last vote: epoch 812, round
                            34
                  next      baton resume 41
                            The upgrade left off before its second half.
                  warning   fra-2 would vote by itself after a restart: set pos_started_as_voter
                            = false in hydra.toml.
                  operation 41: baton upgrade acme-pos --to 3.0.3 --release /r, unfinished:
                            waiting for fra-2 to catch up

                  node   state       version  release   epoch  lag  starts  pid   files
                  fra-1  voting      3.0.3    1a1a1a1a  812    0    idle    4801  json 812/34
                  fra-2  unanswered  ?        ?         ?      ?    VOTER   -     json 800/0, .…

                  committee in the committee of epoch 812 with 4 votes
                  margin    unknown
                  grant     7 to fra-1, open (record of grant 6, from 811/59)
                  lease     number 9, held by process 4711, which has ended
                  identity  0xabababab…abababab on mainnet
                acme at 2026-11-21 13:05:09Z

                """)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 24)
        #expect(lines.allSatisfy { $0.count <= 80 })
    }

    @Test("Nobody, two voters and doubt can't be overlooked")
    func showsAlarms() {
        for (voter, words) in [
            (Voter.nobody, "NOBODY VOTES"), (.several(["fra-1", "fra-2"]), "TWO VOTERS: fra-1 and fra-2"),
            (.unknown("fra-2 is unreachable"), "UNKNOWN (fra-2 is unreachable)"),
        ] {
            let report = StatusReport(fleet: "acme", at: WallTime(nanoseconds: 0), validators: [Self.bare(voter)])
            #expect(StatusScreen.text(report, style).hasPrefix("acme-pos    "))
            #expect(StatusScreen.text(report, style).split(separator: "\n")[0].contains(words))
        }
    }

    @Test("Many validators are listed, three lines each")
    func showsManyValidators() {
        let report = StatusReport(
            fleet: "acme", at: WallTime(nanoseconds: 0), validators: Array(repeating: Self.bare(.nobody), count: 6))
        let text = StatusScreen.text(report, style)
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 24)
        #expect(text.contains("`baton status NAME`"))
    }

    @Test("A plan shows steps, hazards, nodes and what it takes as given")
    func showsPlan() {
        #expect(
            PlanScreen.text(Samples.plan, style) == """
                Switchover of acme-pos: fra-1 to fra-2

                Taken as given; the plan is refused when one no longer holds:
                  - fra-1 votes
                  - fra-2 runs 3.0.3

                   step    hazard        node   does
                1  stop-a  irreversible  fra-1  Stop voting
                2  see                          See a signature above the mark on chain

                2 steps, at most 3 min 0 s. Worst hazard: irreversible.
                Plan cccccccccccc.

                """)
    }

    @Test("A runbook tells what to check, what to type, and when to stop")
    func showsRunbook() {
        #expect(
            PlanScreen.runbook(Samples.plan, style) == """
                # Switchover of acme-pos: fra-1 to fra-2

                Plan cccccccccccc. Do the steps in this order. When a check fails, stop and do nothing more.

                Before you begin, see that:
                - fra-1 votes
                - fra-2 runs 3.0.3

                ## 1. Stop voting (fra-1)
                Hazard: irreversible. At most 1 min 0 s.
                Only when:
                - A just voted

                ```sh
                curl -s http://127.0.0.1:12539 ...
                ```
                Done when:
                - A answers false

                ## 2. See a signature above the mark on chain
                Hazard: safe. At most 2 min 0 s.
                Done when:
                - proof > F

                """)
    }

    private static let happenings: [(ProgressEvent.Kind, Int)] = [
        (.legBegan(title: "Switchover", steps: 2), 0), (.stepBegan("stop-a", title: "Stop voting", node: "fra-1"), 10),
        (.waiting("stop-a", what: "A's round to advance"), 20), (.waiting("stop-a", what: "A's round to advance"), 1020),
        (.proved("stop-a", how: "A answers false"), 2040), (.note("One vote may be missed."), 2050),
        (.skipped("see", why: "seen before"), 3000),
    ]
    private static let events = happenings.map { kind, milliseconds in
        ProgressEvent(operation: OperationID(rawValue: 41), kind: kind, elapsed: .milliseconds(milliseconds))
    }

    @Test("On a pipe every change is one plain line")
    func showsPlainProgress() {
        #expect(
            shown(.plain) == """
                Switchover, 2 steps
                   1/2 wait  stop-a on fra-1: Stop voting: A's round to advance  (20 ms)
                   1/2 done  stop-a on fra-1: Stop voting (A answers false)  2.0 s
                   1/2 note  One vote may be missed.  (2.0 s)
                   2/2 skip  see (seen before)  3.0 s

                """)
    }

    @Test("On a terminal the current step is rewritten in place and never wider than the screen")
    func showsLiveProgress() {
        let text = shown(.live)
        #expect(text.contains("\r\u{1B}[2K   1/2 ....  stop-a: waiting for A's round to advance  1.0 s"))
        #expect(text.contains("\r\u{1B}[2K   1/2 done  stop-a on fra-1: Stop voting (A answers false)  2.0 s\n"))
        #expect(text.split(whereSeparator: { $0 == "\n" || $0 == "\r" }).allSatisfy { $0.count <= 84 })
    }

    @Test("For programs every event is one line of JSON with its time")
    func showsJSONProgress() throws {
        let lines = try shown(.json).split(separator: "\n").map { try JSON(text: String($0)) }
        #expect(lines.map { $0["event"]?.string } == ["leg", "step", "waiting", "waiting", "proved", "note", "skipped"])
        #expect(lines.map { $0["elapsedMilliseconds"]?.integer } == [0, 10, 20, 1020, 2040, 2050, 3000])
        #expect(lines.allSatisfy { $0["operation"]?.integer == 41 })
    }

    @Test("Findings come with their remedies, errors first")
    func showsFindings() {
        let findings = [
            CheckFinding(.warning, rule: "safety.r5", node: "fra-2", message: "It starts as voter.", remedy: "Set it to false."),
            CheckFinding(.error, rule: "safety.r1", node: nil, message: "Two grants.", remedy: "Run `baton status`."),
        ]
        #expect(
            Findings.text(findings, style) == """
                error:   Two grants. [safety.r1]
                do:      Run `baton status`.
                warning: fra-2: It starts as voter. [safety.r5]
                do:      Set it to false.

                """)
    }

    @Test("No escape sequence is written when colours are off, and every tone ends when they are on")
    func colours() {
        #expect(!StatusScreen.text(Samples.status, style).contains("\u{1B}"))
        let text = StatusScreen.text(Samples.status, Style(usesColor: true, width: 80))
        #expect(text.count(of: "\u{1B}[0m") > 0)
        #expect(text.count(of: "\u{1B}[") == 2 * text.count(of: "\u{1B}[0m"))
    }

    private func shown(_ form: ProgressPrinter.Form) -> String {
        let text = Collected()
        let printer = ProgressPrinter(form: form, style: style) { text.add($0) }
        for event in Self.events { printer.show(event) }
        printer.endLine()
        return text.value
    }

    private static func bare(_ voter: Voter) -> ValidatorStatus {
        ValidatorStatus(
            validator: "acme-pos", network: "mainnet", identity: "0xab", voter: voter, since: nil, lastVote: nil, committee: "unknown",
            margin: .seconds(90), grant: nil, lease: nil, unfinished: nil, nodes: [],
            next: SafeCommand("baton doctor", why: "It tells what is wrong."), warnings: [])
    }
}

/// Text that was written, in order.
private final class Collected: Sendable {
    private let text = Mutex("")
    var value: String { text.withLock { $0 } }
    func add(_ more: String) { text.withLock { $0 += more } }
}

extension String {
    /// How often a part stands in the text.
    fileprivate func count(of part: String) -> Int { ranges(of: part).count }
}
