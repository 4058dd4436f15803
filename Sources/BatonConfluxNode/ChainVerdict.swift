package import BatonModel

/// What the chain knows about the votes of one identity: the judgement that no controller's opinion enters.
package struct ChainVerdict: Hashable, Sendable {
    /// Two different votes of one identity in one round.
    package struct Conflict: Hashable, Sendable {
        package let at: Watermark
        /// The processes that signed, in the order of arrival (one process twice if it contradicts itself).
        package let by: [String]
    }
    /// Two processes that signed in one round, alike or not.
    package struct Overlap: Hashable, Sendable {
        package let at: Watermark
        package let by: [String]
    }
    /// A run of rounds that one process signed.
    package struct Span: Hashable, Sendable {
        package let by: String
        package let first: Watermark
        package let last: Watermark
        /// Rounds in the run that it signed.
        package let votes: Int
    }

    package let posAddress: String
    /// Only rounds from here on are judged; `nil`: all.
    package let since: Watermark?
    /// Rounds whose certificate closed while the identity was in the committee.
    package let rounds: Int
    /// Rounds in which at least one vote of the identity was seen.
    package let votesCast: Int
    /// Rounds whose certificate lacks us, the stop's round included.
    package let missed: [Watermark]
    package let conflicting: [Conflict]
    package let overlap: [Overlap]
    /// Who signed, in the order of the chain.
    package let voters: [Span]
    /// Dispute transactions.
    package let disputes: Int
    /// Height of the forced retirement, if there was one.
    package let forceRetired: UInt64?

    /// Whether nothing is wrong but, perhaps, missed votes.
    package var isSafe: Bool { conflicting.isEmpty && overlap.isEmpty && disputes == 0 }

    package var json: JSON {
        func list(_ marks: [(Watermark, [String])]) -> JSON {
            .array(marks.map { ["at": .string($0.0.description), "by": .array($0.1.map(JSON.string))] })
        }
        return [
            "posAddress": .string(posAddress), "since": .optional(since?.description),
            "rounds": .integer(Int64(rounds)), "votesCast": .integer(Int64(votesCast)),
            "missed": .array(missed.map { .string($0.description) }),
            "conflicting": list(conflicting.map { ($0.at, $0.by) }), "overlap": list(overlap.map { ($0.at, $0.by) }),
            "voters": .array(
                voters.map {
                    [
                        "by": .string($0.by), "first": .string($0.first.description),
                        "last": .string($0.last.description), "votes": .integer(Int64($0.votes)),
                    ]
                }
            ),
            "disputes": .integer(Int64(disputes)), "forceRetired": forceRetired.map(JSON.unsigned) ?? .null,
            "safe": .bool(isSafe),
        ]
    }
}
