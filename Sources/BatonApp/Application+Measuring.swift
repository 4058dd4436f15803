package import BatonModel
import BatonKernel
import BatonStore
import BatonStoreSQLite
import BatonWorld
import BatonWorldLive

extension Application {
    /// The boot-time clock, for measuring.
    ///
    /// - Unit: milliseconds.
    package static func milliseconds() -> Double { Double(LiveClock().now.nanoseconds) / 1e6 }

    /// How long one durable commit of a small entry takes, measured on a store of its own.
    ///
    /// - Unit: milliseconds.
    package static func commitTimes(folder: String, count: Int) async throws(BatonError) -> [Double] {
        let world = LiveWorld.make()
        let store = try SQLiteStore(folder: folder, wall: { world.clock.wall })
        let lease = try await store.lease("bench", holder: await world.processes.own(), seize: false)
        let operation = try await store.begin(Entry(.begun), under: lease)
        var times: [Double] = []
        for _ in 0..<count {
            let began = world.clock.now
            _ = try await store.commit(Commit(operation: operation, entries: [Entry(.proved, step: "bench")]), under: lease)
            times.append(Double(began.duration(to: world.clock.now).nanoseconds) / 1e6)
        }
        try await store.release(lease)
        return times
    }
}
