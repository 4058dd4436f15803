import BatonConfluxNode
import BatonModel
import Testing

/// The chain: rounds, certificates, commits, epochs, evidence.
@Suite struct ChainBehaviour {
    @Test func votesAreDueAtHalfTheRoundAndTheCertificateClosesHalfARoundLater() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        #expect(net.chain.nextDeadline == Instant(nanoseconds: 15_000_000_000))
        #expect(net.chain.advance(to: Instant(nanoseconds: 14_999_999_999)).isEmpty)
        net.halfRound()
        #expect(net.chain.nextDeadline == Instant(nanoseconds: 30_000_000_000))
        #expect(net.chain.verdict(of: Harness.key)?.rounds == 0)
        net.halfRound()
        #expect(net.chain.verdict(of: Harness.key)?.rounds == 1)
        #expect(net.chain.view.round == 2)
    }

    @Test func aVoteBehindTheCertificateIsEvidenceAndAMissedRound() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        let events = net.chain.advance(to: net.chain.nextDeadline)
        _ = net.chain.advance(to: net.chain.nextDeadline)
        net.deliver(events)
        let verdict = try #require(net.chain.verdict(of: Harness.key))
        #expect(verdict.missed == [Watermark(epoch: 37_011, round: 1)])
        #expect(verdict.votesCast == 1)
    }

    @Test func aLateCallerMakesALongRoundAndLosesNone() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        for step in 1...20 as ClosedRange<Int64> { net.deliver(net.chain.advance(to: Instant(nanoseconds: step * 600_000_000_000))) }
        #expect(net.chain.verdict(of: Harness.key)?.missed == [])
        #expect(net.votes.count == 10)
    }

    @Test func aBlockCommitsWhenTwoConsecutiveOnesBehindItAreCertified() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        let first = net.chain.view.committedHeight
        net.rounds(2)
        #expect(net.chain.view.committedHeight == first)
        net.rounds(1)
        #expect(net.chain.view.committedHeight == first + 1)
        net.rounds(5)
        #expect(net.chain.view.committedHeight == first + 6)
    }

    @Test func aRoundWithoutABlockBreaksTheChainOfThree() throws {
        // Two of ours with the power of all: without the second there is no quorum, only half the timeouts.
        var net = Harness(others: 0)
        try net.boot("a", voter: true)
        try net.boot("c", voter: true, key: Harness.otherKey)
        net.rounds(3)
        let height = net.chain.view.committedHeight
        #expect(net.stop("c") == .result(.null))
        net.rounds(2)
        #expect(net.chain.isStalled && net.chain.view.round == 4)
        net.put("c", "secure_storage.json", net.file("c", "secure_storage.json.save"))
        #expect(net.start("c") == .result(.null))
        net.rounds(1)
        #expect(net.chain.view.round == 5)
        net.rounds(2)
        #expect(net.chain.view.committedHeight == height)
        net.rounds(1)
        #expect(net.chain.view.committedHeight > height)
    }

    @Test func timeoutsGrowWhileNothingCommits() throws {
        var net = Harness(others: 0)
        try net.boot("a", voter: true)
        try net.boot("c", voter: true, key: Harness.otherKey)
        net.rounds(3)
        var lengths: [Int64] = []
        for _ in 0..<12 {
            net.chain.silence(rounds: 1)
            let start = net.now
            net.rounds(1)
            lengths.append(start.duration(to: net.now).nanoseconds / 1_000_000_000)
        }
        // NIL blocks in consecutive rounds commit, too, so the rounds stay at base length plus the wait for the quorum.
        #expect(lengths.allSatisfy { $0 == 45 })
    }

    @Test func anEpochEndsByHeightsAndItsRoundsRunTwoFurther() throws {
        var net = Harness(roundsPerEpoch: 10)
        try net.boot("a", voter: true)
        let start = net.chain.view.committedHeight
        net.rounds(11)
        #expect(net.chain.view.epoch == 37_011)
        net.rounds(1)
        #expect(net.chain.view.epoch == 37_012 && net.chain.view.round == 1)
        #expect(net.chain.view.committedHeight == start + 10)
        #expect(net.votes.last?.block.round == 12)
        net.rounds(12)
        #expect(net.chain.view.epoch == 37_013)
        #expect(net.chain.verdict(of: Harness.key)?.missed == [])
    }

    @Test func theChainGoesOnWithoutUsByTheOtherVoters() {
        var net = Harness()
        net.rounds(10)
        #expect(net.chain.view.round == 11)
        #expect(net.chain.verdict(of: Harness.key)?.missed.count == 10)
        #expect(net.chain.verdict(of: Harness.key, since: Watermark(epoch: 37_011, round: 8))?.missed.count == 3)
    }

    @Test func twoVotersOverlapAndContradictEachOtherAsLeaderWhichIsDisputed() throws {
        var net = Harness(roundsPerEpoch: 60, others: 300, power: 100)
        try net.boot("a", voter: true)
        try net.boot("b", voter: true)
        net.rounds(30)
        let verdict = try #require(net.chain.verdict(of: Harness.key))
        #expect(verdict.overlap.count == 30)
        #expect(!verdict.conflicting.isEmpty && verdict.conflicting.count < 30)
        #expect(verdict.conflicting.allSatisfy { $0.by == ["a#1", "b#1"] })
        #expect(verdict.disputes == 1 && !verdict.isSafe)
        #expect(verdict.missed.isEmpty)
        let account = net.chain.read("pos_getAccount", [.string("0x" + Harness.key)])
        guard case .result(let json) = account else { return #expect(Bool(false), "\(account.line)") }
        #expect(json["status"]?["availableVotes"] == "0x0")
        #expect(json["status"]?["outQueue"]?.array?.count == 1)
        net.roll()
        #expect(!net.chain.view.committee.contains(Harness.key))
    }

    @Test func oneVoterNeverContradictsItself() throws {
        var net = Harness(roundsPerEpoch: 10, others: 300, power: 100)
        try net.boot("a", voter: true)
        for _ in 0..<6 {
            net.rounds(5)
            net.chain.silence(rounds: 2)
        }
        let verdict = try #require(net.chain.verdict(of: Harness.key))
        #expect(verdict.isSafe && verdict.missed.isEmpty)
        #expect(verdict.voters.count == 1)
    }

    @Test func aProposalVoteHereAndATimeoutThereAreAConflict() throws {
        var net = Harness(others: 0)
        try net.boot("a", voter: true)
        net.halfRound()
        // The second process comes after the proposal: at the timeout it votes NIL.
        try net.boot("b", voter: true)
        net.halfRound()
        let verdict = try #require(net.chain.verdict(of: Harness.key))
        #expect(verdict.conflicting.map(\.at) == [Watermark(epoch: 37_011, round: 1)])
        #expect(net.chain.voters(of: Harness.key, at: Watermark(epoch: 37_011, round: 1)) == ["a#1", "b#1"])
    }

    @Test func theSameSeedGivesTheSameChain() throws {
        func play(_ seed: UInt64) throws -> (JSON, [SignedVote]) {
            var net = Harness(roundsPerEpoch: 7, seed: seed)
            try net.boot("a", voter: true)
            net.rounds(20)
            return (try #require(net.chain.verdict(of: Harness.key)).json, net.votes)
        }
        #expect(try play(5) == play(5))
        #expect(try play(5).1 != play(6).1)
    }

    @Test func eventsVotesAndViewsSurviveTheWire() throws {
        var net = Harness(roundsPerEpoch: 5, others: 300, power: 100)
        try net.boot("a", voter: true)
        var events: [ChainEvent] = []
        for step in 0..<40 {
            if step == 7 { net.chain.silence(rounds: 1) }
            let more = net.chain.advance(to: net.chain.nextDeadline)
            events += more
            net.deliver(more)
        }
        events += [.disputed(posAddress: "ab", at: Watermark(epoch: 1, round: 2)), .forceRetired(posAddress: "ab", height: 3)]
        for event in events { #expect(try ChainEvent(json: JSON(text: event.json.text)) == event) }
        for vote in net.votes { #expect(try SignedVote(json: JSON(text: vote.json.text)) == vote) }
        #expect(try ChainView(json: net.chain.view.json) == net.chain.view)
        #expect(events.contains { if case .epochBegan = $0 { true } else { false } })
    }
}

/// conflux-pos.md §4 and §5: the reading methods.
@Suite struct ReadingMethods {
    private func result(_ net: Harness, _ method: String, _ params: [JSON] = [], horizon: ChainView? = nil) throws -> JSON {
        let reply = net.chain.read(method, params, horizon: horizon)
        guard case .result(let json) = reply else { throw JSONError("\(method): \(reply.line)") }
        return json
    }

    @Test func statusHasItsFields() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(5)
        let status = try result(net, "pos_getStatus")
        #expect(status.object?.keys.sorted() == ["epoch", "latestCommitted", "latestTxNumber", "latestVoted", "pivotDecision"])
        #expect(status["epoch"]?.hexInteger == 37_011)
        #expect(status["latestCommitted"]?.hexInteger == net.chain.view.committedHeight)
        #expect(status["pivotDecision"]?["height"]?.hexInteger != nil)
    }

    @Test func blocksCarryTheSignaturesOfTheirCertificate() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(4)
        let block = try result(net, "pos_getBlockByNumber", ["latest_committed"])
        let accounts = block["signatures"]?.array?.compactMap { $0["account"]?.string } ?? []
        #expect(accounts.contains("0x" + Harness.key) && accounts.count == 6)
        #expect(accounts == accounts.sorted())
        #expect(block["round"] == "0x2" && block["timestamp"]?.hexInteger != nil && block["miner"]?.string != nil)
        #expect(try result(net, "pos_getBlockByHash", [try #require(block["hash"])]) == block)
        #expect(try result(net, "pos_getBlockByNumber", [try #require(block["height"])]) == block)
        #expect(try result(net, "pos_getBlockByNumber", ["0xffffffffff"]) == .null)
    }

    @Test func theNilBlockHasNoMiner() throws {
        var net = Harness()
        net.chain.silence(rounds: 1)
        net.rounds(3)
        #expect(try result(net, "pos_getBlockByNumber", ["latest_committed"])["miner"] == .some(.null))
    }

    @Test func consensusBlocksAreOfThisEpochInOrderAndTheNewestMayHaveNoSignature() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(4)
        net.halfRound()
        let blocks = try #require(try result(net, "pos_getConsensusBlocks").array)
        let rounds = blocks.compactMap { $0["round"]?.hexInteger }
        #expect(rounds == [1, 2, 3, 4, 5])
        #expect(blocks.last?["signatures"]?.array?.isEmpty == true)
        #expect(blocks.last?["hash"]?.string == net.votes.last.map { "0x" + $0.block.id.hex })
        net.halfRound()
        net.roll()
        #expect(try result(net, "pos_getConsensusBlocks") == [])
    }

    @Test func aNodeThatIsBehindAnswersAsFarAsItHasCome() throws {
        var net = Harness(roundsPerEpoch: 6)
        net.rounds(4)
        let behind = net.chain.view
        net.rounds(6)
        #expect(try result(net, "pos_getStatus", horizon: behind)["epoch"]?.hexInteger == 37_011)
        let rounds = try result(net, "pos_getConsensusBlocks", horizon: behind).array?.compactMap { $0["round"]?.hexInteger }
        #expect(rounds?.allSatisfy { $0 <= 4 } == true)
        #expect(try result(net, "pos_getBlockByNumber", [.hex(net.chain.view.committedHeight)], horizon: behind) == .null)
        #expect(try result(net, "pos_getCommittee", horizon: behind)["currentCommittee"]?["epochNumber"]?.hexInteger == 37_011)
    }

    @Test func committeeAddsUpToItsQuorum() throws {
        let committee = try result(Harness(), "pos_getCommittee")
        let now = try #require(committee["currentCommittee"])
        let powers = now["nodes"]?.array?.compactMap { $0["votingPower"]?.hexInteger } ?? []
        #expect(powers.reduce(0, +) == 330 && now["totalVotingPower"] == "0x14a")
        #expect(now["quorumVotingPower"]?.hexInteger == 221)
        #expect(committee["elections"]?.array?.count == 2)
    }

    @Test func theCommitteeOfAPastHeightIsRemembered() throws {
        var net = Harness(roundsPerEpoch: 4)
        let height = net.chain.view.committedHeight + 1
        net.rounds(24)
        #expect(net.chain.view.committee.isEmpty)
        let past = try result(net, "pos_getCommittee", [.hex(height)])["currentCommittee"]
        #expect(past?["epochNumber"]?.hexInteger == 37_011 && past?["nodes"]?.array?.count == 7)
        #expect(try result(net, "pos_getCommittee")["currentCommittee"]?["nodes"]?.array?.count == 5)
    }

    @Test func anUnknownAccountIsAllZeroAndAFutureBlockAnError() throws {
        let net = Harness()
        let unknown: JSON = .string("0x" + String(repeating: "7", count: 64))
        #expect(try result(net, "pos_getAccount", [unknown])["status"]?["availableVotes"] == "0x0")
        let reply = net.chain.read("pos_getAccount", [unknown, "0xfffffffff"])
        guard case .error(let error) = reply else { return #expect(Bool(false), "\(reply.line)") }
        #expect(error.code == -32016 && error.message.contains("is not executed, the latest block number is"))
    }

    @Test(arguments: [
        ("pos_getBlockByNumber", ["12"] as [JSON]), ("pos_getBlockByNumber", []), ("pos_getBlockByHash", ["0x1"]),
        ("pos_getAccount", []), ("pos_getAccount", ["abc"]), ("pos_getEpochState", []), ("cfx_epochNumber", ["newest"]),
    ])
    func badParamsAreRefused(_ method: String, _ params: [JSON]) {
        guard case .error(let error) = Harness().chain.read(method, params) else { return #expect(Bool(false), "accepted") }
        #expect(error.code == -32602)
    }

    @Test func everyReadingMethodAnswers() throws {
        let net = Harness()
        let params: [String: [JSON]] = [
            "pos_getAccount": [.string("0x" + Harness.key)], "pos_getBlockByHash": [.string("0x" + Harness.key)],
            "pos_getBlockByNumber": ["earliest"], "pos_getEpochState": [.hex(37_011)], "pos_getRewardsByEpoch": ["0x1"],
        ]
        for method in ChainModel.readingMethods.sorted() { _ = try result(net, method, params[method] ?? []) }
        #expect(try result(net, "cfx_getStatus")["chainId"] == "0x405")
    }

    @Test func theClientVersionIsTheNodesOwn() throws {
        var net = Harness()
        try net.boot("a", .v3_0_3)
        #expect(net.call("a", "cfx_clientVersion").line.contains("conflux-rust/v3.0.3-"))
    }
}

/// conflux-pos.md §1.3: how calls get into a node.
@Suite struct CommandQueueBehaviour {
    private func call(_ method: String) -> RPCRequest { RPCRequest(id: 1, method: method, params: []) }
    private let zero = Instant(nanoseconds: 0)

    @Test func callsOfOneConnectionKeepTheirOrder() {
        var queue = CommandQueue()
        let first = queue.arrive(call("test_posStopVoting"), connection: 1, at: zero, acceptedAfter: .seconds(5))
        let second = queue.arrive(call("test_posVotingStatus"), connection: 1, at: zero)
        #expect(queue.takeReady(at: zero).isEmpty)
        #expect(queue.nextDeadline == zero.advanced(by: .seconds(5)))
        #expect(queue.takeReady(at: zero.advanced(by: .seconds(5))).map(\.ticket) == [first, second])
    }

    @Test func aStatusOnAnotherConnectionOvertakesADelayedStart() {
        var queue = CommandQueue()
        let start = queue.arrive(call("test_posStartVoting"), connection: 1, at: zero, acceptedAfter: .seconds(1))
        let status = queue.arrive(call("test_posVotingStatus"), connection: 2, at: zero)
        #expect(queue.takeReady(at: zero).map(\.ticket) == [status])
        #expect(queue.takeReady(at: zero.advanced(by: .seconds(1))).map(\.ticket) == [start])
    }

    @Test func afterAPauseWarmConnectionsComeFirst() {
        var queue = CommandQueue()
        _ = queue.arrive(call("test_posVotingStatus"), connection: 1, at: zero)
        _ = queue.takeReady(at: zero)
        queue.pauseAcceptor()
        let start = queue.arrive(call("test_posStartVoting"), connection: 2, at: zero)
        let behind = queue.arrive(call("test_posVotingStatus"), connection: 2, at: zero)
        let status = queue.arrive(call("test_posVotingStatus"), connection: 1, at: zero)
        #expect(queue.takeReady(at: zero).isEmpty && queue.nextDeadline == nil)
        queue.resumeAcceptor()
        #expect(queue.takeReady(at: zero).map(\.ticket) == [status, start, behind])
    }

    @Test func aCommandRunsAlthoughItsClientHasGone() {
        var queue = CommandQueue()
        queue.isLoopBusy = true
        let start = queue.arrive(call("test_posStartVoting"), connection: 1, at: zero)
        #expect(queue.takeReady(at: zero).isEmpty)
        queue.connectionEnded(1)
        queue.isLoopBusy = false
        let taken = queue.takeReady(at: zero)
        #expect(taken.map(\.ticket) == [start] && taken[0].isOrphan && taken[0].refusal == nil)
        #expect(queue.isEmpty)
    }

    @Test func aBusyLoopDoesNotHoldDirectMethodsUp() {
        var queue = CommandQueue()
        queue.isLoopBusy = true
        _ = queue.arrive(call("test_posVotingStatus"), connection: 1, at: zero)
        let phase = queue.arrive(call("debug_currentSyncPhase"), connection: 2, at: zero)
        #expect(queue.takeReady(at: zero).map(\.ticket) == [phase])
        #expect(!queue.isEmpty)
    }

    @Test func aFullChannelAndADeadLoopRefuseWithTheirWords() throws {
        var queue = CommandQueue()
        queue.isLoopBusy = true
        for _ in 0..<CommandQueue.capacityMax { _ = queue.arrive(call("test_posVotingStatus"), connection: 1, at: zero) }
        #expect(queue.takeReady(at: zero).isEmpty)
        _ = queue.arrive(call("test_posVotingStatus"), connection: 2, at: zero)
        #expect(queue.takeReady(at: zero).compactMap(\.refusal) == ["try_send: err=TrySendError { kind: Full }"])
        queue.killLoop()
        let waiting = queue.takeReady(at: zero)
        #expect(waiting.count == CommandQueue.capacityMax)
        #expect(waiting.allSatisfy { $0.refusal == "receiving on a closed channel" })
        _ = queue.arrive(call("test_posVotingStatus"), connection: 3, at: zero)
        #expect(queue.takeReady(at: zero).compactMap(\.refusal) == ["try_send: err=TrySendError { kind: Disconnected }"])
        var net = Harness()
        try net.boot("a", .v3_1_0)
        #expect(net.nodes["a"]?.refusal("x") == .error(RPCError(code: -32603, message: "Internal error", data: "x")))
    }
}

/// The wire: requests in, answers out.
@Suite struct WireForms {
    @Test func aRequestIsReadAndWritten() throws {
        let request = try RPCRequest(body: Array(#"{"jsonrpc":"2.0","id":"x","method":"m","params":[1]}"#.utf8))
        #expect(request == RPCRequest(id: "x", method: "m", params: [1]))
        #expect(try RPCRequest(body: request.body) == request)
        #expect(try RPCRequest(body: Array(#"{"id":1,"method":"m"}"#.utf8)).params == [])
    }

    @Test(arguments: [("{", -32700), ("[]", -32600), ("{}", -32600), (#"{"method":"m","params":{}}"#, -32602)] as [(String, Int64)])
    func aBadRequestHasItsCode(_ text: String, _ code: Int64) {
        let error = #expect(throws: RPCError.self) { try RPCRequest(body: Array(text.utf8)) }
        #expect(error?.code == code)
    }

    @Test(arguments: [
        RPCReply.result(.null), .result(["a": 1]), .error(.methodNotFound), .error(.operatorCall("t", .v3_1_0)),
        .error(.operatorCall("t", .v3_0_3)),
    ])
    func anAnswerSurvivesTheWire(_ reply: RPCReply) throws { #expect(try RPCReply(body: reply.body(id: 7)) == reply) }
}
