import BatonKernel
import BatonModel
import BatonStoreSQLite
import GRDB
import Glibc

// A store in a process of its own, traced by the durability test: `store-probe (store|normal) FOLDER`.
//
// `store` commits as an operation does. `normal` is the planted fault: the same kind of file written by a connection with
// synchronous=NORMAL, so that the judge of the trace is seen to fail.

/// Writes a word by one write(2), which the trace shows.
func say(_ word: String) {
    let bytes = Array((word + "\n").utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
}

/// Commits a grant between the two marks, as an operation does.
func commitAsOperation(in folder: String) async throws {
    let holder = Incarnation(bootID: "boot", pid: getpid(), startTime: 1)
    let store = try SQLiteStore(folder: folder) { WallTime(nanoseconds: 1) }
    let lease = try await store.lease("acme-pos", holder: holder, seize: false)
    let operation = try await store.begin(Entry(.begun), under: lease)
    let state = VoteState(
        bytes: Array(repeating: 120, count: 400), digest: Digest(String(repeating: "a", count: 64)),
        watermark: Watermark(epoch: 3, round: 41)
    )
    let grant = Grant(
        number: GrantNumber(rawValue: 1), validator: "acme-pos", node: "b", state: state, origin: .firstEver, fences: [],
        incarnation: holder, lease: lease.number, operation: operation
    )
    say("begin")
    _ = try await store.commit(
        Commit(operation: operation, entries: [Entry(.intent), Entry(.returned)], raising: [state.watermark], opening: grant), under: lease
    )
    say("committed")
    try await store.release(lease)
}

/// The planted fault: commits between the marks without a sync.
func commitWithoutSync(in folder: String) throws {
    let queue = try DatabaseQueue(path: folder + "/planted.sqlite")
    try queue.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA journal_mode = WAL")
        try db.execute(sql: "PRAGMA synchronous = NORMAL")
        try db.execute(sql: "CREATE TABLE entry (body TEXT)")
        say("begin")
        try db.execute(sql: "INSERT INTO entry (body) VALUES ('intent')")
        say("committed")
    }
}

let words = CommandLine.arguments
guard words.count == 3 else {
    say("usage: store-probe (store|normal) FOLDER")
    exit(2)
}
do {
    if words[1] == "normal" { try commitWithoutSync(in: words[2]) } else { try await commitAsOperation(in: words[2]) }
} catch {
    say("failed: \(error)")
    exit(1)
}
