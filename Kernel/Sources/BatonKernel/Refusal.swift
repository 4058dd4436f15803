public import BatonModel

/// Why no plan is made: a rule, words with the values, and an order to the operator. Nothing was touched.
public struct Refusal: Error, Hashable, Sendable {
    public let rule: RuleID
    public let words: String
    public let remedy: String
    /// Set when a fact is missing rather than against it.
    public let doubt: Doubt?
    public init(_ rule: RuleID, _ words: String, remedy: String, doubt: Doubt? = nil) {
        (self.rule, self.words, self.remedy, self.doubt) = (rule, words, remedy, doubt)
    }
}

/// What is remembered of an operation's earlier legs: a hint for where to go on, never a licence.
public struct OperationHistory: Hashable, Sendable {
    /// Who voted when the operation began.
    public var firstVoter: NodeID?
    /// The receiver of the last cut whose intent is durable.
    public var lastCut: NodeID?
    /// Whether a leg of this operation ran before.
    public var isResumed: Bool
    public init(firstVoter: NodeID? = nil, lastCut: NodeID? = nil, isResumed: Bool = false) {
        (self.firstVoter, self.lastCut, self.isResumed) = (firstVoter, lastCut, isResumed)
    }
}

/// Plans one leg of an operation from facts: the first, and every one after a crash or a surprise.
public protocol LegPlanner<F>: Sendable {
    associatedtype F: Family
    var validator: ValidatorID { get }
    /// The operation in canonical words, for the journal.
    var operation: JSON { get }
    /// Everything that a plan is made from.
    var questions: [F.Question] { get }
    /// Acts that make a new lease number known beside every node, before anything else (safety.md R7).
    var leaseActs: [F.Act] { get }
    /// The last grant that lies beside the nodes, for when the journal does not know it (safety.md R6).
    func grantBeside(_ facts: Facts<F>) -> Grant?
    /// Who votes by these facts, when exactly one node does.
    func voter(_ facts: Facts<F>, at now: Instant) -> NodeID?
    /// What is left to do.
    ///
    /// - Throws: ``Refusal``; nothing is touched then.
    func plan(by facts: Facts<F>, _ memory: Memory, _ history: OperationHistory, at now: Instant) throws(Refusal) -> Plan<F>
}
