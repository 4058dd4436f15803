import NIOPosix

/// Runs calls that may block (files, `/proc`) beside the threads that run tasks, so that a slow disk holds up no one.
enum BlockingWork {
    /// Runs the body on a thread of the blocking pool and waits for its end, also when the task is cancelled: what was
    /// begun on a disk has an outcome, and the caller must see it.
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
