import BatonModel
import BatonWorld
import BatonWorldLive
import Glibc
import Testing

@Suite(.timeLimit(.minutes(2))) struct ProcessesTests {
    private let processes = LiveProcesses()
    private let files = LiveFiles()
    private let folder: Scratch

    init() throws { folder = try Scratch() }

    private func start(_ executable: String, _ arguments: String..., environment: [String: String] = [:]) async throws -> Incarnation {
        try await processes.start(
            Command(
                executable: executable, arguments: arguments, folder: folder.path,
                environment: environment, log: folder("log")))
    }

    private func end(_ incarnation: Incarnation) async throws {
        _ = await processes.signal(incarnation, .kill)
        try await eventually("process \(incarnation.pid) ends") {
            await processes.inspect(pid: incarnation.pid)?.incarnation != incarnation
        }
    }

    private func log() async throws -> String { text(try await files.read(folder("log"), limit: 1 << 16)) ?? "" }

    @Test func `this process finds itself`() async throws {
        let own = await processes.own()
        #expect(own.pid == getpid())
        #expect(own.bootID == text(try await files.read("/proc/sys/kernel/random/boot_id", limit: 99))?.dropLast().description)
        #expect(own.bootID.count == 36)
        #expect(await processes.inspect(pid: own.pid)?.incarnation == own)
    }

    @Test(arguments: [Int32(-1), 0, Int32.max])
    func `no process has a pid out of range`(pid: Int32) async {
        #expect(await processes.inspect(pid: pid) == nil)
        let nobody = Incarnation(bootID: await processes.bootID(), pid: pid, startTime: 1)
        #expect(await processes.signal(nobody, .kill) == false)
    }

    @Test func `a started process is found by pid and by its folder, with its arguments`() async throws {
        let started = try await start("/bin/sleep", "1000")
        let facts = try #require(await processes.inspect(pid: started.pid))
        #expect(facts.incarnation == started)
        #expect(facts.arguments == ["/bin/sleep", "1000"])
        #expect(facts.isStopped == false)
        #expect(await processes.residents(of: folder.path) == [facts])
        try await files.replaceLink(folder("way"), to: folder.path)
        #expect(await processes.residents(of: folder("way")) == [facts], "a link to the folder is the folder")
        #expect(await processes.residents(of: "/proc") == [])
        #expect(await processes.residents(of: folder("none")) == [])
        try await end(started)
        #expect(await processes.residents(of: folder.path) == [])
    }

    @Test func `residents come by pid`() async throws {
        let all = [try await start("/bin/sleep", "1000"), try await start("/bin/sleep", "1000"), try await start("/bin/sleep", "1000")]
        let pids = await processes.residents(of: folder.path).map(\.incarnation.pid)
        #expect(pids == all.map(\.pid).sorted())
        for one in all { try await end(one) }
    }

    @Test func `a name with spaces and parentheses misleads nobody`() async throws {
        let name = "a) Z 1 (b"
        try await files.copy("/bin/sleep", to: folder(name))
        let started = try await start("./" + name, "1000")
        let facts = try #require(await processes.inspect(pid: started.pid))
        #expect(facts.incarnation == started)
        #expect(facts.isStopped == false)
        try await end(started)
    }

    @Test func `a stopped process is told as stopped, and goes on`() async throws {
        let started = try await start("/bin/sleep", "1000")
        #expect(await processes.signal(started, .stop))
        try await eventually("it stops") { await processes.inspect(pid: started.pid)?.isStopped == true }
        #expect(await processes.signal(started, .continue))
        try await eventually("it goes on") { await processes.inspect(pid: started.pid)?.isStopped == false }
        try await end(started)
    }

    @Test func `an ended child is waited for, and gets no signal`() async throws {
        let started = try await start("/bin/true")
        try await eventually("it ends") { await processes.inspect(pid: started.pid) == nil }
        let zombie = try await files.inspect("/proc/\(started.pid)")
        #expect(zombie == nil, "the zombie must be gone from the table")
        #expect(await processes.signal(started, .kill) == false)
    }

    @Test func `a zombie of another parent counts as none`() async throws {
        // The shell's child ends while the shell, become sleep, never waits for it.
        let parent = try await start("/bin/sh", "-c", "/bin/true & echo $!; exec /bin/sleep 1000")
        var zombie: Int32 = 0
        try await eventually("the shell tells its child") {
            zombie = Int32(try await log().prefix { $0 != "\n" }) ?? 0
            return zombie > 0
        }
        try await eventually("the child is a zombie") {
            text(try await files.read("/proc/\(zombie)/stat", limit: 4096))?.contains(") Z ") == true
        }
        #expect(await processes.inspect(pid: zombie) == nil)
        var row = ""
        if let line = text(try await files.read("/proc/\(zombie)/stat", limit: 4096)) { row = line }
        let fields = row.split(separator: " ")
        let startTime = try #require(fields.count > 21 ? UInt64(fields[21]) : nil)
        let dead = Incarnation(bootID: await processes.bootID(), pid: zombie, startTime: startTime)
        #expect(await processes.signal(dead, .terminate) == false)
        try await end(parent)
    }

    @Test func `a process with another start time or of another boot gets no signal`() async throws {
        let started = try await start("/bin/sleep", "1000")
        let earlier = Incarnation(bootID: started.bootID, pid: started.pid, startTime: started.startTime - 1)
        let elsewhere = Incarnation(bootID: "another", pid: started.pid, startTime: started.startTime)
        #expect(await processes.signal(earlier, .kill) == false)
        #expect(await processes.signal(elsewhere, .kill) == false)
        #expect(await processes.signal(started, .stop), "it was left alone until here")
        try await end(started)
    }

    @Test func `a listener is found by its port, and only while it listens`() async throws {
        var listener: Listener? = try Listener()
        let port = try #require(listener?.port)
        #expect(await processes.listener(port: port) == getpid())
        #expect(await !processes.hidesListener(port: port), "one that is seen is not hidden")
        listener = nil
        #expect(await !processes.hidesListener(port: port), "and nobody hides either")
        #expect(await processes.listener(port: port) == nil)
    }

    @Test func `a started process leads a session, in its folder, with the log as output`() async throws {
        let started = try await start(
            "/bin/sh", "-c", "pwd; echo $COLOUR; echo oops >&2; cat; cut -d' ' -f6 /proc/$$/stat",
            environment: ["COLOUR": "red", "PATH": "/usr/bin:/bin"])
        try await eventually("it ends") { await processes.inspect(pid: started.pid) == nil }
        // The sixth field of the row is the session.
        let lines = try await log().split(separator: "\n").map(String.init)
        #expect(lines == [folder.path, "red", "oops", "\(started.pid)"])
    }

    @Test func `a log is appended to`() async throws {
        for word in ["one", "two"] {
            let started = try await start("/bin/echo", word)
            try await eventually("it ends") { await processes.inspect(pid: started.pid) == nil }
        }
        #expect(try await log() == "one\ntwo\n")
    }

    @Test func `a started process has three descriptors, and no signal ignored or blocked`() async throws {
        // Without close-on-exec, as a careless library would leave it.
        let noise = unsafe open("/dev/null", O_RDONLY)
        defer { close(noise) }
        let started = try await start("/bin/sleep", "1000")
        let status = text(try await files.read("/proc/\(started.pid)/status", limit: 1 << 16)) ?? ""
        #expect(status.contains("SigBlk:\t0000000000000000\n"))
        // glibc's posix_spawn leaves its own two signals, 32 and 33, ignored.
        #expect(status.contains("SigIgn:\t0000000180000000\n") || status.contains("SigIgn:\t0000000000000000\n"))
        #expect(try await files.list("/proc/\(started.pid)/fd") == ["0", "1", "2"])
        try await end(started)
    }

    @Test func `what can't be started is an error with the path that is to blame`() async throws {
        func failure(_ command: Command) async -> FileError? {
            do throws(FileError) {
                _ = try await processes.start(command)
                return nil
            } catch {
                return error
            }
        }
        func command(_ executable: String, folder: String, log: String) -> Command {
            Command(executable: executable, arguments: [], folder: folder, environment: [:], log: log)
        }
        try await files.replace(folder("plain"), with: [1], mode: 0o644, durable: false)
        let absent = await failure(command("./none", folder: folder.path, log: folder("log")))
        #expect(absent?.kind == .absent)
        #expect(absent?.path == "./none")
        let plain = await failure(command("./plain", folder: folder.path, log: folder("log")))
        #expect(plain?.kind == .denied)
        let folderless = await failure(command("/bin/true", folder: folder("none"), log: folder("log")))
        #expect(folderless?.kind == .absent)
        #expect(folderless?.path == folder("none"))
        let logless = await failure(command("/bin/true", folder: folder.path, log: folder("none/log")))
        #expect(logless?.path == folder("none/log"))
        #expect(await processes.residents(of: folder.path) == [])
    }
}
