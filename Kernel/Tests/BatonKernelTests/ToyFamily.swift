import BatonKernel
import BatonModel

/// A family of lamps: a condition is that a lamp is lit, an act turns one on.
enum Toy: Family {
    enum Question: Hashable, Comparable, Sendable { case lamp(String) }
    typealias Reading = Int

    enum Condition: Told {
        /// The lamp reads 1, seen within two seconds.
        case lit(String)
        /// As `lit`, but waiting can't bring it.
        case fixed(String)
        /// The open grant is the node's.
        case granted(NodeID)
        case never

        var lamp: String? {
            switch self {
            case .lit(let name), .fixed(let name): name
            case .granted, .never: nil
            }
        }
        var words: String { "\(self)" }
        var rule: RuleID {
            switch self {
            case .lit(let name), .fixed(let name): RuleID("toy." + name)
            case .granted: "toy.granted"
            case .never: "toy.never"
            }
        }
        var json: JSON { .string(words) }
    }

    enum Act: Told {
        case turn(String)
        var words: String { "\(self)" }
        var rule: RuleID { "toy.act" }
        var json: JSON { .string(words) }
    }

    static func questions(of condition: Condition) -> [Question] { condition.lamp.map { [.lamp($0)] } ?? [] }
    static func licenceQuestions(for node: NodeID, of plan: Plan<Toy>, by facts: Facts<Toy>, with memory: Memory) -> [Question] {
        [.lamp("licence")]
    }

    static func judge(_ condition: Condition, by facts: Facts<Toy>, with memory: Memory, at now: Instant) -> Verdict {
        switch condition {
        case .granted(let node):
            return memory.lastGrant?.isOpen == true && memory.lastGrant?.grant.node == node ? .holds : .fails(condition.rule)
        case .never: return .fails(condition.rule)
        case .lit(let name), .fixed(let name):
            guard let fact = facts[.lamp(name)], fact.at.duration(to: now) <= .seconds(2) else {
                return .unknown(condition.rule, .stale)
            }
            switch fact.value {
            case .known(let value): return value == 1 ? .holds : .fails(condition.rule)
            case .unknown(let doubt): return .unknown(condition.rule, doubt)
            }
        }
    }

    static func mayComeTrue(_ condition: Condition) -> Bool {
        if case .fixed = condition { return false }
        return true
    }

    /// 1 grants, 2 says wait, anything else refuses.
    static func licence(for node: NodeID, of plan: Plan<Toy>, by facts: Facts<Toy>, with memory: Memory, at now: Instant) -> Licence {
        switch facts[.lamp("licence")]?.value.value {
        case 1:
            let closing = memory.lastGrant.flatMap { $0.isOpen ? Closing.unused($0.grant.number, shown: "lamp") : nil }
            return .granted(
                VoteState(bytes: [7], digest: "d7", watermark: Watermark(epoch: 5, round: 57)), .adopted, fences: [],
                closing: closing, incarnation: ToyRun.life)
        case 2: return .wait("toy.licence", "not yet")
        default: return .refused("toy.licence", "never")
        }
    }

    static func incarnations(in facts: Facts<Toy>, of plan: Plan<Toy>) -> [NodeID: Incarnation] {
        var lives: [NodeID: Incarnation] = [:]
        for node in plan.nodes {
            if let pid = facts[.lamp("life.\(node)")]?.value.value {
                lives[node] = Incarnation(bootID: "boot", pid: Int32(pid), startTime: 1)
            }
        }
        return lives
    }
    static func fence(of node: NodeID, by facts: Facts<Toy>, at now: Instant) -> Fence? {
        guard facts[.lamp("fenced.\(node)")]?.value.value == 1 else { return nil }
        return Fence(node: node, incarnation: ToyRun.life, means: .stopped, bootID: "boot")
    }
    static func note(_ facts: Facts<Toy>, in memory: inout Memory, of plan: Plan<Toy>, at now: Instant) {}
    static func tell(_ question: Question, _ fact: Fact<Int>) -> JSON { .string("\(question)") }
}

/// Runs a machine with no await: answers what it asks from lamps, and writes down in words what it ordered.
struct ToyRun {
    typealias Machine = OperationMachine<Toy>

    /// What an act or a start does, besides turning its own lamp on.
    enum Reply: Sendable {
        /// Turns the lamps on and returns.
        case done([String])
        case refused
        /// Turns the lamps on; the answer does not come.
        case lost([String])
        /// Nothing was sent: too late after the check.
        case late
        /// Does nothing and says that it did.
        case nothing
    }

    static let life = Incarnation(bootID: "boot", pid: 10, startTime: 1)
    static let poll: Duration = .milliseconds(100)

    var machine: Machine
    var now = Instant(nanoseconds: 1_000_000_000)
    var lamps: [String: Known<Int>] = [:]
    var replies: [StepID: [Reply]] = [:]
    var answers: [Bool] = []
    /// Events that are handed in right before the effect of these words is run, once.
    var before: [String: Machine.Event] = [:]
    /// Lamps that change once so many wakes have passed.
    var onWake: [Int: [String: Known<Int>]] = [:]
    /// The effect in place of whose running the lease is lost.
    var loseLease: String?
    /// A lamp that goes out right before the effect of these words.
    var darken: (words: String, lamp: String)?
    var trace: [String] = []
    var commits: [Commit] = []
    var checkedAt: [StepID: Instant] = [:]
    var ending: Machine.Ending?
    private var wakes = 0

    init(
        _ steps: [Step<Toy>], cuts: [Cut] = [], assumptions: [Toy.Condition] = [], memory: Memory = ToyRun.memory(),
        lamps: [String: Int] = [:]
    ) {
        let plan = Plan<Toy>(
            operation: "toy", validator: "v", nodes: ["a", "b"], title: "toy", assumptions: assumptions, steps: steps, cuts: cuts,
            result: "", poll: Self.poll, settle: .seconds(1))
        let lease = Lease(validator: "v", number: LeaseNumber(rawValue: 4), holder: Self.life)
        machine = Machine(
            plan, memory: memory,
            context: Machine.GrantContext(
                operation: OperationID(rawValue: 41), lease: lease, nextGrant: GrantNumber(rawValue: 3)))
        self.lamps = lamps.mapValues { .known($0) }
    }

    static func memory(_ record: GrantRecord? = nil) -> Memory { Memory(lastGrant: record, floor: .unknown(.stale)) }
    static func grant(_ number: UInt64 = 2, to node: NodeID = "a") -> Grant {
        Grant(
            number: GrantNumber(rawValue: number), validator: "v", node: node,
            state: VoteState(bytes: [1], digest: "d1", watermark: Watermark(epoch: 5, round: 50)), origin: .adopted, fences: [],
            incarnation: life, lease: LeaseNumber(rawValue: 4), operation: OperationID(rawValue: 41))
    }
    static func open(to node: NodeID = "a") -> GrantRecord { GrantRecord(grant: grant(to: node), closing: nil) }

    /// Runs until the machine ends or wants nothing more; at most `limit` effects.
    mutating func run(limit: Int = 2000) {
        var queue = machine.handle(.began, at: now)
        var count = 0
        while !queue.isEmpty, count < limit {
            count += 1
            let effect = queue.removeFirst()
            let words = Self.words(effect)
            if let event = before.removeValue(forKey: words) { queue += machine.handle(event, at: now) }
            if loseLease == words {
                loseLease = nil
                queue = machine.handle(.leaseLost, at: now)
                continue
            }
            if let darken, darken.words == words { lamps[darken.lamp] = .known(0) }
            if let words = words.isEmpty ? nil : words { trace.append(words) }
            queue += perform(effect)
        }
    }

    /// Runs, and turns a lamp off right before the effect of these words.
    mutating func runDarkening(_ lamp: String, at words: String) {
        darken = (words, lamp)
        run()
    }

    private mutating func perform(_ effect: Machine.Effect) -> [Machine.Effect] {
        switch effect {
        case .observe(let questions):
            var answers: [Toy.Question: Fact<Int>] = [:]
            for case .lamp(let name) in questions {
                let value = lamps[name] ?? .unknown(.unreachable)
                answers[.lamp(name)] = Fact(value: value, of: "a", incarnation: nil, from: .rpc, at: now)
            }
            now = now.advanced(by: .milliseconds(1))
            return machine.handle(.observed(answers), at: now)
        case .commit(let entries, let raising, let closing, let opening):
            commits.append(
                Commit(
                    operation: OperationID(rawValue: 41), entries: entries, raising: raising, closing: closing, opening: opening))
            now = now.advanced(by: .milliseconds(5))
            return machine.handle(.committed(EntryNumber(rawValue: UInt64(commits.count))), at: now)
        case .perform(let id, .turn(let lamp), _, let checked, _):
            checkedAt[id] = checked
            return reply(to: id, lighting: lamp)
        case .vest(let id, _, let checked, _):
            checkedAt[id] = checked
            return reply(to: id, lighting: "votes")
        case .wake(let length):
            now = now.advanced(by: length)
            wakes += 1
            if let change = onWake[wakes] { lamps.merge(change) { _, new in new } }
            return machine.handle(.woke, at: now)
        case .ask(let id, _):
            return answers.isEmpty ? [] : machine.handle(.answered(id, answers.removeFirst()), at: now)
        case .report: return []
        case .finish(let ending):
            self.ending = ending
            return []
        }
    }

    private mutating func reply(to id: StepID, lighting lamp: String) -> [Machine.Effect] {
        let reply = replies[id]?.isEmpty == false ? replies[id]?.removeFirst() ?? .nothing : .done([lamp])
        now = now.advanced(by: .milliseconds(10))
        switch reply {
        case .done(let lit):
            for name in lit { lamps[name] = .known(1) }
            return machine.handle(.returned(id, .done), at: now)
        case .refused: return machine.handle(.returned(id, .refused("toy.refusal", "no")), at: now)
        case .lost(let lit):
            for name in lit { lamps[name] = .known(1) }
            return machine.handle(.returned(id, .unknown(.unreachable)), at: now)
        case .late: return machine.handle(.late(id), at: now)
        case .nothing: return machine.handle(.returned(id, .done), at: now)
        }
    }

    /// An effect in words; reports have none.
    static func words(_ effect: Machine.Effect) -> String {
        switch effect {
        case .observe(let questions):
            "observe " + questions.map { question in if case .lamp(let name) = question { name } else { "" } }.joined(separator: " ")
        case .commit(let entries, _, let closing, let opening):
            "commit " + entries.map { "\($0.kind.rawValue):\($0.step?.rawValue ?? "")" }.joined(separator: " ")
                + (closing == nil ? "" : " -grant") + (opening == nil ? "" : " +grant")
        case .perform(let id, _, _, _, _): "perform \(id)"
        case .vest(let id, let record, _, _): "vest \(id) under \(record.grant.number)"
        case .wake: "wake"
        case .ask(let id, _): "ask \(id)"
        case .report: ""
        case .finish(let ending): "finish \(ending.name)"
        }
    }
}

extension OperationMachine.Ending {
    var name: String {
        switch self {
        case .done: "done"
        case .refused: "refused"
        case .replan: "replan"
        case .doubt: "doubt"
        case .interrupted: "interrupted"
        case .leaseLost: "leaseLost"
        case .failed(_, let isOver): isOver ? "failed" : "failed, resumable"
        }
    }
}

extension Step where F == Toy {
    /// Turns on the lamp of its own name.
    static func turn(
        _ lamp: String, when guards: [Toy.Condition] = [], proof: [Toy.Condition]? = nil, question: String? = nil, always: Bool = false
    ) -> Step<Toy> {
        Step(
            StepID(lamp), "turn \(lamp) on", guards: guards, deed: .act(.turn(lamp)), proof: proof ?? [.lit(lamp)],
            within: .seconds(1), hazard: .reversible, question: question, always: always)
    }
    static func wait(for lamp: String, question: String? = nil) -> Step<Toy> {
        Step(
            StepID("wait." + lamp), "wait for \(lamp)", deed: .wait, proof: [.lit(lamp)], within: .seconds(1), hazard: .safe,
            question: question)
    }
    static func grant(to node: NodeID = "b", when guards: [Toy.Condition] = []) -> Step<Toy> {
        Step("grant", "grant", guards: guards, deed: .grant(node), proof: [.never], within: .seconds(1), hazard: .slashable)
    }
    static func vest(_ node: NodeID = "b", when guards: [Toy.Condition] = []) -> Step<Toy> {
        Step("vest", "start", guards: guards, deed: .vest(node), proof: [.lit("votes")], within: .seconds(1), hazard: .slashable)
    }
}
