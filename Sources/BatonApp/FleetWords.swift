/// Words near to a misspelt one, and paths and lengths of time as fleet files write them.
package enum FleetWords {
    /// The word of `words` that `text` was most likely meant to be; `nil` when none is near.
    package static func nearest(to text: String, in words: [String]) -> String? {
        let plain = simplified(text)
        if let same = words.first(where: { simplified($0) == plain }) { return same }
        let longer = words.filter { simplified($0).starts(with: plain) }
        if plain.count > 2, longer.count == 1 { return longer[0] }
        let ranked = words.map { (word: $0, distance: distance(plain, simplified($0))) }.sorted { $0.distance < $1.distance }
        guard let best = ranked.first, best.distance <= max(1, min(3, best.word.count / 3)) else { return nil }
        return best.word
    }

    /// Letters only, in lower case: `chain_id` and `chainId` are the same word.
    private static func simplified(_ text: String) -> [Character] {
        text.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " }.map(\.self)
    }

    /// How many letters must be put in, taken out, changed or swapped with a neighbour to get from one to the other.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(last[column + 1] + 1, current[column] + 1, last[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }

    /// The path made absolute against `folder` and freed of `.`, `..` and double slashes, by its words alone.
    package static func absolute(_ path: String, in folder: String) -> String {
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : folder + "/" + path).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// `100ms`, `2s`, `1min`; `nil` for anything else.
    static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits), count < 1_000_000 else { return nil }
        return switch text.dropFirst(digits.count).drop(while: { $0 == " " }) {
        case "ms": .milliseconds(count)
        case "s": .seconds(count)
        case "min": .seconds(count * 60)
        default: nil
        }
    }
}
