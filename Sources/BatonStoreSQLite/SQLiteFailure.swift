import BatonModel
import BatonStore
import GRDB

/// SQLite's failures in Baton's words.
enum SQLiteFailure {
    /// What to do about a store that can't be read: nothing is ever deleted.
    static let keepAndRecover =
        "Keep the file and its -wal and -shm; name a new folder as `state:` in baton.yaml,"
        + " then run `baton recover VALIDATOR` for each validator."

    /// A failure while the database was opened and checked.
    static func opening(_ file: String, _ error: any Error) -> BatonError {
        if isFull(error) { return .storeBroken("The disk of \(file) is full.", remedy: "Free space there, then run the same again.") }
        switch code(of: error) {
        case .SQLITE_NOTADB:
            return .storeUnreadable("\(file) is no database.", remedy: keepAndRecover)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return busy(file)
        default:
            return .storeUnreadable("\(file) can't be opened: \(words(for: error)).", remedy: keepAndRecover)
        }
    }

    /// A failure while something was read.
    static func reading(_ doing: String, _ file: String, _ error: any Error) -> BatonError {
        switch code(of: error) {
        case .SQLITE_BUSY, .SQLITE_LOCKED: busy(file)
        case .SQLITE_FULL: full(doing, file)
        default: .storeUnreadable("Can't \(doing) in \(file): \(words(for: error)).", remedy: keepAndRecover)
        }
    }

    /// A failure while something was written; the caller must take it as not durable.
    static func writing(_ doing: String, _ file: String, _ error: any Error) -> BatonError {
        switch code(of: error) {
        case .SQLITE_BUSY, .SQLITE_LOCKED: busy(file)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: reading(doing, file, error)
        case .SQLITE_FULL: full(doing, file)
        case .SQLITE_CONSTRAINT:
            .storeBroken(
                "Can't \(doing): the schema of \(file) refused it (\(words(for: error))).",
                remedy: "Start nothing by hand; this is a defect of Baton: run `baton log --export FILE` and report it."
            )
        default:
            .storeBroken(
                "Can't \(doing) in \(file): \(words(for: error)).",
                remedy: "Mend the disk or its mount, then run `baton resume`."
            )
        }
    }

    private static func busy(_ file: String) -> BatonError {
        .storeBroken(
            "Another process keeps \(file) locked.",
            remedy: "Find it with `fuser \(file)`, let it end or continue it, then run the verb again."
        )
    }

    private static func full(_ doing: String, _ file: String) -> BatonError {
        .storeBroken("Can't \(doing): the disk of \(file) is full.", remedy: "Free space there, then run `baton resume`.")
    }

    /// Full, or no room for the index of the write-ahead log.
    ///
    /// - Source: <https://www.sqlite.org/rescode.html>, SQLITE_IOERR_SHMSIZE (4874).
    private static func isFull(_ error: any Error) -> Bool {
        code(of: error) == .SQLITE_FULL || (error as? DatabaseError)?.extendedResultCode == .SQLITE_IOERR_SHMSIZE
    }

    private static func code(of error: any Error) -> ResultCode? { (error as? DatabaseError)?.resultCode }

    /// The reason without statement and arguments: values never reach a log.
    private static func words(for error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "an unexpected failure" }
        return "\(error.message ?? "no reason given") (SQLite \(error.extendedResultCode.rawValue))"
    }
}
