import BatonConfluxNode
import BatonKernel
import BatonModel

/// Whether the fact that a controller said it lacks, or that stood against it, is so in the simulated world (promise 4).
///
/// It is asked when every fault is over, so what Baton can find out or end by itself is no excuse any more: a node that
/// answers, a command in a queue that Baton may end, an answer that came late.
struct SimFactCheck {
    let fleet: SimConfluxFleet
    let ledger: SimLedger
    /// Other controllers that live: suspended, or at work beside this one.
    let others: [ControllerLife]
    /// The vote-state files of the nodes before the attempt.
    let before: [String: [UInt8]]

    /// What is wrong with what a refusal or a doubt names, or `nil`.
    func fault(in outcome: SimOutcome) -> String? {
        guard [.refused, .doubt].contains(outcome.exit) else { return nil }
        guard let rule = outcome.rule else {
            return others.contains { outcome.fact.contains("\($0.pid)") } ? nil : "it names no rule and no living holder of the lease"
        }
        let name = rule.rawValue.hasPrefix("conflux.") ? String(rule.rawValue.dropFirst("conflux.".count)) : rule.rawValue
        switch name {
        case "safety.r7": return others.isEmpty ? "no other controller lives" : nil
        case "safety.r2": return signature(outcome.fact)
        case "idle", "silent", "voting", "safety.r1", "safety.r5": return standing(outcome.fact)
        case "no-save", "no-strange-file", "own-file", "running", "waypoint": return node(name, outcome.fact)
        case "on-release": return fleet.versions.values.allSatisfy { $0 == .v3_1_0 } ? nil : "not every node runs it"
        case "file-advances": return stillness(outcome.fact)
        default: return "\(rule) is nothing that can be lacking after the faults"
        }
    }

    /// Outside the committee, where a disputed or retired identity is from the next epoch on, nothing is signed.
    private func stillness(_ fact: String) -> String? {
        guard let node = named(fact) else { return "it names no node" }
        if let verdict = fleet.chain.model.verdict(of: fleet.identity), verdict.disputes > 0 || verdict.forceRetired != nil { return nil }
        return fleet.read(node, SafetyFile.live) == before[node] ? nil : "the file of \(node) moved"
    }

    // MARK: Who votes

    private func standing(_ fact: String) -> String? {
        let voters = fleet.voters
        if fact.contains("vote at once") { return voters.count > 1 ? nil : "\(voters) vote" }
        if fact.hasPrefix("Nobody votes") { return voters.isEmpty ? nil : "\(voters) vote" }
        if fact.contains("votes already") { return voters.count == 1 ? nil : "\(voters) vote" }
        guard let node = named(fact) else { return "it names no node" }
        if fact.contains("would vote after") { return fleet.settings.startedAsVoter[node] == true ? nil : "\(node) would not" }
        if fact.contains("(unreachable)") { return answers(node) ? "\(node) answers" : nil }
        if fact.contains("(unanswered)") { return unanswered(node) }
        if fact.contains("(contradictory)") { return residents(node) > 1 ? nil : "\(node) has one process" }
        if fact.contains("can't vote") { return voters.contains(node) ? nil : "\(node) does not vote" }
        return "such a doubt is no fact of the world"
    }

    /// A queued start ends with its token and its queue; only a `.save` that Baton did not place stands in the way.
    private func unanswered(_ node: String) -> String? {
        guard answers(node) else { return nil }
        guard let save = fleet.read(node, SafetyFile.saved) else { return "Baton could have restarted \(node)" }
        let isToken = ledger.open.map { $0.node.rawValue == node && $0.state.bytes == save } ?? false
        return isToken ? "Baton could have taken its token away from \(node)" : nil
    }

    private func residents(_ node: String) -> Int { fleet.machine.processes.count { $0.folder == fleet.folder(node) } }

    private func answers(_ node: String) -> Bool {
        guard let process = fleet.process(node) else { return false }
        return process.model != nil && !process.isStopped
    }

    // MARK: Nodes and files

    private func node(_ name: String, _ fact: String) -> String? {
        guard !fact.hasPrefix("Unknown") else { return "everything can be read" }
        guard let node = named(fact) else { return "it names no node" }
        let isSo: Bool
        switch name {
        case "no-save": isSo = fleet.read(node, SafetyFile.saved) != nil
        case "no-strange-file": isSo = [SafetyFile.live, SafetyFile.saved].contains { isStrange(fleet.read(node, $0)) }
        case "own-file": isSo = fleet.read(node, SafetyFile.live).map { isStrange($0) } ?? true
        case "running": isSo = !answers(node)
        default: isSo = fleet.process(node)?.version == .v3_0_3
        }
        return isSo ? nil : "it is not so"
    }

    private func isStrange(_ bytes: [UInt8]?) -> Bool {
        guard let bytes else { return false }
        do {
            let json = try JSON(parsing: bytes)
            let owner = json["owner_account"]?["value"]?.string ?? ""
            return json["safety_data"] == nil || !owner.lowercased().hasSuffix(fleet.identity)
        } catch {
            return true
        }
    }

    /// A signature that stands against a vote state must be one that the chain has seen.
    private func signature(_ fact: String) -> String? {
        let prefix = "a signature at "
        guard
            let word = fact.split(separator: ",").first(where: { $0.contains(prefix) })?.split(separator: " ").first(where: {
                $0.contains("/")
            })
        else { return "it names no signature" }
        let parts = word.split(separator: "/").compactMap { UInt64($0) }
        guard parts.count == 2 else { return "it names no signature" }
        let seen = fleet.chain.model.voters(of: fleet.identity, at: Watermark(epoch: parts[0], round: parts[1]))
        return seen.isEmpty ? "the chain saw no vote there" : nil
    }

    /// The node that the words are about; node names are short, so they count only where a node's name stands.
    private func named(_ fact: String) -> String? {
        let text = String(fact.map { ".,:".contains($0) ? " " : $0 }) + " "
        return fleet.settings.nodes.first { node in
            ["on \(node) ", "Whether \(node) can", "\(node) can't vote", "\(node)'s ", " \(node) would vote", "that \(node) "]
                .contains(where: text.contains)
        }
    }
}
