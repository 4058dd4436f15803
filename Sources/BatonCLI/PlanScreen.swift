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
        lines += wayBacks(plan).flatMap { ["", "  " + style.wrapped($0, first: 2, indent: 2)] }
        lines += [
            "", "\(plan.steps.count) steps, at most \(plan.within.readable). Worst hazard: \(plan.hazard.rawValue).",
            "Plan \(plan.digest.short).",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// What is done when a step does not come true, said once for all the steps that share it.
    private static func wayBacks(_ plan: PlannedOperation) -> [String] {
        var ways: [(way: PlannedWayBack, steps: [String])] = []
        for step in plan.steps {
            guard let way = step.wayBack else { continue }
            if let index = ways.firstIndex(where: { $0.way == way }) {
                ways[index].steps.append(step.id.rawValue)
            } else {
                ways.append((way, [step.id.rawValue]))
            }
        }
        return ways.map { way, steps in
            let deeds = way.steps.map(\.title).joined(separator: "; ")
            return "When \(steps.joined(separator: " or ")) does not come true: \(deeds.isEmpty ? "stop" : deeds). Then: \(way.result)."
        }
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
            if let way = step.wayBack { lines += wayBack(way) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func wayBack(_ way: PlannedWayBack) -> [String] {
        guard !way.steps.isEmpty else { return ["When that does not come true, stop: \(way.result)."] }
        var lines = ["When that does not come true, go back instead of on:"]
        for step in way.steps {
            lines.append("- \(step.title)" + (step.guards.isEmpty ? "" : ", only when: \(step.guards.joined(separator: "; "))"))
            if !step.byHand.isEmpty { lines += ["```sh"] + step.byHand + ["```"] }
        }
        return lines + ["Then: \(way.result)."]
    }
}
