/// The `pos_db` folder of one node.
///
/// Names are relative to it: `secure_storage.json`, `secure_storage.json.save`, and `db/consensusdb.last_vote`
/// (what ConsensusDB remembers of the last vote).
package protocol NodeDisk {
    /// The bytes of a file, or `nil` when there is none.
    mutating func read(_ name: String) throws(NodeDiskError) -> [UInt8]?
    /// Replaces a file by a temporary one and a rename, without syncing (conflux-pos.md §2.3).
    mutating func write(_ name: String, _ bytes: [UInt8]) throws(NodeDiskError)
    /// Renames a file, replacing the target.
    ///
    /// - Throws: ``NodeDiskError/missing`` when `name` does not exist.
    mutating func rename(_ from: String, to: String) throws(NodeDiskError)
}

/// Why the operating system refused, as Rust prints it.
package struct NodeDiskError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For example `No such file or directory (os error 2)`.
    package let description: String
    package init(_ description: String) { self.description = description }

    /// ENOENT.
    package static let missing = Self("No such file or directory (os error 2)")
    /// EACCES.
    package static let denied = Self("Permission denied (os error 13)")
    /// ENOSPC.
    package static let full = Self("No space left on device (os error 28)")
}

/// A folder in memory.
package struct MemoryDisk: NodeDisk, Hashable, Sendable {
    /// Name → bytes.
    package var files: [String: [UInt8]]
    /// Names that can't be read, written or renamed.
    package var denied: Set<String> = []

    package init(files: [String: [UInt8]] = [:]) { self.files = files }

    package func read(_ name: String) throws(NodeDiskError) -> [UInt8]? {
        guard !denied.contains(name) else { throw .denied }
        return files[name]
    }

    package mutating func write(_ name: String, _ bytes: [UInt8]) throws(NodeDiskError) {
        guard !denied.contains(name) else { throw .denied }
        files[name] = bytes
    }

    package mutating func rename(_ from: String, to: String) throws(NodeDiskError) {
        guard !denied.contains(from), !denied.contains(to) else { throw .denied }
        guard let bytes = files.removeValue(forKey: from) else { throw .missing }
        files[to] = bytes
    }
}

/// The two names that a hand-over is about.
package enum SafetyFile {
    /// The live safety data.
    package static let live = "secure_storage.json"
    /// The saved safety data.
    package static let saved = "secure_storage.json.save"
    /// What ConsensusDB remembers.
    package static let lastVote = "db/consensusdb.last_vote"
}
