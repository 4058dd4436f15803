public import BatonModel

/// The files of one machine. Paths are absolute.
///
/// Absence is `nil`; failure is thrown. Nothing here deletes what it can't read.
public protocol Files: Sendable {
    /// The whole file, or `nil` when there is none.
    ///
    /// - Throws: ``FileError`` when it is there but can't be read, or is larger than `limit` bytes.
    func read(_ path: String, limit: Int) async throws(FileError) -> [UInt8]?
    /// What is at the path (not following a last link), or `nil` when nothing is.
    func inspect(_ path: String) async throws(FileError) -> FileFacts?
    /// The names in a folder, sorted; `nil` when there is no such folder.
    func list(_ folder: String) async throws(FileError) -> [String]?
    /// Writes through a temporary name in the same folder, then renames over `path`.
    ///
    /// - Parameter durable: also syncs the file before and the folder after the rename.
    /// - Parameter mode: permission bits of the new file.
    func replace(_ path: String, with bytes: [UInt8], mode: UInt16, durable: Bool) async throws(FileError)
    /// Renames, refusing when `target` exists (`RENAME_NOREPLACE`).
    ///
    /// - Throws: ``FileError`` with kind `exists` when the target is there, `absent` when the source is not.
    func move(_ source: String, to target: String) async throws(FileError)
    /// Makes a folder and its parents; one that exists is fine.
    func makeFolder(_ path: String) async throws(FileError)
    /// Syncs a file and then its folder.
    func sync(_ path: String) async throws(FileError)
    /// The target of a symbolic link, or `nil` when nothing is there.
    func link(_ path: String) async throws(FileError) -> String?
    /// Points a symbolic link elsewhere in one rename.
    func replaceLink(_ path: String, to target: String) async throws(FileError)
    /// Copies one file with its permission bits; refuses when the target exists.
    func copy(_ source: String, to target: String) async throws(FileError)
    /// Takes an exclusive lock on a lock file and runs the body under it.
    ///
    /// - Throws: ``FileError`` with kind `busy` when another process holds it past the deadline.
    func withLock<Value: Sendable>(
        _ path: String,
        within: Duration,
        _ body: @Sendable () async -> Value
    ) async throws(FileError) -> Value
}

/// What is known of a path without reading it.
public struct FileFacts: Hashable, Sendable {
    /// What kind of thing lies there.
    public enum Kind: Hashable, Sendable { case file, folder, link, other }
    public let kind: Kind
    /// - Unit: bytes.
    public let size: Int
    public let inode: UInt64
    public let modified: WallTime
    /// Permission bits.
    public let mode: UInt16
    public init(kind: Kind, size: Int, inode: UInt64, modified: WallTime, mode: UInt16) {
        (self.kind, self.size, self.inode, self.modified, self.mode) = (kind, size, inode, modified, mode)
    }
}

/// What went wrong with a path.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Kind: String, Hashable, Sendable { case absent, exists, denied, full, tooLarge, busy, other }
    public let kind: Kind
    public let path: String
    /// The system's own words.
    public let detail: String
    public init(_ kind: Kind, path: String, detail: String) { (self.kind, self.path, self.detail) = (kind, path, detail) }
    public var description: String { "\(path): \(detail)" }
}
