import Foundation
import Testing

/// Each guard, tripped on real processes: refused with a rule and an order, and not one byte beside the idle node is changed.
@Suite(.serialized, .enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct GuardTests {
    /// One way to trip a guard: what is done to the idle node's folder, and what the refusal names.
    struct Trip: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let rule: String
        let spoil: @Sendable (String) throws -> Void
    }

    static let trips: [Trip] = [
        Trip(testDescription: "a stale .save lies on the receiver", rule: "conflux.no-save") { folder in
            try FileManager.default.copyItem(
                atPath: folder + "/pos_db/secure_storage.json", toPath: folder + "/pos_db/secure_storage.json.save")
        },
        Trip(testDescription: "a foreign .save lies on the receiver", rule: "conflux.no-strange-file") { folder in
            let own = try String(contentsOfFile: folder + "/pos_db/secure_storage.json", encoding: .utf8)
            let identity = try String(contentsOfFile: folder + "/pos_config/pos_key", encoding: .utf8).suffix(65).prefix(64)
            let foreign = own.replacingOccurrences(of: String(identity), with: String(repeating: "ab", count: 32))
            try foreign.write(toFile: folder + "/pos_db/secure_storage.json.save", atomically: false, encoding: .utf8)
        },
        Trip(testDescription: "the receiver's own file is zero bytes", rule: "conflux.no-strange-file") { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/pos_db/secure_storage.json"))
        },
        Trip(testDescription: "the receiver's own file is no JSON", rule: "conflux.no-strange-file") { folder in
            try Data("{\"safety_data\":".utf8).write(to: URL(fileURLWithPath: folder + "/pos_db/secure_storage.json"))
        },
        Trip(testDescription: "the receiver would start as a voter", rule: "safety.r5") { folder in
            let path = folder + "/hydra.toml"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacingOccurrences(of: "pos_started_as_voter = false", with: "pos_started_as_voter = true")
                .write(toFile: path, atomically: false, encoding: .utf8)
        },
    ]

    @Test(arguments: trips)
    func aTrippedGuardRefusesAndTouchesNothing(trip: Trip) throws {
        let devnet = try DevnetUnderTest.up("guard", round: "400ms")
        defer { try? devnet.down() }  // Only litter.
        let receiver = devnet.folder + "/acme-1-b"
        try trip.spoil(receiver)
        let before = try bytes(of: receiver)
        let ended = try run(devnet.baton, ["switchover", "acme-1", "--yes"] + devnet.fleet)
        #expect(ended.status == 3, "\(ended.told)")
        #expect((ended.output + ended.errors).contains(trip.rule), "names \(trip.rule): \(ended.told)")
        #expect(ended.errors.contains("do:"), "orders the next step: \(ended.told)")
        #expect(try bytes(of: receiver) == before)
        let verdict = try devnet.verdict()
        #expect(verdict.isSafe && verdict.voters == ["acme-1-a"])
    }

    /// Every vote-state file, breadcrumb and setting of a node, by name.
    private func bytes(of folder: String) throws -> [String: Data] {
        var all: [String: Data] = [:]
        for part in ["pos_db", "pos_config", ".baton"] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + part)) ?? []  // `.baton` may be absent.
            for name in names.sorted() where name != "db" {
                all[part + "/" + name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(part)/\(name)"))
            }
        }
        all["hydra.toml"] = try Data(contentsOf: URL(fileURLWithPath: folder + "/hydra.toml"))
        return all
    }
}
