package import BatonModel

/// A line of releases of the node software: what one of them writes, the others of the line read.
package enum ReleaseLine: String, Hashable, Sendable, CaseIterable {
    case v3_0 = "3.0"
    case v3_1 = "3.1"

    /// The line of a version such as `3.0.3-fix`; `nil` for one that the fact sheet says too little of.
    package init?(version: String) {
        let plain = version.hasPrefix("v") ? version.dropFirst() : version[...]
        let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts.allSatisfy({ $0.first?.isNumber == true }) else { return nil }
        self.init(rawValue: parts.prefix(2).joined(separator: "."))
    }
}

/// The release that a node ran before it was switched.
package struct ReleaseBefore: Hashable, Sendable {
    /// The folder's name below `releases`, as `current` pointed to it.
    package let name: String
    /// From its `release.json`.
    package let version: String
    package init(name: String, version: String) { (self.name, self.version) = (name, version) }
    /// The release in a deed of the journal.
    package var json: JSON { ["name": .string(name), "version": .string(version)] }
    /// - Returns: `nil` when the JSON is no such release.
    package init?(json: JSON?) {
        guard let name = json?["name"]?.string, let version = json?["version"]?.string else { return nil }
        self.init(name: name, version: version)
    }
}

/// A node's way back from a release that did not come up to the one that it ran before.
///
/// The link switches program and configuration together, so the strict `pos_config.yaml` of 3.0 and 3.1 (conflux-pos.md
/// §3.2) stands in no way's way; what the tried release may have left on disk does.
package struct ReleaseReturn: Hashable, Sendable {
    /// The version that did not come up.
    package let from: String
    /// The version to go back to.
    package let to: String
    /// PoW chain id: 1029 mainnet, 1 testnet, anything else a devnet.
    package let chainID: UInt64
    package init(from: String, to: String, chainID: UInt64) { (self.from, self.to, self.chainID) = (from, to, chainID) }

    /// What must be so on the node for its data to be readable by the release before.
    package enum Need: Hashable, Sendable, CaseIterable {
        /// Its vote state has a `waypoint`, or it has none and the older release makes its own.
        case waypoint
        /// The network has not come to the block that changes the PoS database.
        case beforeCIP173
    }

    /// The ways that are known, by lines; a pair that is not here has none.
    ///
    /// - Source: conflux-pos.md §0 and §7.4 (3.0.x: soft releases after 3.0.0, one layout of data); §2.9 (a file made on
    ///   3.1 has no `waypoint` and makes 3.0.x mute for good); §2.9 and §7.4 (CIP-173: 3.0.x can't decode the database
    ///   behind it, and 3.1 refuses one that 3.0.x advanced past it).
    package static let table: [(from: ReleaseLine, to: ReleaseLine, needs: [Need])] = [
        (.v3_0, .v3_0, []),
        (.v3_1, .v3_0, [.waypoint, .beforeCIP173]),
        (.v3_0, .v3_1, [.beforeCIP173]),
    ]

    /// What this way needs; `nil`: there is none.
    package var needs: [Need]? {
        // Another build of the very version writes the same data.
        if from == to, ReleaseLine(version: from) != nil { return [] }
        guard let from = ReleaseLine(version: from), let to = ReleaseLine(version: to) else { return nil }
        return Self.table.first { $0.from == from && $0.to == to }?.needs
    }

    /// The PoS block at which CIP-173 changes the database; `nil` on a devnet, whose simulated nodes have one layout.
    ///
    /// - Source: conflux-pos.md §7.4; one epoch earlier, because references may lag behind the node.
    package var lastBlockBefore: UInt64? {
        switch chainID {
        case 1029: 3_749_400 - Self.margin
        case 1: 3_870_720 - Self.margin
        default: nil
        }
    }
    private static let margin: UInt64 = 120

    /// The way for the journal.
    package var json: JSON { ["from": .string(from), "to": .string(to), "chain_id": .unsigned(chainID)] }
}
