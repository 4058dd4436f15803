import Foundation
import Testing

/// A mount namespace with small disks in it, kept open by a process that sleeps.
struct SmallDisks {
    private let keeper: Running
    var words: [String] { ["/usr/bin/nsenter", "--target", "\(keeper.pid)", "--mount"] }
    var root: String { "/proc/\(keeper.pid)/root" }

    /// What keeps such a namespace from being made here, or `nil`.
    static let missing: String? = {
        if let missing = DevnetUnderTest.missing { return missing }
        let probe = ["/usr/bin/unshare", "--mount", "/bin/mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"]
        return Blindfold.succeeds(probe) ? nil : "a tmpfs in a mount namespace is not allowed here"
    }()

    init() async throws {
        let keeper = try Running("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", "echo here >&2; exec sleep 3600"])
        self.keeper = keeper
        try await until("the namespace is there") { try keeper.errors.contains("here") }
    }

    /// Mounts a disk of so many KiB on a folder, made if it is not there.
    func mount(_ folder: String, size: Int) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await tell(["/bin/mount", "-t", "tmpfs", "-o", "size=\(size)k,mode=0700", "none", folder])
    }

    /// Gives a mounted disk another size in KiB.
    func resize(_ folder: String, to size: Int) async throws {
        try await tell(["/bin/mount", "-o", "remount,size=\(size)k", folder])
    }

    private func tell(_ command: [String]) async throws {
        let ended = try await run(words[0], Array(words.dropFirst()) + command)
        try #require(ended.status == 0, "\(ended.told)")
    }

    /// Ends the keeper, and with it the namespace when nobody else is in it.
    func end() async throws {
        kill(keeper.pid, SIGKILL)
        _ = try await keeper.end()
    }
}

/// A disk that fills up before or in the middle of a switchover: Baton refuses, or stops in a state that it names with an
/// order; no byte is lost, and with space again one resume reaches one voter.
///
/// Cost: about 12 s; every size of the state place in `make check-all`, 2 min.
@Suite(.enabled(if: SmallDisks.missing == nil, "a tmpfs in a mount namespace is not allowed here"))
struct FullDiskTests {
    private func withDisks(_ body: @Sendable (SmallDisks, DevnetUnderTest) async throws -> Void) async throws {
        try await DevnetUnderTest.inTurn {
            let disks = try await SmallDisks()
            let devnet = DevnetUnderTest(
                baton: DevnetUnderTest.product, folder: DevnetUnderTest.place("disk"), inside: disks.words, root: disks.root)
            do { try await body(disks, devnet) } catch {
                try await devnet.down()
                try await disks.end()
                throw error
            }
            try await devnet.down()
            try await disks.end()
        }
    }

    /// KiB of the state place's disk: from too small for anything to nearly enough.
    static let sizes: [Int] = DevnetUnderTest.wantsEverything ? Array(stride(from: 4, through: 400, by: 8)) : [4, 96, 160, 200, 240, 280]

    @Test func aFullStatePlaceStopsAnOperationInANamedState() async throws {
        try await withDisks { disks, devnet in
            let state = devnet.folder + "/state"
            try await devnet.start()
            try await disks.mount(state, size: 8192)
            var stops = 0
            for size in Self.sizes {
                try await devnet.reset()
                try await disks.resize(state, to: size)
                let ended = try await devnet.decide(["switchover", "acme-1", "--yes"])
                if ended.status != 0 {
                    stops += 1
                    #expect(ended.status != 2 && !ended.wasKilled, "\(size) KiB: \(ended.status) \(ended.told)")
                    #expect(ended.told.contains("Free space there"), "\(size) KiB: an order: \(ended.told)")
                    let verdict = try await devnet.verdict()
                    #expect(verdict.isSafe && verdict.voters.count <= 1, "\(size) KiB: \(verdict)")
                }
                try await disks.resize(state, to: 8192)
                try await devnet.resumeAndJudge("a state place of \(size) KiB", ended)
            }
            #expect(stops >= 1)
        }
    }

    /// When the receiver's disk fills up.
    enum Moment: CaseIterable, Sendable { case before, afterTheStop }

    @Test(arguments: Moment.allCases)
    func aFullDiskOfTheReceiverLosesNothing(moment: Moment) async throws {
        try await withDisks { disks, devnet in
            try await disks.mount(devnet.folder + "/acme-1-b", size: 2048)
            try await devnet.start()
            let filler = devnet.node("b") + "/filler"
            let before = try Remains(of: devnet, without: ["acme-1-a"])
            let ended: Ended
            switch moment {
            case .before:
                try fill(filler)
                ended = try await devnet.decide(["switchover", "acme-1", "--yes"])
                let verdict = try await devnet.verdict()
                #expect(verdict.voters == ["acme-1-a"], "\(ended.told)")
            case .afterTheStop:
                ended = try await devnet.hit("the disk fills up after the stop") {
                    try await devnet.fault("answer", "acme-1-a", "--method", "test_posStopVoting", "--deed", "delay", "--time", "500ms")
                    let controller = try devnet.begin(["switchover", "acme-1", "--yes"])
                    try await until("a has stopped") { devnet.has(devnet.vote("a", ".save")) || !controller.isRunning }
                    try fill(filler)
                    let ended = try await controller.end()
                    return try devnet.has(devnet.note("a", "stop")) ? ended : nil
                }
            }
            #expect(ended.status == 4 && ended.told.contains("No space left"), "\(ended.told)")
            #expect(ended.told.contains("then run `baton resume"), "\(ended.told)")
            #expect(try Remains(of: devnet, without: ["acme-1-a"]).lost(from: before).isEmpty, "no vote state is lost: \(ended.told)")
            #expect(try await devnet.verdict().isSafe)
            try FileManager.default.removeItem(atPath: filler)
            try await devnet.resumeAndJudge("a full disk \(moment)", ended)
            let again = try await devnet.decide(["switchover", "acme-1", "--yes"])
            #expect(again.status == 0, "\(again.told)")
        }
    }

    /// Writes until there is no space left.
    private func fill(_ path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        for chunk in [4096, 1] {
            let zeros = [UInt8](repeating: 0, count: chunk)
            while unsafe write(descriptor, zeros, chunk) > 0 {}
        }
    }
}

extension Remains {
    /// Vote states that were there and whose bytes are nowhere any more.
    func lost(from before: Remains) -> [String] {
        let states = before.all.filter { $0.key.contains("secure_storage.json") && !$0.value.isEmpty }
        return states.filter { state in !all.values.contains(state.value) }.keys.sorted()
    }
}
