public import BatonKernel
public import BatonModel
public import BatonStore
import GRDB

/// The store of a fleet in one SQLite file: nothing to install, one sync per commit, several processes at a time.
///
/// Every call of the database is synchronous on this actor: SQLite answers in microseconds, a commit in about two
/// milliseconds (one sync), and no foreign queue resumes anybody (needed for deterministic simulation).
public actor SQLiteStore: Store {
    private let connection: Connection
    private let wall: @Sendable () -> WallTime

    /// Opens the store of a folder, made new when nothing is there.
    ///
    /// A file that is damaged, no database, of another program or of a newer Baton is refused and left as it is.
    /// - Parameters:
    ///   - folder: the fleet's `state:`; it and the file `store.sqlite` in it are made with modes 0700 and 0600.
    ///   - wall: the wall clock that dates the entries.
    /// - Throws: ``BatonError/Code/storeUnreadable``, or ``BatonError/Code/storeBroken`` when another process locks it.
    public init(folder: String, wall: @escaping @Sendable () -> WallTime) throws(BatonError) {
        connection = try Connection(place: StorePlace(folder: folder))
        self.wall = wall
    }

    public func lease(_ validator: ValidatorID, holder: Incarnation, seize: Bool) async throws(BatonError) -> Lease {
        let lease = try connection.write("take the lease of \(validator)") { db in
            let lease = try db.slot(of: validator).next(for: holder, of: validator, seize: seize)
            try db.setLease(lease)
            return lease
        }
        checkpoint()
        return lease
    }

    public func release(_ lease: Lease) async throws(BatonError) {
        try connection.write("give back the lease of \(lease.validator)") { db in
            guard try db.slot(of: lease.validator).lease(of: lease.validator) == lease else { return }
            try db.run(Statements.giveBack, [lease.validator.rawValue])
        }
        checkpoint()
    }

    public func holder(_ validator: ValidatorID) async throws(BatonError) -> Lease? {
        try connection.read("read the lease of \(validator)") { db in try db.slot(of: validator).lease(of: validator) }
    }

    public func begin(_ entry: Entry, under lease: Lease) async throws(BatonError) -> OperationID {
        precondition(entry.kind == .begun, "an operation begins with an entry that says so")
        let wall = wall()
        return try connection.write("begin an operation of \(lease.validator)") { db in
            try db.slot(of: lease.validator).check(lease)
            let id = try db.nextOperation()
            let stored = JournalChain.seal(entry, of: id, at: wall, after: try db.endOfJournal())
            try db.run(
                Statements.addOperation,
                [try db.signed(id), lease.validator.rawValue, try db.signed(lease.number), try db.signed(stored.number)]
            )
            try db.append(stored)
            return id
        }
    }

    public func commit(_ commit: Commit, under lease: Lease) async throws(BatonError) -> EntryNumber {
        let wall = wall()
        return try connection.write("commit for operation \(commit.operation)") { db in
            let effect = try CommitRules.effect(
                of: commit, under: lease, slot: try db.slot(of: lease.validator), owner: try db.owner(of: commit.operation),
                last: try db.lastGrant(of: lease.validator), floor: try db.highestWatermark(of: lease.validator)
            )
            return try Self.write(effect, of: commit.operation, under: lease, at: wall, into: db)
        }
    }

    private static func write(
        _ effect: CommitEffect, of operation: OperationID, under lease: Lease, at wall: WallTime, into db: Database
    ) throws -> EntryNumber {
        let validator = lease.validator
        var end = try db.endOfJournal()
        for entry in effect.entries {
            let stored = JournalChain.seal(entry, of: operation, at: wall, after: end)
            try db.append(stored)
            end = JournalChain.Link(number: stored.number, digest: stored.digest)
        }
        if let closed = effect.grants.closed, let closing = closed.closing {
            try db.run(Statements.closeGrant, [closing.json.text, validator.rawValue, try db.signed(closed.grant.number)])
        }
        if let grant = effect.grants.opened?.grant {
            try db.run(
                Statements.addGrant,
                [
                    validator.rawValue, try db.signed(grant.number), try db.signed(operation), try db.signed(lease.number),
                    grant.json.text,
                ]
            )
        }
        if let floor = effect.floor, let epoch = Int64(exactly: floor.epoch), let round = Int64(exactly: floor.round) {
            try db.run(Statements.raise, [validator.rawValue, epoch, round, try db.signed(operation)])
        }
        return end.number
    }

    public func entries(of operation: OperationID) async throws(BatonError) -> [StoredEntry] {
        // A number that no store counts to is no operation of this one.
        guard let id = Int64(exactly: operation.rawValue) else { return [] }
        return try connection.read("read the journal of operation \(operation)") { db in
            try Row.fetchAll(db, sql: Statements.entries + " WHERE operation = ? ORDER BY number", arguments: [id])
                .map(StoredEntry.init(stored:))
        }
    }

    public func journal() async throws(BatonError) -> [StoredEntry] {
        try connection.read("read the journal") { db in
            try Row.fetchAll(db, sql: Statements.entries + " ORDER BY number").map(StoredEntry.init(stored:))
        }
    }

    public func operations() async throws(BatonError) -> [OperationSummary] {
        try connection.read("list the operations") { db in
            try Row.fetchAll(db, sql: Statements.operations).map(OperationSummary.init(stored:))
        }
    }

    public func grants(_ validator: ValidatorID) async throws(BatonError) -> [GrantRecord] {
        try connection.read("read the grants of \(validator)") { db in
            try Row.fetchAll(db, sql: Statements.grants, arguments: [validator.rawValue]).map(GrantRecord.init(stored:))
        }
    }

    public func floor(_ validator: ValidatorID) async throws(BatonError) -> Known<Watermark> {
        try connection.read("read the vote ledger of \(validator)") { db in .floor(try db.highestWatermark(of: validator)) }
    }

    private func checkpoint() {
        connection.queue.writeWithoutTransaction { db in Connection.checkpoint(db) }
    }
}
