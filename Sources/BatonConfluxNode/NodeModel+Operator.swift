package import BatonModel

extension NodeModel {
    /// How a method is answered.
    package enum MethodKind: Hashable, Sendable {
        /// By the PoS loop, through ``CommandQueue``.
        case queued
        /// By the process itself, at once.
        case direct
        /// From the chain, as far as ``NodeModel/horizon``: forward to the chain process.
        case reading
        /// -32601.
        case unknown
    }

    /// How a method is answered by a 3.x node on its local port.
    ///
    /// - Source: conflux-pos.md §1.1 (only the names of 2.4.1 and later exist on 3.x), §1.2.
    package static func kind(of method: String) -> MethodKind {
        switch method {
        case "test_posStartVoting", "test_posStopVoting", "test_posVotingStatus", "test_posStopElection": .queued
        case "test_posRegister", "debug_currentSyncPhase", "test_getPeerInfo", "test_stop", "cfx_clientVersion": .direct
        default: ChainModel.readingMethods.contains(method) ? .reading : .unknown
        }
    }

    /// Whether the public port serves a method, too (`public_rpc_apis = "safe,pos"`).
    ///
    /// - Source: conflux-pos.md §1.2.
    package static func isPublic(_ method: String) -> Bool {
        ["cfx_", "pos_", "txpool_"].contains { method.hasPrefix($0) } && kind(of: method) != .unknown
    }

    /// The error of an operator call that the loop never got (``CommandQueue/Taken/refusal``).
    package func refusal(_ text: String) -> RPCReply { .error(.operatorCall(text, settings.version)) }

    /// Runs a queued or direct method; a reading one through `reading`, else it is `-32601`.
    ///
    /// Queued methods come here only in the order that ``CommandQueue`` gives.
    /// - Parameters:
    ///   - now: the boot-time clock, for ``stamps``.
    ///   - reading: must not look at this node, which is being changed.
    package mutating func execute(
        _ method: String, _ params: [JSON], disk: inout some NodeDisk, wallSeconds: Int64, now: Instant,
        reading: ((String, [JSON], ChainView) -> RPCReply)? = nil
    ) -> RPCReply {
        switch method {
        case "test_posStartVoting":
            guard params.count == 1, let initialize = params[0].bool else { return .error(.invalidParams) }
            return answer { (node) throws(StorageError) in
                try node.startVoting(initialize: initialize, disk: &disk, now: now)
            }
        case "test_posStopVoting":
            guard params.isEmpty else { return .error(.invalidParams) }
            guard settings.isPoSInitialized else { return refusal("Pos not initialized!") }
            return stopVoting(disk: &disk, now: now)
        case "test_posVotingStatus":
            guard params.isEmpty else { return .error(.invalidParams) }
            guard settings.isPoSInitialized else { return refusal("Pos not initialized!") }
            return .result(.bool(isVoting))
        case "test_posStopElection": return stopElection(params)
        case "test_posRegister": return register(params)
        case "debug_currentSyncPhase": return params.isEmpty ? .result(.string(phase.rawValue)) : .error(.invalidParams)
        case "test_getPeerInfo": return params.isEmpty ? .result(peers) : .error(.invalidParams)
        case "cfx_clientVersion": return .result(.string(settings.version.clientVersion))
        case "test_stop":
            isAskedToStop = true
            return .result(.null)
        default:
            guard Self.kind(of: method) == .reading, let reading, let horizon else { return .error(.methodNotFound) }
            return reading(method, params, horizon)
        }
    }

    private mutating func answer(_ deed: (inout NodeModel) throws(StorageError) -> Void) -> RPCReply {
        guard settings.isPoSInitialized else { return refusal("Pos not initialized!") }
        do {
            try deed(&self)
            return .result(.null)
        } catch {
            return refusal(error.text)
        }
    }

    /// Starts voting: with `initialize` the flag alone, else from the `.save`.
    ///
    /// No guard asks whether the node votes already, and no epoch is initialised (conflux-pos.md §1.4, §1.5, §2.5).
    private mutating func startVoting(
        initialize: Bool, disk: inout some NodeDisk, now: Instant
    ) throws(StorageError) {
        if !initialize { try storage.takeOver(&disk, folder: settings.dataFolder) }
        if !isVoting { stamps.set = now }
        isVoting = true
    }

    /// Stops voting: `.json` becomes `.save`, replacing one that lies there, then the flag is cleared.
    ///
    /// No guard asks whether the node votes at all (conflux-pos.md §1.4).
    private mutating func stopVoting(disk: inout some NodeDisk, now: Instant) -> RPCReply {
        do {
            try disk.rename(SafetyFile.live, to: SafetyFile.saved)
        } catch {
            return refusal("Internal error: \(error.description)")
        }
        if isVoting { stamps.cleared = now }
        isVoting = false
        return .result(.null)
    }

    /// - Source: conflux-pos.md §1.5, §4.2, §6.3.
    private mutating func stopElection(_ params: [JSON]) -> RPCReply {
        guard params.isEmpty else { return .error(.invalidParams) }
        guard settings.isPoSInitialized, let horizon else { return .error(.internal) }
        if !hasStoppedElections {
            hasStoppedElections = true
            // The newest term with our votes is the second one from now on; its votes serve six terms.
            let isElected = horizon.committee.contains(settings.posAddress)
            servesUntil = isElected ? horizon.epochEndHeight + 7 * horizon.roundsPerEpoch + 1 : nil
        }
        guard let servesUntil, horizon.committedHeight < servesUntil else { return .result(.null) }
        return .result(.unsigned(servesUntil))
    }

    /// - Source: conflux-pos.md §1.1, §3.3: the calldata of `register`, and the PoS address without `0x`.
    private func register(_ params: [JSON]) -> RPCReply {
        guard (1...2).contains(params.count), let power = params[0].hexInteger, params.count == 1 || params[1].unsigned != nil
        else { return .error(.invalidParams) }
        let digits = String(power, radix: 16)
        let word = String(repeating: "0", count: 64 - digits.utf8.count) + digits
        let keys = (1...4).map { Hash32(mixing: $0, Hash32.number(of: settings.posAddress)).hex }.joined()
        return .result([.string("0xe335b451" + settings.posAddress + word + keys), .string(settings.posAddress)])
    }

    /// - Source: conflux-pos.md §5.
    private var peers: JSON {
        .array(
            (0..<settings.peers).map { index in
                let name = Hash32(mixing: 0x9EE4, UInt64(index))
                return [
                    "id": .integer(Int64(index)), "addr": .string("192.0.2.\(index + 1):32323"),
                    "nodeid": .string("0x" + name.hex + name.hex),
                    "protocols": [["protocol": "cfx", "version": 3], ["protocol": "pos", "version": 1]],
                ]
            }
        )
    }
}
