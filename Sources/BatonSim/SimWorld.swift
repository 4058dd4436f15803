import BatonModel
import CSimHook
import Glibc
@_spi(ExperimentalScheduling) import _Concurrency  // Only for the trap of naked sleeps at the end of this file.

/// One deterministic world: a ready queue whose order is drawn from the seed, a timer heap and virtual time, on one thread.
///
/// Ordinary async code runs in it unchanged: the root task prefers this executor and everything below inherits it.
/// What nothing inherits (`Task { }`, `Task.detached`) is caught by a hook of the runtime and counted in ``strays``.
/// The simulated outside (chain, nodes, wires) is no task but calls on the heap (``after(_:_:)``), which is faster.
package final class SimWorld: TaskExecutor, @unchecked Sendable {
    /// How a run ended.
    package enum Ending: String, Hashable, Sendable {
        /// The root task returned.
        case finished
        /// Nothing was ready, no timer was left and the root task had not returned.
        case deadlock
        /// Virtual time or the number of events passed its limit.
        case overtime
    }

    @safe private enum Pending {
        case sleeper(UnsafeContinuation<Bool, Never>)
        case call(() -> Void)
    }

    private struct Timer {
        let at: Int64
        let id: UInt64
        let slot: Int
        static func < (left: Timer, right: Timer) -> Bool { left.at == right.at ? left.id < right.id : left.at < right.at }
    }

    /// What waits, in slots that are used again; a number tells the users of a slot apart.
    private struct PendingTable {
        private var slots: [(id: UInt64, due: Pending?)] = []
        private var free: [Int] = []
        private(set) var count = 0

        mutating func insert(_ id: UInt64, _ due: Pending) -> Int {
            count += 1
            guard let slot = free.popLast() else {
                slots.append((id, due))
                return slots.count - 1
            }
            slots[slot] = (id, due)
            return slot
        }

        mutating func remove(_ slot: Int, _ id: UInt64) -> Pending? {
            guard slots[slot].id == id, let due = slots[slot].due else { return nil }
            slots[slot].due = nil
            free.append(slot)
            count -= 1
            return due
        }

        /// Everything, oldest first; the table is empty after.
        mutating func drain() -> [Pending] {
            let all = slots.filter { $0.due != nil }.sorted { $0.id < $1.id }.compactMap(\.due)
            self = PendingTable()
            return all
        }
    }

    private var ready: [UnownedJob] = []
    private var heap: [Timer] = []
    private var pending = PendingTable()
    private var lastID: UInt64 = 0
    /// Scheduling points in a row at which nobody else could run.
    private var passes = 0
    private static let passesMax = 256
    /// How often everything that waited was let go at the end.
    private var generation = 0
    private var schedule: SplitMix64
    private let owner = pthread_self()

    /// Virtual time since the world began.
    ///
    /// - Unit: nanoseconds; never goes down.
    package private(set) var now: Int64 = 0
    /// A hash over everything that was scheduled and over what was mixed in; equal runs have equal ones.
    package private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Jobs and timers that ran.
    package private(set) var events = 0
    /// Tasks that no executor preference reached.
    package private(set) var strays = 0
    /// Whether the run has ended: every wait returns at once so that what is left can unwind.
    package private(set) var isOver = false
    /// Told of an escape from virtual time; without it the process stops.
    package var onEscape: ((String) -> Void)?
    /// The seed that everything is drawn from.
    package let seed: UInt64

    /// Makes the world of a seed; it must be run on the thread that made it.
    package init(seed: UInt64) {
        self.seed = seed
        schedule = SplitMix64(seed: seed, purpose: 1)
    }

    /// Takes a job in; called by the runtime.
    package func enqueue(_ job: consuming ExecutorJob) {
        precondition(pthread_equal(owner, pthread_self()) != 0, "resumed from another thread: real I/O inside the simulation")
        ready.append(UnownedJob(job))
    }

    /// Adds a value to the trace.
    package func mix(_ value: UInt64) { trace = (trace ^ value) &* 0x100_0000_01B3 }

    /// Adds bytes to the trace.
    package func mix(_ bytes: some Sequence<UInt8>) {
        var hash = trace
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        trace = hash
    }

    /// Adds a text to the trace.
    package func mix(_ text: String) { mix(text.utf8) }

    /// Calls `body` at that virtual time, or now when it is past.
    package func at(_ moment: Int64, _ body: @escaping () -> Void) { push(max(moment, now), .call(body)) }

    /// Calls `body` after a length of virtual time; even of 0 ns it is not before what is already due.
    package func after(_ delay: Duration, _ body: @escaping () -> Void) { at(now + delay.nanoseconds, body) }

    /// Runs `body` as the root task until it returns, nothing can happen any more, or a limit is passed.
    ///
    /// - Parameter limit: virtual time.
    /// - Parameter eventMax: jobs and timers; ends a livelock.
    package func run(limit: Duration, eventMax: Int = 3_000_000, _ body: @escaping @Sendable () async -> Void) -> Ending {
        _ = Self.install
        unsafe sim_hook_set_world(Unmanaged.passUnretained(self).toOpaque())
        defer { sim_hook_set_world(nil) }
        let flag = Flag()
        let root = Task(executorPreference: self) {
            await body()
            flag.isSet = true
        }
        var ending = Ending.finished
        while !flag.isSet {
            if !ready.isEmpty {
                step()
            } else if !fire() {
                ending = .deadlock
                break
            }
            if now > limit.nanoseconds || events > eventMax {
                ending = .overtime
                break
            }
        }
        root.cancel()
        dispose()
        return ending
    }

    // Set and read on the world's one thread.
    private final class Flag: @unchecked Sendable { var isSet = false }

    private func step() {
        let index = schedule.below(ready.count)
        mix(UInt64(index) << 32 | UInt64(ready.count))
        ready.swapAt(index, ready.count - 1)
        events += 1
        unsafe ready.removeLast().runSynchronously(on: asUnownedTaskExecutor())
    }

    private func fire() -> Bool {
        while let timer = pop() {
            guard let due = pending.remove(timer.slot, timer.id) else { continue }
            now = max(now, timer.at)
            events += 1
            mix(UInt64(bitPattern: now))
            switch due {
            case .sleeper(let continuation): unsafe continuation.resume(returning: true)
            case .call(let body): body()
            }
            return true
        }
        return false
    }

    /// Lets what still waits return, so that tasks end and memory comes back; bounded, since some code may never end.
    private func dispose() {
        isOver = true
        heap.removeAll()
        for _ in 0..<200 {
            generation += 1
            for due in pending.drain() { if case .sleeper(let continuation) = due { unsafe continuation.resume(returning: false) } }
            var budget = 200
            while !ready.isEmpty, budget > 0 {
                step()
                budget -= 1
            }
            if ready.isEmpty, pending.count == 0 { break }
        }
        _ = pending.drain()
        heap.removeAll()
    }

    private static let install: Void = unsafe sim_hook_install { world, job in
        guard let world = unsafe world, let job = unsafe job else { return }
        let simulation = unsafe Unmanaged<SimWorld>.fromOpaque(world).takeUnretainedValue()
        simulation.strays += 1
        unsafe simulation.ready.append(unsafeBitCast(job, to: UnownedJob.self))
    }
}

extension SimWorld {
    private func keep(_ due: Pending) -> Int {
        lastID += 1
        return pending.insert(lastID, due)
    }

    @discardableResult private func push(_ moment: Int64, _ due: Pending) -> Int {
        let slot = keep(due)
        heap.append(Timer(at: moment, id: lastID, slot: slot))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
        return slot
    }

    private func pop() -> Timer? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let top = heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] { least = child }
            if least == parent { return top }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    /// Waits until a moment of virtual time.
    ///
    /// - Returns: whether the moment came; false when the task was cancelled, the waiter was woken or the world ended.
    package func wait(until moment: Int64, as waiter: SimWaiter) async -> Bool {
        if isOver || Task.isCancelled { return false }
        return await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
                if Task.isCancelled || waiter.isWoken {
                    unsafe continuation.resume(returning: false)
                    return
                }
                waiter.slot = unsafe push(max(moment, now), .sleeper(continuation))
                waiter.id = lastID
                waiter.generation = generation
            }
        } onCancel: {
            self.wake(waiter)
        }
    }

    /// Waits until somebody wakes the waiter or the world ends, cancelled or not.
    package func park(_ waiter: SimWaiter) async {
        if isOver || waiter.isWoken { return }
        _ = await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            waiter.slot = unsafe keep(.sleeper(continuation))
            waiter.id = lastID
            waiter.generation = generation
        }
    }

    /// Ends a wait early.
    package func wake(_ waiter: SimWaiter) {
        waiter.isWoken = true
        guard let id = waiter.id, waiter.generation == generation else { return }
        guard case .sleeper(let continuation) = pending.remove(waiter.slot, id) else { return }
        unsafe continuation.resume(returning: false)
    }

    /// A scheduling point after a length of virtual time, cancelled or not.
    ///
    /// Where nobody else could run meanwhile the time just passes; now and then the limits get their turn all the same.
    package func pass(_ delay: Duration) async {
        if isOver { return }
        let moment = now + delay.nanoseconds
        if ready.isEmpty, moment < heap.first?.at ?? .max, passes < Self.passesMax {
            passes += 1
            now = max(now, moment)
            mix(UInt64(bitPattern: now))
            return
        }
        passes = 0
        _ = await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            unsafe push(now + delay.nanoseconds, .sleeper(continuation))
        }
    }
}

/// A handle to end one wait early.
package final class SimWaiter: @unchecked Sendable {
    fileprivate var id: UInt64?
    fileprivate var slot = 0
    fileprivate var generation = 0
    /// Whether somebody woke it, perhaps before it waited.
    package fileprivate(set) var isWoken = false
    /// A handle for one wait.
    package init() {}
}

// `Task.sleep(for:)` without a clock would wait in real time on another thread. The runtime first asks the current
// executor whether it is a SchedulingExecutor: it is, and it stops the culprit by name.
@_spi(ExperimentalScheduling) extension SimWorld: SchedulingExecutor {
    /// Stops a sleep for a length of real time.
    public func enqueue<C: Clock>(_ job: consuming ExecutorJob, after: C.Duration, tolerance: C.Duration?, clock: C) {
        escaped(UnownedJob(job))
    }
    /// Stops a sleep until a real moment.
    public func enqueue<C: Clock>(_ job: consuming ExecutorJob, at: C.Instant, tolerance: C.Duration?, clock: C) {
        escaped(UnownedJob(job))
    }
    private func escaped(_ job: UnownedJob) {
        let words = "real sleep in the simulation: inject the clock"
        guard let onEscape else { fatalError(words) }
        onEscape(words)
        ready.append(job)
    }
}
