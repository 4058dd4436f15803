import ArgumentParser
import BatonAPI
import BatonModel

/// `baton upgrade`.
struct UpgradeCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "upgrade", abstract: "Bring every node to a version, the vote handed over in between.",
        discussion: """
            The idle node is upgraded and proved able to vote, the vote handed over, then the other node upgraded. A release that
            does not come up is put back where the older one can read what it left; the plan shows the way back.

            Examples:
              baton upgrade acme-pos --to 3.0.3 --release ./conflux-3.0.3 --plan
              baton upgrade acme-pos --to 3.0.3 --release ./conflux-3.0.3 --switch-back
            """
    )
    @OptionGroup var validator: ValidatorArgument
    @Option(help: ArgumentHelp("The version that every node is to run.", valueName: "version"))
    var to: String
    @Option(help: ArgumentHelp("The folder with the binary and the configuration that belongs to it.", valueName: "folder"))
    var release: String
    @Flag(name: .customLong("switch-back"), help: "Hand the vote back to the node that has it now.")
    var switchBack = false
    @Option(
        name: .customLong("up-within"),
        help: ArgumentHelp("How long a node may take until it is able to vote on it (default on mainnet: 6h).", valueName: "time"))
    var upWithin: TimeArgument?
    @OptionGroup var showing: PlanOptions
    @OptionGroup var confirm: ConfirmOptions
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let fleet = try await context.openFleet(options)
        let validator = try fleet.validator(validator.name)
        let request = OperationRequest.upgrade(
            validator, to: to, release: context.absolute(release), switchBack: switchBack, within: upWithin?.duration)
        return try await Running(context: context, options: options, confirm: confirm).operation(request, showing, on: fleet.api)
    }
}
