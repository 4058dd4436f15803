import BatonConflux
import BatonDigest
import BatonDriver
import BatonKernel
import BatonModel
import BatonWorld
import Synchronization
import Testing

@Suite("What the driver does")
struct DriverActTests {
    private let machine = Sample.machine()

    private func act(_ act: ConfluxAct, _ context: ActContext = Sample.context()) async -> Outcome {
        await Sample.driver(machine).perform(act, context, within: Sample.within)
    }

    private func rule(_ outcome: Outcome) -> RuleID? {
        guard case .refused(let rule, _) = outcome else { return nil }
        return rule
    }

    // MARK: Lock and lease

    private static let acts: [ConfluxAct] = [
        .mark(from: Sample.a, to: Sample.b), .keep(Sample.b), .stopVoting(Sample.a), .handOver(Sample.a), .place(Sample.b),
        .revoke(Sample.b),
        .sync(Sample.b), .restoreKept(Sample.b), .restoreOwn(Sample.b), .stopProcess(Sample.a), .startProcess(Sample.a),
        .stage(Sample.b, folder: "/r", digest: Digest(of: []).rawValue), .switchRelease(Sample.b, digest: Digest(of: []).rawValue),
        .putBack(Sample.b, ReleaseBefore(name: "3.0.3", version: "3.0.3")),
    ]

    @Test("Under another process's lock nothing is sent, moved or written", arguments: acts + [.raiseLease(Sample.b)])
    func lockHeld(act: ConfluxAct) async {
        machine.write(Sample.saveB, Sample.file())
        let before = machine.state.withLock { $0.files }
        machine.state.withLock { $0.lockedByOthers = true }
        #expect(rule(await self.act(act)) == "safety.r7")
        #expect(machine.methods(Sample.portA).isEmpty && machine.methods(Sample.portB).isEmpty)
        #expect(machine.state.withLock { $0.files } == before)
        #expect(machine.state.withLock { $0.residents["/a"]?.count } == 1)
    }

    @Test("A higher lease number beside the node refuses everything", arguments: acts + [.raiseLease(Sample.b)])
    func leaseHigher(act: ConfluxAct) async {
        for folder in ["/a", "/b"] { machine.write(folder + "/.baton/lease", Array("5\n".utf8)) }
        let before = machine.state.withLock { $0.files }
        #expect(rule(await self.act(act)) == "safety.r7")
        #expect(machine.state.withLock { $0.files } == before)
        #expect(machine.methods(Sample.portA).isEmpty)
    }

    @Test("A lower or missing lease number refuses everything but the raising", arguments: acts, [true, false])
    func leaseLower(act: ConfluxAct, isThere: Bool) async {
        for folder in ["/a", "/b"] {
            if isThere { machine.write(folder + "/.baton/lease", Array("3\n".utf8)) } else { machine.remove(folder + "/.baton/lease") }
        }
        #expect(rule(await self.act(act)) == "safety.r7")
        #expect(machine.methods(Sample.portA).isEmpty)
        #expect(await self.act(.raiseLease(Sample.a)) == .done)
        #expect(machine.bytes("/a/.baton/lease") == Array("4\n".utf8))
    }

    @Test("A lease number that can't be read is not replaced")
    func leaseUnreadable() async {
        machine.write("/b/.baton/lease", Array("four".utf8))
        #expect(rule(await act(.raiseLease(Sample.b))) == "conflux.file")
        #expect(machine.bytes("/b/.baton/lease") == Array("four".utf8))
    }

    // MARK: The cut, one act after the other

    @Test("The whole cut moves the vote from A to B")
    func cut() async {
        let driver = Sample.driver(machine)
        let grant = Sample.grant()
        let acts: [ConfluxAct] = [
            .raiseLease(Sample.a), .raiseLease(Sample.b), .mark(from: Sample.a, to: Sample.b), .keep(Sample.b),
            .stopVoting(Sample.a), .handOver(Sample.a), .place(Sample.b),
        ]
        for act in acts {
            #expect(await driver.perform(act, Sample.context(grant), within: Sample.within) == .done, "\(act.words)")
        }
        #expect(await driver.vest(Sample.right(grant), within: Sample.within) == .done)
        #expect(!machine.flag(Sample.portA) && machine.flag(Sample.portB))
        #expect(machine.bytes(Sample.jsonB) == grant.state.bytes)
        #expect(machine.bytes("/a/pos_db/secure_storage.json.handed-over.41") == grant.state.bytes)
        #expect(machine.bytes("/b/.baton/kept.41.json") == Sample.file(5, 0, stamp: 1_785_000_001))
    }

    @Test("A stop is not sent while .save lies there")
    func stopOverSave() async {
        machine.write("/a/pos_db/secure_storage.json.save", Sample.file(4, 1))
        #expect(rule(await act(.stopVoting(Sample.a))) == "conflux.file")
        #expect(!machine.methods(Sample.portA).contains("test_posStopVoting"))
        #expect(machine.bytes("/a/pos_db/secure_storage.json.save") == Sample.file(4, 1))
    }

    @Test("A second stop is sent only while the node's own file is there", arguments: [true, false])
    func secondStop(ownFileIsThere: Bool) async {
        machine.behave(Sample.portA, "test_posStopVoting", [.drop])
        let driver = Sample.driver(machine)
        _ = await driver.perform(.stopVoting(Sample.a), Sample.context(), within: Sample.within)
        if !ownFileIsThere { machine.remove("/a/pos_db/secure_storage.json") }
        let outcome = await driver.perform(.stopVoting(Sample.a), Sample.context(), within: Sample.within)
        #expect((outcome == .done) == ownFileIsThere)
        #expect(machine.methods(Sample.portA).count { $0 == "test_posStopVoting" } == (ownFileIsThere ? 2 : 1))
    }

    @Test("Placing never replaces a .save, not even an empty one or a link", arguments: [0, 1, 2])
    func placeNeverOverwrites(what: Int) async {
        switch what {
        case 0: machine.write(Sample.saveB, Sample.file(4, 1))
        case 1: machine.write(Sample.saveB, [])
        default: machine.link(Sample.saveB, to: "/elsewhere")
        }
        let before = machine.state.withLock { $0.files[Sample.saveB] }
        #expect(rule(await act(.place(Sample.b))) == "safety.r3")
        #expect(machine.state.withLock { $0.files[Sample.saveB] } == before)
    }

    @Test("Placing twice under one grant is done, under another grant it is refused")
    func placeTwice() async {
        #expect(await act(.place(Sample.b)) == .done)
        #expect(await act(.place(Sample.b)) == .done)
        #expect(rule(await act(.place(Sample.b), Sample.context(Sample.grant(4, Sample.file(6, 1))))) == "safety.r3")
        #expect(machine.bytes("/b/.baton/grant") == Sample.grant().json.canonical)
        #expect(machine.bytes(Sample.saveB) == Sample.grant().state.bytes)
    }

    @Test("Nothing is placed without a grant to that node, or against a later one")
    func placeWithoutGrant() async {
        #expect(rule(await act(.place(Sample.b), Sample.context(nil))) == "safety.r1")
        #expect(rule(await act(.place(Sample.a), Sample.context(Sample.grant()))) == "safety.r1")
        machine.write("/b/.baton/grant", Sample.grant(9).json.canonical)
        #expect(rule(await act(.place(Sample.b))) == "safety.r7")
        #expect(machine.bytes(Sample.saveB) == nil)
    }

    @Test("Bytes of another identity, or other bytes than the digest says, are not placed")
    func placeForeign() async {
        let foreign = Sample.file(owner: String(repeating: "cd", count: 32))
        #expect(rule(await act(.place(Sample.b), Sample.context(Sample.grant(3, foreign)))) == "safety.r2")
        let right = Sample.grant()
        let state = VoteState(bytes: right.state.bytes, digest: Digest(of: [1]), watermark: right.state.watermark)
        let wrong = Grant(
            number: right.number, validator: right.validator, node: right.node, state: state, origin: right.origin, fences: [],
            incarnation: right.incarnation, lease: right.lease, operation: right.operation)
        #expect(rule(await act(.place(Sample.b), Sample.context(wrong))) == "safety.r2")
        #expect(machine.bytes(Sample.saveB) == nil)
    }

    @Test("Where a start of another grant may still run nothing is placed, even after its token was taken away")
    func placeOverGhost() async {
        machine.behave(Sample.portB, "test_posStartVoting", [.drop])
        let driver = Sample.driver(machine)
        #expect(await driver.perform(.place(Sample.b), Sample.context(), within: Sample.within) == .done)
        _ = await driver.vest(Sample.right(Sample.grant()), within: Sample.within)
        #expect(await driver.perform(.revoke(Sample.b), Sample.context(), within: Sample.within) == .done)
        let next = Sample.context(Sample.grant(4))
        #expect(rule(await driver.perform(.place(Sample.b), next, within: Sample.within)) == "safety.r3")
        #expect(rule(await act(.place(Sample.b), next)) == "safety.r3", "a later run knows it too")
        // The end of the process ends its queue.
        machine.state.withLock {
            $0.residents["/b"] = [DriverMachine.process(21)]
            $0.nodes[Sample.portB]?.node.process = DriverMachine.process(21)
        }
        _ = await driver.observe([.process(Sample.b)], within: Sample.within)
        #expect(await driver.perform(.place(Sample.b), next, within: Sample.within) == .done)
    }

    @Test("Revoking takes the token away under the grant's number, and never over another one")
    func revoke() async {
        #expect(await act(.revoke(Sample.b)) == .done)
        machine.write(Sample.saveB, Sample.file())
        #expect(await act(.revoke(Sample.b)) == .done)
        #expect(machine.bytes(Sample.saveB) == nil)
        #expect(machine.bytes(Sample.jsonB + ".revoked.3") == Sample.file())
        machine.write(Sample.saveB, Sample.file(6, 1))
        #expect(rule(await act(.revoke(Sample.b))) == "conflux.file")
        #expect(machine.bytes(Sample.saveB) == Sample.file(6, 1))
        #expect(machine.bytes(Sample.jsonB + ".revoked.3") == Sample.file())
    }

    @Test("Handing over renames .save once, and refuses a link")
    func handOver() async {
        #expect(rule(await act(.handOver(Sample.b))) == "conflux.file")
        machine.link(Sample.saveB, to: "/elsewhere")
        #expect(rule(await act(.handOver(Sample.b))) == "conflux.file")
        machine.write(Sample.saveB, Sample.file())
        #expect(await act(.handOver(Sample.b)) == .done)
        #expect(await act(.handOver(Sample.b)) == .done)
        #expect(machine.bytes(Sample.jsonB + ".handed-over.41") == Sample.file())
    }

    @Test("Mute repair sets the stop's .save aside and puts the kept file back")
    func restoreKept() async {
        #expect(await act(.keep(Sample.b)) == .done)
        let own = machine.bytes(Sample.jsonB)
        machine.remove(Sample.jsonB)
        machine.write(Sample.saveB, Sample.file())
        #expect(await act(.restoreKept(Sample.b)) == .done)
        #expect(machine.bytes(Sample.jsonB) == own)
        #expect(machine.bytes(Sample.jsonB + ".mute.41") == Sample.file())
        #expect(machine.bytes(Sample.saveB) == nil)
    }

    @Test("A node's own file is never replaced by a restored one")
    func restoreOwn() async {
        let own = machine.bytes(Sample.jsonB)
        #expect(rule(await act(.restoreOwn(Sample.b))) == "conflux.file")
        #expect(machine.bytes(Sample.jsonB) == own)
        machine.remove(Sample.jsonB)
        #expect(await act(.restoreOwn(Sample.b)) == .done)
        #expect(machine.bytes(Sample.jsonB) == Sample.grant().state.bytes)
    }

    @Test("What was kept stays, unless a fresh file of a later epoch comes")
    func keep() async {
        #expect(await act(.keep(Sample.b)) == .done)
        let first = machine.bytes("/b/.baton/kept.41.json")
        machine.write(Sample.jsonB, Sample.file(6, 3))
        #expect(await act(.keep(Sample.b)) == .done)
        #expect(machine.bytes("/b/.baton/kept.41.json") == first)
        machine.write(Sample.jsonB, Sample.file(6, 0))
        #expect(await act(.keep(Sample.b)) == .done)
        #expect(machine.bytes("/b/.baton/kept.41.json") == Sample.file(6, 0))
        machine.write(Sample.jsonB, [])
        #expect(rule(await act(.keep(Sample.b))) == "conflux.file")
    }
}
