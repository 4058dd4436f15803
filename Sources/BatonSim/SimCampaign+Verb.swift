import BatonConflux
package import BatonModel

extension SimCampaign {
    /// What the verb `sim` answers.
    package struct Answer: Sendable {
        /// For people.
        package let text: String
        /// For programs; equal campaigns give equal JSON.
        package let json: JSON
        /// Whether every promise was kept in every seed.
        package let isClean: Bool
    }

    /// The verb `sim`: switchovers by the real engine and the real driver.
    ///
    /// - Parameter mode: `clean`, `crash` or `faults`.
    /// - Returns: `nil` when there is no such mode.
    package static func verb(seeds: Int, from: UInt64, mode: String, threads: Int) -> Answer? {
        guard let mode = Mode(rawValue: mode) else { return nil }
        let report = run(
            seeds: seeds, from: from, mode: mode, threads: threads, controller: SimEngine.controller(.switchover(to: "b"))
        )
        return Answer(text: report.text, json: report.json, isClean: report.failures.isEmpty)
    }
}
