package import BatonModel

/// A version of the node software that the model behaves as.
package enum NodeVersion: String, Hashable, Sendable, CaseIterable {
    case v3_0_3 = "3.0.3"
    case v3_1_0 = "3.1.0"

    /// Whether the version writes and needs `waypoint` (conflux-pos.md §2.9).
    package var needsWaypoint: Bool { self == .v3_0_3 }
}

/// What a node process is started with.
package struct NodeSettings: Hashable, Sendable {
    /// The node's name in transcripts and evidence.
    package var name: String
    /// Version of the binary.
    package var version: NodeVersion
    /// PoS address of its `pos_key`: 64 hex.
    package var posAddress: String
    /// The effective `pos_started_as_voter`.
    package var startedAsVoter: Bool
    /// Version whose release the `pos_config.yaml` came from; another than ``version`` refuses to start (strict parsing).
    package var configVersion: NodeVersion
    /// The process (see ``SignedVote/incarnation``).
    package var incarnation: String
    /// Core Space chain id.
    package var chainID: UInt64
    /// `base.data_dir` as it appears in error texts; may be relative.
    package var dataFolder: String
    /// Peers that `test_getPeerInfo` shows.
    package var peers: Int
    /// False: the PoW chain is below the PoS height, and every operator call says `Pos not initialized!`.
    package var isPoSInitialized: Bool
    /// Whether lines for `pos.log` are collected (``NodeModel/drainLog()``).
    package var keepsLog: Bool

    package init(
        name: String, version: NodeVersion = .v3_0_3, posAddress: String, startedAsVoter: Bool = false,
        configVersion: NodeVersion? = nil, incarnation: String = "", chainID: UInt64 = 1029,
        dataFolder: String = "./pos_db", peers: Int = 5, isPoSInitialized: Bool = true, keepsLog: Bool = false
    ) {
        (self.name, self.version, self.posAddress) = (name, version, posAddress)
        (self.startedAsVoter, self.configVersion) = (startedAsVoter, configVersion ?? version)
        (self.incarnation, self.chainID, self.dataFolder) = (incarnation, chainID, dataFolder)
        (self.peers, self.isPoSInitialized, self.keepsLog) = (peers, isPoSInitialized, keepsLog)
    }
}

/// Where the PoW side of a node is.
///
/// - Source: conflux-pos.md §5 (`debug_currentSyncPhase`).
package enum SyncPhase: String, Hashable, Sendable, CaseIterable {
    case recoverHeaders = "CatchUpRecoverBlockHeaderFromDbPhase"
    case syncHeaders = "CatchUpSyncBlockHeaderPhase"
    case checkpoint = "CatchUpCheckpointPhase"
    case fillBodies = "CatchUpFillBlockBodyPhase"
    case syncBlocks = "CatchUpSyncBlockPhase"
    case normal = "NormalSyncPhase"
}

/// The end of a node process by its own fault.
package struct NodePanic: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text that lands on standard error.
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// When the in-memory voting flag last changed, on the clock that was handed in.
package struct VotingStamps: Hashable, Sendable {
    /// The last change from voting to not voting.
    package var cleared: Instant?
    /// The last change from not voting to voting.
    package var set: Instant?
    package init() {}
}
