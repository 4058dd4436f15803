import Foundation
import TidyRules

/// What the lint prints.
struct Report {
    let findings: [Finding]

    /// Whether nothing fails.
    var isClean: Bool { !findings.contains { $0.severity == .error } }

    /// Errors one by one, warnings counted by rule (or one by one when asked).
    func lines(files: Int, showsWarnings: Bool) -> [String] {
        let errors = findings.filter { $0.severity == .error }
        let warnings = findings.filter { $0.severity == .warning }
        var out = (showsWarnings ? findings : errors).map(\.description)
        if !showsWarnings, !warnings.isEmpty {
            let byRule = Dictionary(grouping: warnings, by: \.rule).map { "\($0.key) \($0.value.count)" }.sorted()
            out.append("warnings: " + byRule.joined(separator: ", ") + " (show them: tidy --warnings)")
        }
        out.append("tidy: \(files) files, \(errors.count) errors, \(warnings.count) warnings")
        return out
    }

    /// Errors counted by folder and rule.
    func summary() -> [String] {
        let errors = findings.filter { $0.severity == .error }
        let byPlace = Dictionary(grouping: errors) { $0.path.split(separator: "/").dropLast().joined(separator: "/") }
        return byPlace.keys.sorted().map { place in
            let rules = Dictionary(grouping: byPlace[place] ?? [], by: \.rule).map { "\($0.key) \($0.value.count)" }.sorted()
            return "\(place): " + rules.joined(separator: ", ")
        }
    }
}
