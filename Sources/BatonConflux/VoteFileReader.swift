import BatonDigest
import BatonModel

/// Reads the bytes of a vote-state file; never changes them.
///
/// - Source: conflux-pos.md §2.2 for the fields, §2.4 for what an empty or malformed file means.
package enum VoteFileReader {
    /// The largest file that is read. Real ones have a few KB.
    /// - Unit: bytes.
    package static let sizeMax = 1 << 20

    /// What the bytes are to this identity.
    ///
    /// - Parameter identity: 64 lower-case hex digits.
    package static func read(_ bytes: [UInt8], identity: String) -> VoteFile {
        guard !bytes.isEmpty else { return .unreadable("zero bytes") }
        guard bytes.count <= sizeMax else { return .unreadable("larger than \(sizeMax) bytes") }
        do throws(JSONError) {
            return try understand(JSON(parsing: bytes), bytes, identity)
        } catch {
            return .unreadable(error.description)
        }
    }

    private static func understand(_ json: JSON, _ bytes: [UInt8], _ identity: String) throws(JSONError) -> VoteFile {
        let account = try json.need("owner_account")
        let owner = try account.text("value").lowercased()
        guard isAddress(owner) else { throw JSONError("\"owner_account\" is no PoS address") }
        guard owner == identity else { return .foreign(owner: owner) }
        guard let stamp = try account.need("last_update").integer else {
            throw JSONError("\"last_update\" of the owner is no whole number")
        }
        let data = try json.need("safety_data").need("value")
        let watermark = Watermark(epoch: try data.count("epoch"), round: try data.count("last_voted_round"))
        let preferred = try data.count("preferred_round")
        let vote = try data.need("last_vote")
        guard vote.isNull || vote.object != nil else { throw JSONError("\"last_vote\" is neither null nor an object") }
        // A vote above its own watermark was not written by a node: whoever believes the watermark would repeat the vote.
        if let proposed = vote["vote_data"]?["proposed"], let epoch = proposed["epoch"]?.unsigned, let round = proposed["round"]?.unsigned,
            Watermark(epoch: epoch, round: round) > watermark
        {
            throw JSONError("\"last_vote\" is above \"last_voted_round\"")
        }
        return .held(
            HeldFile(
                state: VoteState(bytes: bytes, digest: Digest(of: bytes), watermark: watermark), ownerStamp: stamp,
                isFresh: vote.isNull && watermark.round == 0 && preferred == 0, hasWaypoint: json["waypoint"]?["value"]?.string != nil
            )
        )
    }

    /// Whether the text is a PoS address: 64 lower-case hex digits.
    package static func isAddress(_ text: String) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
        return text.utf8.count == 64 && text.utf8.allSatisfy { digits.contains($0) || letters.contains($0) }
    }
}
