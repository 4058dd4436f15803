package import BatonModel
package import BatonWorld

/// One simulated machine: a boot, files, processes and ports.
package final class SimMachine: @unchecked Sendable {
    /// The world that it is in.
    package let world: SimWorld
    /// Its name.
    package let name: String
    /// Its files.
    package let tree: SimTree
    /// The id of this boot.
    package private(set) var bootID: String
    /// Steps of the wall clock against the boot-time clock.
    ///
    /// - Unit: nanoseconds.
    package var wallStep: Int64 = 0
    /// Draws of this machine.
    package var chance: SplitMix64
    /// How a command becomes a process that is not visible yet; it throws when the program can't be run.
    package var make: ((Command) throws(FileError) -> SimProcess)?
    /// Called with a process that has just become visible.
    package var launch: ((SimProcess) -> Void)?
    /// Called after a reboot, when everything had died.
    package var onReboot: (() -> Void)?
    /// The next pid that will be given.
    package private(set) var nextPID: Int32 = 1000
    private var boots = 1
    private var locks: [String: SimProcess] = [:]
    private var living: [Int32: SimProcess] = [:]
    private var ports: [Int: (process: SimProcess, server: any SimServer)] = [:]

    /// 2026-01-01 00:00:00Z, so that file times look like times.
    package static let epochStart: Int64 = 1_767_225_600_000_000_000

    /// Boots a machine.
    package init(_ name: String, in world: SimWorld) {
        (self.world, self.name) = (world, name)
        chance = SplitMix64(seed: world.seed, purpose: 10 &+ UInt64(name.utf8.reduce(0) { $0 &* 31 &+ Int($1) }))
        bootID = "\(name)-boot-1"
        tree = SimTree()
        tree.clock = { [unowned self] in self.wall }
    }

    /// The wall clock.
    package var wall: WallTime { WallTime(nanoseconds: Self.epochStart + world.now + wallStep) }

    /// The life that the next process gets.
    package func nextIncarnation() -> Incarnation {
        nextPID += 1
        return Incarnation(bootID: bootID, pid: nextPID, startTime: UInt64(world.now / 10_000_000) + 100)
    }

    /// Makes a process visible.
    package func admit(_ process: SimProcess) { living[process.pid] = process }

    /// Takes a living process out of sight; it goes on.
    func hide(_ process: SimProcess) { living[process.pid] = nil }

    /// Takes a dead process and its ports away.
    package func dismiss(_ process: SimProcess) {
        living[process.pid] = nil
        ports = ports.filter { $0.value.process !== process }
    }

    /// The living process with this pid.
    package func process(_ pid: Int32) -> SimProcess? { living[pid] }

    /// Every living process, by pid.
    package var processes: [SimProcess] { living.keys.sorted().compactMap { living[$0] } }

    /// Lets a process listen on a port.
    package func listen(_ port: Int, _ process: SimProcess, _ server: any SimServer) { ports[port] = (process, server) }

    /// Who listens on a port.
    package func listener(_ port: Int) -> (process: SimProcess, server: any SimServer)? { ports[port] }

    /// Takes a lock file's lock for a process, if no other living one has it.
    func lock(_ path: String, for process: SimProcess) -> Bool {
        if let holder = locks[path], holder !== process, holder.isAlive { return false }
        locks[path] = process
        return true
    }

    /// Gives a lock back.
    func unlock(_ path: String, of process: SimProcess) { if locks[path] === process { locks[path] = nil } }

    /// Power off and on: every process dies, what was not synced may be lost, the boot id is another one.
    package func reboot() {
        for process in processes { process.die() }
        tree.losePower(&chance)
        boots += 1
        bootID = "\(name)-boot-\(boots)"
        world.mix("reboot \(bootID)")
        onReboot?()
    }
}
