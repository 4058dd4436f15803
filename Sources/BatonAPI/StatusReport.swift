public import BatonModel

/// A command that is safe to run now, with the reason.
public struct SafeCommand: Hashable, Sendable {
    /// As typed, or an order when no command can do it.
    public let text: String
    public let why: String
    public init(_ text: String, why: String) { (self.text, self.why) = (text, why) }
    /// The command for programs.
    public var json: JSON { ["command": .string(text), "why": .string(why)] }
}

/// Who votes for an identity, as far as is known.
public enum Voter: Hashable, Sendable {
    case node(NodeID)
    case nobody
    /// More than one: an alarm.
    case several([NodeID])
    /// Not known, and why.
    case unknown(String)

    /// The voter for programs: `who` is `node`, `nobody`, `several` or `unknown`.
    public var json: JSON {
        switch self {
        case .node(let node): ["who": "node", "node": .string(node.rawValue)]
        case .nobody: ["who": "nobody"]
        case .several(let nodes): ["who": "several", "nodes": .texts(nodes.map(\.rawValue))]
        case .unknown(let why): ["who": "unknown", "why": .string(why)]
        }
    }
}

/// What a node does, as it answered.
public enum NodeVoting: Hashable, Sendable {
    case voting
    case idle
    /// No process runs in its folder.
    case down
    /// Not known, and why.
    case unknown(String)

    /// The word for people.
    public var text: String {
        switch self {
        case .voting: "voting"
        case .idle: "idle"
        case .down: "down"
        case .unknown(let why): why
        }
    }
}

/// One node of a validator now. A field that is `nil` is not known.
public struct NodeStatus: Hashable, Sendable {
    public let node: NodeID
    public let voting: NodeVoting
    /// The version that the node says it runs.
    public let version: String?
    /// The release that its `current` link points to.
    public let release: Digest?
    /// - Unit: PoS epochs.
    public let epoch: UInt64?
    /// How far its chain is behind the reference.
    /// - Unit: PoS blocks.
    public let lag: UInt64?
    /// Whether the next process would vote by itself: the effective `pos_started_as_voter`.
    public let startsAsVoter: Bool?
    /// The process id; `nil` when there is none or it is not known (``voting`` says which).
    public let pid: Int32?
    /// Which vote state files are there, in words, with their watermark.
    public let files: String

    public init(
        node: NodeID, voting: NodeVoting, version: String?, release: Digest?, epoch: UInt64?, lag: UInt64?, startsAsVoter: Bool?,
        pid: Int32?, files: String
    ) {
        (self.node, self.voting, self.version, self.release, self.epoch) = (node, voting, version, release, epoch)
        (self.lag, self.startsAsVoter, self.pid, self.files) = (lag, startsAsVoter, pid, files)
    }
    /// The node for programs; what is not known is `null`.
    public var json: JSON {
        [
            "node": .string(node.rawValue), "voting": .string(voting.text), "version": .optional(version),
            "release": .optional(release?.rawValue), "epoch": .count(epoch), "lag": .count(lag),
            "startsAsVoter": startsAsVoter.map(JSON.bool) ?? .null, "pid": pid.map { .integer(Int64($0)) } ?? .null,
            "files": .string(files),
        ]
    }
}

/// One validator now: what an operator must know at a glance.
public struct ValidatorStatus: Hashable, Sendable {
    public let validator: ValidatorID
    public let network: String
    /// The identity on chain (Conflux: the PoS address).
    public let identity: String
    public let voter: Voter
    /// Since when it votes; `nil` when not known or nobody votes.
    public let since: WallTime?
    /// The place of the last vote that is known; `nil` when none is.
    public let lastVote: Watermark?
    /// Whether it is in the committee, in words.
    public let committee: String
    /// How long it may stay silent before the chain retires it by force; `nil` when not known.
    public let margin: Duration?
    /// The open grant: its number and node.
    public let grant: GrantSummary?
    public let lease: LeaseReport?
    /// An operation that began and did not finish.
    public let unfinished: OperationListing?
    public let nodes: [NodeStatus]
    /// The next safe command.
    public let next: SafeCommand
    public let warnings: [String]

    public init(
        validator: ValidatorID, network: String, identity: String, voter: Voter, since: WallTime?, lastVote: Watermark?,
        committee: String, margin: Duration?, grant: GrantSummary?, lease: LeaseReport?, unfinished: OperationListing?,
        nodes: [NodeStatus], next: SafeCommand, warnings: [String]
    ) {
        (self.validator, self.network, self.identity, self.voter) = (validator, network, identity, voter)
        (self.since, self.lastVote, self.committee, self.margin) = (since, lastVote, committee, margin)
        (self.grant, self.lease, self.unfinished) = (grant, lease, unfinished)
        (self.nodes, self.next, self.warnings) = (nodes, next, warnings)
    }
    /// The validator for programs; what is not known is `null`.
    public var json: JSON {
        [
            "validator": .string(validator.rawValue), "network": .string(network), "identity": .string(identity),
            "voter": voter.json, "since": .optional(since?.text), "lastVote": lastVote?.json ?? .null,
            "committee": .string(committee),
            "marginMilliseconds": margin.map { .integer($0.nanoseconds / 1_000_000) } ?? .null, "grant": grant?.json ?? .null,
            "lease": lease?.json ?? .null, "unfinished": unfinished?.json ?? .null, "nodes": .array(nodes.map(\.json)),
            "next": next.json, "warnings": .texts(warnings),
        ]
    }
}

/// The fleet now.
public struct StatusReport: Hashable, Sendable {
    public let fleet: String
    public let at: WallTime
    public let validators: [ValidatorStatus]
    public init(fleet: String, at: WallTime, validators: [ValidatorStatus]) {
        (self.fleet, self.at, self.validators) = (fleet, at, validators)
    }
    /// The fleet for programs.
    public var json: JSON {
        ["fleet": .string(fleet), "at": .string(at.text), "validators": .array(validators.map(\.json))]
    }
}

extension JSON {
    /// A count, or `null` when it is not known.
    fileprivate static func count(_ value: UInt64?) -> JSON { value.map(JSON.unsigned) ?? .null }
}
