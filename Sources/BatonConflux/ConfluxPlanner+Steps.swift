import BatonKernel
import BatonModel

extension ConfluxPlanner {
    /// A voter that people started becomes the grantee (safety.md R1, adoption).
    func adoption(of voter: NodeID) -> [Part] {
        if let record = memory.lastGrant, record.isOpen, record.grant.node == voter { return [] }
        let step = Step<Conflux>(
            "adopt.\(voter)", "note \(voter) as the voter that people started",
            guards: [.voting(voter)] + nodes.filter { $0 != voter }.map { .idle($0) }, deed: .grant(voter), proof: [.granted(voter)],
            within: round * 6, hazard: .safe, poll: unhurried)
        return [Part([step])]
    }

    /// What makes a node able to vote, short of voting.
    func able(_ node: NodeID) -> [ConfluxCondition] {
        [
            .running(node), .idle(node), .signsFor(node, identity: site.identity), .onChain(node, id: site.chainID), .synced(node),
            .ownFile(node), .noStrangeFile(node),
        ]
    }

    /// A breadcrumb beside every node: what is under way, from where to where.
    func mark(from: NodeID?, to: NodeID, guards: [ConfluxCondition] = []) -> Step<Conflux> {
        Step(
            "mark.\(from?.rawValue ?? "nobody").\(to)", "leave breadcrumbs beside every node", guards: guards,
            deed: .act(.mark(from: from, to: to)), proof: nodes.map { .marked($0, to: to) }, within: .seconds(10), hazard: .safe,
            always: true)
    }

    private func keeping(_ from: NodeID, _ to: NodeID) -> Step<Conflux> {
        Step(
            "keep.\(from).\(to)", "keep a copy of \(to)'s own vote state", guards: [.idle(to), .ownFile(to)], deed: .act(.keep(to)),
            proof: [.kept(to)], within: .seconds(10), hazard: .safe, always: true)
    }

    /// Before the cut: the receiver is able, the epoch is not about to end, breadcrumbs lie, and the voter has just voted.
    func preparation(from voter: NodeID, to: NodeID) -> Part {
        var ready: [ConfluxCondition] = [
            .voting(voter), .running(voter), .synced(voter), .ownFile(voter), .noSave(voter), .noStrangeFile(voter),
        ]
        ready += able(to) + [.noSave(to), .waypointFor(to, from: voter)]
        for other in nodes where other != voter && other != to { ready.append(.idle(other)) }
        ready += nodes.map { .voterFalse($0) } + [.farFromEpochEnd(blocks: epochEndBlocks)]
        let wait = Step<Conflux>(
            "ready.\(voter).\(to)", "wait until \(to) is able to vote and the epoch is not about to end", deed: .wait, proof: ready,
            within: max(round * 20, .seconds(30)), hazard: .safe)
        let advance = Step<Conflux>(
            "voted.\(voter).\(to)", "wait until \(voter) has just voted", deed: .wait,
            proof: [.justAdvanced(voter, within: round / 8)], within: round * 3, hazard: .safe,
            question: "\(voter) has not voted for three rounds; a vote may be missed. Go on?", poll: poll)
        return Part([wait, mark(from: voter, to: to), keeping(voter, to), advance])
    }

    /// About five rounds before the end of an epoch nothing is begun (conflux-pos.md §2.5); less where epochs are short.
    private var epochEndBlocks: UInt64 { min(5, site.roundsPerEpoch / 4) }

    /// The cut of safety.md, exactly.
    func cut(from voter: NodeID, to: NodeID) -> Part {
        let name = "\(voter).\(to)"
        let others = nodes.filter { $0 != voter && $0 != to }.map { ConfluxCondition.idle($0) }
        let stop = Step<Conflux>(
            "stop.\(name)", "stop_voting on \(voter)",
            guards: [.voting(voter), .noSave(voter), .ownFile(voter), .idle(to), .noSave(to), .ownFile(to), .granted(voter)] + others,
            deed: .act(.stopVoting(voter)), proof: [.stopped(voter)], within: .seconds(15), hazard: .reversible)
        var steps = [stop]
        steps += startingSteps(name, fenced: voter, to: to, handOver: [voter])
        return Part(steps, cut: Cut(first: stop.id, last: StepID("start.\(name)"), from: voter, to: to))
    }

    /// Grant, take the handed-over file out of the node's sight, place, start.
    func startingSteps(_ name: String, fenced: NodeID?, to: NodeID, handOver: [NodeID], within: Duration = .seconds(15)) -> [Step<Conflux>]
    {
        let others = nodes.filter { $0 != to }
        let still: [ConfluxCondition] = others.flatMap { [.idle($0), .sameIncarnation($0)] }
        var steps: [Step<Conflux>] = [
            Step(
                "grant.\(name)", "grant \(to) the right to vote", guards: still + [.idle(to), .sameIncarnation(to)], deed: .grant(to),
                proof: [.never], within: within, hazard: .slashable)
        ]
        for node in handOver {
            steps.append(
                Step(
                    "hand.\(name)\(node == fenced ? "" : ".\(node)")", "rename .save on \(node) to .handed-over", guards: [],
                    deed: .act(.handOver(node)), proof: [.noSave(node)], within: .seconds(10), hazard: .reversible))
        }
        steps += [
            Step(
                "place.\(name)", "place the granted vote state on \(to)",
                guards: still + [.idle(to), .sameIncarnation(to), .noSave(to), .ownFile(to), .granted(to), .epochAsGranted(to)],
                deed: .act(.place(to)), proof: [.placed(to)], within: .seconds(10), hazard: .slashable),
            Step(
                "start.\(name)", "start_voting on \(to)",
                guards: still + [.idle(to), .sameIncarnation(to), .placed(to), .granted(to), .epochAsGranted(to)], deed: .vest(to),
                proof: [.votesFromGrant(to)], within: .seconds(15), hazard: .slashable),
        ]
        return steps
    }

    /// After the cut: the bytes are durable, and a vote above the record is on chain.
    func proof(of node: NodeID) -> Part {
        Part([
            Step(
                "sync.\(node)", "sync \(node)'s vote state to disk", guards: [.voting(node)], deed: .act(.sync(node)), proof: [],
                within: .seconds(15), hazard: .safe),
            Step(
                "prove.\(node)", "wait for a vote of \(node) on chain",
                deed: .firstThatHolds([Branch(when: .mute(node), steps: [mending(node)]), Branch(when: .proven(node), steps: [])]),
                proof: [],
                // A vote shows once its round's certificate is in the next block: looking more often shows nothing sooner.
                within: site.settle + round * 12, hazard: .safe, poll: unhurried),
        ])
    }

    /// A mute voter whose own file was not kept votes again by itself when the epoch rolls (conflux-pos.md §2.5).
    private func patience(with node: NodeID) -> Part {
        Part([
            Step(
                "prove.\(node)", "wait for the next epoch, until which \(node) is mute, and for its vote on chain", deed: .wait,
                proof: [.proven(node)], within: epochWithin, hazard: .safe)
        ])
    }

    /// A mute voter calls for another plan at once.
    private func mending(_ node: NodeID) -> Step<Conflux> {
        Step(
            "mute.\(node)", "\(node) is mute; plan its repair", deed: .wait, proof: [.never], within: .seconds(1), hazard: .safe)
    }

    /// What is left when one node votes: its proof, or its repair when it is mute and its kept file is at hand.
    func confirming(_ voter: NodeID) -> [Part] {
        let canRepair = facts.files(voter)?.kept.held != nil && facts.files(voter)?.save == .absent
        guard judge(.mute(voter)) == .holds else { return [proof(of: voter)] }
        guard canRepair, let record = memory.lastGrant, record.isOpen, record.grant.node == voter else { return [patience(with: voter)] }
        let name = "mute.\(voter)"
        let stop = Step<Conflux>(
            "stop.\(name)", "stop_voting on the mute \(voter)", guards: [.voting(voter), .noSave(voter), .ownFile(voter)],
            deed: .act(.stopVoting(voter)), proof: [.stopped(voter)], within: .seconds(15), hazard: .reversible)
        var steps = [stop] + startingSteps(name, fenced: nil, to: voter, handOver: [])
        let restore = Step<Conflux>(
            "restore.\(name)", "put \(voter)'s kept vote state back", guards: [.idle(voter), .granted(voter), .epochAsGranted(voter)],
            deed: .act(.restoreKept(voter)), proof: [.noSave(voter), .ownFile(voter)], within: .seconds(10), hazard: .reversible)
        steps.insert(restore, at: 2)
        let cut = Cut(first: stop.id, last: StepID("start.\(name)"), from: voter, to: voter)
        return [Part(steps, cut: cut), proof(of: voter)]
    }

    // MARK: Nobody votes

    /// One voter again, from the record of the last grant or behind an epoch barrier (safety.md R2, R6).
    func settle(on node: NodeID, verb: String) throws(Refusal) -> Plan<Conflux> {
        guard nodes.contains(node) else {
            throw Refusal(
                "conflux.node", "\(node) is no node of \(site.validator).",
                remedy: "Name one of \(nodes.map(\.rawValue).joined(separator: ", ")).")
        }
        let ghosts = ghosts
        return make(
            words(verb, ["to": .string(node.rawValue)]), "Start the vote of \(site.validator) on \(node)",
            nodes.filter { !ghosts.contains($0) }.map { .idle($0) }, try settling(on: node), result: "\(node) votes")
    }

    /// The parts that bring the vote to a node while nobody votes.
    ///
    /// - Parameter areLaid: whether earlier parts of the plan have laid the ghosts.
    func settling(on node: NodeID, areLaid: Bool = false) throws(Refusal) -> [Part] {
        for other in nodes { try refuseStrange(other) }
        let name = "nobody.\(node)"
        let ghosts = ghosts
        var before: [Step<Conflux>] = []
        let files = facts.files(node)
        let isUp = facts.process(node)?.incarnation != nil
        let restores = isUp && canRestore(node)
        if isUp, !restores, files?.json == .absent || mayStillRun(on: node), !ghosts.contains(node) { before += restarting(node) }
        if !isUp { before.append(starting(node)) }
        before.append(
            Step(
                "able.\(name)", "wait until \(node) is able to vote", deed: .wait,
                proof: able(node).filter { !restores || $0 != .ownFile(node) } + nodes.map { .idle($0) },
                within: ableWithin, hazard: .safe))
        // The breadcrumb is the first step of the cut: its intent notes which processes are fenced.
        var steps = [mark(from: nil, to: node, guards: nodes.map { .idle($0) })]
        if files?.json.held != nil { steps.append(keeping(node, node)) }
        var records: [NodeID] = []
        for other in nodes where !ghosts.contains(other) && facts.files(other)?.save.held != nil {
            if token(on: other) != nil { steps.append(revoking(other, guards: [.idle(other)])) } else { records.append(other) }
        }
        // A record that lies on the receiver itself leaves the node's sight before the grant is placed.
        steps += startingSteps(name, fenced: nil, to: node, handOver: records, within: epochWithin)
        if restores, let place = steps.firstIndex(where: { $0.id == StepID("place.\(name)") }) { steps.insert(restoring(node), at: place) }
        guard let first = steps.first else { return [] }
        let cut = Cut(first: first.id, last: StepID("start.\(name)"), from: nil, to: node)
        return (areLaid ? [] : laying(ghosts)) + [Part(before), Part(steps, cut: cut), proof(of: node)]
    }

    /// The very process that stopped may start again while its epoch lasts: it needs its own file beside the granted
    /// one (conflux-pos.md §2.6). Behind an epoch's end its memory is stale and it must be restarted (§12 no. 5).
    private func canRestore(_ node: NodeID) -> Bool {
        guard let files = facts.files(node), files.json == .absent, let save = files.save.held else { return false }
        guard facts.voting(node)?.unanswered == nil, let grant = memory.lastGrant?.grant, grant.node == node else { return false }
        return facts.process(node)?.incarnation == grant.incarnation && facts.ledger(node)?.epoch == save.state.watermark.epoch
    }

    private func restoring(_ node: NodeID) -> Step<Conflux> {
        Step(
            "restore.\(node)", "write the granted vote state as \(node)'s own file",
            guards: [.idle(node), .granted(node), .epochAsGranted(node)],
            deed: .act(.restoreOwn(node)), proof: [.ownFile(node)], within: .seconds(10), hazard: .reversible)
    }

    private func refuseStrange(_ node: NodeID) throws(Refusal) {
        let condition = ConfluxCondition.noStrangeFile(node)
        switch judge(condition) {
        case .holds: return
        case .fails(let rule): throw Refusal(rule, "Not so: \(condition.words).", remedy: remedy(for: condition))
        case .unknown(let rule, let doubt):
            throw Refusal(rule, "Unknown (\(doubt)): \(condition.words).", remedy: remedy(for: condition), doubt: doubt)
        }
    }

    /// A `.save` that lies there by Baton's own hand: the bytes of the last grant or of the breadcrumb beside it.
    func ownToken(on node: NodeID) -> GrantNumber? {
        guard let files = facts.files(node), let save = files.save.held else { return nil }
        let grants = [memory.lastGrant?.grant, files.grant].compactMap { $0 }
        return grants.first { $0.node == node && $0.origin != .adopted && $0.state.digest == save.state.digest }?.number
    }

    /// Takes away what was placed beside a voter that people started meanwhile, and closes the grant that it was for.
    func takingAway(beside voter: NodeID) -> [Part] {
        let holders = nodes.filter { $0 != voter && ownToken(on: $0) != nil }
        var steps = holders.map { revoking($0, guards: [.idle($0)]) }
        if let record = memory.lastGrant, record.isOpen, record.grant.node != voter { steps.append(closing(record.grant.node)) }
        return steps.isEmpty ? [] : [Part(steps)]
    }
}
