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
              baton start acme-pos --on fra-2 --accept-risk-of-double-vote "fra-1 was off before this epoch"
            """
    )
    @OptionGroup var validator: ValidatorArgument
    @Option(help: ArgumentHelp("The node that is to vote; chosen from the facts when left out.", valueName: "node"))
    var on: String?
    @Option(
        name: .customLong("accept-risk-of-double-vote"),
        help: ArgumentHelp(
            "Start without a licence, for this reason: asks for a phrase that names risk and identity, and records all of it.",
            valueName: "reason"))
    var override: String?
    @Option(help: ArgumentHelp("Where no terminal is: the phrase that the plan asks for.", valueName: "text"))
    var phrase: String?
    @OptionGroup var showing: PlanOptions
    @OptionGroup var confirm: ConfirmOptions
    @OptionGroup var options: GlobalOptions

    /// Refuses an override that says too little, and a saved plan of one: it is typed for one run.
    mutating func validate() throws {
        guard let override else {
            if phrase != nil { throw ValidationError("--phrase goes with --accept-risk-of-double-vote REASON.") }
            return
        }
        let words = override.split(whereSeparator: \.isWhitespace)
        guard words.count >= 2 else { throw ValidationError("--accept-risk-of-double-vote needs a reason in words, for the record.") }
        guard on != nil else { throw ValidationError("--accept-risk-of-double-vote needs --on NODE: say which node is to vote.") }
        if showing.out != nil { throw ValidationError("An override is typed for one run; its plan can't be saved with --out.") }
    }

    func run(in context: Context) async throws -> ExitStatus {
        let fleet = try await context.openFleet(options)
        let validator = try fleet.validator(validator.name)
        let request = OperationRequest.start(validator, on: try fleet.node(on, of: validator))
        let order = override.map { OverrideOrder(reason: $0, user: context.user, phrase: phrase) }
        let running = Running(context: context, options: options, confirm: confirm, override: order)
        return try await running.operation(request, showing, on: fleet.api)
    }
}
