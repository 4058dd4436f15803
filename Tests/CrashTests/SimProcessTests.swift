import Foundation
import Testing

/// The simulator as a program: what hashes are seeded with, and where things lie in memory, differs from process to process.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: DevnetUnderTest.product), "the release binary is needed"))
struct SimProcessTests {
    @Test(arguments: ["clean", "crash", "faults"])
    func theSameSeedsAndModeGiveTheSameTraceInEveryProcess(mode: String) async throws {
        let arguments = ["sim", "--seeds", "10", "--from", "700", "--mode", mode, "--json"]
        let first = try await run(DevnetUnderTest.product, arguments)
        let again = try await run(DevnetUnderTest.product, arguments)
        let ordered = try await run(DevnetUnderTest.product, arguments, environment: ["SWIFT_DETERMINISTIC_HASHING": "1"])
        #expect(first.status == 0, "\(first.told)")
        #expect(first.output.contains("\"trace\""), "\(first.told)")
        #expect(first.output == again.output)
        #expect(first.output == ordered.output)
    }
}
