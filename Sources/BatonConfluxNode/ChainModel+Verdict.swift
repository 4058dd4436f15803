package import BatonModel

extension ChainModel {
    /// Keeps a vote as evidence, and files a dispute when it contradicts an earlier one in the open round.
    ///
    /// - Source: conflux-pos.md §6.6: both votes must reach a committee member while it is in that round.
    mutating func keepEvidence(_ vote: SignedVote, of index: Int, isCurrent: Bool) {
        let entry = EvidenceRound.Entry(hash: vote.ledgerHash.words.0, voter: voterNumber(vote))
        let mark = vote.watermark
        guard var seen = identities[index].evidence[mark] else {
            identities[index].evidence[mark] = EvidenceRound(first: entry)
            return
        }
        guard seen.first != entry, !seen.more.contains(entry) else { return }
        let contradicts = seen.first.hash != entry.hash
        seen.more.append(entry)
        identities[index].evidence[mark] = seen
        guard contradicts, isCurrent, !pendingDisputes.contains(where: { $0.identity == index && $0.at == mark }) else { return }
        // Each offence epoch is punishable once (conflux-pos.md §6.6).
        if !identities[index].disputedEpochs.contains(mark.epoch) {
            identities[index].disputedEpochs.append(mark.epoch)
            pendingDisputes.append((index, mark))
        }
    }

    private mutating func voterNumber(_ vote: SignedVote) -> UInt32 {
        let process = SigningProcess(node: vote.signer, incarnation: vote.incarnation)
        if let number = voterNumbers[process] { return number }
        let number = UInt32(voterNames.count)
        voterNames.append(process.name)
        voterNumbers[process] = number
        return number
    }

    /// The judgement over one identity.
    ///
    /// - Returns: `nil` when the chain knows no such identity.
    package func verdict(of posAddress: String, since: Watermark? = nil) -> ChainVerdict? {
        guard let index = indexOfIdentity[posAddress] else { return nil }
        let bit = UInt64(1) << UInt64(index)
        let from = since ?? Watermark(epoch: 0, round: 0)
        let served = certificates.filter { $0.at >= from && $0.committee & bit != 0 }
        let record = identities[index]
        let marks = record.evidence.keys.filter { $0 >= from }.sorted()
        var conflicting: [ChainVerdict.Conflict] = []
        var overlap: [ChainVerdict.Overlap] = []
        var spans = SpanBuilder()
        for mark in marks {
            guard let seen = record.evidence[mark] else { continue }
            spans.add(mark, voterNames[Int(seen.first.voter)])
            guard !seen.more.isEmpty else { continue }
            let names = seen.all.map { voterNames[Int($0.voter)] }
            if seen.more.contains(where: { $0.hash != seen.first.hash }) {
                conflicting.append(ChainVerdict.Conflict(at: mark, by: names))
            }
            let others = seen.more.filter { $0.voter != seen.first.voter }
            var signers = [names[0]]
            for other in others where !signers.contains(voterNames[Int(other.voter)]) {
                signers.append(voterNames[Int(other.voter)])
                spans.add(mark, voterNames[Int(other.voter)])
            }
            if signers.count > 1 { overlap.append(ChainVerdict.Overlap(at: mark, by: signers)) }
        }
        return ChainVerdict(
            posAddress: posAddress, since: since, rounds: served.count, votesCast: marks.count,
            missed: served.filter { $0.signers & bit == 0 }.map(\.at), conflicting: conflicting, overlap: overlap,
            voters: spans.spans, disputes: record.disputes, forceRetired: record.forceRetired
        )
    }

    /// Every process that signed in a round for an identity, in the order of arrival.
    package func voters(of posAddress: String, at mark: Watermark) -> [String] {
        guard let index = indexOfIdentity[posAddress], let seen = identities[index].evidence[mark] else { return [] }
        return seen.all.map { voterNames[Int($0.voter)] }
    }
}

/// One process that signs: two incarnations of one node are two, and so are two nodes with one process number.
struct SigningProcess: Hashable, Sendable {
    /// The node's name.
    let node: String
    /// The process.
    let incarnation: String

    /// `a#1` in scenario mode, `a/4711@…` on real processes.
    var name: String { incarnation.hasPrefix("\(node)#") ? incarnation : "\(node)/\(incarnation)" }
}

/// Gathers runs of rounds per process.
private struct SpanBuilder {
    var spans: [ChainVerdict.Span] = []

    mutating func add(_ mark: Watermark, _ name: String) {
        // Two voters at once alternate: a run goes on while nobody took over in between.
        let index = spans.indices.suffix(2).last { index in
            spans[index].by == name && (index == spans.count - 1 || spans[index].last >= spans[spans.count - 1].first)
        }
        if let index {
            let span = spans[index]
            spans[index] = ChainVerdict.Span(by: name, first: span.first, last: mark, votes: span.votes + 1)
        } else {
            spans.append(ChainVerdict.Span(by: name, first: mark, last: mark, votes: 1))
        }
    }
}
