package import BatonKernel
package import BatonModel

/// The Conflux PoS family: pure values and functions.
package enum Conflux: Family {
    package typealias Question = ConfluxQuestion
    package typealias Reading = ConfluxReading
    package typealias Condition = ConfluxCondition
    package typealias Act = ConfluxAct

    /// How old a fact of a node may be when it is judged (safety.md R9).
    package static let freshness: Duration = .seconds(2)

    /// Every node whole; the reference nodes only where there is no record to go by, or the receiver is an epoch ahead.
    package static func licenceQuestions(
        for node: NodeID, of plan: Plan<Conflux>, by facts: Facts<Conflux>, with memory: Memory
    ) -> [ConfluxQuestion] {
        var questions: [ConfluxQuestion] = plan.nodes.flatMap { [.process($0), .voting($0), .files($0)] } + [.ledger(node)]
        guard case .found(let source) = record(of: memory, facts, plan) else {
            return questions + plan.nodes.map { .ledger($0) } + [.network, .history, .signatures]
        }
        // A start out of nothing asks the chain for its veto; inside a cut that was asked before.
        if plan.cuts.contains(where: { $0.from == nil && $0.to == node }) { return questions + [.signatures] }
        if let ledger = facts.ledger(node), ledger.epoch > source.state.watermark.epoch { questions.append(.signatures) }
        return questions
    }

    /// A process that was replaced and a grant that is another's stay so; a node that votes, or would after a restart, where
    /// it must not is nothing to wait for: the operator hears of it at once.
    package static func mayComeTrue(_ condition: ConfluxCondition) -> Bool {
        switch condition {
        case .sameIncarnation, .granted, .epochAsGranted, .alive, .canReturn, .idle, .silent, .never: false
        default: true
        }
    }

    package static func incarnations(in facts: Facts<Conflux>, of plan: Plan<Conflux>) -> [NodeID: Incarnation] {
        var noted: [NodeID: Incarnation] = [:]
        for node in plan.nodes { noted[node] = facts.process(node)?.incarnation }
        return noted
    }

    package static func fence(of node: NodeID, by facts: Facts<Conflux>, at now: Instant) -> Fence? {
        guard judge(.idle(node), by: facts, with: Memory(lastGrant: nil, floor: .unknown(.stale)), at: now) == .holds,
            let process = facts.process(node)
        else { return nil }
        let stopped = facts.files(node).map { $0.json == .absent && $0.save != .absent } ?? false
        let means: Fence.Means = process.incarnation == nil ? .ended : stopped ? .stopped : .idle
        return Fence(node: node, incarnation: process.incarnation, means: means, bootID: process.bootID)
    }

    package static func note(_ facts: Facts<Conflux>, in memory: inout Memory, of plan: Plan<Conflux>, at now: Instant) {
        for node in plan.nodes {
            guard let held = facts.files(node)?.json.held else { continue }
            let watermark = held.state.watermark
            guard let seen = memory.rounds[node] else {
                memory.rounds[node] = Memory.RoundSeen(watermark: watermark, movedAt: nil)
                continue
            }
            if seen.watermark != watermark { memory.rounds[node] = Memory.RoundSeen(watermark: watermark, movedAt: now) }
        }
        noteBarrier(facts, in: &memory, of: plan, at: now)
    }

    private static func noteBarrier(_ facts: Facts<Conflux>, in memory: inout Memory, of plan: Plan<Conflux>, at now: Instant) {
        let allFenced = plan.nodes.allSatisfy { judge(.idle($0), by: facts, with: memory, at: now) == .holds }
        guard allFenced else {
            (memory.fencedSince, memory.barrier) = (nil, nil)
            return
        }
        let since = memory.fencedSince ?? now
        memory.fencedSince = since
        guard memory.barrier == nil, since.duration(to: now) >= plan.settle else { return }
        let asked: [ConfluxQuestion] = [.network] + plan.nodes.flatMap { [.ledger($0), .files($0)] }
        let isFresh = asked.allSatisfy { facts[$0].map { $0.at.duration(to: now) <= freshness } ?? false }
        guard isFresh, let network = facts.network else { return }
        let witnesses = network.sources + plan.nodes.filter { facts.ledger($0) != nil }.count
        guard witnesses >= 2 else { return }
        var epochs = [network.epoch]
        for node in plan.nodes {
            if let ledger = facts.ledger(node) { epochs.append(ledger.epoch) }
            if let files = facts.files(node) {
                for file in [files.json, files.save] { if let held = file.held { epochs.append(held.state.watermark.epoch) } }
            }
        }
        if let floor = memory.floor.value { epochs.append(floor.epoch) }
        memory.barrier = epochs.max()
    }

    package static func tell(_ question: ConfluxQuestion, _ fact: Fact<ConfluxReading>) -> JSON {
        var members: [String: JSON] = [
            "ask": .string(question.name), "of": .string(fact.of.rawValue), "at": .integer(fact.at.nanoseconds),
        ]
        switch fact.value {
        case .known(let reading): members["is"] = reading.json
        case .unknown(let doubt): members["unknown"] = .string(doubt.description)
        }
        return .object(members)
    }
}

extension Facts where F == Conflux {
    private func known(_ question: ConfluxQuestion) -> ConfluxReading? { self[question]?.value.value }
    /// The voting flag of a node, when it is known.
    package func voting(_ node: NodeID) -> VotingReading? {
        guard case .voting(let reading)? = known(.voting(node)) else { return nil }
        return reading
    }
    /// The process of a node, when it is known whether there is one.
    package func process(_ node: NodeID) -> ProcessReading? {
        guard case .process(let reading)? = known(.process(node)) else { return nil }
        return reading
    }
    /// The files of a node, when they could be read.
    package func files(_ node: NodeID) -> FilesReading? {
        guard case .files(let reading)? = known(.files(node)) else { return nil }
        return reading
    }
    /// The ledger as a node sees it.
    package func ledger(_ node: NodeID) -> LedgerReading? {
        guard case .ledger(let reading)? = known(.ledger(node)) else { return nil }
        return reading
    }
    /// The release of a node.
    package func release(_ node: NodeID) -> ReleaseReading? {
        guard case .release(let reading)? = known(.release(node)) else { return nil }
        return reading
    }
    /// The identity that a node signs for.
    package func identity(_ node: NodeID) -> String? {
        guard case .identity(let reading)? = known(.identity(node)) else { return nil }
        return reading
    }
    /// The network by its reference nodes.
    package var network: NetworkReading? {
        guard case .network(let reading)? = known(.network) else { return nil }
        return reading
    }
    /// The identity's signatures on chain.
    package var signatures: SignatureReading? {
        guard case .signatures(let reading)? = known(.signatures) else { return nil }
        return reading
    }
    /// Whether the key ever voted.
    package var history: HistoryReading? {
        guard case .history(let reading)? = known(.history) else { return nil }
        return reading
    }
    /// The doubt about a question: of its fact, or stale when it was never asked.
    package func doubt(_ question: ConfluxQuestion) -> Doubt { self[question]?.value.doubt ?? .stale }
}
