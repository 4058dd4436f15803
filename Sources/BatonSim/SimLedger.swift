package import BatonKernel
package import BatonModel
package import BatonStore

/// What is durable in the state place of a simulated fleet, as checkers read it: grants and intents, never an opinion.
package final class SimLedger: @unchecked Sendable {
    /// The state that outlives every controller.
    package let state = MemoryState()
    /// Every grant that was opened, oldest first, with whether it is open.
    package private(set) var grants: [(grant: Grant, isOpen: Bool)] = []
    /// The operation that began last.
    package private(set) var lastOperation: OperationID?
    /// Whether the operation that began last has ended for good.
    package private(set) var isFinished = false
    /// Deeds by step of the plans that were recorded.
    private var deeds: [StepID: JSON] = [:]
    /// Steps whose intent is durable and that have not been closed.
    private var intended: Set<StepID> = []

    /// An empty state place.
    package init() {}

    /// The open grant, if there is one.
    package var open: Grant? { grants.last { $0.isOpen }?.grant }

    /// Whether an intent for such a deed at a node is durable now.
    package func intends(_ kinds: Set<String>, at node: String) -> Bool {
        intended.contains { step in
            guard let deed = deeds[step] else { return false }
            let kind = deed["act"]?["do"]?.string ?? deed["kind"]?.string ?? ""
            let place = deed["act"]?["node"]?.string ?? deed["node"]?.string
            return kinds.contains(kind) && place == node
        }
    }

    fileprivate func began(_ operation: OperationID) {
        lastOperation = operation
        isFinished = false
    }

    fileprivate func learned(_ commit: Commit) {
        if let closing = commit.closing {
            for index in grants.indices where grants[index].grant.number == closing.grant { grants[index].isOpen = false }
        }
        if let opening = commit.opening { grants.append((opening, true)) }
        for entry in commit.entries { learn(entry) }
    }

    private func learn(_ entry: Entry) {
        switch entry.kind {
        case .planned:
            deeds = [:]
            note(entry.detail["plan"]?["steps"])
        case .intent:
            if let step = entry.step { intended.insert(step) }
            for step in entry.detail["cut"]?["steps"]?.array ?? [] { if let id = step.string { intended.insert(StepID(id)) } }
        case .proved, .skipped:
            if let step = entry.step { intended.remove(step) }
        case .paused, .finished, .begun:
            intended = []
            if entry.kind == .finished { isFinished = true }
        case .returned, .refused, .granted, .overridden, .closed, .answered: break
        }
    }

    private func note(_ steps: JSON?) {
        for step in steps?.array ?? [] {
            guard let id = step["id"]?.string, let deed = step["deed"] else { continue }
            deeds[StepID(id)] = deed
            for branch in deed["branches"]?.array ?? [] { note(branch["steps"]) }
            note(step["way_back"]?["steps"])
        }
    }
}

/// The state place as one controller sees it: every call is an effect of that controller.
package struct SimStore: Store {
    private let life: ControllerLife
    private let ledger: SimLedger
    private let base: MemoryStore

    /// The store that a controller opens on the fleet's state place.
    package init(_ life: ControllerLife, on ledger: SimLedger) {
        (self.life, self.ledger) = (life, ledger)
        let machine = life.machine
        base = MemoryStore(ledger.state) { machine.wall }
    }

    private func effect<Value: Sendable>(
        _ name: String, acting: Bool, _ body: () async throws(BatonError) -> Value
    ) async throws(BatonError) -> Value {
        let ended = BatonError(.storeUnreadable, "The simulation has ended.", remedy: "Nothing.")
        let name = "store \(name)"
        guard await life.begin(name, acting: acting) else { throw ended }
        let outcome: Result<Value, BatonError>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        guard await life.end(name) else { throw ended }
        return try outcome.get()
    }

    package func lease(_ validator: ValidatorID, holder: Incarnation, seize: Bool) async throws(BatonError) -> Lease {
        try await effect("lease", acting: true) { () async throws(BatonError) in
            try await base.lease(validator, holder: holder, seize: seize)
        }
    }
    package func release(_ lease: Lease) async throws(BatonError) {
        try await effect("release", acting: true) { () async throws(BatonError) in try await base.release(lease) }
    }
    package func holder(_ validator: ValidatorID) async throws(BatonError) -> Lease? {
        try await effect("holder", acting: false) { () async throws(BatonError) in try await base.holder(validator) }
    }
    package func begin(_ entry: Entry, under lease: Lease) async throws(BatonError) -> OperationID {
        try await effect("begin", acting: true) { () async throws(BatonError) in
            let operation = try await base.begin(entry, under: lease)
            ledger.began(operation)
            return operation
        }
    }
    package func commit(_ commit: Commit, under lease: Lease) async throws(BatonError) -> EntryNumber {
        let kind = commit.opening == nil ? commit.entries.last?.kind.rawValue ?? "nothing" : "grant"
        return try await effect("commit \(kind)", acting: true) { () async throws(BatonError) in
            let number = try await base.commit(commit, under: lease)
            ledger.learned(commit)
            return number
        }
    }
    package func entries(of operation: OperationID) async throws(BatonError) -> [StoredEntry] {
        try await effect("entries", acting: false) { () async throws(BatonError) in try await base.entries(of: operation) }
    }
    package func journal() async throws(BatonError) -> [StoredEntry] {
        try await effect("journal", acting: false) { () async throws(BatonError) in try await base.journal() }
    }
    package func operations() async throws(BatonError) -> [OperationSummary] {
        try await effect("operations", acting: false) { () async throws(BatonError) in try await base.operations() }
    }
    package func grants(_ validator: ValidatorID) async throws(BatonError) -> [GrantRecord] {
        try await effect("grants", acting: false) { () async throws(BatonError) in try await base.grants(validator) }
    }
    package func floor(_ validator: ValidatorID) async throws(BatonError) -> Known<Watermark> {
        try await effect("floor", acting: false) { () async throws(BatonError) in try await base.floor(validator) }
    }
}
