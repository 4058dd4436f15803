import BatonConfluxNode
import BatonDevnet
import Foundation
import Testing

/// One text, two stages, one transcript: the model in memory and real processes with real files and sockets.
@Suite(.serialized) struct SameTranscript {
    private static let names: [String] = {
        // Without the folder the list is empty, and a test says so.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Bench.scenarios.path)) ?? []
        return names.filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test func thereAreScenarios() { #expect(!Self.names.isEmpty) }

    @Test(arguments: names)
    func realProcessesWriteTheTranscriptOfTheModel(_ name: String) async throws {
        let text = try String(contentsOf: Bench.scenarios.appending(path: name), encoding: .utf8)
        var inMemory = ScenarioRunner(on: MemoryStage())
        let expected = try await inMemory.run(text)
        var real = ScenarioRunner(on: DevnetStage(directory: try Bench.folder("scenario"), executable: Bench.executable))
        let transcript: String
        do { transcript = try await real.run(text) } catch {
            await real.stage.end()
            throw error
        }
        await real.stage.end()
        #expect(transcript == expected)
    }
}
