/// One Swift file, split into what the compiler runs, what it prints and what people read.
///
/// The split is lexical: rules look at `code` for calls, at `words` for names on a wire, at `raw` for comments.
package struct SourceText: Sendable {
    /// Relative to the top of the repository.
    package let path: String
    /// The lines as they are.
    package let raw: [String]
    /// The lines with comments and the contents of string literals blanked; columns are kept.
    package let code: [String]
    /// The lines with comments blanked and string literals kept.
    package let words: [String]

    package init(path: String, text: String) {
        self.path = path
        var scanner = MaskScanner(text)
        scanner.run()
        raw = Self.lines(Array(text))
        code = Self.lines(scanner.code)
        words = Self.lines(scanner.words)
    }

    /// The target that the file belongs to: `BatonModel` for `Kernel/Sources/BatonModel/Facts.swift`, else `nil`.
    package var target: String? {
        let parts = path.split(separator: "/").map(String.init)
        guard let root = parts.firstIndex(where: { $0 == "Sources" || $0 == "Tests" }), root + 2 < parts.count else { return nil }
        return parts[root + 1]
    }

    /// Whether the file is a test.
    package var isTest: Bool { path.hasPrefix("Tests/") || path.contains("/Tests/") }

    /// Whether a line, counted from 0, holds nothing but a comment.
    package func isComment(_ line: Int) -> Bool {
        guard raw.indices.contains(line) else { return false }
        return raw[line].trimmed.hasPrefix("//")
    }

    /// The comment at the end of a line, counted from 0, or `nil`.
    package func comment(at line: Int) -> String? {
        guard raw.indices.contains(line), words.indices.contains(line) else { return nil }
        let kept = Array(words[line])
        let all = Array(raw[line])
        guard let start = all.indices.first(where: { $0 < kept.count && all[$0] == "/" && kept[$0] == " " }) else { return nil }
        return String(all[start...])
    }

    private static func lines(_ characters: [Character]) -> [String] {
        var out = characters.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        if out.last == "" { out.removeLast() }
        return out
    }
}

extension StringProtocol {
    /// Without the blanks at both ends.
    package var trimmed: String {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" { rest = rest.dropFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
        return String(rest)
    }

    /// Whether the text holds a whole word.
    package func hasWord(_ word: String) -> Bool { WordMatch(word).isIn(String(self)) }
}
