import BatonApp
import BatonModel
import Foundation

/// Measures the figures of the product on this machine: n, p50, p99, and the method, in one run.
struct Measurement: Sendable {
    let order: MeasurementOrder
    let report: Report
    let program: Subprocess
    private let folder = NSTemporaryDirectory() + "/baton-bench-\(ProcessInfo.processInfo.processIdentifier)"
    private var fleet: [String] { ["--fleet", folder + "/baton.yaml"] }
    /// Switchovers per figure.
    private let runs = 40

    /// Measures what was asked for.
    static func run(_ order: MeasurementOrder, _ report: Report) async throws(BatonError) -> ExitStatus {
        guard let program = Subprocess.own else {
            throw BatonError(.failed, "The program's own path is unknown.", remedy: "Run the installed baton by its path.")
        }
        let measurement = Measurement(order: order, report: report, program: program)
        return try await measurement.run()
    }

    private func wants(_ figure: String) -> Bool { order.figures.isEmpty || order.figures.contains(figure) }

    private func run() async throws(BatonError) -> ExitStatus {
        if wants("version") { times("version", "wall time of `baton --version` as a process started by bash", 30) { _ in ["--version"] } }
        guard wants("status") || wants("gap") else { return .done }
        let up = program.run(["devnet", "conflux", "--directory", folder, "--detach", "--round", "500ms", "--rounds-per-epoch", "1000"])
        guard up.status == 0 else {
            throw BatonError(.failed, "The devnet did not start.", remedy: "Run `baton devnet conflux` by hand.")
        }
        defer { program.run(["devnet", "down", "--directory", folder]) }
        if wants("status") {
            times("status", "wall time of `baton status` of a pair as a process started by bash", 30) { _ in ["status"] + fleet }
        }
        if wants("gap") { try await gap() }
        return .done
    }

    /// Times whole processes from a shell, which spawns them at less cost than we do.
    private func times(_ name: String, _ method: String, _ count: Int, _ arguments: (Int) -> [String]) {
        let command = ([program.executable] + arguments(0)).map { "'\($0)'" }.joined(separator: " ")
        let script = "for i in $(seq \(count)); do s=$EPOCHREALTIME; \(command) >/dev/null; e=$EPOCHREALTIME; echo $s $e; done"
        let lines = Subprocess(executable: "/bin/bash").run(["-c", script]).output.split(separator: "\n")
        let taken = lines.compactMap { line -> Double? in
            let parts = line.split(separator: " ").compactMap { Double($0) }
            guard parts.count == 2 else { return nil }
            return (parts[1] - parts[0]) * 1000
        }
        tell(name, taken, method)
    }

    // MARK: The gap

    /// The time during which nobody votes, by the nodes' own stamps; one store commit and the seed's runbook beside it.
    private func gap() async throws(BatonError) {
        let nodes = try nodes()
        guard nodes.count == 2 else { throw BatonError(.failed, "The devnet is no pair.", remedy: "Run it anew.") }
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

    // MARK: Figures

    private func percentile(_ values: [Double], _ percent: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, Int((Double(sorted.count) * percent / 100).rounded(.down)))]
    }

    private func text(_ value: Double) -> String { String(format: "%.2f", value) }

    private func tell(_ name: String, _ values: [Double], _ method: String) {
        guard !values.isEmpty else { return report("\(name): unknown, nothing was measured", ["figure": .string(name), "n": 0]) }
        let (p50, p99) = (percentile(values, 50), percentile(values, 99))
        report(
            "\(name): n \(values.count), p50 \(text(p50)) ms, p99 \(text(p99)) ms  (\(method))",
            [
                "figure": .string(name), "n": .integer(Int64(values.count)), "p50_us": .integer(Int64((p50 * 1000).rounded())),
                "p99_us": .integer(Int64((p99 * 1000).rounded())), "method": .string(method),
            ])
    }
}
