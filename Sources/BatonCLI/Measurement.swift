import BatonApp
import BatonModel
import Foundation

/// Measures the figures of the product on this machine: n, p50, p99, and the method, in one run.
struct Measurement: Sendable {
    let order: MeasurementOrder
    let report: Report
    let program: Subprocess
    let folder = NSTemporaryDirectory() + "/baton-bench-\(ProcessInfo.processInfo.processIdentifier)"
    var fleet: [String] { ["--fleet", folder + "/baton.yaml"] }

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
        if wants("sim") { simulator() }
        if wants("status") || wants("gap") { try await onPair() }
        if wants("votes") { try votes() }
        return .done
    }

    /// What is measured on a devnet of one pair.
    private func onPair() async throws(BatonError) {
        try up(["--round", "500ms", "--rounds-per-epoch", "1000"])
        defer { down() }
        if wants("status") {
            times("status", "wall time of `baton status` of a pair as a process started by bash", 30) { _ in ["status"] + fleet }
        }
        if wants("gap") { try await gap() }
    }

    /// Starts a devnet; `down()` ends it.
    func up(_ options: [String]) throws(BatonError) {
        guard program.run(["devnet", "conflux", "--directory", folder, "--detach"] + options).status == 0 else {
            throw BatonError(.failed, "The devnet did not start.", remedy: "Run `baton devnet conflux` by hand.")
        }
    }

    /// Ends the devnet; its folder goes.
    func down() {
        program.run(["devnet", "down", "--directory", folder])
        // A scratch folder: what can't be removed is only litter.
        try? FileManager.default.removeItem(atPath: folder)
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

    // MARK: Figures

    /// The value that this share of the values does not pass.
    func percentile(_ values: [Double], _ percent: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, Int((Double(sorted.count) * percent / 100).rounded(.down)))]
    }

    /// With two decimals.
    func text(_ value: Double) -> String { String(format: "%.2f", value) }

    func tell(_ name: String, _ values: [Double], _ method: String) {
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
