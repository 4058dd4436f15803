public import BatonModel
public import BatonWorld
import Glibc

/// The boot-time clock of this machine.
///
/// - Source: clock_gettime(2), `CLOCK_BOOTTIME` (counts suspended time, never steps) and `CLOCK_REALTIME`.
public struct LiveClock: HouseClock {
    /// Makes the clock; it keeps no state.
    public init() {}

    /// Nanoseconds since boot.
    public var now: BatonModel.Instant { BatonModel.Instant(nanoseconds: LiveClock.read(CLOCK_BOOTTIME)) }

    /// The wall clock; it may step.
    public var wall: WallTime { WallTime(nanoseconds: LiveClock.read(CLOCK_REALTIME)) }

    /// One nanosecond, the unit of the readings; a sleep is coarser.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// Sleeps until the boot-time clock has reached the deadline.
    ///
    /// The timers below stand still while the machine is suspended, so the wait is cut into slices of at most a
    /// second and the clock is read again after each: after a suspend it ends at most one slice late.
    /// - Throws: `CancellationError` when the task is cancelled.
    public func sleep(until deadline: BatonModel.Instant, tolerance: Duration? = nil) async throws {
        while true {
            try Task.checkCancellation()
            let rest = now.duration(to: deadline)
            guard rest > .zero else { return }
            try await Task.sleep(for: min(rest, .seconds(1)), tolerance: tolerance ?? .zero)
        }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var reading = timespec()
        guard unsafe clock_gettime(clock, &reading) == 0 else { fatalError("clock_gettime(\(clock)): \(errno)") }
        return Int64(reading.tv_sec) * 1_000_000_000 + Int64(reading.tv_nsec)
    }
}
