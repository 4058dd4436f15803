import Glibc
import Testing

/// A server that does what the test says, byte by byte: the test is both ends, so there is no race and no waiting.
final class Listener: Sendable {
    private let descriptor: Int32
    /// The port on 127.0.0.1.
    let port: Int

    init() throws {
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(made >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(made, generic, size) == 0 && getsockname(made, generic, &size) == 0
            }
        }
        try #require(bound && listen(made, 8) == 0)
        descriptor = made
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    /// The next connection; the client's connect has ended before, so it is there.
    func accept() throws -> Peer {
        let made = Glibc.accept(descriptor, nil, nil)
        try #require(made >= 0)
        return Peer(descriptor: made)
    }

    /// A port that nobody listens on: the system gave it, and then it was closed.
    static func closedPort() throws -> Int { try Listener().port }
}

/// The server's end of one connection.
final class Peer: Sendable {
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    /// Reads one request with a Content-Length; returns its head and its body.
    func request() throws -> (head: String, body: String) {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let all = String(decoding: bytes, as: UTF8.self)
            let parts = all.components(separatedBy: "\r\n\r\n")
            if parts.count > 1 {
                let line = parts[0].components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                let length = try #require(line.flatMap { Int($0.dropFirst("content-length:".count).trimmingSpaces) })
                if parts[1].utf8.count >= length { return (parts[0], parts[1]) }
            }
            let count = unsafe read(descriptor, &chunk, chunk.count)
            try #require(count > 0, "the client closed in the middle of a request")
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Sends bytes as they are.
    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends bytes as they are.
    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            // The client may refuse an answer in its middle.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends an answer with a JSON body.
    func answer(_ body: String, status: String = "200 OK") throws {
        try send("HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Ends the connection in both directions.
    func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Whether the client has closed; waits for its next bytes or its end.
    func seesEnd() -> Bool {
        var byte: UInt8 = 0
        return unsafe read(descriptor, &byte, 1) <= 0
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var (parts, rest): ([String], Substring) = ([], self[...])
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring { drop { $0 == " " } }
}
