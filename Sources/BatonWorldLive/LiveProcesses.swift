public import BatonModel
public import BatonWorld
import CLinux
import Glibc
import Synchronization

/// The processes of this machine by `/proc` and signals.
///
/// Of other users' processes an ordinary user sees neither working folder nor descriptors: ``residents(of:)`` and
/// ``listener(port:)`` then leave them out, so Baton runs as the nodes' user or as root.
public final class LiveProcesses: Processes {
    /// Those that we started and that nobody has waited for yet.
    private let children = Mutex<Set<Int32>>([])

    /// Makes the processes.
    public init() {}

    /// The id of this boot of the machine.
    public func bootID() async -> String { await BlockingWork.brief { ProcessTable.bootID } }

    /// This process.
    public func own() async -> Incarnation {
        await BlockingWork.brief {
            let pid = getpid()
            guard ProcessTable.ownPID == pid else { fatalError("Baton needs the /proc of its own PID namespace") }
            guard let row = ProcessTable.row(pid) else { fatalError("Baton does not find itself in /proc") }
            return Incarnation(bootID: ProcessTable.bootID, pid: pid, startTime: row.startTime)
        }
    }

    /// The process with this pid, or `nil` when there is none (a zombie counts as none).
    public func inspect(pid: Int32) async -> ProcessFacts? {
        await BlockingWork.brief {
            self.reap()
            return ProcessTable.facts(pid)
        }
    }

    /// Whether that very process still lives: one look at its row.
    public func isAlive(_ incarnation: Incarnation) async -> Bool {
        await BlockingWork.brief {
            self.reap()
            return incarnation.bootID == ProcessTable.bootID && ProcessTable.row(incarnation.pid)?.startTime == incarnation.startTime
        }
    }

    /// Every living process whose working folder is this one, by pid; links in the folder's path are followed.
    public func residents(of folder: String) async -> [ProcessFacts] {
        await BlockingWork.run {
            self.reap()
            var wanted = stat()
            // In a folder that is not there nobody lives.
            guard unsafe stat(folder, &wanted) == 0 else { return [] }
            return ProcessTable.pids().filter { ProcessTable.lives($0, in: wanted) }.compactMap(ProcessTable.facts)
        }
    }

    /// The process that listens on a TCP port of 127.0.0.1 or of any address, or `nil` when none is seen.
    public func listener(port: Int) async -> Int32? {
        await BlockingWork.run {
            self.reap()
            let sockets = ProcessTable.listeningSockets(port: port)
            return sockets.isEmpty ? nil : ProcessTable.holder(ofSockets: sockets)
        }
    }

    /// Whether a socket listens on the port that no process seen here has open.
    public func hidesListener(port: Int) async -> Bool {
        await BlockingWork.run {
            self.reap()
            // One that was closed between the two looks is looked for again and not found any more.
            return ProcessTable.listeningSockets(port: port, atAnyAddress: true).contains { inode in
                ProcessTable.holder(ofSockets: [inode]) == nil
                    && ProcessTable.listeningSockets(port: port, atAnyAddress: true).contains(inode)
            }
        }
    }

    /// Starts a process in a session of its own; its argument vector is the executable and then the arguments.
    ///
    /// It has the default signal dispositions, none blocked, `/dev/null` as its input and no other descriptor than the
    /// log. An executable with a slash is looked up from the command's folder, one without in PATH.
    /// - Throws: ``FileError`` that names the folder, the log or the executable; nothing runs then.
    public func start(_ command: Command) async throws(FileError) -> Incarnation {
        try await BlockingWork.run { () throws(FileError) in
            self.reap()
            let pid = try LiveProcesses.spawn(command)
            // Even one that has ended already keeps its row until it is waited for, which happens only from here on.
            guard let line = try? Descriptor(opening: "/proc/\(pid)/stat", O_RDONLY).readAll("stat", limit: 1 << 16),
                let row = ProcessRow(line)
            else { fatalError("process \(pid) was started, but /proc does not show it") }
            self.children.withLock { _ = $0.insert(pid) }
            return Incarnation(bootID: ProcessTable.bootID, pid: pid, startTime: row.startTime)
        }
    }

    /// Sends a signal to that very process; a pid that was given to another process is left alone.
    ///
    /// - Returns: whether the process was still there. One that we may not signal is there.
    public func signal(_ incarnation: Incarnation, _ signal: Signal) async -> Bool {
        await BlockingWork.brief {
            self.reap()
            guard incarnation.bootID == ProcessTable.bootID, incarnation.pid > 0 else { return false }
            // The descriptor means one process for ever, so nothing can change between the comparison and the signal.
            let descriptor = clinux_pidfd_open(incarnation.pid)
            let code = errno
            defer { if descriptor >= 0 { close(descriptor) } }
            if descriptor < 0, code == ESRCH { return false }
            guard ProcessTable.row(incarnation.pid)?.startTime == incarnation.startTime else { return false }
            let sent =
                descriptor >= 0
                ? clinux_pidfd_send_signal(descriptor, signal.rawValue)
                // No such call here, or no descriptor free: the comparison was microseconds ago.
                : kill(incarnation.pid, signal.rawValue)
            return sent == 0 || errno != ESRCH
        }
    }

    /// Takes the ended ones of our children out of the process table, so that no zombie holds a pid.
    private func reap() {
        children.withLock { children in
            children = children.filter { pid in
                var status: Int32 = 0
                let waited = unsafe waitpid(pid, &status, WNOHANG)
                return waited == 0 || (waited < 0 && errno == EINTR)
            }
        }
    }

    private static func spawn(_ command: Command) throws(FileError) -> Int32 {
        let folder = try Descriptor(opening: command.folder, O_RDONLY | O_DIRECTORY)
        let input = try Descriptor(opening: "/dev/null", O_RDONLY)
        let log = try Descriptor(opening: command.log, O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
        var pid: Int32 = 0
        let code = unsafe CStrings.with([command.executable] + command.arguments) { arguments in
            unsafe CStrings.with(environment(adding: command.environment)) { environment in
                unsafe clinux_spawn(
                    &pid, command.executable, arguments, environment, folder.number, input.number, log.number)
            }
        }
        guard code == 0 else { throw FileError(code: code, path: command.executable) }
        return pid
    }

    /// Ours with the additions, as `NAME=value`, sorted.
    private static func environment(adding additions: [String: String]) -> [String] {
        var lines = additions.map { "\($0.key)=\($0.value)" }
        var next = unsafe clinux_environment()
        while let cursor = unsafe next, let entry = unsafe cursor.pointee {
            let line = unsafe String(cString: entry)
            let name = String(line.prefix { $0 != "=" })
            if additions[name] == nil { lines.append(line) }
            unsafe next = cursor + 1
        }
        return lines.sorted()
    }
}

/// Arrays of C strings that live for one call.
private enum CStrings {
    /// - Parameter body: gets the strings' addresses, ended by a null one.
    static func with(
        _ texts: [String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Int32
    ) -> Int32 {
        var pointers = unsafe texts.map { text in unsafe strdup(text) }
        defer { unsafe pointers.forEach { unsafe free($0) } }
        unsafe pointers.append(nil)
        return unsafe pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { fatalError("an array with an element has no address") }
            return unsafe body(base)
        }
    }
}
