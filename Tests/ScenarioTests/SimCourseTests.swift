import BatonModel
import BatonSim
import Foundation
import Testing

/// Every operation, not only the switchover, with all checkers on.
@Suite struct SimCourseTests {
    /// Few where time is short (`make test`).
    static let isThorough = ProcessInfo.processInfo.environment["BATON_CHECK_ALL"] == "1"

    @Test(arguments: SimCourse.allCases)
    func everyOperationIsDoneWhenNothingFails(course: SimCourse) {
        let seeds = Self.isThorough ? 100 : 15
        let report = SimCampaign.run(seeds: seeds, from: 1, mode: .clean, course: course)
        #expect(report.failures.isEmpty, "\(report.text)")
        #expect(report.exits == [0: seeds], "\(report.text)")
        #expect(report.strays == 0)
    }

    @Test(arguments: SimCourse.allCases.filter { $0 != .switchover })
    func promisesAreKeptUnderFaults(course: SimCourse) {
        let report = SimCampaign.run(seeds: Self.isThorough ? 1000 : 25, from: 1, mode: .faults, course: course)
        #expect(report.failures.isEmpty, "\(report.text)")
    }

    @Test func seedsDrawEveryKindOfOperation() {
        let drawn = Set((1...100 as ClosedRange<UInt64>).map(SimCourse.drawn(by:)))
        #expect(drawn == Set(SimCourse.allCases))
    }

    /// What each of these seeds of `baton sim` (with `--verb` where one is named) once ended in; the seeds stay as a ledger of
    /// what was found.
    static let ledger: [(seed: UInt64, course: SimCourse?, found: String)] = [
        (5191, nil, "a start without an answer was left to the operator, and Baton could have taken its token away"),
        (5375, nil, "the same in an upgrade, after a reboot"),
        (5419, nil, "the note of a start, torn by a reboot, kept Baton from everything"),
        (6150, nil, "the breadcrumb of a grant, torn by a reboot, made every file unreadable"),
        (5102, nil, "an abort waited for a proof above a grant that nobody had"),
        (5232, nil, "a second stop within one operation found the name of its handed-over file taken"),
        (5588, nil, "a resume ended in \"the facts called for another plan\" and did not say which fact"),
        (6126, nil, "an upgrade watched two voters for twenty minutes and said nothing"),
        (11167, nil, "a mute voter without a kept file was planned for eight times in one second"),
        (11394, nil, "a release half copied at a reboot stood in the way of every later copy"),
        (20128, .start, "a token taken away before a crash left a queue that nobody ended"),
        (20197, .abort, "a link pointed to a release whose folder a reboot had undone"),
        (11514, nil, "a stop whose answer came late was doubted by every later run"),
    ]

    @Test(arguments: ledger.indices)
    func whatWasFoundStaysMended(index: Int) {
        let entry = Self.ledger[index]
        let report = SimCampaign.run(seed: entry.seed, mode: .faults, course: entry.course)
        #expect(report.violations.isEmpty, "\(entry.found): \(report.violations) after \(report.story)")
    }
}
