import BatonKernel
package import BatonModel

/// What the Conflux driver can do besides starting a vote, which only the door can (safety.md R1).
package enum ConfluxAct: Hashable, Sendable {
    /// Writes our lease number into `.baton/lease` of a node's folder, under its lock; a higher one refuses.
    case raiseLease(NodeID)
    /// Writes `.baton/cut` on every node, durably.
    case mark(from: NodeID?, to: NodeID)
    /// Copies `secure_storage.json` to `.baton/kept.<operation>.json`, durably.
    case keep(NodeID)
    /// `stop_voting` on the control connection.
    case stopVoting(NodeID)
    /// Renames `.save` to `.handed-over.<operation>`.
    case handOver(NodeID)
    /// Writes the granted bytes as `.save` and the grant as `.baton/grant`; reads both back.
    case place(NodeID)
    /// Renames `.save` to `.revoked.<grant>` of the last grant.
    case revoke(NodeID)
    /// Syncs `secure_storage.json` and its folder.
    case sync(NodeID)
    /// Mute repair: renames the `.save` that a stop just made to `.mute.<operation>`, and puts the kept file back as `.json`.
    case restoreKept(NodeID)
    /// Rolls back in the same process: writes the granted bytes as `.json` too, since a start needs both files.
    case restoreOwn(NodeID)
    /// Copies a release folder to `releases/<digest>` of a node and checks the digest of what was copied.
    case stage(NodeID, folder: String, digest: String)
    /// Ends the node's process in the gentle way and waits for its end.
    case stopProcess(NodeID)
    /// Starts the unit's command.
    case startProcess(NodeID)
    /// Points `current` at `releases/<digest>`; what it pointed at before is part of the deed, so that the journal knows it.
    case switchRelease(NodeID, digest: String, before: ReleaseBefore? = nil)
    /// Points `current` back at the release before.
    case putBack(NodeID, ReleaseBefore)

    /// The node that it touches; `nil` for all.
    package var node: NodeID? {
        switch self {
        case .mark: nil
        case .raiseLease(let node), .keep(let node), .stopVoting(let node), .handOver(let node), .place(let node), .revoke(let node),
            .sync(let node), .restoreKept(let node), .restoreOwn(let node), .stage(let node, _, _), .stopProcess(let node),
            .startProcess(let node), .switchRelease(let node, _, _), .putBack(let node, _):
            node
        }
    }
}

extension ConfluxAct: Told {
    package var words: String {
        switch self {
        case .raiseLease(let node): "write our lease number beside \(node)"
        case .mark(let from, let to): "leave a breadcrumb of \(from?.rawValue ?? "nobody") → \(to) beside every node"
        case .keep(let node): "keep a copy of \(node)'s own vote state"
        case .stopVoting(let node): "stop_voting on \(node)"
        case .handOver(let node): "rename .save on \(node) to .handed-over"
        case .place(let node): "place the granted vote state on \(node) as .save"
        case .revoke(let node): "take .save away from \(node)"
        case .sync(let node): "sync \(node)'s vote state to disk"
        case .restoreKept(let node): "put \(node)'s kept vote state back"
        case .restoreOwn(let node): "write the granted vote state as \(node)'s own file"
        case .stage(let node, let folder, _): "copy release \(folder) to \(node)"
        case .stopProcess(let node): "end \(node)'s process"
        case .startProcess(let node): "start \(node)'s process"
        case .switchRelease(let node, let digest, _): "point \(node)'s current at release \(digest.prefix(12))"
        case .putBack(let node, let before): "point \(node)'s current back at release \(before.version)"
        }
    }
    package var rule: RuleID { "conflux.act" }
    package var json: JSON {
        var members: [String: JSON] = ["do": .string(name)]
        if let node { members["node"] = .string(node.rawValue) }
        switch self {
        case .mark(let from, let to):
            members["from"] = .optional(from?.rawValue)
            members["to"] = .string(to.rawValue)
        case .stage(_, let folder, let digest):
            members["folder"] = .string(folder)
            members["digest"] = .string(digest)
        case .switchRelease(_, let digest, let before):
            members["digest"] = .string(digest)
            if let before { members["before"] = before.json }
        case .putBack(_, let before): members["before"] = before.json
        default: break
        }
        return .object(members)
    }
    private var name: String {
        switch self {
        case .raiseLease: "raiseLease"
        case .mark: "mark"
        case .keep: "keep"
        case .stopVoting: "stopVoting"
        case .handOver: "handOver"
        case .place: "place"
        case .revoke: "revoke"
        case .sync: "sync"
        case .restoreKept: "restoreKept"
        case .restoreOwn: "restoreOwn"
        case .stage: "stage"
        case .stopProcess: "stopProcess"
        case .startProcess: "startProcess"
        case .switchRelease: "switchRelease"
        case .putBack: "putBack"
        }
    }
}
