package import BatonModel

extension ChainModel {
    /// Fault: the epoch ends at once, with all certified blocks committed and the open round abandoned.
    package mutating func rollEpochNow(at now: Instant) -> [ChainEvent] {
        clock = max(clock, now)
        var events: [ChainEvent] = []
        // Blocks behind the epoch's last one never commit.
        let real = pending.enumerated().filter { $0.offset == 0 || $0.element.info.version > pending[$0.offset - 1].info.version }
        let kept = real.map(\.element)
        if let last = kept.last {
            committed += kept
            events.append(.committed(height: committedHeight, round: last.info.round))
        }
        pending = []
        fileDisputes(into: &events)
        beginEpoch(at: now, into: &events)
        openRound(1, at: now)
        events.append(opened)
        return events
    }

    /// Commits a certified block and all before it.
    ///
    /// - Returns: whether that ended the epoch.
    mutating func commit(upTo target: BlockInfo, at now: Instant, into events: inout [ChainEvent]) -> Bool {
        guard let index = pending.firstIndex(where: { $0.info.round == target.round }) else { return false }
        var count = index + 1
        // Blocks behind the epoch's last one never commit: the epoch is over before.
        if let end = pending.firstIndex(where: { $0.info.version == epochEndHeight }) { count = min(count, end + 1) }
        let newest = pending[count - 1].info
        committed += pending[..<count]
        pending.removeFirst(count)
        lastCommittedRound = newest.round
        events.append(.committed(height: committedHeight, round: newest.round))
        fileDisputes(into: &events)
        guard newest.version == epochEndHeight else { return false }
        beginEpoch(at: now, into: &events)
        return true
    }

    private mutating func fileDisputes(into events: inout [ChainEvent]) {
        for (index, mark) in pendingDisputes {
            identities[index].disputes += 1
            // Since CIP-156: everything is locked for 518,400 views (conflux-pos.md §6.6).
            identities[index].outUntil = committedHeight + 518_400
            events.append(.disputed(posAddress: identities[index].settings.posAddress, at: mark))
        }
        pendingDisputes = []
    }

    /// Ends the epoch and begins the next one; the caller opens its first round.
    private mutating func beginEpoch(at now: Instant, into events: inout [ChainEvent]) {
        retireSilentMembers(into: &events)
        let last = committed.last?.info ?? epochRoot
        epoch += 1
        pending = []
        lastCommittedRound = 0
        epochStartHeight = committedHeight
        epochEndHeight = committedHeight + settings.roundsPerEpoch
        epochRoot = BlockInfo(
            epoch: epoch, round: 0, id: Hash32(mixing: last.id.words.0, epoch, 0x60), version: committedHeight,
            timestampMicroseconds: last.timestampMicroseconds, endsEpoch: false, pivotHeight: last.pivotHeight
        )
        for index in identities.indices {
            guard let until = identities[index].outUntil, committedHeight >= until else { continue }
            identities[index].outUntil = nil
            identities[index].forceRetired = nil
        }
        seatCommittee()
        events.append(.epochBegan(epoch: epoch, committee: committee))
    }

    /// The force-retire rule: no signature in this epoch and none in the two before.
    ///
    /// Votes for the epoch's last block never count (conflux-pos.md §6.4 and §12 no. 2).
    private mutating func retireSilentMembers(into events: inout [ChainEvent]) {
        var signers: UInt64 = 0
        var hasBlocks = false
        for block in committed.reversed() {
            guard block.info.epoch == epoch else { break }
            guard block.info.version != epochEndHeight else { continue }
            signers |= block.signers
            hasBlocks = true
        }
        // An epoch that a fault cut off before its first block is no evidence against anybody.
        guard hasBlocks else { return }
        let recent = signersOfPastEpochs.reduce(signers, |)
        for index in identities.indices where committeeMask & (1 << UInt64(index)) != 0 && recent & (1 << UInt64(index)) == 0 {
            guard identities[index].outUntil == nil else { continue }
            identities[index].forceRetired = committedHeight
            identities[index].outUntil = committedHeight + settings.outPeriod
            events.append(.forceRetired(posAddress: identities[index].settings.posAddress, height: committedHeight))
        }
        signersOfPastEpochs = Array((signersOfPastEpochs + [signers]).suffix(2))
    }

    /// Seats whoever has votes that can serve.
    mutating func seatCommittee() {
        committeeMask = 0
        for index in identities.indices where identities[index].settings.inCommittee && identities[index].availableVotes > 0 {
            committeeMask |= 1 << UInt64(index)
        }
        committee = addresses(in: committeeMask).sorted()
        seats.append((epoch, epochStartHeight + 1, committeeMask))
    }
}
