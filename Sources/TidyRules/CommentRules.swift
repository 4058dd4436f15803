/// What needs a comment with a reason, and what a comment may not say.
package enum CommentRules {
    /// Where the compiler may be told to trust us about concurrency: adapters around C and NIO, and the simulator's executor.
    static let trusted = ["Sources/BatonWorldLive/", "Sources/BatonHTTP/", "Sources/BatonSim/"]
    private static let trust = ["@unchecked Sendable", "nonisolated(unsafe)"]
    private static let notes = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]

    /// What a file leaves unexplained or unfinished.
    package static func check(_ file: SourceText) -> [Finding] {
        var out: [Finding] = []
        for (number, line) in file.code.enumerated() {
            if WordMatch("try?").isIn(line), !hasReason(file, number) {
                let severity: Finding.Severity = file.isTest ? .warning : .error
                let message = "`try?` drops an error: handle it, or say in a comment why not"
                out.append(Finding(severity, "silent-try", file.path, number + 1, message))
            }
            if let hit = trust.first(where: { line.contains($0) }), !file.isTest {
                if !trusted.contains(where: { file.path.hasPrefix($0) }) {
                    out.append(Finding(.error, "unchecked", file.path, number + 1, "`\(hit)`: use an actor or a value"))
                } else if !hasReason(file, number) {
                    out.append(Finding(.error, "unchecked", file.path, number + 1, "`\(hit)`: say in a comment what makes it safe"))
                }
            }
            if let comment = file.comment(at: number), let note = notes.first(where: { comment.hasWord($0) }) {
                out.append(Finding(.error, "unfinished", file.path, number + 1, "\(note): do it now, or open an issue"))
            }
        }
        return out
    }

    /// Whether a comment stands on the line or right above it.
    private static func hasReason(_ file: SourceText, _ number: Int) -> Bool {
        var above = number - 1
        while above >= 0, file.raw[above].trimmed.hasPrefix("@") { above -= 1 }
        return file.comment(at: number) != nil || file.isComment(above)
    }
}
