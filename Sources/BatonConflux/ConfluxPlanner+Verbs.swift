import BatonKernel
import BatonModel

extension ConfluxPlanner {
    // MARK: switchover

    /// From the voter to another node; resumed, whatever of that is left.
    func switchover(_ asked: NodeID?) throws(Refusal) -> Plan<Conflux> {
        if let refusal { throw refusal }
        switch standing {
        case .votes(let voter):
            if history.isResumed, let to = asked ?? history.lastCut, to == voter { return finishing(to, "switchover") }
            let to = try receiver(asked, besides: voter)
            guard to != voter else {
                throw Refusal("conflux.voting", "\(to) votes already.", remedy: "Nothing to do; run `baton status \(site.validator)`.")
            }
            return make(
                words("switchover", ["from": .string(voter.rawValue), "to": .string(to.rawValue)]),
                "Hand the vote of \(site.validator) from \(voter) to \(to)", try assumptions(from: voter, to: to),
                adoption(of: voter) + renewal(of: to) + [preparation(from: voter, to: to), cut(from: voter, to: to), proof(of: to)],
                result: "\(to) votes, \(voter) is idle")
        default:
            guard history.isResumed, let to = asked ?? history.lastCut else {
                throw Refusal(
                    "conflux.voting", "Nobody votes for \(site.validator).", remedy: "Run `baton start \(site.validator)`.")
            }
            return try settle(on: to, verb: "switchover")
        }
    }

    /// What must be true at once, before anything is touched; what time can bring is waited for in the plan.
    func assumptions(from voter: NodeID, to: NodeID) throws(Refusal) -> [ConfluxCondition] {
        var conditions: [ConfluxCondition] = []
        for node in nodes {
            conditions += [.running(node), .voterFalse(node), .noStrangeFile(node), .noSave(node)]
            conditions += [.signsFor(node, identity: site.identity), .onChain(node, id: site.chainID)]
        }
        conditions += [.voting(voter), .ownFile(voter)] + nodes.filter { $0 != voter }.map { .idle($0) }
        if renewal(of: to).isEmpty { conditions.append(.ownFile(to)) }
        conditions.append(.waypointFor(to, from: voter))
        for condition in conditions {
            switch judge(condition) {
            case .holds: continue
            case .fails(let rule): throw Refusal(rule, "Not so: \(condition.words).", remedy: remedy(for: condition))
            case .unknown(let rule, let doubt):
                throw Refusal(rule, "Unknown (\(doubt)): \(condition.words).", remedy: remedy(for: condition), doubt: doubt)
            }
        }
        return conditions
    }

    /// The order to the operator for a condition that does not hold.
    package func remedy(for condition: ConfluxCondition) -> String {
        let folder = condition.node.flatMap { site.node($0)?.voteFolder } ?? "pos_db"
        switch condition {
        case .noSave(let node):
            if let grant = ownToken(on: node) {
                return "It is the unused token of grant \(grant), placed by Baton: leave it there and run `baton resume`, or"
                    + " `baton recover \(site.validator)`, which takes it away."
            }
            return "Move \(folder)/secure_storage.json.save to a safe place by hand after you know whose it is, then try again."
        case .noStrangeFile, .ownFile:
            return "Look at the files in \(folder); keep what is there, and bring back this validator's own vote state."
        case .signsFor: return "Put the right pos_key there, or correct `identity` in baton.yaml."
        case .onChain: return "Correct `chainId` in baton.yaml, or point the node at the right network."
        case .voterFalse: return "Set pos_started_as_voter = false in hydra.toml and in the start command, then try again."
        case .running: return "Start the node, or correct `rpc` and `directory` in baton.yaml."
        case .waypointFor: return "Upgrade the receiver to 3.1 first, or restore a vote state that has its waypoint."
        default: return "Run `baton status \(site.validator)` and mend what it names."
        }
    }

    /// A node that stopped has no vote state of its own and a memory that may be stale: it is restarted before it may
    /// vote again (conflux-pos.md §2.6 no. 7, §12 no. 5).
    /// So is one with a command of ours in its queue.
    func renewal(of node: NodeID) -> [Part] {
        let hasStopped = facts.files(node)?.json == .absent && facts.files(node)?.save == .absent
        guard hasStopped || mayStillRun(on: node) else { return [] }
        return [Part(restarting(node))]
    }

    /// Everything is done but the proof; a voter that people started is adopted first, since its proof is above its grant.
    func finishing(_ node: NodeID, _ verb: String) -> Plan<Conflux> {
        make(
            words(verb, ["to": .string(node.rawValue)]), "Prove that \(node) votes", [],
            adoption(of: node) + confirming(node),
            result: "\(node) votes")
    }

    // MARK: start, stop, recover

    /// One voter where nobody votes.
    func start(_ asked: NodeID?, verb: String) throws(Refusal) -> Plan<Conflux> {
        if let refusal { throw refusal }
        if case .votes(let voter) = standing {
            if history.isResumed { return finishing(voter, verb) }
            throw Refusal(
                "conflux.voting", "\(voter) votes already.",
                remedy: "To move the vote run `baton switchover \(site.validator)`.")
        }
        guard let override = memory.override, !history.isResumed else {
            return try settle(on: asked ?? history.lastCut ?? defaultStarter, verb: verb)
        }
        return try overriding(override, on: asked)
    }

    /// A start that the operator licenses; the phrase is no part of the plan, which is shown before it is typed.
    private func overriding(_ override: TypedOverride, on asked: NodeID?) throws(Refusal) -> Plan<Conflux> {
        guard let node = asked else {
            throw Refusal(Override.rule, "An override names its node.", remedy: "Say which node is to vote: `--on NODE`.")
        }
        guard !override.reason.isEmpty else {
            throw Refusal(Override.rule, "An override needs a reason.", remedy: "Say why, in words that your colleagues will read.")
        }
        let plain = try settle(on: node, verb: "start")
        if let refusal = refusal(ofOverrideOn: node, in: plain) { throw refusal }
        let told: JSON = ["reason": .string(override.reason), "user": .string(override.user)]
        return make(
            words("start", ["to": .string(node.rawValue), "override": told]),
            "Start the vote of \(site.validator) on \(node) by an override of the licence", nodes.map { .idle($0) },
            try settling(on: node), result: "\(node) votes by an override")
    }

    /// The grantee of the last grant when its process runs, else the first node that runs.
    var defaultStarter: NodeID {
        let running = nodes.filter { judge(.running($0)) == .holds }
        if let last = lastGrantee, running.contains(last) { return last }
        return running.first ?? nodes.first ?? "nobody"
    }

    private var lastGrantee: NodeID? { memory.lastGrant?.grant.node }

    /// Nobody votes, and the grant is closed.
    func stop() throws(Refusal) -> Plan<Conflux> {
        if let refusal { throw refusal }
        guard case .votes(let voter) = standing else {
            if let open = memory.lastGrant, open.isOpen {
                let ghosts = ghosts
                return make(
                    words("stop"), "Close the grant of \(open.grant.node)", nodes.filter { !ghosts.contains($0) }.map { .idle($0) },
                    laying(ghosts) + [Part([closing(open.grant.node)])], result: "nobody votes")
            }
            // A controller died between the last step and the end of its operation.
            if history.isResumed {
                return make(words("stop"), "Nothing is left to do", nodes.map { .idle($0) }, [], result: "nobody votes")
            }
            throw Refusal("conflux.idle", "Nobody votes for \(site.validator).", remedy: "Nothing to do.")
        }
        let stop = Step<Conflux>(
            "stop.\(voter)", "stop_voting on \(voter)", guards: [.voting(voter), .noSave(voter), .ownFile(voter)],
            deed: .act(.stopVoting(voter)), proof: [.stopped(voter)], within: .seconds(15), hazard: .reversible)
        return make(
            words("stop"), "Stop the vote of \(site.validator) on \(voter)",
            [.voting(voter), .noSave(voter), .ownFile(voter), .voterFalse(voter)],
            adoption(of: voter) + [Part([mark(from: voter, to: voter), stop, closing(voter)])],
            result: "nobody votes; start again with `baton start \(site.validator)` within three epochs")
    }

    /// Closes the grant of a node that is fenced.
    func closing(_ node: NodeID) -> Step<Conflux> {
        Step(
            "close.\(node)", "close \(node)'s grant", guards: [.idle(node)], deed: .close(node), proof: [.noOpenGrant],
            within: .seconds(15), hazard: .safe)
    }

    /// One voter from facts alone.
    func recover() throws(Refusal) -> Plan<Conflux> {
        if let refusal { throw refusal }
        if case .votes(let voter) = standing {
            return make(
                words("recover"), "One voter already: \(voter)", [.voting(voter)],
                takingAway(beside: voter) + adoption(of: voter) + confirming(voter),
                result: "\(voter) votes")
        }
        return try settle(on: history.lastCut ?? breadcrumbTarget ?? defaultStarter, verb: "recover")
    }

    /// One voter again, and the end of the operation.
    func abort() throws(Refusal) -> Plan<Conflux> {
        if let plan = try abortingSwitch() { return plan }
        if let refusal { throw refusal }
        if case .votes(let voter) = standing { return finishing(voter, "abort") }
        return try settle(on: history.firstVoter ?? history.lastCut ?? defaultStarter, verb: "abort")
    }

    /// Where the last cut was going, by the breadcrumbs beside the nodes.
    private var breadcrumbTarget: NodeID? {
        let marks = nodes.compactMap { facts.files($0)?.cut }
        return marks.max { $0.operation < $1.operation }?.to
    }
}
