import BatonDigest
import BatonModel
import BatonWorld
import BatonWorldLive
import Glibc

/// The folders of a devnet on disk.
enum DevnetFolders {
    static let versions = ["3.0.3", "3.1.0"]

    /// Runs file work and names a failure as one of ours.
    static func working<Value>(_ body: () async throws -> Value) async throws(BatonError) -> Value {
        do { return try await body() } catch let error as BatonError { throw error } catch {
            throw BatonError(.failed, "A folder of the devnet can't be made: \(error).", remedy: "Choose another --directory.")
        }
    }

    /// Makes the release folders to upgrade from.
    static func makeReleases(_ devnet: Devnet) async throws(BatonError) {
        try await working {
            for version in versions {
                let folder = devnet.release(version)
                try await LiveFiles().makeFolder(folder)
                for (name, bytes, mode) in content(version, devnet) {
                    try await put(folder + "/" + name, bytes, mode: mode)
                }
            }
        }
    }

    /// The files of a release, by name.
    static func content(_ version: String, _ devnet: Devnet) -> [(String, [UInt8], UInt16)] {
        let script = "#!/bin/sh\nexec \"\(devnet.executable)\" devnet conflux-node \"$@\"\n"
        let release: JSON = [
            "family": "conflux", "version": .string(version), "chainId": .unsigned(devnet.chainID),
        ]
        return [
            ("conflux", Array(script.utf8), 0o755),
            ("pos_config.yaml", Array(posConfig(version).utf8), 0o644),
            ("release.json", release.canonical + [10], 0o644),
        ]
    }

    /// - Source: conflux-pos.md §3.2.
    private static func posConfig(_ version: String) -> String {
        guard version == "3.0.3" else {
            return """
                base:
                  data_dir: ./pos_db
                consensus:
                  round_initial_timeout_ms: 60000
                logger:
                  file: ./log/pos.log
                  level: INFO

                """
        }
        return """
            base:
              role: validator
              data_dir: ./pos_db
              waypoint:
                from_config: "0:bb0ed10f0000000000000000000000000000000000000000000000000000000d8ff9"
            consensus:
              round_initial_timeout_ms: 60000
              safety_rules:
                service:
                  type: local
            execution:
              genesis_file_location: ./genesis_file
            logger:
              file: ./log/pos.log
              level: INFO

            """
    }

    /// The content's digest: the name of the folder that holds it.
    ///
    /// SHA-256 over one line per file, sorted by path: path, tab, `x` or `-` for executable, tab, digest.
    static func digest(_ version: String, _ devnet: Devnet) -> Digest {
        let lines = content(version, devnet).map { name, bytes, mode in
            "\(name)\t\(mode & 0o100 != 0 ? "x" : "-")\t\(Digest(of: bytes))\n"
        }
        return Digest(of: Array(lines.joined().utf8))
    }

    /// Makes a node's folder from nothing; what was there is removed.
    static func makeNode(_ node: Devnet.Node, _ devnet: Devnet, extra: [(String, String)] = []) async throws(BatonError) {
        try await working {
            let files = LiveFiles()
            remove(node.directory)
            let name = digest(devnet.version, devnet).rawValue
            for folder in ["pos_config", "pos_db/db", "log", "releases/" + name] {
                try await files.makeFolder(node.directory + "/" + folder)
            }
            for (file, bytes, mode) in content(devnet.version, devnet) {
                try await put("\(node.directory)/releases/\(name)/\(file)", bytes, mode: mode)
            }
            try await files.replaceLink(node.directory + "/current", to: "releases/" + name)
            try await files.replaceLink(node.directory + "/pos_config/pos_config.yaml", to: "../current/pos_config.yaml")
            try await put(
                node.directory + "/pos_config/pos_key", Array("devnet-key:\(node.posAddress)\n".utf8), mode: 0o600
            )
            try await put(node.directory + "/hydra.toml", Array(hydra(node, devnet, extra).utf8), mode: 0o644)
        }
    }

    /// Points a node's `current` at a release that is made from the binary of one version and the configuration of another.
    static func switchRelease(
        _ node: Devnet.Node, _ devnet: Devnet, to version: String, config: String
    ) async throws(BatonError) {
        try await working {
            let name = version == config ? digest(version, devnet).rawValue : "\(version)-with-\(config)"
            let folder = "\(node.directory)/releases/\(name)"
            try await LiveFiles().makeFolder(folder)
            let own = content(version, devnet).filter { $0.0 != "pos_config.yaml" }
            let other = content(config, devnet).filter { $0.0 == "pos_config.yaml" }
            for (file, bytes, mode) in own + other { try await put("\(folder)/\(file)", bytes, mode: mode) }
            try await LiveFiles().replaceLink(node.directory + "/current", to: "releases/" + name)
        }
    }

    private static func hydra(_ node: Devnet.Node, _ devnet: Devnet, _ extra: [(String, String)]) -> String {
        let lines: [(String, String)] = [
            ("node_name", "\"\(node.name)\""), ("chain_id", "\(devnet.chainID)"),
            ("jsonrpc_local_http_port", "\(node.port)"), ("jsonrpc_http_port", "\(node.publicPort)"),
            ("public_rpc_apis", "\"safe,pos\""), ("pos_started_as_voter", "false"),
            ("devnet_chain", "\"127.0.0.1:\(devnet.chainPort)\""),
        ]
        return (lines + extra).map { "\($0.0) = \($0.1)\n" }.joined()
    }

    /// Writes a file anew.
    static func put(_ path: String, _ bytes: [UInt8], mode: UInt16 = 0o644) async throws {
        try await LiveFiles().replace(path, with: bytes, mode: mode, durable: false)
    }

    /// Removes a folder with all that is in it, following no link; what can't be removed stays.
    static func remove(_ folder: String) {
        guard let stream = unsafe opendir(folder) else { return }
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            let path = folder + "/" + name
            var facts = stat()
            guard unsafe lstat(path, &facts) == 0 else { continue }
            if facts.st_mode & S_IFMT == S_IFDIR { remove(path) } else { _ = unsafe unlink(path) }
        }
        unsafe closedir(stream)
        _ = unsafe rmdir(folder)
    }
}
