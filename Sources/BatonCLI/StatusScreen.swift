package import BatonAPI
import BatonModel

/// The status of a fleet on one screen for a tired operator: who votes first, then what is next, then the rest.
package enum StatusScreen {
    /// - Returns: at most 24 lines for one pair, lines cut or wrapped to the width of the style.
    package static func text(_ report: StatusReport, _ style: Style) -> String {
        var lines: [String] = []
        let isLong = report.validators.count > 2
        for (index, validator) in report.validators.enumerated() {
            if index > 0, !isLong { lines.append("") }
            lines += head(validator, style)
            if !isLong { lines += body(validator, style) }
        }
        if isLong { lines += ["", "`baton status NAME` shows one validator with its nodes."] }
        lines.append(style.toned("\(report.fleet) at \(report.at.text)", .quiet))
        return lines.joined(separator: "\n") + "\n"
    }

    private static func head(_ validator: ValidatorStatus, _ style: Style) -> [String] {
        [
            style.labelled(
                "\(validator.validator)  ", votes(validator), size: max(12, validator.validator.rawValue.count + 2), tone: tone(validator)),
            style.labelled("  next", validator.next.text, tone: .strong),
            style.labelled("", validator.next.why),
        ]
    }

    private static func votes(_ validator: ValidatorStatus) -> String {
        let last = validator.lastVote.map { "last vote: epoch \($0.epoch), round \($0.round)" } ?? "last vote: unknown"
        let since = validator.since.map { " since \($0.text)" } ?? ""
        return switch validator.voter {
        case .node(let node): "\(node) votes\(since); \(last)"
        case .nobody: "NOBODY VOTES; \(last)"
        case .several(let nodes): "TWO VOTERS: \(nodes.map(\.rawValue).joined(separator: " and ")); \(last)"
        case .unknown(let why): "who votes is UNKNOWN (\(why)); \(last)"
        }
    }

    private static func tone(_ validator: ValidatorStatus) -> Style.Tone {
        switch validator.voter {
        case .node: validator.warnings.isEmpty ? .good : .careful
        case .nobody, .unknown: .careful
        case .several: .bad
        }
    }

    private static func body(_ validator: ValidatorStatus, _ style: Style) -> [String] {
        var lines: [String] = []
        lines += validator.warnings.map { style.labelled("  warning", $0, tone: .careful) }
        if let unfinished = validator.unfinished {
            let text = "\(unfinished.id): \(unfinished.command), \(unfinished.standing.rawValue): \(unfinished.text)"
            lines.append(style.labelled("  operation", text, tone: .careful))
        }
        lines.append("")
        lines += nodes(validator.nodes, style)
        lines.append("")
        lines.append(style.labelled("  committee", validator.committee))
        let margin = validator.margin.map { "\($0.readable) of silence left before forced retirement" } ?? "unknown"
        lines.append(style.labelled("  margin", margin))
        let grant = validator.grant.map {
            "\($0.number) to \($0.node), \($0.isOpen ? "open" : "closed") (\($0.origin), from \($0.watermark))"
        }
        lines.append(style.labelled("  grant", grant ?? "none"))
        lines.append(style.labelled("  lease", validator.lease.map(LeaseText.line) ?? "free"))
        let identity =
            validator.identity.count > 24 ? "\(validator.identity.prefix(10))…\(validator.identity.suffix(8))" : validator.identity
        lines.append(style.labelled("  identity", "\(identity) on \(validator.network)"))
        return lines
    }

    private static func nodes(_ nodes: [NodeStatus], _ style: Style) -> [String] {
        let head = ["node", "state", "version", "release", "epoch", "lag", "starts", "pid", "files"]
        let rows = nodes.map(row)
        return style.table([head] + rows, indent: 2)
    }

    private static func row(_ node: NodeStatus) -> [String] {
        let release = node.release.map { String($0.rawValue.prefix(8)) } ?? "?"
        let starts = node.startsAsVoter.map { $0 ? "VOTER" : "idle" } ?? "?"
        let (epoch, lag) = (node.epoch.map(String.init) ?? "?", node.lag.map(String.init) ?? "?")
        let pid = node.pid.map(String.init) ?? "-"
        return [
            node.node.rawValue.cut(to: 12), node.voting.text.cut(to: 11), node.version ?? "?", release, epoch, lag, starts, pid, node.files,
        ]
    }
}

/// A lease in a line.
enum LeaseText {
    /// The number, its holder, and whether that still runs.
    static func line(_ lease: LeaseReport) -> String {
        let alive = lease.isAlive.map { $0 ? "runs" : "has ended" } ?? "can't be seen from here"
        return "number \(lease.number), held by process \(lease.holder.pid), which \(alive)"
    }
}
