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

    public init(
        _ id: StepID, _ title: String, guards: [F.Condition] = [], deed: Deed<F>, proof: [F.Condition], within: Duration,
        hazard: Hazard, question: String? = nil, always: Bool = false, poll: Duration? = nil
    ) {
        (self.id, self.title, self.guards, self.deed, self.proof) = (id, title, guards, deed, proof)
        (self.within, self.hazard, self.question, self.always) = (within, hazard, question, always)
        self.poll = poll
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

    public init(
        operation: JSON, validator: ValidatorID, nodes: [NodeID], title: String, assumptions: [F.Condition], steps: [Step<F>],
        cuts: [Cut], result: String, poll: Duration, settle: Duration
    ) {
        (self.operation, self.validator, self.nodes, self.title) = (operation, validator, nodes, title)
        (self.assumptions, self.steps, self.cuts) = (assumptions, steps, cuts)
        (self.result, self.poll, self.settle) = (result, poll, settle)
    }

    /// The canonical form; its digest names the plan.
    public var json: JSON {
        [
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
    }
}

extension Step {
    /// The canonical form.
    public var json: JSON {
        [
            "id": .string(id.rawValue), "title": .string(title), "guards": .array(guards.map { $0.json }), "deed": deed.json,
            "proof": .array(proof.map { $0.json }), "within_ms": .integer(within.nanoseconds / 1_000_000),
            "hazard": .string(hazard.rawValue), "question": .optional(question),
        ]
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
