package import BatonKernel
package import BatonModel

/// The licence that an operator types where none is found (safety.md, promise 2d).
///
/// It stands in for a missing record and for an epoch that has not begun yet, and for nothing else: every node is fenced
/// as for any licence, and what chain, ledger and grants know of higher votes forbids it.
package enum ConfluxOverride {
    /// What has to be typed: the risk, and whose it is.
    ///
    /// - Parameter identity: 64 hex digits.
    package static func phrase(of validator: ValidatorID, identity: String) -> String {
        "risk a double vote of \(validator) 0x\(identity.prefix(8))"
    }

    /// What an override would place on a node.
    package enum Placement: Hashable, Sendable {
        /// These bytes, with the vetoes that were asked and did not speak.
        case bytes(VoteState, vetoes: [String])
        /// A fact is missing, or not there yet.
        case wait(RuleID, String)
        /// Somebody knows of a higher vote.
        case vetoed(String)
    }

    /// Chooses by the table of epochs (conflux-pos.md §2.5): the highest vote state that lies beside any node when it is of
    /// the receiver's epoch, or (e, 0, 0) of the receiver's own when all of them are older.
    package static func placement(
        on node: NodeID, of plan: Plan<Conflux>, by facts: Facts<Conflux>, with memory: Memory, at now: Instant
    ) -> Placement {
        let asked: [ConfluxQuestion] = [.signatures, .network, .ledger(node)] + plan.nodes.map { .files($0) }
        for question in asked {
            guard let fact = facts[question], fact.value.value != nil, fact.at.duration(to: now) <= Conflux.freshness else {
                return .wait(Override.rule, "the answer about \(question.name) is missing, and a veto may be in it")
            }
        }
        guard let ledger = facts.ledger(node), let network = facts.network, ledger.epoch == network.epoch else {
            return .wait("conflux.synced", "\(node) is not in the network's epoch")
        }
        guard let own = facts.files(node)?.json.held else { return .wait("conflux.own-file", "\(node) has no vote state of its own") }
        let highest = plan.nodes.flatMap { held(beside: $0, facts) }.map(\.state).max { $0.watermark < $1.watermark } ?? own.state
        guard highest.watermark.epoch <= ledger.epoch else {
            return .wait("conflux.synced", "\(node) is still in epoch \(ledger.epoch), a vote state is of \(highest.watermark.epoch)")
        }
        var bytes = highest
        if own.isFresh, own.state.watermark == highest.watermark {
            // Nothing was signed by either: the receiver's own is the one that it would make itself.
            bytes = own.state
        } else if highest.watermark.epoch < ledger.epoch {
            guard own.isFresh, own.state.watermark.epoch == ledger.epoch else {
                return .wait("conflux.own-file", "\(node) has no fresh vote state of epoch \(ledger.epoch) yet")
            }
            bytes = own.state
        }
        return judged(bytes, plan, facts, memory)
    }

    /// Every vote state of this identity beside a node, live, saved and handed over.
    private static func held(beside node: NodeID, _ facts: Facts<Conflux>) -> [HeldFile] {
        guard let files = facts.files(node) else { return [] }
        let moved = files.handedOver.keys.sorted().compactMap { files.handedOver[$0] }
        return ([files.json, files.save] + moved).compactMap(\.held)
    }

    /// What chain, ledger and grants say to it.
    private static func judged(_ bytes: VoteState, _ plan: Plan<Conflux>, _ facts: Facts<Conflux>, _ memory: Memory) -> Placement {
        let mark = bytes.watermark
        var vetoes = ["fenced: " + plan.nodes.map(\.rawValue).joined(separator: ", ")]
        if let seen = facts.signatures?.highest {
            guard seen <= mark else { return .vetoed("a vote of ours at \(seen) is on chain, above \(mark), which would be placed") }
            vetoes.append("chain: highest vote \(seen)")
        } else {
            vetoes.append("chain: no recent vote")
        }
        if let floor = memory.floor.value {
            guard floor <= mark else { return .vetoed("the vote ledger knows \(floor), above \(mark), which would be placed") }
            vetoes.append("ledger: floor \(floor)")
        } else {
            vetoes.append("ledger: unknown")
        }
        if let grant = memory.lastGrant?.grant {
            let given = grant.state.watermark
            guard given <= mark else { return .vetoed("grant \(grant.number) gave \(given), above \(mark), which would be placed") }
            vetoes.append("grant \(grant.number): \(given)")
        }
        return .bytes(bytes, vetoes: vetoes)
    }

    /// The licence by what was typed, where `missing` says why there is no other; `nil` when nothing of that kind was typed.
    /// What is vetoed waits for a licence of another kind.
    static func licence(
        _ missing: String, for node: NodeID, of plan: Plan<Conflux>, by facts: Facts<Conflux>, with memory: Memory, at now: Instant,
        fences: [Fence], closing: Closing?, incarnation: Incarnation
    ) -> Licence? {
        guard let typed = memory.override, !typed.reason.isEmpty else { return nil }
        switch placement(on: node, of: plan, by: facts, with: memory, at: now) {
        case .wait(let rule, let words): return .wait(rule, words)
        case .vetoed(let words): return .wait(Override.rule, "the override is refused: \(words); waiting for the next epoch instead")
        case .bytes(let state, let vetoes):
            // Only the phrase that names the risk and the very identity of these bytes is a word of the operator.
            guard let owner = owner(of: state), typed.phrase == phrase(of: plan.validator, identity: owner) else { return nil }
            let override = Override(typed, missing: missing, vetoes: vetoes)
            return .granted(state, .override(override), fences: fences, closing: closing, incarnation: incarnation)
        }
    }

    /// The identity that a vote state names.
    private static func owner(of state: VoteState) -> String? {
        do { return try JSON(parsing: state.bytes)["owner_account"]?["value"]?.string } catch { return nil }
    }
}

extension ConfluxPlanner {
    /// Why the operator's override does nothing here; `nil` when it may be typed.
    func refusal(ofOverrideOn node: NodeID, in plan: Plan<Conflux>) -> Refusal? {
        var plain = memory
        plain.override = nil
        let without = "Run `baton start \(site.validator) --on \(node)` without the override."
        if case .found = Conflux.record(of: memory, facts, plan) {
            return Refusal(Override.rule, "No override is needed: the record of the last grant is there.", remedy: without)
        }
        if case .granted = Conflux.licence(for: node, of: plan, by: facts, with: plain, at: now) {
            return Refusal(Override.rule, "No override is needed: a licence is there.", remedy: without)
        }
        guard case .vetoed(let words) = ConfluxOverride.placement(on: node, of: plan, by: facts, with: memory, at: now) else { return nil }
        return Refusal(Override.rule, "The override is refused: \(words).", remedy: "\(without) \(saferWay)")
    }

    /// The safe way instead of an override, with the time that it takes when that is known.
    package var saferWay: String {
        let time = facts.network.map { network in
            let epoch = round * Double(site.roundsPerEpoch)
            let left = round * Double(network.blocksLeft)
            // An epoch that begins before the fences have settled is not behind them.
            return " about \((left > site.settle ? left : left + epoch).roundedUp)"
        }
        return "It waits\(time ?? "") for an epoch that no fenced node can have voted in: the safe way."
    }

    /// What the operator is told before the phrase is typed.
    package func riskWords(on node: NodeID, in plan: Plan<Conflux>) -> String {
        let why: String
        if case .none(let words) = Conflux.record(of: memory, facts, plan) { why = words } else { why = "" }
        return "No licence is found: \(why). If another copy of this key has voted in this epoch, starting \(node) now can cost half a year"
            + " of the stake. Without the override: \(saferWay)"
    }
}

extension Duration {
    /// In whole minutes, or in words when it is less than one.
    var roundedUp: String {
        let minutes = (components.seconds + 59) / 60
        return minutes <= 1 ? "a minute" : "\(minutes) min"
    }
}
