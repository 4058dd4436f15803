import BatonModel

extension NodeModel {
    /// Follows the chain, and votes if it may.
    package mutating func observe(
        _ event: ChainEvent, disk: inout some NodeDisk, wallSeconds: Int64
    ) -> [SignedVote] {
        guard horizon != nil, !isLoopBusy else { return [] }
        horizon?.wallSeconds = wallSeconds
        switch event {
        case .roundOpened(_, let round, _):
            horizon?.round = round
            horizon?.powEpoch += 60
            sentVote = nil
        case .voteDue(let proposal):
            horizon?.votedHeight = proposal.block.version
            return voteDue(proposal, disk: &disk, wallSeconds: wallSeconds)
        case .roundTimedOut(let proposal):
            return timedOut(proposal, disk: &disk, wallSeconds: wallSeconds)
        case .certificateClosed(let block, _, _):
            horizon?.highestCertifiedRound = block.round
            horizon?.votedHeight = block.version
        case .committed(let height, _):
            horizon?.committedHeight = height
        case .epochBegan(let epoch, let committee):
            horizon?.epoch = epoch
            horizon?.round = 0
            horizon?.highestCertifiedRound = 0
            horizon?.committee = committee
            let (height, length) = (horizon?.committedHeight ?? 0, horizon?.roundsPerEpoch ?? 0)
            horizon?.epochEndHeight = height + length
            horizon?.votedHeight = height
            sentVote = nil
            initializeRules(epoch: epoch, committee: committee, disk: &disk, wallSeconds: wallSeconds)
        case .disputed, .forceRetired: break
        }
        return []
    }

    private mutating func voteDue(
        _ proposal: Proposal, disk: inout some NodeDisk, wallSeconds: Int64
    ) -> [SignedVote] {
        guard isVoting, mayVote(in: proposal.block.watermark) else { return [] }
        var offered = proposal
        if proposal.leader == settings.posAddress {
            // Every voting process of the leader makes a block of its own (conflux-pos.md §12 no. 7).
            offered.block.id = Hash32(
                mixing: proposal.block.id.words.0, proposal.block.id.words.1, Hash32.number(of: settings.incarnation)
            )
        }
        guard let vote = sign(offered, disk: &disk, wallSeconds: wallSeconds) else { return [] }
        return [vote]
    }

    private mutating func timedOut(
        _ proposal: Proposal, disk: inout some NodeDisk, wallSeconds: Int64
    ) -> [SignedVote] {
        guard isVoting, mayVote(in: proposal.block.watermark) else { return [] }
        var vote: SignedVote?
        if let sentVote, sentVote.watermark == proposal.block.watermark {
            vote = sentVote
        } else {
            vote = sign(proposal, disk: &disk, wallSeconds: wallSeconds)
        }
        guard var vote, mayTimeOut(proposal.block, disk: &disk, wallSeconds: wallSeconds) else { return [] }
        vote.isTimeout = true
        return [vote]
    }

    /// Whether ConsensusDB knows of no vote in this round by a process before this one (conflux-pos.md §2.4).
    private func mayVote(in mark: Watermark) -> Bool { rememberedVote != mark || sentVote?.watermark == mark }

    /// Signs a vote by rules 1–4, and writes it before it leaves.
    ///
    /// - Source: conflux-pos.md §2.3, §2.5.
    private mutating func sign(
        _ proposal: Proposal, disk: inout some NodeDisk, wallSeconds: Int64
    ) -> SignedVote? {
        let (epoch, round) = (proposal.block.epoch, proposal.block.round)
        guard hasSigner else {
            note("validator_signer is not set, SafetyRules is not initialized")
            return nil
        }
        do {
            var data = try storage.safetyData(&disk)
            guard isEpoch(epoch, data) else { return nil }
            if let last = data.lastVote, last.at == proposal.block.watermark { return again(last, proposal) }
            guard proposal.parent.round >= data.preferredRound else {
                note("Provided round, \(proposal.parent.round), is incompatible with preferred round, \(data.preferredRound)")
                return nil
            }
            data.preferredRound = max(data.preferredRound, proposal.grandparentRound)
            guard round > data.lastVotedRound else {
                note("Provided round, \(round), is incompatible with last voted round, \(data.lastVotedRound)")
                return nil
            }
            let vote = SignedVote(
                author: settings.posAddress, signer: settings.name, incarnation: settings.incarnation,
                proposal: proposal, isTimeout: false
            )
            data.lastVotedRound = round
            data.lastVote = StoredVote(vote)
            try storage.setSafetyData(data, &disk, wallSeconds: wallSeconds)
            remember(vote, disk: &disk)
            return vote
        } catch {
            note(error.text)
            return nil
        }
    }

    /// Rule 1, and the verifier of the same epoch, which only an epoch's start renews.
    private mutating func isEpoch(_ epoch: UInt64, _ data: SafetyData) -> Bool {
        guard epoch == data.epoch else {
            note("Provided epoch, \(epoch), does not match expected epoch, \(data.epoch)")
            return false
        }
        guard epoch == rulesEpoch else {
            note("Invalid QuorumCertificate: the verifier is not of epoch \(epoch)")
            return false
        }
        return true
    }

    /// Rule 2: the same vote again, never a second one.
    private mutating func again(_ last: StoredVote, _ proposal: Proposal) -> SignedVote {
        let vote = SignedVote(
            author: settings.posAddress, signer: settings.name, incarnation: settings.incarnation, block: last.block,
            parent: last.parent, commits: proposal.commits,
            isNil: proposal.isNil && last.block.id == proposal.block.id, isTimeout: false
        )
        sentVote = vote
        return vote
    }

    /// ConsensusDB keeps the last vote; a full disk there does not hold the vote back.
    private mutating func remember(_ vote: SignedVote, disk: inout some NodeDisk) {
        sentVote = vote
        rememberedVote = vote.watermark
        try? disk.write(SafetyFile.lastVote, Array(vote.watermark.description.utf8))  // As upstream: not synced, not vital.
    }

    /// Rule 5: a timeout needs r > P and r ≥ L; it raises L to r and writes the file (conflux-pos.md §12 no. 12).
    private mutating func mayTimeOut(
        _ block: BlockInfo, disk: inout some NodeDisk, wallSeconds: Int64
    ) -> Bool {
        do {
            var data = try storage.safetyData(&disk)
            guard isEpoch(block.epoch, data) else { return false }
            guard block.round > data.preferredRound else {
                note("Provided round, \(block.round), is incompatible with preferred round, \(data.preferredRound)")
                return false
            }
            guard block.round >= data.lastVotedRound else {
                note("Provided round, \(block.round), is incompatible with last voted round, \(data.lastVotedRound)")
                return false
            }
            guard block.round > data.lastVotedRound else { return true }
            data.lastVotedRound = block.round
            try storage.setSafetyData(data, &disk, wallSeconds: wallSeconds)
            return true
        } catch {
            note(error.text)
            return false
        }
    }
}
