import BatonConflux
import BatonKernel
import BatonModel
import Testing

@Suite("The decision table: recovery from facts alone, all combinations (safety.md R6)")
struct DecisionTableTests {
    enum Status: CaseIterable { case voting, idle, ended, unknown }
    enum Own: CaseIterable { case fresh, record, absent }
    enum Save: CaseIterable { case absent, record, token, foreign }
    enum Last: CaseIterable { case none, openToA, openToB, closedOfA }
    /// What lies beside the nodes of an earlier leg.
    enum Crumbs: CaseIterable { case none, cutToB, handedOverByA, revokedOnB, keptOnB }

    struct Row: Sendable, CustomStringConvertible {
        let status: (Status, Status)
        let own: (Own, Own)
        let save: (Save, Save)
        let last: Last
        let crumbs: Crumbs
        let hasFloor: Bool
        var description: String { "\(status) json \(own) save \(save) last \(last) crumbs \(crumbs) floor \(hasFloor)" }
    }

    static let granted: UInt64 = 40
    static let floor = Watermark(epoch: 37011, round: 50)

    static func node(_ base: Scene.Node, _ status: Status, _ own: Own, _ save: Save, round: UInt64, fresh: Int64) -> Scene.Node {
        var node = base
        node.flag = status == .voting
        if status == .ended { node.pid = nil }
        node.json =
            switch own {
            case .fresh: Scene.held(37011, 0, stamp: fresh)
            case .record: Scene.held(37011, round)
            case .absent: .absent
            }
        node.save =
            switch save {
            case .absent: .absent
            case .record: Scene.held(37011, round + 3)
            case .token: Scene.held(37011, granted)
            case .foreign: .foreign(owner: String(repeating: "cd", count: 32))
            }
        return node
    }

    static func scene(_ row: Row) -> Scene {
        var scene = Scene.voting
        scene.a = node(scene.a, row.status.0, row.own.0, row.save.0, round: 57, fresh: Scene.anew)
        scene.b = node(scene.b, row.status.1, row.own.1, row.save.1, round: 61, fresh: Scene.ownStamp)
        if row.status.0 == .unknown { scene.doubts[.voting("a")] = .unreachable }
        if row.status.1 == .unknown { scene.doubts[.voting("b")] = .unreachable }
        scene.highest = nil
        let toA = Scene.grant(7, to: "a", 37011, granted)
        switch row.last {
        case .none: scene.memory.lastGrant = nil
        case .openToA: scene.memory.lastGrant = GrantRecord(grant: toA, closing: nil)
        case .openToB: scene.memory.lastGrant = GrantRecord(grant: Scene.grant(7, to: "b", 37011, granted), closing: nil)
        case .closedOfA: scene.memory.lastGrant = GrantRecord(grant: toA, closing: JudgeTests.closed)
        }
        if row.crumbs != .none { (scene.a.cut, scene.b.cut) = (JudgeTests.mark(to: "b"), JudgeTests.mark(to: "b")) }
        switch row.crumbs {
        case .none, .cutToB: break
        case .handedOverByA: scene.a.handedOver = [41: Scene.held(37011, 62)]
        case .revokedOnB: scene.b.revoked = [7: Scene.held(37011, granted)]
        case .keptOnB: scene.b.kept = Scene.held(37011, 0, stamp: Scene.ownStamp)
        }
        scene.memory.floor = row.hasFloor ? .known(floor) : .unknown(.stale)
        // Seen to advance, so that adoption may be licensed.
        for id in scene.ids {
            scene.memory.rounds[id] = Memory.RoundSeen(watermark: Watermark(epoch: 37011, round: 57), movedAt: scene.now)
        }
        return scene
    }

    static func rows(_ a: Status, _ b: Status) -> [Row] {
        var rows: [Row] = []
        for (ownA, ownB) in pairs(Own.allCases) {
            for (saveA, saveB) in pairs(Save.allCases) {
                for last in Last.allCases {
                    for crumbs in Crumbs.allCases {
                        for hasFloor in [false, true] {
                            rows.append(
                                Row(
                                    status: (a, b), own: (ownA, ownB), save: (saveA, saveB), last: last, crumbs: crumbs,
                                    hasFloor: hasFloor))
                        }
                    }
                }
            }
        }
        return rows
    }
    static func pairs<Value>(_ values: [Value]) -> [(Value, Value)] { values.flatMap { left in values.map { (left, $0) } } }

    /// The highest vote state that descends from the last grant's bytes and lies on its grantee; what it handed over
    /// counts as its record, unless it is shown that no start ran under the grant.
    static func highest(_ scene: Scene) -> Watermark? {
        guard let grant = scene.memory.lastGrant?.grant else { return nil }
        let node = scene.node(grant.node)
        let archive = node.handedOver.keys.sorted().compactMap { node.handedOver[$0] }
        let files = [node.json, node.save] + archive
        return files.compactMap(\.held).filter { $0.ownerStamp == Scene.lineage }.map(\.state.watermark).max()
    }

    static func isStrange(_ file: VoteFile) -> Bool {
        switch file {
        case .absent, .held: false
        case .foreign, .unreadable: true
        }
    }

    // MARK: What must hold for every row

    /// What is wrong with the licences of a row.
    static func faults(ofLicences row: Row, _ scene: Scene) -> [String] {
        var faults: [String] = []
        var granted = 0
        for id in scene.ids {
            guard case .granted(let state, let origin, let fences, let closing, let life) = scene.licence(for: id) else { continue }
            granted += 1
            let isAdopted = origin == .adopted
            let others = scene.ids.filter { $0 != id }
            if fences.map(\.node) != (isAdopted ? others : scene.ids) { faults.append("\(id): fences \(fences.map(\.node))") }
            for other in isAdopted ? others : scene.ids {
                let status = other == "a" ? row.status.0 : row.status.1
                if status == .voting || status == .unknown { faults.append("\(id): granted while \(other) is \(status)") }
            }
            if scene.node(id).life != life { faults.append("\(id): another life") }
            if isAdopted {
                if scene.memory.lastGrant?.isOpen == true { faults.append("\(id): adopted under an open grant") }
                if !scene.node(id).flag { faults.append("\(id): adopted and idle") }
                continue
            }
            if let highest = highest(scene), state.watermark < highest {
                faults.append("\(id): \(state.watermark) below \(highest)")
            }
            if let floor = scene.memory.floor.value, state.watermark < floor { faults.append("\(id): \(state.watermark) below the floor") }
            if scene.memory.lastGrant == nil { faults.append("\(id): no grant, no barrier, yet granted by \(origin)") }
            if let record = scene.memory.lastGrant, record.isOpen != (closing != nil) {
                faults.append("\(id): closing \(String(describing: closing))")
            }
            if let closing, closing.grant != scene.memory.lastGrant?.grant.number { faults.append("\(id): closes another") }
        }
        if row.status == (.voting, .voting), granted > 0 { faults.append("granted while two vote") }
        return faults
    }

    /// What is wrong with the plan of a row.
    static func faults(ofPlan plan: Plan<Conflux>, _ row: Row, _ scene: Scene) -> [String] {
        var faults: [String] = []
        let acts = deeds(plan)
        let voters = [row.status.0, row.status.1].filter { $0 == .voting }.count
        if row.status.0 == .unknown || row.status.1 == .unknown { faults.append("planned in doubt") }
        if voters == 2 { faults.append("planned while two vote") }
        let vests = acts.filter { $0.hasPrefix("vest") }
        if voters == 1, !vests.isEmpty { faults.append("starts beside a voter") }
        if voters == 0, vests.count != 1 { faults.append("\(vests.count) starts") }
        if Set(plan.steps.map(\.id)).count != plan.steps.count { faults.append("two steps of one name") }
        for id in scene.ids where isStrange(scene.node(id).save) || isStrange(scene.node(id).json) {
            let verbs = ["place", "revoke", "handOver", "restoreOwn", "restoreKept", "stopVoting", "startProcess", "vest"]
            for verb in verbs where acts.contains("\(verb) \(id)") { faults.append("\(verb) beside a strange file on \(id)") }
        }
        guard let vest = vests.first else { return faults }
        return faults + self.faults(ofStart: NodeID(String(vest.dropFirst(5))), acts, plan, scene)
    }

    /// What is wrong with the steps that lead to a start.
    static func faults(ofStart to: NodeID, _ acts: [String], _ plan: Plan<Conflux>, _ scene: Scene) -> [String] {
        var faults: [String] = []
        func place(_ words: String) -> Int { acts.firstIndex(of: words) ?? Int.max }
        let start = place("vest \(to)")
        guard place("mark all") < place("grant \(to)"), place("grant \(to)") < place("place \(to)"), place("place \(to)") < start
        else { return ["order of \(acts)"] }
        let cut = plan.cuts.first
        if plan.cuts.count != 1 || cut?.to != to || cut?.from != nil { faults.append("cut \(plan.cuts)") }
        for id in scene.ids where scene.node(id).save != .absent {
            let moves = acts.filter { $0 == "handOver \(id)" || $0 == "revoke \(id)" }
            if moves.count != 1 || place(moves.first ?? "") > place("place \(to)") { faults.append("the .save on \(id): \(moves)") }
        }
        // A start needs the node's own file, which only a restart or Baton can bring back.
        let node = scene.node(to)
        if node.json == .absent, place("startProcess \(to)") == Int.max, place("restoreOwn \(to)") == Int.max {
            faults.append("no own file on \(to)")
        }
        if node.life == nil, place("startProcess \(to)") > start { faults.append("\(to) is not started") }
        for id in scene.ids where id != to {
            for verb in ["stopProcess", "startProcess", "place", "vest"] where acts.contains("\(verb) \(id)") {
                faults.append("\(verb) \(id)")
            }
        }
        for step in plan.steps {
            switch step.deed {
            case .vest, .act(.place):
                for id in scene.ids where !step.guards.contains(.idle(id)) || !step.guards.contains(.sameIncarnation(id)) {
                    faults.append("\(step.id) does not guard \(id)")
                }
            case .act(.startProcess(let id)), .act(.stopProcess(let id)):
                if !step.guards.contains(.voterFalse(id)) { faults.append("\(step.id) does not ask for voter=false") }
            default: continue
            }
        }
        return faults
    }

    static let statuses = pairs(Status.allCases)
    /// 16 status pairs × 9 × 16 × 4 × 5 × 2.
    static let count = 92_160

    @Test("each of 92,160 rows has a plan that keeps one voter, or a refusal with an order", arguments: statuses.indices)
    func keepsOneVoter(_ index: Int) {
        let (a, b) = Self.statuses[index]
        let rows = Self.rows(a, b)
        #expect(rows.count * Self.statuses.count == Self.count, "\(rows.count * Self.statuses.count) combinations")
        // The table is not refused as a whole: what is known has plans.
        let isKnown = a != .unknown && b != .unknown && (a != .voting || b != .voting)
        var faults: [String] = []
        var plans = 0
        for row in rows {
            let scene = Self.scene(row)
            var found = Self.faults(ofLicences: row, scene)
            do {
                found += Self.faults(ofPlan: try scene.planner.plan(.recover), row, scene)
                plans += 1
            } catch {
                if isKnown, row.save.0 != .foreign, row.save.1 != .foreign { found.append("refused although all is known: \(error.words)") }
                if error.remedy.isEmpty || error.words.isEmpty || error.rule.rawValue.isEmpty { found.append("a refusal without an order") }
                if (a == .unknown || b == .unknown) != (error.doubt != nil) { found.append("doubt \(String(describing: error.doubt))") }
            }
            faults += found.map { "\(row): \($0)" }
        }
        #expect(faults.isEmpty, "\(faults.count) faults, such as \(faults.prefix(3).joined(separator: "\n"))")
        #expect((plans > 0) == isKnown)
    }

    @Test("resume and recover come to the same start when the breadcrumbs and the journal say the same")
    func agrees() throws {
        for row in Self.rows(.idle, .idle) where row.crumbs != .none && row.save.0 != .foreign && row.save.1 != .foreign {
            let scene = Self.scene(row)
            let resumed = scene.with { $0.past = OperationHistory(firstVoter: "a", lastCut: "b", isResumed: true) }
            let recovered = try deeds(scene.planner.plan(.recover))
            #expect(try deeds(resumed.planner.plan(.switchover(to: nil))) == recovered, "\(row)")
        }
    }
}
