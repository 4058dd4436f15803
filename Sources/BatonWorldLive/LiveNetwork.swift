import BatonModel
public import BatonWorld
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Connections over the machine's TCP.
public struct LiveNetwork: Network {
    /// The largest answer body that is taken.
    ///
    /// - Unit: bytes (10 MiB, see ``WireError/malformed``).
    static let answerLimit = 10 << 20

    /// Makes the network; connections share the process's ``ControllerLoop`` and nothing else.
    public init() {}

    /// Opens one connection of its own.
    ///
    /// An IPv4 literal is used as it is, a name goes through the system's resolver (its time counts too).
    /// - Throws: ``WireError/timedOut`` at the deadline; ``WireError/refused`` for every other failure (nobody listens,
    ///   no route, no such name): nothing was sent.
    public func open(_ endpoint: Endpoint, within: Duration) async throws(WireError) -> any Wire {
        let host = "\(endpoint.host):\(endpoint.port)"
        let initializer: @Sendable (any Channel) -> EventLoopFuture<LiveWire> = { channel in
            channel.eventLoop.makeCompletedFuture { try LiveWire.install(on: channel, host: host) }
        }
        let bootstrap = ClientBootstrap(group: ControllerLoop.shared.loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.nanoseconds(max(within.nanoseconds, 1_000_000)))
        let wire: LiveWire
        do {
            if let address = LiveNetwork.literal(endpoint) {
                wire = try await bootstrap.connect(to: address, channelInitializer: initializer)
            } else {
                wire = try await bootstrap.connect(
                    host: endpoint.host,
                    port: endpoint.port,
                    channelInitializer: initializer
                )
            }
        } catch {
            throw LiveNetwork.reason(error)
        }
        guard !wire.isSelfConnected else {
            // With nobody listening, a port of the ephemeral range can be connected to itself by TCP's simultaneous open.
            await wire.close()
            throw .refused
        }
        return wire
    }

    private static func literal(_ endpoint: Endpoint) -> SocketAddress? {
        // A name is no literal: the failure says just that.
        try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)
    }

    private static func reason(_ error: any Error) -> WireError {
        switch error {
        case ChannelError.connectTimeout: .timedOut
        case let error as IOError where error.errnoCode == ETIMEDOUT: .timedOut
        case let error as NIOConnectionError where error.connectionErrors.contains { reason($0.error) == .timedOut }:
            .timedOut
        default: .refused
        }
    }
}
