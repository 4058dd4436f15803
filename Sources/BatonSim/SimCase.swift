import BatonConfluxNode
package import BatonConflux
package import BatonModel
package import BatonStore
package import BatonWorld

/// What a controller is started for.
package enum SimErrand: Hashable, Sendable {
    /// The operation itself.
    case begin
    /// Going on with the last operation, taking the lease over.
    case resume(OperationID)
    /// One voter again from facts alone.
    case recover
}

/// Everything that one controller's process is given.
package struct SimAttempt: Sendable {
    /// What it is to do.
    package let errand: SimErrand
    /// The outside.
    package let world: World
    /// The fleet's state place.
    package let store: any Store
    /// The fleet file, as the driver reads it.
    package let site: ConfluxSite
    /// Tells the story of the run, for people.
    package let tell: @Sendable (String) -> Void

    /// Everything that one controller's process is given.
    package init(
        errand: SimErrand, world: World, store: any Store, site: ConfluxSite, tell: @escaping @Sendable (String) -> Void
    ) {
        (self.errand, self.world, self.store, self.site, self.tell) = (errand, world, store, site, tell)
    }
}

/// How a controller's process ended.
package struct SimOutcome: Hashable, Sendable {
    /// Its exit status.
    package let exit: ExitStatus
    /// What it said: state and remedy.
    package let words: String
    package init(exit: ExitStatus, words: String) { (self.exit, self.words) = (exit, words) }
}

/// A controller as the simulator sees it: a closure, so that harness and checkers depend on no engine.
package typealias SimController = @Sendable (SimAttempt) async -> SimOutcome

/// What became of one seed.
package struct SimCaseReport: Hashable, Sendable {
    /// The seed.
    package let seed: UInt64
    /// The trace hash; the same seed and mode give the same one in every process.
    package let trace: UInt64
    /// How each controller ended; `nil`: it died.
    package let outcomes: [SimOutcome?]
    /// What the checkers found.
    package let violations: [SimCheckers.Violation]
    /// What happened, for people.
    package let story: [String]
    /// The kinds of faults that were on.
    package let faults: String
    /// Starts that nodes executed for a controller.
    package let starts: Int
    /// Jobs and timers.
    package let events: Int
    /// Tasks that left the executor's preference.
    package let strays: Int
}

/// One seed: a fleet, its faults, a controller that does an operation, and the judgement over it.
package final class SimCase: @unchecked Sendable {
    /// The fleet, open to named scenarios.
    package let fleet: SimConfluxFleet
    /// The state place.
    package let ledger = SimLedger()
    /// The judges.
    package let checkers: SimCheckers
    /// The faults.
    package let faults: SimFaults
    /// How each controller ended so far.
    package private(set) var outcomes: [SimOutcome?] = []
    /// What happened so far, for people.
    package private(set) var story: [String] = []
    /// The last controller that was started.
    package private(set) var life: ControllerLife?
    /// Controllers that live.
    private var running = 0
    private let controller: SimController
    private var chance: SplitMix64
    private var world: SimWorld { fleet.world }

    /// Makes a case; nothing has happened yet.
    package init(
        _ settings: SimConfluxFleet.Settings, faults plan: SimFaultPlan, seed: UInt64, controller: @escaping SimController
    ) {
        fleet = SimConfluxFleet(settings, in: SimWorld(seed: seed))
        checkers = SimCheckers(fleet, ledger)
        faults = SimFaults(plan, on: fleet)
        self.controller = controller
        chance = SplitMix64(seed: seed, purpose: 30)
    }

    /// The fleet that a seed draws.
    package static func settings(seed: UInt64) -> SimConfluxFleet.Settings {
        var chance = SplitMix64(seed: seed, purpose: 31)
        var settings = SimConfluxFleet.Settings()
        settings.version = chance.happens(500) ? .v3_0_3 : .v3_1_0
        settings.roundsPerEpoch = UInt64(12 + chance.below(14))
        // Baton looks fifty times a round, so short rounds are the cheap ones; one seed in fifty has those of mainnet.
        settings.roundTimeout = chance.pick([.milliseconds(100), .milliseconds(100), .milliseconds(100), .milliseconds(200)])
        if chance.happens(20) { settings.roundTimeout = .seconds(30) }
        settings.bootMax = max(settings.roundTimeout, .milliseconds(400))
        settings.silentRoundsPerMille = UInt64(chance.pick([0, 20, 100]))
        return settings
    }

    // MARK: Parts of a run

    /// Starts the nodes and lets people start the vote of `voter`, as before Baton came.
    package func settle(voter: String, rounds: Int) async {
        fleet.chain.begin()
        fleet.bringUp()
        await until(.seconds(600)) { self.fleet.processes.filter { $0.model != nil }.count == self.fleet.settings.nodes.count }
        fleet.startByHand(voter, initialize: true)
        let goal = fleet.chain.roundsOpened + rounds
        await until(.seconds(40_000)) { self.fleet.chain.roundsOpened >= goal }
        await world.pass(chance.duration(.zero, fleet.settings.roundTimeout))
    }

    /// Waits in virtual time until something is so.
    @discardableResult package func until(_ limit: Duration, _ condition: () -> Bool) async -> Bool {
        let end = world.now + limit.nanoseconds
        while !condition() {
            guard world.now < end, !world.isOver else { return false }
            await world.pass(.milliseconds(500))
        }
        return true
    }

    /// Lets rounds pass.
    package func rounds(_ count: Int) async {
        let goal = fleet.chain.roundsOpened + count
        await until(fleet.settings.roundTimeout * (count * 4 + 4)) { self.fleet.chain.roundsOpened >= goal }
    }

    /// Notes a line of the story.
    package func tell(_ words: String) {
        story.append("\(Duration.nanoseconds(world.now).readable) \(words)")
        world.mix(words)
    }

    /// Starts a controller without waiting for it.
    ///
    /// - Parameter other: another state place than the fleet's own, as of a second controller.
    package func launch(
        _ errand: SimErrand, armed: Bool = true, on other: SimLedger? = nil, _ prepare: (ControllerLife) -> Void = { _ in }
    ) -> SimRun {
        if let other { checkers.add(other) }
        let life = ControllerLife(on: fleet.machine)
        self.life = life
        let run = SimRun(life)
        if armed { run.isSuspendable = faults.arm(life, attempt: outcomes.count + 1) }
        prepare(life)
        checkers.watch(life)
        tell("baton \(errand) as \(life.pid)")
        let attempt = SimAttempt(
            errand: errand, world: life.outside(through: fleet.network), store: SimStore(life, on: other ?? ledger), site: fleet.site,
            tell: { [weak self] in if life.isAlive { self?.tell($0) } }
        )
        let before = checkers.picture()
        running += 1
        life.onEnd { [weak run, weak self] in
            run?.finish(nil)
            self?.running -= 1
        }
        Task(executorPreference: world) { [controller, checkers, weak self] in
            let outcome = await controller(attempt)
            guard life.isAlive, let self, !world.isOver else { return }
            // Beside another controller at work nothing can be said of what this one left alone.
            if outcome.exit == .refused, running == 1 { checkers.refused(before) }
            run.finish(outcome)
            life.die()
        }
        return run
    }

    /// Starts a controller and waits until it ends, dies or hangs.
    package func attempt(
        _ errand: SimErrand, armed: Bool = true, within limit: Duration = .seconds(40_000), _ prepare: (ControllerLife) -> Void = { _ in }
    ) async -> SimOutcome? {
        let run = launch(errand, armed: armed, prepare)
        let wait = run.isSuspendable ? Duration.seconds(3600) : limit
        let isEnded = await until(wait) { run.isEnded || (run.isSuspendable && run.life.isStopped) }
        if !isEnded, !run.isSuspendable { checkers.blame(.resume, "a controller did not end within \(limit.readable)") }
        if run.isSuspendable, !run.isEnded { resumeLater(run) }
        outcomes.append(run.outcome)
        tell("→ \(run.outcome.map { "exit \($0.exit.rawValue) \($0.words)" } ?? (run.isEnded ? "died" : "suspended"))")
        return run.outcome
    }

    /// A suspended controller is continued while another one is at work.
    private func resumeLater(_ run: SimRun) {
        world.after(chance.duration(.seconds(1), .seconds(400))) { [weak self] in
            guard run.life.isAlive else { return }
            self?.tell("the suspended \(run.life.pid) goes on")
            run.life.goAhead()
        }
    }

    /// What a person runs after a crash: `resume` when the journal has an operation that is not finished, else `recover`.
    package func errandAfterCrash() async -> SimErrand {
        guard let operation = ledger.lastOperation, !ledger.isFinished else { return .recover }
        return .resume(operation)
    }

    // MARK: The whole

    /// Runs the seed to its end.
    package func run(voter: String = "a", to receiver: String = "b") -> SimCaseReport {
        let rounds = 4 + chance.below(Int(fleet.settings.roundsPerEpoch))
        let ending = world.run(limit: .seconds(400_000)) { [self] in
            await settle(voter: voter, rounds: rounds)
            faults.begin(receiver: receiver)
            var outcome = await attempt(.begin)
            for _ in 0..<4 where outcome == nil {
                await world.pass(chance.duration(.seconds(1), max(.seconds(10), fleet.settings.roundTimeout * 150)))
                outcome = await attempt(await errandAfterCrash())
            }
            await conclude()
        }
        return report(ending)
    }

    /// The faults end, one resume or recover follows, and what is then so is judged (promise 4).
    package func conclude() async {
        faults.end()
        await until(.seconds(900)) { self.fleet.processes.filter { $0.model != nil }.count == self.fleet.settings.nodes.count }
        if checkers.hadForeignVoter { faults.removeForeignVoters() }
        await rounds(2)
        var outcome = outcomes.last ?? nil
        let isDone = outcome?.exit == .done && fleet.voters.count == 1
        let isRefused = outcome?.exit == .refused && outcomes.count == 1 && fleet.voters.count == 1
        if !isDone, !isRefused {
            outcome = await attempt(await errandAfterCrash(), armed: false)
            if outcome?.exit != .done { outcome = await attempt(.recover, armed: false) }
        }
        await rounds(4)
        verdict(outcome)
        checkers.judge()
    }

    private func verdict(_ outcome: SimOutcome?) {
        guard let outcome else {
            checkers.blame(.resume, "the last controller gave no outcome")
            return
        }
        let voters = fleet.voters
        switch outcome.exit {
        case .done where voters.count != 1: checkers.blame(.resume, "done, and \(voters) vote: \(outcome.words)")
        case .done, .refused: break
        case .doubt where !outcome.words.isEmpty: break
        case .failed, .usage, .interrupted, .findings, .doubt: checkers.blame(.resume, "exit \(outcome.exit.rawValue): \(outcome.words)")
        }
    }

    /// What became of it.
    package func report(_ ending: SimWorld.Ending) -> SimCaseReport {
        if ending != .finished { checkers.blame(.resume, "the run ended in \(ending.rawValue)") }
        return SimCaseReport(
            seed: world.seed, trace: world.trace, outcomes: outcomes, violations: checkers.violations,
            story: (story + faults.story), faults: faults.plan.words, starts: checkers.starts, events: world.events,
            strays: world.strays
        )
    }
}

/// One controller that was started.
package final class SimRun: @unchecked Sendable {
    /// Its process.
    package let life: ControllerLife
    /// How it ended; `nil` while it runs and when it died.
    package private(set) var outcome: SimOutcome?
    /// Whether it ended or died.
    package private(set) var isEnded = false
    /// Whether it may be suspended for ever.
    package var isSuspendable = false

    fileprivate init(_ life: ControllerLife) { self.life = life }

    fileprivate func finish(_ outcome: SimOutcome?) {
        guard !isEnded else { return }
        (self.outcome, isEnded) = (outcome, true)
    }
}
