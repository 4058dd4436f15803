import BatonDevnet
import BatonHTTP
import BatonModel
import Foundation
import Testing

/// What `baton devnet fault` does to a real node process: each fault by its effect. About 3 s.
///
/// Delays are an hour, so that what is delayed never comes within the test and no time is measured.
@Suite(.serialized) struct DevnetFaults {
    private static let hour = Duration.seconds(3600)
    /// How long a call is given that must not be answered.
    private static let moment = Duration.milliseconds(200)

    /// Each fault, on node A of a devnet where nobody votes.
    enum Kind: String, CaseIterable, Sendable { case slow, reorder, busy, foreign, zero, absent, garbled }

    @Test(arguments: Kind.allCases)
    func aFaultHasItsEffectOnARealNode(kind: Kind) async throws {
        try await Bench.withDevnet("fault-" + kind.rawValue, nobodyVotes: true) { devnet, fault in
            switch kind {
            case .slow: try await slow(devnet.nodes[0], fault)
            case .reorder: try await reorder(devnet.nodes[0], fault)
            case .busy: try await busy(devnet.nodes[0], fault)
            case .foreign: try await foreign(devnet, fault)
            case .zero, .absent: try await madeAnew(kind == .zero ? .zero : .absent, devnet.nodes[0], fault)
            case .garbled: try await garbled(devnet.nodes[0], fault)
            }
        }
    }

    private func isAnswered(_ node: Devnet.Node, _ method: String) async -> Bool {
        // No answer is what is looked for.
        (try? await DevnetCall.reply(node.port, method, within: Self.moment)) != nil
    }

    private func slow(_ node: Devnet.Node, _ fault: DevnetFault) async throws {
        try await fault.slow(node.name, by: Self.hour)
        #expect(await !isAnswered(node, "test_posVotingStatus"))
        #expect(await !isAnswered(node, "pos_getStatus"), "reading is as slow")
        try await fault.clear(node.name)
        #expect(try await DevnetCall.result(node.port, "test_posVotingStatus") == false)
    }

    private func reorder(_ node: Devnet.Node, _ fault: DevnetFault) async throws {
        let loop = SerialLoop()
        let warm = try await HTTPClient.open(port: node.port, on: loop)
        let status = RPCWords.status
        #expect(await warm.post(status) != nil)
        try await fault.reorder(node.name, by: Self.hour)
        #expect(await !isAnswered(node, "test_posVotingStatus"), "the first call of a new connection waits")
        #expect(await warm.post(status) != nil, "one on a warm connection overtakes it")
        try await fault.clear(node.name)
        #expect(try await DevnetCall.result(node.port, "test_posVotingStatus") == false)
        await loop.stop()
    }

    private func busy(_ node: Devnet.Node, _ fault: DevnetFault) async throws {
        try await fault.busy(node.name, for: Self.hour)
        #expect(await !isAnswered(node, "test_posVotingStatus"), "the command loop does nothing")
        #expect(try await DevnetCall.result(node.port, "pos_getStatus")["epoch"] != nil, "reading goes on")
        try await fault.clear(node.name)
        #expect(try await DevnetCall.result(node.port, "test_posVotingStatus") == false)
    }

    /// A file of another owner: the node starts, says that it votes, and never does.
    private func foreign(_ devnet: Devnet, _ fault: DevnetFault) async throws {
        let node = devnet.nodes[0]
        try await fault.file(node.name, .foreign)
        try await fault.restart(node.name, asVoter: true)
        #expect(try await DevnetCall.result(node.port, "test_posVotingStatus") == true)
        let log = try String(contentsOfFile: node.directory + "/log/pos.log", encoding: .utf8)
        #expect(log.contains("author in secure_storage does not match PoS keys!"))
        let round = try await DevnetCall.result(devnet.chainPort, "dev_view")["round"]?.integer ?? 0
        try await Bench.until("three rounds go by") {
            try await DevnetCall.result(devnet.chainPort, "dev_view")["round"]?.integer ?? 0 > round + 3
        }
        #expect(try await Bench.votes(fault) == 0)
    }

    /// No file, or an empty one: a restarted node makes a fresh one without a word.
    private func madeAnew(_ state: DevnetFault.FileState, _ node: Devnet.Node, _ fault: DevnetFault) async throws {
        let path = node.directory + "/pos_db/secure_storage.json"
        try await fault.file(node.name, state)
        if state == .zero {
            #expect(try Data(contentsOf: URL(filePath: path)).isEmpty)
        } else {
            #expect(!FileManager.default.fileExists(atPath: path))
        }
        try await fault.restart(node.name)
        let made = try JSON(parsing: Array(try Data(contentsOf: URL(filePath: path))))
        #expect(made["safety_data"]?["value"]?["last_voted_round"] == 0)
        #expect(made["owner_account"]?["value"]?.string == node.posAddress)
    }

    /// Half a text: the node ends at its start and says why.
    private func garbled(_ node: Devnet.Node, _ fault: DevnetFault) async throws {
        try await fault.file(node.name, .garbled)
        let error = await #expect(throws: BatonError.self) { try await fault.restart(node.name) }
        #expect(error?.message.contains("ended at its start") == true, "\(error?.message ?? "")")
    }
}

/// Bodies of calls.
private enum RPCWords {
    static let status = Array(#"{"id":1,"jsonrpc":"2.0","method":"test_posVotingStatus","params":[]}"#.utf8)
}
