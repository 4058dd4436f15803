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
    /// Giving the last operation up, taking the lease over.
    case abort(OperationID)
    /// One voter again from facts alone.
    case recover
}

/// Everything that one controller's process is given.
package struct SimAttempt: Sendable {
    /// What it is to do.
    package let errand: SimErrand
    /// The operation that `begin` begins and `resume` goes on with.
    package let wish: SimWish
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
        errand: SimErrand, wish: SimWish, world: World, store: any Store, site: ConfluxSite, tell: @escaping @Sendable (String) -> Void
    ) {
        (self.errand, self.wish, self.world, self.store, self.site, self.tell) = (errand, wish, world, store, site, tell)
    }
}

/// How a controller's process ended.
package struct SimOutcome: Hashable, Sendable {
    /// Its exit status.
    package let exit: ExitStatus
    /// The rule that it names.
    package let rule: RuleID?
    /// What it said is so.
    package let fact: String
    /// What it ordered the operator to do.
    package let remedy: String
    /// Everything that it said.
    package var words: String { "\(fact) \(remedy)" }

    /// How a controller's process ended.
    package init(exit: ExitStatus, rule: RuleID? = nil, words fact: String, remedy: String = "") {
        (self.exit, self.rule, self.fact, self.remedy) = (exit, rule, fact, remedy)
    }
}

/// A controller as the simulator sees it: a closure, so that harness and checkers depend on no engine.
package typealias SimController = @Sendable (SimAttempt) async -> SimOutcome

/// What became of one seed.
package struct SimCaseReport: Hashable, Sendable {
    /// The seed.
    package let seed: UInt64
    /// The kind of operation.
    package let course: SimCourse
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

    init(_ life: ControllerLife) { self.life = life }

    /// Notes its end; only the first counts.
    func finish(_ outcome: SimOutcome?) {
        guard !isEnded else { return }
        (self.outcome, isEnded) = (outcome, true)
    }
}
