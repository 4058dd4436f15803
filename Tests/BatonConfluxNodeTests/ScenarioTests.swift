import BatonConfluxNode
import BatonModel
import Foundation
import Testing

/// The scenarios of the repository, played in memory and held against their transcripts.
@Suite struct ScenarioTranscripts {
    private static var folder: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Scenarios")
    }

    private static let names: [String] = {
        // Without the folder there are no names, and the first test fails.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test func thereAreScenarios() { #expect(Self.names.count >= 8) }

    @Test(arguments: names)
    func transcriptIsAsWritten(_ name: String) async throws {
        let file = Self.folder.appending(path: name)
        let text = try String(contentsOf: file, encoding: .utf8)
        let (steps, expected) = ScenarioRunner<MemoryStage>.split(text)
        var runner = ScenarioRunner(on: MemoryStage())
        let transcript = try await runner.run(text)
        if unsafe getenv("BATON_REWRITE") != nil {
            try (steps + "---\n" + transcript).write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(transcript == expected, "\(name): run with BATON_REWRITE=1 and review the difference")
        }
    }

    @Test(arguments: ["nonsense", "rounds x", "node a key=none", "boot a", "roll epoch\nkey k1", "edit a:json"])
    func aLineThatIsNoStepIsAnErrorWithItsNumber(_ text: String) async {
        var runner = ScenarioRunner(on: MemoryStage())
        await #expect(throws: ScenarioError.self) { try await runner.run(text) }
    }
}
