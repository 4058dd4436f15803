/// Documentation comments: on every declaration that others can see.
///
/// A missing one is an error on types, functions and protocol requirements, and a warning on properties and initialisers whose
/// type tells most of it. Witnesses are documented by their protocol: members of an extension that adds a conformance, and members of a
/// conforming type that bear the name of a documented requirement.
package enum DocRules {
    /// Names whose meaning a protocol of the standard library or of BatonModel fixes.
    private static let obvious: Set<String> = [
        "description", "debugDescription", "customMirror", "json", "hash", "<", "=", "==", "rawValue", "body", "main", "errorDescription",
        "configuration", "run", "id", "advanced", "duration",
    ]

    /// The names of the documented requirements in a file.
    package static func requirements(_ file: SourceText) -> Set<String> {
        let items = Outline(file.code).items.filter { $0.isRequirement && isDocumented(file, $0.line) }
        return Set(items.map(\.declaration.name))
    }

    /// The declarations without documentation.
    ///
    /// - Parameter promised: names of requirements that are documented somewhere in the tree.
    package static func check(_ file: SourceText, promised: Set<String> = []) -> [Finding] {
        guard !file.isTest, !file.path.hasSuffix("Package.swift") else { return [] }
        var out: [Finding] = []
        for item in Outline(file.code).items where item.isMember && !item.isHidden && !item.isWitness {
            let declaration = item.declaration
            guard !declaration.isPrivate, !declaration.isOverride, !obvious.contains(declaration.name) else { continue }
            if item.isInConformer, promised.contains(declaration.name) || declaration.kind == .typealias { continue }
            guard !isDocumented(file, item.line), let severity = severity(declaration.kind) else { continue }
            let what = "\(declaration.kind.rawValue) `\(declaration.name)`"
            out.append(Finding(severity, "docs", file.path, item.line + 1, "\(what) has no `///` comment"))
        }
        return out
    }

    private static func severity(_ kind: Declaration.Kind) -> Finding.Severity? {
        switch kind {
        case .struct, .enum, .class, .actor, .protocol, .func, .subscript, .typealias, .macro: .error
        case .var, .let, .`init`, .associatedtype: .warning
        case .extension, .deinit: nil
        }
    }

    private static func isDocumented(_ file: SourceText, _ line: Int) -> Bool {
        var above = line - 1
        while above >= 0 {
            let text = file.raw[above].trimmed
            if text.hasPrefix("///") || text.hasSuffix("*/") { return true }
            // Attributes and plain comments may stand between the documentation and the declaration.
            guard text.hasPrefix("@") || text.hasPrefix("#") || text.hasPrefix("//") else { return false }
            above -= 1
        }
        return false
    }
}
