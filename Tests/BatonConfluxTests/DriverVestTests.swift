import BatonConflux
import BatonDigest
import BatonDriver
import BatonKernel
import BatonModel
import BatonWorld
import Synchronization
import Testing

@Suite("How the vote of a node is started")
struct DriverVestTests {
    private let machine = Sample.machine()
    private let start = "test_posStartVoting"

    private func rule(_ outcome: Outcome) -> RuleID? {
        guard case .refused(let rule, _) = outcome else { return nil }
        return rule
    }

    private func placed() async -> ConfluxDriver {
        let driver = Sample.driver(machine)
        #expect(await driver.perform(.place(Sample.b), Sample.context(), within: Sample.within) == .done)
        return driver
    }

    /// What must keep a start from being sent.
    enum Obstacle: CaseIterable {
        case otherToken, noToken, linkAsToken, otherGrant, otherDigestGranted, noGrant, higherLease, lock
        case otherProcess, suspended, otherPort, votes
    }

    @Test("Anything amiss keeps the start from being sent, and the right is spent", arguments: Obstacle.allCases)
    func obstacles(obstacle: Obstacle) async {
        let driver = await placed()
        switch obstacle {
        case .otherToken: machine.write(Sample.saveB, Sample.file(5, 56))
        case .noToken: machine.remove(Sample.saveB)
        case .linkAsToken: machine.link(Sample.saveB, to: "/a/pos_db/secure_storage.json")
        case .otherGrant: machine.write("/b/.baton/grant", Sample.grant(2).json.canonical)
        case .otherDigestGranted: machine.write("/b/.baton/grant", Sample.grant(3, Sample.file(5, 56)).json.canonical)
        case .noGrant: machine.remove("/b/.baton/grant")
        case .higherLease: machine.write("/b/.baton/lease", Array("5\n".utf8))
        case .lock: machine.state.withLock { $0.lockedByOthers = true }
        case .otherProcess:
            machine.state.withLock {
                $0.residents["/b"] = [DriverMachine.process(20, start: 8)]
                $0.nodes[Sample.portB]?.node.process = DriverMachine.process(20, start: 8)
            }
        case .suspended:
            machine.state.withLock { state in
                let process = DriverMachine.process(20)
                state.residents["/b"] = [ProcessFacts(incarnation: process.incarnation, arguments: process.arguments, isStopped: true)]
            }
        case .otherPort: machine.state.withLock { $0.nodes[Sample.portB]?.node.process = DriverMachine.process(55) }
        case .votes: machine.setFlag(Sample.portB, true)
        }
        #expect(rule(await driver.vest(Sample.right(Sample.grant()), within: Sample.within)) != nil)
        #expect(!machine.methods(Sample.portB).contains(start))
    }

    @Test("A right for a node that is not of the pair is refused and spent")
    func unknownNode() async {
        #expect(rule(await Sample.driver(machine).vest(Sample.right(Sample.grant(to: "c")), within: Sample.within)) == "conflux.site")
    }

    @Test(
        "A start is sent at most once under a grant, by a later run of Baton too",
        arguments: [
            DriverMachine.Behaviour.drop, .obeyAndDrop, .answerLater,
            .fail(code: -32603, message: "Internal error", data: "Pos not initialized!"),
        ])
    func atMostOnce(first: DriverMachine.Behaviour) async {
        machine.behave(Sample.portB, start, [first])
        let driver = await placed()
        #expect(await driver.vest(Sample.right(Sample.grant()), within: Sample.within) != .done)
        machine.setFlag(Sample.portB, false)
        machine.write(Sample.saveB, Sample.grant().state.bytes)
        _ = await driver.vest(Sample.right(Sample.grant()), within: Sample.within)
        _ = await Sample.driver(machine).vest(Sample.right(Sample.grant()), within: Sample.within)
        #expect(machine.methods(Sample.portB).count { $0 == start } == 1)
    }

    @Test("A pause between the checks and the sending keeps the start from being sent")
    func pause() async {
        let driver = await placed()
        machine.behave(Sample.portB, "test_posVotingStatus", [.answerAfter(.seconds(3))])
        #expect(rule(await driver.vest(Sample.right(Sample.grant()), within: .seconds(10))) == "safety.r9")
        #expect(!machine.methods(Sample.portB).contains(start))
    }

    @Test("An unanswered start is a doubt since its sending")
    func unanswered() async {
        machine.behave(Sample.portB, start, [.actLater])
        let driver = await placed()
        let began = machine.now
        #expect(await driver.vest(Sample.right(Sample.grant()), within: Sample.within) == .unknown(.unanswered(since: began)))
    }
}

@Suite("How processes and releases are handled")
struct DriverProcessTests {
    private let machine = Sample.machine()

    private func act(_ act: ConfluxAct) async -> Outcome {
        await Sample.driver(machine).perform(act, Sample.context(), within: Sample.within)
    }
    private func rule(_ outcome: Outcome) -> RuleID? {
        guard case .refused(let rule, _) = outcome else { return nil }
        return rule
    }

    @Test("A process is ended gently, and one that is gone is done")
    func stopProcess() async {
        #expect(await act(.stopProcess(Sample.a)) == .done)
        #expect(machine.state.withLock { $0.residents["/a"] } == [])
        #expect(await act(.stopProcess(Sample.a)) == .done)
    }

    @Test("A process is started by the unit's command as it is")
    func startProcess() async {
        #expect(rule(await act(.startProcess(Sample.a))) == "conflux.process")
        _ = await act(.stopProcess(Sample.a))
        #expect(await act(.startProcess(Sample.a)) == .done)
        let command = machine.state.withLock { $0.started.first }
        #expect(command?.executable == "./current/conflux")
        #expect(command?.arguments == ["--config", "hydra.toml"])
        #expect(command?.folder == "/a")
    }

    @Test("A node that would come up voting or without its key is not started", arguments: [true, false])
    func unsafeStart(asVoter: Bool) async {
        _ = await act(.stopProcess(Sample.a))
        if asVoter { machine.write("/a/hydra.toml", []) } else { machine.remove("/a/pos_config/pos_key") }
        #expect(rule(await act(.startProcess(Sample.a))) == (asVoter ? "safety.r5" : "conflux.key"))
        #expect(machine.state.withLock { $0.started.isEmpty })
    }

    @Test("A release is copied, marked complete and switched to only by its digest")
    func releases() async throws {
        machine.write("/r/conflux", Array("binary".utf8))
        machine.state.withLock { $0.files["/r/conflux"]?.mode = 0o755 }
        machine.write("/r/etc/pos_config.yaml", Array("base:".utf8))
        let digest = try await ReleaseFolder.digest(of: "/r", in: machine).rawValue
        #expect(rule(await act(.switchRelease(Sample.b, digest: digest))) == "conflux.file")
        #expect(rule(await act(.stage(Sample.b, folder: "/r", digest: Digest(of: []).rawValue))) == "conflux.release")
        #expect(await act(.stage(Sample.b, folder: "/r", digest: digest)) == .done)
        #expect(await act(.stage(Sample.b, folder: "/r", digest: digest)) == .done)
        #expect(machine.bytes("/b/releases/\(digest)/.complete") == Array("\(digest)\n".utf8))
        #expect(await act(.switchRelease(Sample.b, digest: digest)) == .done)
        #expect(machine.state.withLock { $0.files["/b/current"]?.target } == "releases/\(digest)")
        machine.write("/b/releases/\(digest)/etc/pos_config.yaml", Array("changed".utf8))
        #expect(rule(await act(.switchRelease(Sample.b, digest: digest))) == "conflux.release")
        #expect(rule(await act(.stage(Sample.b, folder: "/r", digest: digest))) == "conflux.release")
    }

    @Test("A node is put back only on a release that lies there as it was: its version, and its bytes where its name is their digest")
    func putsBack() async throws {
        machine.write("/r/conflux", Array("binary".utf8))
        machine.write("/r/release.json", Array("{\"version\":\"3.0.3\"}".utf8))
        let digest = try await ReleaseFolder.digest(of: "/r", in: machine).rawValue
        #expect(await act(.stage(Sample.b, folder: "/r", digest: digest)) == .done)
        func link() -> String? { machine.state.withLock { $0.files["/b/current"]?.target } }
        let before = link()
        for (name, version) in [(digest, "3.1.0"), ("gone", "3.0.3"), ("../r", "3.0.3"), ("", "3.0.3"), (".", "3.0.3"), ("..", "3.0.3")] {
            #expect(rule(await act(.putBack(Sample.b, ReleaseBefore(name: name, version: version)))) == "conflux.release", "\(name)")
        }
        #expect(link() == before)
        #expect(await act(.putBack(Sample.b, ReleaseBefore(name: digest, version: "3.0.3"))) == .done)
        #expect(link() == "releases/\(digest)")
        // People named the folder: its version is all that can be compared.
        machine.write("/b/releases/conflux-3.0.2/release.json", Array("{\"version\":\"3.0.2\"}".utf8))
        #expect(await act(.putBack(Sample.b, ReleaseBefore(name: "conflux-3.0.2", version: "3.0.2"))) == .done)
        #expect(link() == "releases/conflux-3.0.2")
        machine.write("/b/releases/\(digest)/conflux", Array("changed".utf8))
        #expect(rule(await act(.putBack(Sample.b, ReleaseBefore(name: digest, version: "3.0.3")))) == "conflux.release")
        #expect(link() == "releases/conflux-3.0.2")
    }

    @Test("The digest of a release sees names, executable bits and bytes")
    func digests() async throws {
        machine.write("/r/a", [1])
        let first = try await ReleaseFolder.digest(of: "/r", in: machine)
        machine.write("/r/a", [2])
        let bytes = try await ReleaseFolder.digest(of: "/r", in: machine)
        machine.write("/r/a", [1])
        machine.state.withLock { $0.files["/r/a"]?.mode = 0o755 }
        let executable = try await ReleaseFolder.digest(of: "/r", in: machine)
        machine.remove("/r/a")
        machine.write("/r/b", [1])
        let name = try await ReleaseFolder.digest(of: "/r", in: machine)
        #expect(Set([first, bytes, executable, name]).count == 4)
    }
}
