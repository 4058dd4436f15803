import Testing
import TidyRules

/// The findings of one rule in a text.
private func findings(_ rule: String, _ text: String, at path: String = "Sources/BatonEngine/Sample.swift") -> [Finding] {
    House.check(SourceText(path: path, text: text)).filter { $0.rule == rule }
}

/// A documented function with this many lines, its first and last one included.
private func function(lines: Int) -> String {
    "/// Runs.\nfunc go() {\n" + String(repeating: "    step { call() }\n", count: lines - 2) + "}\n"
}

@Suite struct SizeTests {
    @Test(arguments: [
        (400, nil), (401, Finding.Severity.warning), (600, .warning), (601, .error),
    ])
    func weighsAFileByItsLines(lines: Int, severity: Finding.Severity?) {
        let text = String(repeating: "// line\n", count: lines)
        #expect(findings("file-size", text).first?.severity == severity)
    }

    @Test(arguments: [
        (60, nil), (61, Finding.Severity.warning), (80, .warning), (81, .error),
    ])
    func weighsAFunctionByItsLines(lines: Int, severity: Finding.Severity?) {
        #expect(findings("function-size", function(lines: lines)).first?.severity == severity)
    }

    @Test func measuresEachMethodOfATypeByItself() {
        let text = "/// Holds.\nstruct Box {\n" + function(lines: 50) + function(lines: 50) + "}\n"
        #expect(findings("function-size", text).isEmpty)
    }

    @Test func measuresAFunctionWhoseParametersTakeClosures() {
        let text = "/// Runs.\nfunc go(\n    then next: () -> Void = { call() },\n    or other: Int\n) {\n"
        #expect(findings("function-size", text + String(repeating: "    call()\n", count: 80) + "}\n").first?.line == 2)
    }

    @Test(arguments: [(140, 0), (141, 1)])
    func countsColumns(width: Int, expected: Int) {
        #expect(findings("columns", String(repeating: "/", count: width) + "\n").count == expected)
    }
}

@Suite struct DocTests {
    @Test(arguments: [
        "struct Box {}", "package enum Kind {}", "public final class Thing {}", "actor Shell {}", "protocol Door {}", "func go() {}",
        "static func go() {}", "public typealias Name = String", "@discardableResult\npackage func go() -> Int { 1 }",
    ])
    func wantsDocumentation(text: String) {
        #expect(findings("docs", text + "\n").map(\.severity) == [.error])
        #expect(findings("docs", "/// It is.\n" + text + "\n").isEmpty)
    }

    @Test(arguments: [
        "private struct Box {}", "fileprivate func go() {}", "private extension Box {\n    func go() {}\n}", "extension Box {}",
    ])
    func leavesPrivateThingsAlone(text: String) {
        #expect(findings("docs", text + "\n").isEmpty)
    }

    @Test func leavesWitnessesAndBodiesAlone() {
        let text = """
            extension Box: Door {
                func open() { let here = 1 }
            }
            /// Runs.
            func go() {
                struct Local {}
                func inner() {}
            }
            """
        #expect(findings("docs", text).isEmpty)
    }

    @Test func knowsAWitnessByTheNameOfADocumentedRequirement() {
        let door = SourceText(
            path: "Sources/BatonDriver/Door.swift", text: "/// Opens.\nprotocol Door {\n    /// Opens it.\n    func open()\n}\n")
        let promised = DocRules.requirements(door)
        #expect(promised == ["open"])
        let text = "/// Opens.\nactor Gate: Door {\n    func open() {}\n    func lock() {}\n}\n"
        let findings = DocRules.check(SourceText(path: "Sources/BatonEngine/Gate.swift", text: text), promised: promised)
        #expect(findings.map(\.line) == [4])
    }

    @Test func warnsOfABareProperty() {
        #expect(findings("docs", "/// Holds.\nstruct Box {\n    let count: Int\n}\n").map(\.severity) == [.warning])
    }

    @Test func asksTestsForNone() {
        #expect(findings("docs", "struct Box {}\n", at: "Tests/XTests/X.swift").isEmpty)
    }
}
