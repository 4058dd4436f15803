package import BatonModel

/// A vote that left a process: the evidence that every verdict is made from.
package struct SignedVote: Hashable, Sendable {
    /// PoS address (64 hex) of the identity.
    package let author: String
    /// Name of the node whose process signed.
    package let signer: String
    /// The process: devnet `pid@boot`, scenario `a#1`. Two incarnations of one node are two processes.
    package let incarnation: String
    /// The block voted for.
    package let block: BlockInfo
    /// Its parent.
    package let parent: BlockInfo
    /// What commits when the block is certified.
    package let commits: BlockInfo?
    /// Whether the block is the NIL block of its round.
    package let isNil: Bool
    /// Whether a timeout signature comes along.
    package var isTimeout: Bool

    package init(
        author: String, signer: String, incarnation: String, proposal: Proposal, isTimeout: Bool
    ) {
        (self.author, self.signer, self.incarnation) = (author, signer, incarnation)
        (block, parent, commits) = (proposal.block, proposal.parent, proposal.commits)
        (isNil, self.isTimeout) = (proposal.isNil, isTimeout)
    }

    /// A vote read back from a safety file or from the wire.
    package init(
        author: String, signer: String, incarnation: String, block: BlockInfo, parent: BlockInfo, commits: BlockInfo?,
        isNil: Bool, isTimeout: Bool
    ) {
        (self.author, self.signer, self.incarnation) = (author, signer, incarnation)
        (self.block, self.parent, self.commits) = (block, parent, commits)
        (self.isNil, self.isTimeout) = (isNil, isTimeout)
    }

    /// Where the vote is: (epoch, round).
    package var watermark: Watermark { block.watermark }
    /// The hash of what was signed; two of them in one round are an equivocation (conflux-pos.md §6.6).
    package var ledgerHash: Hash32 { Hash32(mixing: 0x1ED6, block.id.words.0, block.id.words.1, parent.id.words.0) }
    /// A signature of 96 bytes as hex, deterministic: BLS signatures are, too.
    package var signature: String { Self.signature(author, ledgerHash) }

    /// The deterministic signature of an author over a hash: 192 hex digits.
    package static func signature(_ author: String, _ hash: Hash32) -> String {
        let name = Hash32.number(of: author)
        return (1...3).map { Hash32(mixing: $0, name, hash.words.0, hash.words.1).hex }.joined()
    }
}

extension SignedVote: JSONCoded {
    package var json: JSON {
        [
            "author": .string(author), "signer": .string(signer), "incarnation": .string(incarnation),
            "block": block.json, "parent": parent.json, "commits": commits?.json ?? .null, "nil": .bool(isNil),
            "timeout": .bool(isTimeout), "signature": .string(signature),
        ]
    }

    package init(json: JSON) throws(JSONError) {
        let commits: BlockInfo? =
            if let value = json["commits"], !value.isNull { try BlockInfo(json: value) } else { nil }
        self.init(
            author: try json.text("author"), signer: try json.text("signer"), incarnation: try json.text("incarnation"),
            block: try BlockInfo(json: try json.need("block")), parent: try BlockInfo(json: try json.need("parent")),
            commits: commits, isNil: json["nil"]?.bool ?? false, isTimeout: json["timeout"]?.bool ?? false
        )
    }
}
