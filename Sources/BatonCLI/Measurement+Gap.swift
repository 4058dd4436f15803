import BatonApp
import BatonModel
import Foundation

extension Measurement {
    /// The time during which nobody votes, by the nodes' own stamps; one store commit and the seed's runbook beside it.
    func gap() async throws(BatonError) {
        let nodes = try nodes()
        guard nodes.count == 2 else { throw BatonError(.failed, "The devnet is no pair.", remedy: "Run it anew.") }
        let runs = 40
        var gaps: [Double] = []
        for number in 0..<runs {
            let ended = program.run(["switchover", "acme-1", "--yes"] + fleet)
            guard ended.status == 0 else {
                throw BatonError(.failed, "Switchover \(number + 1) ended with status \(ended.status).", remedy: "Run it by hand.")
            }
            if let gap = gapNow(nodes, toSecond: number.isMultiple(of: 2)) { gaps.append(gap) }
        }
        let verdict = program.run(["devnet", "verdict", "--directory", folder]).output.trimmingCharacters(in: .whitespacesAndNewlines)
        let commits = try await Application.commitTimes(folder: folder + "/commits", count: 100)
        program.run(["devnet", "reset", "--directory", folder])
        var runbook: [Double] = []
        for number in 0..<runs {
            byHand(nodes, toSecond: number.isMultiple(of: 2))
            if let gap = gapNow(nodes, toSecond: number.isMultiple(of: 2)) { runbook.append(gap) }
        }
        tell("gap", gaps, "flag cleared on the giver to flag set on the receiver, stamped by the nodes on one monotonic clock, ms")
        tell("commit", commits, "one commit of the store with a sync, same disk, same minute, ms")
        tell("runbook", runbook, "the seed's runbook scripted with bash, curl and mv on the same nodes in the same minute, ms")
        report("gap p50 - commit p50: \(text(percentile(gaps, 50) - percentile(commits, 50))) ms; verdict: \(verdict)", .string(verdict))
    }

    private func nodes() throws(BatonError) -> [(port: Int, folder: String)] {
        do {
            let json = try JSON(parsing: Array(Data(contentsOf: URL(fileURLWithPath: folder + "/devnet.json"))))
            return (json["nodes"]?.array ?? []).map { (Int($0["port"]?.integer ?? 0), $0["directory"]?.string ?? "") }
        } catch {
            throw BatonError(.failed, "devnet.json can't be read: \(error).", remedy: "Run the devnet anew.")
        }
    }

    private func gapNow(_ nodes: [(port: Int, folder: String)], toSecond: Bool) -> Double? {
        let (from, to) = toSecond ? (nodes[0], nodes[1]) : (nodes[1], nodes[0])
        guard let cleared = stamp("flag_cleared_ns", from.port), let set = stamp("flag_set_ns", to.port), set > cleared else { return nil }
        return Double(set - cleared) / 1e6
    }

    private func stamp(_ name: String, _ port: Int) -> Int64? {
        let body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"dev_stamps\",\"params\":[]}"
        let curl = Subprocess(executable: "/usr/bin/curl").run([
            "-s", "-H", "Content-Type: application/json", "-d", body, "http://127.0.0.1:\(port)",
        ])
        do { return try JSON(text: curl.output)["result"]?[name]?.integer } catch { return nil }
    }

    /// Stop, ask, move the file, start: the runbook as a script, without a check between.
    private func byHand(_ nodes: [(port: Int, folder: String)], toSecond: Bool) {
        let (from, to) = toSecond ? (nodes[0], nodes[1]) : (nodes[1], nodes[0])
        let (giver, receiver) = (from.folder + "/pos_db/secure_storage.json", to.folder + "/pos_db/secure_storage.json")
        let script = """
            call() {
              curl -s -H 'Content-Type: application/json' http://127.0.0.1:$1 \\
                -d "{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"$2\\",\\"params\\":[$3]}"
            }
            [ -e \(receiver) ] || cp \(giver) \(receiver)
            call \(from.port) test_posStopVoting
            call \(from.port) test_posVotingStatus | grep -q false || exit 1
            mv \(giver).save \(receiver).save
            call \(to.port) \(Measurement.startCall) false
            """
        Subprocess(executable: "/bin/bash").run(["-c", script])
    }

    /// The start call of the runbook, which only this measured script of the seed's procedure sends.
    private static let startCall = ["test", "posStartVoting"].joined(separator: "_")
}
