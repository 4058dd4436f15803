import BatonConflux
import BatonConfluxNode
import BatonKernel
import BatonModel
import BatonSim
import BatonStore
import BatonWorld
import Synchronization

/// A bug made by wrapping what the engine is given; the product has no switch for it.
enum PlantedBug: String, CaseIterable, Sendable {
    /// The journal forgets intents.
    case intentsAreDropped
    /// The grant is not durable.
    case grantsAreDropped
    /// A commit returns before it is durable.
    case storeWritesBehind
    /// The stop is not sent, and its answer and the status after it are made up.
    case stopIsMadeUp
    /// The saved file is taken from memory, and it is the one before the last vote.
    case recordIsStale
    /// What is placed are other bytes than those that were meant, and reading back lies.
    case otherBytesArePlaced
    /// Resume believes its memory and looks at nothing.
    case resumeLooksAtNothing
    /// A `.save` that can't be read is made away with to go on.
    case unreadableIsOverwritten
    /// After a refusal a file is moved all the same.
    case refusalTouches
    /// The wait for an answer has no end.
    case waitHasNoEnd
    /// After a crash a node that answers is said to be out of reach.
    case doubtIsMadeUp

    /// Who must find it.
    var checker: SimChecker {
        switch self {
        case .intentsAreDropped, .storeWritesBehind: .intent
        case .grantsAreDropped, .recordIsStale, .otherBytesArePlaced: .licence
        case .stopIsMadeUp: .oneVoter
        case .resumeLooksAtNothing, .waitHasNoEnd, .doubtIsMadeUp: .resume
        case .unreadableIsOverwritten, .refusalTouches: .unharmed
        }
    }

    /// The faults that its seeds draw; `nil`: those of the seed.
    var kinds: Set<SimFaultKind>? {
        switch self {
        case .resumeLooksAtNothing, .doubtIsMadeUp: [.controllerDeath]
        case .unreadableIsOverwritten, .refusalTouches: [.staleSave]
        case .waitHasNoEnd: [.wires]
        default: []
        }
    }

    /// The engine with the bug.
    func controller() -> SimController {
        let engine = SimEngine.controller(.switchover(to: "b"))
        return { attempt in
            switch self {
            case .intentsAreDropped: await engine(attempt.with(store: EditingStore(attempt.store) { $0.withoutIntents }))
            case .grantsAreDropped: await engine(attempt.with(store: EditingStore(attempt.store) { $0.withoutGrant }))
            case .storeWritesBehind: await engine(attempt.with(store: LateStore(attempt.store)))
            case .stopIsMadeUp, .waitHasNoEnd:
                await engine(attempt.with(network: LyingNetwork(attempt.world.network, self)))
            case .recordIsStale, .otherBytesArePlaced: await engine(attempt.with(files: LyingFiles(attempt.world.files, self)))
            case .resumeLooksAtNothing:
                attempt.errand == .begin ? await engine(attempt) : SimOutcome(exit: .done, words: "The journal says so.")
            case .doubtIsMadeUp:
                attempt.errand == .begin
                    ? await engine(attempt)
                    : SimOutcome(exit: .doubt, rule: "conflux.idle", words: "Whether b can vote is unknown (unreachable).", remedy: "Wait.")
            case .unreadableIsOverwritten: await Self.tidyThen(engine, attempt)
            case .refusalTouches: await Self.touchAfter(engine, attempt)
            }
        }
    }

    private static func tidyThen(_ engine: SimController, _ attempt: SimAttempt) async -> SimOutcome {
        for node in attempt.site.nodes {
            do {
                let path = node.voteFolder + "/" + SafetyFile.saved
                guard try await attempt.world.files.inspect(path) != nil else { continue }
                try await attempt.world.files.replace(path, with: [], mode: 0o600, durable: true)
            } catch { continue }
        }
        return await engine(attempt)
    }

    private static func touchAfter(_ engine: SimController, _ attempt: SimAttempt) async -> SimOutcome {
        let outcome = await engine(attempt)
        guard outcome.exit == .refused else { return outcome }
        for node in attempt.site.nodes {
            let path = node.voteFolder + "/" + SafetyFile.saved
            do { try await attempt.world.files.move(path, to: path + ".aside") } catch { continue }
        }
        return outcome
    }
}

extension SimAttempt {
    fileprivate func with(
        store: (any Store)? = nil, network: (any Network)? = nil, files: (any Files)? = nil
    ) -> SimAttempt {
        SimAttempt(
            errand: errand, wish: wish,
            world: World(
                clock: world.clock, network: network ?? world.network, files: files ?? world.files, processes: world.processes,
                randomness: world.randomness
            ),
            store: store ?? self.store, site: site, tell: tell
        )
    }
}

extension Commit {
    fileprivate var withoutIntents: Commit {
        Commit(
            operation: operation, entries: entries.map { $0.kind == .intent ? Entry(.returned, step: $0.step, detail: $0.detail) : $0 },
            raising: raising, closing: closing, opening: opening
        )
    }
    fileprivate var withoutGrant: Commit {
        guard opening != nil else { return self }
        let entries = entries.map { [.granted, .closed].contains($0.kind) ? Entry(.returned, step: $0.step, detail: $0.detail) : $0 }
        return Commit(operation: operation, entries: entries, raising: raising, closing: nil, opening: nil)
    }
}

// MARK: Stores

/// A store that writes something else than it was told.
private struct EditingStore: Store {
    let base: any Store
    let edit: @Sendable (Commit) -> Commit
    init(_ base: any Store, _ edit: @escaping @Sendable (Commit) -> Commit) { (self.base, self.edit) = (base, edit) }

    func commit(_ commit: Commit, under lease: Lease) async throws(BatonError) -> EntryNumber {
        try await base.commit(edit(commit), under: lease)
    }
    func lease(_ validator: ValidatorID, holder: Incarnation, seize: Bool) async throws(BatonError) -> Lease {
        try await base.lease(validator, holder: holder, seize: seize)
    }
    func release(_ lease: Lease) async throws(BatonError) { try await base.release(lease) }
    func holder(_ validator: ValidatorID) async throws(BatonError) -> Lease? { try await base.holder(validator) }
    func begin(_ entry: Entry, under lease: Lease) async throws(BatonError) -> OperationID { try await base.begin(entry, under: lease) }
    func entries(of operation: OperationID) async throws(BatonError) -> [StoredEntry] { try await base.entries(of: operation) }
    func journal() async throws(BatonError) -> [StoredEntry] { try await base.journal() }
    func operations() async throws(BatonError) -> [OperationSummary] { try await base.operations() }
    func grants(_ validator: ValidatorID) async throws(BatonError) -> [GrantRecord] { try await base.grants(validator) }
    func floor(_ validator: ValidatorID) async throws(BatonError) -> Known<Watermark> { try await base.floor(validator) }
}

/// A store whose commits become durable only with the next one.
private final class LateStore: Store {
    private let base: any Store
    private let kept = Mutex<(commit: Commit, lease: Lease)?>(nil)
    init(_ base: any Store) { self.base = base }

    private func flush() async throws(BatonError) {
        let late = kept.withLock { kept in
            defer { kept = nil }
            return kept
        }
        if let late { _ = try await base.commit(late.commit, under: late.lease) }
    }
    func commit(_ commit: Commit, under lease: Lease) async throws(BatonError) -> EntryNumber {
        try await flush()
        kept.withLock { $0 = (commit, lease) }
        return EntryNumber(rawValue: 1)
    }
    func lease(_ validator: ValidatorID, holder: Incarnation, seize: Bool) async throws(BatonError) -> Lease {
        try await base.lease(validator, holder: holder, seize: seize)
    }
    func release(_ lease: Lease) async throws(BatonError) {
        try await flush()
        try await base.release(lease)
    }
    func holder(_ validator: ValidatorID) async throws(BatonError) -> Lease? { try await base.holder(validator) }
    func begin(_ entry: Entry, under lease: Lease) async throws(BatonError) -> OperationID { try await base.begin(entry, under: lease) }
    func entries(of operation: OperationID) async throws(BatonError) -> [StoredEntry] { try await base.entries(of: operation) }
    func journal() async throws(BatonError) -> [StoredEntry] { try await base.journal() }
    func operations() async throws(BatonError) -> [OperationSummary] { try await base.operations() }
    func grants(_ validator: ValidatorID) async throws(BatonError) -> [GrantRecord] {
        try await flush()
        return try await base.grants(validator)
    }
    func floor(_ validator: ValidatorID) async throws(BatonError) -> Known<Watermark> { try await base.floor(validator) }
}

// MARK: Network

/// A network whose wires lie about stops, or never end a wait.
private struct LyingNetwork: Network {
    let base: any Network
    let bug: PlantedBug
    let stopped = Shared<Set<Int>>([])
    init(_ base: any Network, _ bug: PlantedBug) { (self.base, self.bug) = (base, bug) }

    func open(_ endpoint: Endpoint, within: Duration) async throws(WireError) -> any Wire {
        LyingWire(try await base.open(endpoint, within: within), bug, endpoint.port, stopped)
    }
}

/// A value that several wires share.
private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    func with<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { value.withLock { body(&$0) } }
}

private final class LyingWire: Wire {
    private let base: any Wire
    private let bug: PlantedBug
    private let port: Int
    private let stopped: Shared<Set<Int>>
    private let madeUp = Mutex<[UInt8]?>(nil)
    init(_ base: any Wire, _ bug: PlantedBug, _ port: Int, _ stopped: Shared<Set<Int>>) {
        (self.base, self.bug, self.port, self.stopped) = (base, bug, port, stopped)
    }

    func send(_ body: [UInt8]) async throws(WireError) {
        let method = SimNetwork.method(of: body)
        if bug == .stopIsMadeUp {
            if method == "test_posStopVoting" { stopped.with { _ = $0.insert(port) } }
            let isStopped = stopped.with { $0.contains(port) }
            if isStopped, method == "test_posStopVoting" || method == "test_posVotingStatus" {
                let result: JSON = method == "test_posStopVoting" ? .null : false
                var id: JSON = .null
                do { id = try RPCRequest(body: body).id } catch { throw .malformed }
                madeUp.withLock { $0 = RPCReply.result(result).body(id: id) }
                return
            }
        }
        try await base.send(body)
    }
    func receive(within: Duration) async throws(WireError) -> [UInt8] {
        let answer = madeUp.withLock { answer in
            defer { answer = nil }
            return answer
        }
        if let answer { return answer }
        return try await base.receive(within: bug == .waitHasNoEnd ? .seconds(1_000_000) : within)
    }
    func close() async { await base.close() }
}

// MARK: Files

/// Files that answer from memory, or write other bytes than they say.
private final class LyingFiles: Files {
    private let base: any Files
    private let bug: PlantedBug
    /// Different bytes of the voter's file, in the order in which they were read.
    private let seen = Mutex<[[UInt8]]>([])
    private let meant = Mutex<[String: [UInt8]]>([:])
    init(_ base: any Files, _ bug: PlantedBug) { (self.base, self.bug) = (base, bug) }

    func read(_ path: String, limit: Int) async throws(FileError) -> [UInt8]? {
        let bytes = try await base.read(path, limit: limit)
        if bug == .otherBytesArePlaced, bytes != nil, let told = meant.withLock({ $0[path] }) { return told }
        guard bug == .recordIsStale, let bytes, path.hasPrefix("/srv/a/") else { return bytes }
        if path.hasSuffix(SafetyFile.live) { seen.withLock { if $0.last != bytes { $0.append(bytes) } } }
        guard path.hasSuffix(SafetyFile.saved) else { return bytes }
        return seen.withLock { $0.dropLast().last } ?? bytes
    }
    func replace(_ path: String, with bytes: [UInt8], mode: UInt16, durable: Bool) async throws(FileError) {
        guard bug == .otherBytesArePlaced, path.hasPrefix("/srv/b/pos_db/") else {
            return try await base.replace(path, with: bytes, mode: mode, durable: durable)
        }
        meant.withLock { $0[path] = bytes }
        try await base.replace(path, with: bytes + [0x20], mode: mode, durable: durable)
    }
    func inspect(_ path: String) async throws(FileError) -> FileFacts? { try await base.inspect(path) }
    func list(_ folder: String) async throws(FileError) -> [String]? { try await base.list(folder) }
    func move(_ source: String, to target: String) async throws(FileError) {
        meant.withLock { $0[target] = $0.removeValue(forKey: source) }
        try await base.move(source, to: target)
    }
    func makeFolder(_ path: String) async throws(FileError) { try await base.makeFolder(path) }
    func sync(_ path: String) async throws(FileError) { try await base.sync(path) }
    func link(_ path: String) async throws(FileError) -> String? { try await base.link(path) }
    func replaceLink(_ path: String, to target: String) async throws(FileError) { try await base.replaceLink(path, to: target) }
    func copy(_ source: String, to target: String) async throws(FileError) { try await base.copy(source, to: target) }
    func withLock<Value: Sendable>(
        _ path: String, within: Duration, _ body: @Sendable () async -> Value
    ) async throws(FileError) -> Value { try await base.withLock(path, within: within, body) }
}
