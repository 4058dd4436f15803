package import BatonModel

/// One process of a simulated machine: it can be stopped, continued and killed, and it may listen on ports.
package class SimProcess: @unchecked Sendable {
    /// Where it runs.
    package let machine: SimMachine
    /// Its life.
    package let incarnation: Incarnation
    /// Its argument vector.
    package let arguments: [String]
    /// Its working folder.
    package let folder: String
    /// Where its output goes.
    package let log: String?
    /// Whether SIGSTOP holds it.
    package var isStopped = false
    /// Whether it lives.
    package fileprivate(set) var isAlive = true
    /// Requests that came while it was stopped, in the order of their arrival.
    fileprivate var held: [(connection: UInt64, act: () -> Void)] = []
    /// Called when it dies: connections that end with it.
    fileprivate var farewells: [() -> Void] = []

    /// The process id.
    package var pid: Int32 { incarnation.pid }

    /// Makes a process with the machine's next pid; `admit` makes it visible.
    package init(on machine: SimMachine, arguments: [String], folder: String, log: String?) {
        self.machine = machine
        (self.arguments, self.folder, self.log) = (arguments, folder, log)
        incarnation = machine.nextIncarnation()
    }

    /// Called after SIGCONT.
    package func continued() {}
    /// Called after its end.
    package func died() {}

    /// Does something in this process now, or once it is continued; never when it is dead.
    ///
    /// What was held is taken up in a drawn order, except that one connection keeps its own (conflux-pos.md §1.3).
    package func submit(connection: UInt64, _ act: @escaping () -> Void) {
        guard isAlive else { return }
        if isStopped { held.append((connection, act)) } else { act() }
    }

    /// Stops it (SIGSTOP).
    package func stop() { isStopped = true }

    /// Continues it (SIGCONT).
    package func goAhead() {
        guard isAlive, isStopped else { return }
        isStopped = false
        var rest = held
        held = []
        continued()
        while !rest.isEmpty {
            var index = machine.chance.below(rest.count)
            index = rest.firstIndex { $0.connection == rest[index].connection } ?? index
            rest.remove(at: index).act()
        }
    }

    /// Ends it (SIGKILL).
    package func die() {
        guard isAlive else { return }
        isAlive = false
        machine.dismiss(self)
        held = []
        let words = farewells
        farewells = []
        for word in words { word() }
        died()
        machine.world.mix("died \(pid)")
    }

    /// Calls `act` when it dies.
    package func onEnd(_ act: @escaping () -> Void) { farewells.append(act) }
}

/// A service behind a port: bytes of a request in, bytes of its answer out, once.
package protocol SimServer: AnyObject {
    /// Takes one request body; `reply` is called when the answer leaves, or never.
    ///
    /// - Parameter connection: requests of one connection come in order.
    func receive(_ body: [UInt8], port: Int, connection: UInt64, reply: @escaping ([UInt8]) -> Void)
}
