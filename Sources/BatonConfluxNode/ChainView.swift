package import BatonModel

/// How far somebody sees the chain: the chain itself to its end, a node as far as it has come.
package struct ChainView: Hashable, Sendable {
    /// PoS epoch; flips when the last block of the previous epoch commits.
    package var epoch: UInt64
    /// The open round; 0 before the first.
    package var round: UInt64
    /// PoS height of the newest committed block.
    package var committedHeight: UInt64
    /// PoS height of the newest executed block (`latestVoted`).
    package var votedHeight: UInt64
    /// PoS height of the block that ends ``epoch``.
    package var epochEndHeight: UInt64
    /// PoS heights per epoch.
    package var roundsPerEpoch: UInt64
    /// Round of the highest certificate of the epoch; 0 when there is none yet.
    package var highestCertifiedRound: UInt64
    /// PoW epoch number (tree-graph height).
    package var powEpoch: UInt64
    /// PoS addresses (64 hex, sorted) of the identities that serve in ``epoch``; other honest voters are left out.
    package var committee: [String]
    /// The chain's clock when this was seen; the clock of nodes in scenario mode.
    package var instant: Instant
    /// Wall clock in whole seconds since 1970 when this was seen.
    package var wallSeconds: Int64

    package init(
        epoch: UInt64, round: UInt64, committedHeight: UInt64, votedHeight: UInt64, highestCertifiedRound: UInt64,
        powEpoch: UInt64, committee: [String], instant: Instant, wallSeconds: Int64, epochEndHeight: UInt64,
        roundsPerEpoch: UInt64
    ) {
        (self.epoch, self.round, self.committedHeight, self.votedHeight) = (epoch, round, committedHeight, votedHeight)
        (self.highestCertifiedRound, self.powEpoch) = (highestCertifiedRound, powEpoch)
        (self.committee, self.instant, self.wallSeconds) = (committee, instant, wallSeconds)
        (self.epochEndHeight, self.roundsPerEpoch) = (epochEndHeight, roundsPerEpoch)
    }
}

extension ChainView: JSONCoded {
    package var json: JSON {
        [
            "epoch": .unsigned(epoch), "round": .unsigned(round), "committedHeight": .unsigned(committedHeight),
            "votedHeight": .unsigned(votedHeight), "highestCertifiedRound": .unsigned(highestCertifiedRound),
            "powEpoch": .unsigned(powEpoch), "epochEndHeight": .unsigned(epochEndHeight),
            "roundsPerEpoch": .unsigned(roundsPerEpoch), "committee": .array(committee.map(JSON.string)),
            "instantNanoseconds": .integer(instant.nanoseconds), "wallSeconds": .integer(wallSeconds),
        ]
    }

    package init(json: JSON) throws(JSONError) {
        self.init(
            epoch: try json.count("epoch"), round: try json.count("round"),
            committedHeight: try json.count("committedHeight"), votedHeight: try json.count("votedHeight"),
            highestCertifiedRound: try json.count("highestCertifiedRound"), powEpoch: try json.count("powEpoch"),
            committee: (try json.need("committee").array ?? []).compactMap(\.string),
            instant: Instant(nanoseconds: try json.need("instantNanoseconds").integer ?? 0),
            wallSeconds: try json.need("wallSeconds").integer ?? 0, epochEndHeight: try json.count("epochEndHeight"),
            roundsPerEpoch: try json.count("roundsPerEpoch")
        )
    }
}
