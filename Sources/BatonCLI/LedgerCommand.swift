import ArgumentParser
package import BatonAPI
import BatonModel

/// `baton ledger`.
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "The vote ledger: show, export, import.",
        discussion: """
            The ledger only grows and only vetoes. An empty one is unknown, not zero.

            Examples:
              baton ledger acme-pos
              baton ledger export acme-pos --out ledger.json
              baton ledger import acme-pos ledger.json
            """,
        subcommands: [Show.self, Export.self, Import.self], defaultSubcommand: Show.self
    )

    /// `baton ledger show`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "The floor and every grant.")
        @OptionGroup var validator: ValidatorArgument
        @OptionGroup var options: GlobalOptions

        func run(in context: Context) async throws -> ExitStatus {
            let fleet = try await context.openFleet(options)
            let report = try await fleet.api.ledger(try fleet.validator(validator.name))
            context.answer(options, report.json) { LedgerText.text(report, $0) }
            return .done
        }
    }

    /// `baton ledger export`.
    struct Export: Verb {
        static let configuration = CommandConfiguration(commandName: "export", abstract: "Write the ledger to a file.")
        @OptionGroup var validator: ValidatorArgument
        @Option(help: ArgumentHelp("Where to (default: standard output).", valueName: "file"))
        var out: String?
        @OptionGroup var options: GlobalOptions

        func run(in context: Context) async throws -> ExitStatus {
            let fleet = try await context.openFleet(options)
            let bytes = try await fleet.api.exportLedger(try fleet.validator(validator.name))
            try context.deliver(bytes, to: out, options, what: "the vote ledger")
            return .done
        }
    }

    /// `baton ledger import`.
    struct Import: Verb {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Raise the floor to that of a file; never lowers it."
        )
        @Argument(help: "The validator's name in the fleet file.")
        var validator: String
        @Argument(help: "A file that `ledger export` wrote.")
        var file: String
        @OptionGroup var options: GlobalOptions

        func run(in context: Context) async throws -> ExitStatus {
            let bytes = try context.bytes(of: file)
            let fleet = try await context.openFleet(options)
            let report = try await fleet.api.importLedger(try fleet.validator(validator), bytes)
            context.answer(options, report.json) { LedgerText.text(report, $0) }
            return .done
        }
    }
}

/// The vote ledger for people.
package enum LedgerText {
    /// The floor, then every grant.
    package static func text(_ report: LedgerReport, _ style: Style) -> String {
        let floor = report.floor.map { "epoch \($0.epoch), round \($0.round)" } ?? "unknown (the ledger is empty)"
        var lines = ["\(report.validator): floor \(floor)"]
        let rows = report.grants.map {
            [$0.number.description, $0.node.rawValue, $0.isOpen ? "open" : "closed", $0.watermark.description, $0.origin]
        }
        if !rows.isEmpty { lines += [""] + style.table([["grant", "node", "", "from", "licensed by"]] + rows) }
        return lines.joined(separator: "\n") + "\n"
    }
}
