package import BatonKernel
package import BatonModel
import BatonWorld

/// A voting right on its way to the door: taken out once, and spent in any case.
package actor HeldRight {
    private var right: VotingRight?

    /// Takes the right into keeping.
    package init(_ right: consuming VotingRight) { self.right = .some(consume right) }

    /// Starts the vote with it.
    func start(through door: ConfluxDoor, within: Duration, noting: @Sendable () async -> Bool) async -> Outcome {
        guard let right = right.take() else { return .refused("safety.r1", "the voting right is spent already") }
        return await door.startVoting(right, within: within, noting: noting)
    }

    /// Spends a right that no start was sent under.
    func discard() {
        guard let right = right.take() else { return }
        _ = right.spend()
    }
}

extension LocalHost {
    /// How long checks may lie before the start that they allow (safety.md R9).
    private static let checksMax: Duration = .seconds(2)
    /// What the wall clock may drift against the boot-time clock in that time before it counts as a step.
    /// - Unit: nanoseconds; NTP slews at most 0.05 %, so this is ten times as much.
    private static let wallDriftMax: Int64 = 10_000_000

    /// Starts the vote under the lock, if the lease is ours and the node holds exactly what was granted.
    package func vest(_ held: HeldRight, grant: Grant, within: Duration) async -> Outcome {
        let end = world.clock.now.advanced(by: within)
        let outcome =
            await recallOnce()
            ? await underLock(lease ?? grant.lease, until: end) {
                let (began, wall) = (self.world.clock.now, self.world.clock.wall)
                if let refusal = await self.refusal(of: grant) { return refusal }
                return await self.start(held, grant, checkedSince: began, wall, until: end)
            } : .unknown(.unreadable)
        await held.discard()
        return outcome
    }

    private func start(
        _ held: HeldRight, _ grant: Grant, checkedSince began: Instant, _ wall: WallTime, until end: Instant
    ) async -> Outcome {
        let what = ConfluxDoor.Unanswered(.start, since: world.clock.now, incarnation: grant.incarnation, grant: grant.number)
        let outcome = await held.start(through: door, within: left(until: end)) {
            guard await self.note(what, isAnswered: false) else { return false }
            let passed = began.duration(to: self.world.clock.now)
            let drift = self.world.clock.wall.nanoseconds - wall.nanoseconds - passed.nanoseconds
            return passed <= Self.checksMax && abs(drift) <= Self.wallDriftMax
        }
        await noteAnswer(what, outcome)
        return outcome
    }

    /// Why the node is not started under this grant.
    private func refusal(of grant: Grant) async -> Outcome? {
        do throws(FileError) {
            guard grant.node == site.id else { return .refused("safety.r1", "grant \(grant.number) is of \(grant.node)") }
            let note = try await sentNote(.start, boot: grant.incarnation.bootID)
            if let sent = note.held?.what.grant, sent >= grant.number {
                return .refused("safety.r4", "a start was sent under grant \(sent) already")
            }
            guard let there = try await grantCrumb().held, there.number == grant.number,
                there.state.digest == grant.state.digest
            else { return .refused("safety.r1", "the breadcrumb beside \(site.id) does not name grant \(grant.number)") }
            guard let token = try await voteFile(save).held, token.state.digest == grant.state.digest else {
                return .refused("safety.r3", "\(VoteNames.save) of \(site.id) is not what grant \(grant.number) grants")
            }
            guard case .one(let process) = await look(), process.incarnation == grant.incarnation else {
                return .refused("safety.r5", "the process of \(site.id) is not the one that grant \(grant.number) names")
            }
            guard !process.isStopped else { return .refused("safety.r4", "the process of \(site.id) is suspended") }
            guard await servesPort(process) else { return .refused("safety.r5", "port \(site.rpc.port) is not served by \(site.id)") }
            return nil
        } catch {
            return Self.outcome(of: error)
        }
    }

    // MARK: Stop

    /// `stop_voting`, under the lock, to a node that votes and has no `.save` that the stop would replace.
    func stopVoting(until end: Instant) async -> Outcome {
        do throws(FileError) {
            guard case .one(let process) = await look() else { return .refused("conflux.process", "\(site.id) has no single process") }
            guard await servesPort(process) else { return .refused("conflux.process", "port \(site.rpc.port) is not served by \(site.id)") }
            guard try await world.files.inspect(save) == nil else {
                return .refused("conflux.file", "\(VoteNames.save) lies on \(site.id); a stop would replace it")
            }
            // A second stop goes only to a node that still has its own file; the door asks whether it is true (safety.md R4).
            let again = await door.unanswered == nil ? false : try await voteFile(json).held != nil
            let what = ConfluxDoor.Unanswered(.stop, since: world.clock.now, incarnation: process.incarnation, grant: nil)
            let outcome = await door.stopVoting(of: process.incarnation, again: again, within: left(until: end)) {
                await self.note(what, isAnswered: false)
            }
            await noteAnswer(what, outcome)
            return outcome
        } catch {
            return Self.outcome(of: error)
        }
    }
}
