import BatonConflux
import BatonModel
import BatonSim
import Testing

@Suite struct PlantedBugTests {
    /// Three ranges of seeds that have nothing in common.
    static let ranges: [UInt64] = [1, 100_001, 200_001]
    static let seedsMax = 2000

    @Test(arguments: PlantedBug.allCases, Self.ranges)
    func everyPlantedBugIsFoundByItsCheckerAndTheUnplantedCodePassesTheSameSeeds(bug: PlantedBug, from: UInt64) {
        var found: UInt64?
        for seed in from..<(from + UInt64(Self.seedsMax)) {
            let report = SimCampaign.run(seed: seed, mode: .faults, kinds: bug.kinds, controller: bug.controller())
            guard report.violations.contains(where: { $0.checker == bug.checker }) else { continue }
            found = seed
            break
        }
        #expect(found != nil, "\(bug) was not found in \(Self.seedsMax) seeds from \(from)")
        let count = Int((found ?? from) - from) + 1
        let sound = SimCampaign.run(
            seeds: count, from: from, mode: .faults, kinds: bug.kinds, threads: 1, controller: SimEngine.controller(.switchover(to: "b"))
        )
        #expect(sound.failures.isEmpty, "\(sound.text)")
    }
}
