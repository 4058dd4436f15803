import BatonConflux
import BatonKernel
import BatonModel
import BatonWorld
import Synchronization
import Testing

@Suite("The one door to a node")
struct DoorTests {
    private let machine = Sample.machine()
    private let start = "test_posStartVoting"
    private let stop = "test_posStopVoting"
    private let status = "test_posVotingStatus"

    private func door(_ port: Int = Sample.portB) -> ConfluxDoor {
        ConfluxDoor(to: Endpoint(host: "127.0.0.1", port: port), in: machine.world)
    }

    private func placeToken() { machine.write(Sample.saveB, Sample.file()) }
    private func isUnanswered(_ outcome: Outcome) -> Bool {
        if case .unknown(.unanswered) = outcome { return true }
        return false
    }

    @Test("A start is sent with false, on the connection whose status was read right before")
    func startsOnce() async {
        placeToken()
        let outcome = await door().startVoting(Sample.right(Sample.grant()), within: Sample.within)
        #expect(outcome == .done)
        #expect(machine.seen(Sample.portB) == ["1:\(status)", "1:\(start)"])
        #expect(machine.state.withLock { $0.nodes[Sample.portB]?.node.params[start] } == [false])
        #expect(machine.flag(Sample.portB))
    }

    @Test("A node that votes already is never started")
    func votesAlready() async {
        machine.setFlag(Sample.portB, true)
        placeToken()
        let outcome = await door().startVoting(Sample.right(Sample.grant()), within: Sample.within)
        guard case .refused("safety.r3", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(machine.methods(Sample.portB) == [status])
    }

    @Test(
        "No second start is sent under one grant, however the first one ended",
        arguments: [
            DriverMachine.Behaviour.obey, .answerLater, .drop, .obeyAndDrop, .fail(code: -32603, message: "Internal error", data: nil),
        ])
    func neverTwice(first: DriverMachine.Behaviour) async {
        placeToken()
        machine.behave(Sample.portB, start, [first])
        let door = door()
        _ = await door.startVoting(Sample.right(Sample.grant()), within: Sample.within)
        machine.release()
        machine.setFlag(Sample.portB, false)
        _ = await door.startVoting(Sample.right(Sample.grant()), within: Sample.within)
        #expect(machine.methods(Sample.portB).count { $0 == start } == 1)
    }

    @Test("A start that the last check forbids is not sent")
    func forbidden() async {
        placeToken()
        let outcome = await door().startVoting(Sample.right(Sample.grant()), within: Sample.within) { false }
        guard case .refused("safety.r9", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(machine.methods(Sample.portB) == [status])
    }

    @Test("A deadline keeps the connection, and the late answer is read on it before the next request")
    func lateAnswer() async {
        placeToken()
        machine.behave(Sample.portB, start, [.answerLater])
        let door = door()
        #expect(isUnanswered(await door.startVoting(Sample.right(Sample.grant()), within: Sample.within)))
        #expect(await door.unanswered?.command == .start)
        machine.release()
        // The status reads false by now, so only the start's own answer can have ended the doubt.
        machine.setFlag(Sample.portB, false)
        #expect(await door.call(.votingStatus, within: Sample.within) == .result(false))
        #expect(await door.unanswered == nil)
        #expect(machine.seen(Sample.portB) == ["1:\(status)", "1:\(start)", "1:\(status)"])
    }

    @Test("While an answer is owed nothing is sent, and the doubt names since when")
    func nothingSentMeanwhile() async {
        placeToken()
        machine.behave(Sample.portB, start, [.actLater])
        let door = door()
        let began = machine.now
        #expect(await door.startVoting(Sample.right(Sample.grant()), within: Sample.within) == .unknown(.unanswered(since: began)))
        #expect(await door.call(.votingStatus, within: Sample.within) == .doubt(.unanswered(since: began)))
        let stopped = await door.stopVoting(of: Sample.grant().incarnation, again: true, within: Sample.within)
        #expect(stopped == .unknown(.unanswered(since: began)))
        #expect(machine.methods(Sample.portB) == [status, start])
    }

    @Test("A question that is owed an answer holds everything back too")
    func slowQuestion() async {
        machine.behave(Sample.portB, status, [.answerLater])
        let door = door()
        let began = machine.now
        #expect(await door.call(.votingStatus, within: Sample.within) == .doubt(.unanswered(since: began)))
        #expect(await door.call(.posStatus, within: Sample.within) == .doubt(.unanswered(since: began)))
        #expect(machine.methods(Sample.portB) == [status])
        #expect(await door.unanswered == nil)
    }

    @Test("A lost connection keeps the doubt, and false on another connection does not end it")
    func lostConnection() async {
        placeToken()
        machine.behave(Sample.portB, start, [.drop])
        let door = door()
        #expect(isUnanswered(await door.startVoting(Sample.right(Sample.grant()), within: Sample.within)))
        #expect(await door.call(.votingStatus, within: Sample.within) == .result(false))
        #expect(machine.seen(Sample.portB) == ["1:\(status)", "1:\(start)", "2:\(status)"])
        #expect(await door.unanswered?.command == .start)
    }

    @Test("True ends the doubt about a start, on whatever connection")
    func trueEnds() async {
        placeToken()
        machine.behave(Sample.portB, start, [.obeyAndDrop])
        let door = door()
        #expect(isUnanswered(await door.startVoting(Sample.right(Sample.grant()), within: Sample.within)))
        #expect(await door.call(.votingStatus, within: Sample.within) == .result(true))
        #expect(await door.unanswered == nil)
    }

    @Test("The end of its process ends a doubt, the end of another does not")
    func endedProcess() async {
        placeToken()
        machine.behave(Sample.portB, start, [.drop])
        let door = door()
        _ = await door.startVoting(Sample.right(Sample.grant()), within: Sample.within)
        await door.ended(DriverMachine.process(20, start: 8).incarnation)
        #expect(await door.unanswered != nil)
        await door.ended(Sample.grant().incarnation)
        #expect(await door.unanswered == nil)
    }

    @Test("A revoked token ends the doubt but not the command")
    func revokedToken() async {
        placeToken()
        machine.behave(Sample.portB, start, [.drop])
        let door = door()
        _ = await door.startVoting(Sample.right(Sample.grant()), within: Sample.within)
        await door.tokenRevoked(of: GrantNumber(rawValue: 2))
        #expect(await door.unanswered != nil)
        await door.tokenRevoked(of: GrantNumber(rawValue: 3))
        #expect(await door.unanswered == nil)
        #expect(await door.mayStillRun.map(\.command) == [.start])
    }

    @Test("A connection that ended while idle is opened again for a question")
    func reopened() async {
        machine.behave(Sample.portB, status, [.obey, .drop])
        let door = door()
        #expect(await door.call(.votingStatus, within: Sample.within) == .result(false))
        #expect(await door.call(.votingStatus, within: Sample.within) == .result(false))
        #expect(machine.seen(Sample.portB) == ["1:\(status)", "1:\(status)", "2:\(status)"])
    }

    @Test("A stop goes only to a node that answers true")
    func stopOfIdle() async {
        let outcome = await door().stopVoting(of: Sample.grant().incarnation, again: false, within: Sample.within)
        guard case .refused("conflux.not-voting", _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(machine.methods(Sample.portB) == [status])
    }

    @Test("A second stop needs the word that the node's own file is there", arguments: [true, false])
    func secondStop(again: Bool) async {
        machine.behave(Sample.portA, stop, [.drop])
        let door = door(Sample.portA)
        let incarnation = Sample.grant(to: Sample.a).incarnation
        #expect(isUnanswered(await door.stopVoting(of: incarnation, again: false, within: Sample.within)))
        let outcome = await door.stopVoting(of: incarnation, again: again, within: Sample.within)
        #expect((outcome == .done) == again)
        #expect(machine.methods(Sample.portA).count { $0 == stop } == (again ? 2 : 1))
    }

    @Test(
        "An error that may have changed the vote is a doubt, another a refusal",
        arguments: [
            ("receiving on a closed channel", true), ("Key not set: safety_data", true), ("new secure storage path incorrect: x", false),
        ])
    func errors(text: String, isDoubt: Bool) async {
        machine.behave(Sample.portB, start, [.fail(code: -32603, message: "Internal error", data: text)])
        let outcome = await door().startVoting(Sample.right(Sample.grant()), within: Sample.within)
        #expect((outcome == .unknown(.contradictory)) == isDoubt)
        if !isDoubt, case .refused("conflux.rpc", _) = outcome { return }
        #expect(isDoubt)
    }

    @Test("A node of an older generation is asked by its own names")
    func olderNames() async {
        machine.behave(Sample.portB, status, [.fail(code: -32601, message: "Method not found", data: nil)])
        #expect(await door().call(.votingStatus, within: Sample.within) == .result(false))
        #expect(machine.methods(Sample.portB) == [status, "pos_voting_status"])
    }

    @Test("What a former run sent is a doubt of this run, and its grant is never started again")
    func recalled() async {
        placeToken()
        let door = door()
        let grant = Sample.grant()
        await door.recall(ConfluxDoor.Unanswered(.start, since: machine.now, incarnation: grant.incarnation, grant: grant.number))
        #expect(await door.unanswered?.command == .start)
        _ = await door.startVoting(Sample.right(grant), within: Sample.within)
        #expect(!machine.methods(Sample.portB).contains(start))
    }
}
