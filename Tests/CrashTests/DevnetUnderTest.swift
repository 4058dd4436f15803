import Foundation
import Testing

/// One command that ended.
struct Ended {
    let status: Int32
    let wasKilled: Bool
    let output: String
    let errors: String
    /// Everything that it said, for a failure's message.
    var told: String { String(output.suffix(1500)) + String(errors.suffix(600)) }
}

/// Starts a program and waits for its end; past the deadline it is killed and the test fails.
func run(_ program: String, _ arguments: [String], within seconds: Double = 120) throws -> Ended {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let out = Pipe()
    let errors = NSTemporaryDirectory() + "/baton-stderr-\(getpid())-\(UInt(bitPattern: ObjectIdentifier(process).hashValue))"
    try Data().write(to: URL(fileURLWithPath: errors))
    defer { try? FileManager.default.removeItem(atPath: errors) }  // Only a scratch file.
    process.standardOutput = out
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    try process.run()
    let pid = process.processIdentifier
    let watchdog = DispatchSource.makeTimerSource()
    watchdog.schedule(deadline: .now() + seconds)
    watchdog.setEventHandler { kill(pid, SIGKILL) }
    watchdog.resume()
    let output = out.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    watchdog.cancel()
    return Ended(
        status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
        output: String(decoding: output, as: UTF8.self), errors: try String(contentsOfFile: errors, encoding: .utf8))
}

/// A devnet of real processes that is reset, not rebuilt, between runs.
struct DevnetUnderTest {
    let baton: String
    let folder: String

    /// The release binary of this build, or another one that `BATON_EXECUTABLE` names.
    static var product: String {
        if let named = ProcessInfo.processInfo.environment["BATON_EXECUTABLE"] { return named }
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return tests.deletingLastPathComponent().appendingPathComponent(".build/release/baton").path
    }

    /// What keeps these tests from running here, or `nil`.
    static var missing: String? {
        for tool in ["/usr/bin/strace"] where !FileManager.default.isExecutableFile(atPath: tool) { return "\(tool) is not installed" }
        return FileManager.default.isExecutableFile(atPath: product) ? nil : "the release binary is not beside the tests: \(product)"
    }

    static func up(_ name: String, round: String) throws -> DevnetUnderTest {
        let folder = NSTemporaryDirectory() + "/baton-\(name)-\(ProcessInfo.processInfo.processIdentifier)"
        let devnet = DevnetUnderTest(baton: product, folder: folder)
        let ended = try run(product, ["devnet", "conflux", "--directory", folder, "--detach", "--round", round])
        try #require(ended.status == 0, "\(ended.told)")
        return devnet
    }

    func down() throws {
        _ = try run(baton, ["devnet", "down", "--directory", folder])
        try FileManager.default.removeItem(atPath: folder)
    }

    var fleet: [String] { ["--fleet", folder + "/baton.yaml"] }

    /// The chain and the nodes begin anew, and Baton remembers nothing.
    func reset() throws {
        let ended = try run(baton, ["devnet", "reset", "--directory", folder])
        try #require(ended.status == 0, "\(ended.told)")
        let state = folder + "/state"
        if FileManager.default.fileExists(atPath: state) { try FileManager.default.removeItem(atPath: state) }
    }

    /// What the chain process says.
    func verdict() throws -> (isSafe: Bool, voters: [String], missed: Int) {
        let ended = try run(baton, ["devnet", "verdict", "--directory", folder, "--json"])
        let json = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
        let one = try #require((json?["identities"] as? [[String: Any]])?.first)
        let voters = (one["votersNow"] as? [[String: Any]] ?? []).compactMap { $0["node"] as? String }
        let conflicting = (one["conflicting"] as? [Any])?.count
        let overlap = (one["overlap"] as? [Any])?.count
        return (conflicting == 0 && overlap == 0, voters, (one["missed"] as? [Any])?.count ?? -1)
    }

    /// Whether the journal has an operation that did not finish.
    func isUnfinished() throws -> Bool {
        let ended = try run(baton, ["list", "--json"] + fleet)
        let json = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
        return (json?["operations"] as? [[String: Any]] ?? []).contains { $0["standing"] as? String != "finished" }
    }
}
