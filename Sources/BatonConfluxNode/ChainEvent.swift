package import BatonModel

/// What the chain tells every node, in this order and each exactly once.
package enum ChainEvent: Hashable, Sendable {
    /// A round began; the next vote is due half a round timeout later.
    case roundOpened(epoch: UInt64, round: UInt64, timeout: Duration)
    /// Half the round timeout passed: whoever may vote votes for this block now.
    case voteDue(Proposal)
    /// The round timed out: whoever may vote signs a timeout, with this NIL block if it has no vote in the round.
    case roundTimedOut(Proposal)
    /// The certificate of a round's block closed; later votes do not count.
    case certificateClosed(block: BlockInfo, isNil: Bool, signers: [String])
    /// Every block up to this height committed.
    case committed(height: UInt64, round: UInt64)
    /// A PoS epoch began: (epoch, round 1) follows. `committee` are the addresses of the identities that serve in it.
    case epochBegan(epoch: UInt64, committee: [String])
    /// A Dispute transaction was committed against an identity.
    case disputed(posAddress: String, at: Watermark)
    /// An identity was retired by force at a height.
    case forceRetired(posAddress: String, height: UInt64)
}

extension ChainEvent: JSONCoded {
    package var json: JSON {
        switch self {
        case .roundOpened(let epoch, let round, let timeout):
            [
                "event": "roundOpened", "epoch": .unsigned(epoch), "round": .unsigned(round),
                "timeoutNanoseconds": .integer(timeout.nanoseconds),
            ]
        case .voteDue(let proposal): ["event": "voteDue", "proposal": proposal.json]
        case .roundTimedOut(let proposal): ["event": "roundTimedOut", "proposal": proposal.json]
        case .certificateClosed(let block, let isNil, let signers):
            [
                "event": "certificateClosed", "block": block.json, "nil": .bool(isNil),
                "signers": .array(signers.map(JSON.string)),
            ]
        case .committed(let height, let round):
            ["event": "committed", "height": .unsigned(height), "round": .unsigned(round)]
        case .epochBegan(let epoch, let committee):
            ["event": "epochBegan", "epoch": .unsigned(epoch), "committee": .array(committee.map(JSON.string))]
        case .disputed(let address, let mark):
            ["event": "disputed", "posAddress": .string(address), "at": mark.json]
        case .forceRetired(let address, let height):
            ["event": "forceRetired", "posAddress": .string(address), "height": .unsigned(height)]
        }
    }

    package init(json: JSON) throws(JSONError) {
        switch try json.text("event") {
        case "roundOpened":
            let timeout = Duration.nanoseconds(try json.need("timeoutNanoseconds").integer ?? 0)
            self = .roundOpened(epoch: try json.count("epoch"), round: try json.count("round"), timeout: timeout)
        case "voteDue": self = .voteDue(try Proposal(json: try json.need("proposal")))
        case "roundTimedOut": self = .roundTimedOut(try Proposal(json: try json.need("proposal")))
        case "certificateClosed":
            self = .certificateClosed(
                block: try BlockInfo(json: try json.need("block")), isNil: json["nil"]?.bool ?? false,
                signers: (try json.need("signers").array ?? []).compactMap(\.string)
            )
        case "committed": self = .committed(height: try json.count("height"), round: try json.count("round"))
        case "epochBegan":
            self = .epochBegan(
                epoch: try json.count("epoch"), committee: (try json.need("committee").array ?? []).compactMap(\.string)
            )
        case "disputed":
            self = .disputed(posAddress: try json.text("posAddress"), at: try Watermark(json: try json.need("at")))
        case "forceRetired":
            self = .forceRetired(posAddress: try json.text("posAddress"), height: try json.count("height"))
        case let other: throw JSONError("unknown event \(other)")
        }
    }
}
