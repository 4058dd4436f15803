public import BatonModel

/// What kind of thing an entry of the journal records.
public enum EntryKind: String, Hashable, Sendable, CaseIterable {
    /// An operation was asked for: its words, its lease.
    case begun
    /// A leg was planned from facts: the plan and its digest.
    case planned
    /// What is about to happen, durable before it happens.
    case intent
    /// What a deed returned, as a memory and not as a proof.
    case returned
    /// A step's proof holds: by which facts.
    case proved
    /// A step was not needed: its proof held already.
    case skipped
    /// A rule refused or doubted: by which facts.
    case refused
    /// A grant was opened.
    case granted
    /// The operator's typed override licensed the grant of the same commit: reason, user, phrase, missing licence, vetoes.
    case overridden
    /// A grant was closed.
    case closed
    /// A question to the operator with its answer.
    case answered
    /// The operation left this process: interrupted, or in doubt.
    case paused
    /// The operation ended in a named state.
    case finished
}

/// One thing worth keeping of an operation.
public struct Entry: Hashable, Sendable, JSONCoded {
    public let kind: EntryKind
    public let step: StepID?
    /// The rule that decided, when one did.
    public let rule: RuleID?
    public let detail: JSON

    public init(_ kind: EntryKind, step: StepID? = nil, rule: RuleID? = nil, detail: JSON = .null) {
        (self.kind, self.step, self.rule, self.detail) = (kind, step, rule, detail)
    }
    public var json: JSON {
        [
            "kind": .string(kind.rawValue), "step": .optional(step?.rawValue), "rule": .optional(rule?.rawValue), "detail": detail,
        ]
    }
    public init(json: JSON) throws(JSONError) {
        guard let kind = EntryKind(rawValue: try json.text("kind")) else { throw JSONError("\"kind\" is unknown") }
        self.init(
            kind, step: json["step"]?.string.map(StepID.init), rule: json["rule"]?.string.map(RuleID.init),
            detail: json["detail"] ?? .null
        )
    }
}

/// An entry as the journal keeps it: numbered, dated and chained to the one before.
public struct StoredEntry: Hashable, Sendable {
    public let number: EntryNumber
    public let operation: OperationID
    public let wall: WallTime
    public let entry: Entry
    /// Digest of the entry before this one in the fleet's journal.
    public let previous: Digest
    /// Digest over number, operation, wall, entry and previous.
    public let digest: Digest

    public init(number: EntryNumber, operation: OperationID, wall: WallTime, entry: Entry, previous: Digest, digest: Digest) {
        (self.number, self.operation, self.wall) = (number, operation, wall)
        (self.entry, self.previous, self.digest) = (entry, previous, digest)
    }

    /// What the digest covers, in canonical form.
    public static func sealed(number: EntryNumber, operation: OperationID, wall: WallTime, entry: Entry, previous: Digest) -> JSON {
        [
            "number": .unsigned(number.rawValue), "operation": .unsigned(operation.rawValue),
            "wall": .integer(wall.nanoseconds), "entry": entry.json, "previous": .string(previous.rawValue),
        ]
    }
}

/// What one transaction makes durable: all of it or nothing.
public struct Commit: Hashable, Sendable {
    public let operation: OperationID
    public let entries: [Entry]
    /// Watermarks that the vote ledger rises to.
    public let raising: [Watermark]
    public let closing: Closing?
    /// Opened after ``closing`` is applied.
    public let opening: Grant?

    public init(operation: OperationID, entries: [Entry], raising: [Watermark] = [], closing: Closing? = nil, opening: Grant? = nil) {
        (self.operation, self.entries, self.raising) = (operation, entries, raising)
        (self.closing, self.opening) = (closing, opening)
    }
}
