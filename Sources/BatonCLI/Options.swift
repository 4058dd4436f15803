import ArgumentParser
import BatonAPI
import BatonModel

/// What every verb takes.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The fleet file (default: $BATON_FLEET, else baton.yaml here).", valueName: "file"))
    var fleet: String?
    @Flag(help: "Write JSON, one value per line.")
    var json = false
    @Flag(name: .customLong("no-color"), help: "No colours (as with NO_COLOR).")
    var noColor = false
}

/// How a plan is shown instead of being run.
struct PlanOptions: ParsableArguments {
    /// The forms of a plan.
    enum Form: String, CaseIterable, ExpressibleByArgument {
        /// Every step with what a person types for it.
        case runbook
    }
    @Flag(help: "Show the plan and stop.")
    var plan = false
    @Option(help: ArgumentHelp("Save the plan to a new file and stop; `baton apply` runs it.", valueName: "file"))
    var out: String?
    @Option(name: .customLong("as"), help: ArgumentHelp("Show the plan in another form and stop: runbook.", valueName: "form"))
    var form: Form?
    /// Whether nothing is to be run.
    var stops: Bool { plan || out != nil || form != nil }
}

/// What the operator agrees to beforehand.
struct ConfirmOptions: ParsableArguments {
    @Flag(help: "Run without asking; never covers what may cost the stake.")
    var yes = false
    @Option(help: ArgumentHelp("Accept the exception to one rule; may be given again.", valueName: "rule-id"))
    var accept: [String] = []
    @Option(help: ArgumentHelp("Why, for the record; needed with --accept.", valueName: "text"))
    var reason: String?

    /// Refuses flags that exclude each other.
    mutating func validate() throws {
        if !accept.isEmpty, reason?.isEmpty ?? true {
            throw ValidationError("--accept needs --reason TEXT: an exception is recorded with its reason.")
        }
    }
    /// The agreement, when the plan was agreed to by `plan`.
    func confirmations(plan: Bool, override: OverrideOrder? = nil) -> Confirmations {
        Confirmations(plan: plan, accept: accept.map { RuleID($0) }, reason: reason, override: override)
    }
}
