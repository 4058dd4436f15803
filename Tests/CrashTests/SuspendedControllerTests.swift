import Foundation
import Testing

/// S6 with real processes: a controller is suspended in the middle, another resumes, and the first is let go on.
@Suite(.serialized, .enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct SuspendedControllerTests {
    /// A file whose appearance says how far the first controller is.
    @Test(arguments: ["acme-1-a/pos_db/secure_storage.json.save", "acme-1-b/pos_db/secure_storage.json.save"])
    func whoTakesOverEndsTheSuspendedControllerFirst(sign: String) throws {
        let devnet = try DevnetUnderTest.up("suspended", round: "400ms")
        defer { try? devnet.down() }  // Only litter.
        let first = Process()
        first.executableURL = URL(fileURLWithPath: devnet.baton)
        first.arguments = ["switchover", "acme-1", "--yes"] + devnet.fleet
        first.standardInput = FileHandle.nullDevice
        first.standardOutput = FileHandle.nullDevice
        first.standardError = FileHandle.nullDevice
        try first.run()
        let path = devnet.folder + "/" + sign
        var wasSuspended = false
        while first.isRunning, !wasSuspended {
            if unsafe access(path, F_OK) == 0 {
                kill(first.processIdentifier, SIGSTOP)
                wasSuspended = true
            }
        }
        if wasSuspended, try devnet.isUnfinished() {
            let resumed = try run(devnet.baton, ["resume", "--yes"] + devnet.fleet)
            #expect(resumed.status == 0, "\(resumed.told)")
        }
        kill(first.processIdentifier, SIGCONT)
        first.waitUntilExit()
        let verdict = try devnet.verdict()
        #expect(verdict.isSafe)
        #expect(verdict.voters.count == 1, "\(verdict.voters)")
    }
}
