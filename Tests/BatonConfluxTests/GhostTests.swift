import BatonConflux
import BatonKernel
import BatonModel
import BatonWorld
import Synchronization
import Testing

@Suite("What Baton itself does about a command that may still run")
struct GhostPlanTests {
    /// B holds grant 8 and its token; the start was sent or not, nobody knows, and B answers false.
    static let ghost = JudgeTests.placed.with {
        $0.b.unanswered = "start_voting"
        $0.past = OperationHistory(firstVoter: "a", lastCut: "b", isResumed: true)
    }
    static let verbs: [ConfluxVerb] = [.switchover(to: "b"), .start(on: nil), .recover, .abort]

    @Test("the token goes first, then the queue with its process, then somebody is started", arguments: verbs)
    func layingAGhost(verb: ConfluxVerb) throws {
        let plan = try Self.ghost.planner.plan(verb)
        let told = deeds(plan)
        #expect(told.prefix(3) == ["revoke b", "stopProcess b", "startProcess b"])
        #expect(told.contains { $0.hasPrefix("vest") })
        #expect(told.count { $0 == "revoke b" } == 1)
        // Nothing may keep the token there; and no process is ended while a token lies in its sight.
        #expect(plan.steps[0].guards.isEmpty)
        #expect(Set(plan.steps[1].guards) == [.silent("b"), .noSave("b"), .voterFalse("b")])
        #expect(plan.assumptions == [.idle("a")])
    }

    @Test("an upgrade is resumed by the same beginning, and a stop closes the grant after it")
    func otherVerbs() throws {
        let upgrade = try deeds(Self.ghost.planner.plan(.upgrade(Scene.target, switchBack: false)))
        #expect(upgrade.filter { !$0.hasPrefix("stage") }.prefix(3) == ["revoke b", "stopProcess b", "startProcess b"])
        #expect(try deeds(Self.ghost.planner.plan(.stop)) == ["revoke b", "stopProcess b", "startProcess b", "close b"])
    }

    @Test("where no token lies the end of the process is enough")
    func withoutToken() throws {
        let told = try deeds(Self.ghost.with { $0.b.save = .absent }.planner.plan(.recover))
        #expect(told.prefix(2) == ["stopProcess b", "startProcess b"])
    }

    @Test("a node whose token was taken away before a crash is restarted before another is placed")
    func halfLaid() throws {
        let half = Self.ghost.with {
            $0.b.save = .absent
            $0.b.revoked = [8: Scene.held(37011, 57)]
            ($0.b.unanswered, $0.b.mayStillRun) = (nil, true)
        }
        #expect(try deeds(half.planner.plan(.switchover(to: "b"))).prefix(2) == ["stopProcess b", "startProcess b"])
        let voting = Scene.voting.with { $0.b.mayStillRun = true }
        #expect(try deeds(voting.planner.plan(.switchover(to: "b"))).prefix(2) == ["stopProcess b", "startProcess b"])
    }

    /// States in which the doubt stays the operator's.
    static let refused: [(String, Scene)] = [
        ("the .save is another one than the granted", ghost.with { $0.b.save = Scene.held(37011, 56) }),
        ("it is unreadable", ghost.with { $0.b.save = .unreadable("no JSON") }),
        ("the node would vote after a restart", ghost.with { $0.b.voterNext = true }),
        ("another process serves its port", ghost.with { $0.b.servesPort = false }),
        ("the process is suspended", ghost.with { $0.b.isStopped = true }),
        ("its flag is unknown", ghost.with { $0.doubts = [.voting("b"): .unreachable] }),
        ("the other node is in doubt", ghost.with { $0.doubts = [.voting("a"): .unreachable] }),
        ("the other node votes", ghost.with { $0.a.flag = true }),
        ("its facts are old", ghost.with { $0.stale = [.voting("b")] }),
    ]

    @Test("a doubt that Baton can't end by itself is told", arguments: refused.indices)
    func refuses(index: Int) {
        #expect(throws: Refusal.self, "\(Self.refused[index].0)") { try Self.refused[index].1.planner.plan(.recover) }
    }

    @Test("of two doubts the one is told that makes the other: a silent node makes the rest old")
    func tellsTheCause() throws {
        let scene = Scene.voting.with {
            $0.stale = [.voting("a"), .process("a")]
            $0.doubts = [.voting("b"): .unreachable]
        }
        let refusal = #expect(throws: Refusal.self) { try scene.planner.plan(.recover) }
        #expect(refusal?.words.contains("b") == true && refusal?.doubt == .unreachable, "\(refusal?.words ?? "")")
    }

    @Test("a node that votes, or would, where it must not is not waited for")
    func idleNeverComesTrue() {
        #expect(!Conflux.mayComeTrue(.idle("b")))
        #expect(Conflux.mayComeTrue(.synced("b")))
    }

    @Test("a stop that died behind its last step has nothing left to do")
    func stopBehindItsEnd() throws {
        let stopped = Scene.stopped.with {
            $0.memory.lastGrant = GrantRecord(
                grant: Scene.grant(7, to: "a", 37011, 40), closing: .fenced(GrantNumber(rawValue: 7), Scene.fence("a", .stopped, pid: 10)))
        }
        #expect(throws: Refusal.self) { try stopped.planner.plan(.stop) }
        #expect(try stopped.with { $0.past.isResumed = true }.planner.plan(.stop).steps.isEmpty)
    }

    @Test("an abort adopts a voter that nobody granted, so that its proof has something to be above")
    func abortAdopts() throws {
        let scene = Scene.voting.with {
            $0.memory.lastGrant = nil
            $0.past = OperationHistory(firstVoter: "a", isResumed: true)
        }
        #expect(try deeds(scene.planner.plan(.abort)) == ["grant a", "sync a"])
    }

    @Test("a mute voter whose file was not kept is waited for, through the end of its epoch")
    func patience() throws {
        let mute = JudgeTests.started.with {
            $0.b.epoch = 37012
            $0.network.epoch = 37012
            $0.past = OperationHistory(firstVoter: "a", lastCut: "b", isResumed: true)
        }
        let plan = try mute.planner.plan(.switchover(to: "b"))
        #expect(deeds(plan).isEmpty)
        #expect(plan.steps.map(\.proof) == [[.proven("b")]])
        #expect(plan.steps[0].within > mute.site.roundTimeout * Double(mute.site.roundsPerEpoch))
    }
}

@Suite("Breadcrumbs that power loss tore, and answers that came late")
struct TornCrumbTests {
    let machine = Sample.machine()

    private func files(_ node: NodeID) async -> FilesReading? {
        let facts = await Sample.driver(machine).observe([.files(node)], within: Sample.within)
        guard case .known(.files(let reading))? = facts[.files(node)]?.value else { return nil }
        return reading
    }
    private func voting(_ node: NodeID) async -> Known<ConfluxReading>? {
        await Sample.driver(machine).observe([.voting(node)], within: Sample.within)[.voting(node)]?.value
    }
    private func act(_ act: ConfluxAct) async -> Outcome {
        await Sample.driver(machine).perform(act, Sample.context(), within: Sample.within)
    }

    @Test("A torn grant is told as such; placing sets it aside")
    func tornGrant() async {
        machine.write("/b/.baton/grant", Array("{".utf8))
        let torn = await files(Sample.b)
        #expect(torn?.isGrantTorn == true && torn?.grant == nil)
        #expect(await act(.place(Sample.b)) == .done)
        let placed = await files(Sample.b)
        #expect(placed?.isGrantTorn == false && placed?.grant == Sample.grant())
        let aside = machine.state.withLock { $0.files.keys.filter { $0.hasPrefix("/b/.baton/grant.torn.") } }
        #expect(aside.map { machine.bytes($0) } == [Array("{".utf8)])
    }

    @Test("A note of an earlier boot is nobody's; one of this boot that can't be read is a doubt")
    func tornNote() async {
        machine.write("/b/.baton/sent.start.earlier", Array("{".utf8))
        #expect(await voting(Sample.b) == .known(.voting(VotingReading(flag: false, unanswered: nil))))
        machine.write("/b/.baton/sent.start.boot", Array("{".utf8))
        #expect(await voting(Sample.b) == .known(.voting(VotingReading(flag: false, unanswered: "start_voting"))))
        #expect(await act(.stopProcess(Sample.b)) == .done)
    }

    @Test("A stop whose answer came late is doubted by no later run, and a start without one is")
    func lateAnswer() async {
        machine.behave(Sample.portA, "test_posStopVoting", [.answerLater])
        let driver = Sample.driver(machine)
        _ = await driver.perform(.stopVoting(Sample.a), Sample.context(), within: Sample.within)
        machine.release()
        // Another question than the flag may be the one that reads the late answer.
        _ = await driver.observe([.ledger(Sample.a)], within: Sample.within)
        _ = await driver.observe([.voting(Sample.a)], within: Sample.within)
        machine.write(Sample.jsonB.replacing("/b/", with: "/a/"), Sample.file())
        machine.remove("/a/pos_db/secure_storage.json.save")
        #expect(await voting(Sample.a) == .known(.voting(VotingReading(flag: false, unanswered: nil))))
        machine.behave(Sample.portB, "test_posStartVoting", [.drop])
        _ = await driver.perform(.place(Sample.b), Sample.context(), within: Sample.within)
        _ = await driver.vest(Sample.right(Sample.grant()), within: Sample.within)
        _ = await driver.observe([.voting(Sample.b)], within: Sample.within)
        #expect(await voting(Sample.b) == .known(.voting(VotingReading(flag: false, unanswered: "start_voting"))))
    }

    @Test("A second .save within one operation gets a name beside the first, and the higher one counts")
    func handedOverTwice() async {
        machine.write(Sample.saveB, Sample.file())
        #expect(await act(.handOver(Sample.b)) == .done)
        machine.write(Sample.saveB, Sample.file(5, 61))
        #expect(await act(.handOver(Sample.b)) == .done)
        #expect(machine.bytes(Sample.jsonB + ".handed-over.41") == Sample.file())
        #expect(machine.bytes(Sample.jsonB + ".handed-over.41-2") == Sample.file(5, 61))
        #expect(await files(Sample.b)?.handedOver[41]?.held?.state.watermark == Watermark(epoch: 5, round: 61))
    }

    @Test("A release that was half copied is set aside and copied again")
    func tornRelease() async throws {
        machine.write("/r/conflux", Array("binary".utf8))
        machine.write("/r/release.json", Array("{}".utf8))
        let digest = try await ReleaseFolder.digest(of: "/r", in: machine)
        machine.write("/b/releases/x/conflux", [])
        #expect(try await ReleaseFolder.stage("/r", as: digest, to: "/b/releases/x", in: machine) == nil)
        #expect(machine.bytes("/b/releases/x/conflux") == Array("binary".utf8))
    }

    @Test("A torn breadcrumb hides a later grant unless the last one was opened in this boot; then the epoch barrier is left")
    func licence() {
        let scene = Scene.stopped
        #expect(LicenceTests.given(scene.licence(for: "b")) != nil)
        #expect(LicenceTests.isWait(scene.with { $0.b.isGrantTorn = true }.licence(for: "b"), "safety.r2"))
        #expect(LicenceTests.given(scene.with { $0.a.isGrantTorn = true }.licence(for: "b")) != nil)
    }
}
