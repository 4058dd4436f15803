public import BatonModel

/// What an operator asks for, before anything was observed.
public enum OperationRequest: Hashable, Sendable {
    /// Hand the vote to another node; `nil` leaves the choice to the facts (the one idle node of a pair).
    case switchover(ValidatorID, to: NodeID?)
    /// Bring every node of the validator to a version from a release folder, the vote handed over in between.
    /// - Parameter within: how long a node may take until it is able to vote on it; `nil`: as long as any restarted node.
    case upgrade(ValidatorID, to: String, release: String, switchBack: Bool, within: Duration? = nil)
    /// Let one node vote where nobody does; `nil` leaves the choice to the facts.
    case start(ValidatorID, on: NodeID?)
    /// Let nobody vote; no process is ended.
    case stop(ValidatorID)
    /// Reach exactly one voter from facts alone, without the journal.
    case recover(ValidatorID)
}

extension OperationRequest {
    /// The validator that it concerns.
    public var validator: ValidatorID {
        switch self {
        case .switchover(let validator, _), .upgrade(let validator, _, _, _, _), .start(let validator, _), .stop(let validator),
            .recover(let validator):
            validator
        }
    }

    /// The verb as operators type it.
    public var verb: String {
        switch self {
        case .switchover: "switchover"
        case .upgrade: "upgrade"
        case .start: "start"
        case .stop: "stop"
        case .recover: "recover"
        }
    }

    /// The request as a command line that asks for the same.
    public var command: String {
        switch self {
        case .switchover(let validator, let node): "baton switchover \(validator)" + Self.flag("--to", node?.rawValue)
        case .upgrade(let validator, let version, let release, let switchBack, let within):
            "baton upgrade \(validator) --to \(version) --release \(release)" + (switchBack ? " --switch-back" : "")
                + Self.flag("--up-within", within.map { "\($0.nanoseconds / 1_000_000)ms" })
        case .start(let validator, let node): "baton start \(validator)" + Self.flag("--on", node?.rawValue)
        case .stop(let validator): "baton stop \(validator)"
        case .recover(let validator): "baton recover \(validator)"
        }
    }

    private static func flag(_ name: String, _ value: String?) -> String { value.map { " \(name) \($0)" } ?? "" }
}

extension OperationRequest: JSONCoded {
    public var json: JSON {
        switch self {
        case .switchover(let validator, let node):
            ["verb": "switchover", "validator": .string(validator.rawValue), "to": .optional(node?.rawValue)]
        case .upgrade(let validator, let version, let release, let switchBack, let within):
            [
                "verb": "upgrade", "validator": .string(validator.rawValue), "to": .string(version), "release": .string(release),
                "switchBack": .bool(switchBack), "withinMilliseconds": within.map { .integer($0.nanoseconds / 1_000_000) } ?? .null,
            ]
        case .start(let validator, let node):
            ["verb": "start", "validator": .string(validator.rawValue), "on": .optional(node?.rawValue)]
        case .stop, .recover: ["verb": .string(verb), "validator": .string(validator.rawValue)]
        }
    }
    public init(json: JSON) throws(JSONError) {
        let validator = ValidatorID(try json.text("validator"))
        switch try json.text("verb") {
        case "switchover": self = .switchover(validator, to: json["to"]?.string.map { NodeID($0) })
        case "upgrade":
            guard let switchBack = json["switchBack"]?.bool else { throw JSONError("\"switchBack\" is no truth value") }
            self = .upgrade(
                validator, to: try json.text("to"), release: try json.text("release"), switchBack: switchBack,
                within: json["withinMilliseconds"]?.integer.map { .milliseconds($0) })
        case "start": self = .start(validator, on: json["on"]?.string.map { NodeID($0) })
        case "stop": self = .stop(validator)
        case "recover": self = .recover(validator)
        default: throw JSONError("\"verb\" is unknown")
        }
    }
}

/// What the operator has agreed to in words: on the command line, or to a question.
public struct Confirmations: Hashable, Sendable {
    /// The whole plan was shown and agreed to (`--yes`, or the answer on a terminal). It never covers `slashable` exceptions.
    public let plan: Bool
    /// The rules whose exception is accepted by id (`--accept RULE-ID`).
    public let accept: [RuleID]
    /// Why, in the operator's words; recorded with every accepted exception.
    public let reason: String?
    /// The licence for one start, given by the operator where none is found; needs the plan's phrase to be run.
    public let override: OverrideOrder?

    public init(plan: Bool, accept: [RuleID] = [], reason: String? = nil, override: OverrideOrder? = nil) {
        (self.plan, self.accept, self.reason, self.override) = (plan, accept, reason, override)
    }
    /// The agreement as the journal keeps it.
    public var json: JSON {
        ["plan": .bool(plan), "accept": .array(accept.map { .string($0.rawValue) }), "reason": .optional(reason)]
    }
}

/// An operator's word that one start is at their own risk (safety.md, promise 2d).
public struct OverrideOrder: Hashable, Sendable {
    /// Why, in the operator's words.
    public let reason: String
    /// Who, as the machine knows them.
    public let user: String
    /// The phrase of the plan's ``RiskNotice`` as typed; `nil` while the plan is only made.
    public let phrase: String?
    public init(reason: String, user: String, phrase: String? = nil) { (self.reason, self.user, self.phrase) = (reason, user, phrase) }
}
