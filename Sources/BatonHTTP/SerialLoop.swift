import BatonModel
import NIOCore
import NIOPosix
import Synchronization

/// One thread that serves sockets and runs an actor's work on the same thread, so that a request costs no hand-over.
///
/// An actor that names ``executor`` as its own is called from a connection's handler by `assumeIsolated`, at once.
package final class SerialLoop: Sendable {
    private let group: MultiThreadedEventLoopGroup
    let loop: any EventLoop
    private let connections = Atomic<UInt64>(0)

    /// Starts the thread.
    package init() {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = group.next()
    }

    /// The executor of actors that live on this thread. The loop must outlive them.
    package var executor: UnownedSerialExecutor { unsafe loop.executor.asUnownedSerialExecutor() }

    /// The number of the next connection, unique among all servers of this loop.
    func nextConnection() -> UInt64 { connections.add(1, ordering: .relaxed).newValue }

    /// Runs the body on the thread, after what waits there already.
    package func run(_ body: @escaping @Sendable () -> Void) { loop.execute(body) }

    /// Runs the body on the thread once the duration has passed; at once (but not before this returns) for a past one.
    package func run(after wait: Duration, _ body: @escaping @Sendable () -> Void) -> LoopTimer {
        LoopTimer(scheduled: loop.scheduleTask(in: .nanoseconds(max(0, wait.nanoseconds)), body))
    }

    /// Ends the thread. Nothing of it may be used afterwards.
    package func stop() async {
        // The threads end in either case; a failure here would have no one to hear it.
        try? await group.shutdownGracefully()
    }
}

/// Work that is to run later.
package struct LoopTimer: Sendable {
    let scheduled: Scheduled<Void>
    /// Takes it back, unless it ran already.
    package func cancel() { scheduled.cancel() }
}
