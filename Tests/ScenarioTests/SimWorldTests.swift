import BatonModel
import BatonSim
import BatonWorld
import Testing

/// Ordinary async code of all kinds, to see that nothing of it leaves the world.
private actor Counter {
    private(set) var total = 0
    func add(_ value: Int) async {
        await Task.yield()
        total += value
    }
}

private final class Box<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

private func busy(_ world: SimWorld, _ clock: SimClock) async -> Int {
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
        for number in 0..<50 {
            group.addTask {
                do { try await clock.sleep(until: clock.now.advanced(by: .milliseconds(number % 7)), tolerance: nil) } catch {}
                await counter.add(number)
            }
        }
    }
    async let left: Void = counter.add(1)
    async let right: Void = counter.add(2)
    _ = await (left, right)
    let (stream, feed) = AsyncStream.makeStream(of: Int.self)
    async let sum = stream.reduce(0, +)
    for number in 0..<20 { feed.yield(number) }
    feed.finish()
    await counter.add(await sum)
    return await counter.total
}

private struct Ran: Equatable {
    var ending: SimWorld.Ending
    var trace: UInt64
    var total: Int
}

private func run(_ seed: UInt64) -> Ran {
    let world = SimWorld(seed: seed)
    let machine = SimMachine("m", in: world)
    let life = ControllerLife(on: machine)
    let total = Box(0)
    let ending = world.run(limit: .seconds(60)) { total.value = await busy(world, SimClock(life)) }
    return Ran(ending: ending, trace: world.trace, total: total.value)
}

@Suite struct SimWorldTests {
    @Test(arguments: [1, 2, 3, 40, 500] as [UInt64])
    func theSameSeedGivesTheSameTraceAndTheSameResult(seed: UInt64) {
        let first = run(seed)
        #expect(first == run(seed))
        #expect(first.ending == .finished)
        #expect(first.total == 49 * 25 + 3 + 190)
    }

    @Test func anotherSeedGivesAnotherSchedule() {
        #expect(Set((1...20).map { run($0).trace }).count == 20)
    }

    @Test func worldsRunSideBySideOnTheirOwnThreads() async {
        let alone = (1...8).map { run(UInt64($0)) }
        let together = await withTaskGroup(of: (Int, Ran).self) { group in
            for seed in 1...8 { group.addTask { (seed, run(UInt64(seed))) } }
            return await group.reduce(into: [Int: Ran]()) { $0[$1.0] = $1.1 }
        }
        #expect((1...8).map { together[$0] } == alone)
    }

    @Test func aRootThatWaitsForNothingIsADeadlock() {
        let world = SimWorld(seed: 1)
        #expect(world.run(limit: .seconds(60)) { await world.park(SimWaiter()) } == .deadlock)
    }

    @Test func aRootThatNeverEndsRunsOutOfTime() {
        let world = SimWorld(seed: 1)
        let ending = world.run(limit: .seconds(60)) { while !world.isOver { await world.pass(.seconds(1)) } }
        #expect(ending == .overtime)
    }

    @Test func looseTasksStayInsideAndAreCounted() {
        let world = SimWorld(seed: 1)
        let ran = Box(0)
        let ending = world.run(limit: .seconds(60)) {
            await Task { ran.value += 1 }.value
            await Task.detached { ran.value += 1 }.value
        }
        #expect(ending == .finished)
        #expect(ran.value == 2)
        #expect(world.strays >= 2)
    }

    @Test func nothingLeavesTheWorldInOrdinaryCode() {
        let world = SimWorld(seed: 3)
        let life = ControllerLife(on: SimMachine("m", in: world))
        _ = world.run(limit: .seconds(60)) { _ = await busy(world, SimClock(life)) }
        #expect(world.strays == 0)
    }

    @Test func aNakedSleepIsCaughtByName() {
        let world = SimWorld(seed: 1)
        let escapes = Box<[String]>([])
        world.onEscape = { escapes.value.append($0) }
        _ = world.run(limit: .seconds(60)) {
            do { try await Task.sleep(for: .seconds(3600)) } catch {}
        }
        #expect(escapes.value == ["real sleep in the simulation: inject the clock"])
    }

    @Test func aCancelledSleepEndsAtOnce() {
        let world = SimWorld(seed: 1)
        let life = ControllerLife(on: SimMachine("m", in: world))
        let ending = world.run(limit: .seconds(10)) {
            await withTaskGroup(of: Void.self) { group in
                let late = Instant(nanoseconds: 3_600_000_000_000)
                group.addTask { do { try await SimClock(life).sleep(until: late, tolerance: nil) } catch {} }
                await world.pass(.seconds(1))
                group.cancelAll()
            }
        }
        #expect(ending == .finished)
    }
}
