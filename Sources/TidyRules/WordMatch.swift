/// A piece of code to look for: a whole word, a member or a call.
///
/// Blanks in the pattern match any number of blanks, none included. A pattern that begins or ends with a letter matches only
/// where a word begins or ends; one that begins with a letter never matches a member (`x.Task` is not `Task`).
package struct WordMatch: Sendable {
    private let pattern: [Character]

    /// A match of this text.
    package init(_ pattern: String) { self.pattern = Array(pattern) }

    /// Whether the line holds the pattern.
    package func isIn(_ line: String) -> Bool {
        let text = Array(line)
        return text.indices.contains { matches(text, from: $0) }
    }

    private func matches(_ text: [Character], from start: Int) -> Bool {
        guard let first = pattern.first, let last = pattern.last else { return false }
        if Self.isName(first), start > 0, Self.isName(text[start - 1]) || text[start - 1] == "." { return false }
        var index = start
        for character in pattern {
            if character == " " {
                while index < text.count, text[index] == " " { index += 1 }
                continue
            }
            guard index < text.count, text[index] == character else { return false }
            index += 1
        }
        return !(Self.isName(last) && index < text.count && Self.isName(text[index]))
    }

    private static func isName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}
