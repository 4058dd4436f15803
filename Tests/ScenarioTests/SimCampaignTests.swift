import BatonConflux
import BatonModel
import BatonSim
import Foundation
import Testing

private let switchover = SimEngine.controller(.switchover(to: "b"))

@Suite struct SimCampaignTests {
    @Test func everySwitchoverIsDoneWhenNothingFails() {
        let report = SimCampaign.run(seeds: 100, from: 1, mode: .clean, controller: switchover)
        #expect(report.failures.isEmpty, "\(report.text)")
        #expect(report.exits == [0: 100], "\(report.text)")
        #expect(report.strays == 0)
    }

    /// Each of these schedules once made a second vote possible; the seeds stay as a ledger of what was found.
    @Test func aLostFileOrARebootIsNeverTakenForAStartThatDidNotRun() {
        let lost = SimCampaign.run(
            seeds: 110, from: 1, mode: .faults, kinds: [.controllerDeath, .lostFile], controller: switchover
        )
        #expect(lost.failures.isEmpty, "\(lost.text)")
        let reboot = SimCampaign.run(
            seeds: 40, from: 1, mode: .faults, kinds: [.controllerDeath, .hostReboot], controller: switchover
        )
        #expect(reboot.failures.isEmpty, "\(reboot.text)")
    }

    @Test func aCampaignGivesTheSameTracesAgain() {
        let first = SimCampaign.run(seeds: 40, from: 900, mode: .faults, controller: switchover)
        let again = SimCampaign.run(seeds: 40, from: 900, mode: .faults, threads: 1, controller: switchover)
        #expect(first.trace == again.trace)
        #expect(first.exits == again.exits)
    }

    /// Few where time is short (`make test`).
    static let seeds = ProcessInfo.processInfo.environment["BATON_CHECK_ALL"] == "1" ? 1500 : 120

    @Test(arguments: [SimCampaign.Mode.crash, .faults])
    func promisesAreKeptUnderFaults(mode: SimCampaign.Mode) {
        let report = SimCampaign.run(seeds: Self.seeds, from: 1, mode: mode, controller: switchover)
        #expect(report.failures.isEmpty, "\(report.text)")
    }
}
