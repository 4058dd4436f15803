import BatonConflux
package import BatonConfluxNode
package import BatonModel

/// What a controller is asked for, as the operator's verb.
package enum SimWish: Hashable, Sendable {
    /// The vote goes to another node.
    case switchover(to: NodeID)
    /// Both nodes go to 3.1.0, and the vote goes back where asked.
    case upgrade(switchBack: Bool)
    /// Nobody votes, and one node is to.
    case start(on: NodeID?)
    /// Nobody is to vote.
    case stop

    /// As on the command line.
    package var words: String {
        switch self {
        case .switchover(let node): "switchover --to \(node)"
        case .upgrade(let switchBack): "upgrade --to 3.1.0\(switchBack ? " --switch-back" : "")"
        case .start(let node): "start\(node.map { " --on \($0)" } ?? "")"
        case .stop: "stop"
        }
    }
}

/// Kinds of seeds: the operation, and how people answer a crash.
package enum SimCourse: String, Hashable, Sendable, CaseIterable {
    case switchover
    case upgrade
    case upgradeBack = "upgrade-back"
    case start
    /// The vote ends, and is started again once everything works.
    case stop
    /// A controller dies within an operation, which is then given up.
    case abort

    /// The course that a seed draws: an operation that hands the vote over in half of them.
    package static func drawn(by seed: UInt64) -> SimCourse {
        var chance = SplitMix64(seed: seed, purpose: 32)
        return chance.pick([.switchover, .switchover, .upgrade, .upgradeBack, .start, .start, .stop, .abort])
    }
}

/// How the fleet stands before the operation of a seed.
package enum SimPast: Hashable, Sendable, CaseIterable {
    /// People started `a`, and it votes.
    case votes
    /// The key never voted.
    case never
    /// People started `a`; it was restarted and is idle.
    case restarted
    /// The same after Baton took the voter over.
    case known
    /// Baton handed the vote to `b`, which was restarted and is idle.
    case handedOver
    /// Baton stopped the vote.
    case stopped
}

/// Everything that a seed of a course asks for.
package struct SimOrder: Hashable, Sendable {
    /// Its kind.
    package let course: SimCourse
    /// How the fleet stands before.
    package let past: SimPast
    /// What the operator asks for.
    package let wish: SimWish
    /// What is asked for after a `stop` is done; else `nil`.
    package let afterStop: SimWish?

    /// The plain switchover from `a` to `b`.
    package static let switchover = SimOrder(course: .switchover, seed: 0)

    /// The order that a seed draws.
    package init(course: SimCourse, seed: UInt64) {
        var chance = SplitMix64(seed: seed, purpose: 33)
        self.course = course
        let on = chance.pick([nil, NodeID("a"), NodeID("b")])
        let pasts: [SimPast] = [.never, .restarted, .known, .handedOver, .stopped]
        let past = chance.pick(pasts)
        self.past = course == .start ? past : .votes
        wish =
            switch course {
            case .switchover: .switchover(to: "b")
            case .upgrade: .upgrade(switchBack: false)
            case .upgradeBack: .upgrade(switchBack: true)
            case .start: .start(on: on)
            case .stop: .stop
            case .abort: chance.pick([.switchover(to: "b"), .switchover(to: "b"), .upgrade(switchBack: true), .stop])
            }
        afterStop = course == .stop ? .start(on: on) : nil
    }

    /// Whether releases are switched, so that the fleet begins with the older one.
    package var isUpgrade: Bool {
        if case .upgrade = wish { return true }
        return false
    }
}

extension SimConfluxFleet {
    /// Where the release lies that an upgrade is given.
    package static let newRelease = "/srv/releases/3.1.0"

    /// What the nodes run now, by name; a node without a process is left out.
    package var versions: [String: NodeVersion] {
        Dictionary(uniqueKeysWithValues: processes.map { ($0.name, $0.version) })
    }
}
