import ArgumentParser
package import BatonAPI
import BatonModel

/// `baton check`.
struct CheckCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the fleet file and the fleet without touching anything.",
        discussion: """
            Exit status 2 when the fleet file is wrong (every fault with its line), 6 when something else was found, 0 when
            all is in order.

            Examples:
              baton check
              baton check --fleet ./baton.yaml --json
            """
    )
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus { try await Findings.run(thorough: false, options, context) }
}

/// `baton doctor`.
struct DoctorCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Find what is wrong with the fleet now and how to mend it.",
        discussion: """
            Everything that `check` looks at, and the state of every node besides. Touches nothing.

            Examples:
              baton doctor
              baton doctor --json
            """
    )
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus { try await Findings.run(thorough: true, options, context) }
}

/// What `check` and `doctor` found, for people.
package enum Findings {
    fileprivate static func run(thorough: Bool, _ options: GlobalOptions, _ context: Context) async throws -> ExitStatus {
        let fleet = try await context.openFleet(options)
        let findings = try await fleet.api.check(thorough: thorough)
        context.answer(options, ["findings": .array(findings.map(\.json))]) { text(findings, $0) }
        return findings.contains { $0.severity != .note } ? .findings : .done
    }

    /// Every finding with its remedy, the worst first.
    package static func text(_ findings: [CheckFinding], _ style: Style) -> String {
        guard !findings.isEmpty else { return style.toned("Everything is in order.", .good) + "\n" }
        let ranked = CheckFinding.Severity.allCases.reversed().flatMap { severity in findings.filter { $0.severity == severity } }
        return ranked.map { finding in
            let tone: Style.Tone = finding.severity == .error ? .bad : finding.severity == .warning ? .careful : .quiet
            let node = finding.node.map { "\($0): " } ?? ""
            return style.toned("\(finding.severity.rawValue):".padded(to: 9), tone)
                + style.wrapped("\(node)\(finding.message) [\(finding.rule)]", first: 9, indent: 9) + "\n"
                + "do:".padded(to: 9) + style.wrapped(finding.remedy, first: 9, indent: 9) + "\n"
        }.joined()
    }
}
