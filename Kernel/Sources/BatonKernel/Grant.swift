public import BatonModel

/// The right to operate on one validator, with a number that only grows (safety.md R7).
public struct Lease: Hashable, Sendable, JSONCoded {
    public let validator: ValidatorID
    public let number: LeaseNumber
    /// The process that holds it.
    public let holder: Incarnation

    public init(validator: ValidatorID, number: LeaseNumber, holder: Incarnation) {
        (self.validator, self.number, self.holder) = (validator, number, holder)
    }
    public var json: JSON {
        ["validator": .string(validator.rawValue), "number": .unsigned(number.rawValue), "holder": holder.json]
    }
    public init(json: JSON) throws(JSONError) {
        self.init(
            validator: ValidatorID(try json.text("validator")),
            number: LeaseNumber(rawValue: try json.count("number")),
            holder: try Incarnation(json: try json.need("holder"))
        )
    }
}

/// The proof that an incarnation of a node can't vote any more, and what that proof survives (safety.md R5).
public struct Fence: Hashable, Sendable, JSONCoded {
    /// How the node was kept from voting.
    public enum Means: String, Hashable, Sendable, CaseIterable {
        /// `stop_voting` answered and the status read false after it on the same connection, voter=false effective.
        case stopped
        /// The process has ended and voter=false is effective for the next one.
        case ended
        /// It was seen not voting, with voter=false effective.
        case idle
    }
    public let node: NodeID
    /// `nil` when no process runs.
    public let incarnation: Incarnation?
    public let means: Means
    /// The boot during which it was made; a fence of a cleared flag does not survive another boot.
    public let bootID: String

    public init(node: NodeID, incarnation: Incarnation?, means: Means, bootID: String) {
        (self.node, self.incarnation, self.means, self.bootID) = (node, incarnation, means, bootID)
    }
    public var json: JSON {
        [
            "node": .string(node.rawValue), "incarnation": incarnation?.json ?? .null,
            "means": .string(means.rawValue), "boot": .string(bootID),
        ]
    }
    public init(json: JSON) throws(JSONError) {
        guard let means = Means(rawValue: try json.text("means")) else { throw JSONError("\"means\" is unknown") }
        let incarnation: Incarnation? = try Incarnation.optional(json["incarnation"])
        self.init(node: NodeID(try json.text("node")), incarnation: incarnation, means: means, bootID: try json.text("boot"))
    }
}

extension Incarnation {
    fileprivate static func optional(_ json: JSON?) throws(JSONError) -> Incarnation? {
        guard let json, !json.isNull else { return nil }
        return try Incarnation(json: json)
    }
}

/// What an operator typed to license one start at their own risk.
public struct TypedOverride: Hashable, Sendable {
    /// Why, in the operator's words.
    public let reason: String
    /// Who, as the machine knows them.
    public let user: String
    /// The phrase that names the risk and the identity, as typed.
    public let phrase: String
    public init(reason: String, user: String, phrase: String) { (self.reason, self.user, self.phrase) = (reason, user, phrase) }
}

/// A typed override as it is recorded: with the licence that was missing and the vetoes that were asked (safety.md, promise 2d).
public struct Override: Hashable, Sendable, JSONCoded {
    public let typed: TypedOverride
    /// Why no other licence was there.
    public let missing: String
    /// What could have forbidden the start and did not, in words with the values.
    public let vetoes: [String]
    /// The rule that it is recorded under.
    public static let rule: RuleID = "safety.override"

    public init(_ typed: TypedOverride, missing: String, vetoes: [String]) {
        (self.typed, self.missing, self.vetoes) = (typed, missing, vetoes)
    }
    public var json: JSON {
        [
            "kind": "override", "reason": .string(typed.reason), "user": .string(typed.user), "phrase": .string(typed.phrase),
            "missing": .string(missing), "vetoes": .array(vetoes.map(JSON.string)),
        ]
    }
    public init(json: JSON) throws(JSONError) {
        self.init(
            TypedOverride(reason: try json.text("reason"), user: try json.text("user"), phrase: try json.text("phrase")),
            missing: try json.text("missing"), vetoes: (json["vetoes"]?.array ?? []).compactMap(\.string))
    }
}

/// What licensed a start (safety.md, promise 2).
public enum Origin: Hashable, Sendable, JSONCoded {
    /// The record of the last grant, read after its fence.
    case record(of: GrantNumber)
    /// An epoch that began after every node was fenced.
    case epochBarrier(above: UInt64)
    /// A node that people had started, seen voting alone.
    case adopted
    /// The first start of the key's life.
    case firstEver
    /// Typed by the operator where no licence was found.
    case override(Override)

    public var json: JSON {
        switch self {
        case .record(let number): ["kind": "record", "grant": .unsigned(number.rawValue)]
        case .epochBarrier(let epoch): ["kind": "epochBarrier", "above": .unsigned(epoch)]
        case .adopted: ["kind": "adopted"]
        case .firstEver: ["kind": "firstEver"]
        case .override(let typed): typed.json
        }
    }
    public init(json: JSON) throws(JSONError) {
        switch try json.text("kind") {
        case "record": self = .record(of: GrantNumber(rawValue: try json.count("grant")))
        case "epochBarrier": self = .epochBarrier(above: try json.count("above"))
        case "adopted": self = .adopted
        case "firstEver": self = .firstEver
        case "override": self = .override(try Override(json: json))
        default: throw JSONError("\"kind\" is unknown")
        }
    }
}

/// The durable right of one node to vote for one identity; at most one is open (safety.md R1).
public struct Grant: Hashable, Sendable, JSONCoded {
    public let number: GrantNumber
    public let validator: ValidatorID
    /// The grantee.
    public let node: NodeID
    /// The bytes that the grantee starts from (or was voting with, when adopted).
    public let state: VoteState
    public let origin: Origin
    /// A fence of every other node of the identity, and of the grantee's former incarnations.
    public let fences: [Fence]
    /// The incarnation that is to vote, and the boot of its host.
    public let incarnation: Incarnation
    public let lease: LeaseNumber
    public let operation: OperationID

    public init(
        number: GrantNumber, validator: ValidatorID, node: NodeID, state: VoteState, origin: Origin, fences: [Fence],
        incarnation: Incarnation, lease: LeaseNumber, operation: OperationID
    ) {
        (self.number, self.validator, self.node, self.state) = (number, validator, node, state)
        (self.origin, self.fences, self.incarnation) = (origin, fences, incarnation)
        (self.lease, self.operation) = (lease, operation)
    }
    public var json: JSON {
        [
            "number": .unsigned(number.rawValue), "validator": .string(validator.rawValue), "node": .string(node.rawValue),
            "state": state.json, "origin": origin.json, "fences": .array(fences.map(\.json)), "incarnation": incarnation.json,
            "lease": .unsigned(lease.rawValue), "operation": .unsigned(operation.rawValue),
        ]
    }
    public init(json: JSON) throws(JSONError) {
        var fences: [Fence] = []
        for fence in json["fences"]?.array ?? [] { fences.append(try Fence(json: fence)) }
        self.init(
            number: GrantNumber(rawValue: try json.count("number")),
            validator: ValidatorID(try json.text("validator")),
            node: NodeID(try json.text("node")),
            state: try VoteState(json: try json.need("state")),
            origin: try Origin(json: try json.need("origin")),
            fences: fences,
            incarnation: try Incarnation(json: try json.need("incarnation")),
            lease: LeaseNumber(rawValue: try json.count("lease")),
            operation: OperationID(rawValue: try json.count("operation"))
        )
    }
}

/// How a grant ended.
public enum Closing: Hashable, Sendable, JSONCoded {
    /// The grantee's incarnation was fenced.
    case fenced(GrantNumber, Fence)
    /// It was shown that no start ran under it; the text says by what.
    case unused(GrantNumber, shown: String)
    /// A later grant was found beside the nodes, opened by a controller with another store.
    case superseded(GrantNumber, by: GrantNumber)

    /// The grant that it closes.
    public var grant: GrantNumber {
        switch self {
        case .fenced(let number, _), .unused(let number, _), .superseded(let number, _): number
        }
    }
    public var json: JSON {
        switch self {
        case .fenced(let number, let fence): ["kind": "fenced", "grant": .unsigned(number.rawValue), "fence": fence.json]
        case .unused(let number, let shown): ["kind": "unused", "grant": .unsigned(number.rawValue), "shown": .string(shown)]
        case .superseded(let number, let later):
            ["kind": "superseded", "grant": .unsigned(number.rawValue), "by": .unsigned(later.rawValue)]
        }
    }
    public init(json: JSON) throws(JSONError) {
        let number = GrantNumber(rawValue: try json.count("grant"))
        switch try json.text("kind") {
        case "fenced": self = .fenced(number, try Fence(json: try json.need("fence")))
        case "superseded": self = .superseded(number, by: GrantNumber(rawValue: try json.count("by")))
        case "unused": self = .unused(number, shown: try json.text("shown"))
        default: throw JSONError("\"kind\" is unknown")
        }
    }
}

/// A grant with how it ended, as a store keeps it.
public struct GrantRecord: Hashable, Sendable {
    public let grant: Grant
    /// `nil` while it is open.
    public let closing: Closing?
    public init(grant: Grant, closing: Closing?) { (self.grant, self.closing) = (grant, closing) }
    public var isOpen: Bool { closing == nil }
}

/// The one right to call the door that starts voting: made from an open grant, consumed by that call.
///
/// It guards one run of one process; the grant guards the rest. Letting it go unspent is a defect of Baton.
public struct VotingRight: ~Copyable, Sendable {
    public let grant: Grant
    private var isSpent = false

    /// - Precondition: `record` is open.
    public init(claiming record: GrantRecord) {
        precondition(record.isOpen, "a voting right needs an open grant")
        grant = record.grant
    }

    /// Spends the right; called by the door and by nothing else.
    public consuming func spend() -> Grant {
        var spent = self
        spent.isSpent = true
        return spent.grant
    }

    deinit { precondition(isSpent, "a voting right was never spent") }
}
