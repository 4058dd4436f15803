import BatonKernel
import BatonModel
import BatonStore
import BatonStoreSQLite
import BatonTestKit
import Foundation
import GRDB
import Testing

@Suite("The SQLite store and its file")
struct SQLiteStoreTests {
    private func filled(_ folder: String) async throws {
        let desk = try await StoreSamples.Desk(try SQLiteStore(folder: folder, wall: wall))
        try await desk.commit(raising: [Watermark(epoch: 3, round: 41)], opening: StoreSamples.grant(1, at: desk))
        try await desk.commit([Entry(.proved)], closing: StoreSamples.closing(1))
        try await desk.store.release(desk.lease)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("a new store is a 0600 file in a 0700 folder, its log too")
    func modes() async throws {
        try await withFolder { folder in
            let state = folder + "/deep/state"
            let store = try SQLiteStore(folder: state, wall: wall)
            _ = try await StoreSamples.Desk(store)
            #expect(try mode(folder + "/deep") == 0o700)
            #expect(try mode(state) == 0o700)
            for name in ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"] {
                #expect(try mode(state + "/" + name) == 0o600)
            }
        }
    }

    @Test("a folder that others can write in is refused")
    func openFolder() async throws {
        try await withFolder { folder in
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
            let error = try await refusal { _ = try SQLiteStore(folder: folder, wall: wall) }
            #expect(error.code == .storeUnreadable)
            #expect(error.remedy.contains("chmod 700"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        }
    }

    @Test(
        "what is no database is refused and kept, byte for byte",
        arguments: ["{\"not\": \"a database\"}", "x", String(repeating: "SQLite format 3 but not quite ", count: 400)]
    )
    func noDatabase(_ text: String) async throws {
        try await withFolder { folder in
            let file = folder + "/store.sqlite"
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            let error = try await refusal { _ = try SQLiteStore(folder: folder, wall: wall) }
            #expect(error.code == .storeUnreadable)
            #expect(error.remedy.contains("Keep"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data(text.utf8))
        }
    }

    @Test("a damaged database is refused and kept", arguments: [20, 40, 110, 4_100, 20_480])
    func damaged(offset: Int) async throws {
        try await withFolder { folder in
            try await filled(folder)
            let url = URL(fileURLWithPath: folder + "/store.sqlite")
            var bytes = try Data(contentsOf: url)
            for index in offset..<(offset + 60) { bytes[index] = 0xA5 }
            try bytes.write(to: url)
            let error = try await refusal { _ = try SQLiteStore(folder: folder, wall: wall) }
            #expect(error.code == .storeUnreadable, "\(error)")
            #expect(try Data(contentsOf: url) == bytes)
        }
    }

    @Test("a database that lost its end is refused")
    func truncated() async throws {
        try await withFolder { folder in
            try await filled(folder)
            let url = URL(fileURLWithPath: folder + "/store.sqlite")
            let bytes = try Data(contentsOf: url)
            try bytes.prefix(bytes.count / 2).write(to: url)
            let error = try await refusal { _ = try SQLiteStore(folder: folder, wall: wall) }
            #expect(error.code == .storeUnreadable)
            #expect(try Data(contentsOf: url) == bytes.prefix(bytes.count / 2))
        }
    }

    @Test("a database of another program is refused and keeps its journal mode")
    func foreign() async throws {
        try await withFolder { folder in
            try changeByHand(folder, "CREATE TABLE recipe (name TEXT); INSERT INTO recipe VALUES ('soup')")
            let error = try await refusal { _ = try SQLiteStore(folder: folder, wall: wall) }
            #expect(error.code == .storeUnreadable)
            #expect(error.message.contains("another program"))
            #expect(try byHand(folder, "PRAGMA journal_mode").first?["journal_mode"] == "delete")
            #expect(try byHand(folder, "SELECT name FROM recipe").count == 1)
        }
    }

    @Test("a store of a newer Baton is refused")
    func newer() async throws {
        try await withFolder { folder in
            try await filled(folder)
            try changeByHand(folder, "UPDATE schema_version SET version = 99")
            let error = try await refusal { _ = try SQLiteStore(folder: folder, wall: wall) }
            #expect(error.code == .storeUnreadable)
            #expect(error.message.contains("99"))
            #expect(error.remedy.contains("newer"))
        }
    }

    @Test("a link in the file's place is refused")
    func link() async throws {
        try await withFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: folder + "/store.sqlite", withDestinationPath: folder + "/else")
            #expect(try await refusal { _ = try SQLiteStore(folder: folder, wall: wall) }.code == .storeUnreadable)
            #expect(!FileManager.default.fileExists(atPath: folder + "/else"))
        }
    }

    @Test("a store that was made and never written is an empty store")
    func emptyFile() async throws {
        try await withFolder { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/store.sqlite"))
            let store = try SQLiteStore(folder: folder, wall: wall)
            #expect(try await store.floor(StoreSamples.validator) == .unknown(.stale))
        }
    }

    @Test("an entry that was changed in the file is found by the chain")
    func tampered() async throws {
        try await withFolder { folder in
            try await filled(folder)
            try changeByHand(folder, "DROP TRIGGER entry_stays; UPDATE entry SET wall = wall + 1 WHERE number = 2")
            let store = try SQLiteStore(folder: folder, wall: wall)
            let journal = try await store.journal()
            #expect(try await refusal { try JournalChain.verify(journal) }.message.contains("Entry 2"))
        }
    }

    static let hands: [(name: String, sql: String)] = [
        ("change an entry", "UPDATE entry SET body = '{}' WHERE number = 1"),
        ("delete an entry", "DELETE FROM entry WHERE number = 1"),
        (
            "leave an entry number out",
            "INSERT INTO entry SELECT 99, operation, wall, kind, body, digest, digest FROM entry WHERE number = 1"
        ),
        (
            "break the chain",
            "INSERT INTO entry"
                + " SELECT (SELECT max(number) + 1 FROM entry), operation,"
                + " wall, kind, body, previous, digest FROM entry WHERE number = 1"
        ),
        ("open a second grant", "UPDATE vote_grant SET closing = NULL"),
        ("change a closed grant", "UPDATE vote_grant SET closing = '{}'"),
        ("delete a grant", "DELETE FROM vote_grant"),
        ("use a grant number again", "INSERT INTO vote_grant SELECT validator, 1, operation, lease, body, NULL FROM vote_grant"),
        ("open a grant under a released lease", "INSERT INTO vote_grant SELECT validator, 2, operation, lease, body, NULL FROM vote_grant"),
        ("turn a lease number back", "UPDATE lease SET number = 0"),
        ("give a released number to somebody", "UPDATE lease SET holder = '{}'"),
        ("forget a lease", "DELETE FROM lease"),
        ("lower the ledger", "UPDATE vote_ledger SET round = 1"),
        ("delete from the ledger", "DELETE FROM vote_ledger"),
        ("add a lower watermark", "INSERT INTO vote_ledger (validator, epoch, round, operation) VALUES ('acme-pos', 3, 40, 1)"),
        ("change an operation", "UPDATE operation SET validator = 'other'"),
        (
            "an entry of no operation",
            "INSERT INTO entry"
                + " SELECT (SELECT max(number) + 1 FROM entry), 77, 1, 'intent', '{}',"
                + " (SELECT digest FROM entry ORDER BY number DESC LIMIT 1), digest FROM entry WHERE number = 1"
        ),
        ("a text for a number", "UPDATE lease SET number = 'many', holder = NULL"),
    ]

    @Test("the schema itself refuses", arguments: hands.indices)
    func schemaRefuses(_ index: Int) async throws {
        try await withFolder { folder in
            try await filled(folder)
            let hand = Self.hands[index]
            do {
                try changeByHand(folder, hand.sql)
                Issue.record("\(hand.name): permitted")
            } catch let error as DatabaseError {
                #expect(error.resultCode == .SQLITE_CONSTRAINT, "\(hand.name): \(error)")
            }
        }
    }

    @Test("at most one grant of a validator is open in the schema too")
    func oneOpenInSchema() async throws {
        try await withFolder { folder in
            let desk = try await StoreSamples.Desk(try SQLiteStore(folder: folder, wall: wall))
            try await desk.commit(opening: StoreSamples.grant(1, at: desk))
            do {
                try changeByHand(folder, "INSERT INTO vote_grant SELECT validator, 2, operation, lease, body, NULL FROM vote_grant")
                Issue.record("permitted")
            } catch let error as DatabaseError {
                #expect(error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE, "\(error)")
            }
        }
    }

    @Test("a file that another process keeps locked is an error with an order, after a bounded wait")
    func locked() async throws {
        try await withFolder { folder in
            try await filled(folder)
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            let queue = try DatabaseQueue(path: folder + "/store.sqlite", configuration: configuration)
            let store = try SQLiteStore(folder: folder, wall: wall)
            try queue.unsafeReentrantWrite { db in try db.execute(sql: "BEGIN IMMEDIATE") }
            let error = try await refusal {
                _ = try await store.lease(StoreSamples.validator, holder: StoreSamples.process(1), seize: false)
            }
            #expect(error.code == .storeBroken)
            #expect(error.remedy.contains("fuser"))
            try queue.unsafeReentrantWrite { db in try db.execute(sql: "ROLLBACK") }
            _ = try await store.lease(StoreSamples.validator, holder: StoreSamples.process(1), seize: false)
        }
    }
}
