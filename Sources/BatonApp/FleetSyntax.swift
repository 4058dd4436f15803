import BatonModel
import Yams

/// Tells what is wrong with a text that is no YAML.
enum FleetSyntax {
    /// The fault behind an error of the YAML reader.
    static func fault(_ error: any Error, in text: String) -> FleetFault {
        guard let error = error as? YamlError else {
            return unreadable(FleetPlace(line: 1, column: 1), "The file could not be read as YAML.", in: text)
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = FleetPlace(line: mark.line, column: mark.column)
            let start = context.map { " (\($0.text), from line \($0.mark.line))" } ?? ""
            return unreadable(place, "This is no YAML: \(problem)\(start).", in: text)
        case .reader(let problem, let offset, _, _):
            return unreadable(place(of: offset ?? 0, in: text), "This is no YAML: \(problem).", in: text)
        case .duplicatedKeysInMapping(let duplicates, let context):
            return duplicate(duplicates.first ?? "", FleetPlace(line: context.mark.line, column: context.mark.column), in: text)
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return unreadable(FleetPlace(line: 1, column: 1), "The file could not be read as YAML.", in: text)
        }
    }

    private static func unreadable(_ place: FleetPlace, _ message: String, in text: String) -> FleetFault {
        let indent = line(place.line, of: text).prefix { $0 == " " || $0 == "\t" }
        if indent.contains("\t") {
            return FleetFault(
                .fleetUnreadable, at: place, "This line is indented with a tab.", remedy: "Indent with spaces; YAML knows no tabs."
            )
        }
        return FleetFault(
            .fleetUnreadable, at: place, message,
            remedy: "Mend this line: what belongs together begins in the same column, and every bracket and quote is closed."
        )
    }

    /// A key that stands twice; the place is that of the second when it can be found.
    private static func duplicate(_ key: String, _ first: FleetPlace, in text: String) -> FleetFault {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var second = first
        for (index, line) in lines.enumerated() where index + 1 > first.line {
            let start = line.unicodeScalars.dropFirst(first.column - 1)
            if String(start).hasPrefix(key + ":") {
                second = FleetPlace(line: index + 1, column: first.column)
                break
            }
        }
        let also = second == first ? "" : " (first in line \(first.line))"
        return FleetFault(
            .fleetInvalid, at: second, "The key \"\(key.shownKey)\" is given twice in one mapping\(also).",
            remedy: "Keep one of the two."
        )
    }

    private static func line(_ number: Int, of text: String) -> Substring {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.contains(number - 1) ? lines[number - 1] : ""
    }

    private static func place(of offset: Int, in text: String) -> FleetPlace {
        let before = text.prefix(offset)
        let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
        return FleetPlace(line: max(1, lines.count), column: (lines.last?.unicodeScalars.count ?? 0) + 1)
    }
}
