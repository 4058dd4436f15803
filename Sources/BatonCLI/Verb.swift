import ArgumentParser
import BatonModel

/// One verb of the command line: parsed by ArgumentParser, run with a context that comes in from outside.
protocol Verb: ParsableCommand {
    /// What every verb takes.
    var options: GlobalOptions { get }
    /// Does the work and says how it ended; an error ends with the status of its code.
    func run(in context: Context) async throws -> ExitStatus
}
