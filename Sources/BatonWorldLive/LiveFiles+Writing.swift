public import BatonWorld
import CLinux
import Glibc
import Synchronization

extension LiveFiles {
    /// The largest file that is copied.
    ///
    /// - Unit: bytes (1 GiB).
    static let copyLimit = 1 << 30

    /// Writes through a temporary name in the same folder, then renames over `path`; a link there is replaced itself.
    ///
    /// Failed before the rename, `path` is as it was and the temporary name is gone. Failed in the last sync of the
    /// folder, `path` has the new bytes, but a power cut may still bring back the old ones.
    public func replace(
        _ path: String,
        with bytes: [UInt8],
        mode: UInt16,
        durable: Bool
    ) async throws(FileError) {
        guard durable else {
            return try await BlockingWork.brief { () throws(FileError) in
                try LiveFiles.writeOver(path, bytes, mode: mode, isSynced: false)
            }
        }
        try await BlockingWork.run { () throws(FileError) in
            try LiveFiles.writeOver(path, bytes, mode: mode, isSynced: true)
            try LiveFiles.syncFolder(of: path)
        }
    }

    private static func writeOver(_ path: String, _ bytes: [UInt8], mode: UInt16, isSynced: Bool) throws(FileError) {
        let owner = try owner(for: path)
        try throughTemporary(path) { (temporary: String) throws(FileError) in
            let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try removingOnFailure(temporary) { () throws(FileError) in
                try file.writeAll(bytes[...], path)
                try owner?.give(file, path)
                try file.setMode(mode_t(mode & 0o7777), path)
                if isSynced { try file.sync(path) }
                try rename(temporary, over: path)
            }
        }
    }

    /// Renames, refusing when `target` exists.
    ///
    /// - Throws: kind `exists` when the target is there, `absent` when the source is not; a missing folder of the target
    ///   is kind `other`, so that it is never taken for an absent source.
    public func move(_ source: String, to target: String) async throws(FileError) {
        try await BlockingWork.brief { () throws(FileError) in
            guard unsafe clinux_rename_noreplace(source, target) != 0 else { return }
            let code = errno
            switch code {
            case EEXIST:
                throw FileError(code: code, path: target)
            case ENOENT where try LiveFiles.status(source) != nil:
                throw FileError(.other, path: target, detail: "its folder is absent")
            case EINVAL, ENOSYS:
                throw FileError(.other, path: target, detail: "this file system can't rename without replacing")
            default:
                throw FileError(code: code, path: source)
            }
        }
    }

    /// Makes a folder (mode 0700) and its parents; one that exists is fine, also by a link.
    public func makeFolder(_ path: String) async throws(FileError) {
        try await BlockingWork.run { () throws(FileError) in try LiveFiles.makeFolders(path) }
    }

    /// Syncs a file or folder, and then the folder that it is in.
    public func sync(_ path: String) async throws(FileError) {
        try await BlockingWork.run { () throws(FileError) in
            try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).sync(path)
            try LiveFiles.syncFolder(of: path)
        }
    }

    /// Points a symbolic link elsewhere in one rename.
    ///
    /// - Throws: kind `exists` when something is there that is no link: it is left alone.
    public func replaceLink(_ path: String, to target: String) async throws(FileError) {
        try await BlockingWork.run { () throws(FileError) in
            if let facts = try LiveFiles.status(path), facts.st_mode & S_IFMT != S_IFLNK {
                throw FileError(.exists, path: path, detail: "is no symbolic link")
            }
            let owner = try LiveFiles.owner(for: path)
            try LiveFiles.throughTemporary(path) { (temporary: String) throws(FileError) in
                guard unsafe symlink(target, temporary) == 0 else { throw FileError(code: errno, path: temporary) }
                try LiveFiles.removingOnFailure(temporary) { () throws(FileError) in
                    try owner?.give(linkOrFolder: temporary)
                    try LiveFiles.rename(temporary, over: path)
                }
            }
        }
    }

    /// Copies one plain file of at most 1 GiB with its permission bits (no set-id bits).
    ///
    /// The copy gets its name only when it is whole and synced, so a crash leaves no half one under it.
    /// - Throws: kind `exists` when the target is there.
    public func copy(_ source: String, to target: String) async throws(FileError) {
        try await BlockingWork.run { () throws(FileError) in
            guard try LiveFiles.status(target) == nil else { throw FileError(code: EEXIST, path: target) }
            let original = try Descriptor(opening: source, O_RDONLY | O_NONBLOCK)
            let facts = try original.facts(source)
            try LiveFiles.demandFile(facts, source)
            guard Int(facts.st_size) <= LiveFiles.copyLimit else {
                throw FileError(.tooLarge, path: source, detail: "\(facts.st_size) bytes, the limit is 1 GiB")
            }
            let owner = try LiveFiles.owner(for: target)
            try LiveFiles.throughTemporary(target) { (temporary: String) throws(FileError) in
                let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
                try LiveFiles.removingOnFailure(temporary) { () throws(FileError) in
                    try LiveFiles.transfer(from: original, source, to: file, target)
                    try owner?.give(file, target)
                    try file.setMode(facts.st_mode & 0o777, target)
                    try file.sync(target)
                    guard unsafe clinux_rename_noreplace(temporary, target) == 0 else {
                        throw FileError(code: errno, path: target)
                    }
                }
            }
        }
    }
}

/// A user and group that something is given to.
struct Owner: Sendable {
    let user: uid_t
    let group: gid_t

    /// Gives away an open file.
    func give(_ file: borrowing Descriptor, _ path: String) throws(FileError) {
        guard fchown(file.number, user, group) == 0 else { throw FileError(code: errno, path: path) }
    }

    /// Gives away a link itself or a folder.
    func give(linkOrFolder path: String) throws(FileError) {
        guard unsafe lchown(path, user, group) == 0 else { throw FileError(code: errno, path: path) }
    }
}

extension LiveFiles {
    /// Counts temporary names, so that no two of this process are equal.
    private static let temporaryCounter = Atomic<UInt64>(0)

    /// Hands free temporary names beside `path` to the body until one was free.
    ///
    /// A name that exists was left by a dead process with our pid: it is not ours to delete, so the next one is tried.
    private static func throughTemporary(
        _ path: String,
        _ body: (String) throws(FileError) -> Void
    ) throws(FileError) {
        for _ in 0..<100 {
            let number = temporaryCounter.add(1, ordering: .relaxed).newValue
            let temporary = "\(path).baton-\(getpid())-\(number)"
            do throws(FileError) {
                return try body(temporary)
            } catch {
                guard error.kind == .exists, error.path == temporary else { throw error }
            }
        }
        throw FileError(.exists, path: path, detail: "100 temporary names beside it are taken")
    }

    private static func removingOnFailure(
        _ temporary: String,
        _ body: () throws(FileError) -> Void
    ) throws(FileError) {
        do throws(FileError) {
            try body()
        } catch {
            // The first error is the one to tell; the temporary name is ours alone.
            _ = unsafe unlink(temporary)
            throw error
        }
    }

    private static func rename(_ source: String, over target: String) throws(FileError) {
        guard unsafe Glibc.rename(source, target) == 0 else { throw FileError(code: errno, path: target) }
    }

    private static func syncFolder(of path: String) throws(FileError) {
        let folder = Paths.folder(of: path)
        try Descriptor(opening: folder, O_RDONLY | O_DIRECTORY).sync(folder)
    }

    /// Whom a new thing at the path shall belong to; `nil` when that is ourselves (only root can give away).
    private static func owner(for path: String) throws(FileError) -> Owner? {
        guard geteuid() == 0 else { return nil }
        if let facts = try status(path) { return Owner(user: facts.st_uid, group: facts.st_gid) }
        let folder = Paths.folder(of: path)
        var facts = stat()
        guard unsafe stat(folder, &facts) == 0 else { throw FileError(code: errno, path: folder) }
        return Owner(user: facts.st_uid, group: facts.st_gid)
    }

    private static func makeFolders(_ path: String) throws(FileError) {
        var facts = stat()
        if unsafe stat(path, &facts) == 0 {
            guard facts.st_mode & S_IFMT == S_IFDIR else { throw FileError(.exists, path: path, detail: "is no folder") }
            return
        }
        guard errno == ENOENT else { throw FileError(code: errno, path: path) }
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let parent = Paths.folder(of: trimmed)
        if parent != trimmed { try makeFolders(parent) }
        let owner = try owner(for: trimmed)
        guard unsafe mkdir(trimmed, 0o700) == 0 else {
            // Another may have made it in between; anything but a folder is an error.
            guard errno == EEXIST, unsafe stat(trimmed, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
                throw FileError(code: errno, path: trimmed)
            }
            return
        }
        try owner?.give(linkOrFolder: trimmed)
    }

    private static func transfer(
        from source: borrowing Descriptor,
        _ sourcePath: String,
        to target: borrowing Descriptor,
        _ targetPath: String
    ) throws(FileError) {
        var total = 0
        while total <= copyLimit {
            let count = clinux_copy_range(source.number, target.number, 64 << 20)
            if count == 0 { return }
            if count > 0 {
                total += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, EBADF:
                // Not between these file systems. Both offsets have moved alike, so plain reading goes on from there.
                return try transferByReading(from: source, sourcePath, to: target, targetPath, after: total)
            default: throw FileError(code: errno, path: targetPath)
            }
        }
        throw FileError(.tooLarge, path: sourcePath, detail: "grew over the limit of 1 GiB while it was copied")
    }

    private static func transferByReading(
        from source: borrowing Descriptor,
        _ sourcePath: String,
        to target: borrowing Descriptor,
        _ targetPath: String,
        after: Int
    ) throws(FileError) {
        var total = after
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while total <= copyLimit {
            let count = unsafe Glibc.read(source.number, &chunk, chunk.count)
            if count == 0 { return }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw FileError(code: errno, path: sourcePath)
            }
            try target.writeAll(chunk[..<count], targetPath)
            total += count
        }
        throw FileError(.tooLarge, path: sourcePath, detail: "grew over the limit of 1 GiB while it was copied")
    }
}
