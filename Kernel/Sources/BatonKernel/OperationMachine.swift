public import BatonModel

/// The one interpreter of plans: every operation, first run or resumed, is stepped by this value.
///
/// It has no clock and does no I/O: facts and moments come in as events, orders go out as effects, to be run in their
/// order. It never throws: a failure is a decision too. Nothing is believed from memory: before every deed its guards
/// are judged on facts observed for that step, and a deed is done when its proof holds, not when it returned.
public struct OperationMachine<F: Family>: Sendable {
    /// What happened.
    public enum Event: Sendable {
        case began
        case observed([F.Question: Fact<F.Reading>])
        case returned(StepID, Outcome)
        case committed(EntryNumber)
        /// More than the guard window passed between the last check and the sending; nothing was sent (safety.md R9).
        case late(StepID)
        case woke
        case answered(StepID, Bool)
        case leaseLost
        /// The operator asked to stop at the next safe point.
        case interrupted
    }

    /// What is to be done, in order.
    public enum Effect: Sendable {
        case observe([F.Question])
        case commit(entries: [Entry], raising: [Watermark], closing: Closing?, opening: Grant?)
        /// Runs an act unless `checkedAt` is too long ago.
        case perform(StepID, F.Act, grant: Grant?, checkedAt: Instant, within: Duration)
        /// Starts the vote of the open grant unless `checkedAt` is too long ago.
        case vest(StepID, GrantRecord, checkedAt: Instant, within: Duration)
        case wake(after: Duration)
        case ask(StepID, String)
        case report(Progress)
        case finish(Ending)
    }

    /// What people are shown.
    public enum Progress: Sendable {
        case began(StepID, title: String, index: Int, count: Int)
        case waiting(StepID, for: String)
        case performed(StepID, Outcome)
        case proved(StepID)
        case skipped(StepID)
        /// A step did not come true, and the plan's way back is gone from here on.
        case turningBack(StepID, RuleID, String)
    }

    /// How a run ends.
    public enum Ending: Hashable, Sendable {
        case done
        /// A guard refused before anything of this plan was done.
        case refused(RuleID, String)
        /// A step did not come true; the facts call for another plan.
        case replan(RuleID, String)
        /// A fact is missing that only the operator or time can bring.
        case doubt(RuleID, Doubt, String)
        case interrupted(String)
        case leaseLost
        /// Something did not come true and was taken back, or has no way back; over when nothing is left to resume.
        case failed(Failure, isOver: Bool)
    }

    /// What the step at hand waits for.
    enum Phase: Hashable, Sendable {
        /// Waiting for facts to judge guards by.
        case guarding
        /// Waiting for the commit that comes before the deed.
        case committing(Deferred)
        /// Waiting for the deed to return.
        case performing
        /// Waiting for facts to judge the proof by.
        case proving
        /// Waiting for the commit that ends a step.
        case recording
        case asking
        case ended
    }
    /// An entry that is written with the next commit; its facts are put in words then, not while nobody votes.
    struct Note: Sendable {
        let entry: Entry
        var facts: Facts<F>?
        /// Which of the facts the step was judged by.
        var asked: [F.Question] = []

        var written: Entry {
            guard let facts, var detail = entry.detail.object else { return entry }
            detail["facts"] = facts.told(asked)
            return Entry(entry.kind, step: entry.step, rule: entry.rule, detail: .object(detail))
        }
    }
    /// Conditions that kept a step waiting, and how they stood.
    struct Awaited: Sendable {
        let standing: [(condition: F.Condition, verdict: Verdict)]
        /// How often only they were looked at.
        var looks = 0
        /// After so many looks everything is looked at again.
        static var looksMax: Int { 16 }
    }
    /// What goes on after a commit.
    enum Deferred: Hashable, Sendable { case deed, grantDone }

    public let plan: Plan<F>
    public internal(set) var memory: Memory
    public internal(set) var facts = Facts<F>()
    var steps: [Step<F>]
    var index = 0
    var phase = Phase.guarding
    var stepBegan: Instant?
    var wantsStop = false
    /// Whether any deed of this plan was ordered.
    var touched = false
    /// The last reason to wait, so that it is reported once.
    var waitingFor = ""
    /// What happened within the cut, committed after it.
    var cutLog: [Note] = []
    /// What a wait stands on; while it stands so, nothing else is looked at.
    var awaited: Awaited?
    /// What was looked at since the last deed returned or the last grant was committed.
    var seenSinceDeed: Set<F.Question> = []
    /// Why the steps at hand take back; `nil` while the plan goes forward.
    var failure: Failure?
    let context: GrantContext

    /// What a grant is made from besides its licence.
    public struct GrantContext: Hashable, Sendable {
        public let operation: OperationID
        public let lease: Lease
        /// The number that the next grant gets; above every one ever seen.
        public let nextGrant: GrantNumber
        public init(operation: OperationID, lease: Lease, nextGrant: GrantNumber) {
            (self.operation, self.lease, self.nextGrant) = (operation, lease, nextGrant)
        }
    }
    var nextGrant: GrantNumber

    public init(_ plan: Plan<F>, memory: Memory, context: GrantContext) {
        self.plan = plan
        self.memory = memory
        self.context = context
        nextGrant = context.nextGrant
        steps = plan.steps
        failure = plan.failure
    }

    /// Takes one event in and says what to do now.
    public mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        guard phase != .ended else { return [] }
        switch event {
        case .began: return enter(at: now)
        case .observed(let newer):
            facts.merge(newer)
            seenSinceDeed.formUnion(newer.keys)
            F.note(facts, in: &memory, of: plan, at: now)
            return judge(newer, at: now)
        case .returned(let id, let outcome): return returned(id, outcome, at: now)
        case .committed: return committed(at: now)
        case .late: return phase == .performing ? guardAgain(at: now) : []
        case .woke: return lookAgain()
        case .answered(_, let yes): return answered(yes, at: now)
        case .leaseLost: return end(.leaseLost)
        case .interrupted:
            wantsStop = true
            return []
        }
    }

    /// The step at hand, or `nil` behind the last one.
    public var current: Step<F>? { index < steps.count ? steps[index] : nil }

    /// Whether the step at hand is inside a cut and not its first.
    var isInsideCut: Bool { cutAtHand.map { $0.first != current?.id } ?? false }

    var cutAtHand: Cut? {
        guard let id = current?.id else { return nil }
        return plan.cuts.first { cut in
            guard let first = steps.firstIndex(where: { $0.id == cut.first }), let last = steps.firstIndex(where: { $0.id == cut.last })
            else { return false }
            return first <= index && index <= last && steps[index].id == id
        }
    }
}

// MARK: Entering and leaving steps

extension OperationMachine {
    /// Begins the step at hand, or ends the plan behind the last one.
    mutating func enter(at now: Instant) -> [Effect] {
        guard let step = current else { return end(failure.map { .failed($0, isOver: true) } ?? .done) }
        if wantsStop, !isInsideCut {
            return end(.interrupted("stopped before “\(step.title)”"))
        }
        phase = .guarding
        stepBegan = now
        waitingFor = ""
        awaited = nil
        let began: Effect = .report(.began(step.id, title: step.title, index: index + 1, count: steps.count))
        guard isInsideCut, hasLooked(for: step) else { return [began] + observe() }
        return [began] + judgeGuards(of: step, at: now)
    }

    /// Whether everything that a step in the middle of a cut is judged by was looked at since the deed before it.
    ///
    /// A step without guards (the rename of `.save`) has nothing that could have changed meanwhile.
    private func hasLooked(for step: Step<F>) -> Bool {
        let questions = questions(guarding: step)
        if step.guards.isEmpty, case .act = step.deed { return questions.allSatisfy { facts[$0] != nil } }
        return questions.allSatisfy(seenSinceDeed.contains)
    }

    /// Asks everything that the step's conditions are judged by, each question once.
    ///
    /// In a cut, where nobody votes meanwhile, the look that proves a deed serves the guards of the next step too.
    mutating func observe() -> [Effect] {
        awaited = nil
        return current.map { [.observe(everything(of: $0))] } ?? []
    }

    private func everything(of step: Step<F>) -> [F.Question] {
        var questions = phase == .guarding ? questions(guarding: step) : step.proof.flatMap { F.questions(of: $0) }
        if phase == .proving, let cut = cutAtHand, cut.last != step.id, index + 1 < steps.count {
            questions += self.questions(guarding: steps[index + 1])
        }
        return Self.unique(questions)
    }

    private static func unique(_ questions: [F.Question]) -> [F.Question] {
        var seen: Set<F.Question> = []
        return questions.filter { seen.insert($0).inserted }
    }

    /// A wait looks only at what it waits for; in a cut it looks at everything, so that no look is lost.
    private mutating func lookAgain() -> [Effect] {
        guard var awaited, !isInsideCut, awaited.looks < Awaited.looksMax else { return observe() }
        awaited.looks += 1
        self.awaited = awaited
        return [.observe(Self.unique(awaited.standing.flatMap { F.questions(of: $0.condition) }))]
    }

    /// What a step is judged by from its beginning to its end.
    func questions(guarding step: Step<F>) -> [F.Question] {
        var conditions = step.proof + step.guards
        if index == 0 { conditions += plan.assumptions }
        if case .firstThatHolds(let branches) = step.deed { conditions += branches.map { $0.when } }
        var questions = conditions.flatMap { F.questions(of: $0) }
        if case .grant(let node) = step.deed { questions += F.licenceQuestions(for: node, of: plan, by: facts, with: memory) }
        return questions
    }

    /// Forgets every fact and looks again.
    mutating func guardAgain(at now: Instant) -> [Effect] {
        phase = .guarding
        facts = Facts()
        seenSinceDeed = []
        return observe()
    }

    /// Ends the run; what happened in an unfinished cut is written first.
    mutating func end(_ ending: Ending) -> [Effect] {
        phase = .ended
        var effects: [Effect] = []
        if ending != .leaseLost, !cutLog.isEmpty {
            effects.append(.commit(entries: takeNotes(), raising: [], closing: nil, opening: nil))
        }
        return effects + [.finish(ending)]
    }

    /// Notes an entry for the next commit.
    mutating func note(_ entry: Entry) { cutLog.append(Note(entry: entry)) }

    /// What was noted, to be committed.
    mutating func takeNotes() -> [Entry] {
        defer { cutLog = [] }
        return cutLog.map { $0.written }
    }

    /// The step is over: its end goes to the journal, within a cut only after the cut.
    mutating func leave(_ kind: EntryKind, at now: Instant) -> [Effect] {
        guard let step = current else { return end(.done) }
        let report: Effect = .report(kind == .skipped ? .skipped(step.id) : .proved(step.id))
        let entry = Entry(kind, step: step.id, detail: ["at": .integer(now.nanoseconds)])
        cutLog.append(Note(entry: entry, facts: facts, asked: questions(guarding: step)))
        let cut = cutAtHand
        if let cut, cut.last != step.id {
            index += 1
            return [report] + enter(at: now)
        }
        phase = .recording
        return [report, .commit(entries: takeNotes(), raising: [], closing: nil, opening: nil)]
    }
}

// MARK: Judging

extension OperationMachine {
    /// Judges the new facts for what the step waits for; when what it waits for has changed, it looks at the rest first.
    mutating func judge(_ newer: [F.Question: Fact<F.Reading>], at now: Instant) -> [Effect] {
        guard let step = current else { return end(.done) }
        if let awaited, phase == .guarding || phase == .proving {
            let isSame = awaited.standing.allSatisfy { F.judge($0.condition, by: facts, with: memory, at: now) == $0.verdict }
            if isSame, let last = awaited.standing.last { return wait(for: last.condition, last.verdict, of: step, at: now, awaited) }
            guard everything(of: step).allSatisfy({ newer[$0] != nil }) else { return observe() }
        }
        switch phase {
        case .guarding: return judgeGuards(of: step, at: now)
        case .proving: return judgeProof(of: step, at: now)
        case .committing, .performing, .recording, .asking, .ended: return []
        }
    }

    /// The first verdict that does not hold.
    func first(_ conditions: [F.Condition], at now: Instant) -> (F.Condition, Verdict)? {
        for condition in conditions {
            let verdict = F.judge(condition, by: facts, with: memory, at: now)
            if verdict != .holds { return (condition, verdict) }
        }
        return nil
    }

    /// Skips, refuses, waits or goes on, by the step's guards.
    mutating func judgeGuards(of step: Step<F>, at now: Instant) -> [Effect] {
        if index == 0, !touched, let (condition, verdict) = first(plan.assumptions, at: now) {
            if case .fails(let rule) = verdict { return end(.refused(rule, "no longer true: \(condition.words)")) }
            return wait(for: condition, verdict, of: step, at: now)
        }
        if !step.always, !step.proof.isEmpty, first(step.proof, at: now) == nil { return leave(.skipped, at: now) }
        if wantsStop, let cut = cutAtHand, cut.first == step.id { return end(.interrupted("stopped before “\(step.title)”")) }
        if case .firstThatHolds(let branches) = step.deed { return choose(branches, of: step, at: now) }
        if case .wait = step.deed {
            phase = .proving
            return judgeProof(of: step, at: now)
        }
        // A cut begins with the lives that its first step sees; its own guards already ask for them.
        if cutAtHand?.first == step.id { memory.incarnations = F.incarnations(in: facts, of: plan) }
        if let (condition, verdict) = first(step.guards, at: now) { return wait(for: condition, verdict, of: step, at: now) }
        if case .grant(let node) = step.deed { return openGrant(to: node, of: step, at: now) }
        return go(step, at: now)
    }

    /// Leaves the step when its proof holds.
    mutating func judgeProof(of step: Step<F>, at now: Instant) -> [Effect] {
        guard let (condition, verdict) = first(step.proof, at: now) else { return leave(.proved, at: now) }
        return wait(for: condition, verdict, of: step, at: now)
    }

    /// Puts the steps of the first branch that holds in place of this one.
    mutating func choose(_ branches: [Branch<F>], of step: Step<F>, at now: Instant) -> [Effect] {
        for branch in branches {
            switch F.judge(branch.when, by: facts, with: memory, at: now) {
            case .holds:
                steps.replaceSubrange(index...index, with: branch.steps)
                note(Entry(.proved, step: step.id, rule: branch.when.rule, detail: ["branch": branch.when.json]))
                return (branch.steps.isEmpty ? [.report(.proved(step.id))] : []) + enter(at: now)
            case .fails: continue
            case .unknown(let rule, let doubt): return wait(for: branch.when, .unknown(rule, doubt), of: step, at: now)
            }
        }
        guard let last = branches.last else { return end(.done) }
        let standing = branches.map { (condition: $0.when, verdict: F.judge($0.when, by: facts, with: memory, at: now)) }
        return wait(for: last.when, .fails(last.when.rule), of: step, at: now, Awaited(standing: standing))
    }

    /// A condition does not hold: look again until the step's time is over, then ask, refuse, or call for another plan.
    ///
    /// - Parameter awaited: what the wait stands on, when that is more than the condition.
    mutating func wait(
        for condition: F.Condition, _ verdict: Verdict, of step: Step<F>, at now: Instant, _ awaited: Awaited? = nil
    ) -> [Effect] {
        self.awaited = awaited ?? Awaited(standing: [(condition, verdict)])
        var effects: [Effect] = []
        let words = Self.words(condition, verdict)
        if words != waitingFor {
            waitingFor = words
            effects.append(.report(.waiting(step.id, for: words)))
        }
        if wantsStop, !isInsideCut, phase == .guarding || isWait(step) {
            return effects + end(.interrupted("stopped while waiting: \(words)"))
        }
        if case .fails = verdict, !F.mayComeTrue(condition) { return effects + timeOver(condition, verdict, step, at: now) }
        guard let began = stepBegan, began.duration(to: now) < step.within else {
            return effects + timeOver(condition, verdict, step, at: now)
        }
        return effects + [.wake(after: pause(in: step, at: now))]
    }

    /// How long until the next look: a long wait looks less often, yet never later than by an eighth of the time that it took.
    func pause(in step: Step<F>, at now: Instant) -> Duration {
        if let poll = step.poll { return poll }
        let waited = stepBegan.map { $0.duration(to: now) } ?? .zero
        return min(max(plan.poll, waited / 8), plan.poll * 8)
    }

    /// Whether the step only observes.
    func isWait(_ step: Step<F>) -> Bool {
        if case .wait = step.deed { return true }
        return false
    }

    /// A condition and how it stands, for people.
    static func words(_ condition: F.Condition, _ verdict: Verdict) -> String {
        switch verdict {
        case .holds: condition.words
        case .fails: "not yet: \(condition.words)"
        case .unknown(_, let doubt): "unknown (\(doubt)): \(condition.words)"
        }
    }

    /// The step's time is over: ask, turn back, refuse, plan anew, or say what is missing.
    mutating func timeOver(_ condition: F.Condition, _ verdict: Verdict, _ step: Step<F>, at now: Instant) -> [Effect] {
        if phase != .performing, let question = step.question, !memory.accepted.contains(condition.rule) {
            phase = .asking
            return [.ask(step.id, question)]
        }
        var words = "not so: \(condition.words)"
        if case .unknown(_, let doubt) = verdict { words = "unknown (\(doubt)): \(condition.words)" }
        if let effects = turnBack(from: step, condition.rule, words, at: now) { return effects }
        let entry = Entry(
            .refused, step: step.id, rule: condition.rule,
            detail: ["condition": condition.json, "words": .string(Self.words(condition, verdict)), "facts": facts.told()]
        )
        note(entry)
        switch verdict {
        case .unknown(let rule, let doubt): return end(.doubt(rule, doubt, condition.words))
        case .fails(let rule):
            return touched ? end(.replan(rule, condition.words)) : end(.refused(rule, condition.words))
        case .holds: return end(.replan(condition.rule, condition.words))
        }
    }

    /// Goes the step's way back in place of the rest of the plan; that it turns is durable before anything is taken back.
    ///
    /// - Returns: `nil` when the step has no way back and none is gone already.
    mutating func turnBack(from step: Step<F>, _ rule: RuleID, _ words: String, at now: Instant) -> [Effect]? {
        if let failure {
            let stuck = Failure(
                failure.rule, failure.words, result: "stopped on the way back, at “\(step.title)”: \(words)", remedy: failure.remedy)
            note(Entry(.refused, step: step.id, rule: rule, detail: ["words": .string(words), "facts": facts.told()]))
            return end(.failed(stuck, isOver: false))
        }
        guard let way = step.wayBack else { return nil }
        let failure = Failure(rule, "“\(step.title)” did not come true, \(words)", result: way.result, remedy: way.remedy)
        let detail: JSON = [
            "words": .string(words), "facts": facts.told(), "at": .integer(now.nanoseconds), "failure": failure.json,
            "way_back": .array(way.steps.map { .string($0.id.rawValue) }),
        ]
        note(Entry(.refused, step: step.id, rule: rule, detail: detail))
        guard !way.steps.isEmpty else { return end(.failed(failure, isOver: false)) }
        self.failure = failure
        steps.replaceSubrange(index..., with: way.steps)
        touched = true
        return [.report(.turningBack(step.id, rule, words))] + enter(at: now)
    }

    /// The operator answered the step's question.
    mutating func answered(_ yes: Bool, at now: Instant) -> [Effect] {
        guard phase == .asking, let step = current else { return [] }
        note(Entry(.answered, step: step.id, detail: ["question": .optional(step.question), "answer": .bool(yes)]))
        guard yes else { return end(.interrupted("declined: \(step.question ?? step.title)")) }
        return leave(.skipped, at: now)
    }
}
