/// A declaration at file or type level, as far as a look at its first line tells.
struct Declaration {
    /// What a declaration introduces.
    enum Kind: String, CaseIterable {
        case `func`, `init`, `deinit`, `subscript`, `var`, `let`, `struct`, `enum`, `class`, `actor`, `protocol`, `extension`, `typealias`
        case `associatedtype`, macro

        /// Whether members stand inside its braces.
        var isType: Bool {
            switch self {
            case .struct, .enum, .class, .actor, .protocol, .extension: true
            default: false
            }
        }
        /// Whether it has a body that runs.
        var isFunction: Bool {
            switch self {
            case .func, .`init`, .deinit, .subscript: true
            default: false
            }
        }
    }

    let kind: Kind
    let name: String
    let isPrivate: Bool
    let isOverride: Bool
    /// Whether a type or extension names what it conforms to: the protocol documents its witnesses.
    let hasConformance: Bool

    /// Reads a line of masked code, or gives `nil` when no declaration begins there.
    init?(_ line: String) {
        var words = Self.words(of: line)
        var isPrivate = false
        var isOverride = false
        while let word = words.first, Self.modifiers.contains(word) || word.hasPrefix("@") {
            if word == "private" || word == "fileprivate" { isPrivate = true }
            if word == "override" { isOverride = true }
            // `class` before `func` or `var` is a modifier; before a name it is the declaration.
            if word == "class", words.count > 1, Kind(rawValue: words[1]) == nil { break }
            words.removeFirst()
        }
        guard let word = words.first, let kind = Kind(rawValue: word) else { return nil }
        self.kind = kind
        self.isPrivate = isPrivate
        self.isOverride = isOverride
        name = words.count > 1 ? words[1] : word
        hasConformance = kind.isType && kind != .protocol && Self.hasConformance(line)
    }

    private static let modifiers: Set<String> = [
        "public", "package", "internal", "private", "fileprivate", "open", "private(set)", "fileprivate(set)", "package(set)",
        "internal(set)", "public(set)", "static", "class", "final", "override", "mutating", "nonmutating", "indirect", "nonisolated",
        "nonisolated(unsafe)", "nonisolated(nonsending)", "lazy", "weak", "unowned", "required", "convenience", "consuming", "borrowing",
        "isolated", "distributed", "prefix", "postfix", "infix", "dynamic", "optional", "unsafe",
    ]

    private static func hasConformance(_ line: String) -> Bool {
        var depth = 0
        for character in line {
            if "([<".contains(character) { depth += 1 }
            if ")]>".contains(character) { depth -= 1 }
            if character == "{" { return false }
            if character == ":", depth == 0 { return !String(line.prefix { $0 != ":" }).hasWord("where") }
        }
        return false
    }

    /// The leading words; a word ends at a blank, or where its name ends, but keeps the brackets of a modifier or attribute.
    private static func words(of line: String) -> [String] {
        var out: [String] = []
        var word = ""
        var depth = 0
        func isName(_ character: Character) -> Bool { character.isLetter || character.isNumber || "_@`#".contains(character) }
        for character in line {
            if character == "(" { depth += 1 }
            if depth > 0 || isName(character) {
                word.append(character)
            } else if !word.isEmpty {
                out.append(word)
                word = ""
                if character != " " { out.append(String(character)) }
            } else if character != " " {
                out.append(String(character))
            }
            if character == ")" { depth -= 1 }
            if out.count > 12 { break }
        }
        if !word.isEmpty { out.append(word) }
        // A name with its parameter list in one word: keep the name.
        return out.map { word in
            guard let bracket = word.firstIndex(of: "("), !modifiers.contains(word), !word.hasPrefix("@") else { return word }
            return String(word[..<bracket])
        }
    }
}
