package import BatonModel

/// One process of the node software: its voting flag, its safety data and what it answers.
///
/// A value per process: after a kill make a new one and ``boot(disk:chain:wallSeconds:isCatchingUp:)`` it on the same disk.
package struct NodeModel: Sendable {
    /// How a method is answered.
    package enum MethodKind: Hashable, Sendable {
        /// By the PoS loop, through ``CommandQueue``.
        case queued
        /// By the process itself, at once.
        case direct
        /// From the chain, as far as ``NodeModel/horizon``: forward to the chain process.
        case reading
        /// -32601.
        case unknown
    }

    package let settings: NodeSettings
    /// The in-memory voting flag: what `test_posVotingStatus` answers.
    package private(set) var isVoting = false
    /// When the flag changed.
    package private(set) var stamps = VotingStamps()
    /// What `debug_currentSyncPhase` answers; while it is not normal the loop is busy and events are ignored.
    package private(set) var phase = SyncPhase.normal
    /// How far this node has come.
    package private(set) var horizon: ChainView?

    package init(_ settings: NodeSettings) { self.settings = settings }

    /// Starts the process (conflux-pos.md §2.4).
    ///
    /// - Parameter isCatchingUp: stays in `CatchUpSyncBlockPhase` until ``finishCatchUp(disk:chain:wallSeconds:)``.
    /// - Throws: ``NodePanic`` with the text for standard error; the process is dead then.
    package mutating func boot(
        disk: inout some NodeDisk, chain: ChainView, wallSeconds: Int64, isCatchingUp: Bool = false
    ) throws(NodePanic) { fatalError("body follows") }

    /// Ends the catch-up: the node is where the chain is, and its loop goes on.
    package mutating func finishCatchUp(disk: inout some NodeDisk, chain: ChainView, wallSeconds: Int64) {
        fatalError("body follows")
    }

    /// Follows the chain, and votes if it may.
    package mutating func observe(
        _ event: ChainEvent, disk: inout some NodeDisk, wallSeconds: Int64
    ) -> [SignedVote] { fatalError("body follows") }

    /// Runs a queued or direct method; a reading one through `reading`, else it is `-32601`.
    ///
    /// Queued methods come here only in the order that ``CommandQueue`` gives.
    package mutating func execute(
        _ method: String, _ params: [JSON], disk: inout some NodeDisk, wallSeconds: Int64, now: Instant,
        reading: ((String, [JSON], ChainView) -> RPCReply)? = nil
    ) -> RPCReply { fatalError("body follows") }

    /// How a method is answered by a 3.x node on its local port.
    package static func kind(of method: String) -> MethodKind { fatalError("body follows") }
    /// Whether the public port serves a method, too (`public_rpc_apis = "safe,pos"`).
    package static func isPublic(_ method: String) -> Bool { fatalError("body follows") }
    /// The error of an operator call that the loop never got (``CommandQueue/Taken/refusal``).
    package func refusal(_ text: String) -> RPCReply { fatalError("body follows") }
    /// The lines for `pos.log` since the last call (``NodeSettings/keepsLog``).
    package mutating func drainLog() -> [String] { fatalError("body follows") }
}
