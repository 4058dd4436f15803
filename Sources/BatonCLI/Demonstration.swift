import BatonModel
import Foundation

/// The whole thing on one machine: a devnet, an upgrade with switchover and switch-back by the installed `baton` as a
/// subprocess, the controller killed in the worst place and resumed, and the verdict asked from the chain process after
/// the controller has ended.
struct Demonstration: Sendable {
    let order: DemonstrationOrder
    let report: Report
    let program: Subprocess
    let folder: String

    /// Rounds of a second: short enough to watch, long enough to see that no vote is missed.
    private let round = "1s"
    private let validator = "demo"

    /// Runs it and says whether the verdict is clean.
    static func run(_ order: DemonstrationOrder, _ report: Report) async throws(BatonError) -> ExitStatus {
        let folder = order.folder ?? FileManager.default.currentDirectoryPath + "/devnet"
        guard let program = Subprocess.own else {
            throw BatonError(.failed, "The program's own path is unknown.", remedy: "Run the installed baton by its path.")
        }
        return try Demonstration(order: order, report: report, program: program, folder: folder).run()
    }

    private func run() throws(BatonError) -> ExitStatus {
        try makeWay()
        say("1. A devnet: one chain process, two node processes of one identity; people have started the first.")
        try expect(["devnet", "conflux", "--directory", folder, "--detach", "--round", round], "devnet")
        let fleet = ["--fleet", folder + "/baton.yaml"]
        let name = try validatorName()
        say("2. baton check")
        _ = baton(["check"] + fleet)
        say("3. The plan, before anything is touched")
        let upgrade = ["upgrade", name, "--to", "3.1.0", "--release", folder + "/releases/3.1.0", "--switch-back"] + fleet
        try expect(upgrade + ["--plan"], "plan")
        say("4. Run it, and kill the controller between the stop and the start")
        let killed = try killedInTheCut(upgrade + ["--yes"], name)
        say(killed ? "   Killed by SIGKILL: nobody votes now." : "   The run was faster than the killer; it went through.")
        _ = baton(["status"] + fleet)
        if killed {
            say("5. baton resume")
            try expect(["resume", "--yes"] + fleet, "resume")
        }
        _ = baton(["status"] + fleet)
        return try conclude(fleet, killed: killed)
    }

    /// The controller has ended; the chain process judges, and the evidence file verifies by itself.
    private func conclude(_ fleet: [String], killed: Bool) throws(BatonError) -> ExitStatus {
        say("6. The evidence of the run, verified offline")
        let evidence = folder + "/evidence.json"
        // Nothing is there yet: the devnet's folder is new.
        try expect(["log", "--export", "--out", evidence] + fleet, "export")
        let verifies = baton(["log", "--verify", evidence], quiet: true).status == 0
        say("7. The verdict of the chain process")
        let told = baton(["devnet", "verdict", "--directory", folder, "--json"], quiet: true)
        let verdict: JSON
        do throws(JSONError) { verdict = try JSON(text: told.output.trimmingCharacters(in: .whitespacesAndNewlines)) } catch {
            throw BatonError(.failed, "The chain process gave no verdict.", remedy: "Look at \(folder)/chain/log.")
        }
        let identities = verdict["identities"]?.array ?? verdict.array ?? [verdict]
        let conflicting = identities.reduce(0) { $0 + ($1["conflicting"]?.amount ?? 1) }
        let overlap = identities.reduce(0) { $0 + ($1["overlap"]?.amount ?? 1) }
        let voters = identities.reduce(0) { $0 + ($1["votersNow"]?.amount ?? 0) }
        let isClean = conflicting == 0 && overlap == 0 && voters == identities.count && verifies
        if order.endsDevnet { _ = baton(["devnet", "down", "--directory", folder], quiet: true) }
        let answer: JSON = [
            "clean": .bool(isClean), "killed": .bool(killed), "evidence_verifies": .bool(verifies), "verdict": verdict,
            "evidence": .string(evidence),
        ]
        let missed = identities.reduce(0) { $0 + ($1["missed"]?.amount ?? 0) }
        let evidenceWords = verifies ? "the evidence verifies" : "the evidence is broken"
        let counts = "\(conflicting) conflicting, \(overlap) overlapping, \(missed) missed votes, \(voters) voting now, \(evidenceWords)"
        report(isClean ? "Clean: \(counts)." : "NOT clean: \(counts).", answer)
        if !order.isJSON, !order.endsDevnet {
            report(
                "The devnet is left running. Go on with `export BATON_FLEET=\(folder)/baton.yaml`,"
                    + " end it with `baton devnet down --directory \(folder)`.", answer)
        }
        return isClean ? .done : .failed
    }

    private func say(_ text: String) {
        if !order.isJSON { report(text, .string(text)) }
    }

    /// A devnet of an earlier demo is ended; its folder is kept under another name.
    private func makeWay() throws(BatonError) {
        guard FileManager.default.fileExists(atPath: folder) else { return }
        _ = baton(["devnet", "down", "--directory", folder], quiet: true)
        var number = 1
        while FileManager.default.fileExists(atPath: "\(folder).old-\(number)") { number += 1 }
        do { try FileManager.default.moveItem(atPath: folder, toPath: "\(folder).old-\(number)") } catch {
            throw BatonError(.failed, "\(folder) is in the way.", remedy: "Move it away, or give another place with --folder.")
        }
    }

    private func validatorName() throws(BatonError) -> String {
        let told = baton(["status", "--json", "--fleet", folder + "/baton.yaml"], quiet: true)
        do throws(JSONError) {
            let report = try JSON(text: told.output.trimmingCharacters(in: .whitespacesAndNewlines))
            if let name = report["validators"]?.array?.first?["validator"]?.string { return name }
        } catch {
            throw BatonError(.failed, "baton status gave no JSON: \(error).", remedy: "Run it by hand with --fleet \(folder)/baton.yaml.")
        }
        throw BatonError(.failed, "The devnet's fleet has no validator.", remedy: "Look at \(folder)/baton.yaml.")
    }

    // MARK: Subprocesses

    private func expect(_ arguments: [String], _ what: String) throws(BatonError) {
        let result = baton(arguments)
        guard result.status == 0 else {
            throw BatonError(
                .failed, "baton \(what) ended with status \(result.status).",
                remedy: "Run it by hand: baton \(arguments.joined(separator: " "))")
        }
    }

    @discardableResult
    private func baton(_ arguments: [String], quiet: Bool = false) -> Subprocess.Ended {
        program.run(arguments, echo: quiet ? nil : order.isJSON ? FileHandle.standardError : FileHandle.standardOutput)
    }

    /// Kills the run with SIGKILL at the moment the voter's `.save` appears: the vote is stopped and nobody is started.
    private func killedInTheCut(_ arguments: [String], _ name: String) throws(BatonError) -> Bool {
        let process = program.process(arguments)
        process.standardOutput = order.isJSON ? FileHandle.standardError : FileHandle.standardOutput
        do { try process.run() } catch {
            throw BatonError(.failed, "baton could not be started.", remedy: "Run it by hand.")
        }
        let saves = try saveFiles()
        while process.isRunning {
            for save in saves where unsafe access(save, F_OK) == 0 {
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                return process.terminationReason == .uncaughtSignal
            }
        }
        guard process.terminationStatus == 0 else {
            throw BatonError(.failed, "The upgrade ended with status \(process.terminationStatus).", remedy: "Look above.")
        }
        return false
    }

    private func saveFiles() throws(BatonError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(folder)/\($0)/pos_db" }
                .filter { FileManager.default.fileExists(atPath: $0) }.map { $0 + "/secure_storage.json.save" }
        } catch {
            throw BatonError(.failed, "\(folder) can't be listed.", remedy: "Look at its permissions.")
        }
    }
}

extension JSON {
    /// A count, or the length of a list.
    fileprivate var amount: Int { integer.map(Int.init) ?? array?.count ?? 0 }
}
