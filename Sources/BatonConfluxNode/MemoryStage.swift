package import BatonModel

/// A scenario's stage in memory: what real processes have to equal.
package struct MemoryStage: ScenarioStage, Sendable {
    private struct Slot: Sendable {
        var disk = MemoryDisk()
        var model: NodeModel?
        var queue = CommandQueue()
        var isPaused = false
        var waiting: [(event: ChainEvent, wallSeconds: Int64)] = []
        var connections: [String: UInt64] = [:]
        /// Ticket → the name that the answer is asked for by.
        var expected: [UInt64: String] = [:]
    }

    private var chain: ChainModel?
    private var slots: [String: Slot] = [:]
    private var order: [String] = []
    private var answers: [String: RPCReply] = [:]

    package init() {}

    package mutating func begin(_ settings: ChainSettings) throws(ScenarioError) { chain = ChainModel(settings) }

    package mutating func declare(_ node: NodeSettings) throws(ScenarioError) {
        guard slots[node.name] == nil else { throw ScenarioError("node \(node.name) is there already") }
        slots[node.name] = Slot()
        order.append(node.name)
    }

    package mutating func boot(_ node: NodeSettings, isCatchingUp: Bool) throws(ScenarioError) -> String? {
        let chain = try theChain()
        var slot = try slot(node.name)
        var model = NodeModel(node)
        defer { slots[node.name] = slot }
        do {
            try model.boot(
                disk: &slot.disk, chain: chain.view, wallSeconds: wall(chain), isCatchingUp: isCatchingUp
            )
        } catch {
            return error.description
        }
        slot.model = model
        slot.queue = CommandQueue()
        slot.queue.isLoopBusy = model.isLoopBusy
        (slot.connections, slot.expected, slot.waiting, slot.isPaused) = ([:], [:], [], false)
        return nil
    }

    package mutating func kill(_ node: String) throws(ScenarioError) {
        var slot = try slot(node)
        slot.model = nil
        (slot.waiting, slot.expected, slot.isPaused) = ([], [:], false)
        slots[node] = slot
    }

    package mutating func finishCatchUp(_ node: String) throws(ScenarioError) {
        let chain = try theChain()
        var slot = try slot(node)
        slot.model?.finishCatchUp(disk: &slot.disk, chain: chain.view, wallSeconds: wall(chain))
        slot.queue.isLoopBusy = false
        slots[node] = slot
        try run(node)
    }

    package mutating func pause(_ node: String) throws(ScenarioError) {
        var slot = try slot(node)
        slot.isPaused = true
        slot.queue.pauseAcceptor()
        slots[node] = slot
    }

    package mutating func resume(_ node: String) throws(ScenarioError) {
        var slot = try slot(node)
        slot.isPaused = false
        slot.queue.resumeAcceptor()
        let waiting = slot.waiting
        slot.waiting = []
        slots[node] = slot
        for (event, wallSeconds) in waiting { observe(node, event, wallSeconds) }
        try run(node)
    }

    package mutating func call(
        _ node: String, _ method: String, _ params: [JSON], connection: String
    ) throws(ScenarioError) -> RPCReply? {
        let name = "call on \(node)"
        answers[name] = nil
        try send(node, method, params, connection: connection, as: name)
        return answers[name]
    }

    package mutating func send(
        _ node: String, _ method: String, _ params: [JSON], connection: String, as name: String
    ) throws(ScenarioError) {
        let chain = try theChain()
        var slot = try slot(node)
        guard slot.model != nil else { return }
        let number = slot.connections[connection] ?? UInt64(slot.connections.count + 1)
        slot.connections[connection] = number
        let request = RPCRequest(id: 1, method: method, params: params)
        let ticket = slot.queue.arrive(request, connection: number, at: chain.view.instant)
        slot.expected[ticket] = name
        slots[node] = slot
        try run(node)
    }

    package mutating func answer(_ name: String) throws(ScenarioError) -> RPCReply? { answers[name] }

    package mutating func disconnect(_ node: String, connection: String) throws(ScenarioError) {
        var slot = try slot(node)
        if let number = slot.connections.removeValue(forKey: connection) {
            slot.queue.connectionEnded(number)
            // A new connection of the same name is another one.
            slot.connections["\(connection) gone \(number)"] = number
        }
        slots[node] = slot
    }

    package mutating func round() throws(ScenarioError) -> [ChainEvent] {
        var chain = try theChain()
        let before = chain.view
        var all: [ChainEvent] = []
        repeat {
            let events = chain.advance(to: chain.nextDeadline)
            all += events
            self.chain = chain
            deliver(events)
            chain = try theChain()
        } while (chain.view.epoch, chain.view.round) == (before.epoch, before.round) && !chain.isStalled
        return all
    }

    package mutating func rollEpoch() throws(ScenarioError) -> [ChainEvent] {
        var chain = try theChain()
        let events = chain.rollEpochNow(at: chain.view.instant)
        self.chain = chain
        deliver(events)
        return events
    }

    package mutating func silence(rounds: UInt64) throws(ScenarioError) { chain?.silence(rounds: rounds) }

    package mutating func read(_ node: String, _ file: String) throws(ScenarioError) -> [UInt8]? {
        try slot(node).disk.files[file]
    }

    package mutating func write(_ node: String, _ file: String, _ bytes: [UInt8]?) throws(ScenarioError) {
        var slot = try slot(node)
        slot.disk.files[file] = bytes
        slots[node] = slot
    }

    package mutating func chainCall(_ method: String, _ params: [JSON]) throws(ScenarioError) -> RPCReply {
        try theChain().read(method, params)
    }

    package mutating func verdict(_ posAddress: String, since: Watermark?) throws(ScenarioError) -> JSON {
        guard let verdict = try theChain().verdict(of: posAddress, since: since) else {
            throw ScenarioError("the chain knows no identity \(posAddress)")
        }
        return verdict.json
    }

    private func theChain() throws(ScenarioError) -> ChainModel {
        guard let chain else { throw ScenarioError("no chain yet: begin with a line \"chain\"") }
        return chain
    }

    private func slot(_ node: String) throws(ScenarioError) -> Slot {
        guard let slot = slots[node] else { throw ScenarioError("no node \(node)") }
        return slot
    }

    private func wall(_ chain: ChainModel) -> Int64 { chain.view.wallSeconds }

    /// Gives each node all events, node by node in the order of declaration.
    private mutating func deliver(_ events: [ChainEvent]) {
        let wallSeconds = chain?.view.wallSeconds ?? 0
        for node in order {
            for event in events {
                if slots[node]?.isPaused == true {
                    slots[node]?.waiting.append((event, wallSeconds))
                } else {
                    observe(node, event, wallSeconds)
                }
            }
        }
    }

    private mutating func observe(_ node: String, _ event: ChainEvent, _ wallSeconds: Int64) {
        guard var slot = slots[node], let now = chain?.view.instant else { return }
        let votes = slot.model?.observe(event, disk: &slot.disk, wallSeconds: wallSeconds) ?? []
        slots[node] = slot
        for vote in votes { chain?.receive(vote, at: now) }
    }

    /// Runs what the node's queue gives.
    private mutating func run(_ node: String) throws(ScenarioError) {
        let chain = try theChain()
        var slot = try slot(node)
        guard var model = slot.model else { return }
        let version = model.settings.version
        for taken in slot.queue.takeReady(at: chain.view.instant) {
            let reply: RPCReply
            if let text = taken.refusal {
                reply = model.refusal(text)
            } else {
                reply = model.execute(
                    taken.request.method, taken.request.params, disk: &slot.disk, wallSeconds: wall(chain),
                    now: chain.view.instant
                ) { method, params, horizon in
                    chain.read(method, params, horizon: horizon, version: version)
                }
            }
            if let name = slot.expected.removeValue(forKey: taken.ticket), !taken.isOrphan { answers[name] = reply }
        }
        slot.model = model
        slots[node] = slot
    }
}
