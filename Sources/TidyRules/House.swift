/// Every rule of the house, applied to one file.
package enum House {
    /// What a file breaks, in the order of its lines.
    ///
    /// - Parameter promised: see ``DocRules/check(_:promised:)``.
    package static func check(_ file: SourceText, promised: Set<String> = []) -> [Finding] {
        var out = SizeRules.check(file)
        for ban in Ban.all { out += ban.check(file) }
        out += CommentRules.check(file) + DocRules.check(file, promised: promised) + DoorRule.check(file) + LayerRules.check(file)
        return out.sorted { ($0.line, $0.rule, $0.message) < ($1.line, $1.rule, $1.message) }
    }
}
