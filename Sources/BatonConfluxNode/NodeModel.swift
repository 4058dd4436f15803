import BatonModel

/// One process of the node software: its voting flag, its safety data and what it answers.
///
/// A value per process: after a kill make a new one and ``boot(disk:chain:wallSeconds:isCatchingUp:)`` it on the same disk.
package struct NodeModel: Sendable {
    package let settings: NodeSettings
    /// The in-memory voting flag: what `test_posVotingStatus` answers.
    package internal(set) var isVoting = false
    /// When the flag changed.
    package internal(set) var stamps = VotingStamps()
    /// What `debug_currentSyncPhase` answers; while it is not normal the loop is busy and events are ignored.
    package internal(set) var phase = SyncPhase.normal
    /// How far this node has come; `nil` before the start.
    package internal(set) var horizon: ChainView?
    /// True after `test_stop`: the process is to end in good order.
    package internal(set) var isAskedToStop = false
    /// True after `test_posStopElection`, until the process ends.
    package internal(set) var hasStoppedElections = false
    /// The first height at which the node serves no longer, fixed by the first `test_posStopElection`.
    var servesUntil: UInt64?
    /// The safety file.
    var storage = SecureStorage()
    /// The epoch that SafetyRules were last initialised for; votes of another epoch fail.
    var rulesEpoch: UInt64?
    /// Whether the validator signer is there: the owner fits and is in the committee.
    var hasSigner = false
    /// The owner that 3.1 remembers from the start (conflux-pos.md §12 no. 3).
    var rememberedOwner: String?
    /// The vote of the open round, if it was sent by this process.
    var sentVote: SignedVote?
    /// The place of the last vote by ConsensusDB, written by this process or one before it.
    var rememberedVote: Watermark?
    private var log: [String] = []

    package init(_ settings: NodeSettings) { self.settings = settings }

    /// Starts the process (conflux-pos.md §2.4).
    ///
    /// - Parameter isCatchingUp: stays in `CatchUpSyncBlockPhase` until ``finishCatchUp(disk:chain:wallSeconds:)``.
    /// - Throws: ``NodePanic`` with the text for standard error; the process is dead then.
    package mutating func boot(
        disk: inout some NodeDisk, chain: ChainView, wallSeconds: Int64, isCatchingUp: Bool = false
    ) throws(NodePanic) {
        try checkConfig()
        let isFresh: Bool
        do {
            isFresh = try storage.open(
                &disk, owner: settings.posAddress, version: settings.version, wallSeconds: wallSeconds
            )
        } catch {
            throw NodePanic("Unable to initialize backend storage: \(error.inner)")
        }
        if !isFresh { note("Attempted to re-initialize existing storage") }
        rememberedOwner = try? storage.owner(&disk)  // Without an owner the node runs and can't sign.
        rememberedVote = Self.lastVote(&disk)
        horizon = chain
        phase = isCatchingUp ? .syncBlocks : .normal
        if settings.startedAsVoter {
            isVoting = true
            stamps.set = chain.instant
        }
        initializeRules(epoch: chain.epoch, committee: chain.committee, disk: &disk, wallSeconds: wallSeconds)
    }

    /// A release that has the configuration of another version does not start.
    ///
    /// - Source: conflux-pos.md §3.2 and §8 no. 29 (strict parsing both ways).
    private func checkConfig() throws(NodePanic) {
        switch (settings.version, settings.configVersion) {
        case (.v3_0_3, .v3_0_3), (.v3_1_0, .v3_1_0): return
        case (.v3_1_0, .v3_0_3): throw NodePanic("Failed to load node config: e=base: unknown field `role`")
        case (.v3_0_3, .v3_1_0): throw NodePanic("Failed to load node config: e=base: missing field `waypoint`")
        }
    }

    private static func lastVote(_ disk: inout some NodeDisk) -> Watermark? {
        guard let bytes = try? disk.read(SafetyFile.lastVote) else { return nil }  // An unreadable ConsensusDB remembers nothing.
        let parts = bytes.split(separator: UInt8(ascii: "/")).map { UInt64(String(decoding: $0, as: UTF8.self)) }
        guard parts.count == 2, let epoch = parts[0], let round = parts[1] else { return nil }
        return Watermark(epoch: epoch, round: round)
    }

    /// Ends the catch-up: the node is where the chain is, and its loop goes on.
    package mutating func finishCatchUp(disk: inout some NodeDisk, chain: ChainView, wallSeconds: Int64) {
        let before = horizon?.epoch
        phase = .normal
        isBehind = false
        horizon = chain
        sentVote = nil
        if before != chain.epoch {
            initializeRules(epoch: chain.epoch, committee: chain.committee, disk: &disk, wallSeconds: wallSeconds)
        }
    }

    /// Fault: the node falls behind; it ignores events and its loop is busy until
    /// ``finishCatchUp(disk:chain:wallSeconds:)``, while the phase stays normal (conflux-pos.md §5).
    package mutating func fallBehind() { isBehind = true }
    /// Whether the loop awaits blocks.
    package var isLoopBusy: Bool { phase != .normal || isBehind }
    /// Whether the node fell behind without leaving the normal phase.
    var isBehind = false

    /// Initialises SafetyRules for an epoch; on failure they stay as they were and the node is mute.
    ///
    /// - Source: conflux-pos.md §2.5, §2.9, §8 no. 9–11, §12 no. 3 and 5.
    mutating func initializeRules(
        epoch: UInt64, committee: [String], disk: inout some NodeDisk, wallSeconds: Int64
    ) {
        do throws(StorageError) {
            if settings.version.needsWaypoint { _ = try storage.load(&disk).value("waypoint") }
            let data = try storage.safetyData(&disk)
            if data.epoch < epoch {
                let fresh = SafetyData.unvoted(in: epoch)
                do throws(StorageError) {
                    try storage.setSafetyData(fresh, &disk, wallSeconds: wallSeconds)
                } catch {
                    // 3.0.x goes on with what it has in memory; 3.1 has dropped it.
                    if settings.version.needsWaypoint { storage.cached = data }
                    throw error
                }
            }
            let owner: String
            if !settings.version.needsWaypoint, let rememberedOwner {
                owner = rememberedOwner
            } else {
                owner = try storage.owner(&disk)
            }
            rulesEpoch = epoch
            hasSigner = owner == settings.posAddress && committee.contains(settings.posAddress)
            if owner != settings.posAddress { note("author in secure_storage does not match PoS keys!") }
        } catch {
            note("Unable to initialize safety rules. \(error.text)")
        }
    }

    /// The lines for `pos.log` since the last call (``NodeSettings/keepsLog``).
    package mutating func drainLog() -> [String] {
        defer { log = [] }
        return log
    }

    /// Adds a line for `pos.log`.
    mutating func note(_ line: @autoclosure () -> String) {
        guard settings.keepsLog else { return }
        log.append(line())
    }
}
