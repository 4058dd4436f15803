import BatonApp
import BatonModel
import Foundation

extension Measurement {
    /// Votes missed in 200 switchovers: 10 identities side by side on one chain, each handing its vote to and fro without
    /// a pause, by the chain process's own verdict.
    func votes() throws(BatonError) {
        let (identities, each, round) = (10, 20, "2s")
        try up(["--identities", "\(identities)", "--round", round])
        defer { down() }
        let began = Application.milliseconds()
        let failures = try handOver(identities: identities, times: each)
        let seconds = (Application.milliseconds() - began) / 1000
        if let first = failures.first {
            throw BatonError(.failed, "\(failures.count) switchovers failed; the first: \(first).", remedy: "Run one by hand.")
        }
        let told = program.run(["devnet", "verdict", "--directory", folder, "--json"]).output
        let verdicts: [JSON]
        do { verdicts = try JSON(text: told.trimmingCharacters(in: .whitespacesAndNewlines))["identities"]?.array ?? [] } catch {
            throw BatonError(.failed, "The chain process gave no verdict: \(error).", remedy: "Look at \(folder)/chain.")
        }
        guard verdicts.count == identities else {
            throw BatonError(.failed, "The verdict is over \(verdicts.count) identities.", remedy: "Run the devnet by hand.")
        }
        for verdict in verdicts { report(words(of: verdict), verdict) }
        total(verdicts, switchovers: identities * each, round, seconds)
    }

    private func count(_ verdict: JSON, _ name: String) -> Int {
        verdict[name]?.integer.map(Int.init) ?? verdict[name]?.array?.count ?? 0
    }

    private func words(of verdict: JSON) -> String {
        let missed = (verdict["missed"]?.array ?? []).compactMap(\.string).joined(separator: " ")
        return "votes of 0x\((verdict["posAddress"]?.string ?? "").prefix(12))…: \(count(verdict, "votesCast")) cast in"
            + " \(count(verdict, "rounds")) rounds, \(count(verdict, "missed")) missed\(missed.isEmpty ? "" : " (\(missed))"),"
            + " \(count(verdict, "conflicting")) conflicting"
    }

    private func total(_ verdicts: [JSON], switchovers: Int, _ round: String, _ seconds: Double) {
        func sum(_ name: String) -> Int { verdicts.reduce(0) { $0 + count($1, name) } }
        let method = "verdict of the chain process; identities side by side on one chain, rounds of \(round), one store for all"
        report(
            "votes: n \(switchovers) switchovers of \(verdicts.count) identities in \(Int(seconds)) s: \(sum("votesCast")) votes cast,"
                + " \(sum("missed")) missed, \(sum("conflicting")) conflicting, \(sum("overlap")) overlapping  (\(method))",
            [
                "figure": "votes", "n": .integer(Int64(switchovers)), "identities": .integer(Int64(verdicts.count)),
                "cast": .integer(Int64(sum("votesCast"))), "missed": .integer(Int64(sum("missed"))),
                "conflicting": .integer(Int64(sum("conflicting"))), "overlap": .integer(Int64(sum("overlap"))),
                "seconds": .integer(Int64(seconds)), "method": .string(method),
            ])
    }

    /// One shell per identity runs its switchovers one after the other; all shells run at once.
    ///
    /// - Returns: the last words of each switchover that failed.
    private func handOver(identities: Int, times: Int) throws(BatonError) -> [String] {
        var running: [(process: Process, output: Pipe)] = []
        for identity in 1...identities {
            let command = ([program.executable, "switchover", "acme-\(identity)", "--yes"] + fleet).map { "'\($0)'" }.joined(separator: " ")
            let script = "for i in $(seq \(times)); do out=$(\(command) 2>&1) || echo acme-\(identity) $i: $(tail -n 3 <<<\"$out\"); done"
            let process = Subprocess(executable: "/bin/bash").process(["-c", script])
            let pipe = Pipe()
            process.standardOutput = pipe
            do { try process.run() } catch { throw BatonError(.failed, "bash can't be started: \(error).", remedy: "Install bash.") }
            running.append((process, pipe))
        }
        // A failure is a line of text, so no shell is held up by a full pipe while the others are read.
        return running.flatMap { one in
            let told = String(decoding: one.output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            one.process.waitUntilExit()
            return told.split(separator: "\n").map(String.init)
        }
    }
}
