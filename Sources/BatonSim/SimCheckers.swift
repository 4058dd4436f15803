package import BatonConfluxNode
import BatonKernel
package import BatonModel

/// The promises of safety.md that a simulated run is judged by.
package enum SimChecker: String, Hashable, Sendable, CaseIterable {
    /// Promise 1: at most one node of the identity can vote.
    case oneVoter
    /// Promise 2: every start ran under the open grant whose bytes it used, and those dominate every signed vote.
    case licence
    /// Promise 3: an intent was durable before each stop, placing and start.
    case intent
    /// Promise 4: after the faults one resume or recover reaches one voter, or names the missing fact.
    case resume
    /// Promise 7: nothing unreadable is lost, and a refusal touches nothing.
    case unharmed
}

/// Judges one run by what nodes did, signed and hold on disk; of the store it reads grants and intents only.
package final class SimCheckers: NodeWitness, @unchecked Sendable {
    /// A promise that was broken.
    package struct Violation: Hashable, Sendable, CustomStringConvertible {
        /// Who found it.
        package let checker: SimChecker
        /// What happened.
        package let words: String
        /// Virtual time.
        package let at: Instant
        package var description: String { "\(checker.rawValue) at \(Duration.nanoseconds(at.nanoseconds).readable): \(words)" }
    }

    /// What was found, in order.
    package private(set) var violations: [Violation] = []
    /// Starts that a controller sent and a node executed.
    package private(set) var starts = 0
    /// Phrases of overrides that the operator of this run typed; an override with another one is nobody's word.
    package var typed: Set<String> = []
    /// Whether somebody else made a voter in this run: signed votes alone prove nothing against Baton then.
    package private(set) var hadForeignVoter = false
    private let fleet: SimConfluxFleet
    private var ledgers: [SimLedger]
    private var saved: [String: [UInt8]?] = [:]
    private var foreignSince: [String: Int64] = [:]
    private var startSent: [Int: Int64] = [:]
    private var highest: Watermark?

    /// Watches a fleet and its state place.
    package init(_ fleet: SimConfluxFleet, _ ledger: SimLedger) {
        (self.fleet, ledgers) = (fleet, [ledger])
        fleet.witness = self
        fleet.machine.tree.onLoss = { [unowned self] path, old, _ in lost(path, old) }
    }

    /// Reads another state place, too.
    package func add(_ ledger: SimLedger) { ledgers.append(ledger) }

    /// Notes a broken promise.
    package func blame(_ checker: SimChecker, _ words: String) {
        let violation = Violation(checker: checker, words: words, at: Instant(nanoseconds: fleet.world.now))
        fleet.world.mix(violation.description)
        violations.append(violation)
    }

    /// Watches the effects of a controller for promise 3 and for when a start was sent.
    package func watch(_ life: ControllerLife) {
        life.onEffect = chain(life.onEffect) { [unowned self] name, isEnd in
            guard !isEnd, name.hasPrefix("send test_") || name.hasSuffix(SafetyFile.saved) else { return }
            for node in fleet.settings.nodes { check(name, node) }
        }
    }

    private func chain(
        _ first: ((String, Bool) -> Void)?, _ second: @escaping (String, Bool) -> Void
    ) -> (String, Bool) -> Void {
        { name, isEnd in
            first?(name, isEnd)
            second(name, isEnd)
        }
    }

    private func check(_ name: String, _ node: String) {
        let port = fleet.port(node)
        if name == "send test_posStopVoting \(port)" {
            demand(["stopVoting"], node, "a stop was sent to \(node)")
        } else if name == "send test_posStartVoting \(port)" {
            startSent[port] = fleet.world.now
            demand(["vest"], node, "a start was sent to \(node)")
        } else if name.hasPrefix("file "), name.hasSuffix("\(fleet.folder(node))/pos_db/\(SafetyFile.saved)"),
            ["file replace", "file copy"].contains(where: name.hasPrefix) || name.contains(" > ")
        {
            demand(["place", "restoreOwn", "restoreKept"], node, "a vote state was placed on \(node)")
        }
    }

    private func demand(_ kinds: Set<String>, _ node: String, _ words: String) {
        if !ledgers.contains(where: { $0.intends(kinds, at: node) }) { blame(.intent, "\(words) and no intent was durable") }
    }

    // MARK: Nodes

    package func willExecute(_ method: String, by node: SimNodeProcess) {
        if method == "test_posStartVoting" { saved[node.name] = fleet.read(node.name, SafetyFile.saved) }
    }

    package func didExecute(_ call: ExecutedCall, by node: SimNodeProcess) {
        guard call.method == "test_posStartVoting", case .result = call.reply else { return }
        guard call.connection != SimConfluxFleet.byHand else {
            if !fleet.processes.allSatisfy({ $0 === node || !$0.isVoting }) { foreign(node) }
            return
        }
        starts += 1
        others(node)
        licence(call, node)
    }

    /// Promise 1 at the moment of a start.
    private func others(_ node: SimNodeProcess) {
        for other in fleet.processes where other !== node && other.isVoting {
            // Somebody else made this voter; Baton is to blame only when that could be seen before the start was sent.
            if let since = foreignSince[other.name] {
                let sent = startSent[fleet.port(node.name)] ?? fleet.world.now
                if sent - since < Duration.seconds(5).nanoseconds { continue }
            }
            blame(.oneVoter, "\(node.name) was started while \(other.name) votes")
        }
    }

    /// Promise 2 at the moment of a start.
    private func licence(_ call: ExecutedCall, _ node: SimNodeProcess) {
        let bytes = saved[node.name] ?? nil
        let open = ledgers.compactMap(\.open).filter { $0.node.rawValue == node.name }
        guard let grant = open.first(where: { $0.state.bytes == bytes }) ?? open.first else {
            blame(.licence, "\(node.name) was started without an open grant")
            return
        }
        if grant.incarnation != node.incarnation { blame(.licence, "\(node.name) was started in another life than the granted one") }
        if call.params == [.bool(true)] {
            if case .firstEver = grant.origin { return }
            blame(.licence, "\(node.name) was started from its memory, and it is not the first start of the key's life")
            return
        }
        if case .override(let override) = grant.origin, !typed.contains(override.typed.phrase) {
            blame(.licence, "\(node.name) was started by an override that nobody typed")
        }
        if bytes != grant.state.bytes { blame(.licence, "\(node.name) was started from other bytes than the granted ones") }
        if let highest, grant.state.watermark < highest, !hadForeignVoter {
            blame(.licence, "\(node.name) was started from \(grant.state.watermark) after a vote at \(highest) had been signed")
        }
    }

    package func signed(_ vote: SignedVote) { highest = max(highest ?? vote.watermark, vote.watermark) }

    package func booted(_ node: SimNodeProcess) { if node.isVoting { foreign(node) } }

    private func foreign(_ node: SimNodeProcess) {
        hadForeignVoter = true
        foreignSince[node.name] = fleet.world.now
    }

    package func ended(_ node: SimNodeProcess) { foreignSince[node.name] = nil }

    // MARK: Files

    private func lost(_ path: String, _ old: [UInt8]) {
        guard path.contains("/pos_db/"), !path.contains("/db/"), !old.isEmpty else { return }
        let isReadable: Bool
        do { isReadable = try JSON(parsing: old)["safety_data"] != nil } catch { isReadable = false }
        if !isReadable { blame(.unharmed, "\(path) could not be read and was overwritten") }
    }

    /// What a refusal must leave as it was.
    package func picture() -> [String: [UInt8]] {
        var picture: [String: [UInt8]] = [:]
        for node in fleet.settings.nodes {
            let except: Set<String> = [".baton", "log", "db", SafetyFile.live]
            picture.merge(fleet.machine.tree.snapshot(fleet.folder(node), except: except)) { $1 }
        }
        return picture
    }

    /// Compares after a refusal.
    package func refused(_ before: [String: [UInt8]]) {
        let after = picture()
        for path in Set(before.keys).union(after.keys).sorted() where before[path] != after[path] {
            blame(.unharmed, "\(path) changed although the operation was refused")
        }
    }

    // MARK: The end

    /// The chain's own judgement, once the run has settled (promise 1).
    package func judge() {
        guard !hadForeignVoter, let verdict = fleet.chain.model.verdict(of: fleet.identity) else { return }
        for conflict in verdict.conflicting { blame(.oneVoter, "conflicting votes at \(conflict.at) by \(conflict.by)") }
        if verdict.disputes > 0, verdict.conflicting.isEmpty { blame(.oneVoter, "\(verdict.disputes) disputes") }
        for overlap in verdict.overlap where !isHandOver(overlap, verdict) {
            blame(.oneVoter, "two processes signed at \(overlap.at): \(overlap.by)")
        }
        let names = fleet.voters
        if names.count > 1 { blame(.oneVoter, "\(names) vote at the end") }
    }

    /// The last vote of one process may be sent again by the next one, which holds it in its file.
    private func isHandOver(_ overlap: ChainVerdict.Overlap, _ verdict: ChainVerdict) -> Bool {
        guard overlap.by.count == 2 else { return false }
        func borders(_ one: String, _ other: String) -> Bool {
            verdict.voters.filter { $0.by == one }.map(\.last).max() == overlap.at
                && verdict.voters.filter { $0.by == other }.map(\.first).min() == overlap.at
        }
        return borders(overlap.by[0], overlap.by[1]) || borders(overlap.by[1], overlap.by[0])
    }
}
