import ArgumentParser
import BatonModel

/// `baton demo`.
struct DemoCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "The whole thing on one machine: a devnet upgraded without missing a vote.",
        discussion: """
            Ends with the verdict of the chain process, and with a status other than 0 when that is not clean.

            Examples:
              baton demo
              baton demo --json
            """
    )
    @Option(help: ArgumentHelp("The folder for its files (default: a new one).", valueName: "folder"))
    var folder: String?
    @Flag(name: .customLong("end-devnet"), help: "End the devnet afterwards instead of leaving it running.")
    var endDevnet = false
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        guard let demonstrate = context.composition.demonstrate else { return .usage }
        let order = DemonstrationOrder(folder: folder.map { context.absolute($0) }, endsDevnet: endDevnet, isJSON: options.json)
        return try await demonstrate(order, context.report(options))
    }
}
