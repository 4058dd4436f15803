import BatonModel
import BatonStoreSQLite
import Foundation
import Testing

/// S6 with real processes: a controller is suspended in the middle, another resumes, and the first is let go on.
///
/// Where it is suspended is made sure of by slow answers of a node and by the locks beside the nodes, which the test takes
/// itself. Cost: about 5 s each, the one inside the start call 15 s.
@Suite(.enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct SuspendedControllerTests {
    /// How far the old controller has come.
    enum Moment: String, CaseIterable, Sendable {
        case beforePlacing, betweenPlacingAndStart
    }

    /// Whether the taking-over Baton can end the old controller.
    enum Reach: CaseIterable, Sendable { case within, outOf }

    @Test(arguments: Moment.allCases, Reach.allCases)
    func aSuspendedControllerDoesNothingAfterItsLeaseWasTaken(moment: Moment, reach: Reach) async throws {
        try await DevnetUnderTest.with("suspended") { devnet in
            let old = try await devnet.hit("\(moment)") { try await suspended(moment, devnet) }
            if reach == .outOf { try await loseSight(of: devnet) }
            let resumed = try await devnet.operate(["resume", "--yes"])
            #expect(resumed.status == 0, "\(resumed.told)")
            #expect(old.isRunning == (reach == .outOf), "the old one is ended where it can be")
            let before = try remains(of: devnet)
            if old.isRunning { old.proceed() }
            let ended = try await old.end()
            #expect(ended.status != 0 || ended.wasKilled, "\(ended.told)")
            #expect(try remains(of: devnet) == before, "the old one moved nothing: \(ended.told)")
            try await expectOneGoingVoter(devnet, ended)
        }
    }

    /// Suspended while it holds a node's lock: whoever takes over can't raise the lease there, and says so.
    @Test func aSuspendedControllerInsideItsStartCallLeavesADoubt() async throws {
        try await DevnetUnderTest.with("suspended") { devnet in
            let old = try await devnet.hit("inside the start call") { try await suspendedInStart(devnet) }
            try await loseSight(of: devnet)
            let doubtful = try await devnet.operate(["resume", "--yes"])
            #expect(doubtful.status == 4 && doubtful.told.contains("safety.r7"), "\(doubtful.told)")
            old.proceed()
            let ended = try await old.end()
            let resumed = try await devnet.operate(["resume", "--yes"])
            #expect(resumed.status == 0, "\(resumed.told)")
            try await expectOneGoingVoter(devnet, ended)
        }
    }

    // MARK: Steps

    /// A controller that stands still at that moment and holds no lock.
    private func suspended(_ moment: Moment, _ devnet: DevnetUnderTest) async throws -> Running? {
        try await devnet.fault("slow", moment == .beforePlacing ? "acme-1-a" : "acme-1-b", "--time", "100ms")
        let old = try devnet.begin(["switchover", "acme-1", "--yes"])
        let sign = moment == .beforePlacing ? devnet.vote("a", ".save") : devnet.vote("b", ".save")
        try await until("the controller comes to \(sign)") { devnet.has(sign) || !old.isRunning }
        guard old.isRunning else { return try await missed(old) }
        // Who has B's lock keeps the controller from placing and from starting there.
        let lock = try await HeldLock.take(devnet.node("b") + "/.baton/lock")
        if moment == .beforePlacing { try await until("A's file is handed over") { devnet.has(devnet.vote("a", ".handed-over.1")) } }
        try await old.suspend()
        _ = consume lock
        guard old.isRunning else { return try await missed(old) }
        let isPlaced = devnet.has(devnet.vote("b", ".save"))
        guard isPlaced == (moment == .betweenPlacingAndStart), try !devnet.has(devnet.note("b", "start")) else {
            return try await missed(old)
        }
        try await devnet.fault("clear", moment == .beforePlacing ? "acme-1-a" : "acme-1-b")
        return old
    }

    /// A controller that stands still while its start is answered, with B's lock held.
    private func suspendedInStart(_ devnet: DevnetUnderTest) async throws -> Running? {
        try await devnet.fault("answer", "acme-1-b", "--method", "test_posStartVoting", "--deed", "delay", "--time", "1500ms")
        let old = try devnet.begin(["switchover", "acme-1", "--yes"])
        try await until("the start has run") {
            try devnet.has(devnet.note("b", "start")) && !devnet.has(devnet.vote("b", ".save")) || !old.isRunning
        }
        guard old.isRunning else { return try await missed(old) }
        try await old.suspend()
        let note = try String(contentsOfFile: devnet.note("b", "start"), encoding: .utf8)
        return old.isRunning && note.contains("\"answered\":false") ? old : try await missed(old)
    }

    /// Ends a controller that a busy machine let slip.
    private func missed(_ old: Running) async throws -> Running? {
        kill(old.pid, SIGKILL)
        _ = try await old.end()
        return nil
    }

    /// A Baton on another machine took the lease over and ended: whoever comes next finds no trace of the first.
    private func loseSight(of devnet: DevnetUnderTest) async throws {
        let store = try SQLiteStore(folder: devnet.folder + "/state") { WallTime(nanoseconds: 1_800_000_000_000_000_000) }
        let elsewhere = Incarnation(bootID: "00000000-0000-4000-8000-000000000000", pid: 7, startTime: 7)
        _ = try await store.lease("acme-1", holder: elsewhere, seize: true)
    }

    /// All that Baton writes: breadcrumbs with their bytes, and which vote states there are.
    private func remains(of devnet: DevnetUnderTest) throws -> [String: Data] {
        var all: [String: Data] = [:]
        for letter in ["a", "b"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: devnet.node(letter) + "/.baton") {
                let path = "\(devnet.node(letter))/.baton/\(name)"
                all[path] = try Data(contentsOf: URL(fileURLWithPath: path))
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: devnet.node(letter) + "/pos_db") {
                // What the node is writing right now is its own.
                guard name.hasPrefix("secure_storage.json"), !name.hasSuffix(".tmp") else { continue }
                all["\(letter)/\(name)"] = Data()
            }
        }
        return all
    }

    private func expectOneGoingVoter(_ devnet: DevnetUnderTest, _ ended: Ended) async throws {
        let votes = try await devnet.verdict().votes
        try await until("votes go on") { try await devnet.verdict().votes > votes + 1 }
        let verdict = try await devnet.verdict()
        #expect(verdict.isSafe, "\(ended.told)")
        #expect(verdict.voters == ["acme-1-b"], "\(verdict.voters) \(ended.told)")
    }
}
