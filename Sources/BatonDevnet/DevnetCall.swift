package import BatonConfluxNode
package import BatonModel
import BatonWorld
import BatonWorldLive

/// Calls from a command to the processes of a devnet, each on a connection of its own.
package enum DevnetCall {
    /// Calls a method of the process on a port of 127.0.0.1.
    ///
    /// - Throws: `unreachable` when nobody answers within the time.
    package static func reply(
        _ port: Int, _ method: String, _ params: [JSON] = [], within: Duration = .seconds(10)
    ) async throws(BatonError) -> RPCReply {
        do {
            let wire = try await LiveNetwork().open(Endpoint(host: "127.0.0.1", port: port), within: within)
            try await wire.send(RPCRequest(id: 1, method: method, params: params).body)
            let body = try await wire.receive(within: within)
            await wire.close()
            return try RPCReply(body: body)
        } catch {
            throw BatonError(
                .unreachable, "127.0.0.1:\(port) does not answer \(method): \(error).",
                remedy: "See whether the devnet is up: `baton devnet verdict`."
            )
        }
    }

    /// The result of a call.
    ///
    /// - Throws: `unreachable`, or `failed` with the words of the answer.
    @discardableResult
    package static func result(
        _ port: Int, _ method: String, _ params: [JSON] = [], within: Duration = .seconds(10)
    ) async throws(BatonError) -> JSON {
        switch try await reply(port, method, params, within: within) {
        case .result(let value): return value
        case .error(let error):
            throw BatonError(
                .failed, "\(method) was refused: \(error.message) \(error.data ?? "").", remedy: "Mend the call and repeat it."
            )
        }
    }
}

/// The machine's processes as this process starts them: one value, so that our ended children leave no zombies.
enum DevnetHost {
    /// Knows those that were started through it.
    static let processes = LiveProcesses()
}
