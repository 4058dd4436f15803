/// Judges from a trace of system calls whether what was written to a file was on disk at a certain moment.
///
/// It reads what `strace -f -y -e trace=write,pwrite64,fsync,fdatasync` writes: one call a line, descriptors with their
/// paths, calls of several threads cut into `<unfinished ...>` and `resumed`.
public enum SyncJudge {
    /// What happened to the file between two marks of a trace.
    public struct Finding: Hashable, Sendable {
        /// Whether both marks were found, in this order.
        public internal(set) var hasWindow = false
        /// Completed writes to the file.
        public internal(set) var writes = 0
        /// Completed syncs of the file.
        public internal(set) var syncs = 0
        /// Writes that no completed sync followed before the end mark.
        public internal(set) var unsynced = 0

        /// Whether something was written and all of it was synced.
        public var isDurable: Bool { hasWindow && writes > 0 && syncs > 0 && unsynced == 0 }
    }

    /// Judges a trace.
    ///
    /// - Parameters:
    ///   - trace: the whole text of the trace.
    ///   - suffix: how the path of the file ends (`-wal` for the log of SQLite's database).
    ///   - begin: what the line of the first mark contains; the window opens behind it.
    ///   - end: what the line of the second mark contains.
    public static func judge(_ trace: String, file suffix: String, from begin: String, to end: String) -> Finding {
        var finding = Finding()
        var isOpen = false
        var pending: [Substring: Bool] = [:]
        for line in trace.split(separator: "\n") {
            if !isOpen {
                isOpen = line.contains(begin)
                continue
            }
            if line.contains(end) {
                finding.hasWindow = true
                break
            }
            let thread = line.prefix { $0 != " " }
            if line.contains("resumed>") {
                guard let isSync = pending.removeValue(forKey: thread) else { continue }
                count(line, isSync: isSync, into: &finding)
                continue
            }
            guard line.contains("\(suffix)>") else { continue }
            let isSync = line.contains("sync(")
            guard isSync || line.contains("write") else { continue }
            if line.contains("<unfinished") {
                pending[thread] = isSync
            } else {
                count(line, isSync: isSync, into: &finding)
            }
        }
        return finding
    }

    private static func count(_ line: Substring, isSync: Bool, into finding: inout Finding) {
        guard let answer = line.range(of: " = ").map({ line[$0.upperBound...] }), !answer.hasPrefix("-") else { return }
        if isSync {
            finding.syncs += 1
            finding.unsynced = 0
        } else {
            finding.writes += 1
            finding.unsynced += 1
        }
    }
}

extension Substring {
    /// The last place of a text; written here because the standard library has none.
    fileprivate func range(of text: String) -> Range<Index>? { ranges(of: text).last }
}
