import BatonConfluxNode
import BatonDevnet
import BatonModel
import Foundation
import Testing

/// The built program and folders for tests on real processes.
enum Bench {
    private static var root: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }
    /// The `baton` binary of this build, or another one that `BATON_EXECUTABLE` names.
    static let executable =
        ProcessInfo.processInfo.environment["BATON_EXECUTABLE"] ?? root.appending(path: ".build/release/baton").path
    static let scenarios = root.appending(path: "Scenarios")

    /// A new folder of this test's own.
    static func folder(_ name: String) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "baton-devnet-\(name)-\(getpid())")
        // Mostly there is none.
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    /// Runs a body with a devnet that is ended afterwards.
    static func withDevnet(
        _ name: String, round: Duration = .milliseconds(200), roundsPerEpoch: UInt64 = 120, nobodyVotes: Bool = false,
        _ body: (Devnet, DevnetFault) async throws -> Void
    ) async throws {
        let devnet = try await DevnetLauncher.up(
            DevnetSettings(
                directory: try folder(name), executable: executable, round: round, roundsPerEpoch: roundsPerEpoch,
                nobodyVotes: nobodyVotes
            )
        )
        do { try await body(devnet, DevnetFault(devnet)) } catch {
            await DevnetLauncher.down(devnet)
            throw error
        }
        await DevnetLauncher.down(devnet)
        #expect(await DevnetLauncher.processes(of: devnet).isEmpty)
    }

    /// Waits until the condition holds; the deadline is only for a broken devnet.
    static func until(_ what: String, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<6000 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("never: \(what)")
    }

    /// The one identity's verdict.
    static func verdict(_ fault: DevnetFault) async throws -> JSON {
        try await fault.verdict()["identities"]?.array?.first ?? .null
    }

    /// Votes cast so far.
    static func votes(_ fault: DevnetFault) async throws -> Int64 { try await verdict(fault)["votesCast"]?.integer ?? 0 }
}
