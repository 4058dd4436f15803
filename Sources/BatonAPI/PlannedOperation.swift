public import BatonKernel
public import BatonModel

/// One step of a plan as people read it.
public struct PlannedStep: Hashable, Sendable {
    public let id: StepID
    public let title: String
    public let hazard: Hazard
    /// The node that it touches; `nil` when it touches none.
    public let node: NodeID?
    /// What must hold right before it.
    public let guards: [String]
    /// What must be seen after it.
    public let proof: [String]
    /// How long it may take before it counts as failed or in doubt.
    public let within: Duration
    /// The command lines with which a person does the same by hand; empty when there is nothing to type.
    public let byHand: [String]
    /// What is done in place of the rest of the plan when the step does not come true; `nil`: nothing is declared for it.
    public let wayBack: PlannedWayBack?

    public init(
        id: StepID, title: String, hazard: Hazard, node: NodeID?, guards: [String], proof: [String], within: Duration,
        byHand: [String] = [], wayBack: PlannedWayBack? = nil
    ) {
        (self.id, self.title, self.hazard, self.node) = (id, title, hazard, node)
        (self.guards, self.proof, self.within, self.byHand) = (guards, proof, within, byHand)
        self.wayBack = wayBack
    }
    /// The step for programs; `within` in milliseconds.
    public var json: JSON {
        var members: [String: JSON] = [
            "id": .string(id.rawValue), "title": .string(title), "hazard": .string(hazard.rawValue),
            "node": .optional(node?.rawValue), "guards": .texts(guards), "proof": .texts(proof),
            "withinMilliseconds": .integer(within.nanoseconds / 1_000_000), "byHand": .texts(byHand),
        ]
        if let wayBack { members["wayBack"] = wayBack.json }
        return .object(members)
    }
}

/// The way back from a step as people read it.
public struct PlannedWayBack: Hashable, Sendable {
    /// In their order; none: there is no way back, and the operation stops there.
    public let steps: [PlannedStep]
    /// The safe state that the fleet is in after them.
    public let result: String
    public init(steps: [PlannedStep], result: String) { (self.steps, self.result) = (steps, result) }
    /// The way back for programs.
    public var json: JSON { ["steps": .array(steps.map(\.json)), "result": .string(result)] }
}

/// What has to be typed before an operation runs that may cost the stake.
public struct RiskNotice: Hashable, Sendable {
    /// To be typed exactly so.
    public let phrase: String
    /// The risk, what is missing, and the safer way.
    public let text: String
    public init(phrase: String, text: String) { (self.phrase, self.text) = (phrase, text) }
    /// The notice for programs.
    public var json: JSON { ["phrase": .string(phrase), "text": .string(text)] }
}

/// An operation that was planned from facts and has not begun: it has no number yet.
public struct PlannedOperation: Hashable, Sendable {
    public let request: OperationRequest
    public let title: String
    /// What the plan takes as given, in words; it is refused when one no longer holds.
    public let assumptions: [String]
    public let steps: [PlannedStep]
    /// SHA-256 over ``bytes``.
    public let digest: Digest
    /// The plan itself in the form that runs; what `--out` writes and `baton apply` reads.
    public let document: JSON
    /// Set when a phrase has to be typed before it runs.
    public let risk: RiskNotice?

    public init(
        request: OperationRequest, title: String, assumptions: [String], steps: [PlannedStep], digest: Digest, document: JSON,
        risk: RiskNotice? = nil
    ) {
        (self.request, self.title, self.assumptions) = (request, title, assumptions)
        (self.steps, self.digest, self.document, self.risk) = (steps, digest, document, risk)
    }
    /// The canonical bytes of ``document``.
    public var bytes: [UInt8] { document.canonical }
    /// The worst hazard of its steps.
    public var hazard: Hazard { steps.map(\.hazard).max() ?? .safe }
    /// The longest time that it may take.
    public var within: Duration { steps.reduce(.zero) { $0 + $1.within } }
    /// The plan for programs.
    public var json: JSON {
        var members: [String: JSON] = [
            "request": request.json, "title": .string(title), "assumptions": .texts(assumptions),
            "steps": .array(steps.map(\.json)), "digest": .string(digest.rawValue), "document": document,
        ]
        if let risk { members["risk"] = risk.json }
        return .object(members)
    }
}

extension JSON {
    /// A list of texts.
    public static func texts(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }
}
