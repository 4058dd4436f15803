import BatonConfluxNode
import BatonHTTP
import BatonModel
import BatonWorld
import BatonWorldLive
import Glibc

/// The chain process: the round clock, the reference node's reading methods, and `dev_*` for nodes, faults and verdict.
///
/// In scenario mode it has no clock of its own: the stage orders every round.
actor ChainProcess {
    private struct Waiter {
        let node: String
        let after: Int
        let call: HTTPCall
        let id: JSON
    }
    private struct NodeRecord {
        let incarnation: String
        let pid: Int32
        let posAddress: String
        var isVoting: Bool
    }

    private nonisolated let loop: SerialLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.executor }
    private let isScenario: Bool
    private let clock = LiveClock()
    private var settings: ChainSettings
    private var model: ChainModel
    private var events: [JSON] = []
    private var waiters: [Waiter] = []
    private var nodes: [String: NodeRecord] = [:]
    private var timer: LoopTimer?
    private var server: HTTPServer?

    init(_ settings: ChainSettings, isScenario: Bool, on loop: SerialLoop) {
        (self.loop, self.isScenario) = (loop, isScenario)
        let started = isScenario ? settings : Self.startedNow(settings)
        self.settings = started
        model = ChainModel(started)
    }

    /// Serves until the process ends.
    func run(port: Int) async throws(HTTPFailure) {
        server = try await HTTPServer.open(
            port: port, on: loop, ended: { [self] in connectionEnded($0) },
            handler: { call in self.assumeIsolated { $0.take(call) } }
        )
        arm()
    }

    private static func startedNow(_ settings: ChainSettings) -> ChainSettings {
        var started = settings
        (started.start, started.startWallSeconds) = (LiveClock().now, LiveClock().wall.seconds)
        return started
    }

    private nonisolated func connectionEnded(_ connection: UInt64) {
        assumeIsolated { chain in chain.waiters.removeAll { $0.call.connection == connection } }
    }

    // MARK: - Time

    private func arm() {
        guard !isScenario else { return }
        timer?.cancel()
        timer = loop.run(after: clock.now.duration(to: model.nextDeadline)) { [self] in assumeIsolated { $0.tick() } }
    }

    private func tick() {
        let now = clock.now
        // Timers restart from `now`, so one turn does at most a few deadlines.
        var left = 8
        while model.nextDeadline <= now, left > 0 {
            publish(model.advance(to: now))
            left -= 1
        }
        arm()
    }

    private func publish(_ new: [ChainEvent]) {
        guard !new.isEmpty else { return }
        events += new.map(\.json)
        let due = waiters
        waiters = []
        for waiter in due { give(waiter) }
    }

    private func give(_ waiter: Waiter) {
        guard waiter.after < events.count else { return waiters.append(waiter) }
        let part = Array(events[waiter.after...])
        answer(waiter.call, waiter.id, .result(["events": .array(part), "next": .integer(Int64(events.count))]))
    }

    // MARK: - Calls

    private func take(_ call: HTTPCall) {
        let request: RPCRequest
        do throws(RPCError) { request = try RPCRequest(body: call.body) } catch {
            return answer(call, .null, .error(error))
        }
        let argument = request.params.first ?? .null
        switch request.method {
        case "dev_next":
            give(
                Waiter(
                    node: argument["node"]?.string ?? "", after: Int(argument["after"]?.integer ?? 0), call: call,
                    id: request.id
                )
            )
        case let method where method.hasPrefix("dev_"):
            answer(call, request.id, control(method, argument))
        default: answer(call, request.id, model.read(request.method, request.params))
        }
    }

    private func answer(_ call: HTTPCall, _ id: JSON, _ reply: RPCReply) { call.answer(200, reply.body(id: id)) }

    private func control(_ method: String, _ argument: JSON) -> RPCReply {
        do throws(JSONError) {
            switch method {
            case "dev_join": return try join(argument)
            case "dev_vote": return try vote(argument)
            case "dev_flag": return try flag(argument)
            case "dev_read": return try read(argument)
            case "dev_stamps": return .result(["pid": .integer(Int64(getpid()))])
            case "dev_view": return .result(model.view.json)
            case "dev_verdict": return try verdict(argument)
            case "dev_silence": model.silence(rounds: try argument.count("rounds"))
            case "dev_rollEpoch": return rollEpoch()
            case "dev_reset": reset(argument)
            case "dev_begin": try begin(argument)
            case "dev_round": return round(argument)
            case "dev_receive": try receive(argument)
            case "dev_stop": _ = loop.run(after: .milliseconds(20)) { exit(0) }
            default: return .error(.methodNotFound)
            }
        } catch {
            return .error(RPCError(code: -32602, message: "Invalid params", data: error.description))
        }
        return .result(.null)
    }

    private var now: Instant { isScenario ? model.view.instant : clock.now }

    private func join(_ argument: JSON) throws(JSONError) -> RPCReply {
        nodes[try argument.text("node")] = NodeRecord(
            incarnation: try argument.text("incarnation"),
            pid: Int32(truncatingIfNeeded: try argument.count("pid")), posAddress: try argument.text("posAddress"),
            isVoting: false
        )
        return .result([
            "view": model.view.json, "next": .integer(Int64(events.count)),
            "wallSeconds": .integer(model.wallSeconds(at: now)),
        ])
    }

    private func vote(_ argument: JSON) throws(JSONError) -> RPCReply {
        for one in argument["votes"]?.array ?? [] { model.receive(try SignedVote(json: one), at: now) }
        // A vote may complete a quorum, which moves the deadline.
        arm()
        return .result(.null)
    }

    private func flag(_ argument: JSON) throws(JSONError) -> RPCReply {
        let (node, incarnation) = (try argument.text("node"), try argument.text("incarnation"))
        guard nodes[node]?.incarnation == incarnation else { return .result(.null) }
        nodes[node]?.isVoting = argument["voting"]?.bool ?? false
        return .result(.null)
    }

    private func read(_ argument: JSON) throws(JSONError) -> RPCReply {
        let horizon: ChainView? = if let view = argument["horizon"], !view.isNull { try ChainView(json: view) } else { nil }
        return model.read(
            try argument.text("method"), argument["params"]?.array ?? [], horizon: horizon,
            version: argument["version"]?.string.flatMap(NodeVersion.init(rawValue:))
        )
    }

    private func verdict(_ argument: JSON) throws(JSONError) -> RPCReply {
        let since: Watermark? = if let mark = argument["since"], !mark.isNull { try Watermark(json: mark) } else { nil }
        let wanted = argument["posAddress"]?.string.map { $0.hasPrefix("0x") ? String($0.dropFirst(2)) : $0 }
        var list: [JSON] = []
        for identity in settings.identities where wanted == nil || wanted == identity.posAddress {
            guard let verdict = model.verdict(of: identity.posAddress, since: since),
                var members = verdict.json.object
            else { continue }
            members["votersNow"] = .array(votersNow(identity.posAddress))
            list.append(.object(members))
        }
        return .result(["identities": .array(list), "view": model.view.json])
    }

    /// The living processes whose flag is true, as they said themselves.
    private func votersNow(_ posAddress: String) -> [JSON] {
        nodes.sorted { $0.key < $1.key }.compactMap { name, record in
            guard record.posAddress == posAddress, record.isVoting, Self.isAlive(record.pid) else { return nil }
            return ["node": .string(name), "incarnation": .string(record.incarnation)]
        }
    }

    private static func isAlive(_ pid: Int32) -> Bool {
        // What /proc does not show is not alive.
        guard let stat = try? PosixDisk(folder: "/proc", mode: 0).read("\(pid)/stat") else { return false }
        // The state is the letter behind the closing parenthesis of the name (proc(5)).
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")), end + 2 < stat.count else { return false }
        return stat[end + 2] != UInt8(ascii: "Z") && stat[end + 2] != UInt8(ascii: "X")
    }

    private func rollEpoch() -> RPCReply {
        let new = model.rollEpochNow(at: now)
        if !isScenario { publish(new) }
        arm()
        return .result([
            "events": .array(new.map(\.json)), "now": .integer(now.nanoseconds),
            "wallSeconds": .integer(model.view.wallSeconds),
        ])
    }

    private func reset(_ argument: JSON) {
        if let seed = argument["seed"]?.unsigned { settings.seed = seed }
        if !isScenario { settings = Self.startedNow(settings) }
        model = ChainModel(settings)
        (events, nodes) = ([], [:])
        // Whoever still waits belongs to the old chain.
        let old = waiters
        waiters = []
        for waiter in old { waiter.call.drop() }
        arm()
    }

    // MARK: - Scenario mode

    private func begin(_ argument: JSON) throws(JSONError) {
        settings = try ChainSettings(json: argument)
        reset(.null)
    }

    private func receive(_ argument: JSON) throws(JSONError) {
        for one in argument["votes"]?.array ?? [] { model.receive(try SignedVote(json: one), at: model.view.instant) }
    }

    /// One round: the nodes on the given ports, in this order, get the events and give their votes.
    ///
    /// Like the stage in memory: after each deadline every node has all events, and its votes count at once.
    private func round(_ argument: JSON) -> RPCReply {
        let ports = (argument["ports"]?.array ?? []).compactMap(\.integer).map { Int($0) }
        let before = model.view
        var steps: [JSON] = []
        repeat {
            let events = model.advance(to: model.nextDeadline)
            let (now, wallSeconds) = (model.view.instant, model.view.wallSeconds)
            let step: JSON = [
                "events": .array(events.map(\.json)), "now": .integer(now.nanoseconds),
                "wallSeconds": .integer(wallSeconds),
            ]
            steps.append(step)
            for port in ports where !events.isEmpty {
                for vote in BlockingCall.votes(of: step, from: port) { model.receive(vote, at: now) }
            }
        } while (model.view.epoch, model.view.round) == (before.epoch, before.round) && !model.isStalled
        return .result(["steps": .array(steps)])
    }
}
