package import BatonModel

/// What a vote says about one block.
///
/// - Source: conflux-pos.md §2.2 (`BlockInfo`).
package struct BlockInfo: Hashable, Sendable {
    /// PoS epoch.
    package let epoch: UInt64
    /// Round within the epoch; 0 for the block that an epoch begins from.
    package let round: UInt64
    /// The block's name.
    package var id: Hash32
    /// PoS height of the state after the block; blocks behind an epoch's last one do not raise it.
    package let version: UInt64
    /// Microseconds since 1970.
    package let timestampMicroseconds: UInt64
    /// Whether the block ends its epoch and so carries the next epoch's state.
    package let endsEpoch: Bool
    /// PoW height that the PoS chain has decided on.
    package let pivotHeight: UInt64

    package init(
        epoch: UInt64, round: UInt64, id: Hash32, version: UInt64, timestampMicroseconds: UInt64, endsEpoch: Bool,
        pivotHeight: UInt64
    ) {
        (self.epoch, self.round, self.id, self.version) = (epoch, round, id, version)
        (self.timestampMicroseconds, self.endsEpoch, self.pivotHeight) = (timestampMicroseconds, endsEpoch, pivotHeight)
    }

    /// The name of the PoW block that is decided on, without `0x`.
    package var pivotHash: Hash32 { Hash32(mixing: 0x9109, pivotHeight) }
    /// The name of the state after the block.
    package var executedStateID: Hash32 { Hash32(mixing: 0xE5EC, id.words.0, id.words.1) }
    /// Where the block is: (epoch, round).
    package var watermark: Watermark { Watermark(epoch: epoch, round: round) }
}

extension BlockInfo: JSONCoded {
    package var json: JSON {
        [
            "epoch": .unsigned(epoch), "round": .unsigned(round), "id": .string(id.hex), "version": .unsigned(version),
            "timestamp_usecs": .unsigned(timestampMicroseconds), "executed_state_id": .string(executedStateID.hex),
            "next_epoch_state": endsEpoch ? ["epoch": .unsigned(epoch + 1)] : .null,
            "pivot": ["height": .unsigned(pivotHeight), "blockHash": .string("0x" + pivotHash.hex)],
        ]
    }

    package init(json: JSON) throws(JSONError) {
        guard let id = Hash32(hex: try json.text("id")) else { throw JSONError("\"id\" is no hash") }
        let endsEpoch = json["next_epoch_state"].map { !$0.isNull } ?? false
        self.init(
            epoch: try json.count("epoch"), round: try json.count("round"), id: id, version: try json.count("version"),
            timestampMicroseconds: try json.count("timestamp_usecs"), endsEpoch: endsEpoch,
            pivotHeight: json["pivot"]?["height"]?.unsigned ?? 0
        )
    }
}

/// A block that is to be voted on, with what SafetyRules look at.
package struct Proposal: Hashable, Sendable {
    /// The block; a leader's own process replaces the name by that of the block it made (conflux-pos.md §12 no. 7).
    package var block: BlockInfo
    /// The block that the proposal's certificate certifies.
    package let parent: BlockInfo
    /// The block that commits when the proposal is certified, if the three rounds are consecutive.
    package let commits: BlockInfo?
    /// PoS address (64 hex) of the leader; `nil` for a NIL block.
    package let leader: String?
    /// Round of the parent's parent: the two-chain round.
    package let grandparentRound: UInt64

    package init(block: BlockInfo, parent: BlockInfo, commits: BlockInfo?, leader: String?, grandparentRound: UInt64) {
        (self.block, self.parent, self.commits) = (block, parent, commits)
        (self.leader, self.grandparentRound) = (leader, grandparentRound)
    }

    /// Whether this is the empty block that stands for a round without a proposal.
    package var isNil: Bool { leader == nil }
}

extension Proposal: JSONCoded {
    package var json: JSON {
        [
            "block": block.json, "parent": parent.json, "commits": commits?.json ?? .null, "leader": .optional(leader),
            "grandparentRound": .unsigned(grandparentRound),
        ]
    }

    package init(json: JSON) throws(JSONError) {
        let commits: BlockInfo? =
            if let value = json["commits"], !value.isNull { try BlockInfo(json: value) } else { nil }
        self.init(
            block: try BlockInfo(json: try json.need("block")), parent: try BlockInfo(json: try json.need("parent")),
            commits: commits, leader: json["leader"]?.string, grandparentRound: try json.count("grandparentRound")
        )
    }
}
