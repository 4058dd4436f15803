import ArgumentParser
package import BatonApp
package import BatonModel

/// Errors for people and programs: what happened, what to do, and where to read more.
package enum ErrorText {
    /// `error:`, `do:` and the code with its exit status.
    package static func text(_ error: BatonError, _ style: Style) -> String {
        style.toned("error:", .bad) + " " + style.wrapped(error.message, first: 7, indent: 7) + "\n"
            + style.toned("do:", .strong) + "    " + style.wrapped(error.remedy, first: 7, indent: 7) + "\n"
            + "code:  \(error.code.text) (exit \(error.code.exit.rawValue); `baton explain \(error.code.text)`)\n"
    }

    /// The error as one object under `error`.
    package static func json(_ error: BatonError, faults: FleetFaults? = nil) -> JSON {
        var members: [String: JSON] = [
            "code": .string(error.code.text), "message": .string(error.message), "remedy": .string(error.remedy),
            "exit": .integer(Int64(error.code.exit.rawValue)),
        ]
        if let faults { members["faults"] = faults.json }
        return ["error": .object(members)]
    }

    /// Every fault of a fleet file with its line and its remedy.
    package static func text(_ faults: FleetFaults, _ style: Style) -> String {
        faults.faults.map { fault in
            let place = "\(faults.path):\(fault.place)"
            return style.toned("error:", .bad) + " " + style.wrapped("\(place): \(fault.message)", first: 7, indent: 7) + "\n"
                + style.toned("do:", .strong) + "    " + style.wrapped(fault.remedy, first: 7, indent: 7) + "\n"
        }.joined()
            + "code:  \(faults.error.code.text) (exit \(faults.error.code.exit.rawValue); `baton explain \(faults.error.code.text)`)\n"
    }

    /// A mistake on the command line as an error of ours; `nil` when it is none but a request for help or the version.
    package static func usage(_ error: any Error, _ arguments: [String]) -> BatonError? {
        guard BatonCommand.exitCode(for: error) != .success else { return nil }
        if let unknown = unknownVerb(arguments) { return unknown }
        let full = BatonCommand.fullMessage(for: error)
        let usage = full.split(separator: "\n").first { $0.hasPrefix("Usage: ") }.map(String.init)
        let remedy = usage.map { "Write it as: \($0.dropFirst("Usage: ".count))" } ?? "Run `baton help`."
        return BatonError(.usage, BatonCommand.message(for: error), remedy: remedy)
    }

    private static func unknownVerb(_ arguments: [String]) -> BatonError? {
        let verbs = BatonCommand.verbNames
        guard let verb = arguments.first, !verb.hasPrefix("-"), verb != "help", !verbs.contains(verb) else { return nil }
        let near = FleetWords.nearest(to: verb, in: verbs)
        return BatonError(
            .usage, "There is no verb \"\(verb)\"." + (near.map { " Did you mean \"\($0)\"?" } ?? ""),
            remedy: "Run `baton help` for the list.")
    }
}
