import BatonModel
import BatonWorld
import BatonWorldLive
import Glibc
import Testing

@Suite(.timeLimit(.minutes(2))) struct ClockTests {
    private let clock = LiveClock()

    private func read(_ clock: clockid_t) -> Int64 {
        var reading = timespec()
        unsafe clock_gettime(clock, &reading)
        return Int64(reading.tv_sec) * 1_000_000_000 + Int64(reading.tv_nsec)
    }

    @Test func `the clock is the boot-time clock`() {
        let before = read(CLOCK_BOOTTIME)
        let now = clock.now.nanoseconds
        #expect((before...read(CLOCK_BOOTTIME)).contains(now))
    }

    @Test func `the wall clock is the time since 1970`() {
        let before = read(CLOCK_REALTIME)
        let now = clock.wall.nanoseconds
        #expect((before...read(CLOCK_REALTIME)).contains(now))
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
