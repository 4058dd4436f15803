package import BatonAPI
import BatonKernel
import BatonModel

/// A plan for people: shown before it runs, or as a runbook for a person to follow.
package enum PlanScreen {
    /// The plan on a screen.
    package static func text(_ plan: PlannedOperation, _ style: Style) -> String {
        var lines = [style.toned(plan.title, .strong)]
        if !plan.assumptions.isEmpty {
            lines += ["", "Taken as given; the plan is refused when one no longer holds:"]
            lines += plan.assumptions.map { "  - " + style.wrapped($0, first: 4, indent: 4) }
        }
        lines.append("")
        let rows = plan.steps.enumerated().map { index, step in
            [
                String(index + 1), step.id.rawValue, step.hazard == .safe ? "" : step.hazard.rawValue, step.node?.rawValue ?? "",
                step.title,
            ]
        }
        lines += style.table([["", "step", "hazard", "node", "does"]] + rows)
        lines += [
            "", "\(plan.steps.count) steps, at most \(plan.within.readable). Worst hazard: \(plan.hazard.rawValue).",
            "Plan \(plan.digest.short).",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// The plan for the night when Baton itself is broken: every step with its checks and what to type.
    package static func runbook(_ plan: PlannedOperation, _ style: Style) -> String {
        var lines = [
            "# \(plan.title)", "", "Plan \(plan.digest.short). Do the steps in this order. When a check fails, stop and do nothing more.",
        ]
        if !plan.assumptions.isEmpty {
            lines += ["", "Before you begin, see that:"] + plan.assumptions.map { "- \($0)" }
        }
        for (index, step) in plan.steps.enumerated() {
            let node = step.node.map { " (\($0))" } ?? ""
            lines += ["", "## \(index + 1). \(step.title)\(node)", "Hazard: \(step.hazard.rawValue). At most \(step.within.readable)."]
            if !step.guards.isEmpty { lines += ["Only when:"] + step.guards.map { "- \($0)" } }
            if !step.byHand.isEmpty { lines += ["", "```sh"] + step.byHand + ["```"] }
            if !step.proof.isEmpty { lines += ["Done when:"] + step.proof.map { "- \($0)" } }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
