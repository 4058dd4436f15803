import ArgumentParser
import BatonAPI
import BatonModel

/// `baton resume`.
struct ResumeCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Go on with an operation after a crash or an interruption.",
        discussion: """
            Looks first, skips what is proved, and does the rest; what was agreed to is not asked again.

            Examples:
              baton resume
              baton resume 41
              baton resume 41 --as runbook
            """
    )
    @OptionGroup var operation: OperationArgument
    @OptionGroup var showing: PlanOptions
    @OptionGroup var confirm: ConfirmOptions
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let api = try await context.openFleet(options).api
        let running = Running(context: context, options: options, confirm: confirm)
        if showing.stops {
            try running.show(try await api.remaining(of: operation.id), showing)
            return .done
        }
        return try await running.running { (conversation) throws(BatonError) in
            try await api.resume(operation.id, confirm.confirmations(plan: true), conversation)
        }
    }
}

/// `baton abort`.
struct AbortCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "End an operation in the nearest safe state.",
        discussion: """
            Nothing is left half done: what can be taken back is, the rest is finished.

            Examples:
              baton abort
              baton abort 41 --json
            """
    )
    @OptionGroup var operation: OperationArgument
    @OptionGroup var confirm: ConfirmOptions
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let api = try await context.openFleet(options).api
        return try await Running(context: context, options: options, confirm: confirm).running { (conversation) throws(BatonError) in
            try await api.abort(operation.id, confirm.confirmations(plan: true), conversation)
        }
    }
}
