import ArgumentParser
import BatonAPI
import BatonModel

/// `baton status`.
struct StatusCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Who votes, since when, and the next safe command.",
        discussion: """
            Touches nothing. What can't be reached is shown as unknown, never guessed.

            Examples:
              baton status
              baton status acme-pos --json
            """
    )
    @OptionGroup var validator: ValidatorArgument
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let fleet = try await context.openFleet(options)
        let named: ValidatorID? = if let name = validator.name { try fleet.validator(name) } else { nil }
        let report = try await fleet.api.status(named)
        context.answer(options, report.json) { StatusScreen.text(report, $0) }
        return .done
    }
}
