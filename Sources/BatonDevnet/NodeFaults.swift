import BatonModel

/// What is wrong with a node's RPC, on purpose: how calls arrive and how answers leave.
struct NodeFaults {
    /// What happens to one chosen call or answer.
    enum Deed: Hashable {
        /// The command runs, its answer never comes, the connection stays open.
        case loseAnswer
        /// The command runs, then the connection ends without an answer.
        case closeConnection
        /// The command runs at once, its answer comes late.
        case delayAnswer(Duration)
        /// The command itself arrives late; calls of other connections overtake it.
        case delayCommand(Duration)
    }
    private struct Rule {
        let method: String
        var left: Int
        let deed: Deed
    }

    /// Every call arrives this much later.
    var slowness = Duration.zero
    /// The first call on a new connection arrives this much later than one on a warm connection (conflux-pos.md §1.3).
    var newcomerDelay = Duration.zero
    /// Whether calls are held until ``isHanging`` is cleared.
    var isHanging = false
    private var rules: [Rule] = []
    private var warm: Set<UInt64> = []

    /// How long the acceptor sits on a call of this connection.
    mutating func arrivalDelay(_ connection: UInt64) -> Duration {
        let isNew = warm.insert(connection).inserted
        return slowness + (isNew ? newcomerDelay : .zero)
    }

    /// Forgets a connection.
    mutating func ended(_ connection: UInt64) { warm.remove(connection) }

    /// What is to happen to this call, counting it.
    mutating func deed(for method: String) -> Deed? {
        var found: Deed?
        for index in rules.indices where rules[index].method == method && rules[index].left > 0 {
            rules[index].left -= 1
            if rules[index].left == 0 { found = rules[index].deed }
        }
        rules.removeAll { $0.left == 0 }
        return found
    }

    /// Takes an order of `dev_fault`.
    ///
    /// - Throws: ``JSONError`` when it names no fault.
    mutating func take(_ order: JSON) throws(JSONError) {
        let wait = Duration.milliseconds(Int64(order["milliseconds"]?.unsigned ?? 0))
        switch try order.text("kind") {
        case "clear":
            let known = warm
            self = NodeFaults()
            warm = known
        case "hang": isHanging = true
        case "slow": slowness = wait
        case "reorder": newcomerDelay = wait
        case "answer":
            let deed: Deed
            switch try order.text("deed") {
            case "lose": deed = .loseAnswer
            case "close": deed = .closeConnection
            case "delay": deed = .delayAnswer(wait)
            case "delay-command": deed = .delayCommand(wait)
            case let other: throw JSONError("no deed \(other)")
            }
            rules.append(Rule(method: try order.text("method"), left: Int(try order.count("nth")), deed: deed))
        case let other: throw JSONError("no fault \(other)")
        }
    }
}
