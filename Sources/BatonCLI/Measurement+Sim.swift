import BatonModel
import BatonSim

extension Measurement {
    /// Seeds of a switchover with faults that the simulator plays per second and core, by processor time on one thread.
    ///
    /// Not every seed comes to a start: a fault before it may have Baton refuse, so how many did is told beside the rate.
    func simulator() {
        let seeds = 400
        // The first seeds of a process pay for what is set up once.
        _ = SimCampaign.run(seeds: 20, from: 1, mode: .faults, threads: 1)
        let report = SimCampaign.run(seeds: seeds, from: 1, mode: .faults, threads: 1)
        let seconds = Double(report.processor.nanoseconds) / 1e9
        let rate = seconds > 0 ? Double(seeds) / seconds : 0
        let method = "one seed is a switchover asked for, with faults drawn by it, up to its end or refusal; processor time of one thread"
        let failed = report.failures.count
        let figures =
            "n \(seeds) seeds, \(text(rate)) seeds per second and core, \(report.starts) starts, "
            + "\(text(seconds)) s of processor time, \(failed) failed"
        self.report(
            "sim: \(figures)  (\(method))",
            [
                "figure": "sim", "n": .integer(Int64(seeds)), "per_second_x100": .integer(Int64((rate * 100).rounded())),
                "starts": .integer(Int64(report.starts)),
                "processor_ms": .integer(Int64((seconds * 1000).rounded())), "failed": .integer(Int64(failed)),
                "method": .string(method),
            ])
    }
}
