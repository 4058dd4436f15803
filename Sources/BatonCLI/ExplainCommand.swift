import ArgumentParser
import BatonAPI
import BatonApp
import BatonModel

/// `baton explain`.
struct ExplainCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "An error code or a rule in full.",
        discussion: """
            Needs no fleet. Without a code it lists them all.

            Examples:
              baton explain
              baton explain grant_open
              baton explain safety.r5
            """
    )
    @Argument(help: ArgumentHelp("An error code or a rule id.", valueName: "code"))
    var code: String?
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        let all = CodeExplanations.all + context.composition.rules()
        guard let code else {
            context.answer(options, ["explanations": .array(all.map(\.json))]) { style in
                style.table(all.map { [$0.id, $0.title] }).joined(separator: "\n")
            }
            return .done
        }
        guard let found = all.first(where: { $0.id.lowercased() == code.lowercased() }) else {
            let near = FleetWords.nearest(to: code, in: all.map(\.id))
            throw BatonError(
                .usage, "There is no code or rule \"\(code)\"." + (near.map { " Did you mean \"\($0)\"?" } ?? ""),
                remedy: "Run `baton explain` for the list."
            )
        }
        context.answer(options, found.json) { CodeExplanations.text(found, $0) }
        return .done
    }
}
