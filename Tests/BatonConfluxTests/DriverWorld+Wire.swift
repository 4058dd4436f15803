import BatonModel
import BatonWorld
import Synchronization

extension DriverMachine: Network {
    func open(_ endpoint: Endpoint, within: Duration) async throws(WireError) -> any Wire {
        let number: Int? = state.withLock { state in
            guard state.nodes[endpoint.port]?.node.process != nil else { return nil }
            state.connections += 1
            return state.connections
        }
        guard let number else { throw .refused }
        return DriverWire(self, port: endpoint.port, number: number)
    }
}

/// A wire to a node of the machine.
final class DriverWire: Wire {
    private struct Pending {
        let id: JSON, method: String
        let behaviour: DriverMachine.Behaviour
        let done: JSON?
    }
    private struct Line {
        var isClosed = false
        var pending: Pending?
    }
    private let machine: DriverMachine
    private let port: Int
    private let number: Int
    private let line = Mutex(Line())

    init(_ machine: DriverMachine, port: Int, number: Int) { (self.machine, self.port, self.number) = (machine, port, number) }

    func send(_ body: [UInt8]) async throws(WireError) {
        guard line.withLock({ !$0.isClosed }) else { throw .closed }
        precondition(line.withLock { $0.pending == nil }, "sent while an answer is outstanding")
        // What is no JSON was not sent by a client of ours.
        guard let json = try? JSON(parsing: body), let method = json["method"]?.string, let id = json["id"] else { throw .malformed }
        let (behaviour, done) = machine.state.withLock { state -> (DriverMachine.Behaviour, JSON?) in
            state.nodes[port]?.node.seen.append("\(number):\(method)")
            state.nodes[port]?.node.params[method] = json["params"]
            var behaviour = DriverMachine.Behaviour.obey
            if var list = state.nodes[port]?.node.behaviours[method], !list.isEmpty {
                behaviour = list.removeFirst()
                state.nodes[port]?.node.behaviours[method] = list
            }
            switch behaviour {
            case .answerAfter(let time):
                state.now += time.nanoseconds
                return (behaviour, state.execute(method, at: port))
            case .obey, .answerLater, .obeyAndDrop: return (behaviour, state.execute(method, at: port))
            case .restartAndAnswer:
                let folder = state.nodes[port]?.folder ?? ""
                let next = DriverMachine.process(777, start: 777)
                let answer = state.execute(method, at: port)
                state.residents[folder] = [next]
                return (behaviour, answer)
            case .actLater, .drop: return (behaviour, nil)
            case .fail(let code, let message, let data): return (behaviour, DriverMachine.error(code, message, data))
            }
        }
        line.withLock { $0.pending = Pending(id: id, method: method, behaviour: behaviour, done: done) }
    }

    func receive(within: Duration) async throws(WireError) -> [UInt8] {
        guard let pending = line.withLock({ $0.pending }) else { throw .closed }
        let isReleased = machine.state.withLock { $0.isReleased }
        switch pending.behaviour {
        case .drop, .obeyAndDrop:
            line.withLock { ($0.isClosed, $0.pending) = (true, nil) }
            throw .closed
        case .answerLater, .actLater:
            guard isReleased else {
                machine.pass(within)
                throw .timedOut
            }
        case .obey, .fail, .restartAndAnswer, .answerAfter: break
        }
        line.withLock { $0.pending = nil }
        let answer = pending.done ?? machine.state.withLock { $0.execute(pending.method, at: port) }
        var members = answer.object ?? [:]
        members["jsonrpc"] = "2.0"
        members["id"] = pending.id
        return JSON.object(members).canonical
    }

    func close() async { line.withLock { ($0.isClosed, $0.pending) = (true, nil) } }
}
