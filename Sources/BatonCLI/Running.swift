package import BatonAPI
import BatonKernel
import BatonModel

/// Plans, shows, asks and runs: what every operation has in common.
struct Running: Sendable {
    let context: Context
    let options: GlobalOptions
    let confirm: ConfirmOptions
    /// The licence that the operator gives where none is found; its phrase is asked for, or is `phrase` without a terminal.
    var override: OverrideOrder?

    private var style: Style { context.terminal.style(plain: options.noColor) }
    private var canAsk: Bool { context.terminal.canAsk && !options.json }

    /// Plans a request and runs it, or only shows the plan when that was asked for.
    func operation(_ request: OperationRequest, _ showing: PlanOptions, on api: any BatonAPI) async throws -> ExitStatus {
        let plan = try await api.plan(request, confirm.confirmations(plan: false, override: override))
        if showing.stops {
            try show(plan, showing)
            return .done
        }
        return try await agreeAndRun(plan, on: api)
    }

    /// Shows a plan in the form that was asked for, or saves it.
    func show(_ plan: PlannedOperation, _ showing: PlanOptions) throws {
        if let path = showing.out {
            try context.files.create(context.absolute(path), plan.bytes)
            context.answer(options, ["wrote": .string(path), "digest": .string(plan.digest.rawValue)]) { _ in
                "Saved plan \(plan.digest.short) to \(path). Run it with `baton apply \(path)`."
            }
            return
        }
        context.answer(options, plan.json) { style in
            showing.form == .runbook ? PlanScreen.runbook(plan, style) : PlanScreen.text(plan, style)
        }
    }

    /// Shows a plan, gets the operator's agreement, and runs exactly it.
    ///
    /// - Throws: ``BatonError/Code/usage`` when nobody is there to agree and `--yes` is not given: nothing was touched.
    func agreeAndRun(_ plan: PlannedOperation, on api: any BatonAPI) async throws -> ExitStatus {
        if options.json {
            context.terminal.write(JSON.object(["event": "plan", "plan": plan.json]).text + "\n")
        } else {
            context.terminal.write(PlanScreen.text(plan, style) + "\n")
        }
        if let risk = plan.risk {
            guard let typed = try phrase(risk) else {
                context.terminal.write("Not run; nothing was touched.\n")
                return .refused
            }
            let order = override.map { OverrideOrder(reason: $0.reason, user: $0.user, phrase: typed) }
            return try await running { (conversation) throws(BatonError) in
                try await api.run(plan, confirm.confirmations(plan: true, override: order), conversation)
            }
        }
        if !confirm.yes {
            guard canAsk else {
                throw BatonError(
                    .usage, "Nobody is there to agree to this plan; nothing was touched.",
                    remedy: "Look at it with --plan, then run the same command with --yes."
                )
            }
            context.terminal.write("Run it? Type yes: ")
            guard context.terminal.readLine({ true })?.lowercased() == "yes" else {
                context.terminal.write("Not run; nothing was touched.\n")
                return .refused
            }
        }
        return try await running { (conversation) throws(BatonError) in
            try await api.run(plan, confirm.confirmations(plan: true), conversation)
        }
    }

    /// The phrase of a risk as typed: on a terminal always anew, elsewhere as the option says. `--yes` never stands for it.
    ///
    /// - Returns: `nil` when something else was typed.
    /// - Throws: ``BatonError/Code/usage`` when nobody is there and the option is missing or wrong: nothing was touched.
    private func phrase(_ risk: RiskNotice) throws(BatonError) -> String? {
        guard canAsk else {
            guard override?.phrase == risk.phrase else {
                throw BatonError(
                    .usage, "Nobody is there to type the phrase that accepts this risk; nothing was touched. \(risk.text)",
                    remedy: "Wait, without the override; or give exactly: --phrase \"\(risk.phrase)\"")
            }
            return risk.phrase
        }
        context.terminal.write(
            style.toned(style.wrapped(risk.text, first: 0, indent: 0), .bad) + "\nTo run it all the same, type exactly: \(risk.phrase)\n> ")
        return context.terminal.readLine({ true }) == risk.phrase ? risk.phrase : nil
    }

    /// Runs something that talks while it runs, and tells its result.
    func running(
        _ body: (Conversation) async throws(BatonError) -> OperationResult
    ) async throws -> ExitStatus {
        let form: ProgressPrinter.Form = options.json ? .json : context.terminal.isLive ? .live : .plain
        let printer = ProgressPrinter(form: form, style: style, write: context.terminal.write)
        Interrupts.watch()
        let conversation = Conversation(
            events: { printer.show($0) }, ask: { question in answer(question, printer) }, isInterrupted: { Interrupts.isAsked }
        )
        let result: OperationResult
        do { result = try await body(conversation) } catch {
            printer.endLine()
            throw error
        }
        printer.endLine()
        if options.json {
            context.terminal.write(JSON.object(["event": "finished", "result": result.json]).text + "\n")
        } else {
            context.terminal.write(ResultText.text(result, style))
        }
        return result.exit
    }

    /// What the operator says to a question; *no* when nobody is there.
    ///
    /// `--accept` with the rule answers yes; `--yes` does for everything that can't cost the stake.
    private func answer(_ question: Question, _ printer: ProgressPrinter) -> Bool {
        if confirm.accept.contains(question.rule.rawValue) { return true }
        if confirm.yes, question.hazard < .slashable { return true }
        guard canAsk else { return false }
        printer.endLine()
        let word = question.hazard == .slashable ? question.rule.rawValue : "yes"
        context.terminal.write(
            style.toned("\(question.text) (\(question.hazard.rawValue), rule \(question.rule))", .careful) + "\nType \(word) to go on: "
        )
        return context.terminal.readLine({ !Interrupts.isAsked }) == word
    }
}

/// The end of an operation for people.
package enum ResultText {
    /// What happened, the state that the fleet is in, and what comes next.
    package static func text(_ result: OperationResult, _ style: Style) -> String {
        let (word, tone): (String, Style.Tone) =
            switch result.exit {
            case .done: ("done", .good)
            case .failed, .usage: ("failed", .bad)
            case .refused: ("refused", .careful)
            case .doubt: ("in doubt", .bad)
            case .interrupted: ("stopped", .careful)
            case .findings: ("findings", .careful)
            }
        var lines = ["", style.toned(word.padded(to: 12), tone) + style.wrapped(result.text, first: 12, indent: 12)]
        if let state = result.safeState { lines.append(style.labelled("fleet now", state)) }
        if let next = result.next {
            lines.append(style.labelled("next", next.text, tone: .strong))
            lines.append(style.labelled("", next.why))
        }
        if let operation = result.operation {
            lines.append(style.labelled("operation", "\(operation) (`baton log \(operation)`, `baton why \(operation)`)"))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
