import BatonModel
import BatonStore
import Glibc

/// The folder and file of a store on this machine's disk: 0600 in a folder that others can't write.
///
/// It never opens the database file itself: closing any descriptor of a file drops all POSIX locks that this process
/// holds on it (sqlite.org/howtocorrupt.html §2.2). The one exception is a file that this call has just made.
struct StorePlace {
    let folder: String
    /// The database; SQLite puts `-wal` and `-shm` beside it with the same mode.
    var file: String { folder + "/store.sqlite" }

    /// Makes the folder (0700, with its missing parents) and an empty file (0600), or checks those that are there.
    ///
    /// - Throws: ``BatonError/Code/storeUnreadable``; nothing that was there is changed then.
    func prepare() throws(BatonError) {
        try makeFolder(folder)
        guard let mode = try look(at: folder, followingLinks: true)?.st_mode, mode & S_IFMT == S_IFDIR else {
            throw .storeUnreadable("\(folder) is no folder.", remedy: "Name a folder of its own as `state:` in baton.yaml.")
        }
        guard mode & 0o022 == 0 else {
            throw .storeUnreadable(
                "Others may write in \(folder) (mode \(String(mode & 0o777, radix: 8))).", remedy: "Run `chmod 700 \(folder)`."
            )
        }
        guard let facts = try look(at: file, followingLinks: false) else { return try makeFile() }
        let fileMode = facts.st_mode
        guard fileMode & S_IFMT == S_IFREG else {
            throw .storeUnreadable(
                "\(file) is no plain file.", remedy: "Move it away by hand, or name another folder as `state:` in baton.yaml."
            )
        }
        // SQLite itself takes a file of one byte for an empty one and writes over it.
        guard facts.st_size == 0 || facts.st_size >= Self.databaseBytesMin else {
            throw .storeUnreadable("\(file) is no database: it has \(facts.st_size) bytes.", remedy: SQLiteFailure.keepAndRecover)
        }
        if fileMode & 0o777 != 0o600, unsafe chmod(file, 0o600) != 0 { throw failed("set the mode of", file) }
    }

    /// The size of the header that every database begins with.
    ///
    /// - Source: sqlite.org/fileformat.html §1.3.
    private static let databaseBytesMin = 100

    /// What is at a path, or `nil` when nothing is there.
    private func look(at path: String, followingLinks: Bool) throws(BatonError) -> stat? {
        var facts = stat()
        let answer = followingLinks ? unsafe stat(path, &facts) : unsafe lstat(path, &facts)
        if answer == 0 { return facts }
        guard errno == ENOENT else { throw failed("look at", path) }
        return nil
    }

    private func makeFolder(_ path: String) throws(BatonError) {
        var facts = stat()
        if path.isEmpty || path == "/" || path == "." { return }
        // A link to a folder may stand on the way; only the file itself must be none.
        if unsafe stat(path, &facts) == 0 { return }
        let parent = Self.parent(of: path)
        try makeFolder(parent)
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw failed("make", path) }
        try syncFolder(parent)
    }

    private func makeFile() throws(BatonError) {
        let descriptor = unsafe open(file, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0 {
            // Another process has just made it.
            if errno == EEXIST { return }
            throw failed("make", file)
        }
        close(descriptor)
        try syncFolder(folder)
    }

    /// Makes a new name in a folder survive power loss.
    private func syncFolder(_ path: String) throws(BatonError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failed("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failed("sync", path) }
    }

    private static func parent(of path: String) -> String {
        let trimmed = path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    private func failed(_ what: String, _ path: String) -> BatonError {
        let reason = unsafe String(cString: strerror(errno))
        return .storeUnreadable(
            "Can't \(what) \(path): \(reason).", remedy: "Make \(path) usable by this user, then run the verb again."
        )
    }
}
