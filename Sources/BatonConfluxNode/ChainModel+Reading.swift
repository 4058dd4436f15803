package import BatonModel

extension ChainModel {
    /// Answers a reading method (`pos_*`, `cfx_*`, `txpool_status`) as a node that has come as far as `horizon`.
    ///
    /// - Parameter version: decides the shape of errors and `cfx_clientVersion`.
    /// - Source: conflux-pos.md §4.1, §5.
    package func read(
        _ method: String, _ params: [JSON], horizon: ChainView? = nil, version: NodeVersion? = nil
    ) -> RPCReply {
        let seen = horizon ?? view
        switch method {
        case "pos_getStatus": return .result(status(seen))
        case "pos_getAccount": return account(params, seen, version ?? settings.version)
        case "pos_getCommittee": return committee(params, seen, version ?? settings.version)
        case "pos_getConsensusBlocks": return .result(.array(consensusBlocks(seen)))
        case "pos_getBlockByHash": return blockByHash(params, seen)
        case "pos_getBlockByNumber": return blockByNumber(params, seen)
        case "pos_getEpochState": return epochState(params, seen)
        case "pos_getRewardsByEpoch": return params.isEmpty ? .error(.invalidParams) : .result(.null)
        case "cfx_getStatus": return .result(powStatus(seen))
        case "cfx_epochNumber": return epochNumber(params, seen)
        case "cfx_clientVersion": return .result(.string((version ?? settings.version).clientVersion))
        case "txpool_status": return .result(["deferred": "0x0", "ready": "0x0", "received": "0x0", "unexecuted": "0x0"])
        default: return .error(.methodNotFound)
        }
    }

    /// Whether ``read(_:_:horizon:version:)`` knows a method.
    package static let readingMethods: Set<String> = [
        "pos_getStatus", "pos_getAccount", "pos_getCommittee", "pos_getConsensusBlocks", "pos_getBlockByHash",
        "pos_getBlockByNumber", "pos_getEpochState", "pos_getRewardsByEpoch", "cfx_getStatus", "cfx_epochNumber",
        "cfx_clientVersion", "txpool_status",
    ]

    private func status(_ seen: ChainView) -> JSON {
        let committedBlock = block(committedAt: seen.committedHeight)?.info ?? epochRoot
        return [
            "latestCommitted": .hex(seen.committedHeight), "epoch": .hex(seen.epoch),
            "pivotDecision": pivot(committedBlock), "latestVoted": .hex(seen.votedHeight),
            "latestTxNumber": .hex(seen.committedHeight * 6),
        ]
    }

    private func pivot(_ info: BlockInfo) -> JSON {
        ["blockHash": .string("0x" + info.pivotHash.hex), "height": .hex(info.pivotHeight)]
    }

    private func block(committedAt height: UInt64) -> ChainBlock? {
        guard height > settings.firstHeight, height <= committedHeight else { return nil }
        return committed[Int(height - settings.firstHeight - 1)]
    }

    private func account(_ params: [JSON], _ seen: ChainView, _ version: NodeVersion) -> RPCReply {
        guard let text = params.first?.string, text.hasPrefix("0x"), text.utf8.count == 66, params.count <= 2 else {
            return .error(.invalidParams)
        }
        if params.count == 2, !params[1].isNull {
            guard let number = params[1].hexInteger else { return .error(.invalidParams) }
            guard number <= seen.committedHeight else { return .error(notExecuted(number, seen, version)) }
        }
        var members: [String: JSON] = [
            "inQueue": [], "locked": "0x0", "outQueue": [], "unlocked": "0x0", "availableVotes": "0x0",
            "forceRetired": .null, "forfeited": "0x0",
        ]
        if let index = indexOfIdentity[text.dropFirst(2).lowercased()] {
            let record = identities[index]
            let power = record.settings.votingPower
            members["locked"] = .hex(record.availableVotes)
            members["availableVotes"] = .hex(record.availableVotes)
            if let until = record.outUntil { members["outQueue"] = [["endBlockNumber": .hex(until), "power": .hex(power)]] }
            members["forceRetired"] = record.forceRetired.map(JSON.hex) ?? .null
        }
        return .result(["address": .string(text), "blockNumber": .hex(seen.committedHeight), "status": .object(members)])
    }

    private func notExecuted(_ number: UInt64, _ seen: ChainView, _ version: NodeVersion) -> RPCError {
        // The words in front of the detail differ by version (conflux-pos.md §12 no. 13).
        let text = "Specified block \(number) is not executed, the latest block number is \(seen.committedHeight)"
        return RPCError(code: -32016, message: "Error processing request: Msg error detail: \(text)")
    }

    private func node(_ address: String, _ power: UInt64) -> JSON {
        ["address": .string("0x" + address), "votingPower": .hex(power)]
    }

    /// The other honest voters with their votes: the first of them has what does not divide.
    private var others: [(address: String, power: UInt64)] {
        guard settings.otherHonestPower > 0, settings.otherVoters > 0 else { return [] }
        let share = settings.otherHonestPower / settings.otherVoters
        let rest = settings.otherHonestPower - share * settings.otherVoters
        return (0..<settings.otherVoters).map { (otherAddress($0), $0 == 0 ? share + rest : share) }
    }

    private func members(_ seen: ChainView) -> [(address: String, power: UInt64)] {
        let ours = seen.committee.compactMap { address in
            indexOfIdentity[address].map { (address: address, power: identities[$0].settings.votingPower) }
        }
        return (ours + others).sorted { $0.address < $1.address }
    }

    /// The committee at a height, or the one of now.
    private func committee(_ params: [JSON], _ seen: ChainView, _ version: NodeVersion) -> RPCReply {
        guard let first = params.first, !first.isNull, first != "latest_committed", first != "latest_voted" else {
            return params.count <= 1 ? .result(committee(seen)) : .error(.invalidParams)
        }
        guard params.count == 1, let height = first == "earliest" ? settings.firstHeight : first.hexInteger else {
            return .error(.invalidParams)
        }
        guard height <= seen.votedHeight else { return .error(notExecuted(height, seen, version)) }
        var then = seen
        if let seat = seats.last(where: { $0.from <= height }) ?? seats.first, seat.epoch < seen.epoch {
            (then.epoch, then.committee) = (seat.epoch, addresses(in: seat.members).sorted())
        }
        return .result(committee(then))
    }

    private func committee(_ seen: ChainView) -> JSON {
        let nodes = members(seen)
        let total = nodes.reduce(UInt64(0)) { $0 + $1.power }
        let list = JSON.array(nodes.map { node($0.address, $0.power) })
        func election(_ term: UInt64, _ isFinalized: Bool) -> JSON {
            [
                "startBlockNumber": .hex(epochEndHeight + (term - 1) * settings.roundsPerEpoch + 1),
                "isFinalized": .bool(isFinalized), "topElectingNodes": list,
            ]
        }
        return [
            "currentCommittee": [
                "epochNumber": .hex(seen.epoch), "quorumVotingPower": .hex(total * 2 / 3 + 1),
                "totalVotingPower": .hex(total), "nodes": list,
            ],
            "elections": [election(1, true), election(2, false)],
        ]
    }

    private func epochState(_ params: [JSON], _ seen: ChainView) -> RPCReply {
        guard let number = params.first?.hexInteger else { return .error(.invalidParams) }
        guard number == seen.epoch else { return .result(.null) }
        let nodes = members(seen)
        let total = nodes.reduce(UInt64(0)) { $0 + $1.power }
        let info = nodes.map { ("0x" + $0.address, ["votingPower": .hex($0.power)] as JSON) }
        return .result([
            "epoch": .hex(number),
            "verifier": [
                "addressToValidatorInfo": .object(Dictionary(info, uniquingKeysWith: { first, _ in first })),
                "quorumVotingPower": .hex(total * 2 / 3 + 1), "totalVotingPower": .hex(total),
            ],
            "vrfSeed": .string("0x" + Hash32(mixing: settings.seed, 0x5EED, number).hex),
        ])
    }

    private func json(_ block: ChainBlock) -> JSON {
        var signatures: [(String, UInt64)] = addresses(in: block.signers).compactMap { address in
            indexOfIdentity[address].map { (address, identities[$0].settings.votingPower) }
        }
        if block.hasOthers { signatures += others.map { ($0.address, $0.power) } }
        let miner: JSON =
            switch block.miner {
            case .none: .null
            case .identity(let index): .string("0x" + identities[index].settings.posAddress)
            case .other(let index): .string("0x" + otherAddress(index))
            }
        return json(block.info, parentID: block.parentID, miner: miner, signatures: signatures)
    }

    private func json(_ info: BlockInfo, parentID: Hash32, miner: JSON, signatures: [(String, UInt64)]) -> JSON {
        [
            "hash": .string("0x" + info.id.hex), "height": .hex(info.version), "epoch": .hex(info.epoch),
            "round": .hex(info.round), "lastTxNumber": .hex(info.version * 6), "miner": miner,
            "parentHash": .string("0x" + parentID.hex), "timestamp": .hex(info.timestampMicroseconds),
            "pivotDecision": pivot(info),
            "signatures": .array(
                signatures.sorted { $0.0 < $1.0 }.map { ["account": .string("0x" + $0.0), "votes": .hex($0.1)] }
            ),
        ]
    }

    /// Whether somebody who has come as far as `seen` knows the certificate of a block.
    private func isSeen(_ info: BlockInfo, _ seen: ChainView) -> Bool {
        (info.epoch, info.round) <= (seen.epoch, seen.epoch == epoch ? seen.highestCertifiedRound : UInt64.max)
            && info.version <= seen.votedHeight
    }

    /// The proposal of the open round, which has no signatures yet.
    private func offered(_ seen: ChainView) -> JSON? {
        guard let proposal = round.offered, seen.epoch == epoch, seen.round == round.number else { return nil }
        return json(
            proposal.block, parentID: proposal.parent.id, miner: .optional(proposal.leader.map { "0x" + $0 }), signatures: []
        )
    }

    private func consensusBlocks(_ seen: ChainView) -> [JSON] {
        // A node keeps the tree above its newest committed block; a few blocks below help a reader over a gap.
        let below = committed.reversed().prefix { $0.info.epoch == seen.epoch }.prefix(6).reversed()
        let blocks = (Array(below) + pending).filter { isSeen($0.info, seen) && $0.info.epoch == seen.epoch }
        return blocks.map { json($0) } + (offered(seen).map { [$0] } ?? [])
    }

    private func blockByHash(_ params: [JSON], _ seen: ChainView) -> RPCReply {
        guard params.count == 1, let text = params[0].string, text.hasPrefix("0x"),
            let id = Hash32(hex: String(text.dropFirst(2)))
        else { return .error(.invalidParams) }
        if let block = pending.last(where: { $0.info.id == id }) ?? committed.last(where: { $0.info.id == id }) {
            return .result(isSeen(block.info, seen) ? json(block) : .null)
        }
        return .result(round.proposal?.block.id == id ? offered(seen) ?? .null : .null)
    }

    private func blockByNumber(_ params: [JSON], _ seen: ChainView) -> RPCReply {
        guard params.count == 1, let text = params[0].string else { return .error(.invalidParams) }
        let height: UInt64
        switch text {
        case "latest_committed": height = seen.committedHeight
        case "latest_voted": height = seen.votedHeight
        case "earliest": height = settings.firstHeight + 1
        default:
            guard let number = params[0].hexInteger else {
                let reason = text.hasPrefix("0x") ? "invalid hex" : "missing 0x prefix"
                return .error(RPCError(code: -32602, message: "Invalid params: Invalid block number: \(reason)"))
            }
            height = number
        }
        if let block = block(committedAt: height) ?? pending.first(where: { $0.info.version == height }) {
            return .result(isSeen(block.info, seen) ? json(block) : .null)
        }
        return .result(round.proposal?.block.version == height ? offered(seen) ?? .null : .null)
    }

    private func powStatus(_ seen: ChainView) -> JSON {
        [
            "bestHash": .string("0x" + Hash32(mixing: 0xBE57, seen.powEpoch).hex), "chainId": .hex(settings.chainID),
            "ethereumSpaceChainId": .hex(settings.chainID + 1), "networkId": .hex(settings.chainID),
            "epochNumber": .hex(seen.powEpoch), "blockNumber": .hex(seen.powEpoch * 2), "pendingTxNumber": "0x0",
            "latestCheckpoint": .hex(seen.powEpoch / 50_000 * 50_000), "latestConfirmed": .hex(seen.powEpoch - 50),
            "latestState": .hex(seen.powEpoch - 4), "latestFinalized": .hex(seen.powEpoch - 300),
        ]
    }

    private func epochNumber(_ params: [JSON], _ seen: ChainView) -> RPCReply {
        guard params.count <= 1 else { return .error(.invalidParams) }
        switch params.first {
        case nil, .null, "latest_mined": return .result(.hex(seen.powEpoch))
        case "latest_state": return .result(.hex(seen.powEpoch - 4))
        case "latest_confirmed": return .result(.hex(seen.powEpoch - 50))
        case "latest_finalized": return .result(.hex(seen.powEpoch - 300))
        case "latest_checkpoint": return .result(.hex(seen.powEpoch / 50_000 * 50_000))
        case "earliest": return .result("0x0")
        case .some(let value): return value.hexInteger.map { .result(.hex($0)) } ?? .error(.invalidParams)
        }
    }
}

extension NodeVersion {
    /// What `cfx_clientVersion` answers.
    ///
    /// - Source: conflux-pos.md §5 (shape); the commit and date are made up.
    package var clientVersion: String {
        "conflux-rust/v\(rawValue)-5ba70a1-20260801/x86_64-linux-gnu/rustc1.88"
    }
}
