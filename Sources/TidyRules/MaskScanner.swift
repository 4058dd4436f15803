/// Blanks comments and string literals of Swift source, keeping every line and column.
///
/// Knows line and nested block comments, plain, multi-line and raw strings, and interpolation (whose contents are code).
struct MaskScanner {
    /// Comments and string contents blanked.
    private(set) var code: [Character]
    /// Comments blanked.
    private(set) var words: [Character]

    private let text: [Character]
    private var at = 0

    /// A scanner at the start of a text.
    init(_ text: String) {
        self.text = Array(text)
        code = self.text
        words = self.text
    }

    /// Scans to the end.
    mutating func run() {
        scanCode(untilParenthesis: false)
    }

    private mutating func scanCode(untilParenthesis: Bool) {
        var depth = 0
        while at < text.count {
            if looksAt("//") {
                blankLine()
            } else if looksAt("/*") {
                blankBlock()
            } else if let hashes = stringStart() {
                scanString(hashes: hashes)
            } else {
                if text[at] == "(" { depth += 1 }
                if text[at] == ")" {
                    if untilParenthesis, depth == 0 { return }
                    depth -= 1
                }
                at += 1
            }
        }
    }

    /// The number of `#` before the quote when a string literal begins here.
    private func stringStart() -> Int? {
        var end = at
        while end < text.count, text[end] == "#" { end += 1 }
        guard end < text.count, text[end] == "\"" else { return nil }
        return end - at
    }

    private mutating func scanString(hashes: Int) {
        at += hashes
        let fence = String(repeating: "#", count: hashes)
        let isMultiline = looksAt("\"\"\"")
        let quote = isMultiline ? "\"\"\"" : "\""
        at += quote.count
        while at < text.count {
            if looksAt(quote + fence) {
                at += quote.count + hashes
                return
            }
            if !isMultiline, text[at] == "\n" { return }
            if looksAt("\\" + fence + "(") {
                blank(count: hashes + 1, inWords: false)
                at += 1
                scanCode(untilParenthesis: true)
                at += 1
            } else if hashes == 0, text[at] == "\\" {
                blank(count: 2, inWords: false)
            } else {
                blank(count: 1, inWords: false)
            }
        }
    }

    private mutating func blankLine() {
        while at < text.count, text[at] != "\n" { blank(count: 1, inWords: true) }
    }

    private mutating func blankBlock() {
        var depth = 0
        while at < text.count {
            if looksAt("/*") {
                depth += 1
                blank(count: 2, inWords: true)
            } else if looksAt("*/") {
                depth -= 1
                blank(count: 2, inWords: true)
                if depth == 0 { return }
            } else {
                blank(count: 1, inWords: true)
            }
        }
    }

    private mutating func blank(count: Int, inWords: Bool) {
        for _ in 0..<count where at < text.count {
            if text[at] != "\n" {
                code[at] = " "
                if inWords { words[at] = " " }
            }
            at += 1
        }
    }

    private func looksAt(_ word: String) -> Bool {
        var index = at
        for character in word {
            guard index < text.count, text[index] == character else { return false }
            index += 1
        }
        return true
    }
}
