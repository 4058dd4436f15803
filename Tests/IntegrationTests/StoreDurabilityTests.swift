import BatonTestKit
import Foundation
import Testing

/// Traces the system calls of a store in a process of its own.
private enum Probe {
    static let strace = "/usr/bin/strace"

    /// The folder of the built executables: the tests run from it.
    static var products: String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    }

    static func run(_ executable: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// Whether this machine lets a process be traced.
    static let canTrace: Bool = {
        guard FileManager.default.isExecutableFile(atPath: strace) else { return false }
        do {
            return try run(strace, ["-f", "-o", "/dev/null", "/bin/true"]).status == 0
        } catch {
            return false
        }
    }()

    /// Where the tests' own executable lies, next to this bundle.
    static var path: String {
        let bundled = products + "/store-probe"
        if FileManager.default.isExecutableFile(atPath: bundled) { return bundled }
        return Bundle.main.bundleURL.deletingLastPathComponent().appendingPathComponent("store-probe").path
    }

    static func trace(_ mode: String) throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/baton-probe-\(getpid())-\(mode)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]
        )
        let log = folder + "/trace"
        let answer = try run(
            strace, ["-f", "-y", "-o", log, "-e", "trace=fsync,fdatasync,pwrite64,write", path, mode, folder]
        )
        try #require(answer.status == 0, "the probe failed: \(answer.output)")
        let trace = String(decoding: try Data(contentsOf: URL(fileURLWithPath: log)), as: UTF8.self)
        try FileManager.default.removeItem(atPath: folder)
        return trace
    }
}

@Suite(
    "What a commit returned for is on disk",
    .enabled(if: Probe.canTrace, "strace is missing or not permitted here: durability was NOT checked")
)
struct StoreDurabilityTests {
    @Test("a commit writes the log and syncs it, once, before it returns")
    func syncs() throws {
        let finding = SyncJudge.judge(
            try Probe.trace("store"), file: "store.sqlite-wal", from: #""begin\n""#, to: #""committed\n""#
        )
        #expect(finding.hasWindow)
        #expect(finding.writes >= 1)
        #expect(finding.syncs == 1, "one commit is one sync")
        #expect(finding.isDurable, "\(finding)")
    }

    @Test("the same judge refuses a connection with synchronous=NORMAL")
    func judgeCanFail() throws {
        let finding = SyncJudge.judge(
            try Probe.trace("normal"), file: "planted.sqlite-wal", from: #""begin\n""#, to: #""committed\n""#
        )
        #expect(finding.hasWindow)
        #expect(finding.writes >= 1, "the planted store wrote nothing: the judge saw nothing")
        #expect(finding.syncs == 0)
        #expect(!finding.isDurable)
    }
}

@Suite("The judge of traces")
struct SyncJudgeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let lines: [String]
        let isDurable: Bool
    }
    static let rows: [Row] = [
        Row(
            testDescription: "written and synced",
            lines: [
                "1 write(1<pipe>, \"begin\"", "1 pwrite64(5</s-wal>, \"x\", 1, 0) = 1", "1 fdatasync(5</s-wal>) = 0",
                "1 write(1<pipe>, \"end\"",
            ],
            isDurable: true
        ),
        Row(
            testDescription: "synced too late",
            lines: [
                "1 write(1<pipe>, \"begin\"", "1 pwrite64(5</s-wal>, \"x\", 1, 0) = 1", "1 write(1<pipe>, \"end\"",
                "1 fdatasync(5</s-wal>) = 0",
            ],
            isDurable: false
        ),
        Row(
            testDescription: "synced before the last write",
            lines: ["1 \"begin\"", "1 fdatasync(5</s-wal>) = 0", "1 pwrite64(5</s-wal>, \"x\", 1, 0) = 1", "1 \"end\""],
            isDurable: false
        ),
        Row(
            testDescription: "the sync failed",
            lines: ["1 \"begin\"", "1 pwrite64(5</s-wal>, \"x\", 1, 0) = 1", "1 fdatasync(5</s-wal>) = -1 EIO", "1 \"end\""],
            isDurable: false
        ),
        Row(
            testDescription: "another file was synced",
            lines: ["1 \"begin\"", "1 pwrite64(5</s-wal>, \"x\", 1, 0) = 1", "1 fdatasync(4</s>) = 0", "1 \"end\""],
            isDurable: false
        ),
        Row(
            testDescription: "the sync was begun and not ended",
            lines: ["1 \"begin\"", "1 pwrite64(5</s-wal>, \"x\", 1, 0) = 1", "1 fdatasync(5</s-wal> <unfinished ...>", "2 \"end\""],
            isDurable: false
        ),
        Row(
            testDescription: "the sync was cut in two lines",
            lines: [
                "1 \"begin\"", "1 pwrite64(5</s-wal>, \"x\", 1, 0) = 1", "1 fdatasync(5</s-wal> <unfinished ...>",
                "2 write(9</x>, \"\", 0) = 0",
                "1 <... fdatasync resumed>) = 0", "1 \"end\"",
            ],
            isDurable: true
        ),
        Row(testDescription: "nothing was written", lines: ["1 \"begin\"", "1 fdatasync(5</s-wal>) = 0", "1 \"end\""], isDurable: false),
        Row(
            testDescription: "the end never came",
            lines: ["1 \"begin\"", "1 pwrite64(5</s-wal>, \"x\", 1, 0) = 1", "1 fdatasync(5</s-wal>) = 0"], isDurable: false),
    ]

    @Test("tells durable from not", arguments: rows)
    func judges(_ row: Row) {
        let finding = SyncJudge.judge(row.lines.joined(separator: "\n"), file: "-wal", from: "\"begin", to: "\"end")
        #expect(finding.isDurable == row.isDurable, "\(finding)")
    }
}
