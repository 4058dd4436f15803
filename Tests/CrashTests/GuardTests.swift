import Foundation
import Testing

/// Each guard of the planner, tripped on real processes: refused with its rule and an order, and not one byte beside the nodes is
/// changed. One devnet, reset between the trips; about 35 s, of which 20 s are answers that are waited for.
///
/// What no devnet state trips at planning: `conflux.synced`, `far-from-epoch-end`, `just-advanced`, `file-advances` (waited for
/// in the plan, never refused at once); `stopped`, `same-incarnation`, `ended`, `placed`, `handed-over`, `epoch-as-granted`,
/// `votes-from-grant`, `proven`, `mute`, `linked`, `staged`, `marked`, `kept`, `settled`, `beyond-barrier`, `granted`,
/// `no-open-grant`, `first-ever`, `never` (guards and proofs inside a plan: the simulator and the crash loop reach them).
@Suite(.serialized, .enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct GuardTests {
    /// One way to trip a guard.
    struct Trip: Sendable {
        let name: String
        /// What the refusal names.
        let rule: String
        /// 3: refused; 4: a fact is missing.
        var status: Int32 = 3
        /// `DEVNET` stands for the devnet's folder.
        var verb = ["switchover", "acme-1", "--yes"]
        var voters = ["acme-1-a"]
        /// The fleet file that the command is given.
        var fleet: @Sendable (String) -> String = { $0 }
        /// What is done to the devnet before.
        var spoil: @Sendable (DevnetUnderTest) async throws -> Void = { _ in }
    }

    @Test func aTrippedGuardRefusesAndTouchesNothing() async throws {
        try await DevnetUnderTest.with("guard", atOnce: true) { devnet in
            let text = try String(contentsOfFile: devnet.folder + "/baton.yaml", encoding: .utf8)
            for (index, trip) in Trips.all.enumerated() {
                if index > 0 { try await devnet.reset() }
                try await check(trip, on: devnet, text)
            }
        }
    }

    private func check(_ trip: Trip, on devnet: DevnetUnderTest, _ text: String) async throws {
        try await trip.spoil(devnet)
        let file = devnet.folder + "/tripped.yaml"
        try trip.fleet(text).write(toFile: file, atomically: false, encoding: .utf8)
        let before = try Remains(of: devnet, without: trip.voters)
        let verb = trip.verb.map { $0.replacingOccurrences(of: "DEVNET", with: devnet.folder) }
        var ended = try await devnet.tell(verb + ["--fleet", file])
        if !ended.errors.contains(trip.rule) { ended = try await devnet.decide(verb, fleet: file) }
        #expect(ended.status == trip.status, "\(trip.name): \(ended.told)")
        #expect((ended.output + ended.errors).contains(trip.rule), "\(trip.name) names \(trip.rule): \(ended.told)")
        #expect(ended.errors.contains("do:"), "\(trip.name) orders the next step: \(ended.told)")
        let changed = try Remains(of: devnet, without: trip.voters).difference(from: before)
        #expect(changed.isEmpty, "\(trip.name) touches nothing")
        let voters = try await devnet.verdict().voters
        #expect(voters == trip.voters, "\(trip.name): \(voters)")
    }
}

/// Every byte beside the nodes that is not a log.
struct Remains {
    private(set) var all: [String: Data] = [:]

    /// - Parameter voters: nodes that vote write their own files all the time; of them only the being there is looked at.
    init(of devnet: DevnetUnderTest, without voters: [String] = []) throws {
        for letter in ["a", "b"] {
            for part in ["pos_db", "pos_config", ".baton", "releases"] {
                try add(devnet.node(letter), part)
            }
            let hydra = devnet.node(letter) + "/hydra.toml"
            all[letter + "/hydra.toml"] = try Data(contentsOf: URL(fileURLWithPath: hydra))
            let current = try FileManager.default.destinationOfSymbolicLink(atPath: devnet.node(letter) + "/current")
            all[letter + "/current"] = Data(current.utf8)
            guard voters.contains("acme-1-" + letter) else { continue }
            if all[devnet.vote(letter)] != nil { all[devnet.vote(letter)] = Data() }
            all = all.filter { !$0.key.hasPrefix(devnet.node(letter) + "/pos_db/db/") }
        }
    }

    private mutating func add(_ folder: String, _ part: String) throws {
        let place = folder + "/" + part
        // `.baton` may be absent.
        guard let walk = FileManager.default.enumerator(atPath: place) else { return }
        while let name = walk.nextObject() as? String {
            // A file that a node is writing right now.
            guard !name.hasSuffix(".tmp") else { continue }
            let path = place + "/" + name
            switch walk.fileAttributes?[.type] as? FileAttributeType {
            case .typeRegular?: all[path] = try Data(contentsOf: URL(fileURLWithPath: path))
            case .typeSymbolicLink?: all[path] = Data(try FileManager.default.destinationOfSymbolicLink(atPath: path).utf8)
            default: all[path] = Data()
            }
        }
    }

    /// The paths that came, went or changed.
    func difference(from other: Remains) -> [String] {
        Set(all.keys).union(other.all.keys).filter { all[$0] != other.all[$0] }.sorted()
    }
}
