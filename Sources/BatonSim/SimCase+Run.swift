import BatonConfluxNode
import BatonModel

extension SimCase {
    // MARK: The whole

    /// Runs the seed to its end.
    package func run() -> SimCaseReport {
        let rounds = 4 + chance.below(Int(fleet.settings.roundsPerEpoch))
        let ending = world.run(limit: .seconds(400_000)) { [self] in
            await settle(voter: order.past == .never ? nil : "a", rounds: rounds)
            await bringAbout(order.past)
            votersBefore = fleet.voters
            faults.begin(receiver: "b")
            var outcome = await attempt(.begin) { life in
                if order.course == .abort { life.blows.append(faults.fatalBlow()) }
            }
            for _ in 0..<4 where outcome == nil {
                let pause = order.course == .abort ? .seconds(30) : max(.seconds(10), fleet.settings.roundTimeout * 150)
                await world.pass(chance.duration(.seconds(1), pause))
                outcome = await attempt(await errandAfterCrash())
            }
            await conclude()
        }
        return report(ending)
    }

    /// What people and Baton did before the operation of the seed.
    private func bringAbout(_ past: SimPast) async {
        switch past {
        case .votes, .never: return
        case .restarted: await restart("a")
        case .known:
            await doPlainly(.recover)
            await restart("a")
        case .handedOver:
            wish = .switchover(to: "b")
            await doPlainly(.begin)
            await restart("b")
        case .stopped:
            wish = .stop
            await doPlainly(.begin)
        }
        await rounds(chance.pick([0, 3, Int(fleet.settings.roundsPerEpoch) + 3]))
        wish = order.wish
        outcomes = []
    }

    private func doPlainly(_ errand: SimErrand) async {
        let outcome = await attempt(errand, armed: false)
        if outcome?.exit != .done { checkers.blame(.resume, "not done without any fault: \(outcome?.words ?? "died")") }
    }

    /// Somebody restarts a node: it comes back idle.
    private func restart(_ node: String) async {
        fleet.process(node)?.die()
        fleet.start(node)
        await everyNodeIsUp(within: .seconds(900))
    }

    /// What a person runs after a crash: `resume` or `abort` when the journal has an operation that is not finished; else
    /// the same again where that is the only way to its end, and otherwise `recover`.
    package func errandAfterCrash() async -> SimErrand {
        guard let operation = ledger.lastOperation, !ledger.isFinished else {
            switch wish {
            case .switchover: return .recover
            case .upgrade, .start, .stop: return .begin
            }
        }
        guard order.course == .abort, !chance.happens(150) else { return .resume(operation) }
        return .abort(operation)
    }

    // MARK: The end

    /// The faults end, one resume or recover follows, and what is then so is judged (promise 4).
    package func conclude() async {
        faults.end()
        await everyNodeIsUp(within: .seconds(900))
        if checkers.hadForeignVoter {
            faults.removeForeignVoters()
            await everyNodeIsUp(within: .seconds(900))
        }
        await rounds(2)
        var outcome = outcomes.last ?? nil
        if !isAtRest(outcome) {
            outcome = await judged(await errandAfterCrash())
            if outcome?.exit != .done { outcome = await judged(.recover) }
        }
        if let next = order.afterStop, isStopped {
            wish = next
            outcome = await judged(.begin)
        }
        await rounds(4)
        verdict(outcome)
        checkers.judge()
    }

    /// An attempt without faults, whose doubt or refusal must name a fact that is so.
    private func judged(_ errand: SimErrand) async -> SimOutcome? {
        var before: [String: [UInt8]] = [:]
        for node in fleet.settings.nodes { before[node] = fleet.read(node, SafetyFile.live) }
        let outcome = await attempt(errand, armed: false)
        let check = SimFactCheck(fleet: fleet, ledger: ledger, others: lives.filter { $0 !== life && $0.isAlive }, before: before)
        if let outcome, let fault = check.fault(in: outcome) {
            checkers.blame(
                .resume, "exit \(outcome.exit.rawValue) by \(outcome.rule?.rawValue ?? "no rule"), but \(fault): \(outcome.words)")
        }
        return outcome
    }

    /// Nobody votes and nobody may.
    private var isStopped: Bool { fleet.voters.isEmpty && ledger.open == nil }

    /// Whether a person would leave it at that.
    private func isAtRest(_ outcome: SimOutcome?) -> Bool {
        switch outcome?.exit {
        case .done: wish == .stop && isStopped || fleet.voters.count == 1
        case .refused: outcomes.count == 1 && fleet.voters == votersBefore || wish == .stop && isStopped
        default: false
        }
    }

    private func verdict(_ outcome: SimOutcome?) {
        guard let outcome else {
            checkers.blame(.resume, "the last controller gave no outcome")
            return
        }
        switch outcome.exit {
        case .done: if let fault = shortfall() { checkers.blame(.resume, "done, and \(fault): \(outcome.words)") }
        case .refused: break
        case .doubt where !outcome.fact.isEmpty: break
        case .failed, .usage, .interrupted, .findings, .doubt: checkers.blame(.resume, "exit \(outcome.exit.rawValue): \(outcome.words)")
        }
    }

    /// What is not as the last controller was asked to make it, or `nil`.
    private func shortfall() -> String? {
        let voters = fleet.voters
        let isOwn: Bool
        switch lastErrand {
        case .begin, .resume: isOwn = !checkers.hadForeignVoter
        case .abort, .recover: isOwn = false
        }
        if wish == .stop, isStopped, lastErrand != .recover { return nil }
        guard voters.count == 1, let voter = voters.first else { return "\(voters) vote" }
        guard isOwn else { return nil }
        switch wish {
        case .switchover(let node): return voter == node.rawValue ? nil : "\(voter) votes"
        case .start(let node): return node.map { voter == $0.rawValue } ?? true ? nil : "\(voter) votes"
        case .stop: return "\(voter) votes"
        case .upgrade(let switchBack):
            let old = fleet.versions.filter { $0.value != .v3_1_0 }.keys.sorted()
            if !old.isEmpty { return "\(old) run the old release" }
            return voter == (switchBack ? "a" : "b") ? nil : "\(voter) votes"
        }
    }

    /// What became of it.
    package func report(_ ending: SimWorld.Ending) -> SimCaseReport {
        if ending != .finished { checkers.blame(.resume, "the run ended in \(ending.rawValue)") }
        return SimCaseReport(
            seed: world.seed, course: order.course, trace: world.trace, outcomes: outcomes, violations: checkers.violations,
            story: (story + faults.story), faults: faults.plan.words, starts: checkers.starts, events: world.events,
            strays: world.strays
        )
    }
}
