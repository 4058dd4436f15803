import ArgumentParser
import BatonAPI
import BatonModel

/// `baton lease`.
struct LeaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lease", abstract: "Who holds the right to operate: show, break.",
        discussion: """
            Examples:
              baton lease
              baton lease break acme-pos --reason "the machine of the holder is gone"
            """,
        subcommands: [Show.self, Break.self], defaultSubcommand: Show.self
    )

    /// `baton lease show`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Every lease that is held.")
        @OptionGroup var options: GlobalOptions

        func run(in context: Context) async throws -> ExitStatus {
            let leases = try await context.openFleet(options).api.leases()
            context.answer(options, ["leases": .array(leases.map(\.json))]) { _ in
                leases.isEmpty ? "No lease is held." : leases.map { "\($0.validator): \(LeaseText.line($0))" }.joined(separator: "\n")
            }
            return .done
        }
    }

    /// `baton lease break`.
    struct Break: Verb {
        static let configuration = CommandConfiguration(
            commandName: "break", abstract: "Take a lease over from a holder that is gone."
        )
        @OptionGroup var validator: ValidatorArgument
        @Option(help: ArgumentHelp("Why, for the record.", valueName: "text"))
        var reason: String
        @OptionGroup var options: GlobalOptions

        func run(in context: Context) async throws -> ExitStatus {
            let fleet = try await context.openFleet(options)
            let lease = try await fleet.api.breakLease(try fleet.validator(validator.name), reason: reason)
            context.answer(options, lease.json) { _ in "\(lease.validator): \(LeaseText.line(lease))" }
            return .done
        }
    }
}
