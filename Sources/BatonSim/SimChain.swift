package import BatonConfluxNode
import BatonModel

/// The chain in virtual time: it drives the rounds of the model, tells the nodes, takes their votes, and answers
/// the reading methods on reference ports.
package final class SimChain: SimServer, @unchecked Sendable {
    /// The world that it is in.
    package let world: SimWorld
    /// The model behind it; its verdict is what checkers read.
    package private(set) var model: ChainModel { didSet { answered = [:] } }
    /// The nodes that follow it, in the order of their names.
    package var followers: [SimNodeProcess] = []
    /// Called after every event, for faults that wait for a moment of the chain.
    package var onEvent: ((ChainEvent) -> Void)?
    /// Rounds that opened since the world began.
    package private(set) var roundsOpened = 0
    /// The longest time that events and votes travel.
    package let delayMax: Duration
    private var turn = 0
    /// What the chain has answered since it last changed, by method and parameters.
    private var answered: [RPCRequest: RPCReply] = [:]

    /// Starts the chain; its first round opens now.
    package init(_ settings: ChainSettings, in world: SimWorld) {
        self.world = world
        model = ChainModel(settings)
        delayMax = min(.milliseconds(150), settings.roundTimeout / 10)
    }

    /// Starts driving the rounds.
    package func begin() { arm() }

    private func arm() {
        turn += 1
        let mine = turn
        world.at(model.nextDeadline.nanoseconds) { [weak self] in
            guard let self, turn == mine else { return }
            tell(model.advance(to: Instant(nanoseconds: world.now)))
            arm()
        }
    }

    /// Ends the epoch now.
    package func rollEpoch() {
        tell(model.rollEpochNow(at: Instant(nanoseconds: world.now)))
        arm()
    }

    /// Lets the next rounds have no proposal.
    package func silence(rounds: UInt64) { model.silence(rounds: rounds) }

    private func tell(_ events: [ChainEvent]) {
        for event in events {
            if case .roundOpened = event { roundsOpened += 1 }
            for follower in followers { follower.hear(event) }
            onEvent?(event)
        }
    }

    /// Most questions of a controller come while the chain stands still.
    private func read(_ request: RPCRequest) -> RPCReply {
        let question = RPCRequest(id: .null, method: request.method, params: request.params)
        if let known = answered[question] { return known }
        let reply = model.read(request.method, request.params)
        answered[question] = reply
        return reply
    }

    /// Takes a vote from the wire.
    package func take(_ vote: SignedVote) {
        world.mix("vote \(vote.signer) \(vote.watermark)")
        model.receive(vote, at: Instant(nanoseconds: world.now))
    }

    package func receive(_ body: [UInt8], port: Int, connection: UInt64, reply: @escaping ([UInt8]) -> Void) {
        let answer: [UInt8]
        do {
            let request = try RPCRequest(body: body)
            answer = read(request).body(id: request.id)
        } catch {
            answer = RPCReply.error(error).body(id: .null)
        }
        reply(answer)
    }
}
