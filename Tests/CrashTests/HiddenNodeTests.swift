import Foundation
import Testing

/// How Baton is made blind to the nodes' processes.
enum Blindfold: CaseIterable, Sendable {
    /// As in a container with the host's network and folders.
    case pidNamespace
    /// Processes of others show neither working folder nor descriptors.
    case otherUser

    var words: [String] {
        switch self {
        case .pidNamespace: ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc"]
        case .otherUser: ["/usr/bin/setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"]
        }
    }

    /// What keeps these tests from running here, or `nil`.
    static let missing: String? = {
        if let missing = DevnetUnderTest.missing { return missing }
        guard getuid() == 0 else { return "only root can make namespaces and become another user" }
        for blindfold in allCases where !succeeds(blindfold.words + [DevnetUnderTest.product, "--version"]) {
            return "\(blindfold) is not allowed here"
        }
        return nil
    }()

    /// Whether a command can be run here; it must be a short one.
    static func succeeds(_ words: [String]) -> Bool {
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: words[0])
        probe.arguments = Array(words.dropFirst())
        probe.standardOutput = FileHandle.nullDevice
        probe.standardError = FileHandle.nullDevice
        do { try probe.run() } catch { return false }
        probe.waitUntilExit()
        return probe.terminationStatus == 0
    }
}

/// A Baton that can't see the nodes' processes, but their ports, files and votes, must not take them for dead.
///
/// Cost: 2 s.
@Suite(.enabled(if: Blindfold.missing == nil, "namespaces, other users and the release binary are needed"))
struct HiddenNodeTests {
    @Test(arguments: Blindfold.allCases)
    func aVoterThatCanNotBeSeenIsADoubtAndNobodyElseIsStarted(blindfold: Blindfold) async throws {
        try await DevnetUnderTest.with("hidden") { devnet in
            // The idle node is truly dead, so that its port is free for a second one.
            try await devnet.fault("kill", "acme-1-b")
            _ = try await run("/bin/chmod", ["-R", "a+rwX", devnet.folder])
            var blind = devnet
            blind.inside = blindfold.words
            for verb in [["start", "acme-1", "--on", "acme-1-b"], ["recover", "acme-1"], ["switchover", "acme-1"], ["stop", "acme-1"]] {
                let ended = try await blind.decide(verb + ["--yes"])
                #expect(ended.status == 4 && ended.told.contains("Whether acme-1-a can vote is unknown"), "\(verb): \(ended.told)")
                #expect(ended.errors.contains("do:    Run Baton as acme-1-a's user or as root"), "\(ended.told)")
            }
            let status = try await blind.operate(["status"])
            #expect(!status.output.contains("NOBODY VOTES"), "\(status.told)")
            let verdict = try await devnet.verdict()
            #expect(verdict.isSafe && verdict.voters == ["acme-1-a"], "\(verdict)")
        }
    }

    @Test func aProcOfAnotherNamespaceIsNotTakenForOurs() async throws {
        try await DevnetUnderTest.with("proc") { devnet in
            var outer = devnet
            outer.inside = ["/usr/bin/unshare", "--pid", "--fork"]
            let ended = try await outer.operate(["switchover", "acme-1", "--yes"])
            #expect(ended.status != 0 || ended.wasKilled)
            #expect(ended.errors.contains("the /proc of its own PID namespace"), "\(ended.told)")
            #expect(try await devnet.verdict().voters == ["acme-1-a"])
        }
    }
}
