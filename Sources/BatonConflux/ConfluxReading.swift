package import BatonKernel
package import BatonModel

/// What can be asked about a Conflux pair.
package enum ConfluxQuestion: Hashable, Comparable, Sendable {
    /// The voting flag, on the node's one control connection.
    case voting(NodeID)
    /// The process: incarnation, effective voter setting, port.
    case process(NodeID)
    /// The vote-state files and breadcrumbs.
    case files(NodeID)
    /// The node's own view of the ledger.
    case ledger(NodeID)
    /// The PoS address that the node on that very port signs for.
    case identity(NodeID)
    /// The release that `current` points to, and what is staged.
    case release(NodeID)
    /// The network as the reference nodes see it.
    case network
    /// The identity's signatures in recent blocks and its standing, as the reference nodes see them.
    case signatures
    /// Whether the identity was ever elected, by two reference nodes.
    case history
}

/// What an answer says.
package enum ConfluxReading: Hashable, Sendable {
    case voting(VotingReading)
    case process(ProcessReading)
    case files(FilesReading)
    case ledger(LedgerReading)
    /// 64 lower-case hex digits.
    case identity(String)
    case release(ReleaseReading)
    case network(NetworkReading)
    case signatures(SignatureReading)
    case history(HistoryReading)
}

/// - Source: `test_posVotingStatus` (conflux-pos.md §1.5): an in-memory flag only.
package struct VotingReading: Hashable, Sendable {
    package let flag: Bool
    /// A command of ours whose answer has not come, by its method; status on this connection was asked after it
    /// only when this is `nil`.
    package let unanswered: String?
    /// A command of ours may still be in its queue, in doubt or with its token taken away: nothing is placed there before a
    /// restart (safety.md R3).
    package let mayStillRun: Bool
    package init(flag: Bool, unanswered: String?, mayStillRun: Bool? = nil) {
        (self.flag, self.unanswered, self.mayStillRun) = (flag, unanswered, mayStillRun ?? (unanswered != nil))
    }
}

/// The node's process, found by its working folder.
package struct ProcessReading: Hashable, Sendable {
    /// `nil`: no process runs in the node's folder.
    package let incarnation: Incarnation?
    /// Boot of the host.
    package let bootID: String
    /// `pos_started_as_voter` as that process took it (command line, then hydra.toml, then true); `nil` without process.
    package let voterNow: Bool?
    /// The same for the next start by the unit's command.
    package let voterNext: Bool?
    /// Whether the control port is served by that very process.
    package let servesPort: Bool
    /// Stopped by SIGSTOP.
    package let isStopped: Bool
    package init(incarnation: Incarnation?, bootID: String, voterNow: Bool?, voterNext: Bool?, servesPort: Bool, isStopped: Bool) {
        (self.incarnation, self.bootID, self.voterNow) = (incarnation, bootID, voterNow)
        (self.voterNext, self.servesPort, self.isStopped) = (voterNext, servesPort, isStopped)
    }
}

/// One vote-state file.
package enum VoteFile: Hashable, Sendable {
    case absent
    /// A readable file of this identity.
    case held(HeldFile)
    /// A readable file of another identity (64 hex digits).
    case foreign(owner: String)
    /// Zero bytes, malformed, or without the fields needed; the text says which.
    case unreadable(String)

    /// The file, when it is this identity's.
    package var held: HeldFile? {
        guard case .held(let file) = self else { return nil }
        return file
    }
}

/// - Source: `secure_storage.json` (conflux-pos.md §2.2).
package struct HeldFile: Hashable, Sendable {
    package let state: VoteState
    /// `owner_account.last_update`; a younger one means that the file was made anew.
    /// - Unit: seconds since 1970.
    package let ownerStamp: Int64
    /// Whether `last_vote` is null and both rounds are 0: nothing was signed in its epoch.
    package let isFresh: Bool
    /// Whether it has the `waypoint` that ≤ 3.0.x needs.
    package let hasWaypoint: Bool
    package init(state: VoteState, ownerStamp: Int64, isFresh: Bool, hasWaypoint: Bool) {
        (self.state, self.ownerStamp, self.isFresh, self.hasWaypoint) = (state, ownerStamp, isFresh, hasWaypoint)
    }
}

/// The files of one node (`pos_db` and `.baton`).
package struct FilesReading: Hashable, Sendable {
    package let json: VoteFile
    package let save: VoteFile
    /// `secure_storage.json.handed-over.<operation>` by operation.
    package let handedOver: [UInt64: VoteFile]
    /// `secure_storage.json.revoked.<grant>` by grant.
    package let revoked: [UInt64: VoteFile]
    /// `.baton/grant`: the last grant that was placed here.
    package let grant: Grant?
    /// `.baton/cut`: what was under way here.
    package let cut: CutMark?
    /// `.baton/lease`.
    package let lease: LeaseNumber?
    /// `.baton/kept.<operation>.json` of the operation of ``cut``.
    package let kept: VoteFile
    /// `.baton/grant` is there and can't be understood: it was not synced yet when the host lost power.
    package let isGrantTorn: Bool
    package init(
        json: VoteFile, save: VoteFile, handedOver: [UInt64: VoteFile], revoked: [UInt64: VoteFile], grant: Grant?, cut: CutMark?,
        lease: LeaseNumber?, kept: VoteFile, isGrantTorn: Bool = false
    ) {
        (self.json, self.save, self.handedOver, self.revoked) = (json, save, handedOver, revoked)
        (self.grant, self.cut, self.lease, self.kept, self.isGrantTorn) = (grant, cut, lease, kept, isGrantTorn)
    }
}

/// The breadcrumb of a cut beside a node: `.baton/cut` = {"operation":N,"lease":N,"from":NODE or null,"to":NODE}.
package struct CutMark: Hashable, Sendable, JSONCoded {
    package let operation: OperationID
    package let lease: LeaseNumber
    package let from: NodeID?
    package let to: NodeID
    package init(operation: OperationID, lease: LeaseNumber, from: NodeID?, to: NodeID) {
        (self.operation, self.lease, self.from, self.to) = (operation, lease, from, to)
    }
    package var json: JSON {
        [
            "operation": .unsigned(operation.rawValue), "lease": .unsigned(lease.rawValue),
            "from": .optional(from?.rawValue), "to": .string(to.rawValue),
        ]
    }
    package init(json: JSON) throws(JSONError) {
        self.init(
            operation: OperationID(rawValue: try json.count("operation")), lease: LeaseNumber(rawValue: try json.count("lease")),
            from: json["from"]?.string.map(NodeID.init), to: NodeID(try json.text("to"))
        )
    }
}

/// - Source: `pos_getStatus`, `cfx_getStatus`, `debug_currentSyncPhase` on the local port (conflux-pos.md §4.1, §5).
package struct LedgerReading: Hashable, Sendable {
    package let chainID: UInt64
    /// PoS epoch.
    package let epoch: UInt64
    /// PoS block number of the newest committed block.
    package let committed: UInt64
    /// PoW epoch number.
    package let powEpoch: UInt64
    package let phase: String
    package init(chainID: UInt64, epoch: UInt64, committed: UInt64, powEpoch: UInt64, phase: String) {
        (self.chainID, self.epoch, self.committed) = (chainID, epoch, committed)
        (self.powEpoch, self.phase) = (powEpoch, phase)
    }
}

/// The release in use and the staged ones.
package struct ReleaseReading: Hashable, Sendable {
    /// Name of the folder that `current` points to.
    package let current: String
    /// From its `release.json`.
    package let version: String
    /// `cfx_clientVersion` of the running process, or `nil` when it does not answer.
    package let running: String?
    /// Names of complete release folders.
    package let staged: [String]
    package init(current: String, version: String, running: String?, staged: [String]) {
        (self.current, self.version, self.running, self.staged) = (current, version, running, staged)
    }
}

/// The network by its reference nodes: the highest of what they say.
package struct NetworkReading: Hashable, Sendable {
    package let chainID: UInt64
    package let epoch: UInt64
    package let committed: UInt64
    package let powEpoch: UInt64
    /// Highest (epoch, round) of any block seen, certified or not.
    package let highest: Watermark
    /// How many reference nodes answered.
    package let sources: Int
    /// PoS blocks until the last block of this epoch commits.
    package let blocksLeft: UInt64
    package init(chainID: UInt64, epoch: UInt64, committed: UInt64, powEpoch: UInt64, highest: Watermark, sources: Int, blocksLeft: UInt64)
    {
        (self.chainID, self.epoch, self.committed, self.powEpoch) = (chainID, epoch, committed, powEpoch)
        (self.highest, self.sources, self.blocksLeft) = (highest, sources, blocksLeft)
    }
}

/// The identity on the chain.
package struct SignatureReading: Hashable, Sendable {
    /// The newest block in which its signature is counted.
    package let highest: Watermark?
    package let inCommittee: Bool
    package let isForceRetired: Bool
    package init(highest: Watermark?, inCommittee: Bool, isForceRetired: Bool) {
        (self.highest, self.inCommittee, self.isForceRetired) = (highest, inCommittee, isForceRetired)
    }
}

/// Whether the key ever voted, as far as two reference nodes can tell.
package struct HistoryReading: Hashable, Sendable {
    /// How many reference nodes showed an account without any lock, queue or retirement, and no committee or election with it.
    package let showNever: Int
    /// How many showed the contrary.
    package let showEver: Int
    package init(showNever: Int, showEver: Int) { (self.showNever, self.showEver) = (showNever, showEver) }
}
