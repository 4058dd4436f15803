import BatonConflux
import BatonModel
import BatonSim
import Testing

private let switchover = SimEngine.controller(.switchover(to: "b"))

@Suite struct SimCampaignTests {
    @Test func everySwitchoverIsDoneWhenNothingFails() {
        let report = SimCampaign.run(seeds: 100, from: 1, mode: .clean, controller: switchover)
        #expect(report.failures.isEmpty, "\(report.text)")
        #expect(report.exits == [0: 100], "\(report.text)")
        #expect(report.strays == 0)
    }

    @Test func aCampaignGivesTheSameTracesAgain() {
        let first = SimCampaign.run(seeds: 40, from: 900, mode: .faults, controller: switchover)
        let again = SimCampaign.run(seeds: 40, from: 900, mode: .faults, threads: 1, controller: switchover)
        #expect(first.trace == again.trace)
        #expect(first.exits == again.exits)
    }

    @Test(arguments: [SimCampaign.Mode.crash, .faults])
    func promisesAreKeptUnderFaults(mode: SimCampaign.Mode) {
        let report = SimCampaign.run(seeds: 600, from: 1, mode: mode, controller: switchover)
        #expect(report.failures.isEmpty, "\(report.text)")
    }
}
