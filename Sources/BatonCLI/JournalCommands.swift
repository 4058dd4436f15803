import ArgumentParser
package import BatonAPI
package import BatonKernel
package import BatonModel

/// `baton list`.
struct ListCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Every operation, newest first.",
        discussion: """
            Examples:
              baton list
              baton list --json
            """
    )
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let operations = try await context.openFleet(options).api.operations()
        context.answer(options, ["operations": .array(operations.map(\.json))]) { JournalText.list(operations, $0) }
        return .done
    }
}

/// `baton log`.
struct LogCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "The journal of an operation; its evidence as a file.",
        discussion: """
            The evidence file holds the journal with its chain of digests and verifies without this fleet.

            Examples:
              baton log 41
              baton log 41 --export --out run-41.json
              baton log --verify run-41.json
            """
    )
    @OptionGroup var operation: OperationArgument
    @Flag(help: "Write the evidence file instead: of the operation named, or of the whole journal.")
    var export = false
    @Option(help: ArgumentHelp("Where --export writes (default: standard output).", valueName: "file"))
    var out: String?
    @Option(help: ArgumentHelp("Verify an evidence file instead; needs no fleet.", valueName: "file"))
    var verify: String?
    @OptionGroup var options: GlobalOptions

    /// Refuses flags that exclude each other.
    func validate() throws {
        if out != nil, !export { throw ValidationError("--out needs --export.") }
        if verify != nil, export { throw ValidationError("--verify and --export exclude each other.") }
    }

    func run(in context: Context) async throws -> ExitStatus {
        if let path = verify {
            let shown = try context.composition.verify(try context.bytes(of: path))
            context.answer(options, shown) { _ in "\(path) verifies.\n\(shown.pretty)" }
            return .done
        }
        let api = try await context.openFleet(options).api
        if export {
            try context.deliver(try await api.export(operation.id), to: out, options, what: "the evidence")
            return .done
        }
        let entries = try await api.log(operation.id)
        if options.json {
            for entry in entries { context.terminal.write(JournalText.json(entry).text + "\n") }
        } else {
            context.answer(options, .null) { JournalText.log(entries, $0) }
        }
        return .done
    }
}

/// `baton why`.
struct WhyCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Every decision of an operation: rule, facts, effects.",
        discussion: """
            The facts are those that the decision really had.

            Examples:
              baton why 41
              baton why 41 --step start-b
            """
    )
    @OptionGroup var operation: OperationArgument
    @Option(help: ArgumentHelp("Only this step.", valueName: "step"))
    var step: String?
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let api = try await context.openFleet(options).api
        let decisions = try await api.why(operation.id, step: step.map { StepID($0) })
        context.answer(options, ["decisions": .array(decisions.map(\.json))]) { JournalText.why(decisions, $0) }
        return .done
    }
}

/// Journal and decisions for people.
package enum JournalText {
    /// Operations in a table.
    package static func list(_ operations: [OperationListing], _ style: Style) -> String {
        guard !operations.isEmpty else { return "No operation yet.\n" }
        let rows = operations.map { [$0.id.description, $0.begun.text, $0.standing.rawValue, $0.command, $0.text] }
        return style.table([["id", "begun", "standing", "command", "state"]] + rows).joined(separator: "\n") + "\n"
    }

    /// Entries in a table.
    package static func log(_ entries: [StoredEntry], _ style: Style) -> String {
        let rows = entries.map { entry in
            [
                entry.number.description, entry.wall.text, entry.entry.kind.rawValue, entry.entry.step?.rawValue ?? "",
                entry.entry.rule?.rawValue ?? "", entry.entry.detail.isNull ? "" : entry.entry.detail.text,
            ]
        }
        return style.table([["no.", "at", "kind", "step", "rule", "detail"]] + rows).joined(separator: "\n") + "\n"
    }

    /// An entry for programs.
    package static func json(_ entry: StoredEntry) -> JSON {
        let sealed = StoredEntry.sealed(
            number: entry.number, operation: entry.operation, wall: entry.wall, entry: entry.entry, previous: entry.previous
        )
        var members = sealed.object ?? [:]
        members["digest"] = .string(entry.digest.rawValue)
        return .object(members)
    }

    /// Decisions with what they were made from.
    package static func why(_ decisions: [Decision], _ style: Style) -> String {
        guard !decisions.isEmpty else { return "No decision.\n" }
        return decisions.map { decision in
            let step = decision.step.map { " \($0)" } ?? ""
            let rule = decision.rule.map { ", rule \($0) (`baton explain \($0)`)" } ?? ""
            var lines = [style.toned("\(decision.entry)  \(decision.at.text)  \(decision.what)\(step)\(rule)", .strong)]
            lines += decision.facts.map { "    fact    " + style.wrapped($0, first: 12, indent: 12) }
            lines += decision.effects.map { "    effect  " + style.wrapped($0, first: 12, indent: 12) }
            return lines.joined(separator: "\n") + "\n"
        }.joined()
    }
}
