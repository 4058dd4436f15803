package import BatonAPI
package import BatonModel
import BatonConflux
import BatonDigest
import BatonEngine
import BatonKernel
import BatonStore
import BatonStoreSQLite
import BatonWorld
import BatonWorldLive

/// Baton in process: wires the live world, the store, the driver and the engine behind the API of the command line.
package final class Application: BatonAPI {
    let fleet: FleetFile
    let store: any Store
    let world: World

    /// Opens the fleet's state place.
    ///
    /// - Throws: ``BatonError/Code/storeUnreadable`` or ``BatonError/Code/storeBroken``; what is there is kept.
    package init(fleet: FleetFile) throws(BatonError) {
        let world = LiveWorld.make()
        self.fleet = fleet
        self.world = world
        store = try SQLiteStore(folder: fleet.state, wall: { world.clock.wall })
    }

    /// The Conflux site of a validator.
    func site(_ id: ValidatorID) throws(BatonError) -> ConfluxSite {
        guard let validator = fleet.validator(id) else {
            let names = fleet.validators.map(\.id.value.rawValue).joined(separator: ", ")
            throw BatonError(.usage, "There is no validator \(id) in \(fleet.path).", remedy: "Name one of: \(names).")
        }
        return Self.site(of: validator)
    }

    /// A validator of the fleet file as the driver takes it.
    static func site(of validator: FleetFile.Validator) -> ConfluxSite {
        ConfluxSite(
            validator: validator.id.value, identity: validator.identity.value.replacingPrefix("0x"),
            chainID: validator.network.chainID.value,
            // 30 s since CIP-113 and 120 blocks since CIP-136 (conflux-pos.md §6).
            roundTimeout: validator.network.roundTimeout ?? .seconds(30), roundsPerEpoch: validator.network.roundsPerEpoch ?? 120,
            nodes: validator.nodes.map { node in
                guard case .child(let command, let environment) = node.unit else { preconditionFailure("a unit of another kind") }
                return ConfluxNodeSite(
                    id: node.id.value, rpc: node.rpc.value, directory: node.directory.value, command: command, environment: environment)
            },
            references: validator.network.references.map(\.value))
    }

    // MARK: Operations

    package func plan(_ request: OperationRequest, _ confirmations: Confirmations) async throws(BatonError) -> PlannedOperation {
        let operation = try await operation(for: request, confirmations)
        let driver = ConfluxDriver(site: operation.site, world: world)
        let (plan, planner) = try await preview(operation, driver, OperationHistory())
        await driver.close()
        var risk: RiskNotice?
        if case .start(_, let on?) = request, operation.override != nil {
            let phrase = ConfluxOverride.phrase(of: operation.validator, identity: operation.site.identity)
            risk = RiskNotice(phrase: phrase, text: planner.riskWords(on: on, in: plan))
        }
        return Self.told(plan, request, operation.site, risk)
    }

    package func plan(reading bytes: [UInt8]) async throws(BatonError) -> PlannedOperation {
        let document: JSON
        let request: OperationRequest
        do throws(JSONError) {
            document = try JSON(parsing: bytes)
            request = try OperationRequest(json: document.need("request"))
        } catch {
            throw BatonError(.planUnreadable, "This is no plan of Baton: \(error).", remedy: "Make one with `--plan --out FILE`.")
        }
        guard let digest = document["digest"]?.string else {
            throw BatonError(.planUnreadable, "The plan has no digest.", remedy: "Make one with `--plan --out FILE`.")
        }
        let fresh = try await plan(request, Confirmations(plan: true))
        guard fresh.digest.rawValue == digest else {
            throw BatonError(
                .assumptionBroken, "The facts have changed: today's plan is \(fresh.digest.short), the saved one \(digest.prefix(12)).",
                remedy: "Make a new plan, look at it, and apply that one.")
        }
        return fresh
    }

    package func run(
        _ plan: PlannedOperation, _ confirmations: Confirmations, _ conversation: Conversation
    ) async throws(BatonError) -> OperationResult {
        let operation = try await operation(for: plan.request, confirmations)
        if let override = operation.override {
            let phrase = ConfluxOverride.phrase(of: operation.validator, identity: operation.site.identity)
            guard override.phrase == phrase else {
                throw BatonError(
                    .refused, "The phrase that names the risk was not typed; nothing was touched.",
                    remedy: "Wait for the next epoch; or type exactly: \(phrase)")
            }
        }
        return await run(operation, resuming: nil, seize: false, expecting: plan.digest, conversation)
    }

    package func resume(
        _ id: OperationID?, _ confirmations: Confirmations, _ conversation: Conversation
    ) async throws(BatonError) -> OperationResult {
        let summary = try await unfinished(id)
        let request = try Self.request(summary.detail["operation"] ?? .null)
        // An override is typed for one process: what is resumed waits for a licence of its own.
        let operation = try await operation(for: request, Confirmations(plan: true))
        return await run(operation, resuming: summary.id, seize: true, expecting: nil, conversation)
    }

    package func remaining(of id: OperationID?) async throws(BatonError) -> PlannedOperation {
        let summary = try await unfinished(id)
        let request = try Self.request(summary.detail["operation"] ?? .null)
        let operation = try await operation(for: request, Confirmations(plan: true))
        let driver = ConfluxDriver(site: operation.site, world: world)
        var history = OperationHistory(isResumed: true)
        for stored in try await store.entries(of: summary.id) { history.learn(stored.entry) }
        let (plan, _) = try await preview(operation, driver, history)
        await driver.close()
        return Self.told(plan, request, operation.site)
    }

    package func abort(
        _ id: OperationID?, _ confirmations: Confirmations, _ conversation: Conversation
    ) async throws(BatonError) -> OperationResult {
        let summary = try await unfinished(id)
        let operation = ConfluxOperation(site: try site(summary.validator), verb: .abort)
        return await run(operation, resuming: summary.id, seize: true, expecting: nil, conversation)
    }

    private func run(
        _ operation: ConfluxOperation, resuming: OperationID?, seize: Bool, expecting: Digest?, _ conversation: Conversation
    ) async -> OperationResult {
        let driver = ConfluxDriver(site: operation.site, world: world)
        let teller = ProgressTeller(clock: world.clock, operation: resuming, conversation)
        let runner = OperationRunner(driver: driver, planner: operation, store: store, world: world, audience: teller.audience)
        let result = await runner.run(resuming: resuming, seize: seize, expecting: expecting)
        await driver.close()
        let next = result.remedy.isEmpty ? nil : SafeCommand(result.remedy, why: result.rule.map { "rule \($0)" } ?? "")
        let told = OperationResult(
            exit: result.exit, operation: result.operation, safeState: result.exit == .done ? result.words : result.safeState,
            text: result.words, next: next)
        teller.finished(told)
        return told
    }

    private func preview(
        _ operation: ConfluxOperation, _ driver: ConfluxDriver, _ history: OperationHistory
    ) async throws(BatonError) -> (Plan<Conflux>, ConfluxPlanner) {
        var facts = Facts<Conflux>()
        facts.merge(await driver.observe(operation.questions, within: .seconds(5)))
        let known = try await store.grants(operation.validator).last
        let beside = operation.grantBeside(facts)
        var last = known
        if let beside, beside.number > (known?.grant.number ?? GrantNumber(rawValue: 0)) { last = GrantRecord(grant: beside, closing: nil) }
        var memory = Memory(lastGrant: last, floor: try await store.floor(operation.validator))
        memory.override = operation.override
        var history = history
        if !history.isResumed { history.firstVoter = operation.voter(facts, at: world.clock.now) }
        do throws(Refusal) {
            let now = world.clock.now
            let planner = ConfluxPlanner(site: operation.site, facts: facts, memory: memory, history: history, now: now)
            return (try operation.plan(by: facts, memory, history, at: now), planner)
        } catch {
            let code: BatonError.Code = error.doubt == nil ? .refused : .doubt
            throw BatonError(code, "\(error.words) [\(error.rule)]", remedy: error.remedy)
        }
    }

    private func operation(for request: OperationRequest, _ confirmations: Confirmations) async throws(BatonError) -> ConfluxOperation {
        let site = try site(request.validator)
        switch request {
        case .switchover(_, let to): return ConfluxOperation(site: site, verb: .switchover(to: to))
        case .start(_, let on):
            let typed = confirmations.override.map { TypedOverride(reason: $0.reason, user: $0.user, phrase: $0.phrase ?? "") }
            return ConfluxOperation(site: site, verb: .start(on: on), override: typed)
        case .stop: return ConfluxOperation(site: site, verb: .stop)
        case .recover: return ConfluxOperation(site: site, verb: .recover)
        case .upgrade(_, let version, let release, let switchBack, let within):
            let target = try await target(version, release, site, within)
            return ConfluxOperation(site: site, verb: .upgrade(target, switchBack: switchBack))
        }
    }

    /// Reads and digests a release folder.
    private func target(
        _ version: String, _ folder: String, _ site: ConfluxSite, _ within: Duration?
    ) async throws(BatonError) -> ReleaseTarget {
        let remedy = "Give the folder that holds conflux, its pos_config.yaml and release.json."
        do {
            guard let bytes = try await world.files.read(folder + "/release.json", limit: 1 << 16) else {
                throw BatonError(.releaseInvalid, "\(folder) has no release.json.", remedy: remedy)
            }
            return try await target(version, folder, bytes, site, within)
        } catch let error as BatonError {
            throw error
        } catch {
            throw BatonError(.releaseInvalid, "The release can't be read: \(error).", remedy: remedy)
        }
    }

    private func target(
        _ version: String, _ folder: String, _ bytes: [UInt8], _ site: ConfluxSite, _ within: Duration?
    ) async throws -> ReleaseTarget {
        let release = try JSON(parsing: bytes)
        guard release["version"]?.string == version else {
            throw BatonError(
                .releaseInvalid, "\(folder) holds version \(release["version"]?.string ?? "unknown"), not \(version).",
                remedy: "Say the version that the folder holds, or give the right folder.")
        }
        if let chain = release["chainId"]?.unsigned, chain != site.chainID {
            throw BatonError(
                .releaseInvalid, "\(folder) is built for chain \(chain), the validator is on \(site.chainID).",
                remedy: "Give the release of this network; the networks' constants are compiled in.")
        }
        let digest = try await ReleaseFolder.digest(of: folder, in: world.files).rawValue
        return ReleaseTarget(version: version, folder: folder, digest: digest, within: within)
    }

    /// The operation that did not finish: the one named, or the only one.
    private func unfinished(_ id: OperationID?) async throws(BatonError) -> OperationSummary {
        let open = try await store.operations().filter { $0.last.kind != .finished }
        if let id {
            if let found = open.first(where: { $0.id == id }) { return found }
            throw BatonError(.unknownOperation, "Operation \(id) is not unfinished.", remedy: "Run `baton list`.")
        }
        guard let only = open.first, open.count == 1 else {
            let text = open.isEmpty ? "No operation is unfinished." : "\(open.count) operations are unfinished."
            throw BatonError(.unknownOperation, text, remedy: "Run `baton list` and name one.")
        }
        return only
    }
}

extension String {
    /// The text without a prefix, when it has it.
    func replacingPrefix(_ prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}
