import NIOPosix

/// Calls that may block: brief ones where they are made, long ones beside the threads that run tasks.
enum BlockingWork {
    /// The largest file that is read where it is asked for.
    ///
    /// - Unit: bytes (4 MiB; a vote state has 2 KB, a breadcrumb less).
    static let briefReadMax = 4 << 20

    /// Runs a call that takes microseconds on a disk that works (a look at a small file, a rename, a row of `/proc`) at once.
    ///
    /// A disk that hangs holds up the controller, which then does nothing at all: nobody starts to vote meanwhile.
    static func brief<Value: Sendable, Failure: Error>(
        _ body: @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value { try body() }

    /// Runs a call that waits for a disk or searches on a thread of the blocking pool, and waits for its end, also when
    /// the task is cancelled: what was begun on a disk has an outcome, and the caller must see it.
    static func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            NIOThreadPool.singleton.submit { _ in
                continuation.resume(returning: Result(catching: body))
            }
        }
        return try result.get()
    }
}
