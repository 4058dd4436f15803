/// A call that has no place in most of the tree, with what to use instead.
package struct Ban: Sendable {
    /// The name of the rule.
    package let rule: String
    /// What to look for in the code, comments and string contents left out.
    package let patterns: [String]
    /// A line that holds one of these is fine.
    package let pardons: [String]
    /// Paths that begin with one of these are fine.
    package let places: [String]
    /// Why, and what to write instead.
    package let instead: String

    /// A ban of `patterns` everywhere but in `places`.
    package init(_ rule: String, _ patterns: [String], pardons: [String] = [], places: [String] = [], instead: String) {
        (self.rule, self.patterns, self.pardons, self.places, self.instead) = (rule, patterns, pardons, places, instead)
    }

    /// The uses in a file.
    package func check(_ file: SourceText) -> [Finding] {
        guard !places.contains(where: { file.path.hasPrefix($0) }) else { return [] }
        var out: [Finding] = []
        for (number, line) in file.code.enumerated() {
            guard let hit = patterns.first(where: { WordMatch($0).isIn(line) }) else { continue }
            guard !pardons.contains(where: { line.contains($0) }) else { continue }
            out.append(Finding(.error, rule, file.path, number + 1, "`\(hit)`: \(instead)"))
        }
        return out
    }
}
