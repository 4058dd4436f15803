import BatonConflux
import BatonDigest
import BatonKernel
import BatonModel
import BatonWorld
import Synchronization
import Testing

@Suite("What the driver sees")
struct DriverObserveTests {
    private let machine = Sample.machine()

    private func see(_ question: ConfluxQuestion, with others: [ConfluxQuestion] = []) async -> Fact<ConfluxReading>? {
        await Sample.driver(machine).observe([question] + others, within: Sample.within)[question]
    }

    @Test("Every question gets an answer, from before its asking")
    func complete() async {
        let questions: [ConfluxQuestion] = [
            .voting(Sample.a), .process(Sample.a), .files(Sample.a), .ledger(Sample.a), .identity(Sample.a), .release(Sample.a),
            .voting(Sample.b), .network, .signatures, .history, .voting("nobody"),
        ]
        let began = machine.now
        let facts = await Sample.driver(machine).observe(questions, within: Sample.within)
        #expect(Set(facts.keys) == Set(questions))
        #expect(facts.values.allSatisfy { $0.at == began })
        #expect(facts[.voting(Sample.a)]?.value == .known(.voting(VotingReading(flag: true, unanswered: nil))))
        #expect(facts[.voting(Sample.b)]?.value == .known(.voting(VotingReading(flag: false, unanswered: nil))))
        #expect(facts[.identity(Sample.a)]?.value == .known(.identity(Sample.identity)))
        #expect(facts[.network]?.value == .unknown(.unreachable))
        #expect(facts[.voting(Sample.a)]?.incarnation == DriverMachine.process(10).incarnation)
        let ledger = LedgerReading(chainID: 9999, epoch: 5, committed: 39, powEpoch: 256, phase: "NormalSyncPhase")
        #expect(facts[.ledger(Sample.a)]?.value == .known(.ledger(ledger)))
    }

    @Test("The PoW side of the ledger is asked again after a second or of another process, the PoS side always")
    func chainSide() async {
        let driver = Sample.driver(machine)
        for _ in 0..<2 { _ = await driver.observe([.ledger(Sample.a)], within: Sample.within) }
        #expect(machine.methods(Sample.portA).count { $0 == "pos_getStatus" } == 2)
        #expect(machine.methods(Sample.portA).count { $0 == "cfx_getStatus" } == 1)
        machine.pass(.seconds(1))
        _ = await driver.observe([.ledger(Sample.a)], within: Sample.within)
        #expect(machine.methods(Sample.portA).count { $0 == "cfx_getStatus" } == 2)
        machine.state.withLock {
            $0.residents["/a"] = [DriverMachine.process(11)]
            $0.nodes[Sample.portA]?.node.process = DriverMachine.process(11)
        }
        _ = await driver.observe([.ledger(Sample.a)], within: Sample.within)
        #expect(machine.methods(Sample.portA).count { $0 == "debug_currentSyncPhase" } == 3)
    }

    @Test("A process that changes while it is asked takes its answers with it")
    func incarnationChange() async {
        machine.behave(Sample.portA, "test_posVotingStatus", [.restartAndAnswer])
        let facts = await Sample.driver(machine).observe([.voting(Sample.a), .process(Sample.a), .files(Sample.a)], within: Sample.within)
        #expect(facts[.voting(Sample.a)]?.value == .unknown(.contradictory))
        #expect(facts[.process(Sample.a)]?.value == .unknown(.contradictory))
        #expect(facts[.files(Sample.a)]?.value.value != nil)
    }

    @Test("Without a process the vote is unknown and the process says so")
    func noProcess() async {
        machine.state.withLock {
            $0.residents["/a"] = []
            $0.nodes[Sample.portA]?.node.process = nil
        }
        let facts = await Sample.driver(machine).observe([.voting(Sample.a), .process(Sample.a)], within: Sample.within)
        #expect(facts[.voting(Sample.a)]?.value == .unknown(.unreachable))
        guard case .known(.process(let reading))? = facts[.process(Sample.a)]?.value else {
            Issue.record("no process reading")
            return
        }
        #expect(reading.incarnation == nil && reading.voterNow == nil && reading.voterNext == false && !reading.servesPort)
    }

    @Test("Somebody unseen on the control port may be the node: nothing is known, and nothing is started or ended")
    func hiddenProcess() async {
        machine.state.withLock {
            $0.residents["/a"] = []
            $0.nodes[Sample.portA]?.node.process = nil
            $0.hiddenListeners = [Sample.portA]
        }
        let driver = Sample.driver(machine)
        let facts = await driver.observe([.voting(Sample.a), .process(Sample.a)], within: Sample.within)
        #expect(facts[.voting(Sample.a)]?.value == .unknown(.unreadable))
        #expect(facts[.process(Sample.a)]?.value == .unknown(.unreadable))
        #expect(machine.methods(Sample.portA).isEmpty)
        for act in [ConfluxAct.startProcess(Sample.a), .stopProcess(Sample.a)] {
            let outcome = await driver.perform(act, Sample.context(), within: Sample.within)
            guard case .refused = outcome else {
                Issue.record("\(act) was \(outcome)")
                continue
            }
        }
        #expect(machine.state.withLock { $0.started.isEmpty })
    }

    @Test("Two processes in one folder are a contradiction")
    func twoProcesses() async {
        machine.state.withLock { $0.residents["/a"]?.append(DriverMachine.process(11)) }
        #expect(await see(.process(Sample.a))?.value == .unknown(.contradictory))
        #expect(await see(.voting(Sample.a))?.value == .unknown(.contradictory))
    }

    @Test("Another process on the node's port is not asked")
    func foreignPort() async {
        machine.state.withLock { $0.nodes[Sample.portA]?.node.process = DriverMachine.process(55) }
        #expect(await see(.voting(Sample.a))?.value == .unknown(.contradictory))
        #expect(machine.methods(Sample.portA).isEmpty)
    }

    @Test("Files and breadcrumbs are told one by one, and none is skipped")
    func files() async {
        let base = "/b/pos_db/secure_storage.json"
        machine.write(base + ".save", [])
        machine.write(base + ".handed-over.40", Sample.file(4, 9))
        machine.write(base + ".revoked.2", Array("{".utf8))
        let mark = CutMark(
            operation: OperationID(rawValue: 41), lease: LeaseNumber(rawValue: 4), from: Sample.a, to: Sample.b)
        machine.write("/b/.baton/cut", mark.json.canonical)
        machine.write("/b/.baton/grant", Sample.grant().json.canonical)
        machine.write("/b/.baton/kept.41.json", Sample.file(5, 0))
        guard case .known(.files(let reading))? = await see(.files(Sample.b))?.value else {
            Issue.record("no files reading")
            return
        }
        #expect(reading.json.held?.isFresh == true)
        #expect(reading.save == .unreadable("zero bytes"))
        #expect(reading.handedOver[40]?.held?.state.watermark == Watermark(epoch: 4, round: 9))
        guard case .unreadable? = reading.revoked[2] else {
            Issue.record("the revoked file was taken for readable")
            return
        }
        #expect(reading.grant == Sample.grant())
        #expect(reading.cut?.operation == OperationID(rawValue: 41))
        #expect(reading.lease == LeaseNumber(rawValue: 4))
        #expect(reading.kept.held != nil)
    }

    @Test("A symbolic link in the place of a vote state is unreadable")
    func symbolicLink() async {
        machine.link(Sample.saveB, to: "/a/pos_db/secure_storage.json")
        guard case .known(.files(let reading))? = await see(.files(Sample.b))?.value else {
            Issue.record("no files reading")
            return
        }
        #expect(reading.save == .unreadable("a symbolic link"))
    }

    @Test("A breadcrumb that can't be read makes the files unknown", arguments: ["cut", "lease"])
    func unreadableCrumb(name: String) async {
        machine.write("/b/.baton/" + name, Array("{".utf8))
        #expect(await see(.files(Sample.b))?.value == .unknown(.unreadable))
    }

    @Test("A folder that can't be read is unknown, not empty")
    func unreadableFolder() async {
        machine.write("/b/pos_db", [])
        machine.state.withLock { $0.files["/b/pos_db"]?.mode = 0 }
        #expect(await see(.files(Sample.b))?.value == .unknown(.unreadable))
    }

    @Test("A stop whose answer was lost is believed by false, no own file, and .save")
    func lostStop() async {
        machine.behave(Sample.portA, "test_posStopVoting", [.obeyAndDrop])
        let driver = Sample.driver(machine)
        guard case .unknown(.unanswered) = await driver.perform(.stopVoting(Sample.a), Sample.context(), within: Sample.within) else {
            Issue.record("the stop is not in doubt")
            return
        }
        let fact = await driver.observe([.voting(Sample.a)], within: Sample.within)[.voting(Sample.a)]
        #expect(fact?.value == .known(.voting(VotingReading(flag: false, unanswered: nil))))
    }

    @Test("Files that are renamed while they are read are read again")
    func renamedMeanwhile() async {
        machine.state.withLock { $0.renamesAfterRead[Sample.jsonB] = Sample.saveB }
        guard case .known(.files(let reading))? = await see(.files(Sample.b))?.value else {
            Issue.record("no files reading")
            return
        }
        #expect(reading.json == .absent)
        #expect(reading.save.held != nil)
    }

    @Test("False alone does not end the doubt about a stop", arguments: [true, false])
    func falseAlone(ownFileIsThere: Bool) async {
        machine.behave(Sample.portA, "test_posStopVoting", [.drop])
        let driver = Sample.driver(machine)
        _ = await driver.perform(.stopVoting(Sample.a), Sample.context(), within: Sample.within)
        machine.setFlag(Sample.portA, false)
        // With its own file the stop has not run; without .save it was not our stop that took the file away.
        if !ownFileIsThere { machine.remove("/a/pos_db/secure_storage.json") }
        let fact = await driver.observe([.voting(Sample.a)], within: Sample.within)[.voting(Sample.a)]
        #expect(fact?.value == .known(.voting(VotingReading(flag: false, unanswered: "stop_voting"))))
    }

    @Test("A process that only left its folder still has our command in its queue")
    func leftFolder() async {
        machine.behave(Sample.portB, "test_posStartVoting", [.drop])
        let driver = Sample.driver(machine)
        _ = await driver.perform(.place(Sample.b), Sample.context(), within: Sample.within)
        _ = await driver.vest(Sample.right(Sample.grant()), within: Sample.within)
        machine.state.withLock {
            $0.residents["/elsewhere"] = $0.residents["/b"]
            $0.residents["/b"] = [DriverMachine.process(21)]
            $0.nodes[Sample.portB]?.node.process = DriverMachine.process(21)
        }
        machine.pass(.seconds(10))
        let fact = await driver.observe([.voting(Sample.b)], within: Sample.within)[.voting(Sample.b)]
        #expect(fact?.value == .known(.voting(VotingReading(flag: false, unanswered: "start_voting"))))
    }

    @Test("A later run knows that the token of an unanswered start was taken away")
    func revokedBefore() async {
        machine.behave(Sample.portB, "test_posStartVoting", [.drop])
        let driver = Sample.driver(machine)
        _ = await driver.perform(.place(Sample.b), Sample.context(), within: Sample.within)
        _ = await driver.vest(Sample.right(Sample.grant()), within: Sample.within)
        #expect(await see(.voting(Sample.b))?.value == .known(.voting(VotingReading(flag: false, unanswered: "start_voting"))))
        _ = await driver.perform(.revoke(Sample.b), Sample.context(), within: Sample.within)
        let revoked = VotingReading(flag: false, unanswered: nil, mayStillRun: true)
        #expect(await see(.voting(Sample.b))?.value == .known(.voting(revoked)))
    }

    @Test("A stop that was lost before it ran stays a doubt, in a later run of Baton too")
    func doubtSurvives() async {
        machine.behave(Sample.portA, "test_posStopVoting", [.drop])
        _ = await Sample.driver(machine).perform(.stopVoting(Sample.a), Sample.context(), within: Sample.within)
        #expect(await see(.voting(Sample.a))?.value == .known(.voting(VotingReading(flag: true, unanswered: "stop_voting"))))
    }
}
