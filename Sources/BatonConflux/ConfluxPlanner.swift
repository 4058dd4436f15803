package import BatonKernel
package import BatonModel
import BatonWorld

/// What the operator asks of a Conflux validator.
package enum ConfluxVerb: Hashable, Sendable {
    case switchover(to: NodeID?)
    case upgrade(ReleaseTarget, switchBack: Bool)
    case start(on: NodeID?)
    case stop
    /// One voter from facts alone.
    case recover
    /// One voter again, the first one where that is as safe, and the end of the operation.
    case abort
}

/// A release to upgrade to.
package struct ReleaseTarget: Hashable, Sendable {
    package let version: String
    /// The folder that holds it, absolute.
    package let folder: String
    /// Digest over its files.
    package let digest: String
    /// How long a node may take until it is able to vote on it; `nil`: as long as any restarted node.
    package let within: Duration?
    package init(version: String, folder: String, digest: String, within: Duration? = nil) {
        (self.version, self.folder, self.digest, self.within) = (version, folder, digest, within)
    }
}

/// Makes plans from facts: a pure function, used for the first leg, for every resume and for recovery.
package struct ConfluxPlanner: Sendable {
    package let site: ConfluxSite
    package let facts: Facts<Conflux>
    package let memory: Memory
    package let history: OperationHistory
    package let now: Instant

    package init(site: ConfluxSite, facts: Facts<Conflux>, memory: Memory, history: OperationHistory, now: Instant) {
        (self.site, self.facts, self.memory, self.history, self.now) = (site, facts, memory, history, now)
    }

    /// Everything that a plan is made from.
    package static func questions(of site: ConfluxSite) -> [ConfluxQuestion] {
        site.nodes.flatMap { node -> [ConfluxQuestion] in
            [.process(node.id), .voting(node.id), .files(node.id), .ledger(node.id), .identity(node.id), .release(node.id)]
        } + [.network, .signatures, .history]
    }

    /// Plans what is left to do.
    ///
    /// - Throws: ``Refusal`` naming the rule; nothing was touched.
    package func plan(_ verb: ConfluxVerb) throws(Refusal) -> Plan<Conflux> {
        switch verb {
        case .switchover(let to): return try switchover(to)
        case .upgrade(let target, let switchBack): return try upgrade(target, switchBack)
        case .start(let on): return try start(on, verb: "start")
        case .stop: return try stop()
        case .recover: return try recover()
        case .abort: return try abort()
        }
    }

    var nodes: [NodeID] { site.nodes.map(\.id) }
    var round: Duration { site.roundTimeout }
    /// How often waiting conditions are looked at: a fiftieth of a round, 20 ms to 1 s.
    var poll: Duration { min(max(round / 50, .milliseconds(20)), .seconds(1)) }
    /// How often a wait looks whose end only another round can bring: twice a round, 20 ms to 5 s.
    var unhurried: Duration { min(max(round / 2, .milliseconds(20)), .seconds(5)) }
    /// How long a restarted node may take until it is able to vote (30 min to hours: conflux-pos.md §7.2).
    var ableWithin: Duration { round >= .seconds(30) ? .seconds(6 * 3600) : round * 60 + .seconds(60) }
    /// One PoS epoch at its slowest, with the settling before it.
    var epochWithin: Duration { site.roundMax * 2 + round * Double(site.roundsPerEpoch + 12) * 1.3 + site.settle }

    /// How a condition stands by the facts of this plan.
    package func judge(_ condition: ConfluxCondition) -> Verdict { Conflux.judge(condition, by: facts, with: memory, at: now) }

    /// Puts parts together to a plan.
    func make(
        _ operation: JSON, _ title: String, _ assumptions: [ConfluxCondition], _ parts: [Part], result: String, failure: Failure? = nil
    ) -> Plan<Conflux> {
        Plan(
            operation: operation, validator: site.validator, nodes: nodes, title: title, assumptions: assumptions,
            steps: parts.flatMap(\.steps), cuts: parts.compactMap(\.cut), result: result, poll: poll, settle: site.settle,
            failure: failure
        )
    }

    func words(_ verb: String, _ members: [String: JSON] = [:]) -> JSON {
        .object(members.merging(["verb": .string(verb), "validator": .string(site.validator.rawValue)]) { own, _ in own })
    }
}

/// Some steps of a plan with the cut in them.
struct Part {
    var steps: [Step<Conflux>]
    var cut: Cut?
    init(_ steps: [Step<Conflux>], cut: Cut? = nil) { (self.steps, self.cut) = (steps, cut) }
}

/// Who votes, by the facts.
package enum Standing: Hashable, Sendable {
    case votes(NodeID)
    case nobody
    case several([NodeID])
    case doubt(NodeID, RuleID, Doubt)
    /// Not voting, but a restart would make it vote (safety.md R5).
    case wouldVote(NodeID)
}

extension ConfluxPlanner {
    /// Who votes now. One doubtful node makes the whole doubtful, unless two others vote already.
    ///
    /// Of several doubts the one that makes the others is told: a node that answers late makes what the others said stale.
    package var standing: Standing {
        var voters: [NodeID] = []
        var (trouble, stale): (Standing?, Standing?)
        for node in nodes {
            if judge(.voting(node)) == .holds {
                voters.append(node)
                continue
            }
            switch judge(.idle(node)) {
            case .holds: continue
            case .fails: trouble = trouble ?? .wouldVote(node)
            case .unknown(let rule, .stale): stale = stale ?? .doubt(node, rule, .stale)
            case .unknown(let rule, let doubt): trouble = trouble ?? .doubt(node, rule, doubt)
            }
        }
        if voters.count > 1 { return .several(voters) }
        if let trouble = trouble ?? stale { return trouble }
        return voters.first.map(Standing.votes) ?? .nobody
    }

    /// Why nothing is planned at all; a doubt that Baton can end itself is no reason.
    var refusal: Refusal? {
        let standing = standing
        if case .doubt = standing, !ghosts.isEmpty { return nil }
        return refusal(for: standing)
    }

    /// Why nothing is planned at all by this standing.
    func refusal(for standing: Standing) -> Refusal? {
        switch standing {
        case .several(let nodes):
            let names = nodes.map(\.rawValue).joined(separator: " and ")
            return Refusal(
                "safety.r1", "\(names) vote at once.",
                remedy: "End the process of one of them now (kill -9 is right here), then run `baton recover \(site.validator)`.")
        case .doubt(let node, let rule, let doubt):
            return Refusal(
                rule, "Whether \(node) can vote is unknown (\(doubt)).",
                remedy: remedy(for: doubt, of: node), doubt: doubt)
        case .wouldVote(let node):
            return Refusal(
                "safety.r5", "\(node) would vote after a restart: pos_started_as_voter is not false.",
                remedy: "Set pos_started_as_voter = false in \(node)'s hydra.toml and start command, then run the same again.")
        case .votes, .nobody: return nil
        }
    }

    /// What makes a node tell whether it can vote.
    private func remedy(for doubt: Doubt, of node: NodeID) -> String {
        guard facts.process(node) == nil, doubt == .unreadable else {
            return "Make \(node) answer on \(site.node(node)?.rpc.description ?? "its port"), or end its process, then try again."
        }
        return "Run Baton as \(node)'s user or as root, and where its process can be seen (`ps` shows it), then try again."
    }

    /// The node to hand over to: the one asked for, or the only other one.
    func receiver(_ asked: NodeID?, besides voter: NodeID) throws(Refusal) -> NodeID {
        if let asked {
            guard nodes.contains(asked) else {
                throw Refusal(
                    "conflux.node", "\(asked) is no node of \(site.validator).",
                    remedy: "Name one of \(nodes.map(\.rawValue).joined(separator: ", ")).")
            }
            return asked
        }
        let others = nodes.filter { $0 != voter }
        guard others.count == 1, let other = others.first else {
            throw Refusal("conflux.node", "\(site.validator) has \(nodes.count) nodes.", remedy: "Say which one: `--to NODE`.")
        }
        return other
    }
}
