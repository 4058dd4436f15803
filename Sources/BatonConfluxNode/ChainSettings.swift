package import BatonModel

/// One voting identity of a simulated chain.
package struct IdentitySettings: Hashable, Sendable {
    /// PoS address: 64 lower-case hex digits, no `0x`.
    package let posAddress: String
    /// Votes (1 vote = 1000 CFX) that serve in the committee.
    package let votingPower: UInt64
    /// Whether it serves in the committee from the first epoch on.
    package let inCommittee: Bool

    package init(posAddress: String, votingPower: UInt64 = 30, inCommittee: Bool = true) {
        (self.posAddress, self.votingPower, self.inCommittee) = (posAddress, votingPower, inCommittee)
    }

    /// The PoS address that a devnet gives to the key of this name.
    package static func address(ofKey name: String) -> String { Hash32(mixing: 0xADD2, Hash32.number(of: name)).hex }
}

extension IdentitySettings: JSONCoded {
    package var json: JSON {
        [
            "posAddress": .string(posAddress), "votingPower": .unsigned(votingPower), "inCommittee": .bool(inCommittee),
        ]
    }
    package init(json: JSON) throws(JSONError) {
        self.init(
            posAddress: try json.text("posAddress"), votingPower: try json.count("votingPower"),
            inCommittee: json["inCommittee"]?.bool ?? true
        )
    }
}

/// The constants of a simulated chain.
package struct ChainSettings: Hashable, Sendable {
    /// Core Space chain id (mainnet 1029, testnet 1).
    package var chainID: UInt64
    /// Base round timeout; a healthy round lasts this long. Mainnet: 30 s (conflux-pos.md §6.2).
    package var roundTimeout: Duration
    /// PoS heights per epoch. Mainnet: 120 (conflux-pos.md §6.1).
    package var roundsPerEpoch: UInt64
    /// Decides leaders and names; the same seed gives the same chain.
    package var seed: UInt64
    /// At most 64.
    package var identities: [IdentitySettings]
    /// The first PoS epoch.
    package var firstEpoch: UInt64
    /// Votes of the other honest voters together; 0: the chain needs our identities for a quorum.
    package var otherHonestPower: UInt64
    /// Accounts that ``otherHonestPower`` is spread over.
    package var otherVoters: UInt64
    /// Rounds per thousand that have no proposal and so time out.
    package var silentRoundsPerMille: UInt64
    /// PoS heights until a force-retired or disputed status clears (conflux-pos.md §6.5: 1440 as coded).
    package var outPeriod: UInt64
    /// Node version that the reading methods of the chain process itself speak as.
    package var version: NodeVersion
    /// The clock at the opening of the first round.
    package var start: Instant
    /// Wall seconds since 1970 at ``start``.
    package var startWallSeconds: Int64

    package init(
        chainID: UInt64 = 1029, roundTimeout: Duration = .seconds(30), roundsPerEpoch: UInt64 = 120, seed: UInt64 = 1,
        identities: [IdentitySettings] = [], firstEpoch: UInt64 = 37_011, otherHonestPower: UInt64 = 270,
        otherVoters: UInt64 = 5, silentRoundsPerMille: UInt64 = 0, outPeriod: UInt64 = 1440,
        version: NodeVersion = .v3_1_0, start: Instant = Instant(nanoseconds: 0), startWallSeconds: Int64 = 1_785_000_000
    ) {
        precondition(identities.count <= 64 && roundsPerEpoch >= 3 && roundTimeout > .zero)
        (self.chainID, self.roundTimeout, self.roundsPerEpoch) = (chainID, roundTimeout, roundsPerEpoch)
        (self.seed, self.identities, self.firstEpoch) = (seed, identities, firstEpoch)
        (self.otherHonestPower, self.otherVoters) = (otherHonestPower, otherVoters)
        (self.silentRoundsPerMille, self.outPeriod, self.version) = (silentRoundsPerMille, outPeriod, version)
        (self.start, self.startWallSeconds) = (start, startWallSeconds)
    }

    /// PoS height at which the first epoch begins: the last height of the epoch before.
    package var firstHeight: UInt64 { (firstEpoch - 1) * roundsPerEpoch }
}
