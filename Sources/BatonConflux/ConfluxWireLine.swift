package import BatonModel
package import BatonWorld

/// One kept connection with at most one request outstanding.
///
/// A deadline ends the waiting and never the connection: an answer that came late is read before the next request is
/// sent, and kept in ``late``. It belongs to one actor, which lets one caller in at a time by ``enter()`` and ``leave()``.
package final class ConfluxLine {
    /// What became of a request.
    package enum Exchange: Sendable {
        case answered(ConfluxAnswer)
        /// Nothing of it left this machine.
        case notSent(Doubt)
        /// It was sent, or may have been; its answer has not come, and comes only if the connection still stands.
        case unanswered(id: Int64, since: Instant)
    }

    private struct Owed { let id: Int64, since: Instant }

    private let endpoint: Endpoint
    private let network: any Network
    private let clock: any HouseClock
    private var wire: (any Wire)?
    private var owed: Owed?
    private var lastID: Int64 = 0
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// Answers that came after their deadline, by the id of their request.
    package private(set) var late: [Int64: ConfluxAnswer] = [:]

    /// Makes a line that is opened with its first request.
    package init(_ endpoint: Endpoint, in world: World) {
        (self.endpoint, self.network, self.clock) = (endpoint, world.network, world.clock)
    }

    /// Waits for one's turn, in order of arrival.
    package func enter() async {
        guard isBusy else {
            isBusy = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Gives the turn to the next in order.
    package func leave() {
        guard waiting.isEmpty else { return waiting.removeFirst().resume() }
        isBusy = false
    }

    /// Forgets a late answer that was taken into account.
    package func forget(_ id: Int64) { late[id] = nil }

    /// Ends the connection; what was sent may still take effect.
    package func close() async {
        await wire?.close()
        (wire, owed) = (nil, nil)
    }

    /// Sends one request and waits for its answer until `end`.
    ///
    /// - Parameter isCommand: a command is sent at most once: a connection that ended is a doubt. A question is asked
    ///   again, once, when a connection that stood idle turns out to have ended.
    package func exchange(_ method: String, _ params: JSON, isCommand: Bool, until end: Instant) async -> Exchange {
        if let doubt = await settle(until: end) { return .notSent(doubt) }
        var mayRepeat = !isCommand
        while true {
            let wasKept = wire != nil
            guard let wire = await ready(until: end) else { return .notSent(.unreachable) }
            lastID += 1
            let request = ConfluxRequest(id: lastID, method: method, params: params)
            let since = clock.now
            do throws(WireError) {
                try await wire.send(request.body)
                owed = Owed(id: request.id, since: since)
                let body = try await wire.receive(within: left(until: end))
                owed = nil
                if let answer = ConfluxAnswer.read(body, id: request.id) { return .answered(answer) }
                // An answer to something else: this connection can't be trusted to pair them any more.
                await close()
                return .unanswered(id: request.id, since: since)
            } catch {
                if error == .timedOut, owed != nil { return .unanswered(id: request.id, since: since) }
                await close()
                guard mayRepeat, wasKept else { return .unanswered(id: request.id, since: since) }
                mayRepeat = false
            }
        }
    }

    /// Reads the answer that is still owed; a doubt when it has not come.
    private func settle(until end: Instant) async -> Doubt? {
        guard let debt = owed, let wire else { return nil }
        do throws(WireError) {
            let body = try await wire.receive(within: left(until: end))
            owed = nil
            if let answer = ConfluxAnswer.read(body, id: debt.id) {
                late[debt.id] = answer
            } else {
                await close()
            }
        } catch {
            if error == .timedOut { return .unanswered(since: debt.since) }
            await close()
        }
        return nil
    }

    private func ready(until end: Instant) async -> (any Wire)? {
        if let wire { return wire }
        // Refused or no connection within the deadline: either way nothing was sent, and the caller says so.
        wire = try? await network.open(endpoint, within: left(until: end))
        return wire
    }

    private func left(until end: Instant) -> Duration { max(.zero, clock.now.duration(to: end)) }
}
