import BatonModel
public import BatonWorld
import CLinux
import Glibc

/// The files of this machine by POSIX calls.
///
/// A symbolic link in the folders of a path is followed; as the last component it never is (except by ``list(_:)``
/// and as the source of ``copy(_:to:)``): reading a file through a link is an error that says so. When Baton runs as root, what
/// it makes belongs to the owner of the folder it is made in (a file put in the place of another keeps that one's
/// owner), so that a node under its own user can read what was placed for it.
public struct LiveFiles: Files {
    /// Makes the files; it keeps no state.
    public init() {}

    /// The whole file, or `nil` when there is none.
    ///
    /// - Throws: also when the path is a link, a folder or a device.
    public func read(_ path: String, limit: Int) async throws(FileError) -> [UInt8]? {
        guard limit > BlockingWork.briefReadMax else {
            return try await BlockingWork.brief { () throws(FileError) in try LiveFiles.wholeFile(path, limit: limit) }
        }
        return try await BlockingWork.run { () throws(FileError) in try LiveFiles.wholeFile(path, limit: limit) }
    }

    private static func wholeFile(_ path: String, limit: Int) throws(FileError) -> [UInt8]? {
        let file: Descriptor
        do throws(FileError) {
            // Without O_NONBLOCK a named pipe would wait for its writer.
            file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        } catch {
            if error.kind == .absent { return nil }
            throw try namingLink(error, path)
        }
        let facts = try file.facts(path)
        try demandFile(facts, path)
        guard Int(facts.st_size) <= limit else {
            throw FileError(.tooLarge, path: path, detail: "\(facts.st_size) bytes, the limit is \(limit)")
        }
        return try file.readAll(path, limit: limit)
    }

    /// What is at the path, or `nil` when nothing is.
    public func inspect(_ path: String) async throws(FileError) -> FileFacts? {
        try await BlockingWork.brief { () throws(FileError) -> FileFacts? in
            try LiveFiles.status(path).map(FileFacts.init)
        }
    }

    /// The names in a folder, sorted, without `.` and `..`; `nil` when there is no such folder.
    public func list(_ folder: String) async throws(FileError) -> [String]? {
        try await BlockingWork.brief { () throws(FileError) -> [String]? in
            do throws(FileError) {
                return try LiveFiles.names(in: folder).sorted()
            } catch {
                if error.kind == .absent { return nil }
                throw error
            }
        }
    }

    /// The target of a symbolic link, or `nil` when nothing is there.
    ///
    /// - Throws: also when something is there that is no link.
    public func link(_ path: String) async throws(FileError) -> String? {
        try await BlockingWork.brief { () throws(FileError) -> String? in
            do throws(FileError) {
                return try LiveFiles.target(of: path)
            } catch {
                if error.kind == .absent { return nil }
                throw error
            }
        }
    }

    /// Runs the body while no other holder of the lock file runs its own, in this process or another (flock(2), so it
    /// works together with flock(1)). The file stays, because a lock on an unlinked file would exclude nobody; the lock
    /// ends with the body, or with the process.
    ///
    /// - Throws: kind `busy` past the deadline, and when the task is cancelled while it waits; the body did not run then.
    public func withLock<Value: Sendable>(
        _ path: String,
        within: Duration,
        _ body: @Sendable () async -> Value
    ) async throws(FileError) -> Value {
        let clock = LiveClock()
        let deadline = clock.now.advanced(by: within)
        while true {
            let file = try Descriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
            if try LiveFiles.takeLock(file, path) { return await body() }
            let now = clock.now
            guard now < deadline else {
                throw FileError(.busy, path: path, detail: "locked by another process for \(within.readable)")
            }
            do {
                try await clock.sleep(until: min(deadline, now.advanced(by: .milliseconds(10))))
            } catch {
                throw FileError(.busy, path: path, detail: "locked by another process; the waiting was cancelled")
            }
        }
    }

    /// Whether the lock was taken.
    private static func takeLock(_ file: borrowing Descriptor, _ path: String) throws(FileError) -> Bool {
        while flock(file.number, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return false
            default: throw FileError(code: errno, path: path)
            }
        }
        return true
    }
}

extension LiveFiles {
    /// lstat(2); `nil` when nothing is there.
    static func status(_ path: String) throws(FileError) -> stat? {
        var facts = stat()
        if unsafe lstat(path, &facts) == 0 { return facts }
        guard errno == ENOENT else { throw FileError(code: errno, path: path) }
        return nil
    }

    /// The names in a folder, unsorted.
    static func names(in folder: String) throws(FileError) -> [String] {
        guard let stream = unsafe opendir(folder) else { throw FileError(code: errno, path: folder) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw FileError(code: errno, path: folder) }
        return names
    }

    /// readlink(2).
    static func target(of path: String) throws(FileError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = unsafe readlink(path, &buffer, buffer.count)
        guard count >= 0 else {
            if errno == EINVAL { throw FileError(.other, path: path, detail: "is no symbolic link") }
            throw FileError(code: errno, path: path)
        }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// - Throws: when it is no plain file.
    static func demandFile(_ facts: stat, _ path: String) throws(FileError) {
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw FileError(.other, path: path, detail: "is no plain file")
        }
    }

    /// Says of an error of O_NOFOLLOW what it means.
    private static func namingLink(_ error: FileError, _ path: String) throws(FileError) -> FileError {
        guard error.kind == .other, let facts = try status(path), facts.st_mode & S_IFMT == S_IFLNK else { return error }
        return FileError(.other, path: path, detail: "is a symbolic link, and this file must not be one")
    }
}

extension FileFacts {
    /// The facts of lstat(2).
    init(_ facts: stat) {
        let kind: Kind =
            switch facts.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        let modified = Int64(facts.st_mtim.tv_sec) * 1_000_000_000 + Int64(facts.st_mtim.tv_nsec)
        self.init(
            kind: kind,
            size: Int(facts.st_size),
            inode: UInt64(facts.st_ino),
            modified: WallTime(nanoseconds: modified),
            mode: UInt16(facts.st_mode & 0o7777)
        )
    }
}
