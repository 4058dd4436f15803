import BatonModel
import BatonWorld
import NIOCore
import NIOHTTP1

/// One kept HTTP/1.1 connection; all its state lives in its ``AnswerHandler`` on the connection's event loop.
final class LiveWire: Wire {
    private let channel: any Channel
    private let handler: NIOLoopBound<AnswerHandler>
    private let host: String

    private init(channel: any Channel, handler: NIOLoopBound<AnswerHandler>, host: String) {
        (self.channel, self.handler, self.host) = (channel, handler, host)
    }

    /// A wire that nobody holds can't be read any more, so its connection ends.
    deinit { channel.close(promise: nil) }

    /// Puts the HTTP handlers on a new channel; called on its event loop.
    ///
    /// - Parameter host: the value of the Host header.
    static func install(on channel: any Channel, host: String) throws -> LiveWire {
        let handler = AnswerHandler()
        try channel.pipeline.syncOperations.addHTTPClientHandlers()
        try channel.pipeline.syncOperations.addHandler(handler)
        return LiveWire(channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop), host: host)
    }

    /// Whether the connection's two ends are the same socket.
    var isSelfConnected: Bool {
        guard let local = channel.localAddress, let remote = channel.remoteAddress else { return false }
        return local == remote
    }

    /// Sends `POST /` with the JSON body.
    ///
    /// Returns when the bytes are with the kernel or queued for it; what fails later is said by `receive`.
    /// - Throws: ``WireError/closed`` when the connection is gone.
    func send(_ body: [UInt8]) async throws(WireError) {
        let headers: HTTPHeaders = [
            "Host": host,
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Content-Length": "\(body.count)",
        ]
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: headers)
        let (loop, handler) = (channel.eventLoop, handler)
        // On the controller's own loop there is nothing to hand over.
        if loop.inEventLoop { return try handler.value.send(head, body).get() }
        let result: Result<Void, WireError> = await withCheckedContinuation { continuation in
            loop.execute { continuation.resume(returning: handler.value.send(head, body)) }
        }
        try result.get()
    }

    /// Waits for the answer to the last request. Until the next request it is kept and given again when asked for.
    ///
    /// Cancelling the task ends the waiting with ``WireError/timedOut``, and like a deadline it loses nothing.
    func receive(within: Duration) async throws(WireError) -> [UInt8] {
        let (loop, handler) = (channel.eventLoop, handler)
        let ticket = AnswerHandler.Ticket()
        let result: Result<[UInt8], WireError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if loop.inEventLoop { return handler.value.receive(ticket, within: within, continuation) }
                loop.execute { handler.value.receive(ticket, within: within, continuation) }
            }
        } onCancel: {
            loop.execute { handler.value.giveUp(ticket) }
        }
        return try result.get()
    }

    /// Ends the connection and waits until it is closed.
    func close() async {
        let (loop, handler) = (channel.eventLoop, handler)
        await withCheckedContinuation { continuation in
            loop.execute { handler.value.close { continuation.resume() } }
        }
    }
}

/// The end of a connection's pipeline: puts an answer together and keeps it until somebody takes it.
///
/// Used on the connection's event loop only.
final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart
    typealias Answer = Result<[UInt8], WireError>

    /// The identity of one waiting, so that a late deadline or cancellation ends no other.
    final class Ticket: Sendable {}

    private struct Waiter {
        let ticket: Ticket
        let continuation: CheckedContinuation<Answer, Never>
        let deadline: Scheduled<Void>
    }

    private enum Stage {
        /// Nothing was sent yet.
        case idle
        /// A request is out and its answer is not complete.
        case outstanding
        /// The last request has its answer, or never gets one on this wire.
        case settled(Answer)
    }

    private var stage = Stage.idle
    private var collected: [UInt8] = []
    private var waiter: Waiter?
    private var abandoned: Ticket?
    private var context: ChannelHandlerContext?
    /// The peer has said that it closes after this answer.
    private var isLastAnswer = false
    private var isClosing = false

    /// Remembers where to write.
    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// The channel is gone with its pipeline.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        settleIfOutstanding(.failure(.closed))
    }

    /// Writes one request; see ``LiveWire/send(_:)``.
    func send(_ head: HTTPRequestHead, _ body: [UInt8]) -> Result<Void, WireError> {
        guard let context, context.channel.isActive, !isClosing else { return .failure(.closed) }
        if case .outstanding = stage { fatalError("a request was sent while the answer to the one before is outstanding") }
        stage = .outstanding
        collected = []
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: body)))), promise: nil)
        var failed = false
        // Called at once when the kernel took or refused the bytes at once; later it only ends the connection.
        let written = context.channel.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenFailure { _ in
            failed = true
            self.end(.closed)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        return failed ? .failure(.closed) : .success(())
    }

    /// Answers now or when there is an answer, at latest at the deadline.
    func receive(_ ticket: Ticket, within: Duration, _ continuation: CheckedContinuation<Answer, Never>) {
        switch stage {
        case .settled(let answer):
            continuation.resume(returning: answer)
        case .idle:
            let isGone = context.map { !$0.channel.isActive || isClosing } ?? true
            guard isGone else { fatalError("an answer was awaited before any request was sent") }
            continuation.resume(returning: .failure(.closed))
        case .outstanding:
            guard let context, within > .zero, abandoned !== ticket else {
                return continuation.resume(returning: .failure(.timedOut))
            }
            guard waiter == nil else { fatalError("two tasks await an answer on one wire") }
            let wait = TimeAmount.nanoseconds(within.nanoseconds)
            let deadline = context.eventLoop.assumeIsolated().scheduleTask(in: wait) { self.giveUp(ticket) }
            waiter = Waiter(ticket: ticket, continuation: continuation, deadline: deadline)
        }
    }

    /// Ends one waiting and nothing else.
    func giveUp(_ ticket: Ticket) {
        guard let waiter, waiter.ticket === ticket else {
            // The cancellation may overtake the beginning of the waiting.
            abandoned = ticket
            return
        }
        self.waiter = nil
        waiter.deadline.cancel()
        waiter.continuation.resume(returning: .failure(.timedOut))
    }

    /// Closes the channel; the body runs when it is closed.
    func close(_ then: @escaping () -> Void) {
        guard let context else { return then() }
        let closed = context.channel.closeFuture.assumeIsolated()
        end(.closed)
        closed.whenComplete { _ in then() }
    }

    /// Takes the answer part by part.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .outstanding = stage else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isLastAnswer = !head.isKeepAlive
            if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }) {
                guard length <= LiveNetwork.answerLimit else { return end(.malformed) }
                collected.reserveCapacity(length)
            }
        case .body(let part):
            guard collected.count + part.readableBytes <= LiveNetwork.answerLimit else { return end(.malformed) }
            collected.append(contentsOf: part.readableBytesView)
        case .end:
            let answer = collected
            collected = []
            if isLastAnswer { isClosing = true }
            settleIfOutstanding(answer.isEmpty ? .failure(.malformed) : .success(answer))
            if isLastAnswer { context.close(promise: nil) }
        }
    }

    /// The connection ended.
    func channelInactive(context: ChannelHandlerContext) { end(.closed) }

    /// What is no HTTP answer ends the connection: where the next one would begin is unknown.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.invalidEOFState: end(.closed)
        case is HTTPParserError, is NIOHTTPDecoderError: end(.malformed)
        default: end(.closed)
        }
    }

    private func end(_ reason: WireError) {
        isClosing = true
        collected = []
        settleIfOutstanding(.failure(reason))
        context?.close(promise: nil)
    }

    private func settleIfOutstanding(_ answer: Answer) {
        guard case .outstanding = stage else { return }
        stage = .settled(answer)
        guard let waiter else { return }
        self.waiter = nil
        waiter.deadline.cancel()
        waiter.continuation.resume(returning: answer)
    }
}
