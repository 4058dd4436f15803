import BatonConflux
import BatonConfluxNode
import BatonDriver
import BatonEngine
import BatonKernel
import BatonModel
import BatonSim
import Testing

/// A lost record and a licence that the operator types.
@Suite struct OverrideScheduleTests {
    private static func settings() -> SimConfluxFleet.Settings {
        var settings = SimConfluxFleet.Settings()
        settings.roundTimeout = .seconds(2)
        settings.bootMax = .seconds(1)
        settings.silentRoundsPerMille = 0
        return settings
    }

    private static func typed(_ phrase: String) -> TypedOverride {
        TypedOverride(reason: "a was off before this epoch", user: "ops", phrase: phrase)
    }

    /// A votes under an adopted grant; it dies, the epoch rolls perhaps, and it comes back without its vote state.
    private static func lose(_ one: SimCase, rolls: Bool) async {
        await one.settle(voter: "a", rounds: 5)
        let adopted = await one.attempt(.recover, armed: false)
        #expect(adopted?.exit == .done, "\(adopted?.words ?? "")")
        await one.rounds(2)
        one.fleet.process("a")?.die()
        one.fleet.write("a", SafetyFile.live, [])
        if rolls {
            // Its last votes are counted in the epoch that ends.
            await one.rounds(3)
            one.fleet.chain.rollEpoch()
        }
        one.fleet.start("a")
        await one.rounds(2)
        #expect(one.fleet.voters.isEmpty)
    }

    private static func play(
        rolls: Bool, _ controller: @escaping @Sendable (SimConfluxFleet) -> SimController,
        _ body: @escaping @Sendable (SimCase, String) async -> Void
    ) -> (SimCase, SimCaseReport) {
        let twin = SimConfluxFleet(settings(), in: SimWorld(seed: 7))
        let one = SimCase(settings(), faults: .none, seed: 7, controller: controller(twin))
        let phrase = ConfluxOverride.phrase(of: "acme-pos", identity: one.fleet.identity)
        let ending = one.fleet.world.run(limit: .seconds(100_000)) {
            await lose(one, rolls: rolls)
            await body(one, phrase)
            await one.rounds(4)
            one.checkers.judge()
        }
        return (one, one.report(ending))
    }

    private static func phrase(_ fleet: SimConfluxFleet) -> String {
        ConfluxOverride.phrase(of: "acme-pos", identity: fleet.identity)
    }

    @Test func aTypedOverrideStartsAtOnceWhereNothingOfOursIsInTheEpoch() {
        let (one, report) = Self.play(
            rolls: true, { SimEngine.controller(.start(on: "b"), override: Self.typed(Self.phrase($0))) }
        ) { one, phrase in
            one.checkers.typed = [phrase]
            let before = one.fleet.world.now
            let outcome = await one.attempt(.begin)
            #expect(outcome?.exit == .done, "\(outcome?.words ?? "") \(one.story)")
            #expect(one.fleet.world.now - before < Duration.seconds(20).nanoseconds, "it waits for no epoch")
        }
        #expect(report.violations.isEmpty, "\(report.violations) after \(report.story)")
        #expect(one.fleet.voters == ["b"])
        guard case .override(let override) = one.ledger.open?.origin else {
            Issue.record("the grant's origin is \(String(describing: one.ledger.open?.origin))")
            return
        }
        #expect(override.typed.user == "ops" && !override.missing.isEmpty && override.vetoes.count == 4)
    }

    @Test func inTheEpochOfItsLastVoteTheChainForbidsIt() {
        let (one, report) = Self.play(
            rolls: false, { SimEngine.controller(.start(on: "b"), override: Self.typed(Self.phrase($0))) }
        ) { one, phrase in
            one.checkers.typed = [phrase]
            let outcome = await one.attempt(.begin)
            #expect(outcome?.exit == .refused, "\(outcome?.words ?? "") \(one.story)")
            #expect(outcome?.words.contains("would be placed") == true, "\(outcome?.words ?? "")")
        }
        #expect(report.violations.isEmpty, "\(report.violations) after \(report.story)")
        #expect(one.fleet.voters.isEmpty)
    }

    /// What is resumed has nothing typed any more: it goes on under the grant, or waits for the epoch barrier.
    @Test(arguments: ["store commit grant", "store commit planned", "file replace", "send test_posStartVoting"], [false, true])
    func killedAfterItWasTypedOneResumeReachesOneVoter(moment: String, afterwards: Bool) {
        let (one, report) = Self.play(
            rolls: true, { SimEngine.controller(.start(on: "b"), override: Self.typed(Self.phrase($0))) }
        ) { one, phrase in
            one.checkers.typed = [phrase]
            _ = await one.attempt(.begin, armed: false) { life in
                life.blows.append(.init(.death, at: .named(moment, 1), afterwards: afterwards))
            }
            let outcome = await one.attempt(await one.errandAfterCrash(), armed: false)
            #expect(outcome?.exit == .done, "\(outcome?.words ?? "") \(one.story)")
        }
        #expect(report.violations.isEmpty, "\(report.violations) after \(report.story)")
        #expect(one.fleet.voters == ["b"])
    }

    /// The node that was started by it dies and loses its vote state before it has signed: the same word starts nothing twice.
    @Test func anOverrideLicensesOneStartAndTheNextOneWaits() {
        let (one, report) = Self.play(
            rolls: true, { SimEngine.controller(.start(on: "b"), override: Self.typed(Self.phrase($0))) }
        ) { one, phrase in
            one.checkers.typed = [phrase]
            var deaths = 1
            let outcome = await one.attempt(.begin) { life in
                life.onEffect = { name, isEnd in
                    guard !isEnd, name == "file sync /srv/b/pos_db/\(SafetyFile.live)", deaths > 0 else { return }
                    deaths -= 1
                    one.fleet.process("b")?.die()
                    one.fleet.write("b", SafetyFile.live, [])
                    one.fleet.start("b")
                }
            }
            #expect(deaths == 0)
            #expect(outcome?.exit == .done, "\(outcome?.words ?? "") \(one.story)")
        }
        #expect(report.violations.isEmpty, "\(report.violations) after \(report.story)")
        let kinds = one.ledger.grants.map(\.grant.origin.json["kind"]?.string)
        #expect(kinds == ["adopted", "override", "epochBarrier"], "\(kinds) \(report.story)")
    }

    /// The planted bug: an engine that puts the phrase in where the operator typed nothing. Only its checker can tell.
    @Test func anOverrideThatNobodyTypedIsFoundByTheLicenceChecker() {
        let (_, report) = Self.play(
            rolls: true, { SimEngine.controller(.start(on: "b"), override: Self.typed(Self.phrase($0))) }
        ) { one, _ in
            let outcome = await one.attempt(.begin)
            #expect(outcome?.exit == .done, "\(outcome?.words ?? "")")
        }
        #expect(Set(report.violations.map(\.checker)) == [.licence], "\(report.violations)")
        #expect(report.violations.contains { $0.words.contains("nobody typed") })
    }

    /// The unplanted code with nothing typed, or something else: it waits for the epoch as ever.
    @Test(arguments: ["", "yes", "risk a double vote of acme-pos"])
    func withoutTheExactPhraseItWaitsForTheEpoch(phrase: String) {
        let (one, report) = Self.play(
            rolls: true, { _ in SimEngine.controller(.start(on: "b"), override: Self.typed(phrase)) }
        ) { one, _ in
            let epoch = one.fleet.chain.model.view.epoch
            let outcome = await one.attempt(.begin)
            #expect(outcome?.exit == .done, "\(outcome?.words ?? "")")
            #expect(one.fleet.chain.model.view.epoch > epoch)
        }
        #expect(report.violations.isEmpty, "\(report.violations) after \(report.story)")
        guard case .epochBarrier = one.ledger.open?.origin else {
            Issue.record("the grant's origin is \(String(describing: one.ledger.open?.origin))")
            return
        }
    }
}
