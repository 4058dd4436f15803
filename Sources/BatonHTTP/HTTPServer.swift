import NIOCore
import NIOHTTP1
import NIOPosix

/// A small HTTP/1.1 server on 127.0.0.1: POST bodies in, JSON bodies out, connections kept.
///
/// Calls of one connection are handed over one after the other, each when the one before it was answered.
package struct HTTPServer: Sendable {
    /// The largest request body.
    ///
    /// - Unit: bytes (10 MiB; conflux-pos.md §1.2).
    package static let bodyLimit = 10 << 20

    /// The port that it listens on.
    package let port: Int
    private let channel: any Channel

    /// Opens a server whose handler runs on the loop's thread and answers the call then or later.
    ///
    /// - Parameters:
    ///   - port: 0 takes a free one.
    ///   - ended: called on the loop's thread when a client's connection is gone, with its number.
    ///   - handler: called on the loop's thread.
    /// - Throws: ``HTTPFailure`` when the port can't be had.
    package static func open(
        port: Int = 0,
        on loop: SerialLoop,
        ended: @escaping @Sendable (UInt64) -> Void = { _ in },
        handler: @escaping @Sendable (HTTPCall) -> Void
    ) async throws(HTTPFailure) -> HTTPServer {
        let bootstrap = ServerBootstrap(group: loop.loop)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: true)
                    try channel.pipeline.syncOperations.addHandler(
                        CallHandler(connection: loop.nextConnection(), ended: ended, handler: handler)
                    )
                }
            }
        do {
            let channel = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
            return HTTPServer(port: channel.localAddress?.port ?? port, channel: channel)
        } catch {
            throw HTTPFailure("127.0.0.1:\(port) can't be listened on: \(error)")
        }
    }

    /// Opens a server whose handler is a task per call.
    ///
    /// - Parameter answering: (connection, path, body) to (status, body).
    /// - Throws: ``HTTPFailure`` when the port can't be had.
    package static func open(
        port: Int = 0,
        on loop: SerialLoop,
        answering: @escaping @Sendable (UInt64, String, [UInt8]) async -> (status: Int, body: [UInt8])
    ) async throws(HTTPFailure) -> HTTPServer {
        try await open(port: port, on: loop) { call in
            Task {
                let (status, body) = await answering(call.connection, call.path, call.body)
                call.answer(status, body)
            }
        }
    }

    /// Stops listening. Open connections stay.
    package func close() async {
        // It is closed in either case.
        try? await channel.close().get()
    }
}

/// One request that waits for its answer.
package struct HTTPCall: Sendable {
    /// The connection that it came on, unique in the loop.
    package let connection: UInt64
    /// The path with its query.
    package let path: String
    package let body: [UInt8]
    fileprivate let channel: any Channel
    fileprivate let handler: NIOLoopBound<CallHandler>

    /// Sends the answer, from any thread. Call it once; nothing happens when the client has gone.
    package func answer(_ status: Int, _ body: [UInt8]) {
        guard !channel.eventLoop.inEventLoop else { return handler.value.answer(status, body) }
        let handler = handler
        channel.eventLoop.execute { handler.value.answer(status, body) }
    }

    /// Ends the connection without an answer.
    package func drop() { channel.close(promise: nil) }
}

/// What a server or client could not do.
package struct HTTPFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The end of a server connection's pipeline: puts requests together and writes answers.
private final class CallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let connection: UInt64
    private let ended: @Sendable (UInt64) -> Void
    private let handler: @Sendable (HTTPCall) -> Void
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var isKept = true
    private var awaitsAnswer = false
    private var context: ChannelHandlerContext?

    init(
        connection: UInt64, ended: @escaping @Sendable (UInt64) -> Void, handler: @escaping @Sendable (HTTPCall) -> Void
    ) {
        (self.connection, self.ended, self.handler) = (connection, ended, handler)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelInactive(context: ChannelHandlerContext) {
        awaitsAnswer = false
        ended(connection)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            (self.head, isKept, isTooLarge) = (head, head.isKeepAlive, false)
            body = []
        case .body(let part):
            guard body.count + part.readableBytes <= HTTPServer.bodyLimit else { return isTooLarge = true }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            self.head = nil
            awaitsAnswer = true
            if isTooLarge {
                isKept = false
                return answer(413, Array("{\"error\":\"body over 10 MiB\"}".utf8))
            }
            guard head.method == .POST else {
                return answer(405, Array("{\"error\":\"POST a JSON body\"}".utf8))
            }
            let whole = body
            body = []
            handler(
                HTTPCall(
                    connection: connection, path: head.uri, body: whole, channel: context.channel,
                    handler: NIOLoopBound(self, eventLoop: context.eventLoop)
                )
            )
        }
    }

    func answer(_ status: Int, _ body: [UInt8]) {
        guard let context, awaitsAnswer else { return }
        awaitsAnswer = false
        var headers: HTTPHeaders = ["Content-Type": "application/json", "Content-Length": "\(body.count)"]
        if !isKept { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: body)))), promise: nil)
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        guard !isKept else { return }
        let channel = context.channel
        written.whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A broken connection or a text that is no HTTP: the client sees the end of the connection.
        context.close(promise: nil)
    }
}
