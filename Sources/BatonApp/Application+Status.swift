package import BatonAPI
package import BatonModel
import BatonConflux
import BatonKernel
import BatonStore
import BatonWorld

extension Application {
    /// Observes the fleet, or one validator, and says who votes.
    package func status(_ validator: ValidatorID?) async throws(BatonError) -> StatusReport {
        if let validator { _ = try site(validator) }
        let asked = fleet.validators.filter { validator == nil || $0.id.value == validator }
        let listings = try await operations()
        var reports: [ValidatorStatus] = []
        for each in asked { reports.append(try await status(each, listings)) }
        return StatusReport(fleet: fleet.fleet, at: world.clock.wall, validators: reports)
    }

    private func status(_ validator: FleetFile.Validator, _ listings: [OperationListing]) async throws(BatonError) -> ValidatorStatus {
        let site = Self.site(of: validator)
        let planner = try await planner(for: site)
        let facts = planner.facts
        let record = try await store.grants(site.validator).last
        let open = record.flatMap { $0.isOpen ? $0 : nil }
        let held = try await store.holder(site.validator)
        var lease: LeaseReport?
        if let held {
            lease = LeaseReport(validator: held.validator, number: held.number, holder: held.holder, isAlive: await isAlive(held))
        }
        let unfinished = listings.first { $0.validator == site.validator && $0.standing != .finished }
        let voter = Self.voter(planner.standing)
        var since: WallTime?
        if let open, case .node(let node) = voter, open.grant.node == node { since = try await granted(open.grant) }
        return ValidatorStatus(
            validator: site.validator, network: validator.network.name.value, identity: "0x" + site.identity, voter: voter, since: since,
            lastVote: lastVote(facts, voter), committee: Self.committee(facts), margin: Self.margin(facts, site),
            grant: open.map(Self.summary), lease: lease, unfinished: unfinished, nodes: site.nodes.map { Self.node($0, planner) },
            next: Self.next(site, planner.standing, unfinished), warnings: Self.warnings(planner, open))
    }

    /// Observes everything about one validator, and is ready to judge it.
    func planner(for site: ConfluxSite) async throws(BatonError) -> ConfluxPlanner {
        let driver = ConfluxDriver(site: site, world: world)
        var facts = Facts<Conflux>()
        facts.merge(await driver.observe(ConfluxPlanner.questions(of: site).filter { $0 != .history }, within: .seconds(3)))
        await driver.close()
        let memory = Memory(lastGrant: try await store.grants(site.validator).last, floor: try await store.floor(site.validator))
        return ConfluxPlanner(site: site, facts: facts, memory: memory, history: OperationHistory(), now: world.clock.now)
    }

    private func granted(_ grant: Grant) async throws(BatonError) -> WallTime? {
        try await store.entries(of: grant.operation).last { stored in
            stored.entry.kind == .granted
                && (stored.entry.detail["grant"] ?? stored.entry.detail["imported"])?["number"]?.unsigned == grant.number.rawValue
        }?.wall
    }

    private static func voter(_ standing: Standing) -> Voter {
        switch standing {
        case .votes(let node): .node(node)
        case .nobody: .nobody
        case .several(let nodes): .several(nodes)
        case .doubt(let node, _, let doubt): .unknown("\(node) is \(doubt)")
        case .wouldVote(let node): .unknown("\(node) is idle but would vote after a restart")
        }
    }

    private func lastVote(_ facts: Facts<Conflux>, _ voter: Voter) -> Watermark? {
        if case .node(let node) = voter, let own = facts.files(node)?.json.held { return own.state.watermark }
        return facts.signatures?.highest
    }

    private static func committee(_ facts: Facts<Conflux>) -> String {
        guard let signatures = facts.signatures else { return "unknown" }
        if signatures.isForceRetired { return "force-retired" }
        return signatures.inCommittee ? "in the committee" : "not in the committee"
    }

    /// Until the end of the third epoch after the last one with a counted vote (conflux-pos.md §6.4).
    private static func margin(_ facts: Facts<Conflux>, _ site: ConfluxSite) -> Duration? {
        guard let signatures = facts.signatures, signatures.inCommittee, let network = facts.network, let last = signatures.highest
        else { return nil }
        guard last.epoch + 3 >= network.epoch else { return .zero }
        let blocks = (last.epoch + 3 - network.epoch) * site.roundsPerEpoch + network.blocksLeft
        return site.roundTimeout * Double(blocks)
    }

    private static func node(_ site: ConfluxNodeSite, _ planner: ConfluxPlanner) -> NodeStatus {
        let facts = planner.facts
        let process = facts.process(site.id)
        let ledger = facts.ledger(site.id)
        let release = facts.release(site.id)
        var lag: UInt64?
        if let ledger, let network = facts.network { lag = network.committed > ledger.committed ? network.committed - ledger.committed : 0 }
        return NodeStatus(
            node: site.id, voting: voting(site.id, facts), version: release?.running ?? release?.version,
            release: release.map { Digest($0.current) }, epoch: ledger?.epoch, lag: lag, startsAsVoter: process?.voterNext,
            pid: process?.incarnation?.pid, files: files(site.id, facts))
    }

    private static func voting(_ node: NodeID, _ facts: Facts<Conflux>) -> NodeVoting {
        if let process = facts.process(node), process.incarnation == nil { return .down }
        if let voting = facts.voting(node) { return voting.flag ? .voting : .idle }
        return .unknown(facts.doubt(.voting(node)).description)
    }

    private static func files(_ node: NodeID, _ facts: Facts<Conflux>) -> String {
        guard let files = facts.files(node) else { return "unknown (\(facts.doubt(.files(node))))" }
        func words(_ name: String, _ file: VoteFile) -> String? {
            switch file {
            case .absent: nil
            case .held(let held): "\(name) \(held.state.watermark)"
            case .foreign(let owner): "\(name) of another identity 0x\(owner.prefix(8))…"
            case .unreadable(let why): "\(name) unreadable: \(why)"
            }
        }
        let told = [words("json", files.json), words(".save", files.save)].compactMap { $0 }
        return told.isEmpty ? "none" : told.joined(separator: ", ")
    }

    private static func next(_ site: ConfluxSite, _ standing: Standing, _ unfinished: OperationListing?) -> SafeCommand {
        if let unfinished, unfinished.standing == .running {
            return SafeCommand("baton log \(unfinished.id)", why: "operation \(unfinished.id) is running")
        }
        if let unfinished { return SafeCommand("baton resume \(unfinished.id)", why: "operation \(unfinished.id) did not finish") }
        switch standing {
        case .votes: return SafeCommand("baton switchover \(site.validator) --plan", why: "all is well; this only shows a plan")
        case .nobody: return SafeCommand("baton start \(site.validator)", why: "nobody votes")
        case .several(let nodes):
            let names = nodes.map(\.rawValue).joined(separator: " and ")
            return SafeCommand("end the process of one of \(names) now", why: "two voters lock the stake")
        case .doubt(let node, _, let doubt): return SafeCommand("baton doctor", why: "\(node) is \(doubt); start nothing until you know")
        case .wouldVote(let node):
            return SafeCommand("set pos_started_as_voter = false on \(node)", why: "a restart would make a second voter")
        }
    }

    private static func warnings(_ planner: ConfluxPlanner, _ open: GrantRecord?) -> [String] {
        var warnings: [String] = []
        if let open, case .votes(let voter) = planner.standing, open.grant.node != voter {
            warnings.append("\(voter) votes, but the open grant \(open.grant.number) is \(open.grant.node)'s: somebody started it by hand.")
        }
        if let open, case .override(let override) = open.grant.origin {
            warnings.append(
                "Grant \(open.grant.number) was licensed by an override of \(override.typed.user): \(override.typed.reason). Missing was:"
                    + " \(override.missing).")
        }
        if planner.facts.network == nil { warnings.append("No reference node answers: lag and signatures are unknown.") }
        for site in planner.site.nodes {
            if planner.judge(.mute(site.id)) == .holds {
                warnings.append("\(site.id) is mute until the next epoch: its vote state is of an old one.")
            }
        }
        return warnings
    }

    // MARK: check

    /// Everything that stands against an operation, found without touching anything.
    package func check(thorough: Bool) async throws(BatonError) -> [CheckFinding] {
        var findings: [CheckFinding] = []
        for validator in fleet.validators {
            let planner = try await planner(for: Self.site(of: validator))
            findings += planner.findings().map { finding in
                CheckFinding(
                    finding.isDoubt ? .warning : .error, rule: finding.rule, node: finding.node, message: finding.words,
                    remedy: finding.remedy)
            }
        }
        findings.append(
            CheckFinding(
                .note, rule: "safety.s13", node: nil,
                message: "Copies of a whole machine (VM snapshots, restored disks) can bring back an old vote state; Baton can't see them.",
                remedy: "Never run a restored copy of a voter before `baton check` and an epoch's wait."))
        return findings
    }
}
