package import BatonKernel
package import BatonModel

extension Conflux {
    /// Whether a node may be granted the right to vote, and from which bytes (safety.md R1, R2; conflux-pos.md §2.5).
    ///
    /// Every node must be fenced, the receiver must run, and the bytes come from the last grant alone: its record, or,
    /// when it is shown that no start ran under it, its own granted bytes; else from an epoch that began after every
    /// fence, or from a key that never voted. Ledger and chain only veto.
    package static func licence(
        for node: NodeID, of plan: Plan<Conflux>, by facts: Facts<Conflux>, with memory: Memory, at now: Instant
    ) -> Licence {
        if let stale = staleQuestion(for: node, of: plan, by: facts, at: now) {
            return .wait("safety.r9", "the answer about \(stale.name) is too old or missing")
        }
        guard let receiver = facts.process(node), let incarnation = receiver.incarnation else {
            return .wait("conflux.running", "\(node) does not run")
        }
        if let adopted = adoption(of: node, plan, facts, memory, incarnation, now) { return adopted }
        var fences: [Fence] = []
        for other in plan.nodes {
            guard let fence = fence(of: other, by: facts, at: now) else { return .wait("safety.r1", "\(other) is not fenced") }
            fences.append(fence)
        }
        let source: LicenceSource
        switch record(of: memory, facts, plan) {
        case .found(let found): source = found
        case .none(let why):
            let found = withoutRecord(why, node, plan, facts, memory, fences, incarnation, now)
            if case .granted = found { return found }
            return ConfluxOverride.licence(
                why, for: node, of: plan, by: facts, with: memory, at: now, fences: fences,
                closing: closing(of: memory, fences, facts), incarnation: incarnation) ?? found
        }
        return choose(source, for: node, facts, memory, fences, incarnation, now)
    }

    /// The first of the facts that every licence stands on which is missing or too old (safety.md R9).
    private static func staleQuestion(
        for node: NodeID, of plan: Plan<Conflux>, by facts: Facts<Conflux>, at now: Instant
    ) -> ConfluxQuestion? {
        let base: [ConfluxQuestion] = plan.nodes.flatMap { [.process($0), .voting($0), .files($0)] } + [.ledger(node)]
        return base.first { question in facts[question].map { $0.at.duration(to: now) > freshness } ?? true }
    }

    /// A node that people started votes alone: it becomes the grantee with the bytes it votes from.
    private static func adoption(
        of node: NodeID, _ plan: Plan<Conflux>, _ facts: Facts<Conflux>, _ memory: Memory, _ incarnation: Incarnation, _ now: Instant
    ) -> Licence? {
        guard memory.lastGrant?.isOpen != true, facts.voting(node)?.flag == true else { return nil }
        var fences: [Fence] = []
        for other in plan.nodes where other != node {
            guard let fence = fence(of: other, by: facts, at: now) else { return .wait("safety.r1", "\(other) is not fenced") }
            fences.append(fence)
        }
        guard let own = facts.files(node)?.json.held else {
            return .refused("conflux.own-file", "\(node) votes without a readable vote state")
        }
        guard judge(.fileAdvances(node), by: facts, with: memory, at: now) == .holds else {
            return .wait("conflux.file-advances", "\(node)'s vote state has not moved yet")
        }
        return .granted(own.state, .adopted, fences: fences, closing: nil, incarnation: incarnation)
    }

    private static func withoutRecord(
        _ why: String, _ node: NodeID, _ plan: Plan<Conflux>, _ facts: Facts<Conflux>, _ memory: Memory, _ fences: [Fence],
        _ incarnation: Incarnation,
        _ now: Instant
    ) -> Licence {
        guard let own = facts.files(node)?.json.held else { return .wait("conflux.own-file", "\(node) has no vote state of its own") }
        let closing = closing(of: memory, fences, facts)
        if let floor = memory.floor.value, own.state.watermark < floor {
            // A fresh file below what the ledger knows is no licence; a later epoch is.
            return barrier(why, node, plan, facts, memory, fences, incarnation, closing, now)
        }
        let isUntouched = plan.nodes.allSatisfy {
            facts.files($0).map { $0.save == .absent && $0.handedOver.isEmpty && !$0.isGrantTorn } ?? false
        }
        if own.isFresh, isUntouched, judge(.firstEver, by: facts, with: memory, at: now) == .holds {
            return .granted(own.state, .firstEver, fences: fences, closing: closing, incarnation: incarnation)
        }
        return barrier(why, node, plan, facts, memory, fences, incarnation, closing, now)
    }

    private static func barrier(
        _ why: String, _ node: NodeID, _ plan: Plan<Conflux>, _ facts: Facts<Conflux>, _ memory: Memory, _ fences: [Fence],
        _ incarnation: Incarnation, _ closing: Closing?, _ now: Instant
    ) -> Licence {
        guard judge(.beyondBarrier(node), by: facts, with: memory, at: now) == .holds, let above = memory.barrier,
            let own = facts.files(node)?.json.held
        else {
            let until = memory.barrier.map { "epoch \($0 + 1)" } ?? "the fences have settled"
            // Two maximal rounds are settled for (conflux-pos.md §6.2).
            let time = facts.network.map { " (about \((plan.settle * Double($0.blocksLeft) / 5.98).roundedUp))" } ?? ""
            return .wait(
                "safety.r2",
                "\(why); waiting until \(until)\(memory.barrier == nil ? "" : time) so that no vote can be repeated, which is the safe way")
        }
        return .granted(own.state, .epochBarrier(above: above), fences: fences, closing: closing, incarnation: incarnation)
    }

    private static func choose(
        _ source: LicenceSource, for node: NodeID, _ facts: Facts<Conflux>, _ memory: Memory, _ fences: [Fence],
        _ incarnation: Incarnation, _ now: Instant
    ) -> Licence {
        guard let grant = memory.lastGrant?.grant, let ledger = facts.ledger(node) else {
            return .wait("conflux.synced", "\(node)'s epoch is unknown")
        }
        let mark = source.state.watermark
        if let floor = memory.floor.value, mark < floor {
            return .refused("safety.r2", "the vote state (\(mark)) is below what the vote ledger knows (\(floor))")
        }
        if let seen = facts.signatures?.highest, seen > mark {
            return .refused(
                "safety.r2", "a signature at \(seen) is on chain, above the vote state (\(mark)): another voter, or a stale file")
        }
        let closing =
            source.isUnused
            ? Closing.unused(grant.number, shown: source.shown)
            : closing(of: memory, fences, facts)
        let origin = Origin.record(of: grant.number)
        if ledger.epoch == mark.epoch {
            return .granted(source.state, origin, fences: fences, closing: closing, incarnation: incarnation)
        }
        if ledger.epoch < mark.epoch {
            return .wait("conflux.synced", "\(node) is still in epoch \(ledger.epoch), the vote state is of \(mark.epoch)")
        }
        guard let seen = facts[.signatures], seen.value.value != nil, seen.at.duration(to: now) <= freshness else {
            return .wait("safety.r2", "whether a vote of ours is on chain in epoch \(ledger.epoch) is unknown")
        }
        if let repaired = muteRepair(node, grant, facts, source, ledger.epoch) {
            return .granted(repaired, origin, fences: fences, closing: closing, incarnation: incarnation)
        }
        if !source.isUnused, node == grant.node, incarnation == grant.incarnation {
            return .wait("safety.r2", "\(node) stopped in epoch \(mark.epoch) and must be restarted before it votes in \(ledger.epoch)")
        }
        // The receiver is an epoch ahead: its own fresh file, unless it is the very process that stopped (sheet §12 no. 6).
        guard let own = facts.files(node)?.json.held, own.isFresh, own.state.watermark.epoch == ledger.epoch else {
            return .wait("conflux.own-file", "\(node) has no fresh vote state of epoch \(ledger.epoch) yet")
        }
        return .granted(own.state, origin, fences: fences, closing: closing, incarnation: incarnation)
    }

    /// A node that was started with a file of an epoch that was over signed nothing since: after its stop it may start
    /// from (e, 0, 0, null) of the epoch that it is in (safety.md R2; conflux-pos.md §2.10, mute repair).
    private static func muteRepair(
        _ node: NodeID, _ grant: Grant, _ facts: Facts<Conflux>, _ source: LicenceSource, _ epoch: UInt64
    ) -> VoteState? {
        guard grant.node == node, let files = facts.files(node), files.json == .absent, files.save.held?.state == source.state,
            files.kept.held != nil, facts.process(node)?.incarnation == grant.incarnation,
            let signatures = facts.signatures, signatures.highest.map({ $0.epoch < epoch }) ?? true
        else { return nil }
        // Only a start can have made it mute: its file is still of the epoch of the grant.
        guard source.state.watermark.epoch == grant.state.watermark.epoch else { return nil }
        return VoteFileWriter.fresh(epoch: epoch, from: source.state.bytes)
    }

    private static func closing(of memory: Memory, _ fences: [Fence], _ facts: Facts<Conflux>) -> Closing? {
        guard let record = memory.lastGrant, record.isOpen,
            let fence = fences.first(where: { $0.node == record.grant.node })
        else { return nil }
        return .fenced(record.grant.number, fence)
    }
}

/// The bytes that the last grant licenses.
package struct LicenceSource: Hashable, Sendable {
    package let state: VoteState
    /// No start ran under the last grant: the bytes are the granted ones.
    package let isUnused: Bool
    package let shown: String
}

/// The record of the last grant, or why there is none.
package enum RecordFinding: Hashable, Sendable {
    case found(LicenceSource)
    case none(String)
}

extension Conflux {
    /// Finds the record of the last grant beside its grantee (safety.md R2).
    package static func record(of memory: Memory, _ facts: Facts<Conflux>, _ plan: Plan<Conflux>) -> RecordFinding {
        guard let grant = memory.lastGrant?.grant else { return .none("no grant is known for this key") }
        guard let files = facts.files(grant.node), let process = facts.process(grant.node) else {
            return .none("\(grant.node)'s files can't be read")
        }
        // Power loss may bring a consumed token or the file before it back, so after a reboot no file shows anything.
        guard process.bootID == grant.incarnation.bootID else { return .none("\(grant.node)'s host was rebooted since its grant") }
        if let node = plan.nodes.first(where: { hidesGrant($0, after: grant, facts) }) {
            return .none("the breadcrumb of a grant beside \(node) can't be read")
        }
        // Read once: a pair that has lived long has many files that were handed over.
        let stamp = ownerStamp(of: grant)
        if memory.lastGrant?.isOpen == true, let unused = unused(grant, stamp, files, process) { return .found(unused) }
        var candidates: [HeldFile] = []
        for file in [files.save, files.json] + files.handedOver.keys.sorted().compactMap({ files.handedOver[$0] }) {
            if let held = file.held, isRecord(held, of: grant, stamp) { candidates.append(held) }
        }
        guard let best = candidates.max(by: { $0.state.watermark < $1.state.watermark }) else {
            return .none("no vote state that follows grant \(grant.number) lies on \(grant.node)")
        }
        return .found(LicenceSource(state: best.state, isUnused: false, shown: ""))
    }

    /// Whether a torn breadcrumb beside a node may be of a later grant: it is of an earlier boot than the node's present one,
    /// so it is older than a grant that was opened in the present one.
    private static func hidesGrant(_ node: NodeID, after grant: Grant, _ facts: Facts<Conflux>) -> Bool {
        guard facts.files(node)?.isGrantTorn == true, let boot = facts.process(node)?.bootID else { return false }
        let known = node == grant.node ? grant.incarnation.bootID : grant.fences.first { $0.node == node }?.bootID
        return known != boot
    }

    /// A file is the grantee's record when it descends from the granted bytes: same owner stamp, not below them.
    private static func isRecord(_ file: HeldFile, of grant: Grant, _ stamp: Int64?) -> Bool {
        guard let stamp else { return false }
        return file.ownerStamp == stamp && file.state.watermark >= grant.state.watermark
    }

    /// Whether it is shown that no start ran under an open grant: its token was taken away with exactly the granted
    /// bytes, or the node's own file, which a start would have replaced, is still there (safety.md R1).
    private static func unused(_ grant: Grant, _ stamp: Int64?, _ files: FilesReading, _ process: ProcessReading) -> LicenceSource? {
        guard grant.origin != .adopted, files.save == .absent, let own = files.json.held else { return nil }
        guard own.state.watermark < grant.state.watermark || isUntouched(own, by: grant) else { return nil }
        let isAbove = files.handedOver.values.contains { file in
            file.held.map { isRecord($0, of: grant, stamp) && $0.state.watermark > grant.state.watermark } ?? false
        }
        guard !isAbove else { return nil }
        if let revoked = files.revoked[grant.number.rawValue]?.held {
            guard revoked.state.digest == grant.state.digest else { return nil }
            return LicenceSource(state: grant.state, isUnused: true, shown: "token revoked on \(grant.node)")
        }
        let isSameProcess = process.incarnation == grant.incarnation
        let isKeptFile = files.kept.held.map { $0.ownerStamp == own.ownerStamp } ?? false
        // The copy may be younger than the grant (a file lost, made anew, kept again), so it counts only where the grant's
        // breadcrumb, which is written before its token, never lay.
        let isNeverPlaced = files.grant.map { $0.number < grant.number } ?? true
        guard isSameProcess || (isKeptFile && isNeverPlaced) else { return nil }
        return LicenceSource(state: grant.state, isUnused: true, shown: "token never consumed on \(grant.node)")
    }

    /// The node's own file is another one than the granted bytes, made by itself.
    private static func isUntouched(_ own: HeldFile, by grant: Grant) -> Bool {
        guard let stamp = ownerStamp(of: grant) else { return false }
        return own.ownerStamp != stamp && own.isFresh
    }

    /// `owner_account.last_update` of the granted bytes, in seconds since 1970.
    private static func ownerStamp(of grant: Grant) -> Int64? {
        do {
            return try JSON(parsing: grant.state.bytes)["owner_account"]?["last_update"]?.integer
        } catch {
            return nil
        }
    }
}
