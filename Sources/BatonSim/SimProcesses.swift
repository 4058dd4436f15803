package import BatonModel
package import BatonWorld

/// The processes of a machine as one controller sees them: every call is an effect of that controller.
package struct SimProcesses: Processes {
    private let life: ControllerLife
    private var machine: SimMachine { life.machine }

    /// The processes that a controller sees.
    package init(_ life: ControllerLife) { self.life = life }

    private func effect<Value: Sendable>(_ name: String, acting: Bool, otherwise: Value, _ body: () -> Value) async -> Value {
        guard await life.begin(name, acting: acting) else { return otherwise }
        let value = body()
        guard await life.end(name) else { return otherwise }
        return value
    }

    package func bootID() async -> String { await effect("boot id", acting: false, otherwise: "") { machine.bootID } }
    package func own() async -> Incarnation { life.incarnation }
    package func inspect(pid: Int32) async -> ProcessFacts? {
        await effect("inspect process", acting: false, otherwise: nil) { machine.process(pid).map(Self.facts) }
    }
    package func residents(of folder: String) async -> [ProcessFacts] {
        await effect("residents \(folder)", acting: false, otherwise: []) {
            machine.processes.filter { $0.folder == folder }.map(Self.facts)
        }
    }
    package func listener(port: Int) async -> Int32? {
        await effect("listener \(port)", acting: false, otherwise: nil) { machine.listener(port)?.process.pid }
    }
    /// Everybody sees everybody on a simulated machine.
    package func hidesListener(port: Int) async -> Bool { false }
    package func start(_ command: Command) async throws(FileError) -> Incarnation {
        let ended = FileError(.other, path: command.folder, detail: "the simulation has ended")
        let name = "start \(command.folder)"
        guard await life.begin(name, acting: true) else { throw ended }
        let outcome: Result<Incarnation, FileError>
        do { outcome = .success(try machine.start(command).incarnation) } catch { outcome = .failure(error) }
        guard await life.end(name) else { throw ended }
        return try outcome.get()
    }
    package func signal(_ incarnation: Incarnation, _ signal: Signal) async -> Bool {
        await effect("signal \(signal.rawValue) \(incarnation.pid)", acting: true, otherwise: false) {
            machine.signal(incarnation, signal)
        }
    }

    private static func facts(_ process: SimProcess) -> ProcessFacts {
        ProcessFacts(incarnation: process.incarnation, arguments: process.arguments, isStopped: process.isStopped)
    }
}

extension SimMachine {
    /// Starts a command as a process.
    package func start(_ command: Command) throws(FileError) -> SimProcess {
        guard let make else { throw FileError(.absent, path: command.executable, detail: "nothing can be started here") }
        let process = try make(command)
        admit(process)
        launch?(process)
        world.mix("start \(process.pid) \(command.folder)")
        return process
    }

    /// Sends a signal to that very process.
    ///
    /// - Returns: whether it was there.
    package func signal(_ incarnation: Incarnation, _ signal: Signal) -> Bool {
        guard let process = process(incarnation.pid), process.incarnation == incarnation else { return false }
        switch signal {
        case .kill: process.die()
        case .terminate, .interrupt: process.submit(connection: 0) { [weak process] in process?.terminate() }
        case .stop: process.stop()
        case .continue: process.goAhead()
        }
        return true
    }
}

extension SimProcess {
    /// What SIGTERM does: the process ends a little later.
    fileprivate func terminate() {
        machine.world.after(.milliseconds(machine.chance.below(2_000))) { [weak self] in self?.die() }
    }
}
