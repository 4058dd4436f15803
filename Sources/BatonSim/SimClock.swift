package import BatonModel
import BatonWorld

/// The boot-time clock of one simulated process, with its wall clock.
///
/// It counts while the process is paused, as the real one does; a sleep of a paused process returns after the pause.
package struct SimClock: HouseClock {
    package typealias Instant = BatonModel.Instant
    package typealias Duration = Swift.Duration

    private let life: ControllerLife

    /// The clock that a controller sees.
    package init(_ life: ControllerLife) { self.life = life }

    /// Virtual time since boot.
    package var now: BatonModel.Instant { BatonModel.Instant(nanoseconds: life.world.now) }
    /// Virtual time as a date, with the steps that the machine's wall clock made.
    package var wall: WallTime { life.machine.wall }
    /// One nanosecond.
    package var minimumResolution: Swift.Duration { .nanoseconds(1) }

    /// Sleeps in virtual time.
    ///
    /// - Throws: `CancellationError` when the task was cancelled or the world ended.
    package func sleep(until deadline: BatonModel.Instant, tolerance: Swift.Duration?) async throws {
        try Task.checkCancellation()
        _ = await life.world.wait(until: deadline.nanoseconds, as: SimWaiter())
        try Task.checkCancellation()
        guard await life.goOn() else { throw CancellationError() }
    }
}

/// Random bits of one simulated process, drawn from the seed.
package final class SimRandomness: Randomness, @unchecked Sendable {
    private var generator: SplitMix64

    /// The bits of a seed.
    package init(seed: UInt64) { generator = SplitMix64(seed: seed, purpose: 2) }

    /// The next 64 bits.
    package func next() -> UInt64 { generator.next() }
}
