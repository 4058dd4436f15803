import BatonConflux
import BatonConfluxNode
import BatonKernel
import BatonModel
import BatonSim
import Foundation
import Testing

/// Upgrades to a release that does not come up, with the real engine.
@Suite struct UpgradeScheduleTests {
    private static func settings() -> SimConfluxFleet.Settings {
        var settings = SimConfluxFleet.Settings()
        settings.roundTimeout = .seconds(2)
        settings.bootMax = .seconds(1)
        settings.silentRoundsPerMille = 0
        return settings
    }

    /// A controller that upgrades to the release that lies in `/releases/new`.
    private static func controller(_ digest: String, within: Duration) -> SimController {
        let target = ReleaseTarget(version: "3.1.0", folder: "/releases/new", digest: digest, within: within)
        return SimEngine.controller(.upgrade(target, switchBack: false))
    }

    private struct Played {
        let one: SimCase
        let ending: SimWorld.Ending
        let release: String
        func current(_ node: String) -> String? {
            do { return try one.fleet.machine.tree.link("\(one.fleet.folder(node))/current") } catch { return nil }
        }
        func expectKept(_ location: SourceLocation = #_sourceLocation) {
            let report = one.report(ending)
            #expect(report.violations.isEmpty, "\(report.violations) after \(report.story)", sourceLocation: location)
        }
    }

    /// A votes; then the upgrade runs, and is resumed as long as it is killed.
    private static func play(
        _ program: SimConfluxFleet.Program, seed: UInt64, _ prepare: @escaping @Sendable (SimCase, ControllerLife) -> Void = { _, _ in }
    ) -> Played {
        // The digest of the release is the same in every world.
        let twin = SimConfluxFleet(settings(), in: SimWorld(seed: seed))
        let digest = twin.writeRelease(.v3_1_0, to: "/releases/new", program: program)
        let one = SimCase(settings(), faults: .none, seed: seed, controller: controller(digest, within: .seconds(8)))
        one.fleet.writeRelease(.v3_1_0, to: "/releases/new", program: program)
        let ending = one.fleet.world.run(limit: .seconds(100_000)) {
            await one.settle(voter: "a", rounds: 5)
            let firstVoter = one.fleet.process("a")?.pid
            var outcome = await one.attempt(.begin) { prepare(one, $0) }
            for _ in 0..<4 where outcome == nil || outcome?.exit == .doubt {
                await one.fleet.world.pass(.seconds(5))
                outcome = await one.attempt(await one.errandAfterCrash(), armed: false)
            }
            await one.rounds(3)
            if program != .sound {
                #expect(outcome?.exit == .failed, "\(outcome?.words ?? "none") \(one.story)")
                #expect(outcome?.words.contains("the fleet is as it was: a votes, b is idle on 3.0.3 again") == true, "\(one.story)")
                #expect(one.fleet.voters == ["a"])
                #expect(one.fleet.process("a")?.pid == firstVoter, "the voter is never touched")
                #expect(one.fleet.process("b")?.model?.settings.version == .v3_0_3)
                #expect(one.ledger.isFinished)
            }
            one.checkers.judge()
        }
        return Played(one: one, ending: ending, release: digest)
    }

    @Test(arguments: [SimConfluxFleet.Program.ends, .hangs])
    func aReleaseThatDoesNotComeUpIsPutBackAndTheVoterNeverStops(program: SimConfluxFleet.Program) {
        let played = Self.play(program, seed: 7)
        played.expectKept()
        #expect(played.current("b") == played.current("a"))
        #expect(played.current("b") != "releases/\(played.release)")
        #expect(played.one.checkers.starts == 0, "nobody is told to vote")
    }

    @Test func aSoundReleaseComesUpOnBothNodes() {
        let played = Self.play(.sound, seed: 7)
        played.expectKept()
        #expect(played.one.fleet.voters == ["b"])
        for node in ["a", "b"] { #expect(played.current(node) == "releases/\(played.release)") }
    }

    /// Few where time is short (`make test`).
    static let seeds: UInt64 = ProcessInfo.processInfo.environment["BATON_CHECK_ALL"] == "1" ? 600 : 25

    /// The controller dies at a moment that the seed draws, most often around the switch and the way back.
    @Test(arguments: 1...seeds)
    func killedAtAnyMomentOneResumePutsItBack(seed: UInt64) {
        let program: SimConfluxFleet.Program = seed.isMultiple(of: 2) ? .ends : .hangs
        let played = Self.play(program, seed: seed) { _, life in
            var chance = SplitMix64(seed: seed, purpose: 40)
            let trigger: ControllerLife.Trigger = .act(chance.pick([8, 12, 16, 20, 24, 28]) + chance.below(8))
            life.blows.append(.init(.death, at: trigger, afterwards: chance.happens(500)))
        }
        played.expectKept()
    }

    /// A sound release: wherever it was killed once it had begun, resumes end with both nodes on it and one voter.
    @Test(arguments: 1...seeds)
    func killedAtAnyMomentASoundUpgradeIsResumedToItsEnd(seed: UInt64) {
        let played = Self.play(.sound, seed: seed) { _, life in
            var chance = SplitMix64(seed: seed, purpose: 41)
            life.blows.append(.init(.death, at: .act(3 + chance.below(110)), afterwards: chance.happens(500)))
        }
        played.expectKept()
        let (fleet, story) = (played.one.fleet, played.one.report(played.ending).story)
        #expect(played.one.outcomes.last??.exit == .done, "\(story)")
        #expect(fleet.voters == ["b"], "\(story)")
        for node in ["a", "b"] { #expect(played.current(node) == "releases/\(played.release)", "\(story)") }
    }

    /// The way back is gone half when it is killed: at the end of the process, at the link, at the start, while it waits.
    /// The second of each deed: the first is on the way forward; and the sixth and seventh intent.
    static let moments = [("signal", 2), ("file relink", 2), ("start /srv/b", 2), ("store commit intent", 6), ("store commit intent", 7)]

    @Test(arguments: moments.indices, [false, true])
    func killedOnTheWayBackOneResumeEndsIt(index: Int, afterwards: Bool) {
        let (moment, occurrence) = Self.moments[index]
        let played = Self.play(.hangs, seed: 11) { _, life in
            life.blows.append(.init(.death, at: .named(moment, occurrence), afterwards: afterwards))
        }
        #expect(played.one.outcomes.first == .some(nil), "it was reached: \(moment) \(occurrence)")
        played.expectKept()
    }
}
