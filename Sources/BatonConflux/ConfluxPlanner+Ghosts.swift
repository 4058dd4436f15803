import BatonKernel
import BatonModel

extension ConfluxPlanner {
    /// Nodes that answer that they don't vote while a command of ours may still be in their queue: a controller died, or its
    /// connection, before the answer came.
    ///
    /// That doubt needs no operator (safety.md R3, R4): the token that a queued start would consume is taken away first;
    /// then nothing in the queue can start the vote, and the end of the process ends the queue. Empty unless every other
    /// node is known to be idle.
    var ghosts: [NodeID] {
        var found: [NodeID] = []
        for node in nodes where judge(.idle(node)) != .holds {
            guard facts.voting(node)?.unanswered != nil, judge(.silent(node)) == .holds, judge(.voterFalse(node)) == .holds,
                let files = facts.files(node), files.save == .absent || token(on: node) != nil
            else { return [] }
            found.append(node)
        }
        return found
    }

    /// Takes tokens away and ends the queues of all ghosts; nothing where there are none.
    func laying(_ ghosts: [NodeID]) -> [Part] {
        ghosts.map { node in
            var steps: [Step<Conflux>] = []
            // Taken away first and looked at afterwards: no guard may keep it there.
            if token(on: node) != nil { steps.append(revoking(node, guards: [])) }
            steps.append(ending(node, guards: [.silent(node), .noSave(node), .voterFalse(node)]))
            steps.append(starting(node))
            return Part(steps)
        }
    }

    /// Whether a command of ours may still be in a node's queue; without its token it can't start the vote, but the next one
    /// would be its token (safety.md R3).
    func mayStillRun(on node: NodeID) -> Bool { facts.voting(node)?.mayStillRun == true }

    /// A `.save` that Baton placed and no start has consumed: exactly the granted bytes beside the node's own file.
    func token(on node: NodeID) -> HeldFile? {
        guard let record = memory.lastGrant, record.isOpen, record.grant.node == node, let files = facts.files(node),
            files.json.held != nil, let save = files.save.held, save.state.digest == record.grant.state.digest
        else { return nil }
        return save
    }

    /// Takes a token away before a start consumes it.
    func revoking(_ node: NodeID, guards: [ConfluxCondition]) -> Step<Conflux> {
        Step(
            "revoke.\(node)", "take the unused vote state away from \(node)", guards: guards, deed: .act(.revoke(node)),
            proof: [.noSave(node)], within: .seconds(10), hazard: .reversible)
    }

    /// Ends a node's process, and with it what is in its queue.
    func ending(_ node: NodeID, guards: [ConfluxCondition]) -> Step<Conflux> {
        Step(
            "end.\(node)", "end \(node)'s process, and with it every command in its queue", guards: guards,
            deed: .act(.stopProcess(node)), proof: [.ended(node)], within: .seconds(1260), hazard: .reversible)
    }

    /// Starts the process of a node that has none.
    func starting(_ node: NodeID) -> Step<Conflux> {
        Step(
            "launch.\(node)", "start \(node)'s process", guards: [.ended(node), .voterFalse(node)], deed: .act(.startProcess(node)),
            proof: [.running(node)], within: ableWithin, hazard: .reversible)
    }

    /// Ends a node's process and starts it again.
    func restarting(_ node: NodeID) -> [Step<Conflux>] { [ending(node, guards: [.idle(node), .voterFalse(node)]), starting(node)] }
}
