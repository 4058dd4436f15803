package import BatonModel
import BatonWorld
import BatonWorldLive

/// What `baton devnet conflux` is asked for.
package struct DevnetSettings: Sendable {
    /// Everything of the devnet lies in this folder; made when it is not there.
    package var directory: String
    /// The `baton` binary that chain and nodes run.
    package var executable: String
    /// Voting identities.
    package var identities: Int
    /// Nodes of each identity.
    package var nodesPerIdentity: Int
    /// Base round timeout: a healthy round lasts this long.
    package var round: Duration
    package var roundsPerEpoch: UInt64
    package var seed: UInt64
    /// The release that every node runs first: `3.0.3` or `3.1.0`.
    package var version: String
    /// Nobody is told to vote.
    package var nobodyVotes: Bool
    package var chainID: UInt64

    package init(
        directory: String, executable: String, identities: Int = 1, nodesPerIdentity: Int = 2,
        round: Duration = .seconds(2), roundsPerEpoch: UInt64 = 120, seed: UInt64 = 7, version: String = "3.0.3",
        nobodyVotes: Bool = false, chainID: UInt64 = 1337
    ) {
        (self.directory, self.executable, self.identities) = (directory, executable, identities)
        (self.nodesPerIdentity, self.round, self.roundsPerEpoch) = (nodesPerIdentity, round, roundsPerEpoch)
        (self.seed, self.version, self.nobodyVotes, self.chainID) = (seed, version, nobodyVotes, chainID)
    }
}

/// A devnet on this machine: where its processes are. The file `devnet.json` in its folder.
package struct Devnet: Hashable, Sendable {
    /// One node process's place.
    package struct Node: Hashable, Sendable {
        package let name: String
        package let validator: String
        /// 64 hex digits.
        package let posAddress: String
        package let directory: String
        /// All methods.
        package let port: Int
        /// Reading methods only.
        package let publicPort: Int
    }

    package let directory: String
    package let executable: String
    package let chainPort: Int
    package let chainID: UInt64
    /// The chain process's settings.
    package let chain: JSON
    /// The release that nodes are made with.
    package let version: String
    package let nodes: [Node]
    package let nobodyVotes: Bool

    init(
        directory: String, executable: String, chainPort: Int, chainID: UInt64, chain: JSON, version: String,
        nodes: [Node], nobodyVotes: Bool
    ) {
        (self.directory, self.executable, self.chainPort) = (directory, executable, chainPort)
        (self.chainID, self.chain, self.version) = (chainID, chain, version)
        (self.nodes, self.nobodyVotes) = (nodes, nobodyVotes)
    }

    /// The node with this name.
    ///
    /// - Throws: `usage` with the names that there are.
    package func node(_ name: String) throws(BatonError) -> Node {
        guard let node = nodes.first(where: { $0.name == name }) else {
            throw BatonError(
                .usage, "The devnet has no node \(name).",
                remedy: "Name one of: \(nodes.map(\.name).joined(separator: ", "))."
            )
        }
        return node
    }

    /// The folder of the chain process.
    var chainFolder: String { directory + "/chain" }
    /// The release folder to upgrade from.
    package func release(_ version: String) -> String { directory + "/releases/" + version }

    /// The same with other nodes.
    func with(_ nodes: [Node]) -> Devnet {
        Devnet(
            directory: directory, executable: executable, chainPort: chainPort, chainID: chainID, chain: chain,
            version: version, nodes: nodes, nobodyVotes: nobodyVotes
        )
    }

    /// Reads the devnet of a folder.
    ///
    /// - Throws: `usage` when there is none.
    package static func open(_ directory: String) async throws(BatonError) -> Devnet {
        do {
            guard let bytes = try await LiveFiles().read(directory + "/devnet.json", limit: 1 << 20) else {
                throw BatonError(
                    .usage, "There is no devnet in \(directory).",
                    remedy: "Start one with `baton devnet conflux --directory \(directory) --detach`."
                )
            }
            return try Devnet(json: try JSON(parsing: bytes))
        } catch let error as BatonError { throw error } catch {
            throw BatonError(
                .usage, "devnet.json in \(directory) can't be read: \(error).", remedy: "End its processes and start anew."
            )
        }
    }
}

extension Devnet: JSONCoded {
    package var json: JSON {
        [
            "directory": .string(directory), "executable": .string(executable),
            "chainPort": .integer(Int64(chainPort)), "chainId": .unsigned(chainID), "chain": chain,
            "version": .string(version), "nobodyVotes": .bool(nobodyVotes),
            "nodes": .array(
                nodes.map {
                    [
                        "name": .string($0.name), "validator": .string($0.validator),
                        "posAddress": .string($0.posAddress), "directory": .string($0.directory),
                        "port": .integer(Int64($0.port)), "publicPort": .integer(Int64($0.publicPort)),
                    ]
                }
            ),
        ]
    }

    package init(json: JSON) throws(JSONError) {
        (directory, executable) = (try json.text("directory"), try json.text("executable"))
        (chainPort, chainID) = (Int(try json.count("chainPort")), try json.count("chainId"))
        (chain, version) = (try json.need("chain"), try json.text("version"))
        nobodyVotes = json["nobodyVotes"]?.bool ?? false
        var nodes: [Node] = []
        for one in json["nodes"]?.array ?? [] {
            nodes.append(
                Node(
                    name: try one.text("name"), validator: try one.text("validator"),
                    posAddress: try one.text("posAddress"), directory: try one.text("directory"),
                    port: Int(try one.count("port")), publicPort: Int(try one.count("publicPort"))
                )
            )
        }
        self.nodes = nodes
    }
}
