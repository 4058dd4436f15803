public import BatonModel

/// What the kernel must know of one family of networks: values and pure functions, no I/O.
public protocol Family: Sendable {
    /// Something that can be asked of the outside. Equal questions have one current answer.
    associatedtype Question: Hashable & Comparable & Sendable
    /// What an answer says.
    associatedtype Reading: Hashable & Sendable
    /// What must be true: a closed enum with one rule per case.
    associatedtype Condition: Told
    /// What can be done: a closed enum in which no case can start a vote.
    associatedtype Act: Told

    /// The questions whose answers a condition is judged by.
    static func questions(of condition: Condition) -> [Question]
    /// The questions that a licence for a node is judged by.
    static func licenceQuestions(for node: NodeID, of plan: Plan<Self>, by facts: Facts<Self>, with memory: Memory) -> [Question]
    /// How a condition stands. `holds` only on facts that are there, fresh enough and show it.
    static func judge(_ condition: Condition, by facts: Facts<Self>, with memory: Memory, at now: Instant) -> Verdict
    /// Whether waiting may make a condition true that fails now.
    static func mayComeTrue(_ condition: Condition) -> Bool
    /// Whether a node may be granted the right to vote now, and from which bytes (safety.md R2).
    static func licence(for node: NodeID, of plan: Plan<Self>, by facts: Facts<Self>, with memory: Memory, at now: Instant) -> Licence
    /// The incarnation of every node that runs, as noted when a cut begins.
    static func incarnations(in facts: Facts<Self>, of plan: Plan<Self>) -> [NodeID: Incarnation]
    /// The fence of a node, when the facts prove one.
    static func fence(of node: NodeID, by facts: Facts<Self>, at now: Instant) -> Fence?
    /// What is worth remembering of new facts for the rest of the operation.
    static func note(_ facts: Facts<Self>, in memory: inout Memory, of plan: Plan<Self>, at now: Instant)
    /// A fact for people and for the journal, as `why` prints it.
    static func tell(_ question: Question, _ fact: Fact<Reading>) -> JSON
}

/// A value that names itself for people and for canonical JSON.
public protocol Told: Hashable, Sendable {
    /// A short imperative or statement with the values.
    var words: String { get }
    /// The rule behind it.
    var rule: RuleID { get }
    /// The canonical form.
    var json: JSON { get }
}

/// The current answers, by question.
public struct Facts<F: Family>: Sendable {
    private var answers: [F.Question: Fact<F.Reading>] = [:]
    public init() {}

    /// The answer to a question, or `nil` when it was not asked.
    public subscript(_ question: F.Question) -> Fact<F.Reading>? { answers[question] }
    /// Takes newer answers in.
    public mutating func merge(_ newer: [F.Question: Fact<F.Reading>]) { answers.merge(newer) { _, new in new } }
    /// Drops every answer observed before `moment` (safety.md R9).
    public mutating func drop(before moment: Instant) { answers = answers.filter { $0.value.at >= moment } }
    /// Answers for the journal, in the order of the questions.
    ///
    /// - Parameter asked: which of them; `nil`: all.
    public func told(_ asked: [F.Question]? = nil) -> JSON {
        let questions = asked.map { Set($0) } ?? Set(answers.keys)
        return .array(questions.sorted().compactMap { question in answers[question].map { F.tell(question, $0) } })
    }
}

/// Whether and from which bytes a node may start voting.
public enum Licence: Hashable, Sendable {
    case granted(VoteState, Origin, fences: [Fence], closing: Closing?, incarnation: Incarnation)
    /// Not yet; more observation may bring it.
    case wait(RuleID, String)
    /// Never by these facts.
    case refused(RuleID, String)
}

/// What an operation has learned that outlives a single observation.
public struct Memory: Hashable, Sendable {
    /// The last grant of the validator with how it ended.
    public var lastGrant: GrantRecord?
    /// The vote ledger's highest watermark; a veto only.
    public var floor: Known<Watermark>
    /// Incarnations as noted when the current cut began.
    public var incarnations: [NodeID: Incarnation] = [:]
    /// The watermark of the record that the current grant follows (F of the cut).
    public var record: Watermark?
    /// Since when every node was seen unable to vote, without a gap.
    public var fencedSince: Instant?
    /// The highest epoch that a fenced node may have voted in, noted after settling.
    public var barrier: UInt64?
    /// Last seen round of a node, and when it changed.
    public var rounds: [NodeID: RoundSeen] = [:]
    /// Steps that returned done or in doubt, in this run.
    public var performed: [StepID: Outcome] = [:]
    /// What the operator accepted by rule.
    public var accepted: Set<RuleID> = []
    /// What the operator typed to license one start where no licence is found; spent by the grant that it licenses.
    public var override: TypedOverride?

    public init(lastGrant: GrantRecord?, floor: Known<Watermark>) { (self.lastGrant, self.floor) = (lastGrant, floor) }

    /// A watermark with the moment at which it was first seen to have moved.
    public struct RoundSeen: Hashable, Sendable {
        public let watermark: Watermark
        /// `nil` for the first sight: nothing is known of when it moved.
        public let movedAt: Instant?
        public init(watermark: Watermark, movedAt: Instant?) { (self.watermark, self.movedAt) = (watermark, movedAt) }
    }
}
