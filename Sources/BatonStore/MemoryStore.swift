public import BatonKernel
public import BatonModel
import Synchronization

/// What a `MemoryStore` keeps: it outlives the store object, as a disk outlives a crashed controller.
public final class MemoryState: Sendable {
    private let books = Mutex(Books())
    public init() {}

    fileprivate func with<Value: Sendable>(
        _ body: (inout Books) throws(BatonError) -> Value
    ) throws(BatonError) -> Value {
        try books.withLock { (books) throws(BatonError) -> Value in try body(&books) }
    }
}

/// The store in memory, for the simulator and for tests: no thread, no clock but the one handed in, never suspends.
///
/// Several objects on one ``MemoryState`` are several controllers on one state place.
public struct MemoryStore: Store {
    private let state: MemoryState
    private let wall: @Sendable () -> WallTime

    /// Opens a store on a state.
    ///
    /// - Parameter wall: the wall clock that dates the entries.
    public init(_ state: MemoryState = MemoryState(), wall: @escaping @Sendable () -> WallTime) {
        (self.state, self.wall) = (state, wall)
    }

    public func lease(_ validator: ValidatorID, holder: Incarnation, seize: Bool) async throws(BatonError) -> Lease {
        try state.with { (books) throws(BatonError) -> Lease in
            let lease = try books.slot(validator).next(for: holder, of: validator, seize: seize)
            books.leases[validator] = LeaseSlot(number: lease.number, holder: holder)
            return lease
        }
    }

    public func release(_ lease: Lease) async throws(BatonError) {
        try state.with { (books) throws(BatonError) -> Void in
            guard books.slot(lease.validator).lease(of: lease.validator) == lease else { return }
            books.leases[lease.validator] = LeaseSlot(number: lease.number, holder: nil)
        }
    }

    public func holder(_ validator: ValidatorID) async throws(BatonError) -> Lease? {
        try state.with { (books) throws(BatonError) -> Lease? in books.slot(validator).lease(of: validator) }
    }

    public func begin(_ entry: Entry, under lease: Lease) async throws(BatonError) -> OperationID {
        precondition(entry.kind == .begun, "an operation begins with an entry that says so")
        let wall = wall()
        return try state.with { (books) throws(BatonError) -> OperationID in
            try books.slot(lease.validator).check(lease)
            let id = OperationID(rawValue: UInt64(books.owners.count) + 1)
            books.owners.append(lease.validator)
            books.append(entry, of: id, at: wall)
            return id
        }
    }

    public func commit(_ commit: Commit, under lease: Lease) async throws(BatonError) -> EntryNumber {
        let wall = wall()
        return try state.with { (books) throws(BatonError) -> EntryNumber in
            let validator = lease.validator
            // Everything that can be refused comes before the first change: all of it or nothing.
            let effect = try CommitRules.effect(
                of: commit, under: lease, slot: books.slot(validator), owner: books.owner(of: commit.operation),
                last: books.grants[validator]?.last, floor: books.floors[validator]
            )
            for entry in effect.entries { books.append(entry, of: commit.operation, at: wall) }
            if let closed = effect.grants.closed, let count = books.grants[validator]?.count {
                books.grants[validator]?[count - 1] = closed
            }
            if let opened = effect.grants.opened { books.grants[validator, default: []].append(opened) }
            if let floor = effect.floor { books.floors[validator] = floor }
            return books.end.number
        }
    }

    public func entries(of operation: OperationID) async throws(BatonError) -> [StoredEntry] {
        try state.with { (books) throws(BatonError) -> [StoredEntry] in books.journal.filter { $0.operation == operation } }
    }

    public func journal() async throws(BatonError) -> [StoredEntry] {
        try state.with { (books) throws(BatonError) -> [StoredEntry] in books.journal }
    }

    public func operations() async throws(BatonError) -> [OperationSummary] {
        try state.with { (books) throws(BatonError) -> [OperationSummary] in books.summaries() }
    }

    public func grants(_ validator: ValidatorID) async throws(BatonError) -> [GrantRecord] {
        try state.with { (books) throws(BatonError) -> [GrantRecord] in books.grants[validator] ?? [] }
    }

    public func floor(_ validator: ValidatorID) async throws(BatonError) -> Known<Watermark> {
        try state.with { (books) throws(BatonError) -> Known<Watermark> in .floor(books.floors[validator]) }
    }
}

extension Known where Value == Watermark {
    /// A vote ledger's highest watermark as a fact.
    ///
    /// An empty ledger is *unknown*, not zero (safety.md R8): what it should hold was not written here, so it is too old to
    /// decide by, which is `stale`. `unreachable` and `unreadable` stay for a place that did not answer or can't be read.
    package static func floor(_ highest: Watermark?) -> Known<Watermark> {
        highest.map(Known.known) ?? .unknown(.stale)
    }
}

/// The contents of a store in memory.
private struct Books {
    var leases: [ValidatorID: LeaseSlot] = [:]
    var grants: [ValidatorID: [GrantRecord]] = [:]
    var floors: [ValidatorID: Watermark] = [:]
    /// The validator of operation n is at n − 1.
    var owners: [ValidatorID] = []
    var journal: [StoredEntry] = []
    var end = JournalChain.Link.empty

    func slot(_ validator: ValidatorID) -> LeaseSlot { leases[validator] ?? .untaken }

    func owner(of operation: OperationID) -> ValidatorID? {
        guard operation.rawValue >= 1, operation.rawValue <= UInt64(owners.count) else { return nil }
        return owners[Int(operation.rawValue) - 1]
    }

    mutating func append(_ entry: Entry, of operation: OperationID, at wall: WallTime) {
        let sealed = JournalChain.seal(entry, of: operation, at: wall, after: end)
        journal.append(sealed)
        end = JournalChain.Link(number: sealed.number, digest: sealed.digest)
    }

    func summaries() -> [OperationSummary] {
        var first: [OperationID: StoredEntry] = [:]
        var last: [OperationID: Entry] = [:]
        for stored in journal where [.begun, .paused, .finished].contains(stored.entry.kind) {
            if first[stored.operation] == nil { first[stored.operation] = stored }
            last[stored.operation] = stored.entry
        }
        return owners.indices.reversed().compactMap { index in
            let id = OperationID(rawValue: UInt64(index) + 1)
            guard let begun = first[id], let last = last[id] else { return nil }
            return OperationSummary(
                id: id, validator: owners[index], begun: begun.wall, detail: begun.entry.detail, last: last
            )
        }
    }
}
