import ArgumentParser
import BatonApp
package import BatonModel
import Glibc

/// The program behind the door: parses, runs one verb, and answers with the exit status.
package enum Program {
    /// The version of the product.
    package static let version = "0.1.0"

    /// Runs a command line with the real world.
    ///
    /// - Parameter arguments: without the name of the program.
    package static func run(_ arguments: [String]) async -> Int32 {
        // Asked by scripts over and over: answered before anything is set up.
        if arguments == ["--version"] {
            Terminal.standard(environment: [:]).write("\(version)\n")
            return ExitStatus.done.rawValue
        }
        var environment: [String: String] = [:]
        for name in ["BATON_FLEET", "NO_COLOR", "TERM", "SUDO_USER"] {
            if let value = unsafe getenv(name) { environment[name] = unsafe String(cString: value) }
        }
        let context = Context(
            composition: .live, terminal: .standard(environment: environment), files: .standard, environment: environment,
            user: user(environment)
        )
        return await run(arguments, in: context).rawValue
    }

    /// Who runs this process: the account's name and number, and who became it by sudo.
    private static func user(_ environment: [String: String]) -> String {
        let number = getuid()
        var name = "?"
        if let row = unsafe getpwuid(number), let text = unsafe row.pointee.pw_name { name = unsafe String(cString: text) }
        let sudo = environment["SUDO_USER"].map { ", by sudo of \($0)" } ?? ""
        return "\(name) (uid \(number)\(sudo))"
    }

    /// Runs a command line in a context.
    package static func run(_ arguments: [String], in context: Context) async -> ExitStatus {
        let isJSON = arguments.contains("--json")
        let style = context.terminal.style(plain: arguments.contains("--no-color"))
        do {
            var command = try BatonCommand.parseAsRoot(arguments)
            if let verb = command as? any Verb { return try await verb.run(in: context) }
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
            return .done
        } catch let faults as FleetFaults {
            tell(context, isJSON, ErrorText.json(faults.error, faults: faults), ErrorText.text(faults, style))
            return faults.error.code.exit
        } catch let error as BatonError {
            tell(context, isJSON, ErrorText.json(error), ErrorText.text(error, style))
            return error.code.exit
        } catch {
            return finish(error, arguments, context, isJSON, style)
        }
    }

    /// What ArgumentParser throws: a request for help, a mistake on the command line, or a bare exit status.
    private static func finish(
        _ error: any Error, _ arguments: [String], _ context: Context, _ isJSON: Bool, _ style: Style
    ) -> ExitStatus {
        if let code = error as? ExitCode { return ExitStatus(rawValue: code.rawValue == 64 ? 2 : code.rawValue) ?? .failed }
        guard let usage = ErrorText.usage(error, arguments) else {
            context.terminal.write(BatonCommand.fullMessage(for: error) + "\n")
            return .done
        }
        tell(context, isJSON, ErrorText.json(usage), ErrorText.text(usage, style))
        return usage.code.exit
    }

    private static func tell(_ context: Context, _ isJSON: Bool, _ json: JSON, _ text: String) {
        if isJSON { context.terminal.write(json.text + "\n") } else { context.terminal.writeError(text) }
    }
}
