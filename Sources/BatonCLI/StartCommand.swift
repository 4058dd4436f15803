import ArgumentParser
import BatonAPI
import BatonModel

/// `baton start`.
struct StartCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Let one node vote where nobody does (starts no process).",
        discussion: """
            After any restart of a pair whose nodes start idle, nobody votes: this is the way back.

            Examples:
              baton start acme-pos
              baton start acme-pos --on fra-1
            """
    )
    @OptionGroup var validator: ValidatorArgument
    @Option(help: ArgumentHelp("The node that is to vote; chosen from the facts when left out.", valueName: "node"))
    var on: String?
    @OptionGroup var showing: PlanOptions
    @OptionGroup var confirm: ConfirmOptions
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let fleet = try await context.openFleet(options)
        let validator = try fleet.validator(validator.name)
        let request = OperationRequest.start(validator, on: try fleet.node(on, of: validator))
        return try await Running(context: context, options: options, confirm: confirm).operation(request, showing, on: fleet.api)
    }
}
