import ArgumentParser
import BatonAPI
import BatonModel

/// `baton apply`.
struct ApplyCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Run exactly a saved plan.",
        discussion: """
            Refused, with nothing touched, when something that the plan takes as given no longer holds.

            Examples:
              baton upgrade acme-pos --to 3.0.3 --release ./conflux-3.0.3 --out plan.json
              baton apply plan.json
              baton apply plan.json --as runbook
            """
    )
    @Argument(help: ArgumentHelp("A plan that --out saved.", valueName: "file"))
    var file: String
    @OptionGroup var showing: PlanOptions
    @OptionGroup var confirm: ConfirmOptions
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let bytes = try context.bytes(of: file)
        let api = try await context.openFleet(options).api
        let plan = try await api.plan(reading: bytes)
        let running = Running(context: context, options: options, confirm: confirm)
        if showing.stops {
            try running.show(plan, showing)
            return .done
        }
        return try await running.agreeAndRun(plan, on: api)
    }
}
