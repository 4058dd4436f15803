import BatonConfluxNode
import BatonModel

/// A kind of fault that a seed may draw.
package enum SimFaultKind: String, Hashable, Sendable, CaseIterable, Comparable {
    /// The controller's process dies at one of its effects.
    case controllerDeath
    /// The controller is paused at one of its effects, perhaps for an epoch.
    case controllerPause
    /// The controller is suspended out of reach of the one that takes over, and goes on later.
    case suspendedHolder
    /// A node's process dies; its supervisor brings it back, not voting.
    case nodeCrash
    /// Somebody restarts a node as a voter.
    case foreignVoter
    /// A node dies, its vote state is lost, and it comes back, not voting, with one that it made anew.
    case lostFile
    /// A node's process is stopped and continued.
    case nodePause
    /// Replies are lost or late, requests are late or lost.
    case wires
    /// Calls of different connections overtake each other inside the node.
    case reorder
    /// A node's command loop hangs for a while.
    case hang
    /// The epoch rolls right before or after a call reaches a node.
    case epochRoll
    /// A `.save` of old, foreign or unreadable content lies on the receiver.
    case staleSave
    /// The machine reboots and loses what was not synced.
    case hostReboot
    /// The wall clock steps.
    case wallStep

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The faults of one seed: most kinds are off in most seeds, so that each is also seen nearly alone.
package struct SimFaultPlan: Hashable, Sendable {
    /// The kinds that are on.
    package let kinds: Set<SimFaultKind>

    /// No faults.
    package static let none = SimFaultPlan([])

    /// Exactly these kinds.
    package init(_ kinds: Set<SimFaultKind>) { self.kinds = kinds }

    /// The kinds that a seed draws.
    package init(seed: UInt64) {
        var chance = SplitMix64(seed: seed, purpose: 20)
        let share = chance.pick([120, 250, 400])
        kinds = Set(SimFaultKind.allCases.filter { _ in chance.happens(share) })
    }

    /// In words, sorted.
    package var words: String { kinds.sorted().map(\.rawValue).joined(separator: " ") }
}

/// Lets the faults of one seed happen in a fleet.
package final class SimFaults: @unchecked Sendable {
    /// Which kinds are on.
    package let plan: SimFaultPlan
    /// Whether the time of faults is over.
    package private(set) var isOver = false
    /// What happened, in order.
    package private(set) var story: [String] = []
    private let fleet: SimConfluxFleet
    private var chance: SplitMix64
    private var deaths: Int
    private var rolls: [(port: Int, method: String, afterwards: Bool)] = []
    private let supervises: Bool
    /// How far into an operation blows fall: about as many effects, and acts among them, as it has.
    private let reach: (effects: Int, acts: Int)

    /// Draws the faults of a world.
    ///
    /// - Parameter isLong: the operation is longer than one hand-over.
    package init(_ plan: SimFaultPlan, on fleet: SimConfluxFleet, isLong: Bool = false) {
        (self.plan, self.fleet) = (plan, fleet)
        reach = isLong ? (2_000, 200) : (500, 60)
        chance = SplitMix64(seed: fleet.world.seed, purpose: 21)
        deaths = plan.kinds.contains(.controllerDeath) ? 1 + chance.below(3) : 0
        supervises = chance.happens(700)
    }

    private func tell(_ words: String) {
        story.append("\(Duration.nanoseconds(fleet.world.now).readable) \(words)")
        fleet.world.mix(words)
    }

    private func has(_ kind: SimFaultKind) -> Bool { !isOver && plan.kinds.contains(kind) }
    private func node() -> String { chance.pick(fleet.settings.nodes) }

    /// Begins: what lies there beforehand and what the wires do.
    package func begin(receiver: String) {
        if has(.staleSave) { laySave(on: receiver) }
        if has(.wires) {
            func rate() -> Int { chance.happens(500) ? 0 : chance.pick([5, 20, 60]) }
            var faults = WireFaults()
            (faults.refused, faults.requestLost, faults.answerLost) = (rate(), rate(), rate())
            (faults.answerSilent, faults.answerLate, faults.requestLate) = (rate() / 2, rate(), rate())
            faults.latenessMax = chance.pick([.seconds(3), .seconds(40), .seconds(400)])
            fleet.network.faults = faults
            tell("wires \(faults)")
        }
        if has(.reorder) {
            let delay = chance.pick([Duration.milliseconds(5), .milliseconds(400), .seconds(3)])
            for process in fleet.processes { process.acceptDelayMax = delay }
        }
        if has(.epochRoll) {
            let method = chance.pick(["test_posStopVoting", "test_posVotingStatus", "test_posStartVoting"])
            rolls = [(fleet.port(node()), method, chance.happens(500))]
            fleet.network.onArrival = { [unowned self] port, method, taken in arrived(port, method, taken) }
        }
    }

    private func laySave(on receiver: String) {
        let live = fleet.read(fleet.voters.first ?? receiver, SafetyFile.live) ?? []
        switch chance.below(3) {
        case 0: fleet.write(receiver, SafetyFile.saved, live)
        case 1: fleet.write(receiver, SafetyFile.saved, Array("{\"owner_account\": broken".utf8))
        default:
            let text = String(decoding: live, as: UTF8.self)
            let foreign = IdentitySettings.address(ofKey: "somebody else")
            let parts = text.components(around: fleet.identity)
            fleet.write(receiver, SafetyFile.saved, Array(parts.joined(separator: foreign).utf8))
        }
        tell("a stale .save lies on \(receiver)")
    }

    private func arrived(_ port: Int, _ method: String, _ taken: Bool) {
        guard !isOver, let index = rolls.firstIndex(where: { $0.port == port && $0.method == method && $0.afterwards == taken })
        else { return }
        rolls.remove(at: index)
        tell("the epoch rolls \(taken ? "after" : "before") \(method) \(port)")
        fleet.chain.rollEpoch()
    }

    /// Gives a new controller its blows.
    ///
    /// - Returns: whether it is out of reach of the one that takes over.
    package func arm(_ life: ControllerLife, attempt: Int) -> Bool {
        guard !isOver else { return false }
        if has(.suspendedHolder), attempt == 1 {
            life.blows.append(.init(.stop, at: trigger(), afterwards: chance.happens(500)))
            life.isHidden = chance.happens(500)
            return true
        }
        if deaths > 0, chance.happens(800) {
            deaths -= 1
            life.blows.append(.init(.death, at: trigger(), afterwards: chance.happens(500)))
        }
        if has(.controllerPause) {
            let epoch = fleet.settings.roundTimeout * Int(fleet.settings.roundsPerEpoch)
            let length = chance.pick([.seconds(3), .seconds(70), epoch, epoch * 2])
            life.blows.append(.init(.pause(length), at: trigger(), afterwards: chance.happens(500)))
        }
        plant(life)
        return false
    }

    /// A death at some effect that the controller comes to in most runs.
    package func fatalBlow() -> ControllerLife.Blow {
        let trigger: ControllerLife.Trigger =
            chance.happens(500) ? .named(chance.pick(Self.moments), 1) : .act(1 + chance.below(reach.acts * 2 / 3))
        return ControllerLife.Blow(.death, at: trigger, afterwards: chance.happens(500))
    }

    private func trigger() -> ControllerLife.Trigger {
        switch chance.below(4) {
        case 0: .effect(1 + chance.below(reach.effects))
        case 1: .named(chance.pick(Self.moments), 1)
        default: .act(1 + chance.below(reach.acts))
        }
    }

    private static let moments = [
        "send test_posStopVoting", "send test_posStartVoting", "store commit grant", "store commit intent", "file write", "file move",
        "file replace",
    ]

    /// Faults around the controller that fall at one of its acts.
    private func plant(_ life: ControllerLife) {
        var due: [Int: [() -> Void]] = [:]
        func at(_ kind: SimFaultKind, _ act: @escaping () -> Void) {
            if has(kind) { due[1 + chance.below(reach.acts), default: []].append(act) }
        }
        let node = node()
        at(.nodeCrash) { [unowned self] in crash(node) }
        at(.foreignVoter) { [unowned self] in
            tell("somebody restarts \(node) as a voter")
            fleet.process(node)?.die()
            fleet.start(node, voter: true)
        }
        at(.lostFile) { [unowned self] in
            guard let process = fleet.process(node) else { return }
            tell("\(node) dies and loses its vote state")
            process.die()
            if fleet.read(node, SafetyFile.live) != nil { fleet.write(node, SafetyFile.live, []) }
            fleet.world.after(.milliseconds(300)) { [unowned self] in if fleet.process(node) == nil { fleet.start(node) } }
        }
        at(.nodePause) { [unowned self] in
            let length = chance.pick([Duration.seconds(2), .seconds(30), .seconds(600)])
            guard let process = fleet.process(node) else { return }
            tell("\(node) is paused for \(length.readable)")
            process.stop()
            fleet.world.after(length) { process.goAhead() }
        }
        at(.hang) { [unowned self] in
            let length = chance.pick([Duration.seconds(1), .seconds(20), .seconds(300)])
            guard let process = fleet.process(node) else { return }
            tell("\(node) hangs for \(length.readable)")
            process.setBusy(true)
            fleet.world.after(length) { process.setBusy(false) }
        }
        at(.hostReboot) { [unowned self] in
            tell("the host reboots")
            fleet.machine.reboot()
        }
        at(.wallStep) { [unowned self] in
            tell("the wall clock steps")
            fleet.machine.wallStep += (chance.happens(500) ? 1 : -1) * Duration.seconds(3600).nanoseconds
        }
        at(.epochRoll) { [unowned self] in
            tell("the epoch rolls")
            fleet.chain.rollEpoch()
        }
        guard !due.isEmpty else { return }
        var acts = 0
        life.onEffect = { [unowned self, unowned life] _, isEnd in
            guard !isEnd, life.acts > acts, !isOver else { return }
            acts = life.acts
            for act in due.removeValue(forKey: acts) ?? [] { act() }
        }
    }

    private func crash(_ node: String) {
        tell("\(node) dies")
        fleet.process(node)?.die()
        guard supervises else { return }
        let delay = chance.duration(.seconds(1), .seconds(90))
        fleet.world.after(delay) { [unowned self] in if fleet.process(node) == nil { fleet.start(node) } }
    }

    /// Ends the time of faults and repairs what a person would: processes run, wires work.
    package func end() {
        isOver = true
        fleet.network.faults = WireFaults()
        for node in fleet.settings.nodes {
            guard let process = fleet.process(node) else {
                fleet.start(node)
                continue
            }
            process.acceptDelayMax = .zero
            process.setBusy(false)
            process.goAhead()
        }
        tell("the faults end")
    }

    /// Somebody else's voters that are to be looked at by a person: they are restarted as non-voters.
    package func removeForeignVoters() {
        for process in fleet.processes where process.startedAsVoter {
            let name = process.name
            process.die()
            fleet.start(name)
        }
    }
}

extension String {
    /// The parts between the occurrences of a text.
    fileprivate func components(around mark: String) -> [String] {
        var (parts, rest) = ([String](), self[...])
        while let range = rest.range(ofText: mark) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}

extension Substring {
    fileprivate func range(ofText mark: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(mark) { return start..<index(start, offsetBy: mark.count) }
            start = index(after: start)
        }
        return nil
    }
}
