import BatonConflux
import BatonKernel
import BatonModel
import Testing

@Suite("Who may be granted the right to vote, and from which bytes")
struct LicenceTests {
    static let r8 = GrantNumber(rawValue: 8)
    /// Grant 8 is open to B for 37011/57; A was stopped and its file handed over; nothing was placed yet.
    static let granted = Scene.stopped.with {
        $0.a.handedOver = [41: $0.a.save]
        $0.a.save = .absent
        $0.memory.lastGrant = GrantRecord(grant: Scene.grant(8, to: "b", 37011, 57), closing: nil)
    }
    /// B crashed after it had voted up to 37011/61 by grant 8.
    static let crashed = granted.with {
        $0.b.pid = 21
        $0.b.json = Scene.held(37011, 61)
    }
    /// A's machine is gone: nothing of it can be asked.
    static let gone = Scene.voting.with {
        $0.doubts = [.process("a"): .unreachable, .voting("a"): .unreachable, .files("a"): .unreachable, .ledger("a"): .unreachable]
    }

    struct Given: Equatable {
        let state: VoteState
        let origin: Origin
        let closing: Closing?
    }
    static func given(_ licence: Licence) -> Given? {
        guard case .granted(let state, let origin, _, let closing, _) = licence else { return nil }
        return Given(state: state, origin: origin, closing: closing)
    }
    static func isWait(_ licence: Licence, _ rule: RuleID) -> Bool {
        if case .wait(rule, _) = licence { return true }
        return false
    }
    static func isRefused(_ licence: Licence, _ rule: RuleID) -> Bool {
        if case .refused(rule, _) = licence { return true }
        return false
    }
    static let closedByStop = Closing.fenced(GrantNumber(rawValue: 7), Scene.fence("a", .stopped, pid: 10))

    // MARK: The table of the epochs

    @Test("the same epoch: the record starts the receiver, and its grant closes with the giver's fence")
    func sameEpoch() {
        let expected: Licence = .granted(
            Scene.state(37011, 57), .record(of: GrantNumber(rawValue: 7)),
            fences: [Scene.fence("a", .stopped, pid: 10), Scene.fence("b", .idle, pid: 20)], closing: Self.closedByStop,
            incarnation: Scene.life(of: "b"))
        #expect(Scene.stopped.licence(for: "b") == expected)
    }

    @Test("the receiver is an epoch ahead: it starts from its own file, which signed nothing there")
    func receiverAhead() {
        let ahead = Scene.stopped.with {
            $0.b.epoch = 37012
            $0.b.json = Scene.held(37012, 0, stamp: Scene.ownStamp)
        }
        let own = Given(
            state: Scene.state(37012, 0, stamp: Scene.ownStamp), origin: .record(of: GrantNumber(rawValue: 7)), closing: Self.closedByStop)
        #expect(Self.given(ahead.licence(for: "b")) == own)
        // Not from a file that may have signed there, or that is of the epoch before.
        let others: [VoteFile] = [
            Scene.held(37012, 1, stamp: Scene.ownStamp), Scene.held(37011, 0, stamp: Scene.ownStamp), .absent, .unreadable("x"),
        ]
        for file in others { #expect(Self.isWait(ahead.with { $0.b.json = file }.licence(for: "b"), "conflux.own-file")) }
        // A signature of ours there means another voter.
        let voted = ahead.with { $0.highest = Watermark(epoch: 37012, round: 3) }
        #expect(Self.isRefused(voted.licence(for: "b"), "safety.r2"))
    }

    @Test("the node that stopped itself has no file of its own for the next epoch")
    func stoppedItself() {
        let rolled = Scene.stopped.with { $0.a.epoch = 37012 }
        #expect(Self.isWait(rolled.licence(for: "a"), "safety.r2"))
    }

    @Test("the receiver is behind: it waits")
    func receiverBehind() {
        #expect(Self.isWait(Scene.stopped.with { $0.b.epoch = 37010 }.licence(for: "b"), "conflux.synced"))
        #expect(Self.isWait(Scene.stopped.with { $0.doubts = [.ledger("b"): .unreachable] }.licence(for: "b"), "conflux.synced"))
    }

    @Test("a receiver that does not run gets nothing")
    func receiverEnded() {
        #expect(Self.isWait(Scene.stopped.with { $0.b.pid = nil }.licence(for: "b"), "conflux.running"))
        #expect(Self.given(Scene.stopped.with { $0.missing = [.process("b")] }.licence(for: "b")) == nil)
    }

    // MARK: Every node is fenced

    static let unfenced: [@Sendable (inout Scene, NodeID) -> Void] = [
        { $0.change($1) { $0.flag = true } }, { $0.change($1) { $0.unanswered = "start_voting" } },
        { $0.change($1) { $0.voterNext = true } }, { $0.change($1) { $0.voterNext = nil } },
        { $0.change($1) { $0.servesPort = false } },
        { $0.doubts = [.voting($1): .unreachable] }, { $0.doubts = [.process($1): .unreachable] }, { $0.stale = [.voting($1)] },
        { $0.stale = [.process($1)] }, { $0.missing = [.voting($1)] }, { $0.missing = [.process($1)] },
    ]

    @Test("a grant needs a fence of every node", arguments: ["a", "b", "c"] as [NodeID])
    func needsEveryFence(_ node: NodeID) {
        var scene = Scene.stopped
        scene.c = Scene.Node(pid: 30, json: Scene.held(37011, 0, stamp: Scene.anew))
        #expect(Self.given(scene.licence(for: "b")) != nil)
        for (index, change) in Self.unfenced.enumerated() {
            #expect(Self.given(scene.with { change(&$0, node) }.licence(for: "b")) == nil, "\(index)")
        }
    }

    // MARK: The record of the last grant

    @Test("the record may have been handed over already")
    func findsHandedOver() {
        let scene = Scene.stopped.with {
            $0.a.handedOver = [41: $0.a.save, 40: Scene.held(37011, 50)]
            $0.a.save = .absent
        }
        #expect(Self.given(scene.licence(for: "b"))?.state == Scene.state(37011, 57))
    }

    @Test("a younger owner stamp is a file made anew: amnesia, and no record")
    func knowsAmnesia() {
        let anew = Scene.stopped.with { $0.a.save = Scene.held(37011, 60, stamp: Scene.anew) }
        #expect(Self.isWait(anew.licence(for: "b"), "safety.r2"))
        let restarted = Scene.stopped.with {
            $0.a.pid = 11
            $0.a.save = .absent
            $0.a.json = Scene.held(37011, 0, stamp: Scene.anew)
        }
        #expect(Self.isWait(restarted.licence(for: "b"), "safety.r2"))
        #expect(Self.isWait(restarted.licence(for: "a"), "safety.r2"))
        // The record beside such a file still counts.
        let beside = restarted.with { $0.a.save = Scene.held(37011, 57) }
        #expect(Self.given(beside.licence(for: "b"))?.state == Scene.state(37011, 57))
    }

    @Test("a host that was rebooted has no record, and an epoch barrier heals it")
    func knowsReboots() {
        let rebooted = Scene.stopped.with { $0.a.bootID = "later" }
        #expect(Self.isWait(rebooted.licence(for: "b"), "safety.r2"))
        let later = rebooted.with {
            $0.memory.barrier = 37011
            $0.b.epoch = 37012
            $0.b.json = Scene.held(37012, 0, stamp: Scene.ownStamp)
        }
        #expect(Self.given(later.licence(for: "b"))?.origin == .epochBarrier(above: 37011))
    }

    @Test("a file below the granted bytes is no record")
    func knowsOldFiles() {
        for (epoch, round) in [(37011, 39), (37010, 99), (36000, 10)] as [(UInt64, UInt64)] {
            let old = Scene.stopped.with { $0.a.save = Scene.held(epoch, round) }
            #expect(Self.isWait(old.licence(for: "b"), "safety.r2"), "\(epoch)/\(round)")
        }
        let equal = Scene.stopped.with {
            $0.a.save = Scene.held(37011, 40)
            $0.highest = nil
        }
        #expect(Self.given(equal.licence(for: "b"))?.state == Scene.state(37011, 40))
    }

    @Test("a file that can't be read or is another's is no record")
    func knowsStrangeFiles() {
        for file in [VoteFile.unreadable("zero bytes"), .foreign(owner: String(repeating: "cd", count: 32)), .absent] {
            #expect(Self.isWait(Scene.stopped.with { $0.a.save = file }.licence(for: "b"), "safety.r2"))
        }
        #expect(Self.given(Scene.stopped.with { $0.doubts = [.files("a"): .unreadable] }.licence(for: "b")) == nil)
    }

    @Test("the highest of the record's copies counts")
    func takesTheHighest() {
        let many = Self.crashed.with {
            $0.b.save = Scene.held(37011, 59)
            $0.b.handedOver = [40: Scene.held(37011, 58)]
        }
        #expect(Self.given(many.licence(for: "a"))?.state == Scene.state(37011, 61))
        let moved = many.with { $0.b.handedOver = [40: Scene.held(37011, 62)] }
        #expect(Self.given(moved.licence(for: "a"))?.state == Scene.state(37011, 62))
    }

    // MARK: Grants under which no start ran

    static let unused = Given(
        state: Scene.state(37011, 57), origin: .record(of: r8), closing: .unused(r8, shown: "token never consumed on b"))

    @Test("a token that was never placed: the granted bytes are the record, for either node")
    func neverPlaced() {
        #expect(Self.given(Self.granted.licence(for: "b")) == Self.unused)
        #expect(Self.given(Self.granted.licence(for: "a")) == Self.unused)
        // Its process was replaced, and its own file is the one that was kept.
        let restarted = Self.granted.with {
            $0.b.pid = 21
            $0.b.kept = Scene.held(37011, 0, stamp: Scene.ownStamp)
        }
        #expect(Self.given(restarted.licence(for: "b")) == Self.unused)
        // Replaced, and nobody knows what its file was.
        let unknown = restarted.with { $0.b.kept = .absent }
        #expect(Self.isWait(unknown.licence(for: "b"), "safety.r2"))
        let anew = restarted.with { $0.b.json = Scene.held(37011, 0, stamp: Scene.anew) }
        #expect(Self.isWait(anew.licence(for: "b"), "safety.r2"))
    }

    @Test("a token that was taken away with exactly the granted bytes closes its grant as unused")
    func revoked() {
        let revoked = Self.granted.with {
            $0.b.pid = 21
            $0.b.revoked = [8: Scene.held(37011, 57)]
        }
        let expected = Given(
            state: Scene.state(37011, 57), origin: .record(of: Self.r8), closing: .unused(Self.r8, shown: "token revoked on b"))
        #expect(Self.given(revoked.licence(for: "b")) == expected)
        #expect(Self.given(revoked.licence(for: "a")) == expected)
        // Another token lies there again: it may be consumed at any moment.
        #expect(Self.given(revoked.with { $0.b.save = Scene.held(37011, 57) }.licence(for: "a"))?.closing != expected.closing)
    }

    @Test("another digest in .revoked means that a stop ran there: not unused")
    func revokedAnother() {
        let another = Self.granted.with { $0.b.revoked = [8: Scene.held(37011, 0, stamp: Scene.ownStamp)] }
        #expect(Self.given(another.licence(for: "a")) == nil)
        #expect(Self.isWait(another.licence(for: "b"), "safety.r2"))
    }

    @Test("a token revoked under another grant shows nothing of this one")
    func revokedBefore() {
        let before = Self.granted.with {
            $0.b.pid = 21
            $0.b.revoked = [6: Scene.held(37011, 57)]
        }
        #expect(Self.given(before.licence(for: "a")) == nil)
        #expect(Self.isWait(before.licence(for: "b"), "safety.r2"))
    }

    @Test("an adopted grant was used: its node voted")
    func adoptedIsUsed() {
        let adopted = Self.granted.with {
            $0.memory.lastGrant = GrantRecord(grant: Scene.grant(8, to: "b", 37011, 57, origin: .adopted), closing: nil)
        }
        #expect(Self.given(adopted.licence(for: "a")) == nil)
        #expect(Self.isWait(adopted.licence(for: "b"), "safety.r2"))
    }

    @Test("a closed grant is not unused again: only its record counts")
    func closedIsUsed() {
        let closed = Self.granted.with {
            let fence = Scene.fence("b", .idle, pid: 20)
            $0.memory.lastGrant = GrantRecord(grant: Scene.grant(8, to: "b", 37011, 57), closing: .fenced(Self.r8, fence))
        }
        #expect(Self.given(closed.licence(for: "a")) == nil)
        #expect(Self.isWait(closed.licence(for: "b"), "safety.r2"))
    }

    // MARK: A node that starts again after its own stop

    /// B was started by grant 8 from 37011/57 when the epoch rolled; it was mute, and has just been stopped.
    static let muted = granted.with {
        $0.b.json = .absent
        $0.b.save = Scene.held(37011, 57)
        $0.b.kept = Scene.held(37011, 0, stamp: Scene.ownStamp)
        $0.b.epoch = 37012
        $0.network.epoch = 37012
        $0.highest = Watermark(epoch: 37011, round: 57)
    }

    @Test("mute repair: a node that signed nothing since its grant starts from (e, 0, 0) of its own file")
    func repairsMute() throws {
        let given = try #require(Self.given(Self.muted.licence(for: "b")))
        #expect(given.state.watermark == Watermark(epoch: 37012, round: 0))
        #expect(given.origin == .record(of: Self.r8))
        #expect(given.closing == .fenced(Self.r8, Scene.fence("b", .stopped, pid: 20)))
        // The owner is kept, and so is the waypoint.
        let file = try JSON(parsing: given.state.bytes)
        #expect(file["owner_account"]?["last_update"]?.integer == Scene.lineage)
        #expect(file["safety_data"]?["value"]?["last_vote"]?.isNull == true)
    }

    static let unmended: [(String, @Sendable (inout Scene) -> Void)] = [
        ("it healed itself: its file is of a later epoch than the grant", { $0.b.save = Scene.held(37012, 3) }),
        ("no copy of its own file was kept", { $0.b.kept = .absent }),
        ("its process is another one", { $0.b.pid = 21 }),
        ("a vote of ours is on chain in this epoch", { $0.highest = Watermark(epoch: 37012, round: 1) }),
        ("whether one is can't be known", { $0.doubts = [.signatures: .unreachable] }),
        ("its own file is there", { $0.b.json = Scene.held(37012, 0, stamp: Scene.anew) }),
        ("another node is not fenced", { $0.doubts = [.voting("a"): .unreachable] }),
        ("what it stopped with is not what it was granted", { $0.b.save = Scene.held(37010, 57) }),
    ]

    @Test("a mute repair needs all of that", arguments: unmended.indices)
    func repairsNothingElse(_ index: Int) {
        let (name, change) = Self.unmended[index]
        let given = Self.given(Self.muted.with(change).licence(for: "b"))
        #expect(given?.state.watermark != Watermark(epoch: 37012, round: 0) || given?.origin != .record(of: Self.r8), "\(name)")
    }

    @Test("a restoring abort: within its epoch the very process that stopped goes on from its record")
    func restores() {
        // A was stopped, nothing was granted to B yet.
        let expected = Given(state: Scene.state(37011, 57), origin: .record(of: GrantNumber(rawValue: 7)), closing: Self.closedByStop)
        #expect(Self.given(Scene.stopped.licence(for: "a")) == expected)
        // Granted to B and never placed: back to A by the granted bytes, and B's grant is unused.
        #expect(Self.given(Self.granted.licence(for: "a")) == Self.unused)
        // B ran by its grant: only B's record counts.
        #expect(Self.given(Self.crashed.licence(for: "a"))?.state == Scene.state(37011, 61))
        // Behind the epoch's end its memory is stale.
        #expect(Self.isWait(Scene.stopped.with { $0.a.epoch = 37012 }.licence(for: "a"), "safety.r2"))
    }

    // MARK: Vetoes

    @Test("the vote ledger's floor vetoes what is below it")
    func floorVetoes() {
        for (round, isGranted) in [(56, true), (57, true), (58, false)] as [(UInt64, Bool)] {
            let scene = Scene.stopped.with { $0.memory.floor = .known(Watermark(epoch: 37011, round: round)) }
            #expect((Self.given(scene.licence(for: "b")) != nil) == isGranted, "\(round)")
            if !isGranted { #expect(Self.isRefused(scene.licence(for: "b"), "safety.r2")) }
        }
        let later = Self.granted.with { $0.memory.floor = .known(Watermark(epoch: 37012, round: 0)) }
        #expect(Self.isRefused(later.licence(for: "b"), "safety.r2"), "granted bytes are no exception")
    }

    @Test("a signature on chain above the record vetoes it")
    func signatureVetoes() {
        for (mark, isGranted) in [((37011, 57), true), ((37011, 58), false), ((37012, 1), false)] as [((UInt64, UInt64), Bool)] {
            let scene = Scene.stopped.with { $0.highest = Watermark(epoch: mark.0, round: mark.1) }
            #expect((Self.given(scene.licence(for: "b")) != nil) == isGranted, "\(mark)")
            if !isGranted { #expect(Self.isRefused(scene.licence(for: "b"), "safety.r2")) }
        }
    }

    // MARK: Without a record

    @Test("only an epoch that began after every fence may be started without a record")
    func barrier() {
        let lost = Scene.stopped.with { $0.a.save = .absent }
        #expect(Self.isWait(lost.licence(for: "b"), "safety.r2"), "the fences have not settled")
        let settled = lost.with { $0.memory.barrier = 37011 }
        #expect(Self.isWait(settled.licence(for: "b"), "safety.r2"), "in the epoch itself")
        let beyond = settled.with {
            $0.b.epoch = 37012
            $0.b.json = Scene.held(37012, 0, stamp: Scene.ownStamp)
        }
        let expected = Given(
            state: Scene.state(37012, 0, stamp: Scene.ownStamp), origin: .epochBarrier(above: 37011),
            closing: .fenced(GrantNumber(rawValue: 7), Scene.fence("a", .idle, pid: 10)))
        #expect(Self.given(beyond.licence(for: "b")) == expected)
        #expect(Self.isWait(beyond.with { $0.memory.barrier = 37012 }.licence(for: "b"), "safety.r2"))
        #expect(Self.isWait(beyond.with { $0.b.json = Scene.held(37012, 2, stamp: Scene.ownStamp) }.licence(for: "b"), "safety.r2"))
        #expect(Self.given(beyond.with { $0.b.json = .absent }.licence(for: "b")) == nil)
    }

    @Test("the barrier is noted once the fences have settled, above everything that was seen")
    func notesTheBarrier() {
        func noted(_ scene: Scene, after seconds: Int64) -> Memory {
            var memory = scene.memory
            Conflux.note(scene.facts, in: &memory, of: scene.plan, at: scene.now)
            let later = scene.with { $0.now = $0.now.advanced(by: .seconds(seconds)) }
            Conflux.note(later.facts, in: &memory, of: later.plan, at: later.now)
            return memory
        }
        #expect(noted(.stopped, after: 5).barrier == nil)
        #expect(noted(.stopped, after: 6).barrier == 37011)
        #expect(noted(.stopped.with { $0.network.epoch = 37013 }, after: 6).barrier == 37013)
        #expect(noted(.stopped.with { $0.a.epoch = 37014 }, after: 6).barrier == 37014)
        #expect(noted(.stopped.with { $0.b.json = Scene.held(37015, 0) }, after: 6).barrier == 37015)
        #expect(noted(.stopped.with { $0.a.save = Scene.held(37016, 3) }, after: 6).barrier == 37016)
        #expect(noted(.stopped.with { $0.memory.floor = .known(Watermark(epoch: 37017, round: 1)) }, after: 6).barrier == 37017)
        #expect(noted(.stopped.with { $0.missing = [.network] }, after: 6).barrier == nil)
        // One node that is not seen fenced begins the time anew.
        var memory = noted(.stopped, after: 6)
        let broken = Scene.stopped.with { $0.doubts = [.voting("b"): .unreachable] }
        Conflux.note(broken.facts, in: &memory, of: broken.plan, at: broken.now)
        #expect(memory.barrier == nil)
        #expect(memory.fencedSince == nil)
    }

    @Test("the first start of a key's life needs two reference nodes that show it never voted")
    func firstEver() {
        let newborn = JudgeTests.newborn
        let expected = Given(state: Scene.state(37011, 0, stamp: Scene.ownStamp), origin: .firstEver, closing: nil)
        #expect(Self.given(newborn.licence(for: "b")) == expected)
        let others: [(inout Scene) -> Void] = [
            { $0.history = (1, 0) }, { $0.history = (2, 1) }, { $0.history = (0, 0) }, { $0.missing = [.history] },
            { $0.doubts = [.history: .unreachable] }, { $0.stale = [.history] },
            { $0.b.json = Scene.held(37011, 5, stamp: Scene.ownStamp) }, { $0.b.json = .absent },
            { $0.memory.floor = .known(Watermark(epoch: 37011, round: 1)) },
        ]
        for (index, change) in others.enumerated() { #expect(Self.given(newborn.with(change).licence(for: "b")) == nil, "\(index)") }
    }

    // MARK: Adoption

    @Test("a node that people started becomes the grantee once it is seen to vote alone")
    func adopts() {
        let found = Scene.voting.with {
            $0.memory.lastGrant = nil
            $0.memory.rounds["a"] = Memory.RoundSeen(watermark: Watermark(epoch: 37011, round: 57), movedAt: $0.now)
        }
        let expected: Licence = .granted(
            Scene.state(37011, 57), .adopted, fences: [Scene.fence("b", .idle, pid: 20)], closing: nil, incarnation: Scene.life(of: "a"))
        #expect(found.licence(for: "a") == expected)
        #expect(Self.isWait(found.with { $0.memory.rounds = [:] }.licence(for: "a"), "conflux.file-advances"))
        #expect(Self.isRefused(found.with { $0.a.json = .unreadable("x") }.licence(for: "a"), "conflux.own-file"))
        for (index, change) in Self.unfenced.enumerated() {
            #expect(Self.given(found.with { change(&$0, "b") }.licence(for: "a")) == nil, "\(index)")
        }
        #expect(Self.given(found.licence(for: "b")) == nil, "nor is the other granted anything")
    }

    // MARK: Schedules that must fail to make two voters

    @Test("S1: a copy of A's file of one round before is never started on B in the same epoch")
    func s1() {
        let streamed = Self.gone.with { $0.b.save = Scene.held(37011, 56) }
        #expect(Self.given(streamed.licence(for: "b")) == nil)
        // A's process has ended for certain, its disk can't be read: only an epoch barrier remains.
        let ended = streamed.with {
            $0.doubts = [.files("a"): .unreadable]
            $0.a.pid = nil
        }
        #expect(Self.isWait(ended.licence(for: "b"), "safety.r2"))
    }

    @Test("S2: rolling back after a start was sent to B takes B's file, not A's archive")
    func s2() {
        #expect(Self.given(Self.crashed.licence(for: "a"))?.state == Scene.state(37011, 61))
        let silent = Self.crashed.with {
            $0.doubts = [.process("b"): .unreachable, .voting("b"): .unreachable, .files("b"): .unreachable]
        }
        #expect(Self.given(silent.licence(for: "a")) == nil)
        #expect(Self.given(Self.crashed.with { $0.doubts = [.files("b"): .unreadable] }.licence(for: "a")) == nil)
    }

    @Test("S3: while B's queued start may run, nothing is granted to A")
    func s3() {
        let queued = Self.granted.with {
            $0.b.save = Scene.held(37011, 57)
            $0.b.unanswered = "start_voting"
        }
        #expect(Self.given(queued.licence(for: "a")) == nil)
        #expect(Self.given(queued.licence(for: "b")) == nil)
    }

    @Test("S4: A died with its disk; last month's file licenses nothing, nor does B's own of this epoch")
    func s4() {
        let restored = Scene.stopped.with {
            $0.a.pid = 11
            $0.a.save = .absent
            $0.a.json = Scene.held(36000, 10)
        }
        for node in ["a", "b"] as [NodeID] {
            #expect(Self.isWait(restored.licence(for: node), "safety.r2"))
            // “The file is older than the epoch, so start with own data” is not so here.
            let rolled = restored.with {
                $0.b.epoch = 37012
                $0.b.json = Scene.held(37012, 0, stamp: Scene.ownStamp)
            }
            #expect(Self.given(rolled.licence(for: node)) == nil)
        }
    }

    @Test("S7: a ghost stop put B's own file over the token: what B restarts from is no record")
    func s7() {
        let ghost = Self.granted.with {
            $0.b.pid = 21
            $0.b.json = Scene.held(37011, 58, stamp: Scene.ownStamp)
            $0.b.kept = Scene.held(37011, 0, stamp: Scene.ownStamp)
        }
        #expect(Self.given(ghost.licence(for: "a")) == nil)
        #expect(Self.isWait(ghost.licence(for: "b"), "safety.r2"))
    }
}

extension Scene {
    /// Changes one node.
    mutating func change(_ id: NodeID, _ body: (inout Node) -> Void) {
        switch id {
        case "a": body(&a)
        case "b": body(&b)
        default:
            if var third = c {
                body(&third)
                c = third
            }
        }
    }
}

extension LicenceTests {
    @Test("a .save or a handed-over file anywhere is a life: no first start")
    func firstEverWithFiles() {
        for node in ["a", "b"] as [NodeID] {
            let saved = JudgeTests.newborn.with { $0.change(node) { $0.save = Scene.held(37010, 5) } }
            #expect(Self.given(saved.licence(for: "b")) == nil)
            let handed = JudgeTests.newborn.with { $0.change(node) { $0.handedOver = [3: Scene.held(37010, 5)] } }
            #expect(Self.given(handed.licence(for: "b")) == nil)
        }
    }
}
