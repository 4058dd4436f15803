package import BatonConfluxNode
package import BatonModel

/// The JSON forms that devnet processes speak among themselves.
enum DevnetWords {
    /// A call's bytes.
    static func request(_ method: String, _ argument: JSON = .null) -> [UInt8] {
        RPCRequest(id: 1, method: method, params: argument.isNull ? [] : [argument]).body
    }

    /// The result in an answer's bytes; `nil` for an error or no answer.
    static func result(_ body: [UInt8]?) -> JSON? {
        // An answer that can't be read is none.
        guard let body, let reply = try? RPCReply(body: body), case .result(let value) = reply else { return nil }
        return value
    }

    /// The answer that an error makes.
    static func refused(_ text: String) -> RPCReply { .error(RPCError(code: -32000, message: text)) }
}

extension ChainSettings {
    /// The settings as the chain process's file has them.
    package var json: JSON {
        [
            "chainId": .unsigned(chainID), "roundNanoseconds": .integer(roundTimeout.nanoseconds),
            "roundsPerEpoch": .unsigned(roundsPerEpoch), "seed": .unsigned(seed),
            "identities": .array(identities.map(\.json)), "firstEpoch": .unsigned(firstEpoch),
            "otherHonestPower": .unsigned(otherHonestPower), "otherVoters": .unsigned(otherVoters),
            "silentRoundsPerMille": .unsigned(silentRoundsPerMille), "outPeriod": .unsigned(outPeriod),
            "version": .string(version.rawValue), "start": .integer(start.nanoseconds),
            "startWallSeconds": .integer(startWallSeconds),
        ]
    }

    /// Reads the settings back; what is missing has the value of a new chain.
    package init(json: JSON) throws(JSONError) {
        var identities: [IdentitySettings] = []
        for one in json["identities"]?.array ?? [] { identities.append(try IdentitySettings(json: one)) }
        self.init(
            chainID: try json.count("chainId"), roundTimeout: .nanoseconds(Int64(try json.count("roundNanoseconds"))),
            roundsPerEpoch: try json.count("roundsPerEpoch"), seed: try json.count("seed"), identities: identities,
            firstEpoch: try json.count("firstEpoch"), otherHonestPower: try json.count("otherHonestPower"),
            otherVoters: try json.count("otherVoters"), silentRoundsPerMille: try json.count("silentRoundsPerMille"),
            outPeriod: try json.count("outPeriod"),
            version: NodeVersion(rawValue: try json.text("version")) ?? .v3_1_0,
            start: Instant(nanoseconds: json["start"]?.integer ?? 0),
            startWallSeconds: json["startWallSeconds"]?.integer ?? 0
        )
    }
}

extension NodeSettings {
    /// The settings as the scenario stage tells them to a node process.
    package var json: JSON {
        [
            "name": .string(name), "version": .string(version.rawValue), "posAddress": .string(posAddress),
            "startedAsVoter": .bool(startedAsVoter), "configVersion": .string(configVersion.rawValue),
            "incarnation": .string(incarnation), "chainId": .unsigned(chainID), "dataFolder": .string(dataFolder),
            "peers": .integer(Int64(peers)), "posInitialized": .bool(isPoSInitialized), "keepsLog": .bool(keepsLog),
        ]
    }
}
