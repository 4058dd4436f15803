package import BatonConfluxNode
import Glibc

/// The `pos_db` folder of a node process: real files.
package struct PosixDisk: NodeDisk, Sendable {
    /// The folder, absolute or from the working folder on.
    package let folder: String
    /// Permission bits of new files: 0600 from 3.1 on, before that what the umask leaves of 0666 (conflux-pos.md §2.3).
    package let mode: UInt16

    package init(folder: String, mode: UInt16) { (self.folder, self.mode) = (folder, mode) }

    /// The bytes of a file, or `nil` when there is none.
    package func read(_ name: String) throws(NodeDiskError) -> [UInt8]? {
        let descriptor = unsafe open(path(name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw NodeDiskError(errno: errno)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw NodeDiskError(errno: errno)
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    /// Replaces a file by a temporary one and a rename, without syncing (conflux-pos.md §2.3).
    package func write(_ name: String, _ bytes: [UInt8]) throws(NodeDiskError) {
        let temporary = path(name) + ".tmp"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw NodeDiskError(errno: errno) }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else {
                let failure = NodeDiskError(errno: errno)
                close(descriptor)
                _ = unsafe unlink(temporary)
                throw failure
            }
            written += max(0, count)
        }
        close(descriptor)
        guard unsafe Glibc.rename(temporary, path(name)) == 0 else { throw NodeDiskError(errno: errno) }
    }

    /// Renames a file, replacing the target.
    package func rename(_ from: String, to: String) throws(NodeDiskError) {
        guard unsafe Glibc.rename(path(from), path(to)) == 0 else { throw NodeDiskError(errno: errno) }
    }

    /// Removes a file; one that is not there is fine.
    package func remove(_ name: String) throws(NodeDiskError) {
        guard unsafe unlink(path(name)) == 0 || errno == ENOENT else { throw NodeDiskError(errno: errno) }
    }

    private func path(_ name: String) -> String { folder + "/" + name }
}

extension NodeDiskError {
    /// The system's reason as Rust prints it.
    init(errno code: Int32) {
        switch code {
        case ENOENT: self = .missing
        case EACCES: self = .denied
        case ENOSPC: self = .full
        default: self.init("\(unsafe String(cString: strerror(code))) (os error \(code))")
        }
    }
}

/// A log file that lines are added to.
struct LogFile: Sendable {
    private let descriptor: Int32

    /// Opens the file for adding; lines are dropped when that fails, as a node does with a full disk.
    init(_ path: String) { descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) }

    /// Adds the lines in one write.
    func add(_ lines: [String]) {
        guard descriptor >= 0, !lines.isEmpty else { return }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        // A log line that can't be written is lost; the node goes on.
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }
}
