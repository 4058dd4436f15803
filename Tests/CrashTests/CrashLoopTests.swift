import Foundation
import Testing

/// The unmodified release binary, killed by the kernel at a chosen system call, then resumed once; the chain judges.
@Suite(.serialized, .enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct CrashLoopTests {
    /// All of it instead of the cut and a sample: `make check-all`.
    private var wantsEverything: Bool { ProcessInfo.processInfo.environment["BATON_CHECK_ALL"] == "1" }
    private let traced = "trace=" + Trace.calls.joined(separator: ",")

    private func trace(_ verb: [String], _ devnet: DevnetUnderTest) throws -> Trace {
        try devnet.reset()
        let file = devnet.folder + ".trace"
        defer { try? FileManager.default.removeItem(atPath: file) }  // Only a scratch file.
        let ended = try run(
            "/usr/bin/strace", ["-f", "-qq", "-y", "-s", "400", "-o", file, "-e", traced, devnet.baton] + verb + devnet.fleet)
        try #require(ended.status == 0, "the unkilled run must succeed: \(ended.told)")
        return Trace(try String(contentsOfFile: file, encoding: .utf8))
    }

    /// Kills at the point, resumes once when there is something to resume, and asks the chain.
    private func killAndResume(_ point: KillPoint, _ verb: [String], _ devnet: DevnetUnderTest) throws -> Bool {
        try devnet.reset()
        let killed = try run(
            "/usr/bin/strace",
            ["-f", "-qq", "-o", "/dev/null", "-e", "trace=\(point.call)", "-e", point.injection, devnet.baton] + verb + devnet.fleet)
        var told = killed.told
        if killed.status != 0 || killed.wasKilled, try devnet.isUnfinished() {
            let resumed = try run(devnet.baton, ["resume", "--yes"] + devnet.fleet)
            told += resumed.told
            #expect(resumed.status == 0, "one resume after \(point): \(told)")
        }
        let verdict = try devnet.verdict()
        #expect(verdict.isSafe, "no conflicting or overlapping vote after \(point): \(told)")
        #expect(verdict.voters.count == 1, "one voter after \(point), not \(verdict.voters): \(told)")
        let next = try run(devnet.baton, ["switchover", "acme-1", "--plan"] + devnet.fleet)
        #expect(next.status == 0, "the next switchover can be planned after \(point): \(next.told)")
        return killed.status != 0 || killed.wasKilled
    }

    @Test func oneResumeReachesOneVoterWhereverTheSwitchoverIsKilled() throws {
        let devnet = try DevnetUnderTest.up("crash", round: "400ms")
        defer { try? devnet.down() }  // The verdict is in; a leftover devnet is only litter.
        let verb = ["switchover", "acme-1", "--yes"]
        let trace = try trace(verb, devnet)
        let cut = Set(trace.cut.map(\.point)).sorted()
        #expect(cut.count >= 10, "the cut makes at least ten calls that matter, seen \(cut.count)")
        var points = cut
        if wantsEverything {
            points = Set(trace.lines.map(\.point)).sorted()
        } else {
            var draw = SeededDraw(seed: 2026)
            points += draw.some(10, of: Set(trace.lines.map(\.point)).subtracting(cut).sorted())
        }
        var kills = 0
        for point in points where try killAndResume(point, verb, devnet) { kills += 1 }
        #expect(kills >= cut.count / 2, "\(kills) of \(points.count) points were reached")
    }

    @Test func theStoreIsSyncedBetweenStopAndStart() throws {
        let devnet = try DevnetUnderTest.up("sync", round: "400ms")
        defer { try? devnet.down() }  // As above.
        let trace = try trace(["switchover", "acme-1", "--yes"], devnet)
        #expect(trace.syncsInTheCut >= 1)
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["BATON_CHECK_ALL"] == "1", "make check-all"))
    func oneResumeReachesOneVoterWhereverTheUpgradeIsKilled() throws {
        let devnet = try DevnetUnderTest.up("upgrade", round: "400ms")
        defer { try? devnet.down() }  // As above.
        let verb = ["upgrade", "acme-1", "--to", "3.1.0", "--release", devnet.folder + "/releases/3.1.0", "--switch-back", "--yes"]
        let trace = try trace(verb, devnet)
        var draw = SeededDraw(seed: 2027)
        for point in draw.some(150, of: Set(trace.lines.map(\.point)).sorted()) { _ = try killAndResume(point, verb, devnet) }
    }
}
