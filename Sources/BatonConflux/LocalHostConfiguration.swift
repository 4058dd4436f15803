/// What a node's command line and `hydra.toml` say about voting at its start.
///
/// - Source: conflux-pos.md §7.1: the flag wins over the file; neither means true. What is not understood counts as
///   true, because a node that may start as a voter must never be taken for one that does not.
package enum LocalHostConfiguration {
    private static let key = "pos_started_as_voter"
    private static let flag = "--pos-started-as-voter"

    /// Whether a process with these arguments and this configuration file starts as a voter.
    ///
    /// - Parameter file: the text of the file named by `--config`, or `nil` when there is none.
    package static func startsAsVoter(_ arguments: [String], file: String?) -> Bool {
        let flags = values(of: flag, in: arguments)
        guard flags.isEmpty else { return flags.contains { $0 != "false" } }
        let lines = file.map(values) ?? []
        guard lines.isEmpty else { return lines.contains { $0 != "false" } }
        return true
    }

    /// The path after `--config`, as written; `nil` when the command names none.
    package static func configPath(_ arguments: [String]) -> String? {
        (values(of: "--config", in: arguments) + values(of: "-c", in: arguments)).last.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Every value of a flag, written as two words or with `=`; one without a value counts as empty.
    private static func values(of flag: String, in arguments: [String]) -> [String] {
        var found: [String] = []
        for (index, argument) in arguments.enumerated() {
            if argument == flag {
                found.append(index + 1 < arguments.count ? arguments[index + 1] : "")
            } else if argument.hasPrefix(flag + "=") {
                found.append(String(argument.dropFirst(flag.count + 1)))
            }
        }
        return found
    }

    /// Every value of the voter key above the first section of the file.
    private static func values(_ text: String) -> [String] {
        var found: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let plain = trim(line.prefix { $0 != "#" })
            if plain.hasPrefix("[") { break }
            guard let equals = plain.firstIndex(of: "=") else { continue }
            guard trim(plain[..<equals]).filter({ $0 != "\"" && $0 != "'" }) == key else { continue }
            found.append(String(trim(plain[plain.index(after: equals)...])))
        }
        return found
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
