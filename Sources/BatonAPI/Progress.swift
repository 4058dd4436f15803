public import BatonKernel
public import BatonModel

/// What a running operation tells while it runs.
public struct ProgressEvent: Hashable, Sendable {
    /// What happened. A step is `began`, then any number of `waiting`, then `proved`, `skipped` or `returned` with doubt.
    public enum Kind: Hashable, Sendable {
        /// A leg (one planned part of an operation, such as one switchover of an upgrade) began.
        case legBegan(title: String, steps: Int)
        case stepBegan(StepID, title: String, node: NodeID?)
        /// What the step waits for, in words.
        case waiting(StepID, what: String)
        /// The deed of the step came back: `done`, a refusal, or a doubt.
        case returned(StepID, outcome: String)
        /// The step's proof holds.
        case proved(StepID, how: String)
        /// The step's proof held already.
        case skipped(StepID, why: String)
        /// A question was put to the operator.
        case asked(Question)
        /// Something that the operator should read; changes nothing.
        case note(String)
        /// The operation left this process.
        case finished(OperationResult)
    }
    /// The operation's number; `nil` before it has one.
    public let operation: OperationID?
    public let kind: Kind
    /// Since the operation began in this process.
    public let elapsed: Duration

    public init(operation: OperationID?, kind: Kind, elapsed: Duration) {
        (self.operation, self.kind, self.elapsed) = (operation, kind, elapsed)
    }
}

extension ProgressEvent {
    /// The event as one JSON object: `event` names its kind, `elapsedMilliseconds` its time.
    public var json: JSON {
        var members = kind.members
        members["elapsedMilliseconds"] = .integer(elapsed.nanoseconds / 1_000_000)
        members["operation"] = operation.map { .unsigned($0.rawValue) } ?? .null
        return .object(members)
    }
}

extension ProgressEvent.Kind {
    fileprivate var members: [String: JSON] {
        switch self {
        case .legBegan(let title, let steps):
            ["event": "leg", "title": .string(title), "steps": .integer(Int64(steps))]
        case .stepBegan(let step, let title, let node):
            ["event": "step", "step": .string(step.rawValue), "title": .string(title), "node": .optional(node?.rawValue)]
        case .waiting(let step, let what):
            ["event": "waiting", "step": .string(step.rawValue), "for": .string(what)]
        case .returned(let step, let outcome):
            ["event": "returned", "step": .string(step.rawValue), "outcome": .string(outcome)]
        case .proved(let step, let how):
            ["event": "proved", "step": .string(step.rawValue), "by": .string(how)]
        case .skipped(let step, let why):
            ["event": "skipped", "step": .string(step.rawValue), "why": .string(why)]
        case .asked(let question): ["event": "question", "question": question.json]
        case .note(let text): ["event": "note", "text": .string(text)]
        case .finished(let result): ["event": "finished", "result": result.json]
        }
    }
}

/// A question that only the operator can answer; *no* is always safe.
public struct Question: Hashable, Sendable {
    /// The rule that asks; `--accept` with this id answers yes beforehand.
    public let rule: RuleID
    public let text: String
    public let hazard: Hazard

    public init(rule: RuleID, text: String, hazard: Hazard) {
        (self.rule, self.text, self.hazard) = (rule, text, hazard)
    }
    /// The question for programs.
    public var json: JSON {
        ["rule": .string(rule.rawValue), "text": .string(text), "hazard": .string(hazard.rawValue)]
    }
}

/// How an operation ended, or left this process.
public struct OperationResult: Hashable, Sendable {
    public let exit: ExitStatus
    /// The number that `resume`, `log` and `why` take; `nil` when it never began.
    public let operation: OperationID?
    /// The named state that the fleet is in now; `nil` when that is not known.
    public let safeState: String?
    /// What happened, in a sentence or two.
    public let text: String
    /// The command that comes next; `nil` when nothing is left to do.
    public let next: SafeCommand?

    public init(exit: ExitStatus, operation: OperationID?, safeState: String?, text: String, next: SafeCommand?) {
        (self.exit, self.operation, self.safeState) = (exit, operation, safeState)
        (self.text, self.next) = (text, next)
    }
    /// The result for programs.
    public var json: JSON {
        [
            "exit": .integer(Int64(exit.rawValue)), "operation": operation.map { .unsigned($0.rawValue) } ?? .null,
            "safeState": .optional(safeState), "text": .string(text), "next": next?.json ?? .null,
        ]
    }
}

/// How a running operation and its operator talk.
public struct Conversation: Sendable {
    /// Hears every event at once, in order; must return quickly.
    public let events: @Sendable (ProgressEvent) -> Void
    /// Puts a question; `false` when nobody is there to answer.
    public let ask: @Sendable (Question) async -> Bool
    /// Whether the operator has asked to stop at the next safe point; read at every step and while waiting.
    public let isInterrupted: @Sendable () -> Bool

    public init(
        events: @escaping @Sendable (ProgressEvent) -> Void, ask: @escaping @Sendable (Question) async -> Bool,
        isInterrupted: @escaping @Sendable () -> Bool
    ) {
        (self.events, self.ask, self.isInterrupted) = (events, ask, isInterrupted)
    }

    /// Hears nothing, agrees to nothing, is never interrupted.
    public static let silent = Conversation(events: { _ in }, ask: { _ in false }, isInterrupted: { false })
}
