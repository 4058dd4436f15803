import ArgumentParser
import BatonModel

/// `baton version`.
struct VersionCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "The version of this program.",
        discussion: """
            Examples:
              baton version
              baton version --json
            """
    )
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        context.answer(options, ["version": .string(Program.version)]) { _ in "baton \(Program.version)" }
        return .done
    }
}
