import ArgumentParser
import BatonAPI
import BatonModel

/// `baton stop`.
struct StopCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Let nobody vote (ends no process).",
        discussion: """
            Every vote that is then missed costs a little interest, and long silence forced retirement: `baton status` shows the margin.

            Examples:
              baton stop acme-pos --plan
              baton stop acme-pos --yes
            """
    )
    @OptionGroup var validator: ValidatorArgument
    @OptionGroup var showing: PlanOptions
    @OptionGroup var confirm: ConfirmOptions
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let fleet = try await context.openFleet(options)
        let validator = try fleet.validator(validator.name)
        let request = OperationRequest.stop(validator)
        return try await Running(context: context, options: options, confirm: confirm).operation(request, showing, on: fleet.api)
    }
}
