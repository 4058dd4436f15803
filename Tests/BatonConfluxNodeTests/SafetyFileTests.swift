import BatonConfluxNode
import BatonModel
import Testing

/// conflux-pos.md §2.4: what a process makes of the files that it finds.
@Suite struct StartByFileState {
    static let versions = NodeVersion.allCases

    @Test(arguments: versions, [false, true])
    func aValidFileIsKeptAndVotesOnlyAsVoter(_ version: NodeVersion, _ voter: Bool) throws {
        var net = Harness()
        let bytes = Harness.bytes(last: 0, preferred: 0)
        net.put("a", "secure_storage.json", bytes)
        net.put("a", "secure_storage.json.save", Harness.bytes(last: 99, preferred: 97))
        try net.boot("a", version, voter: voter)
        #expect(net.file("a") == bytes)
        net.rounds(1)
        #expect(net.votes.count == (voter ? 1 : 0))
        // The save is ignored at the start.
        #expect(net.marks("a", "secure_storage.json.save") == [37_011, 99, 97])
        #expect(net.has("Attempted to re-initialize existing storage", in: "a"))
    }

    @Test(arguments: versions, [false, true])
    func aMissingFileBesideASaveIsMadeAnew(_ version: NodeVersion, _ voter: Bool) throws {
        var net = Harness()
        net.put("a", "secure_storage.json.save", Harness.bytes(last: 57, preferred: 55))
        try net.boot("a", version, voter: voter)
        #expect(net.marks("a") == [37_011, 0, 0])
        net.rounds(1)
        // As a voter it votes with amnesia, the save beside it.
        #expect(net.places("a") == (voter ? [Watermark(epoch: 37_011, round: 1)] : []))
        #expect(net.marks("a", "secure_storage.json.save") == [37_011, 57, 55])
        guard !voter else { return }
        #expect(net.start("a") == .result(.null))
        #expect(net.marks("a") == [37_011, 57, 55])
    }

    @Test(arguments: versions, [false, true])
    func withoutAnyFileAFreshOneIsMade(_ version: NodeVersion, _ voter: Bool) throws {
        var net = Harness()
        try net.boot("a", version, voter: voter)
        #expect(net.marks("a") == [37_011, 0, 0])
        let json = try JSON(parsing: try #require(net.file("a")))
        #expect(json["owner_account"]?["value"] == .string(Harness.key))
        #expect(json["owner_account"]?["data"] == "GetResponse")
        #expect(json["owner_account"]?["last_update"] == .integer(net.wall))
        #expect((json["waypoint"] != nil) == (version == .v3_0_3))
        #expect(json.canonical == net.file("a"))
        net.rounds(1)
        #expect(net.votes.count == (voter ? 1 : 0))
    }

    @Test(arguments: versions, [false, true])
    func zeroBytesAreTakenForAMissingFile(_ version: NodeVersion, _ voter: Bool) throws {
        var net = Harness()
        net.put("a", "secure_storage.json", [])
        try net.boot("a", version, voter: voter)
        #expect(net.marks("a") == [37_011, 0, 0])
        net.rounds(1)
        #expect(net.votes.count == (voter ? 1 : 0))
    }

    @Test(arguments: versions, [false, true])
    func malformedJSONRefusesToStart(_ version: NodeVersion, _ voter: Bool) {
        var net = Harness()
        net.put("a", "secure_storage.json", Array("{\"safety_data\":".utf8))
        let panic = #expect(throws: NodePanic.self) { try net.boot("a", version, voter: voter) }
        #expect(panic?.description.hasPrefix("Unable to initialize backend storage: ") == true)
        #expect(net.file("a") == Array("{\"safety_data\":".utf8))
    }

    @Test(arguments: versions, [false, true])
    func aFileOfAnotherOwnerStartsAndNeverVotes(_ version: NodeVersion, _ voter: Bool) throws {
        var net = Harness()
        net.put("a", "secure_storage.json", Harness.bytes(owner: Harness.otherKey))
        try net.boot("a", version, voter: voter)
        net.rounds(2)
        #expect(net.votes.isEmpty)
        #expect(net.has("author in secure_storage does not match PoS keys!", in: "a"))
    }

    @Test(arguments: versions)
    func theConfigurationOfAnotherVersionRefusesToStart(_ version: NodeVersion) {
        var net = Harness()
        let other: NodeVersion = version == .v3_0_3 ? .v3_1_0 : .v3_0_3
        let panic = #expect(throws: NodePanic.self) { try net.boot("a", version, config: other) }
        #expect(panic?.description.hasPrefix("Failed to load node config: e=") == true)
        #expect(net.file("a") == nil)
    }

    @Test func consensusDBHoldsARestartedVoterBackForOneRound() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.halfRound()
        #expect(net.votes.count == 1)
        net.put("a", "secure_storage.json", nil)
        try net.boot("a", voter: true, incarnation: "a#2")
        // The open round again, by a process that forgot: nothing; the next round: yes.
        net.deliver([
            .voteDue(
                Proposal(
                    block: net.votes[0].block, parent: net.votes[0].parent, commits: nil, leader: "x", grandparentRound: 0
                ))
        ])
        #expect(net.votes.count == 1)
        net.rounds(2)
        #expect(net.places("a").map(\.round) == [1, 2])
    }

    @Test func aCatchingUpVoterBeginsWhenItHasCaughtUp() throws {
        var net = Harness()
        try net.boot("a", voter: true, catchingUp: true)
        net.rounds(2)
        #expect(net.votes.isEmpty && net.nodes["a"]?.isLoopBusy == true)
        guard var node = net.nodes["a"], var disk = net.disks["a"] else { return #expect(Bool(false), "no node") }
        node.finishCatchUp(disk: &disk, chain: net.chain.view, wallSeconds: net.wall)
        (net.nodes["a"], net.disks["a"]) = (node, disk)
        net.rounds(1)
        #expect(net.places("a").map(\.round) == [3])
    }
}

/// conflux-pos.md §2.5: the rules that decide over a vote.
@Suite struct SafetyRules {
    @Test(arguments: NodeVersion.allCases)
    func rule1RefusesAnotherEpochAndIsNotRepaired(_ version: NodeVersion) throws {
        var net = Harness(roundsPerEpoch: 6)
        try net.boot("b", version)
        net.roll()
        net.put("b", "secure_storage.json.save", Harness.bytes(epoch: 37_011, last: 3, preferred: 1))
        #expect(net.start("b") == .result(.null))
        net.rounds(3)
        #expect(net.votes.isEmpty)
        #expect(net.has("Provided epoch, 37012, does not match expected epoch, 37011", in: "b"))
        // The next epoch's start heals it.
        net.roll()
        #expect(net.marks("b") == [37_013, 0, 0])
        net.rounds(1)
        #expect(net.places("b") == [Watermark(epoch: 37_013, round: 1)])
    }

    @Test func rule1KeepsAFileOfALaterEpochUntilThatEpochComes() throws {
        var net = Harness()
        try net.boot("b")
        net.put("b", "secure_storage.json.save", Harness.bytes(epoch: 37_012, last: 4, preferred: 2))
        #expect(net.start("b") == .result(.null))
        net.rounds(2)
        #expect(net.votes.isEmpty)
        net.roll()
        #expect(net.marks("b") == [37_012, 4, 2])
        net.rounds(6)
        #expect(net.places("b").map(\.round) == [5, 6])
    }

    @Test func rule2SendsTheSameVoteAgain() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(2)
        net.halfRound()
        let cast = try #require(net.votes.last)
        // The file goes to b in the middle of the round, and b is asked for the same round.
        try net.boot("b")
        net.put("b", "secure_storage.json.save", net.file("a"))
        #expect(net.stop("a") == .result(.null))
        #expect(net.start("b") == .result(.null))
        let other = Proposal(
            block: BlockInfo(
                epoch: cast.block.epoch, round: cast.block.round, id: Hash32(mixing: 77), version: cast.block.version,
                timestampMicroseconds: 1, endsEpoch: false, pivotHeight: 1
            ), parent: cast.parent, commits: nil, leader: nil, grandparentRound: 0
        )
        net.deliver([.roundTimedOut(other)])
        let again = try #require(net.votes.last)
        #expect(again.signer == "b" && again.isTimeout)
        #expect(again.ledgerHash == cast.ledgerHash)
        #expect(net.chain.verdict(of: Harness.key)?.conflicting.isEmpty == true)
    }

    @Test func rule3RefusesACertificateBelowThePreferredRound() throws {
        var net = Harness()
        try net.boot("b")
        net.put("b", "secure_storage.json.save", Harness.bytes(last: 0, preferred: 3))
        #expect(net.start("b") == .result(.null))
        net.rounds(5)
        // The proposal of round 4 is the first whose certificate is of round 3.
        #expect(net.places("b").map(\.round) == [4, 5])
        #expect(net.has("Provided round, 0, is incompatible with preferred round, 3", in: "b"))
    }

    @Test func rule3RaisesThePreferredRoundToTheTwoChain() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(6)
        #expect(net.marks("a") == [37_011, 6, 4])
    }

    @Test func rule4RefusesRoundsUpToTheLastVoted() throws {
        var net = Harness()
        try net.boot("b")
        net.put("b", "secure_storage.json.save", Harness.bytes(last: 3, preferred: 0))
        #expect(net.start("b") == .result(.null))
        net.rounds(5)
        #expect(net.places("b").map(\.round) == [4, 5])
        #expect(net.has("Provided round, 2, is incompatible with last voted round, 3", in: "b"))
    }

    @Test func rule5TimesOutWithTheNilBlockAndRaisesTheLastVotedRound() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.chain.silence(rounds: 1)
        net.rounds(1)
        let vote = try #require(net.votes.first)
        #expect(vote.isNil && vote.isTimeout && vote.block.round == 1)
        #expect(net.marks("a") == [37_011, 1, 0])
        #expect(net.chain.verdict(of: Harness.key)?.missed == [])
    }

    @Test func rule5BlocksTimeoutsInRoundsThatMayNotBeVotedIn() throws {
        var net = Harness()
        try net.boot("b")
        net.put("b", "secure_storage.json.save", Harness.bytes(last: 4, preferred: 0))
        #expect(net.start("b") == .result(.null))
        net.chain.silence(rounds: 5)
        net.rounds(5)
        #expect(net.places("b").map(\.round) == [5])
    }

    @Test func rule5SendsTheRoundsVoteWithTheTimeout() throws {
        // Without a quorum the round times out behind a cast vote.
        var net = Harness(others: 0)
        try net.boot("a", voter: true)
        net.rounds(1)
        #expect(net.votes.count == 2)
        #expect(net.votes[0].ledgerHash == net.votes[1].ledgerHash)
        #expect(!net.votes[0].isTimeout && net.votes[1].isTimeout && !net.votes[1].isNil)
    }

    @Test func aVoteIsInTheFileBeforeItLeaves() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        for round in 1...4 as ClosedRange<UInt64> {
            net.halfRound()
            #expect(net.votes.last?.block.round == round)
            let proposed = net.safety("a")?["last_vote"]?["vote_data"]?["proposed"]
            #expect(proposed?["round"]?.unsigned == round)
            #expect(proposed?["id"]?.string == net.votes.last?.block.id.hex)
            #expect(net.safety("a")?["last_voted_round"]?.unsigned == round)
            net.halfRound()
        }
        #expect(net.safety("a")?["last_vote"]?["author"]?.string == Harness.key)
        #expect(net.safety("a")?["last_vote"]?["timeout_signature"] == .some(.null))
    }

    @Test func aVoteThatCannotBeWrittenDoesNotLeave() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        net.rounds(1)
        net.disks["a"]?.denied = ["secure_storage.json"]
        net.rounds(1)
        #expect(net.votes.count == 1)
        net.disks["a"]?.denied = []
        net.rounds(1)
        #expect(net.places("a").map(\.round) == [1, 3])
    }

    @Test func withoutASignerNothingIsSigned() throws {
        var net = Harness(inCommittee: false)
        try net.boot("a", voter: true)
        net.rounds(2)
        #expect(net.votes.isEmpty)
        #expect(net.has("validator_signer is not set, SafetyRules is not initialized", in: "a"))
    }

    @Test func anEpochsStartResetsOlderDataAndKeepsYounger() throws {
        var net = Harness()
        try net.boot("a", voter: true)
        try net.boot("b")
        net.rounds(3)
        net.roll()
        #expect(net.marks("a") == [37_012, 0, 0])
        #expect(net.marks("b") == [37_012, 0, 0])
        #expect(net.safety("a")?["last_vote"] == .some(.null))
    }

    @Test(arguments: NodeVersion.allCases)
    func aStoppedNodeThatCrossedAnEpochStaysMuteWithARestoredFile(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version, voter: true)
        net.rounds(2)
        #expect(net.stop("a") == .result(.null))
        net.roll()
        #expect(net.file("a") == nil)
        let bytes = Harness.bytes(epoch: 37_012)
        net.put("a", "secure_storage.json", bytes)
        net.put("a", "secure_storage.json.save", bytes)
        #expect(net.start("a") == .result(.null))
        net.rounds(2)
        #expect(net.votes.count == 2)
        try net.boot("a", version, incarnation: "a#2")
        net.put("a", "secure_storage.json.save", net.file("a"))
        #expect(net.start("a") == .result(.null))
        net.rounds(1)
        #expect(net.votes.count == 3)
    }
}

/// conflux-pos.md §2.2 and §2.9: the file between versions.
@Suite struct VersionMixing {
    private func handOver(_ from: NodeVersion, _ to: NodeVersion) throws -> Harness {
        var net = Harness(roundsPerEpoch: 8)
        try net.boot("a", from, voter: true)
        try net.boot("b", to)
        net.rounds(2)
        #expect(net.stop("a") == .result(.null))
        net.put("b", "secure_storage.json.save", net.file("a", "secure_storage.json.save"))
        net.put("a", "secure_storage.json.save", nil)
        #expect(net.start("b") == .result(.null))
        net.rounds(1)
        net.roll()
        net.rounds(2)
        return net
    }

    private func waypoint(_ net: Harness, _ node: String) throws -> JSON? {
        try JSON(parsing: try #require(net.file(node)))["waypoint"]
    }

    @Test func a3_0FileVotesOnA3_1NodeWhichKeepsTheWaypoint() throws {
        let net = try handOver(.v3_0_3, .v3_1_0)
        #expect(net.places("b").count == 3)
        #expect(try waypoint(net, "b") != nil)
    }

    @Test func a3_1FileThatCameFrom3_0VotesOnA3_0Node() throws {
        var net = try handOver(.v3_0_3, .v3_1_0)
        try net.boot("a", .v3_0_3, incarnation: "a#2")
        #expect(net.stop("b") == .result(.null))
        net.put("a", "secure_storage.json.save", net.file("b", "secure_storage.json.save"))
        #expect(net.start("a") == .result(.null))
        net.rounds(1)
        net.roll()
        net.rounds(1)
        #expect(net.places("a").suffix(2).map(\.epoch) == [37_012, 37_013])
    }

    @Test func aFileMadeOn3_1NeverVotesOnA3_0NodeBeyondTheOpenEpoch() throws {
        let net = try handOver(.v3_1_0, .v3_0_3)
        #expect(net.places("b").map(\.epoch) == [37_011])
        #expect(net.has("Unable to initialize safety rules.", in: "b"))
        #expect(try waypoint(net, "b") == nil)
    }

    @Test func aFileMadeOn3_1DoesNotVoteAtAllOnA3_0NodeThatStartsFromIt() throws {
        var net = Harness()
        net.put("b", "secure_storage.json", Harness.bytes(waypoint: false))
        try net.boot("b", .v3_0_3, voter: true)
        net.rounds(2)
        net.roll()
        net.rounds(2)
        #expect(net.votes.isEmpty)
    }

    @Test(arguments: NodeVersion.allCases)
    func unknownKeysAreKept(_ version: NodeVersion) throws {
        var net = Harness()
        var members = try #require(try JSON(parsing: Harness.bytes()).object)
        members["zz_future"] = ["value": [1, "two"]]
        net.put("a", "secure_storage.json", JSON.object(members).canonical)
        try net.boot("a", version, voter: true)
        net.rounds(2)
        net.roll()
        #expect(try JSON(parsing: try #require(net.file("a")))["zz_future"] == ["value": [1, "two"]])
    }

    @Test(arguments: NodeVersion.allCases)
    func aFileZeroedUnderAVoterLosesItsOwner(_ version: NodeVersion) throws {
        var net = Harness()
        try net.boot("a", version, voter: true)
        net.rounds(1)
        net.put("a", "secure_storage.json", [])
        net.rounds(1)
        let json = try JSON(parsing: try #require(net.file("a")))
        #expect(json.object?.keys.sorted() == ["safety_data"])
        net.roll()
        net.rounds(1)
        // 3.0.3 is mute from the next epoch on; 3.1 votes on until it is restarted.
        #expect(net.votes.count == (version == .v3_0_3 ? 2 : 3))
        try net.boot("a", version, voter: true, incarnation: "a#2")
        let before = net.votes.count
        net.rounds(2)
        #expect(net.votes.count == before)
    }

    @Test func aLastVoteIsHandedOverByteForByte() throws {
        var net = Harness()
        try net.boot("a", .v3_0_3, voter: true)
        try net.boot("b", .v3_1_0)
        net.rounds(4)
        let given = net.safety("a")?["last_vote"]
        #expect(net.stop("a") == .result(.null))
        net.put("b", "secure_storage.json.save", net.file("a", "secure_storage.json.save"))
        #expect(net.start("b") == .result(.null))
        #expect(net.safety("b")?["last_vote"] == given)
    }
}
