import BatonKernel
import BatonModel

extension ConfluxPlanner {
    /// The idle node first, the vote handed over, then the other; once a leg has turned back, only the way back.
    func upgrade(_ target: ReleaseTarget, _ switchBack: Bool) throws(Refusal) -> Plan<Conflux> {
        let voter = try upgradeVoter()
        if let failure = history.failure { return try puttingBack(failure, voter) }
        guard let first = history.firstVoter ?? voter else {
            throw Refusal("conflux.voting", "Nobody votes for \(site.validator).", remedy: "Run `baton start \(site.validator)`.")
        }
        let second = try receiver(nil, besides: first)
        let late = nodes.filter { isLate($0, target) }
        if late.isEmpty, !history.isResumed {
            throw Refusal("conflux.on-release", "Every node runs \(target.version) already.", remedy: "Nothing to do.")
        }
        var parts: [Part] = [Part(nodes.map { staging(target, on: $0) })] + laying(ghosts)
        if let voter { parts += adoption(of: voter) }
        // The voter is never touched: hand over first, whoever it is now.
        if late.contains(second) { parts.append(bringUp(second, target, beside: voter)) }
        var votes = voter
        if late.contains(first) {
            parts += try handOver(&votes, to: second)
            parts.append(bringUp(first, target, beside: votes))
        }
        let last = switchBack ? first : second
        if votes != last, switchBack || votes == nil { parts += try handOver(&votes, to: last) }
        if let votes, parts.allSatisfy({ $0.cut == nil }) { parts += confirming(votes) }
        return make(
            words(
                "upgrade",
                [
                    "to": .string(target.version), "release": .string(target.digest), "switch_back": .bool(switchBack),
                    "first": .string(first.rawValue),
                ]),
            "Upgrade \(site.validator) to \(target.version), \(second) first", try upgradeAssumptions(voter), parts,
            result: "both nodes run \(target.version), \(votes?.rawValue ?? "nobody") votes")
    }

    private func upgradeAssumptions(_ voter: NodeID?) throws(Refusal) -> [ConfluxCondition] {
        guard let voter, !history.isResumed else { return [] }
        let other = try receiver(nil, besides: voter)
        return try assumptions(from: voter, to: other)
    }

    /// Who votes; a node that this operation has switched may be silent, since it is coming up or never will.
    private func upgradeVoter() throws(Refusal) -> NodeID? {
        let standing = standing
        if case .votes(let voter) = standing { return voter }
        if case .nobody = standing { return nil }
        let voters = nodes.filter { judge(.voting($0)) == .holds }
        let others = nodes.filter { !voters.contains($0) }
        if case .doubt = standing, voters.count == 1, history.isResumed,
            others.allSatisfy({ judge(.idle($0)) == .holds || isComingUp($0) })
        {
            return voters[0]
        }
        if let refusal { throw refusal }
        return nil
    }

    /// Whether this operation has switched its release, and its process was started as a non-voter.
    private func isComingUp(_ node: NodeID) -> Bool { lastSwitch(of: node) != nil && judge(.startedIdle(node)) == .holds }

    /// Whether the node is still to be upgraded, or was switched and never proved able to vote.
    private func isLate(_ node: NodeID, _ target: ReleaseTarget) -> Bool {
        if judge(.onRelease(node, digest: target.digest, version: target.version)) != .holds { return true }
        return lastSwitch(of: node) != nil && !history.proved.contains("able.\(node)") && judge(.voting(node)) != .holds
    }

    /// Hands the vote over, from the voter of then or from nobody.
    private func handOver(_ votes: inout NodeID?, to node: NodeID) throws(Refusal) -> [Part] {
        defer { votes = node }
        guard let voter = votes else { return try settling(on: node, areLaid: true) }
        guard voter != node else { return [] }
        return [preparation(from: voter, to: node), cut(from: voter, to: node), proof(of: node)]
    }

    // MARK: One node

    /// Copies a release beside a node; its digest is checked there.
    private func staging(_ target: ReleaseTarget, on node: NodeID) -> Step<Conflux> {
        Step(
            "stage.\(node)", "copy release \(target.version) to \(node)", guards: [],
            deed: .act(.stage(node, folder: target.folder, digest: target.digest)), proof: [.staged(node, digest: target.digest)],
            within: .seconds(600), hazard: .safe)
    }

    /// Ends an idle node, switches its release, starts it and waits until it is able to vote; when it does not come up it
    /// is put back where the driver knows a way.
    private func bringUp(_ node: NodeID, _ target: ReleaseTarget, beside voter: NodeID?) -> Part {
        let before = releaseBefore(of: node, target)
        let way = wayBack(of: node, target, before, beside: voter)
        let within = target.within ?? ableWithin
        let isLinked = judge(.linked(node, digest: target.digest)) == .holds
        let isAlive = facts.process(node)?.incarnation != nil
        let runsAnother = facts.release(node)?.running.map { !$0.contains("v" + target.version) } ?? false
        let down = Step<Conflux>(
            "down.\(node)", "end \(node)'s process", guards: [.idle(node), .voterFalse(node), .staged(node, digest: target.digest)],
            deed: .act(.stopProcess(node)), proof: [.ended(node)], within: .seconds(1260), hazard: .reversible)
        let link = Step<Conflux>(
            "switch.\(node)", "switch \(node) to \(target.version)", guards: [.ended(node), .staged(node, digest: target.digest)],
            deed: .act(.switchRelease(node, digest: target.digest, before: before)), proof: [.linked(node, digest: target.digest)],
            within: .seconds(30), hazard: .reversible)
        let start = Step<Conflux>(
            "up.\(node)", "start \(node)'s process", guards: [.ended(node), .voterFalse(node), .linked(node, digest: target.digest)],
            deed: .act(.startProcess(node)), proof: [.alive(node)], within: within, hazard: .reversible, wayBack: way)
        let able = Step<Conflux>(
            "able.\(node)", "wait until \(node) is able to vote on \(target.version)", deed: .wait,
            proof: [.alive(node)] + able(node) + [.noSave(node), .onRelease(node, digest: target.digest, version: target.version)],
            within: within, hazard: .safe, wayBack: way)
        if isLinked, isAlive, !runsAnother { return Part([able]) }
        return Part(isLinked && !isAlive ? [start, able] : [down, link, start, able])
    }

    // MARK: The way back

    /// The deed by which this operation has switched a node last.
    private func lastSwitch(of node: NodeID) -> JSON? {
        history.deeds.last { $0["act"]?["do"] == "switchRelease" && $0["act"]?["node"]?.string == node.rawValue }?["act"]
    }

    /// What a node ran before the target: by its link, and once that was switched by the deed in the journal.
    private func releaseBefore(of node: NodeID, _ target: ReleaseTarget) -> ReleaseBefore? {
        guard let release = facts.release(node) else { return nil }
        guard release.current == target.digest else { return ReleaseBefore(name: release.current, version: release.version) }
        return ReleaseBefore(json: lastSwitch(of: node)?["before"])
    }

    /// The node that this operation switched last, with what it ran before: of two, the first one's node votes by then.
    private var lastSwitched: (node: NodeID, before: ReleaseBefore)? {
        for deed in history.deeds.reversed() where deed["act"]?["do"] == "switchRelease" {
            guard let node = deed["act"]?["node"]?.string, let before = ReleaseBefore(json: deed["act"]?["before"]) else { continue }
            return (NodeID(node), before)
        }
        return nil
    }

    /// An upgrade that is given up while its last node is not proved on the new release: that node is put back, where
    /// there is a way. `nil` when there is nothing of that kind.
    func abortingSwitch() throws(Refusal) -> Plan<Conflux>? {
        guard let (node, before) = lastSwitched, !history.proved.contains("able.\(node)"), let release = facts.release(node),
            let voter = try upgradeVoter(), voter != node
        else { return nil }
        if let failure = history.failure { return try puttingBack(failure, voter) }
        let way = ReleaseReturn(from: release.version, to: before.version, chainID: site.chainID)
        guard release.current != before.name, judge(.canReturn(node, way)) == .holds else { return nil }
        return make(
            words("abort", ["back": .string(node.rawValue), "to": .string(before.version)]), "Put \(node) back on \(before.version)", [],
            [Part(backSteps(node, before, way, beside: voter))], result: "\(voter) votes, \(node) is idle on \(before.version) again")
    }

    /// The way back that a plan declares for a node; without steps when the driver knows none.
    private func wayBack(
        of node: NodeID, _ target: ReleaseTarget, _ before: ReleaseBefore?, beside voter: NodeID?
    ) -> WayBack<Conflux> {
        func none(_ why: String) -> WayBack<Conflux> {
            WayBack(
                steps: [],
                result: "\(voter.map { "\($0) votes" } ?? "nobody votes"), \(node) stays idle on \(target.version); no way back: \(why)",
                remedy: "Look into \(logs(node)), mend what keeps \(target.version) from coming up, then run `baton resume`"
                    + (voter == nil ? ", or `baton abort`, which lets one node vote." : "; the voter goes on meanwhile."))
        }
        guard let voter else { return none("nobody votes, and a vote comes before a release") }
        guard let before else { return none("what \(node) ran before is not known") }
        let way = ReleaseReturn(from: target.version, to: before.version, chainID: site.chainID)
        guard way.needs != nil else { return none("whether \(before.version) reads what \(target.version) writes is not known") }
        let isAsBefore = judge(.voting(voter)) == .holds && lastSwitch(of: voter) == nil
        return WayBack(
            steps: backSteps(node, before, way, beside: voter),
            result: (isAsBefore ? "the fleet is as it was: " : "") + "\(voter) votes, \(node) is idle on \(before.version) again",
            remedy: "Look into \(logs(node)), mend the release, then run the upgrade again.")
    }

    private func logs(_ node: NodeID) -> String { "\(site.node(node)?.directory ?? "the node's folder")/log" }

    /// Ends a node that is not the voter, points its link back, starts it and proves it able to vote again.
    private func backSteps(
        _ node: NodeID, _ before: ReleaseBefore, _ way: ReleaseReturn, beside voter: NodeID?
    ) -> [Step<Conflux>] {
        // Its answer may never come; then the other node's vote shows that it is not the voter (safety.md R5).
        let isNoVoter: [ConfluxCondition] = voter.map { [.voting($0), .startedIdle(node)] } ?? [.idle(node)]
        let end = Step<Conflux>(
            "back.end.\(node)", "end \(node)'s process", guards: isNoVoter + [.voterFalse(node), .canReturn(node, way)],
            deed: .act(.stopProcess(node)), proof: [.ended(node)], within: .seconds(1260), hazard: .reversible)
        let link = Step<Conflux>(
            "back.link.\(node)", "put \(node) back on \(before.version)", guards: [.ended(node), .canReturn(node, way)],
            deed: .act(.putBack(node, before)), proof: [.linked(node, digest: before.name)], within: .seconds(30), hazard: .reversible)
        let start = Step<Conflux>(
            "back.up.\(node)", "start \(node)'s process", guards: [.ended(node), .voterFalse(node), .linked(node, digest: before.name)],
            deed: .act(.startProcess(node)), proof: [.alive(node)], within: ableWithin, hazard: .reversible)
        let able = Step<Conflux>(
            "back.able.\(node)", "wait until \(node) is able to vote on \(before.version)", deed: .wait,
            proof: [.alive(node)] + able(node) + [.noSave(node), .onRelease(node, digest: before.name, version: before.version)],
            within: ableWithin, hazard: .safe)
        return [end, link, start, able]
    }

    /// What is left of a way back that an earlier leg has turned to.
    private func puttingBack(_ failure: Failure, _ voter: NodeID?) throws(Refusal) -> Plan<Conflux> {
        guard let (node, before) = lastSwitched, node != voter, let release = facts.release(node) else {
            throw Refusal(
                "conflux.way-back", "Which node is to be put back is not known.",
                remedy: "Look at both nodes' `current` and `baton log`, and put the link back by hand.", doubt: .unreadable)
        }
        let way = ReleaseReturn(from: release.version, to: before.version, chainID: site.chainID)
        var steps = backSteps(node, before, way, beside: voter)
        // The link is back already: what runs then is the release before.
        if release.current == before.name { steps = Array(steps.dropFirst(facts.process(node)?.incarnation == nil ? 2 : 3)) }
        let ends =
            voter != nil
            ? failure
            : Failure(
                failure.rule, failure.words, result: "nobody votes, \(node) is idle on \(before.version) again",
                remedy: "Run `baton start \(site.validator)`.")
        return make(
            words("upgrade", ["back": .string(node.rawValue), "to": .string(before.version)]),
            "Put \(node) back on \(before.version)", [], [Part(steps)], result: ends.result, failure: ends)
    }
}
