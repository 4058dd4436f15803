package import BatonModel

extension ChainModel {
    /// Does what is due, at most one deadline per call; nothing when `now` is before ``nextDeadline``.
    ///
    /// Timers restart from `now`, so a late caller makes a long round and never a lost one.
    package mutating func advance(to now: Instant) -> [ChainEvent] {
        guard now >= round.deadline else { return [] }
        clock = max(clock, now)
        switch round.phase {
        case .collecting: return offer(at: now)
        case .voting, .timedOut:
            if round.quorumAt != nil { return conclude(at: now) }
            return timeOut(at: now)
        }
    }

    /// One whole round without a timer: the clock jumps to each deadline.
    ///
    /// - Parameter deliver: gives events to every node, in order, and returns their votes.
    /// - Returns: all events; without a `roundOpened` the round found no quorum and stays open after its timeout.
    package mutating func stepRound(_ deliver: ([ChainEvent]) -> [SignedVote]) -> [ChainEvent] {
        var all: [ChainEvent] = []
        let start = (epoch, round.number)
        repeat {
            let events = advance(to: nextDeadline)
            all += events
            for vote in deliver(events) { receive(vote, at: clock) }
        } while (epoch, round.number) == start && !isStalled
        return all
    }

    /// Whether the open round has timed out without enough votes or timeouts.
    package var isStalled: Bool { round.phase == .timedOut && round.quorumAt == nil }

    /// Fault: the next `count` rounds have no proposal and time out.
    package mutating func silence(rounds count: UInt64) {
        silentRounds = count
        // The open round counts when nobody has seen its proposal yet.
        if round.phase == .collecting, count > 0 {
            round.proposal = nil
            silentRounds -= 1
        }
    }

    /// Takes a vote: counts it when it is in time, and keeps it as evidence in any case.
    package mutating func receive(_ vote: SignedVote, at now: Instant) {
        guard let index = indexOfIdentity[vote.author] else { return }
        clock = max(clock, now)
        let isCurrent = vote.block.epoch == epoch && vote.block.round == round.number
        keepEvidence(vote, of: index, isCurrent: isCurrent)
        let bit = UInt64(1) << UInt64(index)
        guard isCurrent, committeeMask & bit != 0, round.phase != .collecting else { return }
        if (round.proposalMask | round.emptyMask) & bit == 0 {
            if vote.isNil {
                round.emptyMask |= bit
            } else {
                round.proposalMask |= bit
                if round.leader == index { adopt(vote.block.id) }
            }
        }
        if vote.isTimeout { round.timeoutMask |= bit }
        noteQuorum(at: now)
    }

    /// Opens a round: the leader is drawn and both possible blocks are made.
    mutating func openRound(_ number: UInt64, at now: Instant) {
        powEpoch += 60
        let timeout = roundTimeout(number)
        var record = RoundRecord(number: number, parent: lastCertified, at: now, timeout: timeout)
        let parent = lastCertified
        let grandparent = beforeLastCertified
        let consecutive = grandparent.map { $0.round + 1 == parent.round && parent.round + 1 == number } ?? false
        let commits = consecutive ? grandparent : nil
        let isSilent = silentRounds > 0 || drawsSilence(number)
        if silentRounds > 0 { silentRounds -= 1 }
        let leader = drawLeader(number)
        record.leader = leader.index
        func block(_ kind: UInt64) -> BlockInfo {
            let isBeyond = parent.version == epochEndHeight
            let version = isBeyond ? parent.version : parent.version + 1
            return BlockInfo(
                epoch: epoch, round: number,
                id: Hash32(mixing: settings.seed, epoch, number, parent.id.words.0, kind), version: version,
                timestampMicroseconds: microseconds(at: now), endsEpoch: version == epochEndHeight,
                pivotHeight: powEpoch - 1000
            )
        }
        func offer(_ kind: UInt64, _ leader: String?) -> Proposal {
            Proposal(
                block: block(kind), parent: parent, commits: commits, leader: leader,
                grandparentRound: grandparent?.round ?? 0
            )
        }
        record.proposal = isSilent ? nil : offer(1, leader.address)
        record.empty = offer(0, nil)
        round = record
    }

    private func roundTimeout(_ number: UInt64) -> Duration {
        // Base × 1.2^k, k = rounds since the last commit beyond 3, at most 6 (conflux-pos.md §6.2).
        let percent = [100, 120, 144, 173, 207, 249, 299]
        let late = number > lastCommittedRound + 3 ? min(6, Int(number - lastCommittedRound - 3)) : 0
        return settings.roundTimeout * percent[late] / 100
    }

    private func microseconds(at now: Instant) -> UInt64 {
        let elapsed = (now.nanoseconds - settings.start.nanoseconds) / 1000
        return UInt64(max(0, settings.startWallSeconds * 1_000_000 + elapsed))
    }

    private func drawsSilence(_ number: UInt64) -> Bool {
        guard settings.silentRoundsPerMille > 0 else { return false }
        return Hash32(mixing: settings.seed, 0x51E, epoch, number).words.0 % 1000 < settings.silentRoundsPerMille
    }

    /// Who leads a round. One draw serves three rounds (conflux-pos.md §12 no. 8).
    private func drawLeader(_ number: UInt64) -> (index: Int?, address: String) {
        let draw = Hash32(mixing: settings.seed, 0x1EAD, epoch, (number + 1) / 3).words.0 % max(1, totalPower)
        var sum: UInt64 = 0
        for index in identities.indices where committeeMask & (1 << UInt64(index)) != 0 {
            sum += identities[index].settings.votingPower
            if draw < sum { return (index, identities[index].settings.posAddress) }
        }
        return (nil, otherAddress(draw % max(1, settings.otherVoters)))
    }

    /// The PoS address of one of the other honest voters.
    func otherAddress(_ index: UInt64) -> String { Hash32(mixing: settings.seed, 0x07E5, index).hex }

    private var beforeLastCertified: BlockInfo? {
        if pending.count >= 2 { return pending[pending.count - 2].info }
        if pending.count == 1 { return newestCommittedOfEpoch ?? epochRoot }
        guard let last = newestCommittedOfEpoch else { return nil }
        return committed.count >= 2 && committed[committed.count - 2].info.epoch == epoch
            ? committed[committed.count - 2].info : (last.round > 0 ? epochRoot : nil)
    }

    private mutating func offer(at now: Instant) -> [ChainEvent] {
        round.phase = .voting
        round.deadline = now.advanced(by: round.timeout / 2)
        guard let proposal = round.proposal else { return [] }
        if settings.otherHonestPower > 0 { round.others = .proposal }
        noteQuorum(at: now)
        return [.voteDue(proposal)]
    }

    private mutating func timeOut(at now: Instant) -> [ChainEvent] {
        guard let empty = round.empty else { preconditionFailure("a round has its NIL block from its opening on") }
        round.phase = .timedOut
        round.deadline = now.advanced(by: round.timeout)
        if settings.otherHonestPower > 0 {
            if round.others == .nothing { round.others = .empty }
            round.othersTimedOut = true
        }
        noteQuorum(at: now)
        return [.roundTimedOut(empty)]
    }

    private func power(_ mask: UInt64, withOthers: Bool) -> UInt64 {
        power(of: mask) + (withOthers ? settings.otherHonestPower : 0)
    }

    private var proposalHasQuorum: Bool {
        power(round.proposalMask, withOthers: round.others == .proposal) >= quorumPower
    }
    private var emptyHasQuorum: Bool { power(round.emptyMask, withOthers: round.others == .empty) >= quorumPower }
    private var timeoutHasQuorum: Bool { power(round.timeoutMask, withOthers: round.othersTimedOut) >= quorumPower }

    /// After a quorum half a round timeout is left for the votes of the others (conflux-pos.md §6.2).
    private mutating func noteQuorum(at now: Instant) {
        guard round.quorumAt == nil else { return }
        guard proposalHasQuorum || emptyHasQuorum || (round.phase == .timedOut && timeoutHasQuorum) else { return }
        round.quorumAt = now
        round.deadline = now.advanced(by: round.timeout / 2)
    }

    /// The block of a leader's own process takes the place of the one that stood for it.
    private mutating func adopt(_ id: Hash32) {
        guard !round.isLed else { return }
        round.isLed = true
        round.proposal?.block.id = id
    }

    private mutating func conclude(at now: Instant) -> [ChainEvent] {
        let isNil: Bool
        if proposalHasQuorum {
            isNil = false
        } else if emptyHasQuorum {
            isNil = true
        } else {
            // Only timeouts: a timeout certificate opens the next round without a block.
            openRound(round.number + 1, at: now)
            return [opened]
        }
        guard let proposal = isNil ? round.empty : round.proposal else { return [] }
        let signers = (isNil ? round.emptyMask : round.proposalMask) & committeeMask
        let others = round.others == (isNil ? .empty : .proposal)
        pending.append(
            ChainBlock(
                info: proposal.block, parentID: proposal.parent.id, signers: signers, hasOthers: others,
                miner: isNil ? .none : miner(signers)
            )
        )
        certificates.append(CertificateRecord(at: proposal.block.watermark, committee: committeeMask, signers: signers))
        var events: [ChainEvent] = [
            .certificateClosed(block: proposal.block, isNil: isNil, signers: addresses(in: signers))
        ]
        let next = round.number + 1
        if let target = proposal.commits, commit(upTo: target, at: now, into: &events) {
            openRound(1, at: now)
        } else {
            openRound(next, at: now)
        }
        events.append(opened)
        return events
    }

    /// The event for the open round.
    var opened: ChainEvent { .roundOpened(epoch: epoch, round: round.number, timeout: round.timeout) }

    private func miner(_ signers: UInt64) -> ChainBlock.Miner {
        if let leader = round.leader, round.isLed { return .identity(leader) }
        if settings.otherHonestPower > 0 { return .other(round.number % max(1, settings.otherVoters)) }
        return signers == 0 ? .none : .identity(signers.trailingZeroBitCount)
    }

    /// The addresses of the identities in a mask, in the order of the settings.
    func addresses(in mask: UInt64) -> [String] {
        identities.indices.filter { mask & (1 << UInt64($0)) != 0 }.map { identities[$0].settings.posAddress }
    }
}
