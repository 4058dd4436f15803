import Foundation
import Testing

/// The unmodified release binary, killed by the kernel at a chosen system call, then resumed once; the chain judges.
@Suite(.serialized, .enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct CrashLoopTests {
    private let traced = "trace=" + Trace.calls.joined(separator: ",")

    private func trace(_ verb: [String], _ devnet: DevnetUnderTest) async throws -> Trace {
        try await devnet.reset()
        let file = devnet.folder + ".trace"
        defer { try? FileManager.default.removeItem(atPath: file) }  // Only a scratch file.
        let ended = try await run(
            "/usr/bin/strace", ["-f", "-qq", "-y", "-s", "400", "-o", file, "-e", traced, devnet.baton] + verb + devnet.fleet)
        try #require(ended.status == 0, "the unkilled run must succeed: \(ended.told)")
        return Trace(try String(contentsOfFile: file, encoding: .utf8))
    }

    /// Kills at the point, resumes once when there is something to resume, and asks the chain.
    private func killAndResume(_ point: KillPoint, _ verb: [String], _ devnet: DevnetUnderTest) async throws -> Bool {
        try await devnet.reset()
        let killed = try await run(
            "/usr/bin/strace",
            ["-f", "-qq", "-o", "/dev/null", "-e", "trace=\(point.call)", "-e", point.injection, devnet.baton] + verb + devnet.fleet)
        try await devnet.resumeAndJudge("\(point)", killed)
        return killed.status != 0 || killed.wasKilled
    }

    @Test func oneResumeReachesOneVoterWhereverTheSwitchoverIsKilled() async throws {
        try await DevnetUnderTest.with("crash") { devnet in
            let verb = ["switchover", "acme-1", "--yes"]
            let trace = try await trace(verb, devnet)
            let cut = Set(trace.cut.map(\.point)).sorted()
            #expect(cut.count >= 10, "the cut makes at least ten calls that matter, seen \(cut.count)")
            var points = cut
            if DevnetUnderTest.wantsEverything {
                points = Set(trace.lines.map(\.point)).sorted()
            } else {
                var draw = SeededDraw(seed: 2026)
                points += draw.some(10, of: Set(trace.lines.map(\.point)).subtracting(cut).sorted())
            }
            var kills = 0
            for point in points where try await killAndResume(point, verb, devnet) { kills += 1 }
            #expect(kills >= cut.count / 2, "\(kills) of \(points.count) points were reached")
        }
    }

    @Test func theStoreIsSyncedBetweenStopAndStart() async throws {
        try await DevnetUnderTest.with("sync") { devnet in
            let trace = try await trace(["switchover", "acme-1", "--yes"], devnet)
            #expect(trace.syncsInTheCut >= 1)
        }
    }

    @Test(.enabled(if: DevnetUnderTest.wantsEverything, "make check-all"))
    func oneResumeReachesOneVoterWhereverTheUpgradeIsKilled() async throws {
        try await DevnetUnderTest.with("upgrade") { devnet in
            let release = devnet.folder + "/releases/3.1.0"
            let verb = ["upgrade", "acme-1", "--to", "3.1.0", "--release", release, "--switch-back", "--yes"]
            let trace = try await trace(verb, devnet)
            var draw = SeededDraw(seed: 2027)
            for point in draw.some(150, of: Set(trace.lines.map(\.point)).sorted()) {
                _ = try await killAndResume(point, verb, devnet)
            }
        }
    }
}
