/// Why something is not known. Doubt is a value and never becomes a default.
public enum Doubt: Hashable, Sendable {
    /// Nothing answered at the address, or the host could not be reached.
    case unreachable
    /// A command was sent and its answer has not come; it may still take effect.
    case unanswered(since: Instant)
    /// What is known is too old to decide by (safety.md R9).
    case stale
    /// Two sources say different things.
    case contradictory
    /// Something is there but can't be read or understood.
    case unreadable
}

/// A value that was observed, or the reason why it is not known.
public enum Known<Value: Hashable & Sendable>: Hashable, Sendable {
    case known(Value)
    case unknown(Doubt)

    /// The value, when it is known.
    public var value: Value? {
        guard case .known(let value) = self else { return nil }
        return value
    }

    /// The doubt, when it is not known.
    public var doubt: Doubt? {
        guard case .unknown(let doubt) = self else { return nil }
        return doubt
    }
}

/// One life of a node's process: what a fence is about, and what a restart ends.
///
/// - Source: `/proc/sys/kernel/random/boot_id`, pid, field 22 of `/proc/PID/stat` (clock ticks since boot).
public struct Incarnation: Hashable, Sendable {
    public let bootID: String
    public let pid: Int32
    /// - Unit: clock ticks since boot.
    public let startTime: UInt64

    public init(bootID: String, pid: Int32, startTime: UInt64) {
        (self.bootID, self.pid, self.startTime) = (bootID, pid, startTime)
    }
}

/// Where a fact comes from.
public enum Source: Hashable, Sendable {
    case rpc
    case files
    case processes
    case chain
    case journal
}

/// What was observed of one node, by which way, of which incarnation and when.
public struct Fact<Reading: Hashable & Sendable>: Hashable, Sendable {
    public let value: Known<Reading>
    public let of: NodeID
    public let incarnation: Incarnation?
    public let from: Source
    public let at: Instant

    public init(value: Known<Reading>, of: NodeID, incarnation: Incarnation?, from: Source, at: Instant) {
        (self.value, self.of, self.incarnation, self.from, self.at) = (value, of, incarnation, from, at)
    }
}

/// How a condition stands by the facts. A guard passes only on `holds`.
public enum Verdict: Hashable, Sendable {
    case holds
    case fails(RuleID)
    case unknown(RuleID, Doubt)
}

/// How a deed ended. Nothing here means "probably".
public enum Outcome: Hashable, Sendable {
    case done
    case refused(RuleID, String)
    case unknown(Doubt)
}

extension Doubt: CustomStringConvertible {
    /// The doubt in words an operator says.
    public var description: String {
        switch self {
        case .unreachable: "unreachable"
        case .unanswered: "unanswered"
        case .stale: "stale"
        case .contradictory: "contradictory"
        case .unreadable: "unreadable"
        }
    }
}

extension Incarnation: JSONCoded {
    public var json: JSON { ["boot": .string(bootID), "pid": .integer(Int64(pid)), "start": .unsigned(startTime)] }
    public init(json: JSON) throws(JSONError) {
        guard let pid = json["pid"]?.integer.flatMap(Int32.init(exactly:)) else { throw JSONError("\"pid\" is no process id") }
        self.init(bootID: try json.text("boot"), pid: pid, startTime: try json.count("start"))
    }
}
