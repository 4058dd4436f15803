import ArgumentParser
import BatonAPI
import BatonModel

/// `baton switchover`.
struct SwitchoverCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "switchover", abstract: "Hand the vote over to another node, without missing a vote.",
        discussion: """
            The plan is shown first. Killed at any moment, `baton resume` goes on.

            Examples:
              baton switchover acme-pos --plan
              baton switchover acme-pos --to fra-2
              baton switchover acme-pos --to fra-2 --yes --json
            """
    )
    @OptionGroup var validator: ValidatorArgument
    @Option(help: ArgumentHelp("The node that is to vote; the idle one of a pair when left out.", valueName: "node"))
    var to: String?
    @OptionGroup var showing: PlanOptions
    @OptionGroup var confirm: ConfirmOptions
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let fleet = try await context.openFleet(options)
        let validator = try fleet.validator(validator.name)
        let request = OperationRequest.switchover(validator, to: try fleet.node(to, of: validator))
        return try await Running(context: context, options: options, confirm: confirm).operation(request, showing, on: fleet.api)
    }
}
