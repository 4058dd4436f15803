package import BatonModel
package import BatonWorld

/// Where one Conflux validator lives: what the driver and the planner are told by the fleet file.
package struct ConfluxSite: Hashable, Sendable {
    package let validator: ValidatorID
    /// PoS address: 64 lower-case hex digits, no 0x.
    package let identity: String
    /// PoW chain id: 1029 mainnet, 1 testnet, anything else a devnet.
    package let chainID: UInt64
    /// Base round timeout; 30 s on mainnet and testnet since CIP-113 (conflux-pos.md §6.2).
    package let roundTimeout: Duration
    /// PoS blocks per epoch; 120 on mainnet and testnet since CIP-136 (conflux-pos.md §6.1).
    package let roundsPerEpoch: UInt64
    package let nodes: [ConfluxNodeSite]
    /// Nodes of others that answer `pos_*` and `cfx_*`.
    package let references: [Endpoint]

    package init(
        validator: ValidatorID, identity: String, chainID: UInt64, roundTimeout: Duration, roundsPerEpoch: UInt64,
        nodes: [ConfluxNodeSite], references: [Endpoint]
    ) {
        (self.validator, self.identity, self.chainID) = (validator, identity, chainID)
        (self.roundTimeout, self.roundsPerEpoch) = (roundTimeout, roundsPerEpoch)
        (self.nodes, self.references) = (nodes, references)
    }

    /// The node of that name.
    package func node(_ id: NodeID) -> ConfluxNodeSite? { nodes.first { $0.id == id } }
    /// The longest a round can take: base × 1.2⁶ (conflux-pos.md §6.2).
    package var roundMax: Duration { roundTimeout * 2.99 }
    /// How long signatures of a fenced node may still appear: two maximal rounds (design.md §2).
    package var settle: Duration { roundMax * 2 }
}

/// One node of the pair on this machine.
package struct ConfluxNodeSite: Hashable, Sendable {
    package let id: NodeID
    /// The local RPC port, literal address.
    package let rpc: Endpoint
    /// The node's folder, absolute.
    package let directory: String
    /// How its process is started, with ``directory`` as working folder.
    package let command: [String]
    package let environment: [String: String]

    package init(id: NodeID, rpc: Endpoint, directory: String, command: [String], environment: [String: String]) {
        (self.id, self.rpc, self.directory) = (id, rpc, directory)
        (self.command, self.environment) = (command, environment)
    }
    /// `pos_db` of the node.
    package var voteFolder: String { directory + "/pos_db" }
    /// Baton's breadcrumbs beside the node (safety.md R6).
    package var batonFolder: String { directory + "/.baton" }
}
