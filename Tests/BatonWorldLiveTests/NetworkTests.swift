import BatonModel
import BatonWorld
import BatonWorldLive
import Testing

@Suite(.timeLimit(.minutes(2))) struct NetworkTests {
    private let network = LiveNetwork()
    private let long = Duration.seconds(30)

    private func connect() async throws -> (wire: any Wire, peer: Peer) {
        let listener = try Listener()
        let wire = try await network.open(Endpoint(host: "127.0.0.1", port: listener.port), within: long)
        return (wire, try listener.accept())
    }

    @Test func `a request is a POST with host, length and JSON type, and its answer comes back`() async throws {
        let listener = try Listener()
        let wire = try await network.open(Endpoint(host: "127.0.0.1", port: listener.port), within: long)
        let peer = try listener.accept()
        try await wire.send(Array(#"{"id":1}"#.utf8))
        let request = try peer.request()
        #expect(request.head.hasPrefix("POST / HTTP/1.1\r\n"))
        #expect(request.head.contains("Host: 127.0.0.1:\(listener.port)"))
        #expect(request.head.contains("Content-Type: application/json"))
        #expect(request.body == #"{"id":1}"#)
        try peer.answer(#"{"result":true}"#)
        #expect(text(try await wire.receive(within: long)) == #"{"result":true}"#)
        await wire.close()
    }

    @Test func `a name goes through the resolver`() async throws {
        let listener = try Listener()
        let wire = try await network.open(Endpoint(host: "localhost", port: listener.port), within: long)
        _ = try listener.accept()
        await wire.close()
    }

    @Test func `an answer that is late is read on the same connection after the deadline`() async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("one".utf8))
        _ = try peer.request()
        #expect(await reason { () throws(WireError) in try await wire.receive(within: .milliseconds(20)) } == .timedOut)
        #expect(await reason { () throws(WireError) in try await wire.receive(within: .zero) } == .timedOut)
        try peer.answer("late")
        #expect(text(try await wire.receive(within: long)) == "late")
        try await wire.send(Array("two".utf8))
        #expect(try peer.request().body == "two")
        try peer.answer("on time")
        #expect(text(try await wire.receive(within: long)) == "on time")
        await wire.close()
    }

    @Test func `a cancelled waiting loses no answer`() async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("x".utf8))
        _ = try peer.request()
        let outcome = await withTaskGroup(of: WireError?.self) { group in
            // Longer than the suite may take: only the cancellation can end it.
            group.addTask { await reason { () throws(WireError) in try await wire.receive(within: .seconds(100_000)) } }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(outcome == .timedOut)
        try peer.answer("kept")
        #expect(text(try await wire.receive(within: long)) == "kept")
        #expect(text(try await wire.receive(within: long)) == "kept", "an answer is kept until the next request")
        await wire.close()
    }

    @Test(arguments: ["400 Bad Request", "404 Not Found", "500 Internal Server Error", "503 Service Unavailable"])
    func `an answer with another status is handed on`(status: String) async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("x".utf8))
        _ = try peer.request()
        try peer.answer(#"{"error":1}"#, status: status)
        #expect(text(try await wire.receive(within: long)) == #"{"error":1}"#)
        await wire.close()
    }

    @Test func `an answer in chunks and pieces is put together`() async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("x".utf8))
        _ = try peer.request()
        try peer.send("HTTP/1.1 200 OK\r\nTransfer-Enc")
        try peer.send("oding: chunked\r\n\r\n3\r\nabc\r\n2\r\nd")
        #expect(await reason { () throws(WireError) in try await wire.receive(within: .milliseconds(20)) } == .timedOut)
        try peer.send("e\r\n0\r\n\r\n")
        #expect(text(try await wire.receive(within: long)) == "abcde")
        await wire.close()
    }

    @Test(arguments: [
        "220 mail.example ESMTP\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10485761\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n",
    ])
    func `what is no answer is malformed`(bytes: String) async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("x".utf8))
        _ = try peer.request()
        try peer.send(bytes)
        #expect(await reason { () throws(WireError) in try await wire.receive(within: long) } == .malformed)
        await wire.close()
    }

    @Test(arguments: [(10 << 20, nil), (10 << 20 + 1, WireError.malformed)])
    func `an answer of unsaid length may have 10 MiB`(size: Int, error: WireError?) async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("x".utf8))
        _ = try peer.request()
        // The event loop takes the bytes in without being asked, so the sending ends by itself.
        try peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        try peer.send([UInt8](repeating: 0x20, count: size))
        peer.end()
        #expect(await reason { () throws(WireError) in try await wire.receive(within: long) } == error)
        await wire.close()
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
    func `a connection that ends before the whole answer is closed`(beginning: String) async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("x".utf8))
        _ = try peer.request()
        try peer.send(beginning)
        peer.end()
        #expect(await reason { () throws(WireError) in try await wire.receive(within: long) } == .closed)
        #expect(await reason { () throws(WireError) in try await wire.receive(within: long) } == .closed)
        #expect(await reason { () throws(WireError) in try await wire.send([1]) } == .closed)
        await wire.close()
    }

    @Test func `a waiting that is under way ends when the peer closes`() async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("x".utf8))
        _ = try peer.request()
        let long = long
        async let outcome = reason { () throws(WireError) in try await wire.receive(within: long) }
        peer.end()
        #expect(await outcome == .closed)
    }

    @Test func `a connection closed while idle is found by the next request`() async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("x".utf8))
        _ = try peer.request()
        try peer.answer("answer")
        _ = try await wire.receive(within: long)
        peer.end()
        // The end is on its way through the kernel: a request that still leaves must be told as closed by its waiting.
        let sending = await reason { () throws(WireError) in try await wire.send([1]) }
        let waiting = await reason { () throws(WireError) in try await wire.receive(within: long) }
        #expect(sending == .closed || waiting == .closed)
        #expect(await reason { () throws(WireError) in try await wire.send([1]) } == .closed)
    }

    @Test func `after an answer that announces the end nothing more is sent`() async throws {
        let (wire, peer) = try await connect()
        try await wire.send(Array("x".utf8))
        _ = try peer.request()
        try peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        #expect(text(try await wire.receive(within: long)) == "ok")
        #expect(await reason { () throws(WireError) in try await wire.send([1]) } == .closed)
        #expect(peer.seesEnd())
    }

    @Test func `closing ends the connection, and every later use says so`() async throws {
        let (wire, peer) = try await connect()
        await wire.close()
        #expect(peer.seesEnd())
        #expect(await reason { () throws(WireError) in try await wire.send([1]) } == .closed)
        #expect(await reason { () throws(WireError) in try await wire.receive(within: long) } == .closed)
        await wire.close()
    }

    @Test func `a wire that nobody holds is closed`() async throws {
        let listener = try Listener()
        _ = try await network.open(Endpoint(host: "127.0.0.1", port: listener.port), within: long)
        #expect(try listener.accept().seesEnd())
    }

    @Test func `where nobody listens the opening is refused`() async throws {
        let endpoint = Endpoint(host: "127.0.0.1", port: try Listener.closedPort())
        #expect(await reason { () throws(WireError) in try await network.open(endpoint, within: long) } == .refused)
    }

    @Test func `two openings are two connections`() async throws {
        let listener = try Listener()
        let endpoint = Endpoint(host: "127.0.0.1", port: listener.port)
        let (first, second) = (try await network.open(endpoint, within: long), try await network.open(endpoint, within: long))
        let (one, two) = (try listener.accept(), try listener.accept())
        try await first.send(Array("first".utf8))
        try await second.send(Array("second".utf8))
        #expect(try one.request().body == "first")
        #expect(try two.request().body == "second")
        await first.close()
        await second.close()
    }

    @Test func `a thousand requests keep one connection and their order`() async throws {
        let (wire, peer) = try await connect()
        for number in 0..<1000 {
            try await wire.send(Array("\(number)".utf8))
            try peer.answer("answer to \(peer.request().body)")
            #expect(text(try await wire.receive(within: long)) == "answer to \(number)")
        }
        await wire.close()
    }

    @Test func `a second request before the answer is a defect that ends the process`() async {
        await #expect(processExitsWith: .failure) {
            let listener = try Listener()
            let wire = try await LiveNetwork().open(Endpoint(host: "127.0.0.1", port: listener.port), within: .seconds(9))
            try await wire.send([1])
            try await wire.send([2])
        }
    }
}
