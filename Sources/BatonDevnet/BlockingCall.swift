import BatonConfluxNode
import BatonModel
import Glibc

/// A call that holds up its thread until it is answered: for the chain process in scenario mode, where all wait anyway.
enum BlockingCall {
    /// Gives events with their clock to the node on a local port and returns the votes that it casts.
    static func votes(of step: JSON, from port: Int) -> [SignedVote] {
        let answer = DevnetWords.result(post(DevnetWords.request("dev_events", step), port: port))
        // A node of the same build writes votes that can be read.
        return (answer?["votes"]?.array ?? []).compactMap { try? SignedVote(json: $0) }
    }

    /// Posts a body to 127.0.0.1 on a connection of its own; `nil` when it fails.
    static func post(_ body: [UInt8], port: Int) -> [UInt8]? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return nil }
        let head =
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        guard sendAll(Array(head.utf8) + body, to: socket), let answer = receiveAll(from: socket) else { return nil }
        let end: [UInt8] = [13, 10, 13, 10]
        guard let start = answer.indices.first(where: { answer[$0...].starts(with: end) }) else { return nil }
        return Array(answer[(start + 4)...])
    }

    private static func sendAll(_ bytes: [UInt8], to socket: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes {
                unsafe send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 || errno == EINTR else { return false }
            sent += max(0, count)
        }
        return true
    }

    private static func receiveAll(from socket: Int32) -> [UInt8]? {
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe recv(socket, &chunk, chunk.count, 0)
            if count == 0 { return answer }
            guard count > 0 || errno == EINTR else { return nil }
            answer += chunk[..<max(0, count)]
        }
    }
}
