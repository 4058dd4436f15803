import ArgumentParser
import BatonApp
import BatonModel

/// `baton init`.
struct InitCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a commented fleet file to fill in.",
        discussion: """
            Writes baton.yaml here (or where --fleet says) and never over a file that is there.

            Examples:
              baton init
              baton init --fleet /etc/baton/acme.yaml
              baton init --print
            """
    )
    @Flag(help: "Write it to standard output instead.")
    var print = false
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        if print {
            context.answer(options, ["text": .string(FleetFile.example)]) { _ in FleetFile.example }
            return .done
        }
        let path = context.fleetPath(options)
        try context.files.create(context.absolute(path), Array(FleetFile.example.utf8))
        context.answer(options, ["wrote": .string(path)]) { _ in "Wrote \(path). Fill it in, then run `baton check`." }
        return .done
    }
}
