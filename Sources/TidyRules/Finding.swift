/// A place in the tree that breaks a rule of the house.
package struct Finding: Hashable, Sendable, CustomStringConvertible {
    /// How much a finding weighs.
    package enum Severity: String, Hashable, Sendable {
        /// Shown and counted; the lint passes.
        case warning
        /// The lint fails.
        case error
    }

    package let severity: Severity
    /// The name of the rule, for searching.
    package let rule: String
    /// Relative to the top of the repository.
    package let path: String
    /// Counted from 1.
    package let line: Int
    /// What is wrong and what to write instead.
    package let message: String

    package init(_ severity: Severity, _ rule: String, _ path: String, _ line: Int, _ message: String) {
        (self.severity, self.rule, self.path, self.line, self.message) = (severity, rule, path, line, message)
    }

    /// `Sources/X/Y.swift:12: error: [rule] message`, as editors read it.
    package var description: String { "\(path):\(line): \(severity.rawValue): [\(rule)] \(message)" }
}
