import BatonHTTP
import Testing

/// The server that every devnet process stands on.
@Suite struct HTTPServers {
    private func withServer(
        _ answering: @escaping @Sendable (UInt64, String, [UInt8]) async -> (status: Int, body: [UInt8]),
        _ body: (HTTPServer, SerialLoop) async throws -> Void
    ) async throws {
        let loop = SerialLoop()
        let server = try await HTTPServer.open(on: loop, answering: answering)
        try await body(server, loop)
        await server.close()
        await loop.stop()
    }

    @Test func oneConnectionHasOneNumberAndAnotherHasAnother() async throws {
        try await withServer({ connection, _, _ in (200, Array("\(connection)".utf8)) }) { server, loop in
            let one = try await HTTPClient.open(port: server.port, on: loop)
            let other = try await HTTPClient.open(port: server.port, on: loop)
            let first = await one.post([1])
            #expect(first != nil)
            #expect(await one.post([2]) == first)
            #expect(await other.post([3]) != first)
        }
    }

    @Test func callsOfOneConnectionAreHandedOverOneAfterTheOther() async throws {
        let loop = SerialLoop()
        // The first call is held; the second must not be seen before it is answered.
        let (seen, sight) = AsyncStream.makeStream(of: HTTPCall.self)
        let server = try await HTTPServer.open(on: loop) { sight.yield($0) }
        let client = try await HTTPClient.open(port: server.port, on: loop)
        async let first = client.post([1])
        var calls = seen.makeAsyncIterator()
        let one = try #require(await calls.next())
        #expect(one.body == [1])
        async let second = client.post([2])
        let other = try await HTTPClient.open(port: server.port, on: loop)
        async let third = other.post([3])
        // Another connection's call passes the held one; the same connection's does not.
        let passing = try #require(await calls.next())
        #expect(passing.body == [3])
        passing.answer(200, [30])
        one.answer(200, [10])
        let late = try #require(await calls.next())
        #expect(late.body == [2])
        late.answer(200, [20])
        #expect(await [first, second, third] == [[10], [20], [30]])
        await server.close()
        await loop.stop()
    }

    @Test func aBodyOverTheLimitIsRefusedAndTheConnectionEnds() async throws {
        try await withServer({ _, _, body in (200, Array("\(body.count)".utf8)) }) { server, loop in
            let client = try await HTTPClient.open(port: server.port, on: loop)
            let limit = HTTPServer.bodyLimit
            #expect(await client.post([UInt8](repeating: 32, count: limit)) == Array("\(limit)".utf8))
            let answer = await client.post([UInt8](repeating: 32, count: limit + 1))
            #expect(answer == Array("{\"error\":\"body over 10 MiB\"}".utf8))
            #expect(await client.post([1]) == nil)
        }
    }

    @Test func aDroppedCallEndsTheConnectionWithoutAnAnswer() async throws {
        let loop = SerialLoop()
        let server = try await HTTPServer.open(on: loop) { $0.drop() }
        let client = try await HTTPClient.open(port: server.port, on: loop)
        #expect(await client.post([1]) == nil)
        await server.close()
        await loop.stop()
    }
}
