package import BatonModel
import BatonWorld

extension LocalHost {
    /// Answers the questions about this node, one after the other: the process first, then what only it can say.
    ///
    /// When the process changed meanwhile, nothing that it said is believed.
    package func observe(_ questions: [ConfluxQuestion], within: Duration) async -> [ConfluxQuestion: Fact<ConfluxReading>] {
        let end = world.clock.now.advanced(by: within)
        await recallOnce()
        let began = world.clock.now
        let before = await look()
        var answers: [(question: ConfluxQuestion, value: Known<ConfluxReading>, from: Source, at: Instant)] = []
        for question in questions.sorted(by: { Self.order($0) < Self.order($1) }) {
            var at = world.clock.now
            if case .process = question { at = began }
            answers.append((question, await answer(question, of: before, until: end), Self.source(question), at))
        }
        let saysHe = answers.contains { $0.from == .rpc || $0.from == .processes }
        let hasMoved = saysHe ? await hasMoved(since: before) : false
        var facts: [ConfluxQuestion: Fact<ConfluxReading>] = [:]
        for answer in answers {
            let isHis = answer.from == .rpc || answer.from == .processes
            facts[answer.question] = Fact(
                value: hasMoved && isHis ? .unknown(.contradictory) : answer.value, of: site.id, incarnation: before.incarnation,
                from: answer.from, at: answer.at)
        }
        return facts
    }

    /// Whether the process is another one than before.
    private func hasMoved(since before: Resident) async -> Bool {
        if let incarnation = before.incarnation { return await !world.processes.isAlive(incarnation) }
        return await look().incarnation != nil
    }

    private static func order(_ question: ConfluxQuestion) -> Int {
        switch question {
        case .process: 0
        case .voting: 1
        case .files: 2
        case .ledger: 3
        case .identity: 4
        case .release: 5
        case .network, .signatures, .history: 6
        }
    }

    private static func source(_ question: ConfluxQuestion) -> Source {
        switch question {
        case .process: .processes
        case .voting, .ledger, .identity: .rpc
        case .files, .release: .files
        case .network, .signatures, .history: .chain
        }
    }

    private func answer(_ question: ConfluxQuestion, of resident: Resident, until end: Instant) async -> Known<ConfluxReading> {
        switch question {
        case .process: return await processReading(resident)
        case .files: return await filesReading()
        case .release: return await releaseReading(resident, until: end)
        case .voting:
            if let doubt = await unasked(resident) { return .unknown(doubt) }
            return await votingReading(until: end)
        case .ledger:
            if let doubt = await unasked(resident) { return .unknown(doubt) }
            return await ledgerReading(of: resident, until: end)
        case .identity:
            if let doubt = await unasked(resident) { return .unknown(doubt) }
            return await identityReading(until: end)
        case .network, .signatures, .history: return .unknown(.unreadable)
        }
    }

    /// Why the node is not asked: nobody is there, or whoever answers on its port is not the one in its folder.
    private func unasked(_ resident: Resident) async -> Doubt? {
        switch resident {
        case .nobody: return .unreachable
        case .several: return .contradictory
        case .hidden: return .unreadable
        case .one(let process):
            if await servesPort(process) { return nil }
            return await world.processes.listener(port: site.rpc.port) == nil ? .unreachable : .contradictory
        }
    }

    private func votingReading(until end: Instant) async -> Known<ConfluxReading> {
        let answer = await door.call(.votingStatus, within: left(until: end))
        await noteLateAnswers()
        guard let flag = answer.result?.bool else { return .unknown(answer.doubt ?? .unreadable) }
        if !flag, let command = await door.unanswered, command.command == .stop {
            await lookForStop(command)
        }
        return .known(
            .voting(
                VotingReading(
                    flag: flag, unanswered: await door.unanswered?.command.rawValue, mayStillRun: await !door.mayStillRun.isEmpty)))
    }

    /// A stop whose answer is missing has run when the node is false, its own file is gone and `.save` is there (safety.md R4).
    private func lookForStop(_ command: ConfluxDoor.Unanswered) async {
        guard case .known(.files(let files)) = await filesReading(), files.json == .absent, files.save.held != nil else { return }
        await door.stopSeen()
        _ = await note(command, isAnswered: true)
    }

    private func ledgerReading(of resident: Resident, until end: Instant) async -> Known<ConfluxReading> {
        let pos = await door.call(.posStatus, within: left(until: end))
        guard let epoch = pos.result?["epoch"]?.hexInteger, let committed = pos.result?["latestCommitted"]?.hexInteger else {
            return .unknown(pos.doubt ?? .unreadable)
        }
        let side: ChainSide
        switch await chainSide(of: resident, until: end) {
        case .known(let known): side = known
        case .unknown(let doubt): return .unknown(doubt)
        }
        return .known(
            .ledger(
                LedgerReading(
                    chainID: side.chainID, epoch: epoch, committed: committed, powEpoch: side.powEpoch, phase: side.phase)))
    }

    /// The half of the ledger that no vote depends on, asked again after a second: a chain never changes its id, a node
    /// never leaves the normal phase (conflux-pos.md §5), and a PoW epoch only grows, so an old one shows too much lag.
    private func chainSide(of resident: Resident, until end: Instant) async -> Known<ChainSide> {
        let now = world.clock.now
        if let seen = chainSide, seen.incarnation == resident.incarnation, seen.phase == Self.normalPhase,
            seen.at.duration(to: now) < Self.chainSideMax
        {
            return .known(seen)
        }
        let chain = await door.call(.chainStatus, within: left(until: end))
        guard let id = chain.result?["chainId"]?.hexInteger, let pow = chain.result?["epochNumber"]?.hexInteger else {
            return .unknown(chain.doubt ?? .unreadable)
        }
        let answer = await door.call(.syncPhase, within: left(until: end))
        guard let phase = answer.result?.string else { return .unknown(answer.doubt ?? .unreadable) }
        let side = ChainSide(incarnation: resident.incarnation, chainID: id, powEpoch: pow, phase: phase, at: now)
        chainSide = side
        return .known(side)
    }

    private func identityReading(until end: Instant) async -> Known<ConfluxReading> {
        let answer = await door.call(.identity, within: left(until: end))
        guard let parts = answer.result?.array, parts.count == 2, let text = parts[1].string else {
            return .unknown(answer.doubt ?? .unreadable)
        }
        let address = (text.hasPrefix("0x") ? String(text.dropFirst(2)) : text).lowercased()
        return VoteFileReader.isAddress(address) ? .known(.identity(address)) : .unknown(.unreadable)
    }
}
