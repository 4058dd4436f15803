package import BatonModel

/// The chain that everybody votes on: rounds, certificates, epochs and the evidence of every vote.
///
/// It has no timer. The caller sleeps until ``nextDeadline``, calls ``advance(to:)``, gives the events to every node and
/// hands the votes that come back to ``receive(_:at:)``. Scenario mode calls ``stepRound(_:)`` instead.
package struct ChainModel: Sendable {
    package let settings: ChainSettings
    /// The identities in the order of the settings; the index is the bit in every mask.
    var identities: [IdentityRecord]
    /// PoS address → index.
    let indexOfIdentity: [String: Int]
    /// PoS epoch.
    var epoch: UInt64
    /// Height of the last block of the epoch before.
    var epochStartHeight: UInt64
    /// Height of the block that ends this epoch.
    var epochEndHeight: UInt64
    /// The identities that serve in this epoch.
    var committeeMask: UInt64 = 0
    /// Who served in which epoch, and the height at which it began, in order.
    var seats: [(epoch: UInt64, from: UInt64, members: UInt64)] = []
    /// Their addresses, sorted; shared by every ``ChainView``.
    var committee: [String] = []
    /// The block that the epoch began from, as round 0.
    var epochRoot: BlockInfo
    /// The open round.
    var round: RoundRecord
    /// Committed blocks; the first has height `settings.firstHeight + 1`.
    var committed: [ChainBlock] = []
    /// Certified blocks of this epoch that have not committed, in order.
    var pending: [ChainBlock] = []
    /// Round of the newest committed block of the epoch; 0 at its start.
    var lastCommittedRound: UInt64 = 0
    /// Every certificate that closed, for the verdict.
    var certificates: [CertificateRecord] = []
    /// For the two epochs before: which identities had a signature that counts (conflux-pos.md §6.4). Before the first
    /// epoch all had one, so that a chain may begin with nodes that do not vote yet.
    var signersOfPastEpochs: [UInt64] = [.max, .max]
    /// Processes that signed, by number.
    var voterNames: [String] = []
    /// Their numbers.
    var voterNumbers: [SigningProcess: UInt32] = [:]
    /// Equivocations that commit with the next block.
    var pendingDisputes: [(identity: Int, at: Watermark)] = []
    /// PoW epoch number.
    var powEpoch: UInt64 = 100_000_000
    /// Rounds to come without a proposal.
    var silentRounds: UInt64 = 0
    /// The moment of the last call.
    var clock: Instant

    package init(_ settings: ChainSettings) {
        self.settings = settings
        identities = settings.identities.map(IdentityRecord.init)
        indexOfIdentity = Dictionary(
            settings.identities.enumerated().map { ($0.element.posAddress, $0.offset) }, uniquingKeysWith: { first, _ in first }
        )
        epoch = settings.firstEpoch
        epochStartHeight = settings.firstHeight
        epochEndHeight = settings.firstHeight + settings.roundsPerEpoch
        clock = settings.start
        let root = BlockInfo(
            epoch: settings.firstEpoch, round: 0, id: Hash32(mixing: settings.seed, 0x9E5), version: settings.firstHeight,
            timestampMicroseconds: UInt64(max(0, settings.startWallSeconds)) * 1_000_000, endsEpoch: false,
            pivotHeight: 99_999_000
        )
        epochRoot = root
        round = RoundRecord(number: 0, parent: root, at: settings.start, timeout: settings.roundTimeout)
        seatCommittee()
        openRound(1, at: settings.start)
    }

    /// The moment at which ``advance(to:)`` has something to do.
    package var nextDeadline: Instant { round.deadline }

    /// The chain as everybody up to date sees it.
    package var view: ChainView {
        ChainView(
            epoch: epoch, round: round.number, committedHeight: committedHeight,
            votedHeight: round.offered?.block.version ?? lastCertified.version,
            highestCertifiedRound: lastCertified.round, powEpoch: powEpoch, committee: committee, instant: clock,
            wallSeconds: wallSeconds(at: clock), epochEndHeight: epochEndHeight, roundsPerEpoch: settings.roundsPerEpoch
        )
    }

    /// Height of the newest committed block.
    var committedHeight: UInt64 { settings.firstHeight + UInt64(committed.count) }

    /// The block of the highest certificate, or the one that the epoch began from.
    var lastCertified: BlockInfo { pending.last?.info ?? newestCommittedOfEpoch ?? epochRoot }

    /// The newest committed block when it belongs to this epoch.
    var newestCommittedOfEpoch: BlockInfo? {
        guard let last = committed.last, last.info.epoch == epoch else { return nil }
        return last.info
    }

    /// The chain's wall clock: it runs with the handed-in clock from `settings.startWallSeconds` on.
    package func wallSeconds(at now: Instant) -> Int64 {
        settings.startWallSeconds + (now.nanoseconds - settings.start.nanoseconds) / 1_000_000_000
    }

    /// Votes of the identities in a mask.
    func power(of mask: UInt64) -> UInt64 {
        var sum: UInt64 = 0
        var rest = mask & committeeMask
        while rest != 0 {
            sum += identities[rest.trailingZeroBitCount].settings.votingPower
            rest &= rest - 1
        }
        return sum
    }

    /// All votes of the committee.
    var totalPower: UInt64 { power(of: committeeMask) + settings.otherHonestPower }
    /// - Source: conflux-pos.md §6.3: ⌊2·total/3⌋+1.
    var quorumPower: UInt64 { totalPower * 2 / 3 + 1 }
}

/// One identity with what the chain remembers of it.
struct IdentityRecord: Sendable {
    /// What it was made with.
    let settings: IdentitySettings
    /// Every vote that was seen, by epoch and round.
    var evidence: [Watermark: EvidenceRound] = [:]
    /// Height of the forced retirement.
    var forceRetired: UInt64?
    /// Height at which the stake that left comes free, when it left.
    var outUntil: UInt64?
    /// Dispute transactions.
    var disputes = 0
    /// Epochs of offences that were disputed.
    var disputedEpochs: [UInt64] = []

    init(_ settings: IdentitySettings) { self.settings = settings }

    /// Votes that can serve.
    var availableVotes: UInt64 { outUntil == nil ? settings.votingPower : 0 }
}

/// The different votes of one identity in one round; nearly always one.
struct EvidenceRound: Sendable {
    /// One vote: what was signed, and the number of the process.
    struct Entry: Hashable, Sendable {
        let hash: UInt64
        let voter: UInt32
    }
    /// The first to arrive.
    let first: Entry
    /// Others that differ in hash or process.
    var more: [Entry] = []

    /// All of them in the order of arrival.
    var all: [Entry] { [first] + more }
}

/// A certificate that closed.
struct CertificateRecord: Sendable {
    /// Where.
    let at: Watermark
    /// Who of our identities served, and who signed in time.
    let committee: UInt64
    let signers: UInt64
}

/// A certified block.
struct ChainBlock: Sendable {
    /// Who made it.
    enum Miner: Sendable { case none, identity(Int), other(UInt64) }
    /// What votes say about it.
    let info: BlockInfo
    /// Its parent's name.
    let parentID: Hash32
    /// Who of our identities is in its certificate.
    let signers: UInt64
    /// Whether the other honest voters are.
    let hasOthers: Bool
    let miner: Miner
}

/// The open round.
struct RoundRecord: Sendable {
    /// What has happened in it.
    enum Phase: Sendable { case collecting, voting, timedOut }
    /// What the other honest voters voted for.
    enum Others: Sendable { case nothing, proposal, empty }

    let number: UInt64
    let openedAt: Instant
    let timeout: Duration
    var phase = Phase.collecting
    /// The proposal and the NIL block, made when the round opens.
    var proposal: Proposal?
    var empty: Proposal?
    /// The identity that leads, if one of ours does.
    var leader: Int?
    /// Whether the leader's own process gave its block.
    var isLed = false
    /// Who of our identities voted for what.
    var proposalMask: UInt64 = 0
    var emptyMask: UInt64 = 0
    var timeoutMask: UInt64 = 0
    var others = Others.nothing
    var othersTimedOut = false
    /// When enough votes were there.
    var quorumAt: Instant?
    var deadline: Instant

    init(number: UInt64, parent: BlockInfo, at now: Instant, timeout: Duration) {
        (self.number, openedAt, self.timeout) = (number, now, timeout)
        deadline = now.advanced(by: timeout / 2)
    }

    /// What nodes have executed: the proposal once it is known.
    var offered: Proposal? { phase == .collecting ? nil : proposal }
}
