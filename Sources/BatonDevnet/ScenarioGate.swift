import BatonConfluxNode
import BatonHTTP
import BatonModel

/// What a node process keeps for scenario mode: the given clock, and which calls have come and been answered.
///
/// Calls of a scenario carry growing ids, so that a pile of them has an order that no socket decides.
struct ScenarioGate {
    /// Whether this is scenario mode at all; else nothing is kept.
    let isOn: Bool
    /// Calls are kept back until ``release()``.
    var isPaused = false
    /// The chain's clock.
    private(set) var now: Instant?
    /// The chain's wall clock, in seconds since 1970.
    private(set) var wallSeconds: Int64?
    private var waiting: [(HTTPCall, RPCRequest)] = []
    private var reading: Set<JSON> = []
    private var isAnswered: [JSON: Bool] = [:]

    init(isOn: Bool) { self.isOn = isOn }

    /// Takes the clock that comes along with an order.
    mutating func set(_ argument: JSON) {
        if let nanoseconds = argument["now"]?.integer { now = Instant(nanoseconds: nanoseconds) }
        if let seconds = argument["wallSeconds"]?.integer { wallSeconds = seconds }
    }

    /// Takes the clock of a view.
    mutating func set(_ view: ChainView) { (now, wallSeconds) = (view.instant, view.wallSeconds) }

    /// Whether the call was kept back.
    mutating func holds(_ call: HTTPCall, _ request: RPCRequest) -> Bool {
        guard isPaused else { return false }
        waiting.append((call, request))
        return true
    }

    /// What was kept back, in the order of the ids.
    mutating func release() -> [(HTTPCall, RPCRequest)] {
        isPaused = false
        let all = waiting.sorted { ($0.1.id.integer ?? 0) < ($1.1.id.integer ?? 0) }
        waiting = []
        return all
    }

    /// A call came to the queue.
    mutating func arrived(_ id: JSON) { if isOn, isAnswered[id] == nil { isAnswered[id] = false } }
    /// A call was forwarded to the chain.
    mutating func reads(_ id: JSON) { if isOn { reading.insert(id) } }
    /// A call was answered.
    mutating func answered(_ id: JSON) {
        guard isOn else { return }
        isAnswered[id] = true
        reading.remove(id)
    }

    /// `{"arrived": …, "answered": …, "reading": …}`.
    func state(of id: JSON) -> JSON {
        let isHeld = waiting.contains { $0.1.id == id }
        return [
            "arrived": .bool(isHeld || isAnswered[id] != nil), "answered": .bool(isAnswered[id] == true),
            "reading": .bool(reading.contains(id)),
        ]
    }
}
