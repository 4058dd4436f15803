import BatonConfluxNode
package import BatonModel
package import BatonWorld
import BatonWorldLive
import Glibc
import Synchronization

/// Starts, resets and ends the processes of a devnet.
package enum DevnetLauncher {
    private static let patience = Duration.seconds(20)

    /// Makes the folders, starts one chain and all nodes, and tells the first node of every identity to vote.
    ///
    /// - Throws: `usage` when a devnet runs there already, `failed` with what did not come up (which is ended again).
    package static func up(_ settings: DevnetSettings) async throws(BatonError) -> Devnet {
        let files = LiveFiles()
        try await DevnetFolders.working { try await files.makeFolder(settings.directory) }
        // No devnet.json, or one that can't be read: nothing that could run is known.
        if let old = try? await Devnet.open(settings.directory), await !processes(of: old).isEmpty {
            throw BatonError(
                .usage, "A devnet runs in \(settings.directory) already.",
                remedy: "End it with `baton devnet down --directory \(settings.directory)`."
            )
        }
        let devnet = try plan(settings)
        try await DevnetFolders.makeReleases(devnet)
        // What Baton knew was of another chain.
        DevnetFolders.remove(settings.directory + "/state")
        for node in devnet.nodes { try await DevnetFolders.makeNode(node, devnet) }
        try await DevnetFolders.working {
            try await DevnetFolders.put(settings.directory + "/devnet.json", Array((devnet.json.pretty + "\n").utf8))
            try await DevnetFolders.put(settings.directory + "/baton.yaml", Array(DevnetFleet.text(devnet).utf8))
        }
        do {
            try await startChain(devnet)
            try await startNodes(devnet)
            try await startVoters(devnet)
        } catch {
            await down(devnet)
            throw error
        }
        return devnet
    }

    /// Ends exactly the devnet's processes; their folders stay.
    package static func down(_ devnet: Devnet) async {
        for process in await processes(of: devnet) { await end(process) }
    }

    /// The chain back at its beginning, every node with a folder as new and a fresh process; same ports.
    ///
    /// The fleet's state place is removed, too: what Baton knew was of another chain.
    ///
    /// - Parameter seed: another chain; `nil`: the same again.
    package static func reset(_ devnet: Devnet, seed: UInt64? = nil) async throws(BatonError) {
        for node in devnet.nodes {
            for process in await residents(of: node) { await end(process) }
        }
        DevnetFolders.remove(devnet.directory + "/state")
        let argument: JSON = seed.map { ["seed": .unsigned($0)] } ?? [:]
        try await DevnetCall.result(devnet.chainPort, "dev_reset", [argument])
        for node in devnet.nodes { try await DevnetFolders.makeNode(node, devnet) }
        try await startNodes(devnet)
        try await startVoters(devnet)
    }

    // MARK: - Planning

    private static func plan(_ settings: DevnetSettings) throws(BatonError) -> Devnet {
        guard DevnetFolders.versions.contains(settings.version), (1...64).contains(settings.identities),
            (1...8).contains(settings.nodesPerIdentity), settings.round >= .milliseconds(50),
            settings.roundsPerEpoch >= 3
        else {
            throw BatonError(
                .usage, "The devnet can't be as it was asked for.",
                remedy: "1–64 identities, 1–8 nodes each, rounds of 50 ms and more, 3 and more rounds per epoch, "
                    + "version 3.0.3 or 3.1.0."
            )
        }
        let ports = FreePorts()
        let chainPort = try ports.next()
        var nodes: [Devnet.Node] = []
        var identities: [IdentitySettings] = []
        for index in 1...settings.identities {
            let validator = "acme-\(index)"
            let address = IdentitySettings.address(ofKey: "\(validator)#\(settings.seed)")
            identities.append(IdentitySettings(posAddress: address))
            for letter in Array("abcdefgh").prefix(settings.nodesPerIdentity) {
                let name = "\(validator)-\(letter)"
                nodes.append(
                    Devnet.Node(
                        name: name, validator: validator, posAddress: address,
                        directory: settings.directory + "/" + name, port: try ports.next(), publicPort: try ports.next()
                    )
                )
            }
        }
        let chain = ChainSettings(
            chainID: settings.chainID, roundTimeout: settings.round, roundsPerEpoch: settings.roundsPerEpoch,
            seed: settings.seed, identities: identities
        )
        return Devnet(
            directory: settings.directory, executable: settings.executable, chainPort: chainPort,
            chainID: settings.chainID, chain: chain.json, version: settings.version, nodes: nodes,
            nobodyVotes: settings.nobodyVotes
        )
    }

    // MARK: - Processes

    /// Starts the chain process and waits until it answers.
    static func startChain(_ devnet: Devnet, isScenario: Bool = false) async throws(BatonError) {
        try await DevnetFolders.working {
            try await LiveFiles().makeFolder(devnet.chainFolder)
            try await DevnetFolders.put(devnet.chainFolder + "/chain.json", Array(devnet.chain.pretty.utf8))
        }
        let own = try await spawn(
            devnet.executable,
            ["devnet", "conflux-chain", "--settings", "chain.json", "--port", "\(devnet.chainPort)"]
                + (isScenario ? ["--scenario"] : []),
            in: devnet.chainFolder, log: devnet.chainFolder + "/stdout.log"
        )
        if let words = try await lastWords(of: own, port: devnet.chainPort, log: devnet.chainFolder + "/stdout.log") {
            throw BatonError(.failed, "The chain process ended at its start: \(words)", remedy: "Repeat the command.")
        }
    }

    /// Starts the processes of all nodes side by side and waits until each serves.
    private static func startNodes(_ devnet: Devnet) async throws(BatonError) {
        var started: [(Devnet.Node, Incarnation)] = []
        for node in devnet.nodes { started.append((node, try await spawn(node, []))) }
        for (node, own) in started { try await demand(own, node) }
    }

    /// Starts a node's process as its unit would and waits until it serves.
    ///
    /// - Throws: `failed` with its last words when it ended instead.
    static func start(_ node: Devnet.Node, arguments: [String] = []) async throws(BatonError) {
        try await demand(try await spawn(node, arguments), node)
    }

    /// Starts a node's process.
    ///
    /// - Returns: its last words when it ended instead of serving.
    static func startWatched(_ node: Devnet.Node, arguments: [String]) async throws(BatonError) -> String? {
        try await lastWords(of: try await spawn(node, arguments), port: node.port, log: log(of: node))
    }

    private static func demand(_ own: Incarnation, _ node: Devnet.Node) async throws(BatonError) {
        guard let words = try await lastWords(of: own, port: node.port, log: log(of: node)) else { return }
        throw BatonError(
            .failed, "Node \(node.name) ended at its start: \(words)", remedy: "Mend its folder, then start it again."
        )
    }

    private static func log(of node: Devnet.Node) -> String { node.directory + "/log/stdout.log" }

    private static func spawn(_ node: Devnet.Node, _ arguments: [String]) async throws(BatonError) -> Incarnation {
        try await spawn(
            "./current/conflux", ["--config", "hydra.toml"] + arguments, in: node.directory, log: log(of: node)
        )
    }

    /// Waits until that very process answers on a port.
    ///
    /// - Returns: `nil` when it does, its last words when it ended.
    private static func lastWords(of own: Incarnation, port: Int, log: String) async throws(BatonError) -> String? {
        let clock = LiveClock()
        let deadline = clock.now.advanced(by: patience)
        while clock.now < deadline {
            guard await DevnetHost.processes.inspect(pid: own.pid)?.incarnation == own else {
                let bytes = try await DevnetFolders.working { try await LiveFiles().read(log, limit: 1 << 20) ?? [] }
                let words = String(decoding: bytes, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
                let mark = "thread 'main' panicked: "
                return words.hasPrefix(mark) ? String(words.dropFirst(mark.count)) : words
            }
            // No answer yet is the case that is waited out.
            let answer = try? await DevnetCall.result(port, "dev_stamps", within: .seconds(2))
            // Somebody else may hold the port: then ours ends soon.
            if answer?["pid"]?.integer == Int64(own.pid) { return nil }
            // It is still coming up.
            try? await Task.sleep(for: .milliseconds(2))
        }
        throw BatonError(.failed, "Nobody of ours answers on port \(port).", remedy: "Read \(log).")
    }

    /// People started the first node of every identity: the key's first start (conflux-pos.md §2.10).
    private static func startVoters(_ devnet: Devnet) async throws(BatonError) {
        guard !devnet.nobodyVotes else { return }
        var begun: Set<String> = []
        for node in devnet.nodes where begun.insert(node.validator).inserted {
            try await DevnetCall.result(node.port, "test_posStartVoting", [true])
        }
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], in folder: String, log: String
    ) async throws(BatonError) -> Incarnation {
        do throws(FileError) {
            return try await DevnetHost.processes.start(
                Command(executable: executable, arguments: arguments, folder: folder, environment: [:], log: log)
            )
        } catch {
            throw BatonError(.failed, "\(executable) can't be started: \(error).", remedy: "See whether it is there.")
        }
    }

    /// The chain's and the nodes' processes, by their working folders.
    package static func processes(of devnet: Devnet) async -> [ProcessFacts] {
        var found = await DevnetHost.processes.residents(of: devnet.chainFolder).filter { $0.arguments.contains("conflux-chain") }
        for node in devnet.nodes { found += await residents(of: node) }
        return found
    }

    /// The living processes of a node: those in its folder that run a node.
    package static func residents(of node: Devnet.Node) async -> [ProcessFacts] {
        await DevnetHost.processes.residents(of: node.directory).filter { facts in
            // Before its exec the process is still the script.
            facts.arguments.contains { $0 == "conflux-node" || $0.hasSuffix("/conflux") }
        }
    }

    /// Kills a process and waits until it is gone.
    static func end(_ process: ProcessFacts) async {
        let processes = DevnetHost.processes
        while await processes.signal(process.incarnation, .kill) {
            if await processes.inspect(pid: process.incarnation.pid) == nil { return }
            // The kernel takes a moment.
            try? await Task.sleep(for: .milliseconds(2))
        }
    }
}

/// Ports of 127.0.0.1 below those that outgoing connections get, so that none is taken while its node restarts.
struct FreePorts {
    private static let first = 20_000
    private static let count = 12_000
    /// How many this process gave away, so that devnets side by side get different ones.
    private static let given = Atomic<Int>(0)
    /// Other processes begin elsewhere.
    private static let start = Int(LiveRandomness().next() % UInt64(count))

    /// The next port that nobody listens on now.
    ///
    /// - Throws: `failed` when all are taken.
    func next() throws(BatonError) -> Int {
        for _ in 0..<Self.count {
            let number = Self.given.add(1, ordering: .relaxed).newValue
            let candidate = Self.first + (Self.start + number) % Self.count
            if Self.isFree(candidate) { return candidate }
        }
        throw BatonError(.failed, "No port of 20000 to 31999 is free.", remedy: "End what listens there.")
    }

    private static func isFree(_ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var one: Int32 = 1
        unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
