import BatonConflux
import BatonConfluxNode
import BatonModel
import BatonStore
import BatonWorld

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
    /// What the seed asks for.
    package let order: SimOrder
    /// What the next controller that begins an operation is asked for.
    package var wish: SimWish
    /// How each controller ended so far.
    package var outcomes: [SimOutcome?] = []
    /// What happened so far, for people.
    package private(set) var story: [String] = []
    /// Every controller that was started, in order.
    private(set) var lives: [ControllerLife] = []
    /// The last controller that was started.
    package var life: ControllerLife? { lives.last }
    /// What the last controller was started for.
    private(set) var lastErrand = SimErrand.begin
    /// Who voted before the operation.
    var votersBefore: [String] = []
    /// Controllers that live.
    private var running = 0
    private let controller: SimController
    var chance: SplitMix64
    var world: SimWorld { fleet.world }

    /// Makes a case; nothing has happened yet.
    package init(
        _ settings: SimConfluxFleet.Settings, order: SimOrder = .switchover, faults plan: SimFaultPlan, seed: UInt64,
        controller: @escaping SimController
    ) {
        (self.order, wish) = (order, order.wish)
        fleet = SimConfluxFleet(settings, in: SimWorld(seed: seed))
        checkers = SimCheckers(fleet, ledger)
        faults = SimFaults(plan, on: fleet, isLong: order.isUpgrade)
        self.controller = controller
        if order.isUpgrade { fleet.writeRelease(.v3_1_0, to: SimConfluxFleet.newRelease) }
        chance = SplitMix64(seed: seed, purpose: 30)
    }

    /// The fleet that a seed draws; an upgrade begins with the older release.
    package static func settings(seed: UInt64, order: SimOrder = .switchover) -> SimConfluxFleet.Settings {
        var chance = SplitMix64(seed: seed, purpose: 31)
        var settings = SimConfluxFleet.Settings()
        settings.version = chance.happens(500) || order.isUpgrade ? .v3_0_3 : .v3_1_0
        settings.roundsPerEpoch = UInt64(12 + chance.below(14))
        // Baton looks fifty times a round, so short rounds are the cheap ones; one seed in fifty has those of mainnet.
        settings.roundTimeout = chance.pick([.milliseconds(100), .milliseconds(100), .milliseconds(100), .milliseconds(200)])
        if chance.happens(20) { settings.roundTimeout = .seconds(30) }
        settings.bootMax = max(settings.roundTimeout, .milliseconds(400))
        settings.silentRoundsPerMille = UInt64(chance.pick([0, 20, 100]))
        return settings
    }

    // MARK: Parts of a run

    /// Starts the nodes and lets people start the vote of `voter`, if any, as before Baton came.
    package func settle(voter: String?, rounds: Int) async {
        fleet.chain.begin()
        fleet.bringUp()
        await everyNodeIsUp(within: .seconds(600))
        if let voter { fleet.startByHand(voter, initialize: true) }
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

    /// Waits until every node has booted.
    func everyNodeIsUp(within limit: Duration) async {
        await until(limit) { self.fleet.processes.filter { $0.model != nil }.count == self.fleet.settings.nodes.count }
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
        lives.append(life)
        let run = SimRun(life)
        if armed { run.isSuspendable = faults.arm(life, attempt: outcomes.count + 1) }
        prepare(life)
        checkers.watch(life)
        lastErrand = errand
        tell("baton \(errand == .begin ? wish.words : "\(errand)") as \(life.pid)")
        let attempt = SimAttempt(
            errand: errand, wish: wish, world: life.outside(through: fleet.network), store: SimStore(life, on: other ?? ledger),
            site: fleet.site,
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
}
