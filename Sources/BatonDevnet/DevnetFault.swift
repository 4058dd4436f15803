package import BatonModel
import BatonConfluxNode
import BatonWorld
import BatonWorldLive
import Glibc

/// What can be done to a devnet on purpose: `baton devnet fault`.
package struct DevnetFault: Sendable {
    private let devnet: Devnet

    package init(_ devnet: Devnet) { self.devnet = devnet }

    // MARK: - Processes

    /// kill -9.
    package func kill(_ name: String) async throws(BatonError) {
        for process in await DevnetLauncher.residents(of: try devnet.node(name)) { await DevnetLauncher.end(process) }
    }

    /// SIGSTOP.
    package func stop(_ name: String) async throws(BatonError) { try await signal(name, .stop) }

    /// SIGCONT.
    package func `continue`(_ name: String) async throws(BatonError) { try await signal(name, .continue) }

    private func signal(_ name: String, _ signal: Signal) async throws(BatonError) {
        for process in await DevnetLauncher.residents(of: try devnet.node(name)) {
            _ = await DevnetHost.processes.signal(process.incarnation, signal)
        }
    }

    /// Kills a node and starts it again.
    ///
    /// - Parameters:
    ///   - asVoter: with `--pos-started-as-voter true`; `nil` leaves it to `hydra.toml`.
    ///   - catchUp: how long it stays behind; meanwhile its operator calls hang.
    package func restart(_ name: String, asVoter: Bool? = nil, catchUp: Duration? = nil) async throws(BatonError) {
        try await kill(name)
        var arguments: [String] = []
        if let asVoter { arguments += ["--pos-started-as-voter", asVoter ? "true" : "false"] }
        if let catchUp { arguments += ["--catch-up", "\(catchUp.nanoseconds / 1_000_000)ms"] }
        try await DevnetLauncher.start(try devnet.node(name), arguments: arguments)
    }

    // MARK: - RPC

    /// Calls are held until ``clear(_:)`` or until the time has passed.
    package func hang(_ name: String, for time: Duration? = nil) async throws(BatonError) {
        try await order(name, ["kind": "hang", "milliseconds": Self.milliseconds(time ?? .zero)])
    }

    /// Every call arrives this much later.
    package func slow(_ name: String, by delay: Duration) async throws(BatonError) {
        try await order(name, ["kind": "slow", "milliseconds": Self.milliseconds(delay)])
    }

    /// The first call of a new connection arrives this much later: one on a warm connection overtakes it.
    package func reorder(_ name: String, by delay: Duration) async throws(BatonError) {
        try await order(name, ["kind": "reorder", "milliseconds": Self.milliseconds(delay)])
    }

    /// The PoS loop does nothing for this long: operator calls hang, reading goes on.
    package func busy(_ name: String, for time: Duration) async throws(BatonError) {
        try await order(name, ["kind": "busy", "milliseconds": Self.milliseconds(time)])
    }

    /// The PoS loop dies, the process lives (conflux-pos.md §1.3).
    package func killLoop(_ name: String) async throws(BatonError) { try await order(name, ["kind": "kill-loop"]) }

    /// Something happens to the n-th call of a method from now on.
    ///
    /// - Parameter deed: `lose`, `close`, `delay` (the answer) or `delay-command` (the call itself).
    package func answer(
        _ name: String, method: String, nth: UInt64 = 1, deed: String, delay: Duration = .zero
    ) async throws(BatonError) {
        try await order(
            name,
            [
                "kind": "answer", "method": .string(method), "nth": .unsigned(nth), "deed": .string(deed),
                "milliseconds": Self.milliseconds(delay),
            ]
        )
    }

    /// Ends all faults of a node's RPC.
    package func clear(_ name: String) async throws(BatonError) { try await order(name, ["kind": "clear"]) }

    private func order(_ name: String, _ order: JSON) async throws(BatonError) {
        try await DevnetCall.result(try devnet.node(name).port, "dev_fault", [order])
    }

    private static func milliseconds(_ duration: Duration) -> JSON { .integer(duration.nanoseconds / 1_000_000) }

    // MARK: - Files

    /// What a safety file is replaced by.
    package enum FileState: String, CaseIterable, Sendable {
        /// Zero bytes, as after a power loss.
        case zero
        /// Half a JSON text.
        case garbled
        /// Another identity's.
        case foreign
        /// The present one with an earlier round, or the epoch before.
        case stale
        /// None.
        case absent
    }

    /// Changes a safety file under the node.
    ///
    /// - Parameter isSaved: `secure_storage.json.save` instead of `secure_storage.json`.
    package func file(_ name: String, _ state: FileState, isSaved: Bool = false) async throws(BatonError) {
        let folder = try devnet.node(name).directory + "/pos_db/"
        let path = folder + (isSaved ? SafetyFile.saved : SafetyFile.live)
        guard state != .absent else {
            _ = unsafe unlink(path)
            return
        }
        try await DevnetFolders.working {
            let live = try await LiveFiles().read(folder + SafetyFile.live, limit: 1 << 20)
            let saved = try await LiveFiles().read(folder + SafetyFile.saved, limit: 1 << 20)
            try await DevnetFolders.put(path, try Self.bytes(state, from: live ?? saved), mode: 0o600)
        }
    }

    private static func bytes(_ state: FileState, from bytes: [UInt8]?) throws(BatonError) -> [UInt8] {
        switch state {
        case .zero, .absent: return []
        case .garbled: return Array("{\"owner_account\":{\"data\":\"GetResp".utf8)
        case .foreign, .stale: break
        }
        // A file that is no JSON is refused below like none at all.
        guard let bytes, let json = try? JSON(parsing: bytes), var members = json.object else {
            throw BatonError(
                .refused, "The node has no safety file to make a \(state.rawValue) one from.",
                remedy: "Restart the node, then repeat."
            )
        }
        if state == .foreign {
            let other = Hash32(mixing: 0xF0E1, Hash32.number(of: json["owner_account"]?["value"]?.string ?? "")).hex
            members["owner_account"] = changed(json["owner_account"], ["value": .string(other)])
            return JSON.object(members).canonical
        }
        let old = json["safety_data"]?["value"]
        let (epoch, round) = (old?["epoch"]?.unsigned ?? 1, old?["last_voted_round"]?.unsigned ?? 0)
        let isLow = round < 4
        members["safety_data"] = changed(
            json["safety_data"],
            [
                "value": [
                    "epoch": .unsigned(isLow ? max(1, epoch) - 1 : epoch),
                    "last_voted_round": .unsigned(isLow ? 7 : round - 3),
                    "preferred_round": .unsigned(isLow ? 5 : max(0, round - 4)), "last_vote": .null,
                ]
            ]
        )
        return JSON.object(members).canonical
    }

    private static func changed(_ json: JSON?, _ members: JSONMembers) -> JSON {
        .object((json?.object ?? [:]).merging(members) { _, new in new })
    }

    // MARK: - The chain

    /// The epoch ends now.
    package func rollEpoch() async throws(BatonError) { try await DevnetCall.result(devnet.chainPort, "dev_rollEpoch") }

    /// The next rounds have no proposal.
    package func silence(rounds: UInt64) async throws(BatonError) {
        try await DevnetCall.result(devnet.chainPort, "dev_silence", [["rounds": .unsigned(rounds)]])
    }

    /// What the chain knows of the votes: cast, missed, conflicting, overlapping, voters now.
    ///
    /// - Parameters:
    ///   - posAddress: one identity; `nil`: all.
    ///   - since: rounds from here on; `nil`: all.
    package func verdict(_ posAddress: String? = nil, since: Watermark? = nil) async throws(BatonError) -> JSON {
        try await DevnetCall.result(
            devnet.chainPort, "dev_verdict", [["posAddress": .optional(posAddress), "since": since?.json ?? .null]]
        )
    }
}
