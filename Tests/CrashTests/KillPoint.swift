import Foundation

/// A moment to kill the controller at: the n-th call of a kind that any of its threads makes.
struct KillPoint: Hashable, Comparable {
    let call: String
    let ordinal: Int

    static func < (left: KillPoint, right: KillPoint) -> Bool { (left.call, left.ordinal) < (right.call, right.ordinal) }
    /// For `strace -e inject=`.
    var injection: String { "inject=\(call):signal=KILL:when=\(ordinal)" }
}

/// An unkilled run's system calls, as strace wrote them.
struct Trace {
    /// Calls that change something outside the process.
    static let calls = [
        "sendto", "sendmsg", "write", "pwrite64", "writev", "rename", "renameat", "renameat2", "unlink", "unlinkat", "ftruncate",
        "fdatasync", "fsync",
    ]

    struct Line {
        let point: KillPoint
        let text: String
    }
    let lines: [Line]

    /// Reads lines of the form `PID call(arguments…`; calls are counted per thread, as injection counts them.
    init(_ text: String) {
        var counts: [String: Int] = [:]
        var lines: [Line] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard parts.count == 2, let open = parts[1].firstIndex(of: "(") else { continue }
            let call = parts[1][..<open].trimmingCharacters(in: .whitespaces)
            guard Trace.calls.contains(call) else { continue }
            let key = "\(parts[0]) \(call)"
            counts[key, default: 0] += 1
            lines.append(Line(point: KillPoint(call: call, ordinal: counts[key] ?? 1), text: String(line)))
        }
        self.lines = lines
    }

    /// From the commit of the cut's intent to the call after the start request.
    var cut: ArraySlice<Line> {
        guard let stop = lines.firstIndex(where: { $0.text.contains("test_posStopVoting") }),
            let start = lines.firstIndex(where: { $0.text.contains("test_posStartVoting") })
        else { return [] }
        let intent = lines[..<stop].lastIndex { $0.point.call == "fdatasync" } ?? stop
        return lines[intent...min(start + 3, lines.count - 1)]
    }

    /// Syncs of the store's write-ahead log between the stop and the start request.
    var syncsInTheCut: Int {
        guard let stop = lines.firstIndex(where: { $0.text.contains("test_posStopVoting") }),
            let start = lines.firstIndex(where: { $0.text.contains("test_posStartVoting") }), stop < start
        else { return 0 }
        return lines[stop..<start].filter { ["fsync", "fdatasync"].contains($0.point.call) && $0.text.contains("-wal") }.count
    }
}

/// Draws from a list, the same for the same seed.
struct SeededDraw {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func some<Value>(_ count: Int, of values: [Value]) -> [Value] {
        var rest = values
        var drawn: [Value] = []
        while drawn.count < count, !rest.isEmpty { drawn.append(rest.remove(at: Int(next() % UInt64(rest.count)))) }
        return drawn
    }
}
