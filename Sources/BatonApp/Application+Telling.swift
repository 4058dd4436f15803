import BatonAPI
import BatonConflux
import BatonDigest
import BatonEngine
import BatonKernel
import BatonModel
import BatonWorld

/// Turns the engine's events into those of the API, with the time since the run began.
final class ProgressTeller: Sendable {
    private let clock: any HouseClock
    private let conversation: Conversation
    private let began: Instant
    private let resuming: OperationID?

    init(clock: any HouseClock, operation: OperationID?, _ conversation: Conversation) {
        (self.clock, self.conversation, resuming) = (clock, conversation, operation)
        began = clock.now
    }

    var audience: RunAudience {
        RunAudience(
            show: { event in self.show(event) },
            ask: { step, text in
                await self.conversation.ask(Question(rule: RuleID(step.rawValue), text: text, hazard: .reversible))
            },
            wantsStop: conversation.isInterrupted)
    }

    /// Tells how the run ended.
    func finished(_ result: OperationResult) { tell(.finished(result), result.operation) }

    private func tell(_ kind: ProgressEvent.Kind, _ operation: OperationID? = nil) {
        conversation.events(ProgressEvent(operation: operation ?? resuming, kind: kind, elapsed: began.duration(to: clock.now)))
    }

    private func show(_ event: RunEvent) {
        switch event {
        case .began(let operation): tell(.note("operation \(operation)"), operation)
        case .legPlanned(let plan, _, let leg):
            let title = plan["title"]?.string ?? ""
            tell(.legBegan(title: leg == 1 ? title : "\(title) (plan \(leg))", steps: plan["steps"]?.array?.count ?? 0))
        case .stepBegan(let step, let title, _, _): tell(.stepBegan(step, title: title, node: nil))
        case .waiting(let step, let words): tell(.waiting(step, what: words))
        case .performed(let step, let outcome): tell(.returned(step, outcome: outcome.words))
        case .proved(let step): tell(.proved(step, how: "its proof holds"))
        case .skipped(let step): tell(.skipped(step, why: "its proof holds already"))
        case .turningBack(_, let rule, let words): tell(.note("did not come true (\(words)); what was done is taken back [\(rule)]"))
        case .replanning(let rule, let words): tell(.note("another plan is needed: \(words) [\(rule)]"))
        }
    }
}

extension Outcome {
    /// The outcome for people.
    var words: String {
        switch self {
        case .done: "done"
        case .refused(let rule, let words): "refused: \(words) [\(rule)]"
        case .unknown(let doubt): "in doubt: \(doubt)"
        }
    }
}

extension Application {
    /// A plan for people and for saving.
    static func told(
        _ plan: Plan<Conflux>, _ request: OperationRequest, _ site: ConfluxSite, _ risk: RiskNotice? = nil
    ) -> PlannedOperation {
        let digest = Digest(of: plan.json.canonical)
        return PlannedOperation(
            request: request, title: plan.title, assumptions: plan.assumptions.map(\.words),
            steps: plan.steps.map { told($0, site) }, digest: digest,
            document: ["request": request.json, "plan": plan.json, "digest": .string(digest.rawValue)], risk: risk)
    }

    private static func told(_ step: Step<Conflux>, _ site: ConfluxSite) -> PlannedStep {
        PlannedStep(
            id: step.id, title: step.title, hazard: step.hazard, node: node(of: step.deed), guards: step.guards.map(\.words),
            proof: step.proof.filter { $0 != .never }.map(\.words), within: step.within, byHand: byHand(step.deed, site),
            wayBack: step.wayBack.map { way in PlannedWayBack(steps: way.steps.map { told($0, site) }, result: way.result) })
    }

    private static func node(of deed: Deed<Conflux>) -> NodeID? {
        switch deed {
        case .wait, .firstThatHolds: nil
        case .act(let act): act.node
        case .grant(let node), .close(let node), .vest(let node): node
        }
    }

    /// The same by hand, for the night when Baton itself is broken.
    private static func byHand(_ deed: Deed<Conflux>, _ site: ConfluxSite) -> [String] {
        func call(_ node: NodeID, _ method: String, _ params: String = "") -> [String] {
            guard let rpc = site.node(node)?.rpc else { return [] }
            let body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\(method)\",\"params\":[\(params)]}"
            return ["curl -s -H 'Content-Type: application/json' -d '\(body)' \(rpc)"]
        }
        func file(_ node: NodeID, _ suffix: String = "") -> String {
            "\(site.node(node)?.voteFolder ?? "pos_db")/secure_storage.json\(suffix)"
        }
        switch deed {
        case .act(.stopVoting(let node)):
            return call(node, "test_posStopVoting") + call(node, "test_posVotingStatus") + ["# go on only when that says false"]
        case .act(.handOver(let node)): return ["mv -n \(file(node, ".save")) \(file(node, ".handed-over"))"]
        case .act(.place(let node)):
            return ["cp HANDED-OVER-FILE \(file(node, ".save.part")) && mv -n \(file(node, ".save.part")) \(file(node, ".save"))"]
        case .act(.revoke(let node)): return ["mv -n \(file(node, ".save")) \(file(node, ".revoked"))"]
        case .act(.stopProcess(let node)): return ["kill -INT PID-OF-\(node)   # wait until it is gone"]
        case .act(.startProcess(let node)):
            guard let own = site.node(node) else { return [] }
            return ["cd \(own.directory) && setsid \(own.command.joined(separator: " ")) &"]
        case .act(.switchRelease(let node, let digest, _)):
            return ["ln -sfn releases/\(digest) \(site.node(node)?.directory ?? "")/current"]
        case .act(.putBack(let node, let before)):
            return ["ln -sfn releases/\(before.name) \(site.node(node)?.directory ?? "")/current"]
        case .vest(let node):
            return ["# only when every other node says false:"]
                + site.nodes.filter { $0.id != node }.flatMap { call($0.id, "test_posVotingStatus") }
                + ["# then: conflux rpc local pos start_voting   (on \(node), url \(site.node(node)?.rpc.description ?? ""))"]
        default: return []
        }
    }

    /// The request behind the canonical words of an operation in the journal.
    static func request(_ words: JSON) throws(BatonError) -> OperationRequest {
        let validator = ValidatorID(words["validator"]?.string ?? "")
        switch words["verb"]?.string {
        case "switchover": return .switchover(validator, to: words["to"]?.string.map { NodeID($0) })
        case "start": return .start(validator, on: words["on"]?.string.map { NodeID($0) })
        case "stop": return .stop(validator)
        case "recover", "abort": return .recover(validator)
        case "upgrade":
            return .upgrade(
                validator, to: words["to"]?.string ?? "", release: words["folder"]?.string ?? "",
                switchBack: words["switch_back"]?.bool ?? false, within: words["within_ms"]?.integer.map { .milliseconds($0) })
        default:
            throw BatonError(
                .journalBroken, "The journal names an operation that this Baton does not know.", remedy: "Use the Baton that wrote it.")
        }
    }
}
