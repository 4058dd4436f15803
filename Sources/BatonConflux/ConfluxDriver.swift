package import BatonDriver
package import BatonKernel
package import BatonModel
package import BatonWorld

/// The driver of one Conflux pair: nodes by their hosts, the network by its reference nodes.
package final class ConfluxDriver: Sendable {
    private let site: ConfluxSite
    private let clock: any HouseClock
    /// In the order of the site.
    private let hosts: [LocalHost]
    private let references: ConfluxReferences
    /// Whose facts are those of the network.
    private static let networkName: NodeID = "network"

    /// Makes the driver; nothing is opened before the first question.
    package init(site: ConfluxSite, world: World) {
        (self.site, self.clock) = (site, world.clock)
        hosts = site.nodes.map { LocalHost($0, identity: site.identity, world: world) }
        references = ConfluxReferences(site, world: world)
    }

    /// Asks every node and the network at the same time, and each of them one question after the other.
    ///
    /// A fact's moment is the one before its asking began, so that its age is never taken for less than it is.
    package func observe(_ questions: [ConfluxQuestion], within: Duration) async -> [ConfluxQuestion: Fact<ConfluxReading>] {
        var byNode: [[ConfluxQuestion]] = Array(repeating: [], count: hosts.count)
        var ofNetwork: [ConfluxQuestion] = []
        var facts: [ConfluxQuestion: Fact<ConfluxReading>] = [:]
        for question in Set(questions) {
            guard let node = question.node else {
                ofNetwork.append(question)
                continue
            }
            if let index = site.nodes.firstIndex(where: { $0.id == node }) {
                byNode[index].append(question)
            } else {
                facts[question] = Fact(value: .unknown(.unreachable), of: node, incarnation: nil, from: .journal, at: clock.now)
            }
        }
        await withTaskGroup(of: [ConfluxQuestion: Fact<ConfluxReading>].self) { group in
            for (host, asked) in zip(hosts, byNode) where !asked.isEmpty {
                group.addTask { await host.observe(asked, within: within) }
            }
            if !ofNetwork.isEmpty {
                group.addTask { [ofNetwork, references, clock] in
                    let at = clock.now
                    let values = await references.observe(ofNetwork, within: within)
                    return values.mapValues { Fact(value: $0, of: Self.networkName, incarnation: nil, from: .chain, at: at) }
                }
            }
            for await part in group { facts.merge(part) { _, new in new } }
        }
        return facts
    }

    /// Does one act on its node; a breadcrumb of a cut on every node.
    package func perform(_ act: ConfluxAct, _ context: ActContext, within: Duration) async -> Outcome {
        guard let node = act.node else {
            for host in hosts {
                let outcome = await host.perform(act, context, within: within)
                guard outcome == .done else { return outcome }
            }
            return .done
        }
        guard let host = host(node) else { return .refused("conflux.site", "\(node) is no node of \(site.validator)") }
        return await host.perform(act, context, within: within)
    }

    /// Starts the vote of the grant's node through its door. The right is spent on every path.
    package func vest(_ right: consuming VotingRight, within: Duration) async -> Outcome {
        let grant = right.grant
        guard let host = host(grant.node), grant.validator == site.validator else {
            _ = right.spend()
            return .refused("conflux.site", "\(grant.node) is no node of \(site.validator)")
        }
        return await host.vest(HeldRight(right), grant: grant, within: within)
    }

    /// Ends every connection.
    package func close() async {
        for host in hosts { await host.close() }
        await references.close()
    }

    private func host(_ node: NodeID) -> LocalHost? {
        site.nodes.firstIndex { $0.id == node }.map { hosts[$0] }
    }
}

extension ConfluxQuestion {
    /// The node that it is about; `nil` for the network.
    fileprivate var node: NodeID? {
        switch self {
        case .voting(let node), .process(let node), .files(let node), .ledger(let node), .identity(let node), .release(let node): node
        case .network, .signatures, .history: nil
        }
    }
}
