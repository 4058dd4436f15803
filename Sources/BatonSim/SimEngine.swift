package import BatonConflux
package import BatonDriver
import BatonEngine
package import BatonKernel
import BatonModel
import BatonStore
import BatonWorld

/// The real engine and the real driver as a controller of the simulator.
package enum SimEngine {
    /// A controller that does what its attempt asks for.
    package static let controller: SimController = { attempt in
        let driver = ConfluxDriver(site: attempt.site, world: attempt.world)
        do throws(FileError) {
            return await run(attempt, try await verb(of: attempt), driver)
        } catch {
            return SimOutcome(exit: .usage, words: "The release can't be read: \(error)")
        }
    }

    /// The verb of an attempt; a release is read and digested first, as the program does it.
    private static func verb(of attempt: SimAttempt) async throws(FileError) -> ConfluxVerb {
        switch attempt.wish {
        case .switchover(let node): return .switchover(to: node)
        case .start(let node): return .start(on: node)
        case .stop: return .stop
        case .upgrade(let switchBack):
            let folder = SimConfluxFleet.newRelease
            let digest = try await ReleaseFolder.digest(of: folder, in: attempt.world.files)
            return .upgrade(ReleaseTarget(version: "3.1.0", folder: folder, digest: digest.rawValue), switchBack: switchBack)
        }
    }

    /// A controller that does one verb.
    ///
    /// - Parameter verb: what is asked for; `recover` and `abort` do what they say.
    /// - Parameter answers: what the operator says when asked.
    /// - Parameter override: what the operator typed for the first attempt; whoever resumes types nothing.
    package static func controller(_ verb: ConfluxVerb, answers: Bool = true, override: TypedOverride? = nil) -> SimController {
        { attempt in
            let driver = ConfluxDriver(site: attempt.site, world: attempt.world)
            return await run(attempt, verb, driver, answers: answers, override: override)
        }
    }

    /// Runs one errand by the engine with a driver that was handed in.
    package static func run(
        _ attempt: SimAttempt, _ verb: ConfluxVerb, _ driver: some VotingDriver<Conflux>, answers: Bool = true,
        override: TypedOverride? = nil
    ) async -> SimOutcome {
        let errand: (verb: ConfluxVerb, resuming: OperationID?) =
            switch attempt.errand {
            case .begin: (verb, nil)
            case .resume(let operation): (verb, operation)
            case .abort(let operation): (.abort, operation)
            case .recover: (.recover, nil)
            }
        let audience = RunAudience(show: { tell($0, to: attempt) }, ask: { _, _ in answers }, wantsStop: { false })
        let runner = OperationRunner(
            driver: driver,
            planner: ConfluxOperation(site: attempt.site, verb: errand.verb, override: attempt.errand == .begin ? override : nil),
            store: attempt.store,
            world: attempt.world, audience: audience
        )
        let result = await runner.run(resuming: errand.resuming, seize: attempt.errand != .begin)
        await driver.close()
        return SimOutcome(exit: result.exit, rule: result.rule, words: result.words, remedy: result.remedy)
    }

    private static func tell(_ event: RunEvent, to attempt: SimAttempt) {
        switch event {
        case .stepBegan(let step, _, _, _): attempt.tell("  \(step)")
        case .turningBack(let step, let rule, let words): attempt.tell("  \(step) turns back by \(rule): \(words)")
        case .replanning(let rule, let words): attempt.tell("  plans again by \(rule): \(words)")
        case .performed(let step, .refused(_, let words)): attempt.tell("  \(step) was refused: \(words)")
        case .performed(let step, .unknown(let doubt)): attempt.tell("  \(step) is in doubt: \(doubt)")
        case .performed, .legPlanned, .began, .waiting, .proved, .skipped: break
        }
    }
}
