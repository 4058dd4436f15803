package import BatonModel
package import BatonWorld

/// A fleet file that was read and found in order: everything Baton knows before it observes.
///
/// Every value carries its place, so that what only the network can tell (a wrong chain id, a foreign identity) is still
/// reported with the line to mend.
package struct FleetFile: Hashable, Sendable {
    /// The file it came from, absolute.
    package let path: String
    /// The fleet's name.
    package let fleet: String
    /// The state place: an absolute folder.
    package let state: String
    package let networks: [Network]
    package let validators: [Validator]

    package init(path: String, fleet: String, state: String, networks: [Network], validators: [Validator]) {
        (self.path, self.fleet, self.state) = (path, fleet, state)
        (self.networks, self.validators) = (networks, validators)
    }
}

extension FleetFile {
    /// A value with where it stands in the file.
    package struct Placed<Value: Hashable & Sendable>: Hashable, Sendable {
        package let value: Value
        package let place: FleetPlace
        package init(_ value: Value, _ place: FleetPlace) { (self.value, self.place) = (value, place) }
    }

    /// What knows a chain. Others than these are refused by name.
    package enum Family: String, Hashable, Sendable, CaseIterable {
        case conflux
    }

    /// A chain with its reference endpoints.
    package struct Network: Hashable, Sendable {
        package let name: Placed<String>
        package let family: Family
        /// - Source: Conflux: 1029 is the main network, 1 the test network.
        package let chainID: Placed<UInt64>
        /// Nodes of others that tell how the chain stands; at least one.
        package let references: [Placed<Endpoint>]
        /// The base timeout of a round; `nil` is the family's own (Conflux: 30 s). Devnets only.
        package let roundTimeout: Duration?
        /// The rounds of one PoS epoch; `nil` is the family's own (Conflux: 60). Devnets only.
        package let roundsPerEpoch: UInt64?
        package init(
            name: Placed<String>, family: Family, chainID: Placed<UInt64>, references: [Placed<Endpoint>],
            roundTimeout: Duration?, roundsPerEpoch: UInt64?
        ) {
            (self.name, self.family, self.chainID) = (name, family, chainID)
            (self.references, self.roundTimeout, self.roundsPerEpoch) = (references, roundTimeout, roundsPerEpoch)
        }
    }

    /// One voting identity with its nodes.
    package struct Validator: Hashable, Sendable {
        package let id: Placed<ValidatorID>
        /// Its network, looked up by name.
        package let network: Network
        /// The identity on chain: `0x` and 64 lower-case hex digits.
        package let identity: Placed<String>
        /// At least one.
        package let nodes: [Node]
        package init(id: Placed<ValidatorID>, network: Network, identity: Placed<String>, nodes: [Node]) {
            (self.id, self.network, self.identity, self.nodes) = (id, network, identity, nodes)
        }
    }

    /// One node process, where it lives and what runs it.
    package struct Node: Hashable, Sendable {
        package let id: Placed<NodeID>
        package let host: Host
        /// Its local RPC port.
        package let rpc: Placed<Endpoint>
        /// Its folder: absolute, without `.` and `..`.
        package let directory: Placed<String>
        package let unit: Unit
        package init(id: Placed<NodeID>, host: Host, rpc: Placed<Endpoint>, directory: Placed<String>, unit: Unit) {
            (self.id, self.host, self.rpc, self.directory, self.unit) = (id, host, rpc, directory, unit)
        }
    }

    /// Where a node lives.
    package enum Host: Hashable, Sendable {
        /// On the machine that runs Baton.
        case local
    }

    /// What runs a node process.
    package enum Unit: Hashable, Sendable {
        /// A child process of Baton's making: argument vector (no shell), and variables added to its environment, by name.
        case child(command: [String], environment: [String: String])
    }

    /// The validator with this name, or `nil`.
    package func validator(_ id: ValidatorID) -> Validator? { validators.first { $0.id.value == id } }
}
