import BatonKernel
package import BatonModel

/// What must be true of a Conflux pair: one rule per case.
package enum ConfluxCondition: Hashable, Sendable {
    /// The flag is true and no command of ours is unanswered.
    case voting(NodeID)
    /// It can't vote: flag false (nothing of ours unanswered) or no process; the next start would not vote either.
    case idle(NodeID)
    /// It answers that it doesn't vote, whatever may still be in its queue.
    case silent(NodeID)
    /// Stopped by `stop_voting`: flag false, `.json` gone, `.save` there.
    case stopped(NodeID)
    /// The same process as when the cut began.
    case sameIncarnation(NodeID)
    /// A process runs, is not suspended and serves the control port itself.
    case running(NodeID)
    case ended(NodeID)
    /// The process that was started has not ended; one that has does not come back by itself.
    case alive(NodeID)
    /// Its process was started with `pos_started_as_voter=false` and is not seen to vote, or none runs; it may be silent.
    case startedIdle(NodeID)
    /// What lies on the node can be read by the release before.
    case canReturn(NodeID, ReleaseReturn)
    /// `pos_started_as_voter` is false for the next start.
    case voterFalse(NodeID)
    case signsFor(NodeID, identity: String)
    case onChain(NodeID, id: UInt64)
    /// NormalSyncPhase, same PoS epoch as the network, at most two blocks behind.
    case synced(NodeID)
    /// Its own `.json` is there, readable and of this identity.
    case ownFile(NodeID)
    case noSave(NodeID)
    /// No vote-state file that is unreadable or of another identity.
    case noStrangeFile(NodeID)
    /// `.save` and `.baton/grant` are what the open grant says.
    case placed(NodeID)
    /// `.save` was renamed to `.handed-over.<operation>` of the last grant.
    case handedOver(NodeID)
    /// `last_voted_round` moved within the last quarter of a round.
    case justAdvanced(NodeID, within: Duration)
    case farFromEpochEnd(blocks: UInt64)
    /// The node's epoch is the epoch of the granted bytes.
    case epochAsGranted(NodeID)
    /// Flag true, `.save` consumed, `.json` at or above the granted bytes.
    case votesFromGrant(NodeID)
    /// A signature above the record is on chain; outside the committee: the flag and the file show it.
    case proven(NodeID)
    /// The vote state of a node that votes moves with the rounds.
    case fileAdvances(NodeID)
    /// Voting with a file of an epoch that is over (conflux-pos.md §2.5).
    case mute(NodeID)
    case onRelease(NodeID, digest: String, version: String)
    case linked(NodeID, digest: String)
    case staged(NodeID, digest: String)
    case marked(NodeID, to: NodeID)
    case kept(NodeID)
    /// Every node was seen unable to vote for the settle time, without a gap.
    case settled(Duration)
    /// The node is in an epoch that began after every fence, with a file that signed nothing.
    case beyondBarrier(NodeID)
    /// The last grant is open and to this node.
    case granted(NodeID)
    /// No open grant.
    case noOpenGrant
    /// At a node ≤ 3.0.x: the bytes that it is to start from have a `waypoint` (conflux-pos.md §2.9).
    case waypointFor(NodeID, from: NodeID)
    /// Two reference nodes show that the key was never elected nor in a committee, and no vote state was handed over.
    case firstEver
    case never
}

extension ConfluxCondition: Told {
    package var rule: RuleID { RuleID("conflux." + name) }

    /// The node that it is about, when it is about one.
    package var node: NodeID? {
        switch self {
        case .voting(let node), .idle(let node), .silent(let node), .stopped(let node), .sameIncarnation(let node), .running(let node),
            .ended(let node),
            .voterFalse(let node), .signsFor(let node, _), .onChain(let node, _), .synced(let node), .ownFile(let node),
            .noSave(let node), .noStrangeFile(let node), .placed(let node), .handedOver(let node), .justAdvanced(let node, _),
            .epochAsGranted(let node), .votesFromGrant(let node), .proven(let node), .fileAdvances(let node), .mute(let node),
            .onRelease(let node, _, _), .linked(let node, _), .staged(let node, _), .marked(let node, _), .kept(let node),
            .beyondBarrier(let node), .granted(let node), .waypointFor(let node, _), .alive(let node), .startedIdle(let node),
            .canReturn(let node, _):
            node
        case .farFromEpochEnd, .settled, .noOpenGrant, .firstEver, .never: nil
        }
    }

    package var json: JSON {
        var members: [String: JSON] = ["is": .string(name)]
        if let node { members["node"] = .string(node.rawValue) }
        switch self {
        case .signsFor(_, let identity): members["identity"] = .string(identity)
        case .onChain(_, let id): members["chain_id"] = .unsigned(id)
        case .farFromEpochEnd(let blocks): members["blocks"] = .unsigned(blocks)
        case .onRelease(_, let digest, let version):
            members["digest"] = .string(digest)
            members["version"] = .string(version)
        case .linked(_, let digest), .staged(_, let digest): members["digest"] = .string(digest)
        case .settled(let time), .justAdvanced(_, let time): members["ms"] = .integer(time.nanoseconds / 1_000_000)
        case .marked(_, let to): members["to"] = .string(to.rawValue)
        case .waypointFor(_, let from): members["from"] = .string(from.rawValue)
        case .canReturn(_, let way): members["way"] = way.json
        default: break
        }
        return .object(members)
    }

    package var words: String {
        switch self {
        case .voting(let node): "\(node) votes"
        case .idle(let node): "\(node) can't vote, and would not after a restart"
        case .silent(let node): "\(node) answers that it does not vote"
        case .stopped(let node): "\(node) has stopped voting and left its vote state as .save"
        case .sameIncarnation(let node): "\(node) is the same process as at the start of the cut"
        case .running(let node): "\(node)'s process runs and serves its control port"
        case .ended(let node): "\(node)'s process has ended"
        case .alive(let node): "\(node)'s process lives"
        case .startedIdle(let node): "\(node) was started with pos_started_as_voter=false and is not seen to vote"
        case .canReturn(let node, let way): "what lies on \(node) can be read by \(way.to)"
        case .voterFalse(let node): "\(node) starts with pos_started_as_voter=false"
        case .signsFor(let node, let identity): "\(node) signs for 0x\(identity.prefix(8))…"
        case .onChain(let node, let id): "\(node) is on chain \(id)"
        case .synced(let node): "\(node) is in sync with the network"
        case .ownFile(let node): "\(node) has its own readable vote state"
        case .noSave(let node): "no .save lies on \(node)"
        case .noStrangeFile(let node): "every vote-state file on \(node) is readable and of this identity"
        case .placed(let node): "the granted vote state lies on \(node) as .save"
        case .handedOver(let node): "\(node)'s .save was renamed to .handed-over"
        case .justAdvanced(let node, _): "\(node) has just voted"
        case .farFromEpochEnd(let blocks): "more than \(blocks) blocks are left in this epoch"
        case .epochAsGranted(let node): "\(node) is in the epoch of the granted vote state"
        case .votesFromGrant(let node): "\(node) votes from the granted vote state"
        case .proven(let node): "a vote of \(node) above the handed-over round is on chain"
        case .fileAdvances(let node): "\(node)'s vote state moves with the rounds"
        case .mute(let node): "\(node) is mute: its vote state is of an epoch that is over"
        case .onRelease(let node, _, let version): "\(node) runs \(version)"
        case .linked(let node, let digest): "\(node)'s current points to release \(digest.prefix(12))"
        case .staged(let node, let digest): "release \(digest.prefix(12)) lies complete on \(node)"
        case .marked(let node, _): "the breadcrumb lies beside \(node)"
        case .kept(let node): "a copy of \(node)'s own vote state is kept"
        case .settled(let time): "nobody could vote for \(time.readable)"
        case .beyondBarrier(let node): "\(node) is in an epoch that began after every fence"
        case .granted(let node): "the open grant is \(node)'s"
        case .noOpenGrant: "no grant is open"
        case .waypointFor(let node, _): "the vote state has the waypoint that \(node)'s release needs"
        case .firstEver: "two reference nodes show that this key never voted"
        case .never: "never"
        }
    }

    private var name: String {
        switch self {
        case .voting: "voting"
        case .idle: "idle"
        case .silent: "silent"
        case .stopped: "stopped"
        case .sameIncarnation: "same-incarnation"
        case .running: "running"
        case .ended: "ended"
        case .alive: "alive"
        case .startedIdle: "started-idle"
        case .canReturn: "way-back"
        case .voterFalse: "voter-false"
        case .signsFor: "signs-for"
        case .onChain: "on-chain"
        case .synced: "synced"
        case .ownFile: "own-file"
        case .noSave: "no-save"
        case .noStrangeFile: "no-strange-file"
        case .placed: "placed"
        case .handedOver: "handed-over"
        case .justAdvanced: "just-advanced"
        case .farFromEpochEnd: "far-from-epoch-end"
        case .epochAsGranted: "epoch-as-granted"
        case .votesFromGrant: "votes-from-grant"
        case .proven: "proven"
        case .fileAdvances: "file-advances"
        case .mute: "mute"
        case .onRelease: "on-release"
        case .linked: "linked"
        case .staged: "staged"
        case .marked: "marked"
        case .kept: "kept"
        case .settled: "settled"
        case .beyondBarrier: "beyond-barrier"
        case .granted: "granted"
        case .noOpenGrant: "no-open-grant"
        case .waypointFor: "waypoint"
        case .firstEver: "first-ever"
        case .never: "never"
        }
    }
}
