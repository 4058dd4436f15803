import ArgumentParser
import BatonAPI
import BatonModel

/// `baton recover`.
struct RecoverCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Reach exactly one voter from facts alone, without the journal.",
        discussion: """
            For the night when the machine with the journal is gone. It looks at nodes, files and chain, and stops with the one fact
            that it lacks rather than guess.

            Examples:
              baton recover acme-pos --plan
              baton recover acme-pos
            """
    )
    @OptionGroup var validator: ValidatorArgument
    @OptionGroup var showing: PlanOptions
    @OptionGroup var confirm: ConfirmOptions
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let fleet = try await context.openFleet(options)
        let validator = try fleet.validator(validator.name)
        let request = OperationRequest.recover(validator)
        return try await Running(context: context, options: options, confirm: confirm).operation(request, showing, on: fleet.api)
    }
}
