package import BatonDriver
package import BatonKernel
package import BatonModel
package import BatonStore
package import BatonWorld
import BatonDigest

/// What people are shown while an operation runs.
package enum RunEvent: Sendable {
    case began(OperationID)
    case legPlanned(JSON, digest: Digest, leg: Int)
    case stepBegan(StepID, title: String, index: Int, count: Int)
    case waiting(StepID, for: String)
    case performed(StepID, Outcome)
    case proved(StepID)
    case skipped(StepID)
    case replanning(RuleID, String)
    /// A step did not come true, and what was done is taken back from here on.
    case turningBack(StepID, RuleID, String)
}

/// How an operation left this process.
package struct RunResult: Hashable, Sendable {
    package let exit: ExitStatus
    package let operation: OperationID?
    package let rule: RuleID?
    /// What is so now.
    package let words: String
    /// What the operator is to do now.
    package let remedy: String
    /// The safe state that a failure left the fleet in; `nil` when it did not fail.
    package let safeState: String?
    package init(exit: ExitStatus, operation: OperationID?, rule: RuleID?, words: String, remedy: String, safeState: String? = nil) {
        (self.exit, self.operation, self.rule) = (exit, operation, rule)
        (self.words, self.remedy, self.safeState) = (words, remedy, safeState)
    }
}

/// The people beside an operation: what they are shown, asked, and whether they want it to stop.
package struct RunAudience: Sendable {
    package let show: @Sendable (RunEvent) -> Void
    package let ask: @Sendable (StepID, String) async -> Bool
    package let wantsStop: @Sendable () -> Bool
    package init(
        show: @escaping @Sendable (RunEvent) -> Void, ask: @escaping @Sendable (StepID, String) async -> Bool,
        wantsStop: @escaping @Sendable () -> Bool
    ) {
        (self.show, self.ask, self.wantsStop) = (show, ask, wantsStop)
    }
}

/// Runs one operation: plans a leg from facts, steps the machine through it, and plans again when the facts ask for it.
///
/// One task at a time; the only loop is in ``run(resuming:seize:)``. The machine decides, this runs its effects in order.
package final class OperationRunner<D: VotingDriver, P: LegPlanner>: Sendable where D.F == P.F {
    package typealias F = D.F
    private let driver: D
    private let planner: P
    private let store: any Store
    private let world: World
    private let audience: RunAudience
    /// A run that surprises more often than this is handed to the operator.
    private let legsMax = 8
    /// How long an observation may take.
    private let observeWithin: Duration = .seconds(5)
    /// Longest time between the last check and the sending (safety.md R9).
    private let guardWindow: Duration = .seconds(2)

    package init(driver: D, planner: P, store: any Store, world: World, audience: RunAudience) {
        (self.driver, self.planner, self.store) = (driver, planner, store)
        (self.world, self.audience) = (world, audience)
    }

    /// Observes and plans the first leg without touching anything.
    ///
    /// - Throws: ``Refusal`` as the planner words it.
    package func preview() async throws -> Plan<F> {
        let facts = await observed()
        let memory = try await memory(facts, of: nil)
        return try planner.plan(by: facts, memory, OperationHistory(), at: world.clock.now)
    }

    /// Runs the operation to its end in this process.
    ///
    /// - Parameter resuming: an operation of the journal that goes on; `nil` begins a new one.
    /// - Parameter seize: end whoever holds the lease on this machine and take it (safety.md R7).
    /// - Parameter expecting: the digest of the plan that was confirmed; another first plan is refused.
    package func run(resuming: OperationID?, seize: Bool, expecting: Digest? = nil) async -> RunResult {
        do {
            let takeover = Takeover(store: store, world: world)
            let lease = try await takeover.lease(planner.validator, seize: seize)
            let result = await run(under: lease, resuming: resuming, expecting: expecting)
            // How the operation left matters more than a lease that can't be given back: the next Baton takes over
            // what an ended process holds.
            do throws(BatonError) { try await store.release(lease) } catch { return result }
            return result
        } catch {
            return RunResult(exit: error.code.exit, operation: resuming, rule: nil, words: error.message, remedy: error.remedy)
        }
    }

    private func run(under lease: Lease, resuming: OperationID?, expecting: Digest?) async -> RunResult {
        var history = OperationHistory()
        var operation = resuming
        do {
            if let resuming { history = try await recall(resuming) }
            var facts = await observed()
            if operation == nil {
                history.firstVoter = planner.voter(facts, at: world.clock.now)
                // Refuse before anything is written.
                let first = try planned(facts, try await memory(facts, of: nil), history)
                if let expecting, Digest(of: first.json.canonical) != expecting {
                    return RunResult(
                        exit: .refused, operation: nil, rule: "kernel.assumption",
                        words: "The plan made from today's facts is another one than the plan that was saved.",
                        remedy: "Make a new plan and look at it.")
                }
                operation = try await store.begin(begun(history), under: lease)
            }
            guard let operation else { return RunResult(exit: .failed, operation: nil, rule: nil, words: "", remedy: "") }
            audience.show(.began(operation))
            if let result = await raiseLease(operation, lease) { return result }
            try await importGrant(facts, operation, lease)
            var last: (rule: RuleID, words: String) = ("kernel.legs", "")
            for leg in 1...legsMax {
                facts = await observed()
                let memory = try await memory(facts, of: operation)
                let plan = try planned(facts, memory, history)
                try await record(plan, leg, operation, lease)
                let ending = try await runLeg(plan, memory, operation, lease)
                switch ending {
                case .replan(let rule, let words):
                    last = (rule, words)
                    audience.show(.replanning(rule, words))
                    history = try await recall(operation)
                case .refused(let rule, let words) where history.isResumed:
                    // An earlier leg has touched the fleet: this is no refusal that leaves it as it was.
                    return try await conclude(.replan(rule, words), plan, operation, lease)
                default: return try await conclude(ending, plan, operation, lease)
                }
            }
            // What stood against the last plan is the fact that is missing.
            return try await conclude(.replan(last.rule, "\(last.words) (\(legsMax) plans came to that)"), nil, operation, lease)
        } catch let refusal as Refusal {
            return await refused(refusal, history.isResumed ? operation : nil, lease)
        } catch let error as BatonError {
            return RunResult(exit: error.code.exit, operation: resuming, rule: nil, words: error.message, remedy: error.remedy)
        } catch {
            return RunResult(exit: .failed, operation: resuming, rule: nil, words: "\(error)", remedy: "Report this.")
        }
    }

    private func planned(_ facts: Facts<F>, _ memory: Memory, _ history: OperationHistory) throws -> Plan<F> {
        try planner.plan(by: facts, memory, history, at: world.clock.now)
    }

    private func observed() async -> Facts<F> {
        var facts = Facts<F>()
        let began = world.clock.now
        facts.merge(await driver.observe(planner.questions, within: observeWithin))
        guard began.duration(to: world.clock.now) > guardWindow else { return facts }
        // A silent node has held up what the others said at once; they are asked again, so that it is fresh (safety.md R9).
        let answered = planner.questions.filter { facts[$0]?.value.value != nil }
        facts.merge(await driver.observe(answered, within: guardWindow))
        return facts
    }
}

// MARK: Memory and journal

extension OperationRunner {
    private func memory(_ facts: Facts<F>, of operation: OperationID?) async throws(BatonError) -> Memory {
        let known = try await store.grants(planner.validator).last
        var memory = Memory(lastGrant: known, floor: try await store.floor(planner.validator))
        // One override licenses one start: an operation that has opened a grant has none left.
        if operation == nil || known?.grant.operation != operation { memory.override = planner.override }
        guard let beside = planner.grantBeside(facts), beside.number > (known?.grant.number ?? GrantNumber(rawValue: 0)) else {
            return memory
        }
        memory.lastGrant = GrantRecord(grant: beside, closing: nil)
        return memory
    }

    /// A grant that lies beside the nodes and is newer than the store's becomes the store's last one (safety.md R6).
    private func importGrant(_ facts: Facts<F>, _ operation: OperationID, _ lease: Lease) async throws(BatonError) {
        let known = try await store.grants(planner.validator).last
        guard let beside = planner.grantBeside(facts), beside.number > (known?.grant.number ?? GrantNumber(rawValue: 0)) else { return }
        let closing = known.flatMap { $0.isOpen ? Closing.superseded($0.grant.number, by: beside.number) : nil }
        let entry = Entry(.granted, detail: ["imported": beside.json])
        _ = try await store.commit(Commit(operation: operation, entries: [entry], closing: closing, opening: beside), under: lease)
    }

    private func begun(_ history: OperationHistory) -> Entry {
        Entry(.begun, detail: ["operation": planner.operation, "first_voter": .optional(history.firstVoter?.rawValue)])
    }

    private func record(_ plan: Plan<F>, _ leg: Int, _ operation: OperationID, _ lease: Lease) async throws(BatonError) {
        let digest = Digest(of: plan.json.canonical)
        audience.show(.legPlanned(plan.json, digest: digest, leg: leg))
        let entry = Entry(.planned, detail: ["leg": .integer(Int64(leg)), "digest": .string(digest.rawValue), "plan": plan.json])
        _ = try await store.commit(Commit(operation: operation, entries: [entry]), under: lease)
    }

    /// What the journal says of the earlier legs.
    private func recall(_ operation: OperationID) async throws(BatonError) -> OperationHistory {
        var history = OperationHistory(isResumed: true)
        for stored in try await store.entries(of: operation) { history.learn(stored.entry) }
        return history
    }

    private func refused(_ refusal: Refusal, _ resuming: OperationID?, _ lease: Lease) async -> RunResult {
        let exit: ExitStatus = refusal.doubt != nil || resuming != nil ? .doubt : .refused
        return RunResult(exit: exit, operation: resuming, rule: refusal.rule, words: refusal.words, remedy: refusal.remedy)
    }

    private func raiseLease(_ operation: OperationID, _ lease: Lease) async -> RunResult? {
        let context = ActContext(operation: operation, lease: lease, grant: nil)
        for act in planner.leaseActs {
            switch await driver.perform(act, context, within: .seconds(10)) {
            case .done: continue
            case .refused(let rule, let words):
                let remedy =
                    rule == "safety.r7"
                    ? "Find out who else operates this validator before you go on."
                    : "Mend that beside the node, then run `baton resume \(operation)`."
                return RunResult(exit: .doubt, operation: operation, rule: rule, words: "\(words) (\(act.words))", remedy: remedy)
            case .unknown(let doubt):
                return RunResult(
                    exit: .doubt, operation: operation, rule: "safety.r7", words: "Could not \(act.words): \(doubt).",
                    remedy: "Make that host reachable, then run `baton resume \(operation)`.")
            }
        }
        return nil
    }

    /// Writes how the operation left this process and words it for the operator.
    private func conclude(
        _ ending: OperationMachine<F>.Ending, _ plan: Plan<F>?, _ operation: OperationID, _ lease: Lease
    ) async throws(BatonError) -> RunResult {
        let result = Conclusion.result(of: ending, plan?.result ?? "", operation)
        guard ending != .leaseLost else { return result }
        var isOver = result.exit == .done || result.exit == .refused
        if case .failed(_, isOver: true) = ending { isOver = true }
        let entry = Entry(
            isOver ? .finished : .paused, rule: result.rule,
            detail: [
                "exit": .integer(Int64(result.exit.rawValue)), "words": .string(result.words), "remedy": .string(result.remedy),
                "safe_state": .optional(result.safeState),
            ])
        _ = try await store.commit(Commit(operation: operation, entries: [entry]), under: lease)
        return result
    }
}

// MARK: One leg

extension OperationRunner {
    /// How a leg ended.
    private func runLeg(
        _ plan: Plan<F>, _ memory: Memory, _ operation: OperationID, _ lease: Lease
    ) async throws(BatonError) -> OperationMachine<F>.Ending {
        let last = memory.lastGrant?.grant.number ?? GrantNumber(rawValue: 0)
        var machine = OperationMachine(
            plan, memory: memory, context: .init(operation: operation, lease: lease, nextGrant: last.next))
        var events: [OperationMachine<F>.Event] = [.began]
        var isStopping = false
        while !events.isEmpty {
            let event = events.removeFirst()
            if !isStopping, audience.wantsStop() {
                isStopping = true
                _ = machine.handle(.interrupted, at: world.clock.now)
            }
            for effect in machine.handle(event, at: world.clock.now) {
                switch effect {
                case .finish(let ending): return ending
                default:
                    if let next = try await run(effect, operation, lease, grant: machine.memory.lastGrant?.grant) { events.append(next) }
                }
            }
        }
        return .doubt("kernel.stall", .contradictory, "the machine gave no order")
    }

    private func run(
        _ effect: OperationMachine<F>.Effect, _ operation: OperationID, _ lease: Lease, grant: Grant?
    ) async throws(BatonError) -> OperationMachine<F>.Event? {
        switch effect {
        case .observe(let questions):
            return .observed(await driver.observe(questions, within: observeWithin))
        case .commit(let entries, let raising, let closing, let opening):
            let commit = Commit(operation: operation, entries: entries, raising: raising, closing: closing, opening: opening)
            do throws(BatonError) {
                return .committed(try await store.commit(commit, under: lease))
            } catch {
                guard error.code == .leaseLost else { throw error }
                return .leaseLost
            }
        case .perform(let step, let act, let grant, let checkedAt, let within):
            guard isFresh(checkedAt) else { return .late(step) }
            let context = ActContext(operation: operation, lease: lease, grant: grant)
            return .returned(step, await driver.perform(act, context, within: within))
        case .vest(let step, let record, let checkedAt, let within):
            guard isFresh(checkedAt) else { return .late(step) }
            return .returned(step, await driver.vest(VotingRight(claiming: record), within: within))
        case .wake(let after):
            do { try await world.clock.sleep(until: world.clock.now.advanced(by: after), tolerance: nil) } catch { return .interrupted }
            return .woke
        case .ask(let step, let question): return .answered(step, await audience.ask(step, question))
        case .report(let progress):
            show(progress)
            return nil
        case .finish: return nil
        }
    }

    /// Measured right before the sending: a longer pause since the last check sends nothing (safety.md R9).
    private func isFresh(_ checkedAt: Instant) -> Bool { checkedAt.duration(to: world.clock.now) <= guardWindow }

    private func show(_ progress: OperationMachine<F>.Progress) {
        switch progress {
        case .began(let step, let title, let index, let count): audience.show(.stepBegan(step, title: title, index: index, count: count))
        case .waiting(let step, let words): audience.show(.waiting(step, for: words))
        case .performed(let step, let outcome): audience.show(.performed(step, outcome))
        case .proved(let step): audience.show(.proved(step))
        case .skipped(let step): audience.show(.skipped(step))
        case .turningBack(let step, let rule, let words): audience.show(.turningBack(step, rule, words))
        }
    }
}
