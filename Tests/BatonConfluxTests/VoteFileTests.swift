import BatonConflux
import BatonDigest
import BatonModel
import Testing

@Suite("What the bytes of a vote-state file are")
struct VoteFileTests {
    private func read(_ text: String) -> VoteFile { VoteFileReader.read(Array(text.utf8), identity: Sample.identity) }

    private func file(_ data: String, waypoint: String = "") -> String {
        #"{"owner_account":{"data":"GetResponse","last_update":17,"value":"\#(Sample.identity)"},"#
            + #""safety_data":{"data":"GetResponse","last_update":18,"value":\#(data)}\#(waypoint)}"#
    }

    @Test("A file of this identity is held with its watermark, owner stamp and the digest of its bytes")
    func held() throws {
        let data = #"{"epoch":37011,"last_voted_round":57,"preferred_round":55,"last_vote":null}"#
        let text = file(data, waypoint: #","waypoint":{"value":"1:ab"}"#)
        let held = try #require(read(text).held)
        #expect(held.state.watermark == Watermark(epoch: 37_011, round: 57))
        #expect(held.state.bytes == Array(text.utf8))
        #expect(held.state.digest == Digest(of: Array(text.utf8)))
        #expect(held.ownerStamp == 17)
        #expect(!held.isFresh)
        #expect(held.hasWaypoint)
    }

    @Test(
        "Fresh is only what signed nothing in its epoch",
        arguments: [
            (#"{"epoch":5,"last_voted_round":0,"preferred_round":0,"last_vote":null}"#, true),
            (#"{"epoch":5,"last_voted_round":0,"preferred_round":1,"last_vote":null}"#, false),
            (#"{"epoch":5,"last_voted_round":1,"preferred_round":0,"last_vote":null}"#, false),
            (#"{"epoch":5,"last_voted_round":0,"preferred_round":0,"last_vote":{}}"#, false),
        ])
    func fresh(data: String, isFresh: Bool) throws {
        #expect(try #require(read(file(data)).held).isFresh == isFresh)
    }

    @Test("A file of another identity is foreign")
    func foreign() {
        let other = String(repeating: "cd", count: 32)
        #expect(VoteFileReader.read(Sample.file(owner: other), identity: Sample.identity) == .foreign(owner: other))
    }

    @Test(
        "What is empty, malformed, incomplete or contradicts itself is unreadable",
        arguments: [
            "", "{", "null", "{}", #"{"owner_account":{"last_update":1,"value":"xy"},"safety_data":{"value":{}}}"#,
            #"{"safety_data":{"value":{"epoch":1,"last_voted_round":0,"preferred_round":0,"last_vote":null}}}"#,
        ])
    func unreadable(text: String) {
        guard case .unreadable(let why) = read(text) else {
            Issue.record("taken for readable: \(text)")
            return
        }
        #expect(!why.isEmpty)
    }

    @Test(
        "Every missing or negative field makes it unreadable",
        arguments: [
            #"{"last_voted_round":57,"preferred_round":55,"last_vote":null}"#, #"{"epoch":5,"preferred_round":55,"last_vote":null}"#,
            #"{"epoch":5,"last_voted_round":57,"last_vote":null}"#, #"{"epoch":5,"last_voted_round":57,"preferred_round":55}"#,
            #"{"epoch":-5,"last_voted_round":57,"preferred_round":55,"last_vote":null}"#,
            #"{"epoch":5,"last_voted_round":"57","preferred_round":55,"last_vote":null}"#,
            #"{"epoch":5,"last_voted_round":57,"preferred_round":55,"last_vote":7}"#,
            #"{"epoch":5,"last_voted_round":57,"preferred_round":55,"last_vote":{"vote_data":{"proposed":{"epoch":5,"round":58}}}}"#,
        ])
    func fields(data: String) {
        guard case .unreadable = read(file(data)) else {
            Issue.record("taken for readable: \(data)")
            return
        }
    }

    @Test("A file over the limit is not looked into")
    func tooLarge() {
        #expect(VoteFileReader.read(Array(repeating: 0x20, count: VoteFileReader.sizeMax + 1), identity: Sample.identity).held == nil)
    }
}
