import BatonAPI
import BatonApp
import BatonCLI
import BatonKernel
import BatonModel
import Synchronization

/// A fleet that answers from values and notes what was asked of it.
final class FakeFleet: BatonAPI {
    let result: OperationResult
    let questions: [Question]
    let findings: [CheckFinding]
    /// Put on every plan of a start by an override.
    let risk: RiskNotice?
    private let calls = Mutex<[String]>([])

    init(
        result: OperationResult = OperationResult(
            exit: .done, operation: OperationID(rawValue: 41), safeState: "fra-2 votes", text: "The vote was handed over.",
            next: SafeCommand("baton status", why: "see it for yourself")),
        questions: [Question] = [], findings: [CheckFinding] = [], risk: RiskNotice? = nil
    ) {
        (self.result, self.questions, self.findings, self.risk) = (result, questions, findings, risk)
    }

    /// What was asked, in order.
    var asked: [String] { calls.withLock { $0 } }
    private func note(_ text: String) { calls.withLock { $0.append(text) } }

    func status(_ validator: ValidatorID?) async throws(BatonError) -> StatusReport { Samples.status }
    func check(thorough: Bool) async throws(BatonError) -> [CheckFinding] { findings }
    func plan(_ request: OperationRequest, _ confirmations: Confirmations) async throws(BatonError) -> PlannedOperation {
        note("plan \(request.command)")
        guard let override = confirmations.override else { return Samples.plan }
        note("override \(override.reason) of \(override.user), phrase \(override.phrase ?? "none")")
        let plan = Samples.plan
        return PlannedOperation(
            request: plan.request, title: plan.title, assumptions: plan.assumptions, steps: plan.steps, digest: plan.digest,
            document: plan.document, risk: risk)
    }
    func plan(reading bytes: [UInt8]) async throws(BatonError) -> PlannedOperation {
        note("read \(bytes.count)")
        return Samples.plan
    }
    func run(_ plan: PlannedOperation, _ confirmations: Confirmations, _ conversation: Conversation)
        async throws(BatonError) -> OperationResult
    {
        note("run \(plan.digest.short) \(confirmations.json.text)")
        if let override = confirmations.override { note("phrase \(override.phrase ?? "none")") }
        conversation.events(
            ProgressEvent(operation: OperationID(rawValue: 41), kind: .legBegan(title: "Switchover", steps: 2), elapsed: .zero))
        for question in questions { note("\(question.rule) \(await conversation.ask(question))") }
        return result
    }
    func resume(_ id: OperationID?, _ confirmations: Confirmations, _ conversation: Conversation)
        async throws(BatonError) -> OperationResult
    {
        note("resume \(id?.description ?? "newest")")
        return result
    }
    func remaining(of id: OperationID?) async throws(BatonError) -> PlannedOperation { Samples.plan }
    func abort(_ id: OperationID?, _ confirmations: Confirmations, _ conversation: Conversation)
        async throws(BatonError) -> OperationResult
    {
        note("abort \(id?.description ?? "newest")")
        return result
    }
    func operations() async throws(BatonError) -> [OperationListing] { [] }
    func log(_ id: OperationID?) async throws(BatonError) -> [StoredEntry] { [] }
    func export(_ id: OperationID?) async throws(BatonError) -> [UInt8] { Array("evidence".utf8) }
    func why(_ id: OperationID?, step: StepID?) async throws(BatonError) -> [Decision] { [] }
    func ledger(_ validator: ValidatorID) async throws(BatonError) -> LedgerReport {
        LedgerReport(validator: validator, floor: nil, grants: [])
    }
    func exportLedger(_ validator: ValidatorID) async throws(BatonError) -> [UInt8] { [] }
    func importLedger(_ validator: ValidatorID, _ bytes: [UInt8]) async throws(BatonError) -> LedgerReport {
        try await ledger(validator)
    }
    func leases() async throws(BatonError) -> [LeaseReport] { [] }
    func breakLease(_ validator: ValidatorID, reason: String) async throws(BatonError) -> LeaseReport {
        throw BatonError(.leaseHeld, "Process 7 holds it.", remedy: "Wait for it.")
    }
}

/// A command line in a context of values: what it wrote, what it was answered, which files it made.
final class Desk: Sendable {
    private struct State {
        var output = ""
        var errors = ""
        var answers: [String]
        var files: [String: [UInt8]]
    }
    private let state: Mutex<State>
    let fleet: FakeFleet
    private let isTerminal: Bool

    init(_ fleet: FakeFleet = FakeFleet(), isTerminal: Bool = false, answers: [String] = [], fleetFile: String? = FleetFile.example) {
        (self.fleet, self.isTerminal) = (fleet, isTerminal)
        state = Mutex(State(answers: answers, files: fleetFile.map { ["/here/baton.yaml": Array($0.utf8)] } ?? [:]))
    }

    var output: String { state.withLock { $0.output } }
    var errors: String { state.withLock { $0.errors } }
    func file(_ path: String) -> [UInt8]? { state.withLock { $0.files[path] } }

    /// The lines of standard output as JSON; a line that is none fails by its number.
    func lines() throws -> [JSON] { try output.split(separator: "\n").map { try JSON(text: String($0)) } }

    /// Runs one command line.
    func run(_ line: String, environment: [String: String] = [:]) async -> ExitStatus {
        let composition = Composition(
            open: { [fleet] (_) throws(BatonError) in fleet },
            rules: { [Explanation(id: "safety.r1", title: "One grant", text: "Text.", remedy: "Do.")] },
            verify: { (_) throws(BatonError) in ["entries": 3] })
        let terminal = Terminal(
            isLive: isTerminal, canAsk: isTerminal, usesColor: false, width: 80,
            write: { text in self.state.withLock { $0.output += text } },
            writeError: { text in self.state.withLock { $0.errors += text } },
            readLine: { _ in self.state.withLock { $0.answers.isEmpty ? nil : $0.answers.removeFirst() } })
        let files = UserFiles(
            folder: { "/here" }, read: { path in self.state.withLock { $0.files[path] } },
            create: { path, bytes in
                guard self.file(path) == nil else { throw BatonError(.usage, "\(path) exists.", remedy: "Name another file.") }
                self.state.withLock { $0.files[path] = bytes }
            })
        let context = Context(composition: composition, terminal: terminal, files: files, environment: environment, user: "ops (uid 1000)")
        // Words in quotes are one argument.
        let parts = line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        let arguments = parts.flatMap { index, part in index % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init) }
        return await Program.run(arguments, in: context)
    }
}

/// Values as the tests show them.
enum Samples {
    static let plan = PlannedOperation(
        request: .switchover("acme-pos", to: "fra-2"), title: "Switchover of acme-pos: fra-1 to fra-2",
        assumptions: ["fra-1 votes", "fra-2 runs 3.0.3"],
        steps: [
            PlannedStep(
                id: "stop-a", title: "Stop voting", hazard: .irreversible, node: "fra-1", guards: ["A just voted"],
                proof: ["A answers false"], within: .seconds(60), byHand: ["curl -s http://127.0.0.1:12539 ..."]),
            PlannedStep(
                id: "see", title: "See a signature above the mark on chain", hazard: .safe, node: nil, guards: [], proof: ["proof > F"],
                within: .seconds(120)),
        ], digest: Digest(String(repeating: "c", count: 64)), document: ["plan": 1])

    static let status = StatusReport(
        fleet: "acme", at: WallTime(nanoseconds: 1_795_266_309_000_000_000),
        validators: [
            ValidatorStatus(
                validator: "acme-pos", network: "mainnet", identity: "0x" + String(repeating: "ab", count: 32), voter: .node("fra-1"),
                since: WallTime(nanoseconds: 1_795_179_909_000_000_000), lastVote: Watermark(epoch: 812, round: 34),
                committee: "in the committee of epoch 812 with 4 votes", margin: nil,
                grant: GrantSummary(
                    number: GrantNumber(rawValue: 7), node: "fra-1", isOpen: true, origin: "record of grant 6",
                    watermark: Watermark(epoch: 811, round: 59)),
                lease: LeaseReport(
                    validator: "acme-pos", number: LeaseNumber(rawValue: 9),
                    holder: Incarnation(bootID: "boot", pid: 4711, startTime: 5), isAlive: false),
                unfinished: OperationListing(
                    id: OperationID(rawValue: 41), validator: "acme-pos", command: "baton upgrade acme-pos --to 3.0.3 --release /r",
                    begun: WallTime(nanoseconds: 0), standing: .unfinished, text: "waiting for fra-2 to catch up"),
                nodes: [
                    NodeStatus(
                        node: "fra-1", voting: .voting, version: "3.0.3", release: Digest(String(repeating: "1a", count: 32)), epoch: 812,
                        lag: 0, startsAsVoter: false, pid: 4801, files: "json 812/34"),
                    NodeStatus(
                        node: "fra-2", voting: .unknown("unanswered"), version: nil, release: nil, epoch: nil, lag: nil,
                        startsAsVoter: true, pid: nil, files: "json 800/0, .save 799/12, and a .handed-over that is long"),
                ],
                next: SafeCommand("baton resume 41", why: "The upgrade left off before its second half."),
                warnings: ["fra-2 would vote by itself after a restart: set pos_started_as_voter = false in hydra.toml."])
        ])
}
