import BatonKernel
import BatonModel
import BatonStore
import BatonTestKit
import Synchronization
import Testing

extension StoreConformance.Check: CustomTestStringConvertible {
    public var testDescription: String { name }
}

@Suite("Every form of store keeps the promises of the protocol")
struct ConformanceTests {
    @Test("in memory", arguments: StoreConformance.checks)
    func memory(_ check: StoreConformance.Check) async throws {
        try await withBench(.memory) { try await check.run(on: $0) }
    }

    @Test("in SQLite", arguments: StoreConformance.checks)
    func sqlite(_ check: StoreConformance.Check) async throws {
        try await withBench(.sqlite) { try await check.run(on: $0) }
    }

    @Test("both forms write the same journal, digest for digest")
    func sameJournal() async throws {
        var journals: [[StoredEntry]] = []
        for form in StoreForm.allCases {
            try await withBench(form) { bench in
                let desk = try await StoreSamples.Desk(bench.open())
                try await desk.commit(opening: StoreSamples.grant(1, at: desk))
                try await desk.commit(
                    [Entry(.intent, step: "stop-a", rule: "R1", detail: ["round": 41])], raising: [Watermark(epoch: 3, round: 41)],
                    closing: StoreSamples.closing(1), opening: StoreSamples.grant(2, to: "b", at: desk)
                )
                journals.append(try await desk.store.journal())
            }
        }
        #expect(journals[0].count == 6)
        #expect(journals[0] == journals[1])
    }
}

/// A store with one planted fault, on a right one.
private struct FaultyStore: Store {
    enum Fault: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case ignoresSeizure, forgetsFloor, emptyFloorIsZero, dropsEntries, losesClosing, oldestFirst
        var testDescription: String { rawValue }
    }
    let right: MemoryStore
    let fault: Fault

    func lease(_ validator: ValidatorID, holder: Incarnation, seize: Bool) async throws(BatonError) -> Lease {
        try await right.lease(validator, holder: holder, seize: seize)
    }
    func release(_ lease: Lease) async throws(BatonError) { try await right.release(lease) }
    func holder(_ validator: ValidatorID) async throws(BatonError) -> Lease? { try await right.holder(validator) }
    func begin(_ entry: Entry, under lease: Lease) async throws(BatonError) -> OperationID {
        try await right.begin(entry, under: lease)
    }
    func commit(_ commit: Commit, under lease: Lease) async throws(BatonError) -> EntryNumber {
        var lease = lease
        if fault == .ignoresSeizure, let current = try await right.holder(lease.validator) { lease = current }
        return try await right.commit(
            Commit(
                operation: commit.operation, entries: fault == .dropsEntries ? [] : commit.entries,
                raising: fault == .forgetsFloor ? [] : commit.raising, closing: commit.closing, opening: commit.opening
            ),
            under: lease
        )
    }
    func entries(of operation: OperationID) async throws(BatonError) -> [StoredEntry] {
        try await right.entries(of: operation)
    }
    func journal() async throws(BatonError) -> [StoredEntry] { try await right.journal() }
    func operations() async throws(BatonError) -> [OperationSummary] {
        let list = try await right.operations()
        return fault == .oldestFirst ? list.reversed() : list
    }
    func grants(_ validator: ValidatorID) async throws(BatonError) -> [GrantRecord] {
        let records = try await right.grants(validator)
        return fault == .losesClosing ? records.map { GrantRecord(grant: $0.grant, closing: nil) } : records
    }
    func floor(_ validator: ValidatorID) async throws(BatonError) -> Known<Watermark> {
        let floor = try await right.floor(validator)
        return fault == .emptyFloorIsZero && floor.value == nil ? .known(Watermark(epoch: 0, round: 0)) : floor
    }
}

@Suite("The conformance suite can fail")
struct ConformanceCanFailTests {
    @Test("a store with a planted fault is found", arguments: FaultyStore.Fault.allCases)
    private func found(_ fault: FaultyStore.Fault) async throws {
        var failed: [String] = []
        for check in StoreConformance.checks {
            let state = MemoryState()
            do {
                try await check.run(on: StoreBench { FaultyStore(right: MemoryStore(state, wall: wall), fault: fault) })
            } catch { failed.append(check.name) }
        }
        #expect(!failed.isEmpty, "no check found \(fault)")
        #expect(failed.count < StoreConformance.checks.count)
    }

    @Test("there are at least 25 checks, each with a name of its own")
    func enough() {
        #expect(StoreConformance.checks.count >= 25)
        #expect(Set(StoreConformance.checks.map(\.name)).count == StoreConformance.checks.count)
    }
}
