import Foundation
import Testing

/// The ways to trip the planner's guards; see ``GuardTests``.
enum Trips {
    static let all = voting + running + files + identity + network + verbs

    typealias Trip = GuardTests.Trip

    // MARK: Who votes

    private static let voting = [
        Trip(
            name: "nobody votes", rule: "conflux.voting", voters: [],
            spoil: { try await $0.fault("restart", "acme-1-a") }),
        Trip(
            name: "two vote", rule: "safety.r1", voters: ["acme-1-a", "acme-1-b"],
            spoil: { devnet in
                try await devnet.fault("restart-as-voter", "acme-1-b")
                try await until("two vote") { try await devnet.verdict().voters.count == 2 }
            }),
        Trip(
            name: "the receiver does not answer", rule: "conflux.idle", status: 4,
            spoil: { try await $0.fault("hang", "acme-1-b") }),
        Trip(
            name: "the receiver is behind and its operator calls hang", rule: "conflux.idle", status: 4,
            spoil: { try await $0.fault("restart", "acme-1-b", "--catch-up", "600s") }),
        Trip(
            name: "the receiver would start as a voter by its file", rule: "safety.r5",
            spoil: { try $0.change("b", "hydra.toml", "pos_started_as_voter = false", "pos_started_as_voter = true") }),
        Trip(
            name: "the voter would start as a voter by its file", rule: "safety.r5",
            spoil: { try $0.change("a", "hydra.toml", "pos_started_as_voter = false", "pos_started_as_voter = true") }),
        Trip(
            name: "both would start as voters by their commands", rule: "safety.r5",
            fleet: { $0.replacingOccurrences(of: "\"hydra.toml\"]", with: "\"hydra.toml\", \"--pos-started-as-voter\", \"true\"]") }),
    ]

    // MARK: Processes

    private static let running = [
        Trip(
            name: "the receiver has no process", rule: "conflux.running",
            spoil: { try await $0.fault("kill", "acme-1-b") }),
        Trip(
            name: "the receiver is suspended", rule: "conflux.idle", status: 4,
            spoil: { try await $0.fault("stop", "acme-1-b") }),
        Trip(
            name: "the voter is suspended", rule: "conflux.idle", status: 4,
            spoil: { try await $0.fault("stop", "acme-1-a") }),
        Trip(
            name: "nobody serves the receiver's port", rule: "conflux.idle", status: 4,
            fleet: { Trip.replacePort(of: "b", in: $0, by: "9") }),
        Trip(
            name: "another process serves the receiver's port", rule: "conflux.idle", status: 4,
            fleet: { fleet in
                let reference = fleet.firstMatch(of: /references: \["http:\/\/127.0.0.1:([0-9]+)"\]/).map { String($0.output.1) }
                return Trip.replacePort(of: "b", in: fleet, by: reference ?? "")
            }),
    ]

    // MARK: Files

    private static let files = [
        Trip(
            name: "a stale .save lies on the receiver", rule: "conflux.no-save",
            spoil: { try await $0.fault("file", "acme-1-b", "--state", "stale", "--saved") }),
        Trip(
            name: "a .save lies on the voter", rule: "conflux.no-save",
            spoil: { try await $0.fault("file", "acme-1-a", "--state", "stale", "--saved") }),
        Trip(
            name: "a foreign .save lies on the receiver", rule: "conflux.no-strange-file",
            spoil: { try await $0.fault("file", "acme-1-b", "--state", "foreign", "--saved") }),
        Trip(
            name: "the receiver's own file is foreign", rule: "conflux.no-strange-file",
            spoil: { try await $0.fault("file", "acme-1-b", "--state", "foreign") }),
        Trip(
            name: "the receiver's own file is zero bytes", rule: "conflux.no-strange-file",
            spoil: { try await $0.fault("file", "acme-1-b", "--state", "zero") }),
        Trip(
            name: "the receiver's own file is half a text", rule: "conflux.no-strange-file",
            spoil: { try await $0.fault("file", "acme-1-b", "--state", "garbled") }),
        Trip(
            name: "the receiver's own file is a link", rule: "conflux.no-strange-file",
            spoil: { devnet in
                let own = devnet.vote("b")
                try FileManager.default.moveItem(atPath: own, toPath: devnet.node("b") + "/elsewhere.json")
                try FileManager.default.createSymbolicLink(atPath: own, withDestinationPath: devnet.node("b") + "/elsewhere.json")
            }),
        Trip(
            name: "the voter has lost its own file", rule: "conflux.own-file",
            spoil: { devnet in
                try await devnet.silence()
                try await devnet.fault("file", "acme-1-a", "--state", "absent")
            }),
        Trip(
            name: "the mark of a cut on the receiver can't be read", rule: "conflux.no-strange-file", status: 4,
            spoil: { devnet in
                try FileManager.default.createDirectory(atPath: devnet.node("b") + "/.baton", withIntermediateDirectories: true)
                try Data("{".utf8).write(to: URL(fileURLWithPath: devnet.node("b") + "/.baton/cut"))
            }),
    ]

    // MARK: Identity and release

    private static let identity = [
        Trip(
            name: "the receiver signs for another identity", rule: "conflux.signs-for",
            spoil: { devnet in
                let own = try Data(contentsOf: URL(fileURLWithPath: devnet.vote("b")))
                try await devnet.fault("kill", "acme-1-b")
                try ("devnet-key:" + String(repeating: "ab", count: 32) + "\n")
                    .write(toFile: devnet.node("b") + "/pos_config/pos_key", atomically: false, encoding: .utf8)
                try FileManager.default.removeItem(atPath: devnet.vote("b"))
                try await devnet.fault("restart", "acme-1-b")
                try own.write(to: URL(fileURLWithPath: devnet.vote("b")))
            }),
        Trip(
            name: "the fleet file names another identity", rule: "conflux.no-strange-file",
            fleet: { $0.replacing(/identity: "0x[0-9a-f]+"/, with: "identity: \"0x\(String(repeating: "ab", count: 32))\"") }),
        Trip(
            name: "the vote state lacks the waypoint that the receiver's 3.0.3 needs", rule: "conflux.waypoint",
            spoil: { devnet in
                try await devnet.silence()
                let own = URL(fileURLWithPath: devnet.vote("a"))
                var members = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: own)) as? [String: Any])
                members["waypoint"] = nil
                try JSONSerialization.data(withJSONObject: members, options: .sortedKeys).write(to: own)
            }),
    ]

    // MARK: Network

    private static let network = [
        Trip(
            name: "the reference is unreachable", rule: "conflux.on-chain", status: 4,
            fleet: { $0.replacing(/references: \["http:\/\/127.0.0.1:[0-9]+"\]/, with: "references: [\"http://127.0.0.1:9\"]") }),
        Trip(
            name: "the reference is of another chain", rule: "conflux.on-chain", status: 4,
            fleet: { $0.replacingOccurrences(of: "chainId: 1337", with: "chainId: 1338") }),
        Trip(
            name: "the receiver is on another chain", rule: "conflux.on-chain",
            spoil: { devnet in
                let port = try await devnet.otherChain()
                let hydra = try String(contentsOfFile: devnet.node("b") + "/hydra.toml", encoding: .utf8)
                try hydra.replacing(/devnet_chain = .*/, with: "devnet_chain = \"127.0.0.1:\(port)\"")
                    .write(toFile: devnet.node("b") + "/hydra.toml", atomically: false, encoding: .utf8)
                try await devnet.fault("restart", "acme-1-b")
            }),
    ]

    // MARK: Other verbs

    private static let verbs = [
        Trip(name: "the receiver votes already", rule: "conflux.voting", verb: ["switchover", "acme-1", "--to", "acme-1-a", "--yes"]),
        Trip(name: "start while one votes", rule: "conflux.voting", verb: ["start", "acme-1", "--on", "acme-1-b", "--yes"]),
        Trip(
            name: "start with a foreign file", rule: "conflux.no-strange-file", verb: ["start", "acme-1", "--on", "acme-1-b", "--yes"],
            voters: [],
            spoil: { devnet in
                try await devnet.fault("restart", "acme-1-a")
                try await devnet.fault("file", "acme-1-b", "--state", "foreign")
            }),
        Trip(
            name: "recover while one does not answer", rule: "conflux.idle", status: 4, verb: ["recover", "acme-1", "--yes"], voters: [],
            spoil: { devnet in
                try await devnet.fault("restart", "acme-1-a")
                try await devnet.fault("hang", "acme-1-b")
            }),
        Trip(
            name: "stop while nobody votes", rule: "conflux.idle", verb: ["stop", "acme-1", "--yes"], voters: [],
            spoil: { try await $0.fault("restart", "acme-1-a") }),
        Trip(
            name: "upgrade to what runs already", rule: "conflux.on-release",
            verb: ["upgrade", "acme-1", "--to", "3.0.3", "--release", "DEVNET/releases/3.0.3", "--yes"]),
    ]
}

extension GuardTests.Trip {
    /// The control port of a node in a fleet file.
    static func port(of letter: String, in fleet: String) -> String {
        guard let name = fleet.range(of: "name: acme-1-\(letter)"),
            let rpc = fleet[name.upperBound...].firstMatch(of: /127\.0\.0\.1:([0-9]+)/)
        else { return "" }
        return String(rpc.output.1)
    }

    /// The fleet file with another control port.
    static func replacePort(of letter: String, in fleet: String, by port: String) -> String {
        let own = self.port(of: letter, in: fleet)
        return fleet.replacingOccurrences(of: "rpc: \"http://127.0.0.1:\(own)\"", with: "rpc: \"http://127.0.0.1:\(port)\"")
    }
}

extension DevnetUnderTest {
    /// Starts a second chain process, of chain 1338, that ends with the devnet.
    ///
    /// - Returns: its port.
    func otherChain() async throws -> Int {
        let place = folder + "/chain"
        let settings = try String(contentsOfFile: place + "/chain.json", encoding: .utf8)
        try #require(settings.contains("1337"))
        try settings.replacingOccurrences(of: "1337", with: "1338").write(toFile: place + "/other.json", atomically: false, encoding: .utf8)
        let port = try freePort()
        // In the folder of the chain, where `baton devnet down` looks for it.
        _ = try Running(baton, ["devnet", "conflux-chain", "--settings", "other.json", "--port", "\(port)"], in: place)
        try await until("the other chain listens") {
            let table = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/net/tcp")).readToEnd() ?? Data()
            return String(decoding: table, as: UTF8.self).contains("0100007F:" + String(format: "%04X", port) + " 00000000:0000 0A")
        }
        return port
    }

    /// A port of 127.0.0.1 that nobody listens on.
    private func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Without proposals nothing is voted for and no node writes its file; comes back when the last vote is cast.
    func silence() async throws {
        try await fault("silence", "--rounds", "1000")
        let round = try await verdict().round
        try await until("the round in which votes were cast is over") { try await verdict().round > round }
    }

    /// Changes words in a text file of a node.
    func change(_ letter: String, _ file: String, _ words: String, _ others: String) throws {
        let path = node(letter) + "/" + file
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try #require(text.contains(words), "\(path) says \(words)")
        try text.replacingOccurrences(of: words, with: others).write(toFile: path, atomically: false, encoding: .utf8)
    }
}
