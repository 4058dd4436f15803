import BatonModel
import BatonWorld
import Glibc

/// One line of the process table, from `/proc/PID/stat`.
///
/// - Source: proc(5): the name in field 2 stands in parentheses and may hold spaces and parentheses itself, so the
///   fields are counted from the last closing one; 3 state, 20 number of threads, 22 start time.
struct ProcessRow: Hashable, Sendable {
    /// `R`, `S`, `D`, `T`, `t`, `Z`, `X`, …
    let state: UInt8
    /// The number of threads that are left.
    let threads: Int
    /// - Unit: clock ticks since boot.
    let startTime: UInt64

    /// Reads one; `nil` when it is no such line.
    init?(_ line: [UInt8]) {
        guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[(end + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard fields.count > 19, let state = fields[0].first,
            let threads = Int(String(decoding: fields[17], as: UTF8.self)),
            let startTime = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        (self.state, self.threads, self.startTime) = (state, threads, startTime)
    }

    /// Whether anything of it can still run.
    ///
    /// A zombie whose other threads are not gone yet may still write, so it lives.
    var isAlive: Bool {
        switch state {
        case UInt8(ascii: "Z"), UInt8(ascii: "X"), UInt8(ascii: "x"): threads > 1
        default: true
        }
    }

    /// Whether it is stopped by a signal or a tracer.
    var isStopped: Bool { state == UInt8(ascii: "T") || state == UInt8(ascii: "t") }
}

/// Readings of `/proc`.
///
/// Absence is only what is known to be absent. What can't be told (no descriptor free, a hidden `/proc`) ends this process:
/// a living node that is taken for a dead one is worse than an operation that has to be resumed.
enum ProcessTable {
    /// The id of this boot, read once.
    static let bootID: String = {
        guard let bytes = content("/proc/sys/kernel/random/boot_id") else { fatalError("Baton needs /proc/sys/kernel") }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }()

    /// The living process's row; `nil` when there is no such process.
    static func row(_ pid: Int32) -> ProcessRow? {
        guard pid > 0 else { return nil }
        for _ in 0..<1000 {
            if let line = content("/proc/\(pid)/stat") {
                guard let row = ProcessRow(line) else { fatalError("/proc/\(pid)/stat is unreadable") }
                return row.isAlive ? row : nil
            }
            if kill(pid, 0) != 0, errno == ESRCH { return nil }
            // It began between the two looks, or it is hidden from us; the next look tells.
            usleep(1000)
        }
        fatalError("process \(pid) is there, but /proc hides it (mounted with hidepid?): run Baton as the nodes' user")
    }

    /// The living process's facts; `nil` when there is no such process.
    static func facts(_ pid: Int32) -> ProcessFacts? {
        while let before = row(pid) {
            let line = content("/proc/\(pid)/cmdline") ?? []
            // Another process may have got the pid in between.
            guard let after = row(pid) else { return nil }
            guard after.startTime == before.startTime else { continue }
            var parts = line.split(separator: 0, omittingEmptySubsequences: false)
            if parts.last?.isEmpty ?? false { parts.removeLast() }
            return ProcessFacts(
                incarnation: Incarnation(bootID: bootID, pid: pid, startTime: after.startTime),
                arguments: parts.map { String(decoding: $0, as: UTF8.self) },
                isStopped: after.isStopped
            )
        }
        return nil
    }

    /// Every pid there is, sorted.
    static func pids() -> [Int32] {
        do throws(FileError) {
            return try LiveFiles.names(in: "/proc").compactMap(Int32.init).sorted()
        } catch {
            fatalError("Baton needs /proc: \(error)")
        }
    }

    /// Whether the process's working folder is the one that `folder` describes.
    ///
    /// Compared by device and inode, so that a link or another mount of the same folder makes no difference.
    static func lives(_ pid: Int32, in folder: stat) -> Bool {
        var own = stat()
        guard unsafe stat("/proc/\(pid)/cwd", &own) == 0 else { return false }
        return own.st_ino == folder.st_ino && own.st_dev == folder.st_dev
    }

    /// The process that has one of these sockets open; the lowest pid when there are several.
    static func holder(ofSockets inodes: Set<UInt64>) -> Int32? {
        let targets = Set(inodes.map { "socket:[\($0)]" })
        return pids().first { pid in
            // Processes of other users show their descriptors to root only.
            guard let names = try? LiveFiles.names(in: "/proc/\(pid)/fd") else { return false }
            return names.contains { name in
                // A descriptor may be closed while we look.
                guard let target = try? LiveFiles.target(of: "/proc/\(pid)/fd/\(name)") else { return false }
                return targets.contains(target)
            }
        }
    }

    /// This process's pid as `/proc` counts; another number than getpid(2) means that `/proc` is of another PID namespace,
    /// where our pids name other processes. `nil` when it does not show us at all.
    ///
    /// - Source: proc(5), `/proc/self`.
    static var ownPID: Int32? {
        // No link is no pid.
        guard let name = try? LiveFiles.target(of: "/proc/self") else { return nil }
        return Int32(name)
    }

    /// The inodes of the sockets that listen on a port of 127.0.0.1 or of any address.
    ///
    /// - Parameter atAnyAddress: also those that listen at one other address only.
    static func listeningSockets(port: Int, atAnyAddress: Bool = false) -> Set<UInt64> {
        var inodes: Set<UInt64> = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            // Without IPv6 the second table is absent.
            let text = String(decoding: content(table) ?? [], as: UTF8.self)
            inodes.formUnion(text.split(separator: "\n").compactMap { listeningInode($0, port: port, atAnyAddress) })
        }
        return inodes
    }

    /// The inode of a line of `/proc/net/tcp` or `tcp6` that listens as wanted.
    ///
    /// - Source: proc_pid_net(5): addresses are hexadecimal words in the machine's byte order (little-endian here);
    ///   state 0A is TCP_LISTEN; the inode is the tenth field.
    static func listeningInode(_ line: Substring, port: Int, _ atAnyAddress: Bool) -> UInt64? {
        let fields = line.split(separator: " ")
        guard fields.count > 9, fields[3] == "0A" else { return nil }
        let local = fields[1].split(separator: ":")
        let addresses: Set<Substring> = [
            "0100007F", "00000000", "00000000000000000000000000000000", "0000000000000000FFFF00000100007F",
        ]
        guard local.count == 2, Int(local[1], radix: 16) == port, atAnyAddress || addresses.contains(local[0]) else { return nil }
        return UInt64(fields[9])
    }

    /// A file of `/proc`; `nil` when it is absent, or its process is, or it may not be read.
    private static func content(_ path: String) -> [UInt8]? {
        for _ in 0..<1000 {
            do throws(FileError) {
                return try Descriptor(opening: path, O_RDONLY).readAll(path, limit: 64 << 20)
            } catch {
                // ESRCH comes from reading when the process ended after the opening.
                if error.kind == .absent || error.kind == .denied { return nil }
                if error == FileError(code: ESRCH, path: path) { return nil }
            }
            usleep(1000)
        }
        fatalError("\(path) can't be read: too many open files, or no memory")
    }
}
