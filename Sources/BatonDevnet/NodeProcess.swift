import BatonConfluxNode
import BatonHTTP
import BatonModel
import BatonWorld
import BatonWorldLive
import Glibc

/// One node process: the model on real files and real sockets, all on one thread.
actor NodeProcess {
    private struct Pending {
        let call: HTTPCall
        let request: RPCRequest
        let deed: NodeFaults.Deed?
    }

    private nonisolated let loop: SerialLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.executor }
    private let configuration: NodeConfiguration
    private let isScenario: Bool
    private let clock = LiveClock()
    private let posLog: LogFile
    private let powLog: LogFile
    private var model: NodeModel
    private var disk: PosixDisk
    private var queue = CommandQueue()
    private var faults = NodeFaults()
    private var pending: [UInt64: Pending] = [:]
    private var held: [(HTTPCall, Bool)] = []
    private var servers: [HTTPServer] = []
    private var votes: HTTPClient?
    private var polls: HTTPClient?
    private var next = 0
    private var timer: LoopTimer?
    private var isBusy = false
    private var clearedAt: Instant?
    private var setAt: Instant?
    private var scenario: ScenarioGate

    init(_ configuration: NodeConfiguration, folder: String, isScenario: Bool, on loop: SerialLoop) {
        (self.configuration, self.loop, self.isScenario) = (configuration, loop, isScenario)
        // 3.1 makes its files by the `tempfile` crate (conflux-pos.md §2.3).
        disk = PosixDisk(
            folder: folder + "/pos_db", mode: configuration.settings.version == .v3_1_0 ? 0o600 : 0o644
        )
        scenario = ScenarioGate(isOn: isScenario)
        posLog = LogFile(folder + "/log/pos.log")
        powLog = LogFile(folder + "/log/conflux.log")
        model = NodeModel(configuration.settings)
    }

    // MARK: - Start

    /// Joins the chain, starts the model and serves until the process ends.
    ///
    /// - Throws: ``NodePanic`` with the words for standard error.
    func start(catchUp: Duration?) async throws(NodePanic) {
        do throws(HTTPFailure) {
            votes = try await HTTPClient.open(port: configuration.chainPort, on: loop)
            polls = try await HTTPClient.open(port: configuration.chainPort, on: loop)
        } catch { throw NodePanic("the chain process is not there: \(error)") }
        let settings = configuration.settings
        let joined = await votes?.post(
            DevnetWords.request(
                "dev_join",
                [
                    "node": .string(settings.name), "incarnation": .string(settings.incarnation),
                    "pid": .integer(Int64(getpid())), "posAddress": .string(settings.posAddress),
                ]
            )
        )
        guard let answer = DevnetWords.result(joined), let first = answer["next"]?.integer, let seen = answer["view"],
            // What can't be read is refused in the same words.
            let view = try? ChainView(json: seen)
        else { throw NodePanic("the chain process does not take the node") }
        next = Int(first)
        scenario.set(view)
        try model.boot(disk: &disk, chain: view, wallSeconds: wallSeconds, isCatchingUp: catchUp != nil)
        queue.isLoopBusy = model.isLoopBusy
        noteFlag(was: false)
        noteCatchUp()
        flushLog()
        do throws(HTTPFailure) {
            try await serve(configuration.localPort, isPublic: false)
            try await serve(configuration.publicPort, isPublic: true)
        } catch { throw NodePanic(error.description) }
        guard !isScenario else { return }
        if let catchUp { _ = loop.run(after: catchUp) { [self] in assumeIsolated { $0.finishCatchUp() } } }
        poll()
    }

    private func serve(_ port: Int, isPublic: Bool) async throws(HTTPFailure) {
        let server = try await HTTPServer.open(
            port: port, on: loop,
            ended: { [self] connection in assumeIsolated { $0.ended(connection) } },
            handler: { [self] call in assumeIsolated { $0.take(call, isPublic: isPublic) } }
        )
        servers.append(server)
    }

    private var wallSeconds: Int64 {
        guard isScenario else { return clock.wall.seconds }
        return scenario.wallSeconds ?? model.horizon?.wallSeconds ?? 0
    }

    /// The clock of the model: the chain's own in scenario mode.
    private var now: Instant { isScenario ? scenario.now ?? Instant(nanoseconds: 0) : clock.now }

    private func finishCatchUp() {
        let (client, body) = (votes, DevnetWords.request("dev_view"))
        client?.post(body) { [self] answer in
            // Without the chain the node ends at its next poll.
            guard let result = DevnetWords.result(answer), let view = try? ChainView(json: result) else { return }
            assumeIsolated { $0.caughtUp(view) }
        }
    }

    private func caughtUp(_ view: ChainView) {
        scenario.set(view)
        model.finishCatchUp(disk: &disk, chain: view, wallSeconds: wallSeconds)
        queue.isLoopBusy = isBusy
        noteCatchUp()
        flushLog()
        drain()
    }

    // MARK: - The chain

    private func poll() {
        let body = DevnetWords.request(
            "dev_next", ["node": .string(configuration.settings.name), "after": .integer(Int64(next))]
        )
        polls?.post(body) { [self] answer in
            // Without its chain a devnet node has nothing to be.
            guard let result = DevnetWords.result(answer) else { exit(0) }
            assumeIsolated { node in
                node.follow(result["events"]?.array ?? [])
                node.next = Int(result["next"]?.integer ?? 0)
                node.poll()
            }
        }
    }

    private func follow(_ events: [JSON]) {
        for json in events {
            // The chain of the same build writes events that can be read.
            guard let event = try? ChainEvent(json: json) else { continue }
            send(model.observe(event, disk: &disk, wallSeconds: wallSeconds))
        }
        flushLog()
    }

    private func send(_ signed: [SignedVote]) {
        guard !signed.isEmpty else { return }
        votes?.post(DevnetWords.request("dev_vote", ["votes": .array(signed.map(\.json))])) { _ in }
    }

    /// - Source: conflux-pos.md §5 (the line of every second; here: when it changes).
    private func noteCatchUp() {
        let epoch = model.horizon?.powEpoch ?? 0
        powLog.add(["\(clock.wall.text) Catch-up mode: \(model.isLoopBusy), latest epoch: \(epoch) missing_bodies: 0"])
    }

    private func flushLog() {
        let lines = model.drainLog()
        guard !lines.isEmpty else { return }
        let stamp = clock.wall.text
        posLog.add(lines.map { "\(stamp) \($0)" })
    }

    // MARK: - Calls

    private func ended(_ connection: UInt64) {
        faults.ended(connection)
        queue.connectionEnded(connection)
    }

    private func take(_ call: HTTPCall, isPublic: Bool) {
        let request: RPCRequest
        do throws(RPCError) { request = try RPCRequest(body: call.body) } catch {
            return call.answer(200, RPCReply.error(error).body(id: .null))
        }
        if request.method.hasPrefix("dev_"), !isPublic { return control(call, request) }
        guard !isPublic || NodeModel.isPublic(request.method) else {
            return call.answer(200, RPCReply.error(.methodNotFound).body(id: request.id))
        }
        guard !faults.isHanging else { return held.append((call, isPublic)) }
        guard !scenario.holds(call, request) else { return }
        arrive(call, request)
    }

    private func arrive(_ call: HTTPCall, _ request: RPCRequest) {
        let deed = faults.deed(for: request.method)
        var delay = faults.arrivalDelay(call.connection)
        if case .delayCommand(let wait) = deed { delay += wait }
        let ticket = queue.arrive(request, connection: call.connection, at: now, acceptedAfter: delay)
        pending[ticket] = Pending(call: call, request: request, deed: deed)
        scenario.arrived(request.id)
        drain()
    }

    private func drain() {
        while true {
            let ready = queue.takeReady(at: now)
            guard !ready.isEmpty else { break }
            for taken in ready { execute(taken) }
        }
        timer?.cancel()
        timer = nil
        guard let deadline = queue.nextDeadline else { return }
        timer = loop.run(after: now.duration(to: deadline)) { [self] in assumeIsolated { $0.drain() } }
    }

    private func execute(_ taken: CommandQueue.Taken) {
        guard let pending = pending.removeValue(forKey: taken.ticket) else { return }
        if let refusal = taken.refusal { return answer(pending, model.refusal(refusal)) }
        let request = taken.request
        guard NodeModel.kind(of: request.method) != .reading else { return read(pending) }
        let was = model.isVoting
        let reply = model.execute(
            request.method, request.params, disk: &disk, wallSeconds: wallSeconds, now: now
        )
        noteFlag(was: was)
        answer(pending, reply)
        flushLog()
        // The answer is written by then; a last one that is lost is a case of its own.
        if model.isAskedToStop { _ = loop.run(after: .milliseconds(20)) { exit(0) } }
    }

    private func noteFlag(was: Bool) {
        guard model.isVoting != was else { return }
        if model.isVoting { setAt = clock.now } else { clearedAt = clock.now }
        let settings = configuration.settings
        votes?.post(
            DevnetWords.request(
                "dev_flag",
                [
                    "node": .string(settings.name), "incarnation": .string(settings.incarnation),
                    "voting": .bool(model.isVoting),
                ]
            )
        ) { _ in }
    }

    /// Forwards a reading method to the chain, as far as this node has come.
    private func read(_ pending: Pending) {
        let settings = configuration.settings
        scenario.reads(pending.request.id)
        let body = DevnetWords.request(
            "dev_read",
            [
                "method": .string(pending.request.method), "params": .array(pending.request.params),
                "horizon": model.horizon?.json ?? .null, "version": .string(settings.version.rawValue),
            ]
        )
        votes?.post(body) { [self] bytes in
            assumeIsolated { node in
                // No answer that can be read is an internal error to the caller.
                let reply: RPCReply? = bytes.flatMap { try? RPCReply(body: $0) }
                node.answer(pending, reply ?? .error(.internal))
            }
        }
    }

    private func answer(_ pending: Pending, _ reply: RPCReply) {
        scenario.answered(pending.request.id)
        let (call, body) = (pending.call, reply.body(id: pending.request.id))
        switch pending.deed {
        case nil, .delayCommand: call.answer(200, body)
        case .loseAnswer: break
        case .closeConnection: call.drop()
        case .delayAnswer(let wait): _ = loop.run(after: wait) { call.answer(200, body) }
        }
    }

    // MARK: - Control

    private func control(_ call: HTTPCall, _ request: RPCRequest) {
        let argument = request.params.first ?? .null
        let reply: RPCReply
        do throws(JSONError) { reply = try control(request.method, argument) } catch {
            reply = .error(RPCError(code: -32602, message: "Invalid params", data: error.description))
        }
        call.answer(200, reply.body(id: request.id))
    }

    private func control(_ method: String, _ argument: JSON) throws(JSONError) -> RPCReply {
        switch method {
        case "dev_stamps":
            return .result([
                "flag_cleared_ns": clearedAt.map { .integer($0.nanoseconds) } ?? .null,
                "flag_set_ns": setAt.map { .integer($0.nanoseconds) } ?? .null, "voting": .bool(model.isVoting),
                "pid": .integer(Int64(getpid())),
            ])
        case "dev_fault": try fault(argument)
        case "dev_events": return .result(["votes": .array(observe(argument).map(\.json))])
        case "dev_clock": scenario.set(argument)
        case "dev_pause":
            scenario.isPaused = true
            queue.pauseAcceptor()
        case "dev_resume":
            for (call, request) in scenario.release() { arrive(call, request) }
            queue.resumeAcceptor()
            drain()
        case "dev_settled": return .result(scenario.state(of: argument["id"] ?? .null))
        case "dev_finishCatchUp":
            caughtUp(try ChainView(json: try argument.need("view")))
        default: return .error(.methodNotFound)
        }
        return .result(.null)
    }

    private func observe(_ argument: JSON) -> [SignedVote] {
        var signed: [SignedVote] = []
        scenario.set(argument)
        for json in argument["events"]?.array ?? [] {
            // The chain of the same build writes events that can be read.
            guard let event = try? ChainEvent(json: json) else { continue }
            signed += model.observe(event, disk: &disk, wallSeconds: wallSeconds)
        }
        flushLog()
        return signed
    }

    private func fault(_ order: JSON) throws(JSONError) {
        switch try order.text("kind") {
        case "busy":
            let wait = Duration.milliseconds(Int64(order["milliseconds"]?.unsigned ?? 0))
            (isBusy, queue.isLoopBusy) = (true, true)
            _ = loop.run(after: wait) { [self] in assumeIsolated { $0.endBusy() } }
        case "kill-loop":
            queue.killLoop()
            drain()
        case "hang" where order["milliseconds"]?.unsigned ?? 0 > 0:
            try faults.take(order)
            let wait = Duration.milliseconds(Int64(order["milliseconds"]?.unsigned ?? 0))
            _ = loop.run(after: wait) { [self] in assumeIsolated { $0.endHang() } }
        case "clear":
            try faults.take(order)
            endBusy()
            endHang()
        default: try faults.take(order)
        }
    }

    private func endBusy() {
        isBusy = false
        queue.isLoopBusy = model.isLoopBusy
        drain()
    }

    private func endHang() {
        faults.isHanging = false
        let calls = held
        held = []
        for (call, isPublic) in calls { take(call, isPublic: isPublic) }
    }
}
