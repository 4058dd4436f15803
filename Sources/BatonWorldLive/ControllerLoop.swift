import NIOCore
import NIOPosix

/// The one thread on which a controller works: its tasks and its connections, so that a call to a node costs no hand-over
/// between threads.
///
/// Within the cut these hand-overs were most of the time during which nobody votes (docs/decisions/0012).
public final class ControllerLoop: TaskExecutor {
    /// The loop of this process; its thread starts with the first use.
    public static let shared = ControllerLoop()

    let loop: any EventLoop

    private init() { loop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next() }

    /// Takes a job in; called by the runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Runs the body, and what it calls, on the loop's thread.
    public static func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        await withTaskExecutorPreference(shared) { await body() }
    }
}
