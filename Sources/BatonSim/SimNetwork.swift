import BatonModel
package import BatonWorld

/// How the simulated network misbehaves; every kind can be off.
package struct WireFaults: Hashable, Sendable {
    /// A connection is refused although somebody listens.
    ///
    /// - Unit: 1/1000 of all openings.
    package var refused = 0
    /// A request and its connection are lost.
    ///
    /// - Unit: 1/1000 of all requests, as below.
    package var requestLost = 0
    /// The request is executed, its answer and the connection are lost.
    package var answerLost = 0
    /// The request is executed, its answer never comes, the connection stays.
    package var answerSilent = 0
    /// The answer comes later than any deadline.
    package var answerLate = 0
    /// The request arrives much later.
    package var requestLate = 0
    /// The longest time by which late things are late.
    package var latenessMax = Duration.seconds(120)
    /// No faults.
    package init() {}
}

/// The wires between the processes of simulated machines.
package final class SimNetwork: @unchecked Sendable {
    /// The world that it is in.
    package let world: SimWorld
    /// How it misbehaves now.
    package var faults = WireFaults()
    /// The longest plain delay of one direction.
    package var delayMax = Duration.microseconds(400)
    /// Called with every request that arrives at a server: port, method, before (`false`) and after (`true`) it was taken.
    package var onArrival: ((Int, String, Bool) -> Void)?
    fileprivate var chance: SplitMix64
    private var machines: [String: SimMachine] = [:]
    private var connections: UInt64 = 0

    /// An empty network.
    package init(_ world: SimWorld) {
        self.world = world
        chance = SplitMix64(seed: world.seed, purpose: 4)
    }

    /// Names a machine for those on other machines.
    package func add(_ machine: SimMachine, as host: String) { machines[host] = machine }

    fileprivate func target(_ endpoint: Endpoint, from machine: SimMachine) -> SimMachine? {
        endpoint.host == "127.0.0.1" ? machine : machines[endpoint.host]
    }
    fileprivate func nextConnection() -> UInt64 {
        connections += 1
        return connections
    }
    fileprivate func delay() -> Duration { chance.duration(.zero, delayMax) }
    fileprivate func draw(_ permille: Int) -> Bool { permille > 0 && chance.happens(permille) }
    fileprivate func lateness() -> Duration { chance.duration(.milliseconds(100), faults.latenessMax) }

    /// The JSON-RPC method that a body names, for reports and triggers.
    package static func method(of body: [UInt8]) -> String {
        let mark = Array("\"method\":\"".utf8)
        guard body.count > mark.count else { return "?" }
        var index = 0
        while index + mark.count < body.count {
            if body[index] == mark[0], body[index + 1] == mark[1], body[index..<(index + mark.count)].elementsEqual(mark) {
                let rest = body[(index + mark.count)...]
                return String(decoding: rest.prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
            }
            index += 1
        }
        return "?"
    }
}

/// The network as one controller sees it.
package struct SimDialler: Network {
    private let life: ControllerLife
    private let network: SimNetwork

    /// The network that a controller sees.
    package init(_ life: ControllerLife, through network: SimNetwork) { (self.life, self.network) = (life, network) }

    package func open(_ endpoint: Endpoint, within: Duration) async throws(WireError) -> any Wire {
        let name = "open \(endpoint.port)"
        guard await life.begin(name, acting: false) else { throw .closed }
        await network.world.pass(network.delay())
        let wire: SimWire?
        if let there = network.target(endpoint, from: life.machine)?.listener(endpoint.port), there.process.isAlive,
            !network.draw(network.faults.refused)
        {
            let made = SimWire(life, network, to: there, port: endpoint.port)
            life.keep(made)
            wire = made
        } else {
            wire = nil
        }
        guard await life.end(name) else { throw .closed }
        guard let wire else { throw .refused }
        return wire
    }
}

/// One connection: requests and answers keep their order on it; requests of different connections may overtake each other.
package final class SimWire: Wire, @unchecked Sendable {
    private let life: ControllerLife
    private let network: SimNetwork
    private let process: SimProcess
    private weak var server: (any SimServer)?
    private let port: Int
    private let number: UInt64
    private var isOpen = true
    private var lastArrival: Int64 = 0
    private var lastReturn: Int64 = 0
    private var answers: [[UInt8]] = []
    private var outstanding = 0
    private var waiter: SimWaiter?

    fileprivate init(_ life: ControllerLife, _ network: SimNetwork, to there: (process: SimProcess, server: any SimServer), port: Int) {
        (self.life, self.network, self.port) = (life, network, port)
        (process, server) = (there.process, there.server)
        number = network.nextConnection()
        process.onEnd { [weak self] in self?.cut() }
    }

    package func send(_ body: [UInt8]) async throws(WireError) {
        let method = SimNetwork.method(of: body)
        let acting = method.hasPrefix("test_") && method != "test_posVotingStatus" && method != "test_posRegister"
        let name = "send \(method) \(port)"
        guard await life.begin(name, acting: acting) else { throw .closed }
        precondition(outstanding == 0, "a request is outstanding on this wire")
        let wasOpen = isOpen
        if wasOpen {
            network.world.mix(body)
            outstanding += 1
            answers = []
            depart(body, method)
        }
        guard await life.end(name) else { throw .closed }
        guard wasOpen else { throw .closed }
    }

    private func depart(_ body: [UInt8], _ method: String) {
        let world = network.world
        if network.draw(network.faults.requestLost) {
            world.after(network.delay()) { self.cut() }
            return
        }
        let late = network.draw(network.faults.requestLate) ? network.lateness() : .zero
        lastArrival = max(lastArrival, world.now + (network.delay() + late).nanoseconds)
        world.at(lastArrival) { [self] in
            process.submit(connection: number) { [self] in
                network.onArrival?(port, method, false)
                server?.receive(body, port: port, connection: number) { [self] answer in comeBack(answer) }
                network.onArrival?(port, method, true)
            }
        }
    }

    private func comeBack(_ answer: [UInt8]) {
        let world = network.world
        if network.draw(network.faults.answerLost) {
            world.after(network.delay()) { self.cut() }
            return
        }
        if network.draw(network.faults.answerSilent) { return }
        let late = network.draw(network.faults.answerLate) ? network.lateness() : .zero
        lastReturn = max(lastReturn, world.now + (network.delay() + late).nanoseconds)
        world.at(lastReturn) { [self] in
            guard isOpen else { return }
            world.mix(answer)
            outstanding = 0
            answers.append(answer)
            rouse()
        }
    }

    package func receive(within: Duration) async throws(WireError) -> [UInt8] {
        guard await life.begin("receive", acting: false, isPoint: !answers.isEmpty) else { throw .closed }
        let deadline = network.world.now + within.nanoseconds
        while answers.isEmpty, isOpen, network.world.now < deadline, !Task.isCancelled, !network.world.isOver {
            let waiter = SimWaiter()
            self.waiter = waiter
            _ = await network.world.wait(until: deadline, as: waiter)
        }
        guard await life.end("receive") else { throw .closed }
        if !answers.isEmpty { return answers.removeFirst() }
        throw isOpen ? .timedOut : .closed
    }

    package func close() async {
        guard await life.begin("close \(port)", acting: false) else { return }
        abandon()
        _ = await life.end("close \(port)")
    }

    /// Ends this side; what was sent still arrives.
    package func abandon() { isOpen = false }

    /// The other side or the network ended the connection.
    private func cut() {
        network.world.at(max(lastReturn, network.world.now)) { [self] in
            isOpen = false
            rouse()
        }
    }

    private func rouse() {
        if let waiter { network.world.wake(waiter) }
        waiter = nil
    }
}
