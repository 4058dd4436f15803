import BatonKernel
import BatonModel
import BatonStore
import GRDB

/// Every statement that runs in an operation; all are prepared when the store is opened, so that the commit in the middle
/// of a cut compiles nothing.
enum Statements {
    static let slot = "SELECT number, holder FROM lease WHERE validator = ?"
    static let takeLease = """
        INSERT INTO lease (validator, number, holder) VALUES (?, ?, ?)
        ON CONFLICT (validator) DO UPDATE SET number = excluded.number, holder = excluded.holder
        """
    static let giveBack = "UPDATE lease SET holder = NULL WHERE validator = ?"
    static let end = "SELECT number, digest FROM entry ORDER BY number DESC LIMIT 1"
    static let lastOperation = "SELECT max(id) FROM operation"
    static let addOperation = "INSERT INTO operation (id, validator, lease, begun) VALUES (?, ?, ?, ?)"
    static let owner = "SELECT validator FROM operation WHERE id = ?"
    static let addEntry = """
        INSERT INTO entry (number, operation, wall, kind, body, previous, digest) VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    static let lastGrant = "SELECT body, closing FROM vote_grant WHERE validator = ? ORDER BY number DESC LIMIT 1"
    static let closeGrant = "UPDATE vote_grant SET closing = ? WHERE validator = ? AND number = ?"
    static let addGrant = "INSERT INTO vote_grant (validator, number, operation, lease, body) VALUES (?, ?, ?, ?, ?)"
    static let floor = """
        SELECT epoch, round FROM vote_ledger WHERE validator = ? ORDER BY epoch DESC, round DESC LIMIT 1
        """
    static let raise = "INSERT INTO vote_ledger (validator, epoch, round, operation) VALUES (?, ?, ?, ?)"

    static let all = [
        slot, takeLease, giveBack, end, lastOperation, addOperation, owner, addEntry, lastGrant, closeGrant, addGrant, floor, raise,
    ]

    static let entries = "SELECT number, operation, wall, body, previous, digest FROM entry"
    static let grants = "SELECT body, closing FROM vote_grant WHERE validator = ? ORDER BY number"
    static let operations = """
        SELECT operation.id AS id, operation.validator AS validator, begun.wall AS wall, begun.body AS begun, (
            SELECT body FROM entry
            WHERE entry.operation = operation.id AND entry.kind IN ('begun', 'paused', 'finished')
            ORDER BY entry.number DESC LIMIT 1
        ) AS last
        FROM operation JOIN entry AS begun ON begun.number = operation.begun
        ORDER BY operation.id DESC
        """
}

/// The store's rows as values. A row that can't be read is a damaged store, never an absent value.
extension Database {
    /// The lease number of a validator with its holder.
    func slot(of validator: ValidatorID) throws -> LeaseSlot {
        guard let row = try row(Statements.slot, [validator.rawValue]) else { return .untaken }
        let holder: String? = row["holder"]
        return LeaseSlot(number: LeaseNumber(rawValue: try row.count("number")), holder: try holder.map(Incarnation.init(stored:)))
    }

    /// Writes a lease as the current one.
    func setLease(_ lease: Lease) throws {
        try run(Statements.takeLease, [lease.validator.rawValue, try signed(lease.number), lease.holder.json.text])
    }

    /// Where the next entry is linked.
    func endOfJournal() throws -> JournalChain.Link {
        guard let row = try row(Statements.end, []) else { return .empty }
        return JournalChain.Link(number: EntryNumber(rawValue: try row.count("number")), digest: Digest(row["digest"]))
    }

    /// The validator of an operation, or `nil` when the operation is unknown.
    func owner(of operation: OperationID) throws -> ValidatorID? {
        guard let id = Int64(exactly: operation.rawValue) else { return nil }
        return try String.fetchOne(try cachedStatement(sql: Statements.owner), arguments: [id]).map(ValidatorID.init(_:))
    }

    /// The number of the next operation.
    func nextOperation() throws -> OperationID {
        let last = try Int64.fetchOne(try cachedStatement(sql: Statements.lastOperation)) ?? 0
        return OperationID(rawValue: UInt64(last) + 1)
    }

    /// Writes an entry at the end of the journal.
    func append(_ stored: StoredEntry) throws {
        try run(
            Statements.addEntry,
            [
                try signed(stored.number), try signed(stored.operation), stored.wall.nanoseconds, stored.entry.kind.rawValue,
                stored.entry.json.text, stored.previous.rawValue, stored.digest.rawValue,
            ]
        )
    }

    /// The grant of a validator with the highest number.
    func lastGrant(of validator: ValidatorID) throws -> GrantRecord? {
        try row(Statements.lastGrant, [validator.rawValue]).map(GrantRecord.init(stored:))
    }

    /// The highest watermark of a validator, or `nil` when the ledger holds none of it.
    func highestWatermark(of validator: ValidatorID) throws -> Watermark? {
        try row(Statements.floor, [validator.rawValue]).map { row in
            Watermark(epoch: try row.count("epoch"), round: try row.count("round"))
        }
    }

    /// The first row that a prepared statement answers.
    func row(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
        try Row.fetchOne(try cachedStatement(sql: sql), arguments: arguments)
    }

    /// Runs a prepared statement.
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// A number as SQLite counts.
    ///
    /// - Throws: ``BatonError/Code/storeBroken`` above `Int64.max`.
    func signed(_ number: some Number) throws -> Int64 {
        guard let value = Int64(exactly: number.rawValue) else {
            throw BatonError.storeBroken("The number \(number) is above every one that a store counts to.", remedy: "Report it.")
        }
        return value
    }
}

extension Row {
    /// A column as a count.
    ///
    /// - Throws: ``BatonError/Code/storeUnreadable`` when it is no whole number of 0 or more.
    func count(_ column: String) throws -> UInt64 {
        let value: Int64? = self[column]
        guard let value, let count = UInt64(exactly: value) else {
            throw unreadable("\(column) is no whole number of 0 or more")
        }
        return count
    }
}

private func unreadable(_ what: String) -> BatonError {
    .storeUnreadable("A row of the store can't be read: \(what).", remedy: SQLiteFailure.keepAndRecover)
}

extension JSONCoded {
    /// Reads a value back from a column.
    ///
    /// - Throws: ``BatonError/Code/storeUnreadable`` when the text is none.
    init(stored text: String) throws {
        do throws(JSONError) {
            self = try Self(json: try JSON(text: text))
        } catch {
            throw unreadable("\(Self.self): \(error.description)")
        }
    }
}

extension GrantRecord {
    init(stored row: Row) throws {
        let body: String = row["body"]
        let closing: String? = row["closing"]
        self.init(grant: try Grant(stored: body), closing: try closing.map(Closing.init(stored:)))
    }
}

extension StoredEntry {
    init(stored row: Row) throws {
        let body: String = row["body"]
        self.init(
            number: EntryNumber(rawValue: try row.count("number")), operation: OperationID(rawValue: try row.count("operation")),
            wall: WallTime(nanoseconds: row["wall"]), entry: try Entry(stored: body), previous: Digest(row["previous"]),
            digest: Digest(row["digest"])
        )
    }
}

extension OperationSummary {
    init(stored row: Row) throws {
        let begun: String = row["begun"], last: String = row["last"], validator: String = row["validator"]
        self.init(
            id: OperationID(rawValue: try row.count("id")), validator: ValidatorID(validator), begun: WallTime(nanoseconds: row["wall"]),
            detail: try Entry(stored: begun).detail, last: try Entry(stored: last)
        )
    }
}
