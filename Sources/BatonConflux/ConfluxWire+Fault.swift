/// Why a node refused a call, as a condition.
///
/// - Source: conflux-pos.md §1.4. Matched by substring of message or data, never by a path (it may be relative, §12 no. 15).
package enum ConfluxFault: String, Hashable, Sendable, CaseIterable {
    /// PoS has not begun at this node.
    case notInitialised
    /// The command queue is full or its reader is gone; the command was not taken.
    case queueBroken
    /// The reader died while the command waited: it may have run before.
    case loopDied
    /// A start without a `.save`.
    case tokenMissing
    /// A start without the node's own file, or a stop without it (a second stop).
    case ownFileMissing
    /// `.save` belongs to another PoS address.
    case foreignToken
    /// `.save` (or the node's own file, §12 no. 4) has no owner.
    case ownerMissing
    /// `.save` can't be read or understood.
    case tokenUnreadable
    /// `.save` has no safety data; it was renamed over the node's own file already.
    case safetyDataMissing
    case invalidParams
    /// The method is unknown, or not served on this port.
    case methodUnknown
    /// Refused because the node is catching up.
    case catchingUp
    case other

    /// Finds the condition behind an error.
    package init(code: Int64, text: String) {
        for (fault, parts) in Self.texts where parts.allSatisfy(text.contains) {
            self = fault
            return
        }
        switch code {
        case -32601: self = .methodUnknown
        case -32602: self = .invalidParams
        case -32077: self = .catchingUp
        case -32078: self = .notInitialised
        default: self = .other
        }
    }

    /// First match wins; every part must occur.
    private static let texts: [(ConfluxFault, [String])] = [
        (.notInitialised, ["Pos not initialized!"]),
        (.notInitialised, ["PoS chain is not enabled"]),
        (.queueBroken, ["try_send: err="]),
        (.loopDied, ["receiving on a closed channel"]),
        (.tokenMissing, ["new secure storage path incorrect"]),
        (.ownerMissing, ["Key not set: owner_account"]),
        (.safetyDataMissing, ["Key not set: safety_data"]),
        (.tokenUnreadable, ["Serialization error:"]),
        (.tokenUnreadable, ["Internal error: Permission denied (os error 13)"]),
        (.ownFileMissing, ["Internal error: No such file or directory (os error 2)"]),
        (.foreignToken, ["Unexpected error returned by secure storage: current: ", ", new: "]),
    ]

    /// Whether the answer shows that the command did nothing to the vote.
    ///
    /// Where it is false the node's state is observed before anything else is believed.
    package var showsNothingDone: Bool {
        switch self {
        case .notInitialised, .queueBroken, .tokenMissing, .ownFileMissing, .foreignToken, .ownerMissing, .tokenUnreadable, .invalidParams,
            .methodUnknown, .catchingUp:
            true
        case .loopDied, .safetyDataMissing, .other: false
        }
    }

    /// The condition in words for the operator.
    package var words: String {
        switch self {
        case .notInitialised: "PoS has not begun at the node"
        case .queueBroken: "the node's PoS command queue is full or dead"
        case .loopDied: "the node's PoS loop died while the command waited"
        case .tokenMissing: "no .save lies there"
        case .ownFileMissing: "the node has no secure_storage.json"
        case .foreignToken: ".save belongs to another PoS address"
        case .ownerMissing: "a vote-state file has no owner"
        case .tokenUnreadable: ".save can't be read by the node"
        case .safetyDataMissing: ".save had no safety data and is renamed already"
        case .invalidParams: "the node does not take these parameters"
        case .methodUnknown: "the node does not serve this method on this port"
        case .catchingUp: "the node is catching up"
        case .other: "the node answered an error that Baton does not know"
        }
    }
}
