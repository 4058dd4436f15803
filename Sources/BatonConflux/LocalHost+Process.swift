import BatonModel
import BatonWorld

/// Who lives in a node's folder.
enum Resident: Hashable, Sendable {
    case nobody
    case one(ProcessFacts)
    /// More than one process; nobody can say which of them an answer is from.
    case several
    /// Nobody is seen in the folder, but somebody whom we can't see serves the control port: one of another user, or of
    /// another PID namespace. He may be the node, and he may vote.
    case hidden

    var incarnation: Incarnation? {
        guard case .one(let facts) = self else { return nil }
        return facts.incarnation
    }
}

extension LocalHost {
    /// The node's process now: the one seen before when it is still that very process, else by a walk through all.
    func look() async -> Resident {
        let found = await find()
        // Whom we can't see may have our commands in his queue.
        if found != .hidden { await forgetEnded(found) }
        return found
    }

    private func find() async -> Resident {
        let now = world.clock.now
        if let seen = sight, seen.scannedAt.duration(to: now) < Self.sightMax,
            let facts = await world.processes.inspect(pid: seen.process.incarnation.pid),
            facts.incarnation == seen.process.incarnation
        {
            return .one(facts)
        }
        sight = nil
        let residents = await world.processes.residents(of: site.directory)
        guard let first = residents.first else {
            return await world.processes.hidesListener(port: site.rpc.port) ? .hidden : .nobody
        }
        guard residents.count == 1 else { return .several }
        sight = Sight(process: first, scannedAt: now, servesPort: false)
        return .one(first)
    }

    /// Tells the door about every process that has ended with a command of ours in its queue.
    private func forgetEnded(_ found: Resident) async {
        for command in await door.mayStillRun where command.incarnation != found.incarnation {
            let there = await world.processes.inspect(pid: command.incarnation.pid)
            if there?.incarnation != command.incarnation { await door.ended(command.incarnation) }
        }
    }

    /// Whether the control port is served by that very process.
    func servesPort(_ process: ProcessFacts) async -> Bool {
        if let seen = sight, seen.process.incarnation == process.incarnation, seen.servesPort { return true }
        guard await world.processes.listener(port: site.rpc.port) == process.incarnation.pid else { return false }
        if sight?.process.incarnation == process.incarnation { sight?.servesPort = true }
        return true
    }

    /// Whether a process with these arguments starts as a voter.
    func startsAsVoter(_ arguments: [String]) async throws(FileError) -> Bool {
        startsAsVoter(arguments, by: try await configuration(LocalHostConfiguration.configPath(arguments)))
    }

    private func startsAsVoter(_ arguments: [String], by file: [UInt8]?) -> Bool {
        guard let file else { return LocalHostConfiguration.startsAsVoter(arguments, file: nil) }
        // A node has two: those of its process and those of its next one.
        if startsAsVoter.count > 8 { startsAsVoter = [:] }
        return startsAsVoter[arguments, default: Remembered()].value(of: file) {
            LocalHostConfiguration.startsAsVoter(arguments, file: String(decoding: $0, as: UTF8.self))
        }
    }

    /// The bytes of a configuration file; `nil` when none is named or there is none.
    private func configuration(_ path: String?) async throws(FileError) -> [UInt8]? {
        guard let path else { return nil }
        return try await world.files.read(path.hasPrefix("/") ? path : site.directory + "/" + path, limit: 1 << 20)
    }

    /// The process with what it and the next one say about voting.
    func processReading(_ resident: Resident) async -> Known<ConfluxReading> {
        do throws(FileError) {
            // One reading of the file serves both, when both name the same one.
            let command = site.command
            let path = LocalHostConfiguration.configPath(command)
            let text = try await configuration(path)
            let next = startsAsVoter(command, by: text)
            let boot = await world.processes.bootID()
            switch resident {
            case .several: return .unknown(.contradictory)
            case .hidden: return .unknown(.unreadable)
            case .nobody:
                let reading = ProcessReading(
                    incarnation: nil, bootID: boot, voterNow: nil, voterNext: next, servesPort: false, isStopped: false)
                return .known(.process(reading))
            case .one(let facts):
                let isSame = LocalHostConfiguration.configPath(facts.arguments) == path
                let now =
                    isSame
                    ? startsAsVoter(facts.arguments, by: text) : try await startsAsVoter(facts.arguments)
                let reading = ProcessReading(
                    incarnation: facts.incarnation, bootID: boot, voterNow: now, voterNext: next,
                    servesPort: await servesPort(facts), isStopped: facts.isStopped)
                return .known(.process(reading))
            }
        } catch {
            return .unknown(.unreadable)
        }
    }

    // MARK: Acts

    /// Ends the process by SIGINT and waits for its end; never by force.
    func stopProcess(_ context: LeaseNumber, until end: Instant) async -> Outcome {
        let since = world.clock.now
        let resident = await look()
        guard case .one(let facts) = resident else {
            return resident == .nobody ? .done : .refused("conflux.process", "\(site.id) has no single process that can be seen")
        }
        let signalled = await underLock(context, until: end) {
            _ = await self.world.processes.signal(facts.incarnation, .interrupt)
            return .done
        }
        guard signalled == .done else { return signalled }
        while let there = await world.processes.inspect(pid: facts.incarnation.pid), there.incarnation == facts.incarnation {
            guard world.clock.now < end else { return .unknown(.unanswered(since: since)) }
            do {
                try await world.clock.sleep(until: min(end, world.clock.now.advanced(by: .milliseconds(10))), tolerance: nil)
            } catch {
                return .unknown(.unanswered(since: since))
            }
        }
        sight = nil
        await door.ended(facts.incarnation)
        return .done
    }

    /// Starts the unit's command as it is; refused unless the node would come up idle with its own key.
    func startProcess() async -> Outcome {
        do throws(FileError) {
            sight = nil
            let resident = await look()
            guard resident == .nobody else { return .refused("conflux.process", "a process of \(site.id) lives already") }
            guard let executable = site.command.first else { return .refused("conflux.site", "\(site.id) has no command") }
            guard try await !startsAsVoter(site.command) else {
                return .refused("safety.r5", "\(site.id) would start as a voter; set pos_started_as_voter = false")
            }
            guard try await world.files.inspect(site.directory + "/pos_config/pos_key") != nil else {
                return .refused("conflux.key", "\(site.id) has no pos_config/pos_key; a start would make a new identity")
            }
            guard await world.processes.listener(port: site.rpc.port) == nil else {
                return .refused("conflux.process", "another process serves port \(site.rpc.port) of \(site.id)")
            }
            try await world.files.makeFolder(site.directory + "/log")
            let command = Command(
                executable: executable, arguments: Array(site.command.dropFirst()), folder: site.directory,
                environment: site.environment, log: site.directory + "/log/stdout.log")
            _ = try await world.processes.start(command)
            return .done
        } catch {
            return Self.outcome(of: error)
        }
    }
}
