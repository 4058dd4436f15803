import BatonModel
import BatonStore
import GRDB

/// One open connection to a store's database, checked and ready to commit.
struct Connection: Sendable {
    let queue: DatabaseQueue
    let file: String

    /// How long a call waits for another process before it gives up.
    ///
    /// - Unit: seconds. Commits take milliseconds, so whoever holds the file this long hangs or is stopped.
    private static let busySecondsMax = 5.0

    /// Opens the database, refuses what is not Baton's or damaged, brings the schema up and warms every statement.
    ///
    /// A file that is refused is left as it was.
    init(place: StorePlace) throws(BatonError) {
        try place.prepare()
        file = place.file
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.busySecondsMax)
        configuration.foreignKeysEnabled = true
        configuration.label = "baton.store"
        do {
            // Not GRDB's WAL mode: it sets synchronous=NORMAL behind the caller's back. The pragmas are ours.
            queue = try DatabaseQueue(path: place.file, configuration: configuration)
        } catch {
            throw SQLiteFailure.opening(place.file, error)
        }
        try open { db in
            try Self.refuseForeign(db, file: place.file)
            try Self.refuseDamaged(db, file: place.file)
            try Self.setDurable(db, file: place.file)
            try Self.migrate(db, file: place.file)
            for sql in Statements.all { _ = try db.cachedStatement(sql: sql) }
            Self.checkpoint(db)
        }
    }

    private func open(_ body: (Database) throws -> Void) throws(BatonError) {
        do {
            try queue.writeWithoutTransaction(body)
        } catch let error as BatonError {
            throw error
        } catch {
            throw SQLiteFailure.opening(file, error)
        }
    }

    /// Looks before anything is written: an empty file is a new store, everything else must say that it is Baton's.
    private static func refuseForeign(_ db: Database, file: String) throws {
        let identity = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let objects = try Int64.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        guard identity == Schema.applicationID || (identity == 0 && objects == 0) else {
            throw BatonError.storeUnreadable(
                "\(file) is a database of another program.",
                remedy: "Keep it; name another folder as `state:` in baton.yaml."
            )
        }
    }

    /// Durability is set on this connection, which is the writer, and read back on it.
    private static func setDurable(_ db: Database, file: String) throws {
        try db.execute(sql: "PRAGMA trusted_schema = OFF")
        try db.execute(sql: "PRAGMA synchronous = FULL")
        let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        try db.execute(sql: "PRAGMA synchronous = FULL")
        // Checkpoints come at the ends of an operation, never in the middle of a cut.
        try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        let level = try Int64.fetchOne(db, sql: "PRAGMA synchronous")
        guard level == 2, journal == "wal" else {
            throw BatonError.storeUnreadable(
                "\(file) can't be made durable: synchronous is \(level.map(String.init) ?? "unknown"),"
                    + " the journal mode \(journal ?? "unknown").",
                remedy: "Put the folder of `state:` on a local disk, then run the verb again."
            )
        }
    }

    private static func migrate(_ db: Database, file: String) throws {
        try db.beginTransaction(.immediate)
        do {
            let hasVersion =
                try Int64.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'") == 1
            let found = hasVersion ? try Int64.fetchOne(db, sql: "SELECT version FROM schema_version") ?? -1 : 0
            guard found <= Schema.version else {
                throw BatonError.storeUnreadable(
                    "\(file) has schema version \(found); this Baton knows \(Schema.version).",
                    remedy: "Use the newer Baton that wrote it."
                )
            }
            guard found >= (hasVersion ? 1 : 0) else {
                throw BatonError.storeUnreadable(
                    "\(file) has a schema version table without a version.", remedy: SQLiteFailure.keepAndRecover
                )
            }
            for migration in Schema.migrations.dropFirst(Int(found)) { try db.execute(sql: migration) }
            if found < Schema.version {
                try db.execute(sql: "UPDATE schema_version SET version = ?", arguments: [Schema.version])
                try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
            }
            try db.commit()
        } catch {
            try Self.rollback(db)
            throw error
        }
    }

    private static func refuseDamaged(_ db: Database, file: String) throws {
        let finding = try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
        guard finding == "ok" else {
            throw BatonError.storeUnreadable(
                "\(file) is damaged: \(finding ?? "no answer").", remedy: SQLiteFailure.keepAndRecover
            )
        }
    }

    /// Moves the log's pages into the database where nobody is in the way; what stays is moved the next time.
    static func checkpoint(_ db: Database) {
        // A checkpoint makes nothing durable that was not so before: its failure is discarded and the next one tries again.
        _ = try? Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(PASSIVE)")
    }

    /// Ends a transaction that failed; SQLite may have ended it already.
    private static func rollback(_ db: Database) throws {
        if db.isInsideTransaction { try db.rollback() }
    }

    /// Runs one writing transaction with one sync: all of it or nothing.
    func write<Value>(_ doing: String, _ body: (Database) throws -> Value) throws(BatonError) -> Value {
        do {
            return try queue.writeWithoutTransaction { db in
                try db.beginTransaction(.immediate)
                do {
                    let value = try body(db)
                    try db.commit()
                    return value
                } catch {
                    try Self.rollback(db)
                    throw error
                }
            }
        } catch let error as BatonError {
            throw error
        } catch {
            throw SQLiteFailure.writing(doing, file, error)
        }
    }

    /// Runs one reading transaction.
    func read<Value>(_ doing: String, _ body: (Database) throws -> Value) throws(BatonError) -> Value {
        do {
            return try queue.read(body)
        } catch let error as BatonError {
            throw error
        } catch {
            throw SQLiteFailure.reading(doing, file, error)
        }
    }
}
