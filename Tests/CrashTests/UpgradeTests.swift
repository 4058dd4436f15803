import Foundation
import Testing

/// Releases that do not come up, on real processes: put back by the link, killed in the middle, or stopped where no way is known.
@Suite(.serialized, .enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct UpgradeTests {
    /// A program in place of a release's `conflux`.
    enum Program: String, Sendable {
        case ends = "exit 3"
        /// Lives and never answers.
        case hangs = "[ -p log/hang ] || mkfifo log/hang; read line < log/hang"
    }

    /// The devnet's 3.1.0 with another program; it calls itself `version`.
    private func release(_ program: Program, _ devnet: DevnetUnderTest, version: String = "3.1.0") throws -> String {
        let folder = "\(devnet.folder)/broken-\(version)-\(program)"
        try FileManager.default.copyItem(atPath: devnet.folder + "/releases/3.1.0", toPath: folder)
        try "#!/bin/sh\n\(program.rawValue)\n".write(toFile: folder + "/conflux", atomically: false, encoding: .utf8)
        let about = try String(contentsOfFile: folder + "/release.json", encoding: .utf8).replacingOccurrences(of: "3.1.0", with: version)
        try about.write(toFile: folder + "/release.json", atomically: false, encoding: .utf8)
        return folder
    }

    /// The voter's process; it must be the same at the end.
    private func voterPID(_ devnet: DevnetUnderTest) async throws -> Int? {
        let ended = try await run(devnet.baton, ["status", "--json"] + devnet.fleet)
        let json = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
        let nodes = (json?["validators"] as? [[String: Any]])?.first?["nodes"] as? [[String: Any]] ?? []
        return nodes.first { $0["node"] as? String == "acme-1-a" }?["pid"] as? Int
    }

    private func link(_ node: String, _ devnet: DevnetUnderTest) throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "\(devnet.folder)/\(node)/current")
    }

    /// A votes as before and B is idle on what it ran before.
    private func expectAsItWas(_ devnet: DevnetUnderTest, _ before: String, _ voter: Int?, _ told: String) async throws {
        let now = try await voterPID(devnet)
        #expect(voter != nil && now == voter, "the voter is never touched: \(told)")
        #expect(try link("acme-1-b", devnet) == before, "\(told)")
        let verdict = try await devnet.verdict()
        #expect(verdict.isSafe && verdict.voters == ["acme-1-a"], "\(verdict) \(told)")
        #expect(try await !devnet.isUnfinished(), "\(told)")
        let next = try await run(devnet.baton, ["switchover", "acme-1", "--plan"] + devnet.fleet)
        #expect(next.status == 0, "B is able to vote again: \(next.told)")
    }

    private func verb(_ release: String, _ devnet: DevnetUnderTest, version: String = "3.1.0") -> [String] {
        ["upgrade", "acme-1", "--to", version, "--release", release, "--up-within", "2s", "--yes"] + devnet.fleet
    }

    @Test func aReleaseThatDoesNotComeUpIsPutBackAndTheVoterNeverStops() async throws {
        try await DevnetUnderTest.with("putback") { devnet in
            let (before, voter) = (try link("acme-1-b", devnet), try await voterPID(devnet))
            for program in [Program.ends, .hangs] {
                let ended = try await run(devnet.baton, verb(try release(program, devnet), devnet))
                #expect(ended.status == 1, "\(program): \(ended.told)")
                #expect(ended.told.contains("the fleet is as it was"), "\(ended.told)")
                try await expectAsItWas(devnet, before, voter, ended.told)
            }
            // The journal says what did not come true, and that it was taken back.
            let log = try await run(devnet.baton, ["log", "--json"] + devnet.fleet)
            #expect(log.output.contains("way_back") && log.output.contains("putBack") && log.output.contains("safe_state"))
        }
    }

    @Test func whereNoWayIsKnownItStopsWithThatNodeIdleAndIsResumable() async throws {
        try await DevnetUnderTest.with("noway") { devnet in
            let voter = try await voterPID(devnet)
            let broken = try release(.ends, devnet, version: "3.2.0")
            for attempt in [verb(broken, devnet, version: "3.2.0"), ["resume", "--yes"] + devnet.fleet] {
                let ended = try await run(devnet.baton, attempt)
                #expect(ended.status == 1, "\(ended.told)")
                #expect(ended.told.contains("acme-1-b stays idle on 3.2.0") && ended.told.contains("baton resume 1"), "\(ended.told)")
                #expect(try await devnet.isUnfinished())
            }
            let verdict = try await devnet.verdict()
            #expect(verdict.isSafe && verdict.voters == ["acme-1-a"])
            let now = try await voterPID(devnet)
            #expect(voter != nil && now == voter)
        }
    }

    /// Killed when the link is back and B does not run: one resume ends the way back.
    @Test func killedOnTheWayBackOneResumeEndsIt() async throws {
        try await DevnetUnderTest.with("backkill") { devnet in
            let (before, voter) = (try link("acme-1-b", devnet), try await voterPID(devnet))
            let first = Process()
            first.executableURL = URL(fileURLWithPath: devnet.baton)
            first.arguments = verb(try release(.hangs, devnet), devnet)
            first.standardInput = FileHandle.nullDevice
            first.standardOutput = FileHandle.nullDevice
            first.standardError = FileHandle.nullDevice
            try first.run()
            var wasSwitched = false
            while first.isRunning {
                let now = try? link("acme-1-b", devnet)  // It is replaced at this moment.
                if let now, now != before { wasSwitched = true }
                guard wasSwitched, now == before else { continue }
                kill(first.processIdentifier, SIGKILL)
                break
            }
            first.waitUntilExit()
            #expect(wasSwitched && first.terminationReason == .uncaughtSignal)
            let resumed = try await run(devnet.baton, ["resume", "--yes"] + devnet.fleet)
            #expect(resumed.status == 1, "\(resumed.told)")
            #expect(resumed.told.contains("the fleet is as it was"), "\(resumed.told)")
            try await expectAsItWas(devnet, before, voter, resumed.told)
        }
    }
}
