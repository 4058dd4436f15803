import BatonModel
import BatonWorld
import BatonWorldLive
import Glibc
import Synchronization
import Testing

/// A folder of one test's own; gone with its contents when the test is over.
final class Scratch: Sendable {
    private static let counter = Atomic<Int>(0)
    /// The folder's absolute path, without links.
    let path: String

    init() throws {
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        let number = Scratch.counter.add(1, ordering: .relaxed).newValue
        let made = "\(parent)/baton-test-\(getpid())-\(number)"
        guard unsafe mkdir(made, 0o755) == 0, let real = unsafe realpath(made, nil) else { throw NoFolder(path: made) }
        defer { unsafe free(real) }
        path = unsafe String(cString: real)
    }

    deinit { Scratch.remove(path) }

    /// The path of a name in the folder.
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    private static func remove(_ path: String) {
        if let stream = unsafe opendir(path) {
            var names: [String] = []
            while let entry = unsafe readdir(stream) {
                names.append(
                    unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                    })
            }
            unsafe closedir(stream)
            for name in names where name != "." && name != ".." {
                var facts = stat()
                let inner = "\(path)/\(name)"
                if unsafe lstat(inner, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR { remove(inner) } else { unsafe unlink(inner) }
            }
        }
        unsafe rmdir(path)
    }
}

/// The scratch folder can't be made.
struct NoFolder: Error {
    let path: String
}

/// lstat(2) of what is there.
func status(_ path: String) throws -> stat {
    var facts = stat()
    guard unsafe lstat(path, &facts) == 0 else { throw NoFolder(path: path) }
    return facts
}

/// Gives a path to a user and the group of the same number.
func give(_ path: String, to user: UInt32) throws {
    guard unsafe chown(path, user, user) == 0 else { throw NoFolder(path: path) }
}

/// Waits until the condition holds, looking again and again; the deadline is only reached by a defect.
func eventually(
    _ what: String,
    within: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let clock = LiveClock()
    let deadline = clock.now.advanced(by: within)
    while try await !condition() {
        try #require(clock.now < deadline, "\(what) never came true", sourceLocation: sourceLocation)
        try await clock.sleep(until: clock.now.advanced(by: .milliseconds(2)))
    }
}

/// The kind of the file error that the body throws.
func kind<Value>(_ body: () async throws(FileError) -> Value) async -> FileError.Kind? {
    do throws(FileError) {
        _ = try await body()
        return nil
    } catch {
        return error.kind
    }
}

/// The wire error that the body throws.
func reason<Value>(_ body: () async throws(WireError) -> Value) async -> WireError? {
    do throws(WireError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// Bytes as text.
func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

/// A number that several tasks change.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    /// Adds and returns the sum.
    func add(_ number: Int) -> Int { value.add(number, ordering: .sequentiallyConsistent).newValue }
}
