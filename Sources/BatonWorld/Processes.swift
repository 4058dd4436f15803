public import BatonModel

/// The processes of one machine.
public protocol Processes: Sendable {
    /// The id of this boot of the machine; another one means that it was rebooted.
    func bootID() async -> String
    /// This process.
    func own() async -> Incarnation
    /// The process with this pid, or `nil` when there is none (a zombie counts as none).
    func inspect(pid: Int32) async -> ProcessFacts?
    /// Whether that very process still lives.
    func isAlive(_ incarnation: Incarnation) async -> Bool
    /// Every living process whose working folder is this one, by pid (zombies left out).
    func residents(of folder: String) async -> [ProcessFacts]
    /// The process that listens on a TCP port of 127.0.0.1 or of any address, or `nil` when none is seen.
    func listener(port: Int) async -> Int32?
    /// Whether somebody listens on a TCP port of any address whom this process can't see: one of another user, or of
    /// another PID namespace. Then ``residents(of:)`` and ``listener(port:)`` show nothing of him, and he lives.
    func hidesListener(port: Int) async -> Bool
    /// Starts a process that outlives Baton, in a session of its own.
    ///
    /// - Throws: ``FileError`` when it could not be started; nothing runs then.
    func start(_ command: Command) async throws(FileError) -> Incarnation
    /// Sends a signal to that very process; a pid that was given to another process is left alone.
    ///
    /// - Returns: whether the process was still there.
    func signal(_ incarnation: Incarnation, _ signal: Signal) async -> Bool
}

/// A signal by its meaning.
public enum Signal: Int32, Hashable, Sendable {
    case interrupt = 2
    case kill = 9
    case terminate = 15
    case `continue` = 18
    case stop = 19
}

/// A command as an argument vector; no shell reads it.
public struct Command: Hashable, Sendable {
    public let executable: String
    public let arguments: [String]
    public let folder: String
    /// Added to the environment of Baton.
    public let environment: [String: String]
    /// Where standard output and error go (appended).
    public let log: String
    public init(executable: String, arguments: [String], folder: String, environment: [String: String], log: String) {
        (self.executable, self.arguments, self.folder) = (executable, arguments, folder)
        (self.environment, self.log) = (environment, log)
    }
}

/// A living process.
public struct ProcessFacts: Hashable, Sendable {
    public let incarnation: Incarnation
    public let arguments: [String]
    /// Whether it is stopped by SIGSTOP or a tracer.
    public let isStopped: Bool
    public init(incarnation: Incarnation, arguments: [String], isStopped: Bool) {
        (self.incarnation, self.arguments, self.isStopped) = (incarnation, arguments, isStopped)
    }
}

extension Processes {
    /// By looking at all of it.
    public func isAlive(_ incarnation: Incarnation) async -> Bool { await inspect(pid: incarnation.pid)?.incarnation == incarnation }
}
