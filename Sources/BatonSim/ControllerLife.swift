import BatonModel
package import BatonWorld

/// One life of a controller's process: every effect passes through it, so that it can die or be paused at any of them.
///
/// After its death no effect returns any more and none takes place; what was sent before still arrives.
package final class ControllerLife: SimProcess, @unchecked Sendable {
    /// The world that it lives in.
    package let world: SimWorld
    /// What is to happen to it, and when.
    package var blows: [Blow] = []
    /// Called at the beginning (`false`) and end (`true`) of every effect, with its name.
    package var onEffect: ((String, Bool) -> Void)?
    /// Effects that began, by kind.
    package private(set) var effects = 0
    /// Effects that began and change something outside.
    package private(set) var acts = 0
    /// Names of the acting effects in order, for reports.
    package private(set) var story: [String] = []
    /// Whether nobody on its machine can see it, as a holder of the lease on another machine.
    package var isHidden = false { didSet { if isHidden { machine.hide(self) } } }
    private var pausedUntil: Int64 = 0
    private var latency: SplitMix64
    private var wires: [SimWire] = []

    /// When a blow falls.
    package enum Trigger: Hashable, Sendable {
        /// At the n-th effect, counted from 1.
        case effect(Int)
        /// At the n-th effect that changes something outside, counted from 1.
        case act(Int)
        /// At the n-th effect whose name begins so, counted from 1.
        case named(String, Int)
    }

    /// What happens to a controller at an effect.
    package struct Blow: Hashable, Sendable {
        /// What is done to it.
        package enum Harm: Hashable, Sendable {
            /// The process ends.
            case death
            /// The process is stopped for so long.
            case pause(Duration)
            /// The process is stopped until somebody continues it.
            case stop
        }
        package let trigger: Trigger
        package let harm: Harm
        /// Whether the effect takes place before (its answer is lost or late) or not.
        package let afterwards: Bool
        package init(_ harm: Harm, at trigger: Trigger, afterwards: Bool) {
            (self.harm, self.trigger, self.afterwards) = (harm, trigger, afterwards)
        }
    }

    /// Starts a controller's process on a machine.
    package init(on machine: SimMachine, arguments: [String] = ["baton"]) {
        world = machine.world
        latency = SplitMix64(seed: machine.world.seed, purpose: 3 &+ UInt64(machine.nextPID))
        super.init(on: machine, arguments: arguments, folder: "/", log: nil)
        machine.admit(self)
    }

    /// Everything outside, as this process sees it.
    package func outside(through network: SimNetwork) -> World {
        World(
            clock: SimClock(self),
            network: SimDialler(self, through: network),
            files: SimFiles(self),
            processes: SimProcesses(self),
            randomness: SimRandomness(seed: world.seed ^ UInt64(bitPattern: Int64(pid)))
        )
    }

    /// Begins an effect.
    ///
    /// - Parameter name: what it is, for triggers and reports.
    /// - Parameter acting: whether it changes something outside.
    /// - Parameter isPoint: whether this is a scheduling point; false where the effect waits by itself.
    /// - Returns: false when the world ended meanwhile; the effect must then fail without taking place.
    package func begin(_ name: String, acting: Bool, isPoint: Bool = true) async -> Bool {
        if isPoint { await world.pass(.nanoseconds(latency.below(2_000))) }
        guard await goOn() else { return false }
        effects += 1
        if acting {
            acts += 1
            story.append(name)
        }
        world.mix(name)
        onEffect?(name, false)
        for index in blows.indices.reversed() where hits(blows[index].trigger, name, acting: acting) {
            let blow = blows.remove(at: index)
            if blow.afterwards { pendingHarm = blow.harm } else { suffer(blow.harm) }
        }
        return await goOn()
    }

    /// Ends an effect.
    ///
    /// - Returns: false when the world ended meanwhile.
    package func end(_ name: String) async -> Bool {
        onEffect?(name, true)
        if let harm = pendingHarm {
            pendingHarm = nil
            suffer(harm)
        }
        return await goOn()
    }

    private var pendingHarm: Blow.Harm?
    private var seen: [String: Int] = [:]

    private func hits(_ trigger: Trigger, _ name: String, acting: Bool) -> Bool {
        switch trigger {
        case .effect(let number): return effects >= number
        case .act(let number): return acting && acts >= number
        case .named(let prefix, let number):
            guard name.hasPrefix(prefix) else { return false }
            seen[prefix, default: 0] += 1
            return seen[prefix, default: 0] >= number
        }
    }

    private func suffer(_ harm: Blow.Harm) {
        switch harm {
        case .death: die()
        case .pause(let length): pausedUntil = max(pausedUntil, world.now + length.nanoseconds)
        case .stop: isStopped = true
        }
    }

    /// Waits while the process is paused, and for ever when it is dead.
    ///
    /// - Returns: false when the world ended.
    package func goOn() async -> Bool {
        while !world.isOver {
            if !isAlive || isStopped {
                let waiter = SimWaiter()
                waiting.append(waiter)
                await world.park(waiter)
            } else if world.now < pausedUntil {
                await world.pass(.nanoseconds(pausedUntil - world.now))
            } else {
                return true
            }
        }
        return false
    }

    private var waiting: [SimWaiter] = []

    /// Goes on after a stop.
    override package func continued() {
        let woken = waiting
        waiting = []
        for waiter in woken { world.wake(waiter) }
    }

    /// Closes its connections, as the system does.
    override package func died() {
        for wire in wires { wire.abandon() }
        wires = []
    }

    /// Notes a connection to close when the process dies.
    package func keep(_ wire: SimWire) { wires.append(wire) }
}
