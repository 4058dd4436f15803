import ArgumentParser
import BatonModel

/// `baton sim`.
struct SimCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "sim", abstract: "Run seeds of the simulator; a failure prints the command that repeats it.",
        discussion: """
            The real engine and driver on simulated nodes, network and disks; operation and faults are drawn by the seed.

            Examples:
              baton sim --seeds 1000
              baton sim --seeds 1 --from 4711 --mode crash
              baton sim --seeds 200 --verb upgrade-back
            """
    )
    @Option(help: "How many seeds.")
    var seeds: UInt64 = 100
    @Option(help: "The first seed.")
    var from: UInt64 = 1
    @Option(help: "clean, crash (of the controller) or faults (all kinds, drawn by the seed).")
    var mode = "faults"
    @Option(help: "any (drawn by the seed), switchover, upgrade, upgrade-back, start, stop or abort.")
    var verb = "any"
    @OptionGroup var options: GlobalOptions

    /// Refuses flags that exclude each other.
    func validate() throws {
        if seeds == 0 { throw ValidationError("--seeds is 1 or more.") }
    }

    func run(in context: Context) async throws -> ExitStatus {
        guard let simulate = context.composition.simulate else { return .usage }
        let order = SimulationOrder(from: from, seeds: seeds, mode: mode, verb: verb)
        return try await simulate(order, context.report(options))
    }
}
