package import BatonConfluxNode
import BatonModel

/// What a node process finds in its folder and on its command line.
package struct NodeConfiguration: Sendable {
    /// The model's part of it.
    package var settings: NodeSettings
    package var localPort: Int
    /// The port of the `cfx`, `pos` and `txpool` reading methods.
    package var publicPort: Int
    /// The chain process.
    package var chainPort: Int

    /// Reads `hydra.toml`, the key and the release, all from the node's folder.
    ///
    /// - Parameters:
    ///   - folder: the node's folder; the process's working folder.
    ///   - configuration: the file's name from that folder on.
    ///   - startedAsVoter: `--pos-started-as-voter`; it wins over the file. Neither: true (conflux-pos.md §1.5).
    ///   - incarnation: the process's name in evidence.
    /// - Throws: ``NodePanic`` with the words that go to standard error.
    package init(
        folder: String, configuration: String, startedAsVoter: Bool?, incarnation: String
    ) throws(NodePanic) {
        let disk = PosixDisk(folder: folder, mode: 0o644)
        let hydra = Hydra(try Self.text(disk, configuration))
        let release: JSON
        do { release = try JSON(text: try Self.text(disk, "current/release.json")) } catch let error as JSONError {
            throw NodePanic("current/release.json: \(error)")
        } catch let error as NodePanic { throw error } catch { throw NodePanic("current/release.json: \(error)") }
        guard let version = release["version"]?.string.flatMap(NodeVersion.init(rawValue:)) else {
            throw NodePanic("current/release.json names no version that the devnet knows")
        }
        let posConfig = try Self.text(disk, "pos_config/pos_config.yaml")
        let key = try Self.text(disk, "pos_config/pos_key")
        guard let address = Self.address(inKey: key) else {
            throw NodePanic("Load pos_key failed: decrypt with error PKCS#8 cryptographic error")
        }
        guard let local = hydra.number("jsonrpc_local_http_port"), let open = hydra.number("jsonrpc_http_port"),
            let chain = hydra["devnet_chain"]?.split(separator: ":").last.flatMap({ Int($0) })
        else { throw NodePanic("\(configuration) names no ports or no devnet_chain") }
        (localPort, publicPort, chainPort) = (local, open, chain)
        settings = NodeSettings(
            name: hydra["node_name"] ?? "node", version: version, posAddress: address,
            startedAsVoter: startedAsVoter ?? hydra.truth("pos_started_as_voter") ?? true,
            // The file of 3.0.x has a waypoint, that of 3.1 must not have one (conflux-pos.md §3.2).
            configVersion: posConfig.contains("waypoint") ? .v3_0_3 : .v3_1_0, incarnation: incarnation,
            chainID: hydra.number("chain_id").map(UInt64.init) ?? 1337,
            dataFolder: hydra["devnet_data_folder"] ?? "./pos_db", peers: hydra.number("devnet_peers") ?? 5,
            isPoSInitialized: hydra.truth("devnet_pos_initialized") ?? true, keepsLog: true
        )
    }

    /// The PoS address in a devnet key: `devnet-key:<64 hex>`.
    static func address(inKey text: String) -> String? {
        guard text.hasPrefix("devnet-key:") else { return nil }
        let hex = text.dropFirst("devnet-key:".count).prefix { $0 != "\n" }
        return hex.utf8.count == 64 && Hash32(hex: String(hex)) != nil ? String(hex) : nil
    }

    private static func text(_ disk: PosixDisk, _ name: String) throws(NodePanic) -> String {
        do {
            guard let bytes = try disk.read(name) else { throw NodePanic("\(name): \(NodeDiskError.missing)") }
            return String(decoding: bytes, as: UTF8.self)
        } catch let error as NodePanic { throw error } catch { throw NodePanic("\(name): \(error)") }
    }
}

/// The `key = value` lines of a `hydra.toml`; sections and nesting are not read, because a node has none there.
struct Hydra {
    private let values: [String: String]

    /// Reads the lines; a later one wins.
    init(_ text: String) {
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let plain = line.prefix { $0 != "#" }
            let parts = plain.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            var value = parts[1].trimmed
            if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = value.dropFirst().dropLast() }
            values[String(parts[0].trimmed)] = String(value)
        }
        self.values = values
    }

    /// The value of a key.
    subscript(_ key: String) -> String? { values[key] }
    /// The value as a whole number.
    func number(_ key: String) -> Int? { values[key].flatMap { Int($0) } }
    /// The value as `true` or `false`.
    func truth(_ key: String) -> Bool? { values[key].flatMap { Bool($0) } }
}

extension Substring {
    /// Without blanks at either end.
    fileprivate var trimmed: Substring {
        var rest = self
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}
