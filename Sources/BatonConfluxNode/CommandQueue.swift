package import BatonModel

/// The way of a call into a node: an acceptor that may reorder calls of different connections, then one FIFO loop.
///
/// Calls of one connection keep their order. A command runs even when its client has gone (ghost). Reading methods and
/// the other direct ones are answered by the acceptor and do not wait for the loop.
/// - Source: conflux-pos.md §1.3.
package struct CommandQueue: Sendable {
    /// A call that is to be run now.
    package struct Taken: Hashable, Sendable {
        /// The number that ``CommandQueue/arrive(_:connection:at:acceptedAfter:)`` gave.
        package let ticket: UInt64
        package let connection: UInt64
        package let request: RPCRequest
        /// Whether the client has gone: run it, drop the answer.
        package let isOrphan: Bool
        /// The answer when the loop never gets the command (channel full or dead); do not run it then.
        package let refusal: String?
    }

    private struct Waiting: Sendable {
        let ticket: UInt64
        let connection: UInt64
        let request: RPCRequest
        let isQueued: Bool
        var acceptableAt: Instant
        var isOnWarmConnection: Bool
    }

    /// - Source: conflux-pos.md §1.3 (channel capacity).
    package static let capacityMax = 1024

    /// True while the loop awaits something else (catch-up): queued commands hang.
    package var isLoopBusy = false
    /// True after the PoS task panicked: queued commands are refused (conflux-pos.md §1.3).
    package private(set) var isLoopDead = false
    /// True while the process is stopped: calls pile up, and on resume those of warm connections are accepted first.
    package private(set) var isAcceptorPaused = false

    private var acceptor: [Waiting] = []
    private var loop: [Waiting] = []
    private var isWarm: Set<UInt64> = []
    private var isGone: Set<UInt64> = []
    private var nextTicket: UInt64 = 1

    package init() {}

    /// Takes a call from the wire.
    ///
    /// - Parameter delay: how long the acceptor sits on it; calls of other connections may overtake it meanwhile.
    /// - Returns: the ticket of the call.
    package mutating func arrive(
        _ request: RPCRequest, connection: UInt64, at now: Instant, acceptedAfter delay: Duration = .zero
    ) -> UInt64 {
        let ticket = nextTicket
        nextTicket += 1
        var acceptableAt = now.advanced(by: delay)
        let before = acceptor.last { $0.connection == connection }
        if let before, before.acceptableAt > acceptableAt { acceptableAt = before.acceptableAt }
        acceptor.append(
            Waiting(
                ticket: ticket, connection: connection, request: request,
                isQueued: NodeModel.kind(of: request.method) == .queued, acceptableAt: acceptableAt,
                isOnWarmConnection: before?.isOnWarmConnection ?? isWarm.contains(connection)
            )
        )
        isWarm.insert(connection)
        return ticket
    }

    /// A client closed its connection; its commands still run.
    package mutating func connectionEnded(_ connection: UInt64) {
        isGone.insert(connection)
        isWarm.remove(connection)
    }

    /// The process was stopped: nothing is accepted.
    package mutating func pauseAcceptor() { isAcceptorPaused = true }

    /// The process goes on: calls on connections that were warm when they arrived come before those on new ones.
    ///
    /// - Source: conflux-pos.md §1.3 (observed 3 of 3 times on a stand-in server).
    package mutating func resumeAcceptor() {
        isAcceptorPaused = false
        let order = acceptor.enumerated().sorted { left, right in
            if left.element.isOnWarmConnection != right.element.isOnWarmConnection { return left.element.isOnWarmConnection }
            return left.offset < right.offset
        }
        acceptor = order.map(\.element)
        for index in acceptor.indices where acceptor[index].isOnWarmConnection == false {
            acceptor[index].isOnWarmConnection = true
        }
    }

    /// The PoS task panicked: what waits in the loop fails, and so does what comes later.
    package mutating func killLoop() { isLoopDead = true }

    /// The moment at which ``takeReady(at:)`` may have more to run, or `nil` when nothing is delayed.
    package var nextDeadline: Instant? {
        isAcceptorPaused ? nil : acceptor.map(\.acceptableAt).min()
    }

    /// Whether nothing waits anywhere.
    package var isEmpty: Bool { acceptor.isEmpty && loop.isEmpty }

    /// The calls to run now, in this order. Run them all before the next call of this function.
    package mutating func takeReady(at now: Instant) -> [Taken] {
        var ready: [Taken] = []
        if !isAcceptorPaused { accept(at: now, into: &ready) }
        if isLoopDead {
            ready += loop.map { taken($0, refusal: "receiving on a closed channel") }
            loop = []
        } else if !isLoopBusy, !isAcceptorPaused {
            ready += loop.map { taken($0, refusal: nil) }
            loop = []
        }
        return ready
    }

    private mutating func accept(at now: Instant, into ready: inout [Taken]) {
        let due = acceptor.enumerated().filter { $0.element.acceptableAt <= now }.sorted { left, right in
            (left.element.acceptableAt, left.offset) < (right.element.acceptableAt, right.offset)
        }
        guard !due.isEmpty else { return }
        acceptor.removeAll { $0.acceptableAt <= now }
        for (_, waiting) in due {
            guard waiting.isQueued else {
                ready.append(taken(waiting, refusal: nil))
                continue
            }
            if isLoopDead {
                ready.append(taken(waiting, refusal: "try_send: err=TrySendError { kind: Disconnected }"))
            } else if loop.count >= Self.capacityMax {
                ready.append(taken(waiting, refusal: "try_send: err=TrySendError { kind: Full }"))
            } else {
                loop.append(waiting)
            }
        }
    }

    private func taken(_ waiting: Waiting, refusal: String?) -> Taken {
        Taken(
            ticket: waiting.ticket, connection: waiting.connection, request: waiting.request,
            isOrphan: isGone.contains(waiting.connection), refusal: refusal
        )
    }
}
