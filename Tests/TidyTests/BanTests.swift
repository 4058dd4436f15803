import Testing
import TidyRules

/// Rules that a file of one line breaks when it stands at a path.
private func broken(_ line: String, at path: String = "Sources/BatonEngine/Sample.swift") -> [String] {
    House.check(SourceText(path: path, text: line + "\n")).filter { $0.severity == .error }.map(\.rule)
}

@Suite struct BanTests {
    @Test(arguments: [
        ("let now = Date()", "wall-clock"),
        ("    try await Task.sleep(for: .seconds(1))", "real-sleep"),
        ("    Task { await go() }", "bare-task"),
        ("    Task(priority: .high) { await go() }", "bare-task"),
        ("    Task.detached { await go() }", "bare-task"),
        ("    Task.immediate { await go() }", "bare-task"),
        ("@MainActor final class Screen {}", "bare-task"),
        ("    let id = UUID()", "chance"),
        ("    var dice = SystemRandomNumberGenerator()", "chance"),
        ("    let number = Int.random(in: 0..<6)", "chance"),
        ("    let order = names.shuffled()", "chance"),
        ("    let clock = ContinuousClock()", "real-clock"),
        ("    DispatchQueue.main.async {}", "dispatch-time"),
        ("    print(text)", "print"),
        ("    let value = try! parse(text)", "force-try"),
        ("    let node = thing as! Node", "force-try"),
        ("    fatalError(text)", "fatal-error"),
        ("    for unsafe pointer in pointers {}", "for-unsafe"),
        ("    let value = try? parse(text)", "silent-try"),
        ("    let box: @unchecked Sendable", "unchecked"),
        ("    nonisolated(unsafe) var count = 0", "unchecked"),
        ("    // TO" + "DO later", "unfinished"),
        ("    call() // FIX" + "ME", "unfinished"),
    ])
    func findsWhatIsBanned(line: String, rule: String) {
        #expect(broken(line).contains(rule))
    }

    @Test(arguments: [
        "    try await Task.sleep(for: .seconds(1), clock: clock)",
        "    let order = names.shuffled(using: &dice)",
        "    let number = Int.random(in: 0..<6, using: &dice)",
        "    // Date() and Task { } are banned; print( too.",
        "    let text = \"try! Date() print(x) Task { }\"",
        "    let text = #\"say \"try!\" here\"#",
        "    reprint(text)",
        "    screen.print(text)",
        "    let tasks: [Task<Void, Never>] = []",
        "    let value = try? parse(text)  // Absence is fine: the default is shown.",
        "    withTaskGroup(of: Void.self) { group in }",
        "    /* fatalError(text) /* nested try! */ DispatchQueue */",
    ])
    func leavesTheRestAlone(line: String) {
        #expect(broken(line).isEmpty)
    }

    @Test(arguments: [
        ("let now = Date()", "Sources/BatonWorldLive/WallClock.swift"),
        ("    Task { await go() }", "Sources/BatonHTTP/Server.swift"),
        ("    print(text)", "Sources/BatonCLI/Screen.swift"),
        ("    let id = UUID()", "Sources/BatonWorldLive/Randomness.swift"),
        ("    try await Task.sleep(for: .seconds(1))", "Tests/IntegrationTests/Sample.swift"),
    ])
    func knowsThePlacesThatMay(line: String, path: String) {
        #expect(broken(line, at: path).isEmpty)
    }

    @Test func seesCodeInsideAnInterpolation() {
        #expect(broken("    let text = \"at \\(Date())\"") == ["wall-clock"])
    }

    @Test func readsAMultilineStringAsAString() {
        let text = "let help = \"\"\"\n    Task { } \"quoted\" print(x)\n    \"\"\"\nlet now = Date()\n"
        let findings = House.check(SourceText(path: "Sources/BatonEngine/Help.swift", text: text))
        #expect(findings.filter { $0.severity == .error }.map(\.line) == [4])
    }

    @Test func acceptsATryThatACommentAboveExplains() {
        let text = "    // A missing file is what we want.\n    try? remove(path)\n"
        #expect(House.check(SourceText(path: "Sources/BatonEngine/Sample.swift", text: text)).isEmpty)
    }

    @Test func weighsADroppedErrorLessInATest() {
        let file = SourceText(path: "Tests/BatonStoreTests/Sample.swift", text: "    try? remove(path)\n")
        #expect(House.check(file).map(\.severity) == [.warning])
    }

    @Test func wantsAReasonWhereTrustIsAllowed() {
        let bare = "    nonisolated(unsafe) var count = 0"
        #expect(broken(bare, at: "Sources/BatonSim/Sample.swift") == ["unchecked"])
        #expect(broken(bare + "  // Only the one thread touches it.", at: "Sources/BatonSim/Sample.swift").isEmpty)
    }
}
