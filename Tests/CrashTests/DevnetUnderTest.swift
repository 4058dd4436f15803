import Foundation
import Testing

/// A devnet of real processes that is reset, not rebuilt, between runs.
struct DevnetUnderTest: Sendable {
    let baton: String
    let folder: String
    /// Put before every command: how to get into the namespace that the devnet lives in.
    var inside: [String] = []
    /// Put before every path that the test itself looks at: that namespace's root.
    var root = ""

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

    /// All of it instead of a part: `make check-all`.
    static var wantsEverything: Bool { ProcessInfo.processInfo.environment["BATON_CHECK_ALL"] == "1" }

    /// A new folder's path that no other test has.
    static func place(_ name: String) -> String {
        NSTemporaryDirectory() + "/baton-\(name)-\(ProcessInfo.processInfo.processIdentifier)-\(UUID().uuidString.prefix(8))"
    }

    /// Runs the body with a devnet that is ended and removed afterwards.
    ///
    /// - Parameter atOnce: does not wait for its turn: for the long ones.
    static func with(_ name: String, atOnce: Bool = false, _ body: @Sendable (DevnetUnderTest) async throws -> Void) async throws {
        try await inTurn(atOnce: atOnce) {
            let devnet = DevnetUnderTest(baton: product, folder: place(name))
            do {
                try await devnet.start()
                try await body(devnet)
            } catch {
                try await devnet.down()
                throw error
            }
            try await devnet.down()
        }
    }

    /// Runs the body on these tests' own threads when it is its turn.
    static func inTurn(atOnce: Bool = false, _ body: @Sendable () async throws -> Void) async throws {
        if !atOnce { await Turnstile.devnets.enter() }
        let result: Result<Void, any Error>
        do {
            try await withTaskExecutorPreference(OwnThreads.shared) { try await body() }
            result = .success(())
        } catch { result = .failure(error) }
        if !atOnce { await Turnstile.devnets.leave() }
        try result.get()
    }

    /// Starts chain and nodes, rounds of 400 ms.
    func start() async throws {
        let ended = try await tell(["devnet", "conflux", "--directory", folder, "--detach", "--round", "400ms"])
        try #require(ended.status == 0, "\(ended.told)")
    }

    /// Ends its processes and removes its folder.
    func down() async throws {
        _ = try await tell(["devnet", "down", "--directory", folder])
        if FileManager.default.fileExists(atPath: folder) { try FileManager.default.removeItem(atPath: folder) }
    }

    // MARK: Commands

    var fleet: [String] { ["--fleet", folder + "/baton.yaml"] }

    /// A command line for `baton`, from where the devnet lives.
    func line(_ arguments: [String]) -> (program: String, arguments: [String]) {
        let words = inside + [baton] + arguments
        return (words[0], Array(words.dropFirst()))
    }

    /// Runs `baton`.
    func tell(_ arguments: [String], within seconds: Double = 120) async throws -> Ended {
        let line = line(arguments)
        return try await run(line.program, line.arguments, within: seconds)
    }

    /// Runs an operation of the fleet.
    func operate(_ verb: [String]) async throws -> Ended { try await tell(verb + fleet) }

    /// Runs an operation whose first plan counts. On a busy machine its facts may grow too old while they are gathered, which
    /// refuses it with nothing touched; then it is run again.
    func decide(_ verb: [String], fleet: String? = nil) async throws -> Ended {
        let command = verb + (fleet.map { ["--fleet", $0] } ?? self.fleet)
        for _ in 0..<4 {
            let ended = try await tell(command)
            guard ended.status == 4, ended.errors.contains("(stale)") else { return ended }
        }
        return try await tell(command)
    }

    /// Starts an operation of the fleet that goes on beside the test.
    func begin(_ verb: [String]) throws -> Running {
        let line = line(verb + fleet)
        return try Running(line.program, line.arguments)
    }

    /// Does something bad to the devnet: `baton devnet fault`.
    func fault(_ arguments: String...) async throws {
        let ended = try await tell(["devnet", "fault", "--directory", folder] + arguments)
        try #require(ended.status == 0, "\(ended.told)")
    }

    /// The chain and the nodes begin anew, and Baton remembers nothing.
    func reset() async throws {
        let ended = try await tell(["devnet", "reset", "--directory", folder])
        try #require(ended.status == 0, "\(ended.told)")
    }

    /// What the chain process says.
    func verdict() async throws -> (isSafe: Bool, voters: [String], votes: Int, round: Int) {
        let ended = try await tell(["devnet", "verdict", "--directory", folder, "--json"])
        let json = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
        let one = try #require((json?["identities"] as? [[String: Any]])?.first)
        let voters = (one["votersNow"] as? [[String: Any]] ?? []).compactMap { $0["node"] as? String }
        let conflicting = (one["conflicting"] as? [Any])?.count
        let overlap = (one["overlap"] as? [Any])?.count
        let round = (json?["view"] as? [String: Any])?["round"] as? Int
        return (conflicting == 0 && overlap == 0, voters, one["votesCast"] as? Int ?? -1, try #require(round))
    }

    /// Whether the journal has an operation that did not finish.
    func isUnfinished() async throws -> Bool {
        let ended = try await operate(["list", "--json"])
        let json = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
        return (json?["operations"] as? [[String: Any]] ?? []).contains { $0["standing"] as? String != "finished" }
    }

    // MARK: Nodes

    /// The folder of `acme-1-a` or `acme-1-b`.
    func node(_ letter: String) -> String { root + folder + "/acme-1-" + letter }

    /// A vote state of a node: `secure_storage.json` with an ending.
    func vote(_ letter: String, _ ending: String = "") -> String { node(letter) + "/pos_db/secure_storage.json" + ending }

    /// Baton's note of the last command of a kind that it sent to a node in this boot.
    func note(_ letter: String, _ command: String) throws -> String {
        let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return node(letter) + "/.baton/sent.\(command)." + boot.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Whether a file is there.
    func has(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The control port of a node.
    func port(_ letter: String) throws -> Int {
        let text = try String(contentsOfFile: node(letter) + "/hydra.toml", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("jsonrpc_local_http_port") }
        return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
    }

    /// Tries what a busy machine may miss until it is hit, on a devnet that begins anew.
    func hit<Value>(_ what: String, _ attempt: () async throws -> Value?) async throws -> Value {
        for count in 0..<4 {
            if count > 0 { try await reset() }
            if let value = try await attempt() { return value }
        }
        return try #require(nil as Value?, "never hit: \(what)")
    }

    /// One resume if something is unfinished; then the chain judges: one voter, no conflict, and the next plan works.
    func resumeAndJudge(_ what: String, _ before: Ended, nodes: [String] = ["acme-1-a", "acme-1-b"]) async throws {
        var told = before.told
        if before.status != 0 || before.wasKilled, try await isUnfinished() {
            let resumed = try await operate(["resume", "--yes"])
            told += resumed.told
            #expect(resumed.status == 0, "one resume after \(what): \(told)")
        }
        let verdict = try await verdict()
        #expect(verdict.isSafe, "no conflicting or overlapping vote after \(what): \(told)")
        #expect(verdict.voters.count == 1 && nodes.contains(verdict.voters[0]), "one voter after \(what), not \(verdict.voters): \(told)")
        let next = try await decide(["switchover", "acme-1", "--plan"])
        #expect(next.status == 0, "the next switchover can be planned after \(what): \(next.told)")
    }
}
