import BatonDigest
import BatonModel

/// Makes the one vote state that no node wrote: (e, 0, 0, null), which says that nothing was signed in epoch e.
enum VoteFileWriter {
    /// A vote state of `epoch` in which nothing was signed, from a whole file of the same identity.
    ///
    /// Everything but `safety_data.value` is kept: owner, waypoint and unknown keys (conflux-pos.md §2.2, §2.7).
    /// - Returns: `nil` when the template is no vote state.
    static func fresh(epoch: UInt64, from template: [UInt8]) -> VoteState? {
        do throws(JSONError) {
            guard var file = try JSON(parsing: template).object, var data = file["safety_data"]?.object else { return nil }
            data["value"] = ["epoch": .unsigned(epoch), "last_voted_round": 0, "preferred_round": 0, "last_vote": .null]
            file["safety_data"] = .object(data)
            let bytes = JSON.object(file).canonical
            return VoteState(bytes: bytes, digest: Digest(of: bytes), watermark: Watermark(epoch: epoch, round: 0))
        } catch {
            return nil
        }
    }
}
