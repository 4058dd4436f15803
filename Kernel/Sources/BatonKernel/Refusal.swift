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
    /// Every deed whose intent is durable, in order, in canonical form; of a cut only the first.
    public var deeds: [JSON] = []
    /// Every step whose proof was seen in an earlier leg.
    public var proved: Set<StepID> = []
    /// By which rule a step's deed was refused last.
    public var refusals: [StepID: RuleID] = [:]
    /// Why the operation is being taken back, once a leg has turned back.
    public var failure: Failure?
    public init(firstVoter: NodeID? = nil, lastCut: NodeID? = nil, isResumed: Bool = false) {
        (self.firstVoter, self.lastCut, self.isResumed) = (firstVoter, lastCut, isResumed)
    }

    /// Learns from one entry of the operation's journal.
    public mutating func learn(_ entry: Entry) {
        switch entry.kind {
        case .begun: firstVoter = entry.detail["first_voter"]?.string.map(NodeID.init)
        case .intent:
            if let to = entry.detail["cut"]?["to"]?.string { lastCut = NodeID(to) }
            if let deed = entry.detail["deed"] { deeds.append(deed) }
        case .proved, .skipped: if let step = entry.step { proved.insert(step) }
        case .returned:
            if let step = entry.step, let rule = entry.detail["outcome"]?["refused"]?.string { refusals[step] = RuleID(rule) }
        case .refused:
            guard entry.detail["way_back"]?.array?.isEmpty == false, let json = entry.detail["failure"] else { return }
            do throws(JSONError) {
                failure = try Failure(json: json)
            } catch {
                // An entry of ours that can't be read is no reason to go forward: it still says that a leg turned back.
                failure = Failure("kernel.way-back", "an earlier leg turned back", result: "taken back", remedy: "Read the journal.")
            }
        case .planned, .granted, .overridden, .closed, .answered, .paused, .finished: return
        }
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
    /// What the operator typed in this very process to license one start; never recalled from a journal.
    var override: TypedOverride? { get }
    /// The last grant that lies beside the nodes, for when the journal does not know it (safety.md R6).
    func grantBeside(_ facts: Facts<F>) -> Grant?
    /// Who votes by these facts, when exactly one node does.
    func voter(_ facts: Facts<F>, at now: Instant) -> NodeID?
    /// What is left to do.
    ///
    /// - Throws: ``Refusal``; nothing is touched then.
    func plan(by facts: Facts<F>, _ memory: Memory, _ history: OperationHistory, at now: Instant) throws(Refusal) -> Plan<F>
}

extension LegPlanner {
    /// Most operations have none.
    public var override: TypedOverride? { nil }
}
