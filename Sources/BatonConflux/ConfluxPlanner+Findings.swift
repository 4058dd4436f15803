package import BatonModel
import BatonKernel

/// Something about a pair that would stop an operation, or can't be known.
package struct ConfluxFinding: Hashable, Sendable {
    package let rule: RuleID
    package let node: NodeID?
    package let words: String
    package let remedy: String
    package let isDoubt: Bool
}

extension ConfluxPlanner {
    /// Everything that stands against an operation on this validator, looked at without touching it.
    package func findings() -> [ConfluxFinding] {
        var findings: [ConfluxFinding] = []
        if let refusal = refusal(for: standing) {
            findings.append(
                ConfluxFinding(
                    rule: refusal.rule, node: nil, words: refusal.words, remedy: refusal.remedy, isDoubt: refusal.doubt != nil))
        }
        for node in nodes {
            let conditions: [ConfluxCondition] = [
                .running(node), .voterFalse(node), .signsFor(node, identity: site.identity), .onChain(node, id: site.chainID),
                .ownFile(node), .noStrangeFile(node), .noSave(node), .synced(node),
            ]
            for condition in conditions {
                if let finding = finding(condition) { findings.append(finding) }
            }
        }
        return findings
    }

    private func finding(_ condition: ConfluxCondition) -> ConfluxFinding? {
        switch judge(condition) {
        case .holds: return nil
        case .fails(let rule):
            return ConfluxFinding(
                rule: rule, node: condition.node, words: "Not so: \(condition.words).", remedy: remedy(for: condition), isDoubt: false)
        case .unknown(let rule, let doubt):
            return ConfluxFinding(
                rule: rule, node: condition.node, words: "Unknown (\(doubt)): \(condition.words).", remedy: remedy(for: condition),
                isDoubt: true)
        }
    }
}
