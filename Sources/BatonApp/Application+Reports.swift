package import BatonAPI
package import BatonKernel
package import BatonModel
import BatonConflux
import BatonEngine
import BatonStore
import BatonWorld

extension Application {
    /// Every operation, newest first.
    package func operations() async throws(BatonError) -> [OperationListing] {
        var listings: [OperationListing] = []
        for summary in try await store.operations() {
            let holder = try await store.holder(summary.validator)
            let isRunning: Bool
            if let holder { isRunning = await isAlive(holder) } else { isRunning = false }
            listings.append(Self.listing(summary, isRunning: isRunning))
        }
        return listings
    }

    private static func listing(_ summary: OperationSummary, isRunning: Bool) -> OperationListing {
        let isFinished = summary.last.kind == .finished
        let request: OperationRequest?
        do throws(BatonError) { request = try Application.request(summary.detail["operation"] ?? .null) } catch { request = nil }
        return OperationListing(
            id: summary.id, validator: summary.validator, command: request?.command ?? "unknown", begun: summary.begun,
            standing: isFinished ? .finished : isRunning ? .running : .unfinished,
            text: summary.last.detail["words"]?.string ?? (isFinished ? "finished" : "did not finish"))
    }

    /// The journal of one operation.
    package func log(_ id: OperationID?) async throws(BatonError) -> [StoredEntry] {
        try await store.entries(of: try await operationAtHand(id))
    }

    /// The evidence file of one operation or of the whole journal.
    package func export(_ id: OperationID?) async throws(BatonError) -> [UInt8] {
        try await JournalExport.bytes(fleet: fleet.fleet, of: store, operation: id)
    }

    /// The decisions of one operation with the facts that they had.
    package func why(_ id: OperationID?, step: StepID?) async throws(BatonError) -> [Decision] {
        let entries = try await store.entries(of: try await operationAtHand(id))
        return entries.compactMap { stored in
            if let step, stored.entry.step != step { return nil }
            return Self.decision(stored)
        }
    }

    private static func decision(_ stored: StoredEntry) -> Decision? {
        let detail = stored.entry.detail
        let what: String
        switch stored.entry.kind {
        case .begun: what = "begun: \(detail["operation"]?.text ?? "")"
        case .planned: what = "planned: \(detail["plan"]?["title"]?.string ?? "")"
        case .intent:
            what = detail["cut"] == nil ? "intends: \(detail["deed"]?.text ?? "")" : "intends the whole cut: \(detail["cut"]?.text ?? "")"
        case .returned: what = "returned: \(detail["outcome"]?.text ?? "")"
        case .proved: what = "proved"
        case .skipped: what = "skipped: its proof held already"
        case .refused: what = "did not hold: \(detail["words"]?.string ?? detail["condition"]?.text ?? "")"
        case .granted: what = "granted: \(grantWords(detail["grant"] ?? detail["imported"] ?? .null))"
        case .overridden:
            what =
                "licensed by an override of \(detail["user"]?.string ?? "?"): \(detail["reason"]?.string ?? "?"); typed"
                + " “\(detail["phrase"]?.string ?? "?")”; missing: \(detail["missing"]?.string ?? "?"); vetoes asked:"
                + " \((detail["vetoes"]?.array ?? []).compactMap(\.string).joined(separator: "; "))"
        case .closed: what = "closed a grant: \(detail.text)"
        case .answered: what = "asked: \(detail["question"]?.string ?? ""), answered \(detail["answer"]?.bool == true ? "yes" : "no")"
        case .paused, .finished: what = "\(stored.entry.kind.rawValue): \(detail["words"]?.string ?? "")"
        }
        let facts = (detail["facts"]?.array ?? []).map(\.text)
        return Decision(
            entry: stored.number, at: stored.wall, step: stored.entry.step, what: what, rule: stored.entry.rule, facts: facts, effects: [])
    }

    private static func grantWords(_ grant: JSON) -> String {
        let mark = grant["state"]?["watermark"]
        return "number \(grant["number"]?.text ?? "?") to \(grant["node"]?.string ?? "?") from \(mark?["epoch"]?.text ?? "?")/"
            + "\(mark?["round"]?.text ?? "?"), licensed by \(grant["origin"]?["kind"]?.string ?? "?")"
    }

    /// The operation named, or the newest one.
    private func operationAtHand(_ id: OperationID?) async throws(BatonError) -> OperationID {
        let all = try await store.operations()
        guard let id else {
            guard let newest = all.first else {
                throw BatonError(.unknownOperation, "The journal is empty.", remedy: "Run an operation first.")
            }
            return newest.id
        }
        guard all.contains(where: { $0.id == id }) else {
            throw BatonError(.unknownOperation, "There is no operation \(id).", remedy: "Run `baton list`.")
        }
        return id
    }

    /// Every rule in words.
    package static let rules: [Explanation] = (RuleCatalogue.all + ConfluxRules.all).map {
        Explanation(id: $0.id.rawValue, title: $0.title, text: $0.text, remedy: $0.remedy)
    }

    /// Verifies an evidence file offline.
    package static func verify(_ bytes: [UInt8]) throws(BatonError) -> JSON {
        let evidence = try JournalExport.verify(bytes)
        return [
            "verified": true, "fleet": .string(evidence.fleet), "entries": .integer(Int64(evidence.entries.count)),
            "head": .string(evidence.head.rawValue),
        ]
    }

    // MARK: Ledger and leases

    /// What the vote ledger knows of a validator.
    package func ledger(_ validator: ValidatorID) async throws(BatonError) -> LedgerReport {
        _ = try site(validator)
        let grants = try await store.grants(validator).map(Self.summary)
        return LedgerReport(validator: validator, floor: try await store.floor(validator).value, grants: grants)
    }

    /// A grant for people.
    static func summary(_ record: GrantRecord) -> GrantSummary {
        let origin: String
        switch record.grant.origin {
        case .record(let number): origin = "record of grant \(number)"
        case .epochBarrier(let above): origin = "epoch barrier above \(above)"
        case .adopted: origin = "adopted"
        case .firstEver: origin = "first start of the key's life"
        case .override(let override): origin = "override of \(override.typed.user): \(override.typed.reason)"
        }
        return GrantSummary(
            number: record.grant.number, node: record.grant.node, isOpen: record.isOpen, origin: origin,
            watermark: record.grant.state.watermark)
    }

    /// The vote ledger of a validator as a file.
    package func exportLedger(_ validator: ValidatorID) async throws(BatonError) -> [UInt8] {
        let report = try await ledger(validator)
        let document: JSON = [
            "format": "baton-ledger", "version": 1, "validator": .string(validator.rawValue), "floor": report.floor?.json ?? .null,
        ]
        return document.canonical
    }

    /// Raises the vote ledger to what an export says; it never sinks.
    package func importLedger(_ validator: ValidatorID, _ bytes: [UInt8]) async throws(BatonError) -> LedgerReport {
        let floor: Watermark
        do throws(JSONError) {
            let document = try JSON(parsing: bytes)
            guard document["format"]?.string == "baton-ledger", document["validator"]?.string == validator.rawValue else {
                throw JSONError("not the ledger of \(validator)")
            }
            floor = try Watermark(json: document.need("floor"))
        } catch {
            throw BatonError(.usage, "This is no ledger export: \(error).", remedy: "Give a file made by `baton ledger export`.")
        }
        let lease = try await store.lease(validator, holder: await world.processes.own(), seize: false)
        let words: JSON = ["verb": "recover", "validator": .string(validator.rawValue), "import": floor.json]
        let operation = try await store.begin(Entry(.begun, detail: ["operation": words]), under: lease)
        let entry = Entry(.finished, detail: ["words": .string("imported the vote ledger at \(floor)")])
        _ = try await store.commit(Commit(operation: operation, entries: [entry], raising: [floor]), under: lease)
        try await store.release(lease)
        return try await ledger(validator)
    }

    /// Whether the holder of a lease still runs on this machine.
    func isAlive(_ lease: Lease) async -> Bool {
        guard lease.holder.bootID == (await world.processes.bootID()) else { return false }
        return await world.processes.inspect(pid: lease.holder.pid)?.incarnation == lease.holder
    }

    /// Every lease that is held.
    package func leases() async throws(BatonError) -> [LeaseReport] {
        var reports: [LeaseReport] = []
        for validator in fleet.validators {
            guard let held = try await store.holder(validator.id.value) else { continue }
            reports.append(
                LeaseReport(validator: held.validator, number: held.number, holder: held.holder, isAlive: await isAlive(held)))
        }
        return reports
    }

    /// Ends the holder of a lease and raises its number.
    package func breakLease(_ validator: ValidatorID, reason: String) async throws(BatonError) -> LeaseReport {
        let lease = try await Takeover(store: store, world: world).lease(validator, seize: true)
        let words: JSON = ["verb": "recover", "validator": .string(validator.rawValue), "break": .string(reason)]
        let operation = try await store.begin(Entry(.begun, detail: ["operation": words]), under: lease)
        let entry = Entry(.finished, detail: ["words": .string("broke the lease: \(reason)")])
        _ = try await store.commit(Commit(operation: operation, entries: [entry]), under: lease)
        try await store.release(lease)
        return LeaseReport(validator: validator, number: lease.number, holder: lease.holder, isAlive: nil)
    }
}
