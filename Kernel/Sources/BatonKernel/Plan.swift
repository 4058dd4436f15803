public import BatonModel

/// How much a step can hurt.
public enum Hazard: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Looks only, or writes Baton's own notes.
    case safe
    /// Can be undone by Baton.
    case reversible
    /// Can't be undone, costs no stake.
    case irreversible
    /// Done wrongly it makes a second vote possible.
    case slashable

    private var order: Int {
        switch self {
        case .safe: 0
        case .reversible: 1
        case .irreversible: 2
        case .slashable: 3
        }
    }
    public static func < (left: Hazard, right: Hazard) -> Bool { left.order < right.order }
}

/// What a step does.
public enum Deed<F: Family>: Hashable, Sendable {
    /// Nothing but to observe until the proof holds.
    case wait
    /// One act of the driver.
    case act(F.Act)
    /// Note an already voting node as the grantee (safety.md R1, adoption) or open the grant for one that is to start.
    case grant(NodeID)
    /// Close the open grant of a node that is fenced; no other is opened.
    case close(NodeID)
    /// Start voting; consumes the right of the open grant.
    case vest(NodeID)
    /// Goes on with the first branch whose condition holds, once those before it fail.
    case firstThatHolds([Branch<F>])
}

/// A way on, and when it is the right one.
public struct Branch<F: Family>: Hashable, Sendable {
    public let when: F.Condition
    public let steps: [Step<F>]
    public init(when: F.Condition, steps: [Step<F>]) { (self.when, self.steps) = (when, steps) }
}

/// One step: guards before, a deed, a proof after.
public struct Step<F: Family>: Hashable, Sendable {
    public let id: StepID
    /// For people: what happens, in words an operator says.
    public let title: String
    public let guards: [F.Condition]
    public let deed: Deed<F>
    /// Holds when the step is done; a step whose proof holds already is skipped.
    public let proof: [F.Condition]
    /// How long guards and proof are waited for.
    public let within: Duration
    public let hazard: Hazard
    /// Asked before going on when the guards do not hold in time, instead of refusing.
    public let question: String?
    /// Whether the deed must run although the proof holds already.
    public let always: Bool
    /// How often this step's conditions are looked at again; `nil`: as the plan says, less often in a long wait.
    public let poll: Duration?
    /// What is done in place of the rest of the plan when the step does not come true; `nil`: the facts are planned for anew.
    public let wayBack: WayBack<F>?

    public init(
        _ id: StepID, _ title: String, guards: [F.Condition] = [], deed: Deed<F>, proof: [F.Condition], within: Duration,
        hazard: Hazard, question: String? = nil, always: Bool = false, poll: Duration? = nil,
        wayBack: WayBack<F>? = nil
    ) {
        (self.id, self.title, self.guards, self.deed, self.proof) = (id, title, guards, deed, proof)
        (self.within, self.hazard, self.question, self.always) = (within, hazard, question, always)
        (self.poll, self.wayBack) = (poll, wayBack)
    }
}

/// The way back from a step that does not come true, declared in the plan that goes forward.
public struct WayBack<F: Family>: Hashable, Sendable {
    /// In their order; none: there is no way back, and the operation stops where it is.
    public let steps: [Step<F>]
    /// The safe state that the fleet is in after them, in words.
    public let result: String
    /// An order to the operator.
    public let remedy: String
    public init(steps: [Step<F>], result: String, remedy: String) { (self.steps, self.result, self.remedy) = (steps, result, remedy) }
}

/// Why an operation failed, and the safe state that it left the fleet in.
public struct Failure: Hashable, Sendable, JSONCoded {
    public let rule: RuleID
    /// What did not come true.
    public let words: String
    /// The safe state, in words.
    public let result: String
    /// An order to the operator.
    public let remedy: String
    public init(_ rule: RuleID, _ words: String, result: String, remedy: String) {
        (self.rule, self.words, self.result, self.remedy) = (rule, words, result, remedy)
    }
    public var json: JSON {
        ["rule": .string(rule.rawValue), "words": .string(words), "result": .string(result), "remedy": .string(remedy)]
    }
    public init(json: JSON) throws(JSONError) {
        self.init(
            RuleID(try json.text("rule")), try json.text("words"), result: try json.text("result"), remedy: try json.text("remedy"))
    }
}

/// A run of steps whose intents are one entry, committed before the first; inside it only the grant is committed.
public struct Cut: Hashable, Sendable {
    public let first: StepID
    public let last: StepID
    public let from: NodeID?
    public let to: NodeID
    public init(first: StepID, last: StepID, from: NodeID?, to: NodeID) {
        (self.first, self.last, self.from, self.to) = (first, last, from, to)
    }
}

/// An operation as steps, computed from facts; nothing in it is decided later but what it declares.
public struct Plan<F: Family>: Hashable, Sendable {
    /// The operation in canonical words (verb, validator, parameters).
    public let operation: JSON
    public let validator: ValidatorID
    /// Every node of the identity.
    public let nodes: [NodeID]
    public let title: String
    /// What was true when it was made and must still be when it starts.
    public let assumptions: [F.Condition]
    public let steps: [Step<F>]
    public let cuts: [Cut]
    /// What the fleet is in when it ends well, in words.
    public let result: String
    /// How soon waiting conditions are looked at again.
    public let poll: Duration
    /// How long signatures of a fenced node may still appear.
    public let settle: Duration
    /// Set when the plan only takes back what an earlier leg could not do: ended well, the operation has failed so.
    public let failure: Failure?

    public init(
        operation: JSON, validator: ValidatorID, nodes: [NodeID], title: String, assumptions: [F.Condition], steps: [Step<F>],
        cuts: [Cut], result: String, poll: Duration, settle: Duration, failure: Failure? = nil
    ) {
        (self.operation, self.validator, self.nodes, self.title) = (operation, validator, nodes, title)
        (self.assumptions, self.steps, self.cuts) = (assumptions, steps, cuts)
        (self.result, self.poll, self.settle, self.failure) = (result, poll, settle, failure)
    }

    /// The canonical form; its digest names the plan.
    public var json: JSON {
        var members: [String: JSON] = [
            "operation": operation, "validator": .string(validator.rawValue), "title": .string(title),
            "nodes": .array(nodes.map { .string($0.rawValue) }), "result": .string(result),
            "assumptions": .array(assumptions.map { $0.json }), "steps": .array(steps.map { $0.json }),
            "cuts": .array(
                cuts.map {
                    [
                        "first": .string($0.first.rawValue), "last": .string($0.last.rawValue),
                        "from": .optional($0.from?.rawValue), "to": .string($0.to.rawValue),
                    ]
                }
            ),
        ]
        if let failure { members["failure"] = failure.json }
        return .object(members)
    }
}

extension Step {
    /// The canonical form.
    public var json: JSON {
        var members: JSONMembers = [
            "id": .string(id.rawValue), "title": .string(title), "guards": .array(guards.map { $0.json }), "deed": deed.json,
            "proof": .array(proof.map { $0.json }), "within_ms": .integer(within.nanoseconds / 1_000_000),
            "hazard": .string(hazard.rawValue), "question": .optional(question),
        ]
        if let wayBack { members["way_back"] = ["steps": .array(wayBack.steps.map { $0.json }), "result": .string(wayBack.result)] }
        return .object(members)
    }
}

extension Deed {
    /// The canonical form.
    public var json: JSON {
        switch self {
        case .wait: ["kind": "wait"]
        case .act(let act): ["kind": "act", "act": act.json]
        case .grant(let node): ["kind": "grant", "node": .string(node.rawValue)]
        case .close(let node): ["kind": "close", "node": .string(node.rawValue)]
        case .vest(let node): ["kind": "vest", "node": .string(node.rawValue)]
        case .firstThatHolds(let branches):
            [
                "kind": "firstThatHolds",
                "branches": .array(branches.map { ["when": $0.when.json, "steps": .array($0.steps.map { $0.json })] }),
            ]
        }
    }
}
