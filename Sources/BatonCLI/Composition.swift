package import BatonAPI
package import BatonApp
package import BatonModel

/// What the command line is given to work with: one value, made at the door, so that tests hand in another.
package struct Composition: Sendable {
    /// Opens a fleet in process.
    package let open: @Sendable (FleetFile) async throws(BatonError) -> any BatonAPI
    /// Every rule, for `baton explain`.
    package let rules: @Sendable () -> [Explanation]
    /// Verifies an evidence file offline and says what it shows.
    package let verify: @Sendable ([UInt8]) throws(BatonError) -> JSON
    /// Runs seeds in the simulator; `nil` when this build has none, and then the verb is not there.
    package let simulate: (@Sendable (SimulationOrder, Report) async throws(BatonError) -> ExitStatus)?
    /// Runs the whole thing on one machine; `nil` as above.
    package let demonstrate: (@Sendable (DemonstrationOrder, Report) async throws(BatonError) -> ExitStatus)?
    /// Measures the figures of the product; `nil` as above.
    package let measure: (@Sendable (MeasurementOrder, Report) async throws(BatonError) -> ExitStatus)?

    package init(
        open: @escaping @Sendable (FleetFile) async throws(BatonError) -> any BatonAPI,
        rules: @escaping @Sendable () -> [Explanation],
        verify: @escaping @Sendable ([UInt8]) throws(BatonError) -> JSON,
        simulate: (@Sendable (SimulationOrder, Report) async throws(BatonError) -> ExitStatus)? = nil,
        demonstrate: (@Sendable (DemonstrationOrder, Report) async throws(BatonError) -> ExitStatus)? = nil,
        measure: (@Sendable (MeasurementOrder, Report) async throws(BatonError) -> ExitStatus)? = nil
    ) {
        (self.open, self.rules, self.verify) = (open, rules, verify)
        (self.simulate, self.demonstrate, self.measure) = (simulate, demonstrate, measure)
    }
}

/// Where a long-running verb tells what it does: `text` for people, `json` as one line for programs.
package struct Report: Sendable {
    private let line: @Sendable (String, JSON) -> Void
    package init(_ line: @escaping @Sendable (String, JSON) -> Void) { self.line = line }
    /// Writes one line at once, in the form that was asked for.
    package func callAsFunction(_ text: String, _ json: JSON) { line(text, json) }
}

/// What `baton sim` was asked for.
package struct SimulationOrder: Hashable, Sendable {
    /// The first seed.
    package let from: UInt64
    /// How many seeds.
    /// - Range: 1 or more.
    package let seeds: UInt64
    /// `clean`, `crash` or `faults`.
    package let mode: String
    /// The operation, or `any`: drawn by the seed.
    package let verb: String
    package init(from: UInt64, seeds: UInt64, mode: String, verb: String) {
        (self.from, self.seeds, self.mode, self.verb) = (from, seeds, mode, verb)
    }
}

/// What `baton demo` was asked for.
package struct DemonstrationOrder: Hashable, Sendable {
    /// The folder for its files; `nil` takes a new one.
    package let folder: String?
    /// Whether the devnet is ended afterwards.
    package let endsDevnet: Bool
    package let isJSON: Bool
    package init(folder: String?, endsDevnet: Bool, isJSON: Bool) {
        (self.folder, self.endsDevnet, self.isJSON) = (folder, endsDevnet, isJSON)
    }
}

/// What `baton bench` was asked for.
package struct MeasurementOrder: Hashable, Sendable {
    /// The figures by name; all when empty.
    package let figures: [String]
    package let isJSON: Bool
    package init(figures: [String], isJSON: Bool) { (self.figures, self.isJSON) = (figures, isJSON) }
}
