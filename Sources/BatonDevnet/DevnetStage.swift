package import BatonConfluxNode
package import BatonModel
import BatonWorld
import BatonWorldLive

/// A scenario's stage on real processes: the same text as in memory, the same transcript (see ``MemoryStage``).
///
/// Nothing has a timer: the stage orders rounds, gives every node the events in the order of declaration, and asks a
/// node whether a call has come and been answered, so that no outcome hangs on how fast the machine is.
package struct DevnetStage: ScenarioStage {
    private struct Slot {
        let node: Devnet.Node
        var isRunning = false
        var isPaused = false
        var waiting: [(events: [ChainEvent], wallSeconds: Int64)] = []
        var connections: [String: any Wire] = [:]
        /// Calls whose clients went away.
        var ghosts: [JSON] = []
    }
    private struct Expected {
        let node: String
        let id: JSON
        let wire: any Wire
        let boot: Int
    }

    private let directory: String
    private let executable: String
    private let ports = FreePorts()
    private var devnet: Devnet?
    private var slots: [String: Slot] = [:]
    private var order: [String] = []
    private var boots: [String: Int] = [:]
    private var sent: [String: Expected] = [:]
    private var answers: [String: RPCReply] = [:]
    private var nextID: Int64 = 100

    /// - Parameters:
    ///   - directory: a folder of its own, made when it is not there.
    ///   - executable: the `baton` binary.
    package init(directory: String, executable: String) {
        (self.directory, self.executable) = (directory, executable)
    }

    /// Ends all processes of the stage.
    package func end() async {
        guard let devnet else { return }
        await DevnetLauncher.down(whole(devnet))
    }

    // MARK: - Chain

    package mutating func begin(_ chain: ChainSettings) async throws(ScenarioError) {
        let made = try await working { () throws(BatonError) in
            let ports = FreePorts()
            return Devnet(
                directory: directory, executable: executable, chainPort: try ports.next(), chainID: chain.chainID,
                chain: chain.json, version: "3.0.3", nodes: [], nobodyVotes: true
            )
        }
        devnet = made
        try await working { () async throws(BatonError) in
            try await DevnetFolders.makeReleases(made)
            try await DevnetLauncher.startChain(made, isScenario: true)
        }
    }

    package mutating func round() async throws(ScenarioError) -> [ChainEvent] {
        let ports = order.compactMap { slots[$0] }.filter { $0.isRunning && !$0.isPaused }.map(\.node.port)
        let result = try await chain("dev_round", ["ports": .array(ports.map { .integer(Int64($0)) })])
        var all: [ChainEvent] = []
        for step in result["steps"]?.array ?? [] {
            try keepForPaused(step)
            all += try Self.events(step)
        }
        return all
    }

    package mutating func rollEpoch() async throws(ScenarioError) -> [ChainEvent] {
        let result = try await chain("dev_rollEpoch")
        for name in order {
            guard let slot = slots[name], slot.isRunning, !slot.isPaused else { continue }
            try await give(name, result)
        }
        try keepForPaused(result)
        return try Self.events(result)
    }

    package mutating func silence(rounds: UInt64) async throws(ScenarioError) {
        _ = try await chain("dev_silence", ["rounds": .unsigned(rounds)])
    }

    package mutating func chainCall(_ method: String, _ params: [JSON]) async throws(ScenarioError) -> RPCReply {
        let port = try theDevnet().chainPort
        return try await working { () async throws(BatonError) in try await DevnetCall.reply(port, method, params) }
    }

    package mutating func verdict(_ posAddress: String, since: Watermark?) async throws(ScenarioError) -> JSON {
        let result = try await chain(
            "dev_verdict", ["posAddress": .string(posAddress), "since": since?.json ?? .null]
        )
        guard var members = result["identities"]?.array?.first?.object else {
            throw ScenarioError("the chain knows no identity \(posAddress)")
        }
        // The stage in memory has no processes to count.
        members["votersNow"] = nil
        return .object(members)
    }

    private mutating func keepForPaused(_ step: JSON) throws(ScenarioError) {
        let events = try Self.events(step)
        for name in order where slots[name]?.isPaused == true {
            slots[name]?.waiting.append((events, step["wallSeconds"]?.integer ?? 0))
        }
    }

    private static func events(_ json: JSON) throws(ScenarioError) -> [ChainEvent] {
        do throws(JSONError) {
            var events: [ChainEvent] = []
            for one in json["events"]?.array ?? [] { events.append(try ChainEvent(json: one)) }
            return events
        } catch { throw ScenarioError("an event can't be read: \(error)") }
    }

    /// Gives a node events and hands its votes to the chain.
    private func give(_ name: String, _ step: JSON) async throws(ScenarioError) {
        let result = try await ask(name, "dev_events", step)
        guard let votes = result["votes"]?.array, !votes.isEmpty else { return }
        _ = try await chain("dev_receive", ["votes": .array(votes)])
    }

    // MARK: - Nodes

    package mutating func declare(_ node: NodeSettings) async throws(ScenarioError) {
        guard slots[node.name] == nil else { throw ScenarioError("node \(node.name) is there already") }
        let devnet = try theDevnet()
        let place = try await working { () throws(BatonError) in
            Devnet.Node(
                name: node.name, validator: node.name, posAddress: node.posAddress,
                directory: devnet.directory + "/" + node.name, port: try ports.next(), publicPort: try ports.next()
            )
        }
        try await working { () async throws(BatonError) in
            try await DevnetFolders.makeNode(
                place, devnet,
                extra: [
                    ("devnet_data_folder", "\"\(node.dataFolder)\""), ("devnet_peers", "\(node.peers)"),
                    ("devnet_pos_initialized", "\(node.isPoSInitialized)"),
                ]
            )
        }
        slots[node.name] = Slot(node: place)
        order.append(node.name)
    }

    package mutating func boot(_ node: NodeSettings, isCatchingUp: Bool) async throws(ScenarioError) -> String? {
        let devnet = try theDevnet()
        let place = try slot(node.name).node
        let panicked = try await working { () async throws(BatonError) in
            try await DevnetFolders.switchRelease(
                place, devnet, to: node.version.rawValue, config: node.configVersion.rawValue
            )
            return try await DevnetLauncher.startWatched(
                place,
                arguments: [
                    "--scenario", "--incarnation", node.incarnation, "--pos-started-as-voter",
                    node.startedAsVoter ? "true" : "false",
                ] + (isCatchingUp ? ["--catch-up", "0s"] : [])
            )
        }
        boots[node.name, default: 0] += 1
        if let panicked { return panicked }
        slots[node.name]?.isRunning = true
        return nil
    }

    package mutating func kill(_ node: String) async throws(ScenarioError) {
        let slot = try slot(node)
        for process in await DevnetLauncher.residents(of: slot.node) { await DevnetLauncher.end(process) }
        for wire in slot.connections.sorted(by: { $0.key < $1.key }) { await wire.value.close() }
        slots[node] = Slot(node: slot.node)
        boots[node, default: 0] += 1
    }

    package mutating func finishCatchUp(_ node: String) async throws(ScenarioError) {
        let view = try await chain("dev_view")
        _ = try await ask(node, "dev_finishCatchUp", ["view": view])
        try await collect(node)
    }

    package mutating func pause(_ node: String) async throws(ScenarioError) {
        let place = try slot(node).node
        _ = try await ask(node, "dev_pause")
        slots[node]?.isPaused = true
        for process in await DevnetLauncher.residents(of: place) {
            _ = await DevnetHost.processes.signal(process.incarnation, .stop)
        }
    }

    package mutating func resume(_ node: String) async throws(ScenarioError) {
        let slot = try slot(node)
        for process in await DevnetLauncher.residents(of: slot.node) {
            _ = await DevnetHost.processes.signal(process.incarnation, .continue)
        }
        slots[node]?.isPaused = false
        slots[node]?.waiting = []
        // What was sent meanwhile lies in its sockets: it has come before the node goes on.
        for (_, expected) in sent.sorted(by: { $0.key < $1.key }) where expected.node == node && expected.boot == boots[node] {
            try await arrived(node, expected.id)
        }
        for id in slot.ghosts { try await arrived(node, id) }
        for (events, wallSeconds) in slot.waiting {
            try await give(node, ["events": .array(events.map(\.json)), "wallSeconds": .integer(wallSeconds)])
        }
        try await tellClock(node)
        _ = try await ask(node, "dev_resume")
        try await collect(node)
    }

    // MARK: - Calls

    package mutating func call(
        _ node: String, _ method: String, _ params: [JSON], connection: String
    ) async throws(ScenarioError) -> RPCReply? {
        let name = "call on \(node)"
        answers[name] = nil
        try await send(node, method, params, connection: connection, as: name)
        return answers[name]
    }

    package mutating func send(
        _ node: String, _ method: String, _ params: [JSON], connection: String, as name: String
    ) async throws(ScenarioError) {
        let slot = try slot(node)
        guard slot.isRunning else { return }
        if !slot.isPaused { try await tellClock(node) }
        let wire: any Wire
        // While an answer hangs, HTTP holds back what comes behind it; people then take another connection.
        if let open = slot.connections[connection], !awaitsAnswer(open) {
            wire = open
        } else {
            let port = slot.node.port
            wire = try await working { () async throws(WireError) in
                try await LiveNetwork().open(Endpoint(host: "127.0.0.1", port: port), within: .seconds(10))
            }
            slots[node]?.connections[connection] = wire
        }
        nextID += 1
        let id = JSON.integer(nextID)
        let body = RPCRequest(id: id, method: method, params: params).body
        try await working { () async throws(WireError) in try await wire.send(body) }
        sent[name] = Expected(node: node, id: id, wire: wire, boot: boots[node] ?? 0)
        guard !slot.isPaused else { return }
        try await arrived(node, id)
        try await collect(node)
    }

    package mutating func answer(_ name: String) async throws(ScenarioError) -> RPCReply? { answers[name] }

    package mutating func disconnect(_ node: String, connection: String) async throws(ScenarioError) {
        guard let wire = slots[node]?.connections.removeValue(forKey: connection) else { return }
        await wire.close()
        for (name, expected) in sent where expected.wire as AnyObject === wire as AnyObject {
            slots[node]?.ghosts.append(expected.id)
            sent[name] = nil
        }
    }

    private func awaitsAnswer(_ wire: any Wire) -> Bool {
        sent.contains { $0.value.wire as AnyObject === wire as AnyObject }
    }

    /// Waits until the node has read a call from its socket.
    private func arrived(_ node: String, _ id: JSON) async throws(ScenarioError) {
        for _ in 0..<10_000 {
            if try await ask(node, "dev_settled", ["id": id])["arrived"]?.bool == true { return }
            // On loopback it is a matter of microseconds; a busy machine gets its time.
            try? await Task.sleep(for: .milliseconds(1))
        }
        throw ScenarioError("a call never came to node \(node)")
    }

    /// Reads the answers that the node has given by now.
    private mutating func collect(_ node: String) async throws(ScenarioError) {
        for (name, expected) in sent.sorted(by: { $0.key < $1.key }) where expected.node == node && expected.boot == boots[node] {
            var state = try await ask(node, "dev_settled", ["id": expected.id])
            while state["reading"]?.bool == true {
                // The node waits for its chain, which answers at once.
                state = try await ask(node, "dev_settled", ["id": expected.id])
            }
            guard state["answered"]?.bool == true else { continue }
            let reply = try await working { () async throws in
                try RPCReply(body: try await expected.wire.receive(within: .seconds(10)))
            }
            answers[name] = reply
            sent[name] = nil
        }
    }

    private func tellClock(_ node: String) async throws(ScenarioError) {
        let view = try await chain("dev_view")
        _ = try await ask(
            node, "dev_clock",
            ["now": view["instantNanoseconds"] ?? .null, "wallSeconds": view["wallSeconds"] ?? .null]
        )
    }

    // MARK: - Files

    package mutating func read(_ node: String, _ file: String) async throws(ScenarioError) -> [UInt8]? {
        let folder = try slot(node).node.directory + "/pos_db"
        return try await working { () throws(NodeDiskError) in try PosixDisk(folder: folder, mode: 0o600).read(file) }
    }

    package mutating func write(_ node: String, _ file: String, _ bytes: [UInt8]?) async throws(ScenarioError) {
        let folder = try slot(node).node.directory + "/pos_db"
        try await working { () throws(NodeDiskError) in
            let disk = PosixDisk(folder: folder, mode: 0o600)
            if let bytes { try disk.write(file, bytes) } else { try disk.remove(file) }
        }
    }

    // MARK: - Talking

    private func theDevnet() throws(ScenarioError) -> Devnet {
        guard let devnet else { throw ScenarioError("no chain yet: begin with a line \"chain\"") }
        return devnet
    }

    private func slot(_ name: String) throws(ScenarioError) -> Slot {
        guard let slot = slots[name] else { throw ScenarioError("no node \(name)") }
        return slot
    }

    private func whole(_ devnet: Devnet) -> Devnet { devnet.with(order.compactMap { slots[$0]?.node }) }

    private func chain(_ method: String, _ argument: JSON = .null) async throws(ScenarioError) -> JSON {
        let port = try theDevnet().chainPort
        return try await working { () async throws(BatonError) in
            try await DevnetCall.result(port, method, argument.isNull ? [] : [argument])
        }
    }

    private func ask(_ node: String, _ method: String, _ argument: JSON = .null) async throws(ScenarioError) -> JSON {
        let port = try slot(node).node.port
        return try await working { () async throws(BatonError) in
            try await DevnetCall.result(port, method, argument.isNull ? [] : [argument])
        }
    }

    private func working<Value, Failure: Error>(
        _ body: () async throws(Failure) -> Value
    ) async throws(ScenarioError) -> Value {
        do { return try await body() } catch { throw ScenarioError("\(error)") }
    }
}
