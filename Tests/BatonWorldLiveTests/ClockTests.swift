import BatonModel
import BatonWorld
import BatonWorldLive
import Glibc
import Testing

@Suite(.timeLimit(.minutes(2))) struct ClockTests {
    private let clock = LiveClock()

    @Test func `the clock is the boot-time clock`() {
        func boot() -> Int64 {
            var reading = timespec()
            unsafe clock_gettime(CLOCK_BOOTTIME, &reading)
            return Int64(reading.tv_sec) * 1_000_000_000 + Int64(reading.tv_nsec)
        }
        let before = boot()
        let now = clock.now.nanoseconds
        #expect((before...boot()).contains(now))
    }

    @Test func `the wall clock is the time since 1970`() {
        let before = time(nil)
        let now = clock.wall.seconds
        #expect((Int64(before)...Int64(time(nil))).contains(now))
    }

    @Test(arguments: [-1_000_000, 0, 1, 3_000_000, 1_200_000_000])
    func `a sleep never ends early`(nanoseconds: Int) async throws {
        let deadline = clock.now.advanced(by: .nanoseconds(nanoseconds))
        try await clock.sleep(until: deadline)
        #expect(clock.now >= deadline)
    }

    @Test func `a sleep ends when its task is cancelled`() async {
        let clock = clock
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do { try await clock.sleep(until: clock.now.advanced(by: .seconds(100_000))) } catch { return error is CancellationError }
                return false
            }
            group.cancelAll()
            #expect(await group.next() == true)
        }
    }

    @Test func `random bits differ`() {
        let randomness = LiveWorld.make().randomness
        #expect(randomness.next() != randomness.next())
    }
}
