import GRDB

/// The tables of a fleet's store, with every rule that SQLite can hold by itself written into them.
///
/// The rules are judged in Swift first (`CommitRules`), where they can be explained; the schema is the second lock on the
/// same door, for a defect in Baton and for a hand in the file.
enum Schema {
    /// Marks a database file as Baton's: the letters "Batn".
    ///
    /// - Source: `PRAGMA application_id`, sqlite.org/pragma.html.
    static let applicationID: Int64 = 0x4261_746E

    /// What this Baton writes, and the newest that it reads.
    static var version: Int64 { Int64(migrations.count) }

    /// The n-th takes a database from version n − 1 to n; one that was released never changes.
    static let migrations: [String] = [first]

    private static let first = """
        CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT;
        INSERT INTO schema_version (version) VALUES (0);

        CREATE TABLE lease (
            validator TEXT PRIMARY KEY NOT NULL,
            number INTEGER NOT NULL CHECK (number >= 1),
            holder TEXT
        ) STRICT;
        CREATE TRIGGER lease_grows BEFORE UPDATE ON lease BEGIN
            SELECT RAISE(ABORT, 'a lease stays with its validator') WHERE NEW.validator IS NOT OLD.validator;
            SELECT RAISE(ABORT, 'a lease number only grows')
                WHERE NEW.number < OLD.number OR (NEW.number = OLD.number AND NEW.holder IS NOT NULL);
        END;
        CREATE TRIGGER lease_stays BEFORE DELETE ON lease BEGIN
            SELECT RAISE(ABORT, 'a lease number is never forgotten');
        END;

        CREATE TABLE operation (
            id INTEGER PRIMARY KEY NOT NULL CHECK (id >= 1),
            validator TEXT NOT NULL REFERENCES lease (validator),
            lease INTEGER NOT NULL,
            begun INTEGER NOT NULL REFERENCES entry (number) DEFERRABLE INITIALLY DEFERRED
        ) STRICT;
        CREATE TRIGGER operation_stays BEFORE UPDATE ON operation BEGIN
            SELECT RAISE(ABORT, 'an operation never changes');
        END;
        CREATE TRIGGER operation_kept BEFORE DELETE ON operation BEGIN
            SELECT RAISE(ABORT, 'an operation is never deleted');
        END;

        CREATE TABLE entry (
            number INTEGER PRIMARY KEY NOT NULL,
            operation INTEGER NOT NULL REFERENCES operation (id),
            wall INTEGER NOT NULL,
            kind TEXT NOT NULL,
            body TEXT NOT NULL,
            previous TEXT NOT NULL CHECK (length(previous) = 64),
            digest TEXT NOT NULL CHECK (length(digest) = 64)
        ) STRICT;
        CREATE INDEX entry_by_operation ON entry (operation, number);
        CREATE TRIGGER entry_follows BEFORE INSERT ON entry BEGIN
            SELECT RAISE(ABORT, 'an entry has the number after the last one')
                WHERE NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM entry);
            SELECT RAISE(ABORT, 'an entry names the digest of the one before')
                WHERE NEW.previous IS NOT coalesce(
                    (SELECT digest FROM entry ORDER BY number DESC LIMIT 1), '\(String(repeating: "0", count: 64))'
                );
        END;
        CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN
            SELECT RAISE(ABORT, 'the journal is append-only');
        END;
        CREATE TRIGGER entry_kept BEFORE DELETE ON entry BEGIN
            SELECT RAISE(ABORT, 'the journal is append-only');
        END;

        CREATE TABLE vote_grant (
            validator TEXT NOT NULL REFERENCES lease (validator),
            number INTEGER NOT NULL CHECK (number >= 1),
            operation INTEGER NOT NULL REFERENCES operation (id),
            lease INTEGER NOT NULL,
            body TEXT NOT NULL,
            closing TEXT,
            PRIMARY KEY (validator, number)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX vote_grant_open ON vote_grant (validator) WHERE closing IS NULL;
        CREATE TRIGGER vote_grant_follows BEFORE INSERT ON vote_grant BEGIN
            SELECT RAISE(ABORT, 'a grant is opened before it is closed') WHERE NEW.closing IS NOT NULL;
            SELECT RAISE(ABORT, 'a grant number only grows')
                WHERE EXISTS (SELECT 1 FROM vote_grant WHERE validator = NEW.validator AND number >= NEW.number);
            SELECT RAISE(ABORT, 'a grant is opened under the current lease')
                WHERE NOT EXISTS (
                    SELECT 1 FROM lease
                    WHERE validator = NEW.validator AND number = NEW.lease AND holder IS NOT NULL
                );
        END;
        CREATE TRIGGER vote_grant_closes BEFORE UPDATE ON vote_grant BEGIN
            SELECT RAISE(ABORT, 'a closed grant never changes') WHERE OLD.closing IS NOT NULL;
            SELECT RAISE(ABORT, 'a grant changes by its closing alone')
                WHERE NEW.closing IS NULL OR NEW.validator IS NOT OLD.validator OR NEW.number IS NOT OLD.number
                    OR NEW.operation IS NOT OLD.operation OR NEW.lease IS NOT OLD.lease OR NEW.body IS NOT OLD.body;
        END;
        CREATE TRIGGER vote_grant_kept BEFORE DELETE ON vote_grant BEGIN
            SELECT RAISE(ABORT, 'a grant is never deleted');
        END;

        CREATE TABLE vote_ledger (
            id INTEGER PRIMARY KEY NOT NULL,
            validator TEXT NOT NULL REFERENCES lease (validator),
            epoch INTEGER NOT NULL CHECK (epoch >= 0),
            round INTEGER NOT NULL CHECK (round >= 0),
            operation INTEGER NOT NULL REFERENCES operation (id)
        ) STRICT;
        CREATE INDEX vote_ledger_highest ON vote_ledger (validator, epoch, round);
        CREATE TRIGGER vote_ledger_grows BEFORE INSERT ON vote_ledger BEGIN
            SELECT RAISE(ABORT, 'the vote ledger only grows')
                WHERE EXISTS (
                    SELECT 1 FROM vote_ledger
                    WHERE validator = NEW.validator
                        AND (epoch > NEW.epoch OR (epoch = NEW.epoch AND round >= NEW.round))
                );
        END;
        CREATE TRIGGER vote_ledger_stays BEFORE UPDATE ON vote_ledger BEGIN
            SELECT RAISE(ABORT, 'the vote ledger only grows');
        END;
        CREATE TRIGGER vote_ledger_kept BEFORE DELETE ON vote_ledger BEGIN
            SELECT RAISE(ABORT, 'the vote ledger only grows');
        END;
        """
}
