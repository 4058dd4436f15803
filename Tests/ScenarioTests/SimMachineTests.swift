import BatonModel
import BatonSim
import BatonWorld
import Testing

private final class Echo: SimServer {
    private(set) var seen: [[UInt8]] = []
    func receive(_ body: [UInt8], port: Int, connection: UInt64, reply: @escaping ([UInt8]) -> Void) {
        seen.append(body)
        reply(body)
    }
}

private struct Stage {
    let world: SimWorld
    let machine: SimMachine
    let network: SimNetwork
    let life: ControllerLife
    let outside: World
    let server = Echo()
    let process: SimProcess

    init(seed: UInt64 = 1) {
        world = SimWorld(seed: seed)
        machine = SimMachine("m", in: world)
        network = SimNetwork(world)
        life = ControllerLife(on: machine)
        outside = life.outside(through: network)
        process = SimProcess(on: machine, arguments: ["server"], folder: "/srv", log: nil)
        machine.admit(process)
        machine.listen(99, process, server)
    }

    /// Runs a body that may throw; what it threw is the test's failure.
    func run(_ body: @escaping @Sendable (World) async throws -> Void) -> SimWorld.Ending {
        let (outside, world) = (outside, world)
        return world.run(limit: .seconds(4000)) {
            do { try await body(outside) } catch { if !world.isOver { Issue.record("\(error)") } }
        }
    }
}

private let address = Endpoint(host: "127.0.0.1", port: 99)
private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct SimMachineTests {
    @Test func filesAreReplacedMovedAndListed() {
        let ending = Stage().run { world in
            let files = world.files
            try await files.makeFolder("/a/b")
            try await files.replace("/a/b/x", with: bytes("one"), mode: 0o600, durable: true)
            let first = try #require(await files.inspect("/a/b/x"))
            try await files.replace("/a/b/x", with: bytes("two"), mode: 0o640, durable: false)
            let second = try #require(await files.inspect("/a/b/x"))
            #expect(first.inode != second.inode)
            #expect(second.mode == 0o640)
            #expect(try await files.read("/a/b/x", limit: 10) == bytes("two"))
            try await files.replaceLink("/a/now", to: "b")
            #expect(try await files.read("/a/now/x", limit: 10) == bytes("two"))
            #expect(try await files.link("/a/now") == "b")
            try await files.copy("/a/b/x", to: "/a/b/y")
            #expect(try await files.list("/a/b") == ["x", "y"])
            await #expect(throws: FileError.self) { try await files.move("/a/b/x", to: "/a/b/y") }
            try await files.move("/a/b/x", to: "/a/b/z")
            #expect(try await files.list("/a/b") == ["y", "z"])
            #expect(try await files.read("/a/b/x", limit: 10) == nil)
            #expect(try await files.list("/nowhere") == nil)
            await #expect(throws: FileError.self) { try await files.read("/a/b/z", limit: 1) }
        }
        #expect(ending == .finished)
    }

    @Test func aSyncedFileSurvivesPowerLossAndAnUnsyncedOneMayNot() {
        var kept: Set<String> = []
        for seed in 1...40 as ClosedRange<UInt64> {
            let stage = Stage(seed: seed)
            _ = stage.run { world in
                try await world.files.makeFolder("/d")
                try await world.files.sync("/d")
                try await world.files.replace("/d/safe", with: bytes("safe"), mode: 0o600, durable: true)
                try await world.files.replace("/d/risky", with: bytes("risky"), mode: 0o600, durable: false)
            }
            stage.machine.reboot()
            do {
                #expect(try stage.machine.tree.read("/d/safe") == bytes("safe"))
                kept.insert(try stage.machine.tree.read("/d/risky").map { String(decoding: $0, as: UTF8.self) } ?? "gone")
            } catch { Issue.record("\(error)") }
        }
        #expect(kept == ["gone", "", "risky"])
    }

    @Test func aLateAnswerIsReadAfterTheDeadlineOnTheSameWire() {
        let stage = Stage()
        stage.network.faults.answerLate = 1000
        let ending = stage.run { world in
            let wire = try await world.network.open(address, within: .seconds(1))
            try await wire.send(bytes("late"))
            await #expect(throws: WireError.timedOut) { try await wire.receive(within: .milliseconds(50)) }
            #expect(try await wire.receive(within: .seconds(300)) == bytes("late"))
        }
        #expect(ending == .finished)
    }

    @Test(arguments: [true, false])
    func aLostAnswerEndsTheWireWhetherTheRequestArrivedOrNot(arrives: Bool) {
        let stage = Stage()
        if arrives { stage.network.faults.answerLost = 1000 } else { stage.network.faults.requestLost = 1000 }
        _ = stage.run { world in
            let wire = try await world.network.open(address, within: .seconds(1))
            try await wire.send(bytes("x"))
            await #expect(throws: WireError.closed) { try await wire.receive(within: .seconds(5)) }
        }
        #expect(stage.server.seen.isEmpty == !arrives)
    }

    @Test func nobodyListensIsARefusal() {
        _ = Stage().run { world in
            let nobody = Endpoint(host: "127.0.0.1", port: 1)
            await #expect(throws: WireError.refused) { _ = try await world.network.open(nobody, within: .seconds(1)) }
        }
    }

    @Test func aStoppedProcessTakesRequestsUpWhenItIsContinuedAndTheyMayOvertakeEachOther() {
        var orders: Set<String> = []
        for seed in 1...30 as ClosedRange<UInt64> {
            let stage = Stage(seed: seed)
            let process = stage.process
            _ = stage.run { world in
                let first = try await world.network.open(address, within: .seconds(1))
                let second = try await world.network.open(address, within: .seconds(1))
                process.stop()
                try await first.send(bytes("1"))
                await #expect(throws: WireError.timedOut) { try await first.receive(within: .seconds(1)) }
                try await second.send(bytes("2"))
                await #expect(throws: WireError.timedOut) { try await second.receive(within: .seconds(1)) }
                process.goAhead()
                _ = try await second.receive(within: .seconds(1))
            }
            orders.insert(stage.server.seen.map { String(decoding: $0, as: UTF8.self) }.joined())
        }
        #expect(orders == ["12", "21"])
    }

    @Test func aDeadControllerDoesNothingMoreAndWhatItSentStillArrives() throws {
        let stage = Stage()
        stage.life.blows = [.init(.death, at: .named("send", 1), afterwards: true)]
        let ending = stage.run { world in
            let wire = try await world.network.open(address, within: .seconds(1))
            try await wire.send(bytes("ghost"))
            try await world.files.replace("/never", with: [], mode: 0o600, durable: true)
        }
        #expect(ending == .deadlock)
        #expect(stage.server.seen == [bytes("ghost")])
        #expect(try stage.machine.tree.inspect("/never") == nil)
        #expect(stage.machine.process(stage.life.pid) == nil)
    }

    @Test func aPausedControllerGoesOnLater() {
        let stage = Stage()
        stage.life.blows = [.init(.pause(.seconds(3600)), at: .act(1), afterwards: false)]
        let ending = stage.run { world in
            let before = world.clock.now
            try await world.files.makeFolder("/late")
            #expect(before.duration(to: world.clock.now) >= .seconds(3600))
        }
        #expect(ending == .finished)
    }

    @Test func aSignalReachesOnlyThatVeryProcess() {
        let stage = Stage()
        let process = stage.process
        _ = stage.run { world in
            let other = Incarnation(bootID: process.incarnation.bootID, pid: process.pid, startTime: 1)
            #expect(await world.processes.signal(other, .kill) == false)
            #expect(await world.processes.inspect(pid: process.pid) != nil)
            #expect(await world.processes.signal(process.incarnation, .kill))
            #expect(await world.processes.inspect(pid: process.pid) == nil)
            #expect(await world.processes.listener(port: 99) == nil)
        }
    }

    @Test func aLockIsHeldByOneProcessAndFreedByItsDeath() {
        let stage = Stage()
        let second = ControllerLife(on: stage.machine)
        let other = second.outside(through: stage.network)
        let first = stage.life
        _ = stage.run { world in
            try await world.files.makeFolder("/l")
            try await world.files.withLock("/l/lock", within: .seconds(1)) {
                await #expect(throws: FileError.self) { try await other.files.withLock("/l/lock", within: .seconds(1)) {} }
                first.die()
                await #expect(throws: Never.self) { try await other.files.withLock("/l/lock", within: .seconds(1)) {} }
            }
        }
    }
}
