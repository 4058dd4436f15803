public import BatonModel

/// A grant as reports show it.
public struct GrantSummary: Hashable, Sendable {
    public let number: GrantNumber
    public let node: NodeID
    public let isOpen: Bool
    /// What licensed it, in words.
    public let origin: String
    /// The place of the vote state that it granted.
    public let watermark: Watermark

    public init(number: GrantNumber, node: NodeID, isOpen: Bool, origin: String, watermark: Watermark) {
        (self.number, self.node, self.isOpen, self.origin, self.watermark) = (number, node, isOpen, origin, watermark)
    }
    /// The grant for programs.
    public var json: JSON {
        [
            "number": .unsigned(number.rawValue), "node": .string(node.rawValue), "open": .bool(isOpen), "origin": .string(origin),
            "watermark": watermark.json,
        ]
    }
}

/// Who holds the right to operate on a validator.
public struct LeaseReport: Hashable, Sendable {
    public let validator: ValidatorID
    public let number: LeaseNumber
    /// The process that holds it.
    public let holder: Incarnation
    /// Whether that process still runs; `nil` when it can't be seen from here.
    public let isAlive: Bool?

    public init(validator: ValidatorID, number: LeaseNumber, holder: Incarnation, isAlive: Bool?) {
        (self.validator, self.number, self.holder, self.isAlive) = (validator, number, holder, isAlive)
    }
    /// The lease for programs.
    public var json: JSON {
        [
            "validator": .string(validator.rawValue), "number": .unsigned(number.rawValue), "holder": holder.json,
            "alive": isAlive.map(JSON.bool) ?? .null,
        ]
    }
}

/// An operation in a list.
public struct OperationListing: Hashable, Sendable {
    /// How an operation stands.
    public enum Standing: String, Hashable, Sendable, CaseIterable {
        /// A process holds its lease and works on it.
        case running
        /// It left its process before it ended; `baton resume` goes on.
        case unfinished
        /// It ended in a named state.
        case finished
    }
    public let id: OperationID
    public let validator: ValidatorID
    /// The request as typed.
    public let command: String
    public let begun: WallTime
    public let standing: Standing
    /// Where it stands or how it ended, in words.
    public let text: String

    public init(id: OperationID, validator: ValidatorID, command: String, begun: WallTime, standing: Standing, text: String) {
        (self.id, self.validator, self.command) = (id, validator, command)
        (self.begun, self.standing, self.text) = (begun, standing, text)
    }
    /// The operation for programs.
    public var json: JSON {
        [
            "id": .unsigned(id.rawValue), "validator": .string(validator.rawValue), "command": .string(command),
            "begun": .string(begun.text), "standing": .string(standing.rawValue), "text": .string(text),
        ]
    }
}

/// One decision with what it was made from (`baton why`).
public struct Decision: Hashable, Sendable {
    /// The journal entry that holds it.
    public let entry: EntryNumber
    public let at: WallTime
    public let step: StepID?
    /// What was decided: `intent`, `proved`, `skipped`, `refused`, ….
    public let what: String
    public let rule: RuleID?
    /// The facts that it really had, as `name: value` lines.
    public let facts: [String]
    /// What followed from it.
    public let effects: [String]

    public init(
        entry: EntryNumber, at: WallTime, step: StepID?, what: String, rule: RuleID?, facts: [String], effects: [String]
    ) {
        (self.entry, self.at, self.step, self.what) = (entry, at, step, what)
        (self.rule, self.facts, self.effects) = (rule, facts, effects)
    }
    /// The decision for programs.
    public var json: JSON {
        [
            "entry": .unsigned(entry.rawValue), "at": .string(at.text), "step": .optional(step?.rawValue), "what": .string(what),
            "rule": .optional(rule?.rawValue), "facts": .texts(facts), "effects": .texts(effects),
        ]
    }
}

/// The vote ledger of a validator.
public struct LedgerReport: Hashable, Sendable {
    public let validator: ValidatorID
    /// The floor; `nil` when the ledger holds nothing: unknown, not zero (safety.md R8).
    public let floor: Watermark?
    /// Every grant, oldest first.
    public let grants: [GrantSummary]

    public init(validator: ValidatorID, floor: Watermark?, grants: [GrantSummary]) {
        (self.validator, self.floor, self.grants) = (validator, floor, grants)
    }
    /// The ledger for programs.
    public var json: JSON {
        [
            "validator": .string(validator.rawValue), "floor": floor?.json ?? .null, "grants": .array(grants.map(\.json)),
        ]
    }
}

/// Something that `check` or `doctor` found.
public struct CheckFinding: Hashable, Sendable {
    /// How much it matters.
    public enum Severity: String, Hashable, Sendable, CaseIterable {
        /// For the record; makes no exit status.
        case note
        /// Will need action.
        case warning
        /// An operation would be refused, or the stake is at risk.
        case error
    }
    public let severity: Severity
    public let rule: RuleID
    /// The node concerned; `nil` for the fleet or a validator as a whole.
    public let node: NodeID?
    public let message: String
    /// An order to the operator.
    public let remedy: String

    public init(_ severity: Severity, rule: RuleID, node: NodeID?, message: String, remedy: String) {
        (self.severity, self.rule, self.node) = (severity, rule, node)
        (self.message, self.remedy) = (message, remedy)
    }
    /// The finding for programs.
    public var json: JSON {
        [
            "severity": .string(severity.rawValue), "rule": .string(rule.rawValue), "node": .optional(node?.rawValue),
            "message": .string(message), "remedy": .string(remedy),
        ]
    }
}

/// An error code or a rule in full (`baton explain`).
public struct Explanation: Hashable, Sendable {
    /// The code or rule id.
    public let id: String
    public let title: String
    public let text: String
    /// What to do about it.
    public let remedy: String
    /// The exit status that goes with an error code; `nil` for a rule.
    public let exit: ExitStatus?

    public init(id: String, title: String, text: String, remedy: String, exit: ExitStatus? = nil) {
        (self.id, self.title, self.text, self.remedy, self.exit) = (id, title, text, remedy, exit)
    }
    /// The explanation for programs.
    public var json: JSON {
        [
            "id": .string(id), "title": .string(title), "text": .string(text), "remedy": .string(remedy),
            "exit": exit.map { .integer(Int64($0.rawValue)) } ?? .null,
        ]
    }
}
