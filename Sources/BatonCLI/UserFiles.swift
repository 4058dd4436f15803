import Glibc
import BatonModel

/// Files that the operator names on the command line, and the folder that relative names are meant from.
package struct UserFiles: Sendable {
    /// The folder that Baton was started in, absolute.
    package let folder: @Sendable () -> String
    /// The bytes of a file, or `nil` when there is none.
    package let read: @Sendable (String) throws -> [UInt8]?
    /// Writes a new file durably; refuses when there is one by that name.
    package let create: @Sendable (String, [UInt8]) throws -> Void

    package init(
        folder: @escaping @Sendable () -> String, read: @escaping @Sendable (String) throws -> [UInt8]?,
        create: @escaping @Sendable (String, [UInt8]) throws -> Void
    ) {
        (self.folder, self.read, self.create) = (folder, read, create)
    }

    /// The files of this machine.
    package static let standard = UserFiles(
        folder: {
            guard let text = unsafe getcwd(nil, 0) else { return "/" }
            defer { unsafe free(text) }
            return unsafe String(cString: text)
        },
        read: { path in try readFile(path) },
        create: { path, bytes in try createFile(path, bytes) }
    )

    private static func readFile(_ path: String) throws(BatonError) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("read", path)
        }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure("read", path)
            }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= 1 << 28 else {
                throw BatonError(.usage, "\(path) is larger than 256 MiB.", remedy: "Name another file.")
            }
        }
    }

    private static func createFile(_ path: String, _ bytes: [UInt8]) throws(BatonError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                throw BatonError(.usage, "\(path) exists.", remedy: "Name another file, or move this one away.")
            }
            throw failure("write", path)
        }
        defer { _ = close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                guard errno == EINTR else { throw failure("write", path) }
            } else {
                rest = rest.dropFirst(count)
            }
        }
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else { throw failure("write", path) }
    }

    private static func failure(_ verb: String, _ path: String) -> BatonError {
        let reason = unsafe String(cString: strerror(errno))
        return BatonError(.usage, "Can't \(verb) \(path): \(reason).", remedy: "Mend the path or its permissions.")
    }
}
