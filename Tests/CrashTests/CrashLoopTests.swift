import Foundation
import Testing

/// The unmodified release binary, killed by the kernel at a chosen system call, then resumed once; the chain judges.
@Suite(.serialized, .enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct CrashLoopTests {
    // Threads are followed (`-f`); node processes that an upgrade starts are let go at their exec (`-b execve`), or strace
    // would wait for their end.
    private let traced = "trace=" + Trace.calls.joined(separator: ",")

    private func trace(_ verb: [String], _ devnet: DevnetUnderTest) async throws -> Trace {
        try await devnet.reset()
        let file = devnet.folder + ".trace"
        defer { try? FileManager.default.removeItem(atPath: file) }  // Only a scratch file.
        var watched = devnet
        watched.inside = ["/usr/bin/strace", "-f", "-b", "execve", "-qq", "-y", "-s", "400", "-o", file, "-e", traced]
        let ended = try await watched.decide(verb)
        try #require(ended.status == 0, "the unkilled run must succeed: \(ended.told)")
        return Trace(try String(contentsOfFile: file, encoding: .utf8))
    }

    /// Kills at the point, resumes once when there is something to resume, and asks the chain.
    private func killAndResume(_ point: KillPoint, _ verb: [String], _ devnet: DevnetUnderTest) async throws -> Bool {
        try await devnet.reset()
        let killed = try await run(
            "/usr/bin/strace",
            ["-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=\(point.call)", "-e", point.injection, devnet.baton] + verb
                + devnet.fleet)
        try await devnet.resumeAndJudge("\(point)", killed)
        return killed.status != 0 || killed.wasKilled
    }

    /// One part of a long sweep: `BATON_CHECK_PART=2/3` takes every third point, from the second on; unset: all of it.
    private func part(_ points: [KillPoint]) throws -> [KillPoint] {
        guard let words = ProcessInfo.processInfo.environment["BATON_CHECK_PART"] else { return points }
        let numbers = words.split(separator: "/").compactMap { Int($0) }
        try #require(numbers.count == 2 && numbers[0] >= 1 && numbers[0] <= numbers[1], "BATON_CHECK_PART is a part like 2/3")
        return points.indices.filter { $0 % numbers[1] == numbers[0] - 1 }.map { points[$0] }
    }

    @Test func oneResumeReachesOneVoterWhereverTheSwitchoverIsKilled() async throws {
        try await DevnetUnderTest.with("crash", atOnce: true) { devnet in
            let verb = ["switchover", "acme-1", "--yes"]
            let trace = try await trace(verb, devnet)
            let cut = Set(trace.cut.map(\.point)).sorted()
            #expect(cut.count >= 10, "the cut makes at least ten calls that matter, seen \(cut.count)")
            var points = cut
            if DevnetUnderTest.wantsEverything {
                points = try part(Set(trace.lines.map(\.point)).sorted())
            } else {
                var draw = SeededDraw(seed: 2026)
                points += draw.some(10, of: Set(trace.lines.map(\.point)).subtracting(cut).sorted())
            }
            var kills = 0
            for point in points where try await killAndResume(point, verb, devnet) { kills += 1 }
            #expect(kills >= min(cut.count, points.count) / 2, "\(kills) of \(points.count) points were reached")
        }
    }

    @Test func theStoreIsSyncedBetweenStopAndStart() async throws {
        try await DevnetUnderTest.with("sync", atOnce: true) { devnet in
            let trace = try await trace(["switchover", "acme-1", "--yes"], devnet)
            #expect(trace.syncsInTheCut >= 1)
        }
    }

    @Test(.enabled(if: DevnetUnderTest.wantsEverything, "make check-all"))
    func oneResumeReachesOneVoterWhereverTheUpgradeIsKilled() async throws {
        try await DevnetUnderTest.with("upgrade", atOnce: true) { devnet in
            let release = devnet.folder + "/releases/3.1.0"
            let verb = ["upgrade", "acme-1", "--to", "3.1.0", "--release", release, "--switch-back", "--yes"]
            let trace = try await trace(verb, devnet)
            var draw = SeededDraw(seed: 2027)
            for point in try part(draw.some(150, of: Set(trace.lines.map(\.point)).sorted())) {
                _ = try await killAndResume(point, verb, devnet)
            }
        }
    }
}
