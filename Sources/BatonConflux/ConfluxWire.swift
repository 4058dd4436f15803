package import BatonModel

/// A question that a node's RPC answers without changing anything. No case can start or stop a vote.
///
/// - Source: conflux-pos.md §1.1, §4.1, §5.
package enum ConfluxQuery: Hashable, Sendable {
    case votingStatus
    /// The calldata of a registration; its second part is the PoS address of the node's key.
    case identity
    case syncPhase
    case posStatus
    case chainStatus
    case clientVersion
    case committee
    case consensusBlocks
    /// A PoS account by its address without 0x.
    case account(String)
    /// A committed PoS block by its height.
    case block(UInt64)

    /// The parameters as the node takes them.
    package var params: JSON {
        switch self {
        case .votingStatus, .syncPhase, .posStatus, .chainStatus, .clientVersion, .committee, .consensusBlocks: []
        case .identity: ["0x1"]
        case .account(let address): [.string("0x" + address)]
        case .block(let height): [.hex(height)]
        }
    }
}

/// The method names of one generation of node software.
///
/// - Source: conflux-pos.md §1.1.
package enum ConfluxDialect: Hashable, Sendable, CaseIterable {
    /// 2.4.1 and later.
    case current
    /// 2.0.1 to 2.4.0.
    case underscored

    /// The wire method of a question.
    package func method(_ query: ConfluxQuery) -> String {
        switch query {
        case .votingStatus: self == .current ? "test_posVotingStatus" : "pos_voting_status"
        case .identity: self == .current ? "test_posRegister" : "pos_register"
        case .syncPhase: self == .current ? "debug_currentSyncPhase" : "current_sync_phase"
        case .posStatus: "pos_getStatus"
        case .chainStatus: "cfx_getStatus"
        case .clientVersion: "cfx_clientVersion"
        case .committee: "pos_getCommittee"
        case .consensusBlocks: "pos_getConsensusBlocks"
        case .account: "pos_getAccount"
        case .block: "pos_getBlockByNumber"
        }
    }
}

/// One JSON-RPC 2.0 request.
package struct ConfluxRequest: Hashable, Sendable {
    package let id: Int64
    package let method: String
    package let params: JSON

    /// Makes a request; `id` is the one that its answer must carry.
    package init(id: Int64, method: String, params: JSON) { (self.id, self.method, self.params) = (id, method, params) }
    /// The body of the POST.
    package var body: [UInt8] {
        (["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params] as JSON).canonical
    }
}

/// What a node answered, or why that is not known.
package enum ConfluxAnswer: Hashable, Sendable {
    case result(JSON)
    /// The node refused; `text` is its message and data.
    case failed(code: Int64, text: String, ConfluxFault)
    case doubt(Doubt)

    /// The result, when there is one.
    package var result: JSON? {
        guard case .result(let value) = self else { return nil }
        return value
    }

    /// Why there is no result; a refusal to a plain question counts as unreadable.
    package var doubt: Doubt? {
        switch self {
        case .result: nil
        case .failed(_, _, .notInitialised): .unreachable
        case .failed: .unreadable
        case .doubt(let doubt): doubt
        }
    }

    /// Reads the body of an answer; `nil` when it is no answer to that request.
    package static func read(_ body: [UInt8], id: Int64) -> ConfluxAnswer? {
        // What is no JSON is no answer; the caller says so with the moment of the request.
        guard let json = try? JSON(parsing: body), json["id"]?.integer == id else { return nil }
        if let error = json["error"], !error.isNull {
            guard let code = error["code"]?.integer else { return nil }
            let message = error["message"]?.string ?? ""
            let data = error["data"].map { $0.string ?? $0.text } ?? ""
            let text = data.isEmpty ? message : "\(message): \(data)"
            return .failed(code: code, text: text, ConfluxFault(code: code, text: text))
        }
        guard let result = json["result"] else { return nil }
        return .result(result)
    }
}
