import Foundation
import Testing

/// One command that ended.
struct Ended: Sendable {
    let status: Int32
    let wasKilled: Bool
    let output: String
    let errors: String
    /// Everything that it said, for a failure's message.
    var told: String { String(output.suffix(1500)) + String(errors.suffix(600)) }
}

/// A program that runs beside the test; what it says goes to scratch files.
struct Running {
    private let process: Process
    private let over: AsyncStream<Void>
    private let scratch: String

    /// Starts the program without input.
    ///
    /// It must leave no process behind that has its descriptors: Foundation would wait for that one, too.
    ///
    /// - Parameter environment: what is set beside the environment of this process.
    init(_ program: String, _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:]) throws {
        let process = Process()
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, set in set }
        scratch = NSTemporaryDirectory() + "/baton-said-\(UUID().uuidString)"
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.standardInput = FileHandle.nullDevice
        for end in [".out", ".err"] { try Data().write(to: URL(fileURLWithPath: scratch + end)) }
        let said = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch + ".out"))
        let wrong = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch + ".err"))
        (process.standardOutput, process.standardError) = (said, wrong)
        let (over, ending) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in ending.finish() }
        try process.run()
        try said.close()
        try wrong.close()
        (self.process, self.over) = (process, over)
    }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    /// What it has said on standard error until now.
    var errors: String { get throws { String(decoding: try Data(contentsOf: URL(fileURLWithPath: scratch + ".err")), as: UTF8.self) } }

    /// Waits for its end; past the deadline it is killed and the test fails.
    func end(within seconds: Double = 120) async throws -> Ended {
        let pid = process.processIdentifier
        let watchdog = DispatchSource.makeTimerSource()
        watchdog.schedule(deadline: .now() + seconds)
        watchdog.setEventHandler { kill(pid, SIGKILL) }
        watchdog.resume()
        for await _ in over {}
        watchdog.cancel()
        let output = String(decoding: try Data(contentsOf: URL(fileURLWithPath: scratch + ".out")), as: UTF8.self)
        let errors = try errors
        for end in [".out", ".err"] { try FileManager.default.removeItem(atPath: scratch + end) }
        return Ended(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal, output: output, errors: errors)
    }

    /// SIGSTOP, and the wait until every thread has stopped or the process has ended.
    func suspend() async throws {
        kill(pid, SIGSTOP)
        try await until("process \(pid) stops") {
            // A thread or the process may end before it stops.
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
            return !isRunning
                || threads.allSatisfy { thread in
                    // As above.
                    let row = (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/stat", encoding: .utf8)) ?? ""
                    return row[(row.lastIndex(of: ")") ?? row.startIndex)...].dropFirst(2).first == "T"
                }
        }
    }

    /// SIGCONT.
    func proceed() { kill(pid, SIGCONT) }
}

/// Runs a program to its end.
func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], within seconds: Double = 120
) async throws -> Ended {
    try await Running(program, arguments, environment: environment).end(within: seconds)
}

/// Waits until the condition holds; the deadline is only for what is broken.
func until(_ what: String, _ condition: () async throws -> Bool) async throws {
    for _ in 0..<30_000 {
        if try await condition() { return }
        await OwnThreads.shared.breathe()
    }
    try #require(Bool(false), "never: \(what)")
}

/// Threads of these tests' own: what they wait for is soon over, and the simulator's tests keep the common ones busy for seconds.
final class OwnThreads: TaskExecutor {
    static let shared = OwnThreads()
    private let queue = DispatchQueue(label: "CrashTests", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Two milliseconds between two looks.
    func breathe() async {
        await withCheckedContinuation { continuation in queue.asyncAfter(deadline: .now() + 0.002) { continuation.resume() } }
    }
}

/// Lets a few in at a time, in order: more devnets than this at once would make each other's facts stale.
actor Turnstile {
    static let devnets = Turnstile(places: 4)
    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) { self.places = places }

    func enter() async {
        guard places == 0 else {
            places -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        guard waiting.isEmpty else { return waiting.removeFirst().resume() }
        places += 1
    }
}

/// A lock file's lock (flock(2)), held by the test until it is let go.
struct HeldLock: ~Copyable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// Takes the lock as soon as nobody has it.
    static func take(_ path: String) async throws -> HeldLock {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0, "\(path) can be opened")
        let lock = HeldLock(descriptor: descriptor)
        try await until("\(path) is free") { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }
        return lock
    }
}
