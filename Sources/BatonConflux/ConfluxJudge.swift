package import BatonKernel
package import BatonModel

extension Conflux {
    /// The questions whose answers a condition is judged by.
    package static func questions(of condition: ConfluxCondition) -> [ConfluxQuestion] {
        switch condition {
        case .voting(let node): [.process(node), .voting(node)]
        case .idle(let node), .silent(let node): [.process(node), .voting(node)]
        case .stopped(let node): [.process(node), .voting(node), .files(node)]
        case .sameIncarnation(let node), .running(let node), .ended(let node), .voterFalse(let node), .alive(let node): [.process(node)]
        // The flag is not asked for: a silent node would hold every other fact up until it is stale.
        case .startedIdle(let node): [.process(node)]
        case .canReturn(let node, let way): way.needs?.contains(.beforeCIP173) == true ? [.files(node), .network] : [.files(node)]
        case .signsFor(let node, _): [.identity(node)]
        case .onChain(let node, _): [.ledger(node), .network]
        case .synced(let node): [.ledger(node), .network]
        case .ownFile(let node), .noSave(let node), .noStrangeFile(let node), .placed(let node), .handedOver(let node),
            .justAdvanced(let node, _), .fileAdvances(let node), .marked(let node, _), .kept(let node):
            [.files(node)]
        case .farFromEpochEnd: [.network]
        case .epochAsGranted(let node): [.ledger(node)]
        case .votesFromGrant(let node): [.process(node), .voting(node), .files(node)]
        case .proven(let node): [.process(node), .voting(node), .files(node), .ledger(node), .signatures]
        case .mute(let node): [.process(node), .voting(node), .files(node), .ledger(node)]
        case .onRelease(let node, _, _), .linked(let node, _), .staged(let node, _): [.release(node)]
        case .settled, .granted, .noOpenGrant, .never: []
        case .beyondBarrier(let node): [.ledger(node), .files(node), .network]
        case .waypointFor(let node, let from): [.release(node), .files(from)]
        case .firstEver: [.history]
        }
    }

    /// How a condition stands. Facts older than two seconds are stale; absence of a fact is a doubt.
    package static func judge(_ condition: ConfluxCondition, by facts: Facts<Conflux>, with memory: Memory, at now: Instant) -> Verdict {
        for question in questions(of: condition) {
            guard let fact = facts[question] else { return .unknown(condition.rule, .stale) }
            if fact.at.duration(to: now) > freshness { return .unknown(condition.rule, .stale) }
        }
        let scale = Judge(facts: facts, memory: memory, now: now, rule: condition.rule)
        switch condition {
        case .voting, .idle, .silent, .stopped, .mute, .votesFromGrant, .proven: return scale.votingCondition(condition)
        case .sameIncarnation, .running, .ended, .alive, .startedIdle, .canReturn, .voterFalse, .signsFor, .onChain, .synced, .onRelease,
            .linked, .staged, .waypointFor:
            return scale.nodeCondition(condition)
        case .ownFile, .noSave, .noStrangeFile, .placed, .handedOver, .justAdvanced, .fileAdvances, .marked, .kept:
            return scale.fileCondition(condition)
        case .farFromEpochEnd, .epochAsGranted, .settled, .beyondBarrier, .granted, .noOpenGrant, .firstEver, .never:
            return scale.fleetCondition(condition)
        }
    }
}

/// One judgement: facts, memory and moment at hand.
struct Judge {
    let facts: Facts<Conflux>
    let memory: Memory
    let now: Instant
    let rule: RuleID

    /// Holds or fails by this rule.
    func verdict(_ holds: Bool) -> Verdict { holds ? .holds : .fails(rule) }
    /// In doubt, as the answer to a question is.
    func unknown(_ question: ConfluxQuestion) -> Verdict { .unknown(rule, facts.doubt(question)) }

    // MARK: The flag

    /// Conditions about the voting flag.
    func votingCondition(_ condition: ConfluxCondition) -> Verdict {
        switch condition {
        case .voting(let node): return voting(node)
        case .idle(let node): return idle(node)
        case .silent(let node):
            guard let process = facts.process(node) else { return unknown(.process(node)) }
            guard let voting = facts.voting(node) else { return unknown(.voting(node)) }
            return verdict(!voting.flag && process.incarnation != nil && process.servesPort && !process.isStopped)
        case .stopped(let node):
            guard let files = facts.files(node) else { return unknown(.files(node)) }
            let isIdle = flagFalse(node)
            guard isIdle == .holds else { return isIdle }
            return verdict(files.json == .absent && files.save.held != nil)
        case .votesFromGrant(let node):
            guard let files = facts.files(node) else { return unknown(.files(node)) }
            let votes = voting(node)
            guard votes == .holds else { return votes }
            guard let record = memory.lastGrant, record.grant.node == node, files.save == .absent, let own = files.json.held
            else { return .fails(rule) }
            return verdict(own.state.watermark >= record.grant.state.watermark)
        case .mute(let node):
            guard let files = facts.files(node) else { return unknown(.files(node)) }
            guard let ledger = facts.ledger(node) else { return unknown(.ledger(node)) }
            let votes = voting(node)
            guard votes == .holds else { return votes }
            guard let own = files.json.held else { return .fails(rule) }
            return verdict(own.state.watermark.epoch < ledger.epoch)
        case .proven(let node): return proven(node)
        default: return .fails(rule)
        }
    }

    private func voting(_ node: NodeID) -> Verdict {
        guard let process = facts.process(node) else { return unknown(.process(node)) }
        guard process.incarnation != nil else { return .fails(rule) }
        guard let voting = facts.voting(node) else { return unknown(.voting(node)) }
        return verdict(voting.flag && process.servesPort)
    }

    /// The flag reads false on the control connection and no command of ours hangs, or no process runs.
    private func flagFalse(_ node: NodeID) -> Verdict {
        guard let process = facts.process(node) else { return unknown(.process(node)) }
        guard process.incarnation != nil else { return .holds }
        guard let voting = facts.voting(node) else { return unknown(.voting(node)) }
        if voting.flag { return .fails(rule) }
        guard voting.unanswered == nil else { return .unknown(rule, .unanswered(since: now)) }
        guard process.servesPort else { return .unknown(rule, .contradictory) }
        return .holds
    }

    private func idle(_ node: NodeID) -> Verdict {
        let flag = flagFalse(node)
        guard flag == .holds, let process = facts.process(node) else { return flag }
        guard let next = process.voterNext else { return .unknown("safety.r5", .unreadable) }
        return next ? .fails("safety.r5") : .holds
    }

    private func proven(_ node: NodeID) -> Verdict {
        guard let files = facts.files(node) else { return unknown(.files(node)) }
        guard let signatures = facts.signatures else { return unknown(.signatures) }
        let votes = voting(node)
        guard votes == .holds else { return votes }
        guard let own = files.json.held, let record = memory.record ?? memory.lastGrant?.grant.state.watermark else { return .fails(rule) }
        guard signatures.inCommittee else { return verdict(own.state.watermark >= record) }
        guard let highest = signatures.highest else { return .fails(rule) }
        return verdict(highest > record && own.state.watermark > record)
    }

    // MARK: The process and its release

    /// Conditions about process, ledger, identity and release.
    func nodeCondition(_ condition: ConfluxCondition) -> Verdict {
        switch condition {
        case .sameIncarnation(let node):
            guard let process = facts.process(node) else { return unknown(.process(node)) }
            return verdict(process.incarnation == memory.incarnations[node])
        case .running(let node):
            guard let process = facts.process(node) else { return unknown(.process(node)) }
            return verdict(process.incarnation != nil && process.servesPort && !process.isStopped)
        case .ended(let node):
            guard let process = facts.process(node) else { return unknown(.process(node)) }
            return verdict(process.incarnation == nil)
        case .alive(let node):
            guard let process = facts.process(node) else { return unknown(.process(node)) }
            return verdict(process.incarnation != nil)
        case .startedIdle(let node):
            guard let process = facts.process(node) else { return unknown(.process(node)) }
            guard process.incarnation != nil else { return .holds }
            return verdict(process.voterNow == false && facts.voting(node)?.flag != true)
        case .canReturn(let node, let way): return canReturn(node, way)
        case .voterFalse(let node):
            guard let process = facts.process(node) else { return unknown(.process(node)) }
            guard let next = process.voterNext else { return .unknown("safety.r5", .unreadable) }
            return next ? .fails("safety.r5") : .holds
        case .signsFor(let node, let identity):
            guard let own = facts.identity(node) else { return unknown(.identity(node)) }
            return verdict(own == identity)
        case .onChain(let node, let id):
            guard let ledger = facts.ledger(node) else { return unknown(.ledger(node)) }
            guard let network = facts.network else { return unknown(.network) }
            return verdict(ledger.chainID == id && network.chainID == id)
        case .synced(let node): return synced(node)
        case .onRelease(let node, let digest, let version):
            guard let release = facts.release(node) else { return unknown(.release(node)) }
            guard let running = release.running else { return .unknown(rule, .unreachable) }
            return verdict(release.current == digest && running.contains("v" + version))
        case .linked(let node, let digest):
            guard let release = facts.release(node) else { return unknown(.release(node)) }
            return verdict(release.current == digest)
        case .staged(let node, let digest):
            guard let release = facts.release(node) else { return unknown(.release(node)) }
            return verdict(release.staged.contains(digest))
        case .waypointFor(let node, let from):
            guard let release = facts.release(node) else { return unknown(.release(node)) }
            guard let files = facts.files(from) else { return unknown(.files(from)) }
            guard release.version.hasPrefix("2.") || release.version.hasPrefix("3.0.") else { return .holds }
            guard let state = files.json.held ?? files.save.held else { return .fails(rule) }
            return verdict(state.hasWaypoint)
        default: return .fails(rule)
        }
    }

    private func canReturn(_ node: NodeID, _ way: ReleaseReturn) -> Verdict {
        guard let needs = way.needs else { return .fails(rule) }
        guard let files = facts.files(node) else { return unknown(.files(node)) }
        if needs.contains(.waypoint), files.json != .absent, files.json.held?.hasWaypoint != true { return .fails(rule) }
        guard needs.contains(.beforeCIP173) else { return .holds }
        guard let network = facts.network else { return unknown(.network) }
        return verdict(way.lastBlockBefore.map { network.committed < $0 } ?? true)
    }

    private func synced(_ node: NodeID) -> Verdict {
        guard let ledger = facts.ledger(node) else { return unknown(.ledger(node)) }
        guard let network = facts.network else { return unknown(.network) }
        let isNear = ledger.committed + 2 >= network.committed
        return verdict(ledger.phase == "NormalSyncPhase" && ledger.epoch == network.epoch && isNear)
    }

    // MARK: Files

    /// Conditions about the files beside a node.
    func fileCondition(_ condition: ConfluxCondition) -> Verdict {
        guard let node = condition.node, let files = facts.files(node) else {
            return .unknown(rule, condition.node.map { facts.doubt(.files($0)) } ?? .stale)
        }
        switch condition {
        case .ownFile: return verdict(files.json.held != nil)
        case .noSave: return verdict(files.save == .absent)
        case .noStrangeFile: return verdict(!files.json.isStrange && !files.save.isStrange)
        case .placed:
            guard let grant = memory.lastGrant?.grant, grant.node == node, let placed = files.save.held else { return .fails(rule) }
            return verdict(placed.state.digest == grant.state.digest && files.grant?.number == grant.number)
        case .handedOver:
            guard let grant = memory.lastGrant?.grant else { return .fails(rule) }
            return verdict(files.save == .absent && files.handedOver[grant.operation.rawValue] != nil)
        case .justAdvanced(_, let within):
            guard let seen = memory.rounds[node], let moved = seen.movedAt else { return .fails(rule) }
            return verdict(moved.duration(to: now) <= within)
        case .fileAdvances: return verdict(memory.rounds[node]?.movedAt != nil)
        case .marked(_, let to):
            guard let cut = files.cut else { return .fails(rule) }
            return verdict(cut.to == to)
        case .kept: return verdict(files.kept.held != nil)
        default: return .fails(rule)
        }
    }

    // MARK: Network and memory

    /// Conditions about the network, the grants and the key.
    func fleetCondition(_ condition: ConfluxCondition) -> Verdict {
        switch condition {
        case .farFromEpochEnd(let blocks):
            guard let network = facts.network else { return unknown(.network) }
            return verdict(network.blocksLeft > blocks)
        case .epochAsGranted(let node):
            guard let ledger = facts.ledger(node) else { return unknown(.ledger(node)) }
            return verdict(ledger.epoch == memory.lastGrant?.grant.state.watermark.epoch)
        case .settled(let time):
            guard let since = memory.fencedSince else { return .fails(rule) }
            return verdict(since.duration(to: now) >= time && memory.barrier != nil)
        case .beyondBarrier(let node):
            guard let ledger = facts.ledger(node) else { return unknown(.ledger(node)) }
            guard let files = facts.files(node) else { return unknown(.files(node)) }
            guard let barrier = memory.barrier, let own = files.json.held else { return .fails(rule) }
            return verdict(ledger.epoch > barrier && own.state.watermark.epoch == ledger.epoch && own.isFresh)
        case .granted(let node):
            guard let record = memory.lastGrant else { return .fails(rule) }
            return verdict(record.isOpen && record.grant.node == node)
        case .noOpenGrant: return verdict(memory.lastGrant?.isOpen != true)
        case .firstEver:
            guard let history = facts.history else { return unknown(.history) }
            return verdict(history.showNever >= 2 && history.showEver == 0 && memory.lastGrant == nil)
        default: return .fails(rule)
        }
    }
}

extension VoteFile {
    /// Unreadable, or of another identity: kept and named, never touched.
    var isStrange: Bool {
        switch self {
        case .absent, .held: false
        case .foreign, .unreadable: true
        }
    }
}
