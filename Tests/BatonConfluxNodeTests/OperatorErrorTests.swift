import BatonConfluxNode
import BatonModel
import Testing

/// conflux-pos.md §1.1, §1.4 and §1.5: what operator calls answer, in the words of each version.
@Suite struct OperatorErrors {
    static let noFile = "Internal error: No such file or directory (os error 2)"
    static let unexpected = "Unexpected error returned by secure storage: "

    private func expect(_ reply: RPCReply, _ text: String, _ version: NodeVersion, _ where: SourceLocation = #_sourceLocation) {
        let wanted: RPCError =
            switch version {
            case .v3_0_3:
                RPCError(code: -32016, message: "Error processing request: Custom error detail: \(text)")
            case .v3_1_0: RPCError(code: -32603, message: "Internal error", data: text)
            }
        #expect(reply == .error(wanted), sourceLocation: `where`)
    }

    @Test(arguments: NodeVersion.allCases)
    func everyCallSaysThatPoSIsNotInitialised(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version, initialised: false)
        expect(net.start("a", initialize: true), "Pos not initialized!", version)
        expect(net.stop("a"), "Pos not initialized!", version)
        expect(net.call("a", "test_posVotingStatus"), "Pos not initialized!", version)
    }

    @Test(arguments: NodeVersion.allCases)
    func stopElectionFailsWithoutAnyDetail(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version, initialised: false)
        #expect(net.call("a", "test_posStopElection") == .error(RPCError(code: -32603, message: "Internal error")))
    }

    @Test(arguments: NodeVersion.allCases)
    func startWithoutASaveNamesThePath(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version)
        let path = "./pos_db/secure_storage.json.save"
        expect(net.start("a"), Self.unexpected + "new secure storage path incorrect: \"\(path)\"", version)
        #expect(net.nodes["a"]?.isVoting == false)
    }

    @Test(arguments: NodeVersion.allCases)
    func startAfterOwnStopLacksTheOwnFile(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version, voter: true)
        #expect(net.stop("a") == .result(.null))
        expect(net.start("a"), Self.unexpected + Self.noFile, version)
        #expect(net.file("a", "secure_storage.json.save") != nil)
    }

    @Test(arguments: NodeVersion.allCases)
    func aSaveOfAnotherKeyIsRefusedWithBothOwnersInUpperCase(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version)
        net.put("a", "secure_storage.json.save", Harness.bytes(owner: Harness.otherKey))
        let own = net.file("a")
        expect(
            net.start("a"),
            Self.unexpected + "current: \(Harness.key.uppercased()), new: \(Harness.otherKey.uppercased())", version
        )
        #expect(net.file("a") == own)
        #expect(net.file("a", "secure_storage.json.save") == Harness.bytes(owner: Harness.otherKey))
    }

    @Test(arguments: NodeVersion.allCases)
    func aSaveWithoutOwnerIsRefused(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version)
        net.put("a", "secure_storage.json.save", Harness.bytes(owner: nil))
        expect(net.start("a"), "Data not found in secure storage: Key not set: owner_account", version)
    }

    @Test(arguments: NodeVersion.allCases)
    func theOwnFileWithoutOwnerGivesTheSameWords(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version)
        net.put("a", "secure_storage.json", Harness.bytes(owner: nil))
        net.put("a", "secure_storage.json.save", Harness.bytes())
        expect(net.start("a"), "Data not found in secure storage: Key not set: owner_account", version)
    }

    @Test(arguments: NodeVersion.allCases, ["garbled", "[]", "{\"owner_account\":1}", "{\"owner_account\""])
    func aGarbledSaveIsASerializationError(_ version: NodeVersion, _ text: String) throws {
        var net = Harness()
        try net.boot("a", version)
        net.put("a", "secure_storage.json.save", Array(text.utf8))
        guard case .error(let error) = net.start("a") else { return #expect(Bool(false), "it was accepted") }
        #expect((error.data ?? error.message).contains(Self.unexpected + "Serialization error: "))
        #expect(net.file("a", "secure_storage.json.save") == Array(text.utf8))
    }

    @Test(arguments: NodeVersion.allCases)
    func aSaveThatMayNotBeReadIsAPermissionError(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version)
        net.put("a", "secure_storage.json.save", Harness.bytes())
        net.disks["a"]?.denied = ["secure_storage.json.save"]
        expect(net.start("a"), Self.unexpected + "Internal error: Permission denied (os error 13)", version)
    }

    @Test(arguments: NodeVersion.allCases)
    func aSaveWithoutSafetyDataFailsBehindTheRename(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version)
        let save: JSON = ["owner_account": ["data": "GetResponse", "last_update": 1, "value": .string(Harness.key)]]
        net.put("a", "secure_storage.json.save", save.canonical)
        expect(net.start("a"), "Data not found in secure storage: Key not set: safety_data", version)
        #expect(net.file("a", "secure_storage.json.save") == nil)
        #expect(net.file("a") == save.canonical)
        #expect(net.nodes["a"]?.isVoting == false)
    }

    @Test(arguments: NodeVersion.allCases)
    func aSecondStopFailsAndTheFlagStays(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version, voter: true)
        #expect(net.stop("a") == .result(.null))
        expect(net.stop("a"), Self.noFile, version)
        #expect(net.call("a", "test_posVotingStatus") == .result(false))
    }

    @Test func aStopOfAVoterWhoseFileIsGoneLeavesItVoting() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.put("a", "secure_storage.json", nil)
        expect(net.stop("a"), Self.noFile, .v3_0_3)
        #expect(net.call("a", "test_posVotingStatus") == .result(true))
    }

    static let wrongParams: [(String, [JSON])] = [
        ("test_posStartVoting", []), ("test_posStartVoting", ["false"]), ("test_posStartVoting", [false, false]),
        ("test_posStopVoting", [true]), ("test_posVotingStatus", [1]), ("test_posStopElection", [1]),
        ("test_posRegister", []), ("test_posRegister", [1]), ("debug_currentSyncPhase", [1]),
    ]

    @Test(arguments: wrongParams)
    func wrongParamsAreRefused(_ method: String, _ params: [JSON]) throws {
        var net = Harness()
        try net.boot("a", .v3_1_0)
        guard case .error(let error) = net.call("a", method, params) else { return #expect(Bool(false), "\(method) ran") }
        #expect(error.code == -32602 && error.message.hasPrefix("Invalid params"))
    }

    @Test(
        arguments: [
            "pos_start_voting", "pos_stop_voting", "pos_voting_status", "pos_register", "pos_stop_election",
            "current_sync_phase", "getpeerinfo", "stop", "test_posStart", "eth_syncing",
        ], NodeVersion.allCases
    )
    func theNamesOfOldVersionsAreUnknown(_ method: String, _ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version)
        #expect(net.call("a", method) == .error(RPCError(code: -32601, message: "Method not found")))
    }

    @Test func thePublicPortServesReadingMethodsOnly() {
        #expect(NodeModel.isPublic("pos_getStatus"))
        #expect(NodeModel.isPublic("cfx_clientVersion"))
        for method in ["test_posStartVoting", "test_posVotingStatus", "debug_currentSyncPhase", "test_getPeerInfo", "pos_nonsense"] {
            #expect(!NodeModel.isPublic(method))
        }
    }
}

/// The end of conflux-pos.md §1.4: calls that no guard stops.
@Suite struct MissingGuards {
    @Test func startWithInitializeOnAVoterIsANoOp() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(2)
        let before = net.file("a")
        let stamp = net.nodes["a"]?.stamps.set
        #expect(net.start("a", initialize: true) == .result(.null))
        #expect(net.file("a") == before)
        #expect(net.nodes["a"]?.stamps.set == stamp)
    }

    @Test func startOnAVoterWithASaveRollsItsWatermarkBack() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(1)
        net.put("a", "secure_storage.json.save", net.file("a"))
        net.rounds(3)
        #expect(net.marks("a") == [37_011, 4, 2])
        #expect(net.start("a") == .result(.null))
        #expect(net.marks("a") == [37_011, 1, 0])
        #expect(net.file("a", "secure_storage.json.save") == nil)
    }

    @Test func stopOnAnIdleNodeOverwritesTheSaveThatLiesThere() throws {
        var net = Harness()
        try net.boot("b")
        let own = net.file("b")
        net.put("b", "secure_storage.json.save", Harness.bytes(last: 57, preferred: 55))
        #expect(net.stop("b") == .result(.null))
        #expect(net.file("b", "secure_storage.json.save") == own)
        #expect(net.file("b") == nil)
    }

    @Test func stopElectionAnswersTheSameFigureEachTime() throws {
        var net = Harness(roundsPerEpoch: 120)
        try net.boot("a", voter: true)
        let first = net.call("a", "test_posStopElection")
        guard case .result(.integer(let height)) = first else { return #expect(Bool(false), "no decimal number: \(first.line)") }
        // In the first half of a term 7R − x rounds remain, and the node is out with the next height.
        #expect(UInt64(height) == net.chain.view.epochEndHeight + 7 * 120 + 1)
        net.rounds(2)
        #expect(net.call("a", "test_posStopElection") == first)
        #expect(net.nodes["a"]?.hasStoppedElections == true)
    }

    @Test func stopElectionOfAnIdentityOutsideTheCommitteeIsNull() throws {
        var net = Harness(inCommittee: false)
        try net.boot("a")
        #expect(net.call("a", "test_posStopElection") == .result(.null))
    }

    @Test func noCallAsksForPhaseMembershipOrRegistration() throws {
        var net = Harness(inCommittee: false)
        try net.boot("a", catchingUp: true)
        #expect(net.start("a", initialize: true) == .result(.null))
        #expect(net.stop("a") == .result(.null))
    }
}

/// conflux-pos.md §1.5: what the calls mean.
@Suite struct OperatorMeaning {
    @Test func theFlagIsMemoryOnlyAndEveryRestartResetsIt() throws {
        var net = Harness()
        try net.boot("a")
        #expect(net.start("a", initialize: true) == .result(.null))
        #expect(net.call("a", "test_posVotingStatus") == .result(true))
        try net.boot("a", incarnation: "a#2")
        #expect(net.call("a", "test_posVotingStatus") == .result(false))
        try net.boot("a", voter: true, incarnation: "a#3")
        #expect(net.call("a", "test_posVotingStatus") == .result(true))
    }

    @Test func aNodeThatIsNotVotingSignsNothingAndFollowsTheChain() throws {
        var net = Harness()
        try net.boot("a")
        net.rounds(5)
        #expect(net.votes.isEmpty)
        #expect(net.nodes["a"]?.horizon?.committedHeight == net.chain.view.committedHeight)
        #expect(net.nodes["a"]?.horizon?.votedHeight == net.chain.view.votedHeight)
        #expect(net.nodes["a"]?.horizon?.powEpoch == net.chain.view.powEpoch)
    }

    @Test func startWithInitializeReadsNothingFromDisk() throws {
        var net = Harness()
        try net.boot("a")
        net.put("a", "secure_storage.json", Harness.bytes(last: 9, preferred: 7))
        #expect(net.start("a", initialize: true) == .result(.null))
        net.rounds(1)
        // The data in memory allowed round 1, and overwrote the file.
        #expect(net.places("a") == [Watermark(epoch: 37_011, round: 1)])
        #expect(net.marks("a") == [37_011, 1, 0])
    }

    @Test func startAfterOwnStopWithInitializeIsTrueAndMute() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(1)
        #expect(net.stop("a") == .result(.null))
        #expect(net.start("a", initialize: true) == .result(.null))
        net.rounds(2)
        #expect(net.call("a", "test_posVotingStatus") == .result(true))
        #expect(net.votes.count == 1)
        #expect(net.has("No such file or directory", in: "a"))
    }

    @Test func stopMovesTheFileAndNothingIsSignedAfterwards() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(2)
        let live = net.file("a")
        #expect(net.stop("a") == .result(.null))
        #expect(net.file("a") == nil)
        #expect(net.file("a", "secure_storage.json.save") == live)
        net.rounds(2)
        #expect(net.votes.count == 2)
        #expect(net.nodes["a"]?.stamps.cleared != nil)
    }

    @Test func startTakesTheSaveOverByteForByte() throws {
        var net = Harness()
        try net.boot("b")
        let save = Harness.bytes(last: 57, preferred: 55)
        net.put("b", "secure_storage.json.save", save)
        #expect(net.start("b") == .result(.null))
        #expect(net.file("b") == save)
        #expect(net.file("b", "secure_storage.json.save") == nil)
        #expect(net.nodes["b"]?.stamps.set == net.now)
    }

    @Test func registerGivesCalldataAndTheAddressWithoutPrefix() throws {
        var net = Harness()
        try net.boot("a")
        guard case .result(.array(let parts)) = net.call("a", "test_posRegister", ["0x64", 0]) else {
            return #expect(Bool(false), "no array")
        }
        #expect(parts.count == 2 && parts[1] == .string(Harness.key))
        #expect(parts[0].string?.hasPrefix("0xe335b451") == true)
    }

    @Test func peersAndPhaseAreAnsweredByTheProcessItself() throws {
        var net = Harness()
        try net.boot("a", catchingUp: true)
        #expect(net.call("a", "debug_currentSyncPhase") == .result("CatchUpSyncBlockPhase"))
        guard case .result(.array(let peers)) = net.call("a", "test_getPeerInfo") else { return #expect(Bool(false), "no array") }
        #expect(peers.count == 5 && peers[0]["nodeid"]?.string?.utf8.count == 130)
        #expect(NodeModel.kind(of: "debug_currentSyncPhase") == .direct)
        #expect(NodeModel.kind(of: "test_posVotingStatus") == .queued)
    }

    @Test func stopEndsTheProcessInGoodOrder() throws {
        var net = Harness()
        try net.boot("a")
        #expect(net.call("a", "test_stop") == .result(.null))
        #expect(net.nodes["a"]?.isAskedToStop == true)
    }
}
