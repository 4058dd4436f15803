import BatonModel
import BatonWorld

/// The reference nodes of a network, each on a kept connection of its own.
final class ConfluxReferences: Sendable {
    private let site: ConfluxSite
    private let nodes: [ConfluxReference]

    init(_ site: ConfluxSite, world: World) {
        self.site = site
        var seen: Set<Endpoint> = []
        nodes = site.references.filter { seen.insert($0).inserted }.map { ConfluxReference($0, site, in: world) }
    }

    func observe(_ questions: [ConfluxQuestion], within: Duration) async -> [ConfluxQuestion: Known<ConfluxReading>] {
        let wanted = ConfluxView.Wanted(
            signatures: questions.contains(.signatures), history: questions.contains(.history))
        var answers: [Known<ConfluxView>] = []
        await withTaskGroup(of: Known<ConfluxView>.self) { group in
            for node in nodes { group.addTask { await node.view(wanted, within: within) } }
            for await answer in group { answers.append(answer) }
        }
        let views = answers.compactMap(\.value)
        var readings: [ConfluxQuestion: Known<ConfluxReading>] = [:]
        for question in questions {
            guard !views.isEmpty else {
                // A node of another network is worse than none that answers.
                let wrong = answers.contains { $0.doubt == .contradictory }
                readings[question] = .unknown(wrong ? .contradictory : .unreachable)
                continue
            }
            switch question {
            case .network: readings[question] = network(views)
            case .signatures: readings[question] = signatures(views)
            case .history:
                let never = views.count { $0.showsNever }
                readings[question] = .known(.history(HistoryReading(showNever: never, showEver: views.count - never)))
            case .voting, .process, .files, .ledger, .identity, .release: readings[question] = .unknown(.unreadable)
            }
        }
        return readings
    }

    func close() async {
        for node in nodes { await node.close() }
    }

    private func network(_ views: [ConfluxView]) -> Known<ConfluxReading> {
        var (epoch, committed, pow, highest) = (UInt64(0), UInt64(0), UInt64(0), Watermark(epoch: 0, round: 0))
        for view in views {
            epoch = max(epoch, view.epoch)
            committed = max(committed, view.committed)
            pow = max(pow, view.powEpoch)
            highest = max(highest, view.highest)
        }
        let last = ConfluxEpochs.lastHeight(of: epoch, chainID: site.chainID, roundsPerEpoch: site.roundsPerEpoch)
        return .known(
            .network(
                NetworkReading(
                    chainID: site.chainID, epoch: epoch, committed: committed, powEpoch: pow, highest: highest, sources: views.count,
                    blocksLeft: last > committed ? last - committed : 0)))
    }

    private func signatures(_ views: [ConfluxView]) -> Known<ConfluxReading> {
        .known(
            .signatures(
                SignatureReading(
                    highest: views.compactMap(\.signed).max(), inCommittee: views.contains { $0.inCommittee },
                    isForceRetired: views.contains { $0.isForceRetired })))
    }
}

/// The arithmetic of PoS epochs.
enum ConfluxEpochs {
    /// The height of the last block of an epoch.
    ///
    /// - Source: conflux-pos.md §6.1 (CIP-136) for mainnet and testnet; a devnet counts from 0: the block of height
    ///   k·R ends epoch k.
    static func lastHeight(of epoch: UInt64, chainID: UInt64, roundsPerEpoch: UInt64) -> UInt64 {
        let (view, term): (UInt64, UInt64) =
            switch chainID {
            case 1029: (1_684_080, 28_068)
            case 1: (1_685_520, 28_092)
            default: (0, 0)
            }
        guard epoch >= term else { return 0 }
        return view + (epoch - term) * roundsPerEpoch
    }
}

/// What one reference node says.
struct ConfluxView: Hashable, Sendable {
    /// Which questions beyond the state of the network are to be answered.
    struct Wanted: Hashable, Sendable { let signatures: Bool, history: Bool }

    let epoch: UInt64
    let committed: UInt64
    let powEpoch: UInt64
    /// Highest (epoch, round) of any block, certified or not.
    let highest: Watermark
    /// Highest (epoch, round) of a block that counts our signature.
    let signed: Watermark?
    let inCommittee: Bool
    let isForceRetired: Bool
    /// Neither account nor committee nor election has a trace of the identity.
    let showsNever: Bool
}

/// One reference node.
actor ConfluxReference {
    private let line: ConfluxLine
    private let clock: any HouseClock
    private let identity: String
    private let chainID: UInt64
    /// Committed blocks by height: they do not change any more, so they are asked for once.
    private var committedBlocks: [UInt64: JSON] = [:]
    /// What only a committed block changes, as of the newest one.
    private var settled: Settled?
    /// The chain's id and PoW height, asked again after a second.
    private var chain: (answer: JSON, at: Instant)?
    private static let chainMax: Duration = .seconds(1)
    /// How many committed blocks are looked through for signatures, besides those of the running epoch.
    private static let blocksBack: UInt64 = 8

    init(_ endpoint: Endpoint, _ site: ConfluxSite, in world: World) {
        line = ConfluxLine(endpoint, in: world)
        (clock, identity, chainID) = (world.clock, site.identity, site.chainID)
    }

    /// Ends the connection.
    func close() async { await line.close() }

    /// Everything that is wanted of this node; it counts only when it answers all of it.
    func view(_ wanted: ConfluxView.Wanted, within: Duration) async -> Known<ConfluxView> {
        let end = clock.now.advanced(by: within)
        await line.enter()
        defer { line.leave() }
        // What came too late is of no use: everything is asked anew.
        for id in line.late.keys.sorted() { line.forget(id) }
        do throws(Missing) {
            return .known(try await gather(wanted, until: end))
        } catch {
            // Perhaps it restarted, perhaps it is another node now: nothing that it said before is kept.
            (settled, chain, committedBlocks) = (nil, nil, [:])
            return .unknown(error.doubt)
        }
    }

    private struct Missing: Error { let doubt: Doubt }

    /// Committee and account are states of the committed ledger (conflux-pos.md §4.1: an account is read at a block).
    private struct Settled {
        let committed: UInt64
        let inCommittee: Bool
        let isRetired: Bool
        let showsNever: Bool
    }

    private func chainStatus(until end: Instant) async throws(Missing) -> JSON {
        let now = clock.now
        if let chain, chain.at.duration(to: now) < Self.chainMax { return chain.answer }
        let answer = try await ask(.chainStatus, until: end)
        guard answer["chainId"]?.hexInteger == chainID else { throw Missing(doubt: .contradictory) }
        chain = (answer, now)
        return answer
    }

    private func settled(at committed: UInt64, until end: Instant) async throws(Missing) -> Settled {
        if let settled, settled.committed == committed { return settled }
        let committee = try await ask(.committee, until: end)
        let account = try await ask(.account(identity), until: end)["status"] ?? .null
        let inCommittee = names(committee["currentCommittee"]?["nodes"])
        let isElected = (committee["elections"]?.array ?? []).contains { names($0["topElectingNodes"]) }
        let fresh = Settled(
            committed: committed, inCommittee: inCommittee, isRetired: account["forceRetired"].map { !$0.isNull } ?? false,
            showsNever: !inCommittee && !isElected && Self.isBlank(account))
        settled = fresh
        return fresh
    }

    private func gather(_ wanted: ConfluxView.Wanted, until end: Instant) async throws(Missing) -> ConfluxView {
        let chain = try await chainStatus(until: end)
        let status = try await ask(.posStatus, until: end)
        let (epoch, committed) = (try number(status, "epoch"), try number(status, "latestCommitted"))
        var blocks = try await ask(.consensusBlocks, until: end).array ?? []
        var signed: Watermark?
        var settled: Settled?
        if wanted.signatures {
            for height in (committed > Self.blocksBack ? committed - Self.blocksBack + 1 : 1)..<(committed + 1) {
                if let known = committedBlocks[height] {
                    blocks.append(known)
                    continue
                }
                // A block that this node does not show (pruned, or not executed) is only one witness less.
                let block = try await ask(.block(height), orNull: true, until: end)
                blocks.append(block)
                if !block.isNull { committedBlocks[height] = block }
            }
            committedBlocks = committedBlocks.filter { $0.key + Self.blocksBack > committed }
            signed = blocks.filter(isSigned).compactMap(Self.watermark).max()
        }
        if wanted.signatures || wanted.history { settled = try await self.settled(at: committed, until: end) }
        let highest = blocks.compactMap(Self.watermark).max() ?? Watermark(epoch: epoch, round: 0)
        return ConfluxView(
            epoch: epoch, committed: committed, powEpoch: try number(chain, "epochNumber"), highest: highest, signed: signed,
            inCommittee: settled?.inCommittee ?? false, isForceRetired: settled?.isRetired ?? false,
            showsNever: settled?.showsNever ?? true)
    }

    private func ask(_ query: ConfluxQuery, orNull: Bool = false, until end: Instant) async throws(Missing) -> JSON {
        let method = ConfluxDialect.current.method(query)
        switch await line.exchange(method, query.params, isCommand: false, until: end) {
        case .answered(.result(let json)): return json
        case .answered(.failed) where orNull: return .null
        case .answered(let answer): throw Missing(doubt: answer.doubt ?? .unreadable)
        case .notSent(let doubt): throw Missing(doubt: doubt)
        case .unanswered(_, let since): throw Missing(doubt: .unanswered(since: since))
        }
    }

    private func number(_ json: JSON, _ key: String) throws(Missing) -> UInt64 {
        guard let value = json[key]?.hexInteger else { throw Missing(doubt: .unreadable) }
        return value
    }

    private func isUs(_ address: JSON?) -> Bool {
        guard let text = address?.string?.lowercased() else { return false }
        return text == identity || text == "0x" + identity
    }

    private func names(_ nodes: JSON?) -> Bool { (nodes?.array ?? []).contains { isUs($0["address"]) } }
    private func isSigned(_ block: JSON) -> Bool { (block["signatures"]?.array ?? []).contains { isUs($0["account"]) } }

    private static func watermark(_ block: JSON) -> Watermark? {
        guard let epoch = block["epoch"]?.hexInteger, let round = block["round"]?.hexInteger else { return nil }
        return Watermark(epoch: epoch, round: round)
    }

    /// An account that never held, queued, lost or retired a vote; anything that can't be read is a trace.
    private static func isBlank(_ status: JSON) -> Bool {
        ["inQueue", "outQueue"].allSatisfy { status[$0]?.array?.isEmpty == true }
            && ["locked", "unlocked", "availableVotes", "forfeited"].allSatisfy { status[$0]?.hexInteger == 0 }
            && status["forceRetired"].map { $0.isNull } ?? true
    }
}
