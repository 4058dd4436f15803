package import BatonKernel
package import BatonModel

/// One operation on one Conflux validator, ready to be planned leg by leg.
package struct ConfluxOperation: LegPlanner {
    package typealias F = Conflux
    package let site: ConfluxSite
    package let verb: ConfluxVerb
    package let override: TypedOverride?

    package init(site: ConfluxSite, verb: ConfluxVerb, override: TypedOverride? = nil) {
        (self.site, self.verb, self.override) = (site, verb, override)
    }

    package var validator: ValidatorID { site.validator }
    package var questions: [ConfluxQuestion] { ConfluxPlanner.questions(of: site) }
    package var leaseActs: [ConfluxAct] { site.nodes.map { .raiseLease($0.id) } }

    package var operation: JSON {
        var members: [String: JSON] = ["validator": .string(site.validator.rawValue)]
        switch verb {
        case .switchover(let to):
            members["verb"] = "switchover"
            members["to"] = .optional(to?.rawValue)
        case .upgrade(let target, let switchBack):
            members["verb"] = "upgrade"
            members["to"] = .string(target.version)
            members["release"] = .string(target.digest)
            members["folder"] = .string(target.folder)
            members["switch_back"] = .bool(switchBack)
            members["within_ms"] = target.within.map { .integer($0.nanoseconds / 1_000_000) }
        case .start(let on):
            members["verb"] = "start"
            members["on"] = .optional(on?.rawValue)
            if let override { members["override"] = ["reason": .string(override.reason), "user": .string(override.user)] }
        case .stop: members["verb"] = "stop"
        case .recover: members["verb"] = "recover"
        case .abort: members["verb"] = "abort"
        }
        return .object(members)
    }

    package func grantBeside(_ facts: Facts<Conflux>) -> Grant? {
        site.nodes.compactMap { facts.files($0.id)?.grant }.max { $0.number < $1.number }
    }

    package func voter(_ facts: Facts<Conflux>, at now: Instant) -> NodeID? {
        let memory = Memory(lastGrant: nil, floor: .unknown(.stale))
        let planner = ConfluxPlanner(site: site, facts: facts, memory: memory, history: OperationHistory(), now: now)
        guard case .votes(let node) = planner.standing else { return nil }
        return node
    }

    package func plan(
        by facts: Facts<Conflux>, _ memory: Memory, _ history: OperationHistory, at now: Instant
    ) throws(Refusal) -> Plan<Conflux> {
        try ConfluxPlanner(site: site, facts: facts, memory: memory, history: history, now: now).plan(verb)
    }
}
