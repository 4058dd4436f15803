import Foundation
import Testing

/// Answers that the unmodified release binary gets late or never: the kernel delays or fails the very receive call that would
/// have read them. Then one resume, if there is something to resume; the chain judges.
///
/// A devnet node holds the chosen answer for a moment, so that strace can be attached to the connection's socket meanwhile.
/// Cost: every case waits on its own devnet, all of them together about 25 s, nearly without work.
@Suite(.enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct AnswerTests {
    /// Which answer of the cut, counted on its connection from the command's own on.
    struct Moment: Sendable {
        let name: String
        /// `stop` on A or `start` on B.
        let command: String
        /// 1 is the command's own answer, 2 that of the status after it.
        let count: Int

        static let stop = Moment(name: "stop", command: "stop", count: 1)
        static let statusAfterStop = Moment(name: "status after the stop", command: "stop", count: 2)
        static let start = Moment(name: "start", command: "start", count: 1)
        static let statusAfterStart = Moment(name: "status after the start", command: "start", count: 2)
    }

    /// What becomes of the answer.
    enum Fate: Sendable {
        /// The receive call fails: the connection is lost with the answer.
        case lost
        /// It comes back this many seconds late: longer than the step (15 s) or the observation (5 s) waits.
        case late(Int)

        var injection: String {
            switch self {
            case .lost: "error=ECONNRESET"
            case .late(let seconds): "delay_exit=\(seconds * 1_000_000)"
            }
        }
        var mark: String {
            switch self {
            case .lost: "(INJECTED)"
            case .late: "(DELAYED)"
            }
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let moment: Moment
        let fate: Fate
        init(_ moment: Moment, _ fate: Fate) { (self.moment, self.fate) = (moment, fate) }
        var testDescription: String { "the answer to \(moment.name) is \(fate)" }
    }

    static let cases: [Case] = [
        Case(.stop, .lost), Case(.statusAfterStop, .lost), Case(.start, .lost), Case(.statusAfterStart, .lost),
        Case(.stop, .late(16)), Case(.statusAfterStop, .late(6)), Case(.start, .late(16)), Case(.statusAfterStart, .late(6)),
    ]

    @Test(arguments: cases)
    func oneVoterComesOfAnAnswerThatTheKernelKeepsBack(one: Case) async throws {
        try await DevnetUnderTest.with("answer") { devnet in try await play(one, on: devnet) }
    }

    /// More receive calls of both connections, from the command on: `make check-all`.
    @Test(.enabled(if: DevnetUnderTest.wantsEverything, "make check-all"))
    func oneVoterComesOfEveryLostAnswerInTheCut() async throws {
        try await DevnetUnderTest.with("answers") { devnet in
            for command in ["stop", "start"] {
                for count in 1...12 {
                    try await devnet.reset()
                    try await play(Case(Moment(name: "\(command) + \(count)", command: command, count: count), .lost), on: devnet)
                }
            }
        }
    }

    /// The answer never comes, but the connection stands: Baton's own deadline ends the waiting.
    @Test(arguments: [("a", "test_posStopVoting"), ("b", "test_posStartVoting")])
    func oneVoterComesOfAnAnswerThatNeverComes(node: String, method: String) async throws {
        try await DevnetUnderTest.with("silent") { devnet in
            try await devnet.fault("answer", "acme-1-" + node, "--method", method, "--deed", "lose")
            let ended = try await devnet.operate(["switchover", "acme-1", "--yes"])
            #expect(ended.status == 0 || ended.status == 4, "\(ended.told)")
            try await devnet.resumeAndJudge("\(method) without an answer", ended)
        }
    }

    // MARK: One case

    private func play(_ one: Case, on devnet: DevnetUnderTest) async throws {
        let ended = try await devnet.hit("\(one)") { try await attempt(one, on: devnet) }
        #expect([0, 4, 5].contains(ended.status), "\(one): \(ended.told)")
        try await devnet.resumeAndJudge("\(one)", ended)
    }

    /// The operation's end, or `nil` when strace came too late for that answer.
    private func attempt(_ one: Case, on devnet: DevnetUnderTest) async throws -> Ended? {
        let node = one.moment.command == "stop" ? "a" : "b"
        let method = one.moment.command == "stop" ? "test_posStopVoting" : "test_posStartVoting"
        try await devnet.fault("answer", "acme-1-" + node, "--method", method, "--deed", "delay", "--time", "1500ms")
        let controller = try devnet.begin(["switchover", "acme-1", "--yes"])
        try await until("the \(one.moment.command) has run") { try hasRun(one.moment.command, devnet) || !controller.isRunning }
        guard controller.isRunning, let socket = try socket(to: try devnet.port(node), of: controller.pid) else {
            _ = try await controller.end()
            return nil
        }
        let trace = devnet.folder + ".answer"
        defer { try? FileManager.default.removeItem(atPath: trace) }  // Only a scratch file.
        let tracer = try Running(
            "/usr/bin/strace",
            [
                "-f", "-p", "\(controller.pid)", "-o", trace, "-s", "200", "-e", "trace=read", "-P", socket, "-e",
                "inject=read:\(one.fate.injection):when=\(one.moment.count)",
            ])
        try await until("strace is attached") { try tracer.errors.contains("attached") || !tracer.isRunning }
        let note = try String(contentsOfFile: devnet.note(node, one.moment.command), encoding: .utf8)
        let ended = try await controller.end()
        _ = try await tracer.end()
        guard note.contains("\"answered\":false") else { return nil }
        let seen = try String(contentsOfFile: trace, encoding: .utf8)
        // Beyond the status after it, whether there is another call at all is not known.
        #expect(seen.contains(one.fate.mark) || one.moment.count > 2, "the answer was kept back: \(seen)")
        return ended
    }

    /// Whether the node has done it; its answer is held then.
    private func hasRun(_ command: String, _ devnet: DevnetUnderTest) throws -> Bool {
        if command == "stop" { return devnet.has(devnet.vote("a", ".save")) }
        return try devnet.has(devnet.note("b", "start")) && !devnet.has(devnet.vote("b", ".save"))
    }

    /// The name that `/proc` has for the process's connected socket to a port.
    ///
    /// - Source: proc_pid_net(5): the third field is the peer's address, 01 is TCP_ESTABLISHED, the tenth the inode.
    private func socket(to port: Int, of pid: Int32) throws -> String? {
        let peer = "0100007F:" + String(format: "%04X", port)
        // A file of /proc has no size, so it is read to its end.
        let table = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/net/tcp")).readToEnd() ?? Data()
        var inodes: [String] = []
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 9, fields[2] == peer, fields[3] == "01" { inodes.append("socket:[\(fields[9])]") }
        }
        // A descriptor may be closed while we look, or the process may end.
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
        let own = descriptors.compactMap { name in
            // As above.
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)")
        }
        return inodes.first { own.contains($0) }
    }
}
