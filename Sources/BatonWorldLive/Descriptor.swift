import BatonWorld
import Glibc

/// One open file descriptor; closed when it goes out of scope, on every path, and never handed to a child.
struct Descriptor: ~Copyable {
    /// The number; 3 or more, so that a child's three standard ones never overwrite it.
    let number: Int32

    /// Opens a path; the new file's permission bits are `mode` less the process's mask.
    init(opening path: String, _ flags: Int32, mode: mode_t = 0) throws(FileError) {
        while true {
            let opened = unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
            if opened >= 3 {
                number = opened
                return
            }
            if opened >= 0 {
                let raised = fcntl(opened, F_DUPFD_CLOEXEC, 3)
                let code = errno
                Glibc.close(opened)
                guard raised >= 0 else { throw FileError(code: code, path: path) }
                number = raised
                return
            }
            guard errno == EINTR else { throw FileError(code: errno, path: path) }
        }
    }

    deinit { Glibc.close(number) }

    /// What the descriptor refers to.
    func facts(_ path: String) throws(FileError) -> stat {
        var facts = stat()
        guard unsafe fstat(number, &facts) == 0 else { throw FileError(code: errno, path: path) }
        return facts
    }

    /// Reads to the end, but not more than one byte beyond `limit`.
    func readAll(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= limit {
            let wanted = min(chunk.count, limit + 1 - bytes.count)
            let count = unsafe Glibc.read(number, &chunk, wanted)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw FileError(code: errno, path: path)
            }
            bytes.append(contentsOf: chunk[..<count])
        }
        guard bytes.count <= limit else {
            throw FileError(.tooLarge, path: path, detail: "larger than the limit of \(limit) bytes")
        }
        return bytes
    }

    /// Writes all the bytes.
    func writeAll(_ bytes: ArraySlice<UInt8>, _ path: String) throws(FileError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw FileError(code: errno, path: path)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits until the file's bytes and facts are on the disk.
    func sync(_ path: String) throws(FileError) {
        while fsync(number) != 0 {
            guard errno == EINTR else { throw FileError(code: errno, path: path) }
        }
    }

    /// Sets the permission bits, whatever the process's mask is.
    func setMode(_ mode: mode_t, _ path: String) throws(FileError) {
        guard fchmod(number, mode) == 0 else { throw FileError(code: errno, path: path) }
    }
}

extension FileError {
    /// A failure by the system's error number, in the system's own words.
    ///
    /// - Source: errno(3). Quota and file system limits count as full; a read-only file system as denied.
    init(code: Int32, path: String) {
        let kind: Kind =
            switch code {
            case ENOENT: .absent
            case EEXIST: .exists
            case EACCES, EPERM, EROFS: .denied
            case ENOSPC, EDQUOT: .full
            case EFBIG: .tooLarge
            case EBUSY, ETXTBSY: .busy
            default: .other
            }
        self.init(kind, path: path, detail: FileError.words(code))
    }

    private static func words(_ code: Int32) -> String {
        // glibc's strerror keeps its buffer per thread (since 2.32).
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }
}

/// Paths by their parts; no file is touched.
enum Paths {
    /// The folder that holds the path's last component.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
