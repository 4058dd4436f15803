import BatonModel
import Testing

@Suite("Values of the model")
struct ValueTests {
    @Test(
        "a moment is written in UTC",
        arguments: [
            (0, "1970-01-01 00:00:00Z"), (-1, "1969-12-31 23:59:59Z"), (951_782_400, "2000-02-29 00:00:00Z"),
            (951_868_799, "2000-02-29 23:59:59Z"), (951_868_800, "2000-03-01 00:00:00Z"), (1_709_164_800, "2024-02-29 00:00:00Z"),
            (1_795_266_309, "2026-11-21 13:05:09Z"), (1_798_761_599, "2026-12-31 23:59:59Z"), (1_798_761_600, "2027-01-01 00:00:00Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"), (4_107_456_000, "2100-02-28 00:00:00Z"), (-86_400 * 365, "1969-01-01 00:00:00Z"),
        ] as [(Int64, String)])
    func writesTime(_ seconds: Int64, _ text: String) {
        #expect(WallTime(nanoseconds: seconds * 1_000_000_000).text == text)
    }

    @Test("watermarks are ordered by epoch first")
    func ordersWatermarks() throws {
        let ordered = [(0, 0), (0, 9), (1, 0), (1, 1), (2, 0), (37010, 900), (37011, 57), (37011, 58)]
            .map { Watermark(epoch: $0.0, round: $0.1) }
        #expect(ordered.reversed().sorted() == ordered)
        #expect(!(ordered[3] < ordered[3]))
        #expect(Watermark(epoch: 37011, round: 57).description == "37011/57")
        for mark in ordered { #expect(try Watermark(json: mark.json) == mark) }
        #expect(throws: JSONError.self) { try Watermark(json: ["epoch": 1]) }
        #expect(throws: JSONError.self) { try Watermark(json: ["epoch": 1, "round": -1]) }
    }

    @Test("bytes go to hex and back")
    func writesHex() {
        let all = [UInt8](UInt8.min...UInt8.max)
        #expect(all.hexText.utf8.count == 512)
        #expect(all.hexText.hasPrefix("000102") && all.hexText.hasSuffix("fdfeff"))
        #expect([UInt8](hexText: all.hexText) == all)
        #expect([UInt8](hexText: all.hexText.uppercased()) == all)
        #expect([UInt8](hexText: "") == [])
        for text in ["0", "0g", "g0", "0x", " 00", "00 ", "é", "-1", "+1"] { #expect([UInt8](hexText: text) == nil, "\(text)") }
    }

    @Test("a vote state keeps its very bytes")
    func keepsVoteState() throws {
        let state = VoteState(bytes: [0, 0x7B, 0xFF, 0x0A], digest: "d1", watermark: Watermark(epoch: 3, round: 9))
        #expect(try VoteState(json: state.json) == state)
        #expect(try VoteState(json: JSON(text: state.json.text)) == state)
        let broken: JSON = ["bytes": "0z", "digest": "d1", "watermark": state.watermark.json]
        #expect(throws: JSONError.self) { try VoteState(json: broken) }
    }

    @Test(
        "a length is written for people",
        arguments: [
            (.zero, "0 ms"), (.milliseconds(999), "999 ms"), (.milliseconds(1000), "1.0 s"), (.milliseconds(4250), "4.2 s"),
            (.milliseconds(59_999), "59.9 s"), (.seconds(60), "1 min 0 s"), (.seconds(185), "3 min 5 s"),
            (.seconds(3599), "59 min 59 s"), (.seconds(3600), "1 h 0 min"), (.seconds(3720), "1 h 2 min"), (.seconds(90_000), "25 h 0 min"),
        ] as [(Duration, String)])
    func writesLength(_ length: Duration, _ text: String) {
        #expect(length.readable == text)
    }

    @Test("an instant counts whole nanoseconds")
    func countsInstants() {
        let start = Instant(nanoseconds: 5)
        #expect(start.advanced(by: .seconds(2)).nanoseconds == 2_000_000_005)
        #expect(start.duration(to: start.advanced(by: .milliseconds(-3))) == .milliseconds(-3))
        #expect(start < start.advanced(by: .nanoseconds(1)))
        #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
    }

    @Test("a life of a process goes to JSON and back")
    func keepsIncarnation() throws {
        let life = Incarnation(bootID: "b-1", pid: 4242, startTime: 99)
        #expect(try Incarnation(json: life.json) == life)
        for pid: JSON in ["4242", 4_294_967_296, .null] {
            #expect(throws: JSONError.self) { try Incarnation(json: ["boot": "b-1", "pid": pid, "start": 99]) }
        }
    }

    @Test("a secret is never written")
    func hidesSecrets() {
        let secret = Secret("hunter2")
        #expect(Mirror(reflecting: secret).children.isEmpty)
        for text in ["\(secret)", String(reflecting: secret), "\([secret])", "\(Optional(secret) as Any)"] {
            #expect(!text.contains("hunter2"), "\(text)")
        }
        #expect(secret.reveal() == "hunter2")
    }
}

@Suite("Errors and exits")
struct ErrorTests {
    @Test("every exit status is the one that the manual gives")
    func givesExits() {
        let table: [BatonModel.ExitStatus: Int32] = [
            .done: 0, .failed: 1, .usage: 2, .refused: 3, .doubt: 4, .interrupted: 5, .findings: 6,
        ]
        #expect(Set(table.keys) == Set(BatonModel.ExitStatus.allCases))
        for status in BatonModel.ExitStatus.allCases { #expect(status.rawValue == table[status]) }
    }

    @Test("every code has a text of its own and an exit that says what state the fleet is in")
    func namesCodes() {
        let exits: [String: BatonModel.ExitStatus] = [
            "usage": .usage, "fleet_unreadable": .usage, "fleet_invalid": .usage, "plan_unreadable": .usage,
            "unknown_operation": .usage, "release_invalid": .usage,
            "refused": .refused, "assumption_broken": .refused, "lease_held": .refused, "grant_open": .refused,
            "grant_unknown": .doubt, "doubt": .doubt, "two_voters": .doubt,
            "lease_lost": .interrupted, "interrupted": .interrupted,
            "store_unreadable": .failed, "store_broken": .failed, "journal_broken": .failed, "failed": .failed,
            "unreachable": .failed, "deadlock": .failed,
        ]
        let texts = BatonError.Code.all.map(\.text)
        #expect(Set(texts).count == texts.count)
        #expect(Set(texts) == Set(exits.keys))
        for code in BatonError.Code.all { #expect(code.exit == exits[code.text], "\(code)") }
    }

    @Test("a code is a word that can be typed", arguments: BatonError.Code.all.map(\.text))
    func canBeTyped(_ text: String) {
        #expect(!text.isEmpty)
        #expect(text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") })
    }

    @Test("an error says its code, the values and what to do")
    func saysAll() {
        let error = BatonError(.leaseHeld, "Lease 7 is held.", remedy: "Wait.")
        #expect(error.description == "lease_held: Lease 7 is held. Wait.")
    }
}
