import BatonConflux
import BatonDigest
import BatonKernel
import BatonModel
import BatonWorld
import Synchronization

/// A machine in memory: clock, files, processes and nodes behind wires, all under one lock.
final class DriverMachine: Sendable {
    /// What a node does with one request.
    enum Behaviour: Hashable, Sendable {
        /// Does it and answers.
        case obey
        /// Does it now; the answer comes after ``DriverMachine/release()``.
        case answerLater
        /// Does nothing until ``DriverMachine/release()``, then does it and answers.
        case actLater
        /// Ends the connection without doing it.
        case drop
        /// Does it and ends the connection.
        case obeyAndDrop
        case fail(code: Int64, message: String, data: String?)
        /// Obeys and answers after that time has passed.
        case answerAfter(Duration)
        /// Another process takes the folder over while it answers.
        case restartAndAnswer
    }

    struct Entry: Hashable { var bytes: [UInt8], kind: FileFacts.Kind, inode: UInt64, target: String, mode: UInt16 = 0o600 }

    struct Node {
        var flag = false
        var process: ProcessFacts?
        /// Requests as they came, "connection:method".
        var seen: [String] = []
        var params: [String: JSON] = [:]
        var behaviours: [String: [Behaviour]] = [:]
    }

    struct State {
        var now: Int64 = 1_000_000_000
        var wallStep: Int64 = 0
        var files: [String: Entry] = [:]
        var nodes: [Int: (folder: String, node: Node)] = [:]
        var connections = 0
        var inode: UInt64 = 1
        var lockedByOthers = false
        var isReleased = false
        /// Renames that the outside does right after a file was read, by that file.
        var renamesAfterRead: [String: String] = [:]
        var residents: [String: [ProcessFacts]] = [:]
        var started: [Command] = []
        /// Ports that somebody serves whom this machine does not show.
        var hiddenListeners: Set<Int> = []
    }

    let state = Mutex(State())

    var world: World {
        World(clock: self, network: self, files: self, processes: self, randomness: self)
    }

    func release() { state.withLock { $0.isReleased = true } }
    func behave(_ port: Int, _ method: String, _ behaviours: [Behaviour]) {
        state.withLock { $0.nodes[port]?.node.behaviours[method] = behaviours }
    }
    func seen(_ port: Int) -> [String] { state.withLock { $0.nodes[port]?.node.seen ?? [] } }
    /// Methods that were sent to the node, of all connections.
    func methods(_ port: Int) -> [String] { seen(port).map { String($0.drop { $0 != ":" }.dropFirst()) } }
    func bytes(_ path: String) -> [UInt8]? { state.withLock { $0.files[path]?.bytes } }
    func write(_ path: String, _ bytes: [UInt8]) { state.withLock { $0.write(path, bytes) } }
    func link(_ path: String, to target: String) {
        state.withLock { $0.files[path] = Entry(bytes: [], kind: .link, inode: $0.nextInode(), target: target) }
    }
    func remove(_ path: String) { state.withLock { $0.files[path] = nil } }
    func flag(_ port: Int) -> Bool { state.withLock { $0.nodes[port]?.node.flag ?? false } }
    func setFlag(_ port: Int, _ flag: Bool) { state.withLock { $0.nodes[port]?.node.flag = flag } }

    /// Puts a node with its own fresh file on the machine.
    func addNode(_ folder: String, port: Int, pid: Int32, flag: Bool) {
        state.withLock { state in
            let process = DriverMachine.process(pid)
            state.nodes[port] = (folder, Node(flag: flag, process: process))
            state.residents[folder] = [process]
            state.write(folder + "/hydra.toml", Array("pos_started_as_voter = false\n".utf8))
            state.write(folder + "/pos_config/pos_key", [1])
        }
    }

    static func process(_ pid: Int32, start: UInt64 = 7) -> ProcessFacts {
        ProcessFacts(
            incarnation: Incarnation(bootID: "boot", pid: pid, startTime: start),
            arguments: ["./current/conflux", "--config", "hydra.toml"], isStopped: false)
    }
}

extension DriverMachine.State {
    mutating func nextInode() -> UInt64 {
        inode += 1
        return inode
    }
    mutating func write(_ path: String, _ bytes: [UInt8]) {
        files[path] = DriverMachine.Entry(bytes: bytes, kind: .file, inode: nextInode(), target: "")
    }

    /// What a node does, as conflux-pos.md §1.5 says.
    mutating func execute(_ method: String, at port: Int) -> JSON {
        guard let place = nodes[port] else { return .null }
        let own = place.folder + "/pos_db/secure_storage.json"
        switch method {
        case "test_posVotingStatus", "pos_voting_status": return ["result": .bool(place.node.flag)]
        case "test_posStopVoting":
            guard let file = files.removeValue(forKey: own) else {
                return DriverMachine.error(
                    -32016, "Error processing request: Custom error detail: Internal error: No such file or directory (os error 2)")
            }
            files[own + ".save"] = file
            nodes[port]?.node.flag = false
            return ["result": .null]
        case "test_posStartVoting":
            guard let file = files.removeValue(forKey: own + ".save") else {
                return DriverMachine.error(-32603, "Internal error", "new secure storage path incorrect: \"x\"")
            }
            files[own] = file
            nodes[port]?.node.flag = true
            return ["result": .null]
        case "pos_getStatus": return ["result": ["epoch": "0x5", "latestCommitted": "0x27"]]
        case "cfx_getStatus": return ["result": ["chainId": "0x270f", "epochNumber": "0x100"]]
        case "debug_currentSyncPhase": return ["result": "NormalSyncPhase"]
        case "test_posRegister": return ["result": ["0xe335b451", .string(Sample.identity)]]
        default: return DriverMachine.error(-32601, "Method not found")
        }
    }
}

extension DriverMachine {
    static func error(_ code: Int64, _ message: String, _ data: String? = nil) -> JSON {
        var error: [String: JSON] = ["code": .integer(code), "message": .string(message)]
        if let data { error["data"] = .string(data) }
        return ["error": .object(error)]
    }
}

extension DriverMachine: HouseClock, Randomness {
    var now: Instant { Instant(nanoseconds: state.withLock { $0.now }) }
    var wall: WallTime { WallTime(nanoseconds: state.withLock { $0.now + $0.wallStep }) }
    var minimumResolution: Duration { .nanoseconds(1) }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        state.withLock { $0.now = max($0.now, deadline.nanoseconds) }
    }
    func next() -> UInt64 { 0xABCD }
    func pass(_ duration: Duration) { state.withLock { $0.now += duration.nanoseconds } }
}

extension DriverMachine: Processes {
    func bootID() async -> String { "boot" }
    func own() async -> Incarnation { Incarnation(bootID: "boot", pid: 1, startTime: 1) }
    func inspect(pid: Int32) async -> ProcessFacts? {
        state.withLock { state in state.residents.values.joined().first { $0.incarnation.pid == pid } }
    }
    func residents(of folder: String) async -> [ProcessFacts] { state.withLock { $0.residents[folder] ?? [] } }
    func listener(port: Int) async -> Int32? { state.withLock { $0.nodes[port]?.node.process?.incarnation.pid } }
    func hidesListener(port: Int) async -> Bool { state.withLock { $0.hiddenListeners.contains(port) } }
    func start(_ command: Command) async throws(FileError) -> Incarnation {
        state.withLock { $0.started.append(command) }
        return Incarnation(bootID: "boot", pid: 99, startTime: 99)
    }
    func signal(_ incarnation: Incarnation, _ signal: Signal) async -> Bool {
        state.withLock { state in
            guard signal == .interrupt else { return true }
            for (folder, there) in state.residents { state.residents[folder] = there.filter { $0.incarnation != incarnation } }
            for (port, place) in state.nodes where place.node.process?.incarnation == incarnation { state.nodes[port]?.node.process = nil }
            return true
        }
    }
}
