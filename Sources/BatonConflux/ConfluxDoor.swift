package import BatonKernel
package import BatonModel
package import BatonWorld

/// The one door to a node: one control connection, one command outstanding, and the only way to start its vote
/// (safety.md R1, R4).
///
/// Commands whose answers have not come are remembered, also when their connection is lost, until what R4 names ends
/// the doubt. The words of the start call stand in this file and nowhere else; the lint keeps them here.
package actor ConfluxDoor {
    /// What the door can tell a node to do.
    package enum Command: String, Hashable, Sendable {
        case start = "start_voting"
        case stop = "stop_voting"
    }

    /// A command that was sent and whose answer has not come.
    package struct Unanswered: Hashable, Sendable {
        package let command: Command
        package let since: Instant
        /// Whose queue it is in; its end ends the command.
        package let incarnation: Incarnation
        /// The grant of a start.
        package let grant: GrantNumber?

        /// Makes the memory of a command.
        package init(_ command: Command, since: Instant, incarnation: Incarnation, grant: GrantNumber?) {
            (self.command, self.since, self.incarnation, self.grant) = (command, since, incarnation, grant)
        }

        /// Whether it is the same command, by whatever clock reading it is remembered.
        func isSame(as other: Unanswered) -> Bool {
            command == other.command && incarnation == other.incarnation && grant == other.grant
        }
    }

    private struct Sent { let id: Int64?, what: Unanswered, isDoubt: Bool }

    private let line: ConfluxLine
    private let clock: any HouseClock
    private var dialect: ConfluxDialect
    /// Commands that may still run; those that are no doubt any more only forbid to place another token.
    private var sent: [Sent] = []
    private var started: Set<GrantNumber> = []

    /// Makes the door; the connection is opened with the first call.
    package init(to endpoint: Endpoint, in world: World, dialect: ConfluxDialect = .current) {
        (line, clock, self.dialect) = (ConfluxLine(endpoint, in: world), world.clock, dialect)
    }

    /// The oldest command that is in doubt.
    package var unanswered: Unanswered? { sent.first { $0.isDoubt }?.what }
    /// Every command that may still run, in doubt or with its token taken away.
    package var mayStillRun: [Unanswered] { sent.map(\.what) }

    // MARK: Questions

    /// Asks one question. While an answer is owed on the connection nothing is sent, and the doubt is the answer.
    package func call(_ query: ConfluxQuery, within: Duration) async -> ConfluxAnswer {
        let end = clock.now.advanced(by: within)
        await line.enter()
        defer { line.leave() }
        return await ask(query, until: end)
    }

    private func ask(_ query: ConfluxQuery, until end: Instant) async -> ConfluxAnswer {
        var answer = await once(query, until: end)
        let other: ConfluxDialect = dialect == .current ? .underscored : .current
        if case .failed(_, _, .methodUnknown) = answer, other.method(query) != dialect.method(query) {
            let before = dialect
            dialect = other
            answer = await once(query, until: end)
            if case .failed(_, _, .methodUnknown) = answer { dialect = before }
        }
        // A node that votes has run the start, whoever saw its answer (safety.md R4).
        if query == .votingStatus, answer == .result(true) { sent.removeAll { $0.what.command == .start } }
        return answer
    }

    private func once(_ query: ConfluxQuery, until end: Instant) async -> ConfluxAnswer {
        let exchange = await line.exchange(dialect.method(query), query.params, isCommand: false, until: end)
        takeLateAnswers()
        switch exchange {
        case .answered(let answer): return answer
        case .notSent(let doubt): return .doubt(doubt)
        case .unanswered(_, let since): return .doubt(.unanswered(since: since))
        }
    }

    // MARK: Commands

    /// Starts the vote of the grant's node: sent at most once under a grant, always with `false`, so that the token is needed.
    ///
    /// The status must read false on this same connection right before. The right is spent on every path.
    /// - Parameter noting: runs after every check and right before the sending; false keeps it from being sent.
    package func startVoting(
        _ right: consuming VotingRight, within: Duration, noting: @Sendable () async -> Bool = { true }
    ) async -> Outcome {
        let grant = right.spend()
        let end = clock.now.advanced(by: within)
        await line.enter()
        defer { line.leave() }
        guard !started.contains(grant.number) else {
            return .refused("safety.r4", "a start was sent under grant \(grant.number) already")
        }
        switch await ask(.votingStatus, until: end) {
        case .result(false): break
        case .result(true): return .refused("safety.r3", "the node votes already; a start would replace its live vote state")
        case .result: return .unknown(.unreadable)
        case .failed(_, _, let fault): return .refused("conflux.rpc", fault.words)
        case .doubt(let doubt): return .unknown(doubt)
        }
        if let first = unanswered { return .unknown(.unanswered(since: first.since)) }
        guard await noting() else { return .refused("safety.r9", "the checks are older than a start may be, or could not be noted") }
        started.insert(grant.number)
        let method = dialect == .current ? "test_posStartVoting" : "pos_start_voting"
        return await send(.start, method, [false], to: grant.incarnation, under: grant.number, until: end)
    }

    /// Stops the vote. The status must read true on this same connection right before: a stop of an idle node would
    /// rename its own file over `.save` (conflux-pos.md §1.4).
    ///
    /// - Parameter again: a stop may follow an unanswered one, because the node's own file was seen.
    /// - Parameter noting: runs right before the sending; false keeps it from being sent.
    package func stopVoting(
        of incarnation: Incarnation, again: Bool, within: Duration, noting: @Sendable () async -> Bool = { true }
    ) async -> Outcome {
        let end = clock.now.advanced(by: within)
        await line.enter()
        defer { line.leave() }
        switch await ask(.votingStatus, until: end) {
        case .result(true): break
        case .result(false): return .refused("conflux.not-voting", "the node does not vote; a stop would rename its own file")
        case .result: return .unknown(.unreadable)
        case .failed(_, _, let fault): return .refused("conflux.rpc", fault.words)
        case .doubt(let doubt): return .unknown(doubt)
        }
        if let first = unanswered, !again || first.command == .start { return .unknown(.unanswered(since: first.since)) }
        guard await noting() else { return .refused("conflux.file", "the stop could not be noted beside the node") }
        let method = dialect == .current ? "test_posStopVoting" : "pos_stop_voting"
        return await send(.stop, method, [], to: incarnation, under: nil, until: end)
    }

    private func send(
        _ command: Command, _ method: String, _ params: JSON, to incarnation: Incarnation, under grant: GrantNumber?, until end: Instant
    ) async -> Outcome {
        let exchange = await line.exchange(method, params, isCommand: true, until: end)
        takeLateAnswers()
        switch exchange {
        case .answered(.result): return .done
        case .answered(.failed(_, _, let fault)):
            return fault.showsNothingDone ? .refused("conflux.rpc", fault.words) : .unknown(.contradictory)
        case .answered(.doubt(let doubt)): return .unknown(doubt)
        case .notSent: return .refused("conflux.rpc", "the connection was lost before the command was sent")
        case .unanswered(let id, let since):
            let what = Unanswered(command, since: since, incarnation: incarnation, grant: grant)
            sent.append(Sent(id: id, what: what, isDoubt: true))
            return .unknown(.unanswered(since: since))
        }
    }

    /// A command's own late answer ends its doubt, whatever it says; what it did is observed.
    private func takeLateAnswers() {
        for id in line.late.keys.sorted() {
            sent.removeAll { $0.id == id }
            line.forget(id)
        }
    }

    // MARK: What ends a doubt besides the command's own answer (safety.md R4)

    /// The process ended, and its queue with it.
    package func ended(_ incarnation: Incarnation) { sent.removeAll { $0.what.incarnation == incarnation } }

    /// The token of a grant was taken away: its start will fail, so there is no doubt, but it may still run.
    package func tokenRevoked(of grant: GrantNumber) {
        sent = sent.map { $0.what.grant == grant ? Sent(id: $0.id, what: $0.what, isDoubt: false) : $0 }
    }

    /// The status read false, the node's own file is gone and `.save` is there: the stop has run.
    package func stopSeen() { sent.removeAll { $0.what.command == .stop } }

    /// Takes over what a former run of Baton sent and never saw answered.
    package func recall(_ command: Unanswered) {
        guard !sent.contains(where: { $0.what.command == command.command && $0.what.grant == command.grant }) else { return }
        sent.append(Sent(id: nil, what: command, isDoubt: true))
        if let grant = command.grant { started.insert(grant) }
    }

    /// Ends the connection; what was sent may still take effect and stays remembered.
    package func close() async {
        await line.enter()
        await line.close()
        line.leave()
    }
}
