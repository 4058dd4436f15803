public import BatonModel

// MARK: Deeds

extension OperationMachine {
    /// All guards hold: make the intent durable unless the cut's first step did, then act.
    mutating func go(_ step: Step<F>, at now: Instant) -> [Effect] {
        if isInsideCut { return act(step, at: now) }
        phase = .committing(.deed)
        return [.commit(entries: intents(of: step, at: now), raising: [], closing: nil, opening: nil)]
    }

    /// The intent of one step, or of a whole cut at its first step.
    mutating func intents(of step: Step<F>, at now: Instant) -> [Entry] {
        var entries = takeNotes()
        let told = facts.told(questions(guarding: step))
        var detail: JSONMembers = ["deed": step.deed.json, "facts": told, "at": .integer(now.nanoseconds)]
        if let cut = cutAtHand, cut.first == step.id {
            memory.incarnations = F.incarnations(in: facts, of: plan)
            let members = steps[index...].prefix { $0.id != cut.last }.map { $0.id } + [cut.last]
            detail["cut"] = [
                "from": .optional(cut.from?.rawValue), "to": .string(cut.to.rawValue),
                "steps": .array(members.map { .string($0.rawValue) }),
            ]
        }
        entries.append(Entry(.intent, step: step.id, detail: .object(detail)))
        return entries
    }

    /// What waited for a commit goes on: the deed, the next step.
    mutating func committed(at now: Instant) -> [Effect] {
        switch phase {
        case .committing(.deed):
            // The commit took time: what was checked before it is checked again before a deed that could hurt.
            guard let step = current else { return end(.done) }
            return act(step, at: now)
        case .committing(.grantDone):
            seenSinceDeed = []
            return leave(.proved, at: now)
        case .recording:
            index += 1
            return enter(at: now)
        case .guarding, .performing, .proving, .asking, .ended: return []
        }
    }

    /// Orders the step's deed; guards hold and the intent is durable.
    mutating func act(_ step: Step<F>, at now: Instant) -> [Effect] {
        touched = true
        phase = .performing
        let checkedAt = lastCheck(of: step) ?? now
        switch step.deed {
        case .act(let act): return [.perform(step.id, act, grant: memory.lastGrant?.grant, checkedAt: checkedAt, within: step.within)]
        case .vest:
            guard let record = memory.lastGrant, record.isOpen else { return end(.replan("kernel.grant", "no open grant")) }
            return [.vest(step.id, record, checkedAt: checkedAt, within: step.within)]
        case .close(let node): return closeGrant(of: node, step, at: now)
        case .wait, .grant, .firstThatHolds:
            phase = .proving
            return observe()
        }
    }

    /// When the oldest fact that the guards stand on was asked for.
    func lastCheck(of step: Step<F>) -> Instant? {
        step.guards.flatMap { F.questions(of: $0) }.compactMap { facts[$0]?.at }.min()
    }

    /// A deed came back: a refusal calls for another plan, anything else is judged by its proof.
    mutating func returned(_ id: StepID, _ outcome: Outcome, at now: Instant) -> [Effect] {
        guard phase == .performing, let step = current, step.id == id else { return [] }
        memory.performed[id] = outcome
        seenSinceDeed = []
        note(Entry(.returned, step: id, detail: ["outcome": outcome.json, "at": .integer(now.nanoseconds)]))
        let report: Effect = .report(.performed(id, outcome))
        switch outcome {
        case .refused(let rule, let words):
            if let effects = turnBack(from: step, rule, words, at: now) { return [report] + effects }
            return [report] + end(.replan(rule, words))
        case .done, .unknown:
            phase = .proving
            waitingFor = ""
            if step.proof.isEmpty {
                guard outcome == .done else { return [report] + end(.replan("kernel.unproved", "\(step.title): its answer did not come")) }
                return [report] + leave(.proved, at: now)
            }
            return [report] + observe()
        }
    }

    /// Opens the grant for a node, closing the one before in the same commit.
    mutating func openGrant(to node: NodeID, of step: Step<F>, at now: Instant) -> [Effect] {
        switch F.licence(for: node, of: plan, by: facts, with: memory, at: now) {
        case .wait(let rule, let words), .refused(let rule, let words):
            guard let began = stepBegan, began.duration(to: now) < step.within, isWaiting(node, at: now) else {
                note(
                    Entry(.refused, step: step.id, rule: rule, detail: ["words": .string(words), "facts": facts.told()])
                )
                return touched ? end(.replan(rule, words)) : end(.refused(rule, words))
            }
            var effects: [Effect] = []
            if words != waitingFor {
                waitingFor = words
                effects.append(.report(.waiting(step.id, for: words)))
            }
            if wantsStop, !isInsideCut { return end(.interrupted("stopped while waiting: \(words)")) }
            return effects + [.wake(after: pause(in: step, at: now))]
        case .granted(let state, let origin, let fences, let closing, let incarnation):
            let grant = Grant(
                number: nextGrant, validator: plan.validator, node: node, state: state, origin: origin, fences: fences,
                incarnation: incarnation, lease: context.lease.number, operation: context.operation
            )
            nextGrant = nextGrant.next
            return commit(grant, closing, of: step, at: now)
        }
    }

    private func isWaiting(_ node: NodeID, at now: Instant) -> Bool {
        if case .wait = F.licence(for: node, of: plan, by: facts, with: memory, at: now) { return true }
        return false
    }

    private mutating func commit(_ grant: Grant, _ closing: Closing?, of step: Step<F>, at now: Instant) -> [Effect] {
        memory.lastGrant = GrantRecord(grant: grant, closing: nil)
        memory.record = grant.state.watermark
        // A cut that begins with its grant makes the intent of all its steps durable in the same commit.
        var entries = cutAtHand?.first == step.id ? intents(of: step, at: now) : takeNotes()
        if let closing { entries.append(Entry(.closed, step: step.id, detail: closing.json)) }
        if case .override = grant.origin {
            entries.append(Entry(.overridden, step: step.id, rule: Override.rule, detail: grant.origin.json))
        }
        entries.append(
            Entry(.granted, step: step.id, detail: ["grant": grant.json, "facts": facts.told(), "at": .integer(now.nanoseconds)])
        )
        touched = true
        phase = .committing(.grantDone)
        return [.commit(entries: entries, raising: [grant.state.watermark], closing: closing, opening: grant)]
    }
}

extension OperationMachine {
    /// Closes the open grant of a fenced node without opening another.
    private mutating func closeGrant(of node: NodeID, _ step: Step<F>, at now: Instant) -> [Effect] {
        guard let record = memory.lastGrant, record.isOpen, record.grant.node == node else { return leave(.skipped, at: now) }
        guard let fence = F.fence(of: node, by: facts, at: now) else {
            return end(.doubt("safety.r5", .contradictory, "\(node) is not fenced"))
        }
        let closing = Closing.fenced(record.grant.number, fence)
        memory.lastGrant = GrantRecord(grant: record.grant, closing: closing)
        let entries = takeNotes() + [Entry(.closed, step: step.id, detail: closing.json)]
        phase = .committing(.grantDone)
        return [.commit(entries: entries, raising: [], closing: closing, opening: nil)]
    }
}

extension Outcome {
    /// The outcome for the journal.
    public var json: JSON {
        switch self {
        case .done: "done"
        case .refused(let rule, let words): ["refused": .string(rule.rawValue), "words": .string(words)]
        case .unknown(let doubt): ["unknown": .string(doubt.description)]
        }
    }
}
