/// The declarations of a file with their place, their surroundings and the length of their bodies.
struct Outline {
    /// A declaration and where it stands.
    struct Item {
        let declaration: Declaration
        /// Counted from 0.
        let line: Int
        /// Whether it stands in the file or in a type, not in a body.
        let isMember: Bool
        /// Whether a type or extension around it is private.
        let isHidden: Bool
        /// Whether it stands in an extension that adds a conformance.
        let isWitness: Bool
        /// Whether it stands in a protocol.
        let isRequirement: Bool
        /// Whether it stands in a type that conforms to something.
        let isInConformer: Bool
        /// The line of the closing brace, counted from 0, or `nil` when it has no body.
        var end: Int?
    }

    private struct Scope {
        let item: Int?
        let isBody: Bool
        let isHidden: Bool
        let isWitness: Bool
        let isProtocol: Bool
        let isConformer: Bool
    }

    private(set) var items: [Item] = []
    private var scopes: [Scope] = []
    private var pending: Int?
    private var brackets = 0

    /// Reads the masked lines of a file.
    init(_ lines: [String]) {
        for (number, line) in lines.enumerated() {
            if brackets == 0 { note(line, number) }
            for character in line { step(character, number) }
        }
    }

    private mutating func note(_ line: String, _ number: Int) {
        var text = line.trimmed
        while text.hasPrefix("}") { text = String(text.dropFirst()).trimmed }
        guard let declaration = Declaration(text) else { return }
        let scope = scopes.last
        let item = Item(
            declaration: declaration, line: number, isMember: !(scope?.isBody ?? false), isHidden: scope?.isHidden ?? false,
            isWitness: scope?.isWitness ?? false, isRequirement: scope?.isProtocol ?? false, isInConformer: scope?.isConformer ?? false
        )
        items.append(item)
        pending = items.count - 1
    }

    private mutating func step(_ character: Character, _ number: Int) {
        switch character {
        case "(", "[":
            brackets += 1
        case ")", "]":
            brackets -= 1
        case "{":
            open()
        case "}":
            if let scope = scopes.popLast(), let item = scope.item { items[item].end = number }
            if brackets == 0 { pending = nil }
        default:
            break
        }
    }

    private mutating func open() {
        let around = scopes.last
        guard brackets == 0, let index = pending else {
            scopes.append(Scope(item: nil, isBody: true, isHidden: false, isWitness: false, isProtocol: false, isConformer: false))
            return
        }
        let declaration = items[index].declaration
        scopes.append(
            Scope(
                item: index,
                isBody: !declaration.kind.isType || (around?.isBody ?? false),
                isHidden: (around?.isHidden ?? false) || declaration.isPrivate,
                isWitness: declaration.kind == .extension && declaration.hasConformance,
                isProtocol: declaration.kind == .protocol,
                isConformer: declaration.hasConformance
            )
        )
        pending = nil
    }
}
