import BatonKernel
import BatonModel

/// Words for how an operation ended: what is so now, and an order to the operator.
enum Conclusion {
    /// The result for the operator.
    static func result<F: Family>(of ending: OperationMachine<F>.Ending, _ good: String, _ operation: OperationID) -> RunResult {
        switch ending {
        case .done:
            RunResult(exit: .done, operation: operation, rule: nil, words: "Done: \(good).", remedy: "")
        case .refused(let rule, let words):
            RunResult(
                exit: .refused, operation: operation, rule: rule, words: "Refused, nothing was touched: \(words).",
                remedy: "Run `baton explain \(rule)`.")
        case .replan(let rule, let words):
            RunResult(
                exit: .doubt, operation: operation, rule: rule, words: "Did not come true: \(words).",
                remedy: "Mend that where it needs you, then run `baton resume \(operation)`.")
        case .doubt(let rule, let doubt, let words):
            RunResult(
                exit: .doubt, operation: operation, rule: rule, words: "In doubt (\(doubt)): \(words).",
                remedy: "Find out that one fact, then run `baton resume \(operation)`. Start nothing by hand meanwhile.")
        case .interrupted(let words):
            RunResult(
                exit: .interrupted, operation: operation, rule: nil, words: "Interrupted: \(words).",
                remedy: "Run `baton resume \(operation)` to go on, or `baton abort \(operation)`.")
        case .leaseLost:
            RunResult(
                exit: .interrupted, operation: operation, rule: "safety.r7", words: "Another Baton took this operation over.",
                remedy: "Look at it there: `baton list`.")
        case .failed(let failure, let isOver):
            RunResult(
                exit: .failed, operation: operation, rule: failure.rule, words: "Failed: \(failure.words). Now: \(failure.result).",
                remedy: isOver ? failure.remedy : failure.remedy.replacing("`baton resume`", with: "`baton resume \(operation)`"),
                safeState: failure.result)
        }
    }
}
