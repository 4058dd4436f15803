package import BatonConfluxNode
package import BatonModel
import BatonWorld

/// The `pos_db` folder of a node on a simulated machine.
package struct TreeDisk: NodeDisk {
    private let tree: SimTree
    private let folder: String
    private let mode: UInt16

    /// The folder of a node, written with this mode (conflux-pos.md §2.3).
    package init(_ tree: SimTree, folder: String, mode: UInt16) { (self.tree, self.folder, self.mode) = (tree, folder, mode) }

    private func errno(_ error: FileError) -> NodeDiskError {
        switch error.kind {
        case .absent: .missing
        case .denied: .denied
        case .full: .full
        case .exists, .tooLarge, .busy, .other: NodeDiskError(error.detail)
        }
    }

    package func read(_ name: String) throws(NodeDiskError) -> [UInt8]? {
        do { return try tree.read("\(folder)/\(name)") } catch { throw errno(error) }
    }
    package mutating func write(_ name: String, _ bytes: [UInt8]) throws(NodeDiskError) {
        do { try tree.replace("\(folder)/\(name)", with: bytes, mode: mode, byOwner: true) } catch { throw errno(error) }
    }
    package mutating func rename(_ from: String, to: String) throws(NodeDiskError) {
        do { try tree.move("\(folder)/\(from)", to: "\(folder)/\(to)", over: true) } catch { throw errno(error) }
    }
}

/// What a node's process reports to checkers: nothing here goes through the controller.
package protocol NodeWitness: AnyObject {
    /// An operator call is about to be executed by the PoS loop.
    func willExecute(_ method: String, by node: SimNodeProcess)
    /// It was executed.
    func didExecute(_ call: ExecutedCall, by node: SimNodeProcess)
    /// A vote was signed.
    func signed(_ vote: SignedVote)
    /// The process booted, perhaps voting.
    func booted(_ node: SimNodeProcess)
    /// The process ended.
    func ended(_ node: SimNodeProcess)
}

/// An operator call that a node executed.
package struct ExecutedCall: Sendable {
    /// The JSON-RPC method.
    package let method: String
    /// Its parameters.
    package let params: [JSON]
    /// The connection that it came on.
    package let connection: UInt64
    /// The voting flag before.
    package let wasVoting: Bool
    /// The answer.
    package let reply: RPCReply
}

/// One simulated process of the Conflux node software: the pure model behind real bytes on ports.
package final class SimNodeProcess: SimProcess, SimServer, @unchecked Sendable {
    /// The node's name in the fleet.
    package let name: String
    /// The model; `nil` until it has booted.
    package private(set) var model: NodeModel?
    /// Who is told what it does.
    package weak var witness: (any NodeWitness)?
    /// How long the acceptor may sit on a call, so that calls of other connections overtake it.
    package var acceptDelayMax = Duration.zero
    private let chain: SimChain
    private let settings: NodeSettings
    private var disk: TreeDisk
    private let localPort: Int
    private var queue = CommandQueue()
    private var replies: [UInt64: ([UInt8]) -> Void] = [:]
    private var backlog: [ChainEvent] = []
    private var lastHeard: Int64 = 0

    /// Makes the process from what its folder and command line say.
    package init(
        _ name: String, on machine: SimMachine, chain: SimChain, settings: NodeSettings, command: [String], folder: String,
        log: String, localPort: Int
    ) {
        (self.name, self.chain, self.settings, self.localPort) = (name, chain, settings, localPort)
        disk = TreeDisk(machine.tree, folder: folder + "/pos_db", mode: settings.version == .v3_0_3 ? 0o644 : 0o600)
        super.init(on: machine, arguments: command, folder: folder, log: log)
    }

    /// Whether it votes: the flag is set and the process lives.
    package var isVoting: Bool { isAlive && (model?.isVoting ?? false) }
    /// The release that it runs.
    package var version: NodeVersion { settings.version }
    /// Whether it was started as a voter.
    package var startedAsVoter: Bool { settings.startedAsVoter }

    private var now: Instant { Instant(nanoseconds: machine.world.now) }

    /// The PoS loop comes up; a panic ends the process.
    package func boot(publicPort: Int?) {
        guard isAlive else { return }
        guard !isStopped else {
            submit(connection: 0) { self.boot(publicPort: publicPort) }
            return
        }
        var fresh = NodeModel(settings.living(as: "\(pid)@\(incarnation.bootID)"))
        do { try fresh.boot(disk: &disk, chain: chain.model.view, wallSeconds: machine.wall.seconds) } catch {
            writeLog(error.description)
            die()
            return
        }
        model = fresh
        chain.followers.append(self)
        chain.followers.sort { $0.name < $1.name }
        machine.listen(localPort, self, self)
        if let publicPort { machine.listen(publicPort, self, self) }
        witness?.booted(self)
    }

    private func writeLog(_ line: String) {
        guard let log else { return }
        do { try machine.tree.append(log, Array("\(line)\n".utf8)) } catch { machine.world.mix("no log") }
    }

    override package func died() {
        chain.followers.removeAll { $0 === self }
        witness?.ended(self)
        replies = [:]
    }

    // MARK: The chain

    /// Hears an event a moment after it happened, in order; a stopped process hears it when it is continued.
    package func hear(_ event: ChainEvent) {
        let delay = machine.chance.duration(.zero, chain.delayMax)
        lastHeard = max(lastHeard, machine.world.now + delay.nanoseconds)
        machine.world.at(lastHeard) { [weak self] in
            guard let self, isAlive else { return }
            if isStopped { backlog.append(event) } else { follow(event) }
        }
    }

    private func follow(_ event: ChainEvent) {
        guard let votes = model?.observe(event, disk: &disk, wallSeconds: machine.wall.seconds) else { return }
        for vote in votes {
            witness?.signed(vote)
            machine.world.after(machine.chance.duration(.zero, chain.delayMax)) { [chain] in chain.take(vote) }
        }
    }

    override package func stop() {
        super.stop()
        queue.pauseAcceptor()
    }

    override package func continued() {
        let events = backlog
        backlog = []
        for event in events { follow(event) }
        machine.world.after(.zero) { [weak self] in
            guard let self, isAlive, !isStopped else { return }
            queue.resumeAcceptor()
            pump()
        }
    }

    // MARK: Calls

    package func receive(_ body: [UInt8], port: Int, connection: UInt64, reply: @escaping ([UInt8]) -> Void) {
        let request: RPCRequest
        do { request = try RPCRequest(body: body) } catch {
            reply(RPCReply.error(error).body(id: .null))
            return
        }
        guard port == localPort || NodeModel.isPublic(request.method) else {
            reply(RPCReply.error(.methodNotFound).body(id: request.id))
            return
        }
        let delay = machine.chance.duration(.zero, acceptDelayMax)
        let ticket = queue.arrive(request, connection: connection, at: now, acceptedAfter: delay)
        replies[ticket] = reply
        pump()
    }

    /// Lets the PoS loop hang or go on (conflux-pos.md §1.3).
    package func setBusy(_ busy: Bool) {
        queue.isLoopBusy = busy
        if !busy { pump() }
    }

    private func pump() {
        guard isAlive, model != nil else { return }
        for taken in queue.takeReady(at: now) {
            let reply = run(taken)
            let answer = reply.body(id: taken.request.id)
            let send = replies.removeValue(forKey: taken.ticket)
            send?(answer)
            guard isAlive else { return }
        }
        guard let next = queue.nextDeadline else { return }
        machine.world.at(next.nanoseconds) { [weak self] in
            guard let self, !isStopped else { return }
            pump()
        }
    }

    private func run(_ taken: CommandQueue.Taken) -> RPCReply {
        let request = taken.request
        guard let before = model else { return .error(.internal) }
        if let refusal = taken.refusal { return before.refusal(refusal) }
        let isQueued = NodeModel.kind(of: request.method) == .queued
        if isQueued { witness?.willExecute(request.method, by: self) }
        guard isAlive else { return .error(.internal) }
        let (chain, version) = (chain, settings.version)
        let reply =
            model?.execute(
                request.method, request.params, disk: &disk, wallSeconds: machine.wall.seconds, now: now,
                reading: { method, params, horizon in
                    chain.model.read(method, params, horizon: horizon, version: version)
                }
            ) ?? .error(.internal)
        if isQueued {
            machine.world.mix("\(name) \(request.method) \(reply.line)")
            let call = ExecutedCall(
                method: request.method, params: request.params, connection: taken.connection, wasVoting: before.isVoting, reply: reply
            )
            witness?.didExecute(call, by: self)
        }
        return reply
    }
}

extension NodeSettings {
    /// The same settings for one process.
    fileprivate func living(as incarnation: String) -> NodeSettings {
        var settings = self
        settings.incarnation = incarnation
        return settings
    }
}
