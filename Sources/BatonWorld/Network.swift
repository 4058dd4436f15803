/// An HTTP endpoint `http://host:port/`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: Int
    public init(host: String, port: Int) { (self.host, self.port) = (host, port) }
    public var description: String { "http://\(host):\(port)" }

    /// Reads `http://host:port` with an optional closing slash; `nil` for anything else.
    ///
    /// `localhost` is refused: it may mean `::1` while a node listens on 127.0.0.1 only (conflux-pos.md §1.2).
    public init?(url: String) {
        guard url.hasPrefix("http://") else { return nil }
        var rest = url.dropFirst("http://".count)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[0] != "localhost",
            let port = Int(parts[1]), (1...65_535).contains(port)
        else { return nil }
        self.init(host: String(parts[0]), port: port)
    }
}

/// Opens kept connections.
public protocol Network: Sendable {
    /// Opens one connection of its own; never a pooled one.
    ///
    /// - Throws: ``WireError/refused`` or ``WireError/timedOut``.
    func open(_ endpoint: Endpoint, within: Duration) async throws(WireError) -> any Wire
}

/// One kept HTTP connection that carries JSON bodies: one request, then its answer, in order (safety.md R4).
///
/// A deadline ends the waiting and never the connection: after `timedOut` the same answer is read by calling
/// `receive` again. Only one task uses a wire at a time; sending while an answer is outstanding is a defect.
public protocol Wire: Sendable {
    /// Sends one request body.
    ///
    /// - Throws: ``WireError/closed`` when the connection is gone; the request may or may not have arrived.
    func send(_ body: [UInt8]) async throws(WireError)
    /// Waits for the answer to the request that was sent last.
    ///
    /// - Throws: ``WireError/timedOut`` (the answer may still come), ``WireError/closed`` (it never will on this wire).
    func receive(within: Duration) async throws(WireError) -> [UInt8]
    /// Ends the connection. What was sent may still take effect.
    func close() async
}

/// Why a wire gave no answer.
public enum WireError: Error, Hashable, Sendable {
    /// Nobody listens; nothing was sent.
    case refused
    /// No answer within the deadline; a sent request may still take effect.
    case timedOut
    /// The connection ended; a sent request may have taken effect.
    case closed
    /// The answer is no HTTP answer or over the limit of 10 MiB.
    case malformed
}
