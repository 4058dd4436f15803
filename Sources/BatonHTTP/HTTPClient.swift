import NIOCore
import NIOHTTP1
import NIOPosix

/// One kept connection from a devnet process to another: requests go out at once, answers come in their order.
package final class HTTPClient: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<AnswerHandler>

    private init(channel: any Channel, handler: NIOLoopBound<AnswerHandler>) {
        (self.channel, self.handler) = (channel, handler)
    }

    /// Connects to a port of 127.0.0.1.
    ///
    /// - Parameter ended: called on the loop's thread when the connection is gone.
    /// - Throws: ``HTTPFailure`` when nobody listens.
    package static func open(
        port: Int, on loop: SerialLoop, ended: @escaping @Sendable () -> Void = {}
    ) async throws(HTTPFailure) -> HTTPClient {
        let bootstrap = ClientBootstrap(group: loop.loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(5))
        do {
            return try await bootstrap.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = AnswerHandler(ended: ended)
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(handler)
                    return HTTPClient(
                        channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop)
                    )
                }
            }
        } catch {
            throw HTTPFailure("127.0.0.1:\(port) can't be reached: \(error)")
        }
    }

    /// Posts a body; the answer, or `nil` when the connection ended before it, is given on the loop's thread.
    ///
    /// From the loop's own thread the request is written before this returns.
    package func post(_ body: [UInt8], then: @escaping @Sendable ([UInt8]?) -> Void) {
        guard !channel.eventLoop.inEventLoop else { return handler.value.post(body, then) }
        let handler = handler
        channel.eventLoop.execute { handler.value.post(body, then) }
    }

    /// Posts a body and waits for the answer; `nil` when the connection ended before it.
    package func post(_ body: [UInt8]) async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            post(body) { continuation.resume(returning: $0) }
        }
    }

    /// Ends the connection; calls that wait get `nil`.
    package func close() { channel.close(promise: nil) }
}

/// The end of a client connection's pipeline.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let ended: @Sendable () -> Void
    private var waiting: [@Sendable ([UInt8]?) -> Void] = []
    private var body: [UInt8] = []
    private var context: ChannelHandlerContext?

    init(ended: @escaping @Sendable () -> Void) { self.ended = ended }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        failAll()
    }

    func post(_ body: [UInt8], _ then: @escaping @Sendable ([UInt8]?) -> Void) {
        guard let context, context.channel.isActive else { return then(nil) }
        waiting.append(then)
        let headers: HTTPHeaders = [
            "Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": "\(body.count)",
        ]
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: body = []
        case .body(let part): body.append(contentsOf: part.readableBytesView)
        case .end:
            guard !waiting.isEmpty else { return }
            let whole = body
            body = []
            waiting.removeFirst()(whole)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        failAll()
        ended()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func failAll() {
        let left = waiting
        waiting = []
        for then in left { then(nil) }
    }
}
