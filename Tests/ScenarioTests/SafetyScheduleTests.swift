import BatonConflux
import BatonConfluxNode
import BatonModel
import BatonSim
import Testing

/// What a schedule leaves behind for its test.
private struct Played {
    let one: SimCase
    let ending: SimWorld.Ending
    var fleet: SimConfluxFleet { one.fleet }

    /// No promise was broken, and the world did not hang.
    func expectKept(_ location: SourceLocation = #_sourceLocation) {
        let report = one.report(ending)
        #expect(report.violations.isEmpty, "\(report.violations) after \(report.story)", sourceLocation: location)
    }
    /// Exactly these vote at the end.
    func expectVoters(_ names: [String], _ location: SourceLocation = #_sourceLocation) {
        #expect(fleet.voters == names, "\(one.report(ending).story)", sourceLocation: location)
    }
}

private func settings() -> SimConfluxFleet.Settings {
    var settings = SimConfluxFleet.Settings()
    settings.roundTimeout = .seconds(2)
    settings.bootMax = .seconds(1)
    settings.silentRoundsPerMille = 0
    settings.roundsPerEpoch = 20
    return settings
}

/// Plays a schedule: a votes, both nodes are up, then the body runs; afterwards the chain judges.
private func play(
    _ verb: ConfluxVerb = .switchover(to: "b"), seed: UInt64 = 7, controller: SimController? = nil,
    _ body: @escaping @Sendable (SimCase) async -> Void
) -> Played {
    let one = SimCase(settings(), faults: .none, seed: seed, controller: controller ?? SimEngine.controller(verb))
    let ending = one.fleet.world.run(limit: .seconds(100_000)) {
        await one.settle(voter: "a", rounds: 5)
        await body(one)
        await one.rounds(4)
        one.checkers.judge()
    }
    return Played(one: one, ending: ending)
}

private func death(_ moment: String, _ occurrence: Int = 1, afterwards: Bool = true) -> (ControllerLife) -> Void {
    { $0.blows.append(.init(.death, at: .named(moment, occurrence), afterwards: afterwards)) }
}

private func suspension(_ moment: String, afterwards: Bool, hidden: Bool) -> (ControllerLife) -> Void {
    { life in
        life.blows.append(.init(.stop, at: .named(moment, 1), afterwards: afterwards))
        life.isHidden = hidden
    }
}

private let live = SafetyFile.live
private let saved = SafetyFile.saved

extension SimCase {
    /// The epoch of a node's own file.
    func epoch(_ node: String) -> UInt64 {
        do { return try JSON(parsing: fleet.read(node, live) ?? [])["safety_data"]?["value"]?["epoch"]?.unsigned ?? 0 } catch { return 0 }
    }
    /// One resume, or one recover where nothing is to be resumed.
    func again() async -> SimOutcome? { await attempt(await errandAfterCrash(), armed: false) }
}

@Suite struct SafetyScheduleTests {
    @Test func s1AnOlderCopyOfADeadVotersFileStartsNothingInItsEpoch() {
        let played = play { one in
            let copy = one.fleet.read("a", live) ?? []
            let epoch = one.epoch("a")
            await one.rounds(2)
            one.fleet.process("a")?.die()
            one.fleet.write("a", live, [])
            one.fleet.write("b", saved, copy)
            let outcome = await one.attempt(.recover)
            #expect(outcome?.exit != .done || one.epoch("b") > epoch)
        }
        played.expectKept()
    }

    @Test(arguments: [ConfluxVerb.abort, .switchover(to: "b"), .recover])
    func s2AStartThatWasAnsweredLateIsNeverRolledBackToTheOldFile(verb: ConfluxVerb) {
        // The first process does the switchover, the one after it what the operator asks for then.
        let controller: SimController = { attempt in
            if attempt.errand == .begin { return await SimEngine.controller(.switchover(to: "b"))(attempt) }
            return await SimEngine.controller(verb)(attempt)
        }
        let played = play(controller: controller) { one in
            _ = await one.attempt(.begin, death("send test_posStartVoting"))
            await one.rounds(4)
            let outcome = await one.again()
            #expect(outcome?.exit == .done, "\(outcome?.words ?? "")")
        }
        played.expectKept()
        #expect(played.fleet.voters.count == 1)
    }

    @Test func s3AQueuedStartOnAnUnreachableReceiverKeepsTheOldVoterDown() {
        let played = play { one in
            _ = await one.attempt(.begin) { life in
                life.onEffect = { name, isEnd in if name == "send test_posStartVoting 12520", !isEnd { one.fleet.process("b")?.stop() } }
                life.blows.append(.init(.death, at: .named("send test_posStartVoting", 1), afterwards: true))
            }
            let outcome = await one.again()
            #expect(outcome?.exit == .doubt)
            #expect(one.fleet.process("a")?.isVoting == false)
            one.fleet.process("b")?.goAhead()
            await one.rounds(2)
            let last = await one.again()
            #expect(last?.exit == .done, "\(last?.words ?? "")")
        }
        played.expectKept()
        #expect(played.fleet.voters.count == 1)
    }

    @Test func s4LastMonthsFileStartsNothingWhenADiskIsGone() {
        let played = play { one in
            let old = one.fleet.read("a", live) ?? []
            let goal = one.epoch("a") + 2
            await one.until(.seconds(1000)) { one.epoch("a") >= goal }
            await one.rounds(3)
            let epoch = one.epoch("a")
            one.fleet.process("a")?.die()
            one.fleet.write("a", live, [])
            one.fleet.write("b", saved, old)
            let outcome = await one.attempt(.recover)
            #expect(outcome?.exit != .done || one.epoch("b") > epoch)
        }
        played.expectKept()
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func s5AGhostStartOvertakenByAStatusMakesNoSecondVoter(seed: UInt64) {
        let played = play(seed: seed) { one in
            _ = await one.attempt(.begin) { life in
                life.onEffect = { name, isEnd in if name == "send test_posStartVoting 12520", !isEnd { one.fleet.process("b")?.stop() } }
                life.blows.append(.init(.death, at: .named("send test_posStartVoting", 1), afterwards: true))
            }
            let run = one.launch(await one.errandAfterCrash(), armed: false)
            await one.fleet.world.pass(.seconds(3))
            one.fleet.process("b")?.goAhead()
            await one.until(.seconds(4000)) { run.isEnded }
            let last = await one.again()
            #expect(last?.exit == .done, "\(last?.words ?? "")")
        }
        played.expectKept()
        #expect(played.fleet.voters.count == 1)
    }

    @Test(arguments: ["file move", "send test_posStartVoting"], [false, true])
    func s6ASuspendedControllerDoesNothingAfterItsLeaseWasTaken(moment: String, hidden: Bool) {
        let played = play { one in
            let old = one.launch(.begin, armed: false, suspension(moment, afterwards: false, hidden: hidden))
            await one.until(.seconds(600)) { old.life.isStopped || old.isEnded }
            #expect(!old.isEnded)
            // Taken over, or the missing fact is named: a lock that is held, a start whose answer nobody will read.
            let outcome = await one.again()
            #expect(outcome?.exit == .done || outcome?.exit == .doubt, "\(outcome?.words ?? "") \(one.story)")
            old.life.goAhead()
            await one.rounds(6)
            guard outcome?.exit == .doubt else { return }
            if one.fleet.voters.isEmpty {
                one.fleet.process("b")?.die()
                one.fleet.start("b")
                await one.rounds(2)
            }
            let last = await one.again()
            #expect(last?.exit == .done, "\(last?.words ?? "") \(one.story)")
        }
        played.expectKept()
        #expect(played.fleet.voters.count == 1)
    }

    /// Killed between the note of the start and its sending: nobody has to end a process by hand.
    @Test(arguments: [ConfluxVerb.switchover(to: "b"), .recover, .abort])
    func r3AStartThatWasNotedAndNeverSentIsSettledByTheNextRun(verb: ConfluxVerb) {
        let controller: SimController = { attempt in
            if attempt.errand == .begin { return await SimEngine.controller(.switchover(to: "b"))(attempt) }
            return await SimEngine.controller(verb)(attempt)
        }
        let played = play(controller: controller) { one in
            _ = await one.attempt(.begin, death("send test_posStartVoting", afterwards: false))
            let outcome = await one.again()
            #expect(outcome?.exit == .done, "\(outcome?.words ?? "") \(one.story)")
        }
        played.expectKept()
        #expect(played.fleet.voters.count == 1)
    }

    @Test func s7AGhostStopOnTheReceiverDoesNotMakeItStartFromItsOwnFile() {
        let played = play { one in
            let outcome = await one.attempt(.begin) { life in
                life.onEffect = { name, isEnd in
                    // The stop of an aborted run was queued; it renames b's own file over what was placed.
                    if isEnd, name.hasPrefix("file replace /srv/b/pos_db"), name.hasSuffix(saved) {
                        one.fleet.callByHand("b", "test_posStopVoting")
                    }
                }
            }
            if outcome?.exit != .done { _ = await one.again() }
        }
        played.expectKept()
    }

    @Test func s10AVoterThatComesBackAsVoterAfterItsStopKeepsTheOtherOneDown() {
        let played = play { one in
            let outcome = await one.attempt(.begin) { life in
                life.onEffect = { name, isEnd in
                    guard isEnd, name.hasPrefix("store commit grant"), one.fleet.process("a")?.isVoting == false else { return }
                    one.fleet.process("a")?.die()
                    one.fleet.start("a", voter: true)
                }
            }
            #expect(outcome?.exit != .done)
            #expect(one.fleet.process("b")?.isVoting == false)
        }
        played.expectKept()
    }

    @Test func s12TwoControllersWithTwoStatePlacesMakeOneVoter() {
        let played = play { one in
            let first = one.launch(.begin, armed: false)
            let second = one.launch(.begin, armed: false, on: SimLedger())
            await one.until(.seconds(4000)) { first.isEnded && second.isEnded }
            #expect(first.isEnded && second.isEnded)
        }
        played.expectKept()
        #expect(played.fleet.voters.count <= 1)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func z1AnEpochThatRollsAroundTheStartIsMended(seed: UInt64) {
        let played = play(seed: seed) { one in
            var rolls = 1
            one.fleet.network.onArrival = { port, method, taken in
                guard port == 12_520, method == "test_posStartVoting", !taken, rolls > 0 else { return }
                rolls -= 1
                one.fleet.chain.rollEpoch()
            }
            let outcome = await one.attempt(.begin)
            #expect(outcome?.exit == .done, "\(outcome?.words ?? "")")
            await one.rounds(3)
            let verdict = one.fleet.chain.model.verdict(of: one.fleet.identity)
            #expect(verdict?.voters.last?.by.hasPrefix("b/") == true)
        }
        played.expectKept()
        played.expectVoters(["b"])
    }

    @Test func z2ARestartedVoterIsStartedAgain() {
        let played = play(.start(on: "a")) { one in
            let first = await one.attempt(.recover)
            #expect(first?.exit == .done, "\(first?.words ?? "")")
            one.fleet.process("a")?.die()
            one.fleet.start("a")
            await one.rounds(2)
            #expect(one.fleet.voters.isEmpty)
            let outcome = await one.attempt(.begin)
            #expect(outcome?.exit == .done, "\(outcome?.words ?? "")")
        }
        played.expectKept()
        played.expectVoters(["a"])
    }

    @Test(arguments: ["send test_posStopVoting", "store commit grant", "file move", "file replace", "send test_posStartVoting"])
    func z7WithoutTheJournalOneVoterIsReachedFromFactsAlone(moment: String) {
        let played = play { one in
            _ = await one.attempt(.begin, death(moment, moment == "file replace" ? 6 : 1))
            await one.rounds(1)
            let run = one.launch(.recover, armed: false, on: SimLedger())
            await one.until(.seconds(8000)) { run.isEnded }
            #expect(run.outcome?.exit == .done, "\(run.outcome?.words ?? "no outcome")")
        }
        played.expectKept()
        #expect(played.fleet.voters.count == 1)
    }

    @Test func z8ARollbackGivesTheOldVoterItsFileBack() {
        let played = play { one in
            _ = await one.attempt(.begin, death("store commit grant", 2, afterwards: true))
            one.fleet.process("b")?.die()
            #expect(one.fleet.read("a", live) == nil)
            let run = one.launch(.recover, armed: false)
            await one.until(.seconds(8000)) { run.isEnded }
            if run.outcome?.exit != .done {
                one.fleet.start("b")
                await one.rounds(2)
                let outcome = await one.again()
                #expect(outcome?.exit == .done, "\(outcome?.words ?? "")")
            }
        }
        played.expectKept()
        #expect(played.fleet.voters.count == 1)
    }
}
