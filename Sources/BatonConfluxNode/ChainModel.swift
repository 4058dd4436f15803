package import BatonModel

/// The chain that everybody votes on: rounds, certificates, epochs and the evidence of every vote.
///
/// It has no timer. The caller sleeps until ``nextDeadline``, calls ``advance(to:)``, gives the events to every node and
/// hands the votes that come back to ``receive(_:at:)``. Scenario mode calls ``stepRound(_:)`` instead.
package struct ChainModel: Sendable {
    package let settings: ChainSettings
    package init(_ settings: ChainSettings) { self.settings = settings }

    /// The moment at which ``advance(to:)`` has something to do.
    package var nextDeadline: Instant { fatalError("body follows") }
    /// The open round as everybody up to date sees it.
    package var view: ChainView { fatalError("body follows") }
    /// Does what is due, at most one deadline per call; nothing when `now` is before ``nextDeadline``.
    ///
    /// Timers restart from `now`, so a late caller makes a long round and never a lost one.
    package mutating func advance(to now: Instant) -> [ChainEvent] { fatalError("body follows") }
    /// One whole round without a timer: the clock jumps to each deadline.
    ///
    /// - Parameter deliver: gives events to every node, in order, and returns their votes.
    /// - Returns: all events; without a `roundOpened` the round found no quorum and stays open after its timeout.
    package mutating func stepRound(_ deliver: ([ChainEvent]) -> [SignedVote]) -> [ChainEvent] { fatalError("body follows") }
    /// Fault: the epoch ends at once, with all certified blocks committed and the open round abandoned.
    package mutating func rollEpochNow(at now: Instant) -> [ChainEvent] { fatalError("body follows") }
    /// Fault: the next `count` rounds have no proposal and time out.
    package mutating func silence(rounds count: UInt64) { fatalError("body follows") }
    /// Takes a vote: counts it when it is in time, and keeps it as evidence in any case.
    package mutating func receive(_ vote: SignedVote, at now: Instant) { fatalError("body follows") }
    /// Answers a reading method (`pos_*`, `cfx_*`, `txpool_status`) as a node that has come as far as `horizon`.
    ///
    /// - Parameter version: decides the shape of errors and `cfx_clientVersion`.
    package func read(
        _ method: String, _ params: [JSON], horizon: ChainView? = nil, version: NodeVersion? = nil
    ) -> RPCReply { fatalError("body follows") }
    /// The judgement over one identity.
    ///
    /// - Returns: `nil` when the chain knows no such identity.
    package func verdict(of posAddress: String, since: Watermark? = nil) -> ChainVerdict? { fatalError("body follows") }
}
