import ArgumentParser
import BatonModel

/// `baton bench`.
struct BenchCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure the figures of the product; the method is in the output.",
        discussion: """
            Figures: version, sim, status, gap, votes (200 switchovers, up to six minutes).

            Examples:
              baton bench
              baton bench gap --json
            """,
        shouldDisplay: false
    )
    @Argument(help: "The figures to measure (default: all).")
    var figures: [String] = []
    @OptionGroup var options: GlobalOptions

    func run(in context: Context) async throws -> ExitStatus {
        guard let measure = context.composition.measure else { return .usage }
        return try await measure(MeasurementOrder(figures: figures, isJSON: options.json), context.report(options))
    }
}
