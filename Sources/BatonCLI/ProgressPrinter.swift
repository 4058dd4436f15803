package import BatonAPI
import BatonModel
import Synchronization

/// Shows a running operation: live lines on a terminal, plain lines on a pipe, events as JSON.
package final class ProgressPrinter: Sendable {
    /// The form in which events are written.
    package enum Form: Hashable, Sendable {
        /// One line per step, the last rewritten in place.
        case live
        /// One line per change.
        case plain
        /// One JSON object per line.
        case json
    }

    private struct State {
        var step = 0
        var steps = 0
        var title = ""
        var lastWait = ""
        var isOpen = false
    }

    private let form: Form
    private let style: Style
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    package init(form: Form, style: Style, write: @escaping @Sendable (String) -> Void) {
        (self.form, self.style, self.write) = (form, style, write)
    }

    /// Shows one event at once. `finished` is left to whoever has the result.
    package func show(_ event: ProgressEvent) {
        if case .finished = event.kind { return }
        if form == .json {
            write(event.json.text + "\n")
            return
        }
        let shown: String? = state.withLock { line(event, &$0) }
        if let shown { write(shown) }
    }

    /// Ends the live line, so that other text begins on a line of its own.
    package func endLine() {
        let wasOpen = state.withLock { state in
            defer { state.isOpen = false }
            return state.isOpen
        }
        if wasOpen { write("\n") }
    }

    private func line(_ event: ProgressEvent, _ state: inout State) -> String? {
        let elapsed = event.elapsed.readable
        switch event.kind {
        case .legBegan(let title, let steps):
            (state.step, state.steps) = (0, steps)
            return closing(&state) + style.toned(title, .strong) + (steps > 0 ? ", \(steps) steps" : "") + "\n"
        case .stepBegan(let id, let title, let node):
            state.step += 1
            state.title = node.map { "\(id) on \($0): \(title)" } ?? "\(id): \(title)"
            state.lastWait = ""
            return form == .live ? live(state.title, elapsed, &state) : nil
        case .waiting(let id, let what):
            if form == .live { return live("\(id): waiting for \(what)", elapsed, &state) }
            guard what != state.lastWait else { return nil }
            state.lastWait = what
            return "\(count(state)) wait  \(state.title): \(what)  (\(elapsed))\n"
        case .proved(_, let how):
            return ended("done", .good, state.title, how, elapsed, &state)
        case .skipped(let id, let why):
            // A step may be skipped without having begun.
            if !state.title.hasPrefix(id.rawValue) { (state.step, state.title) = (state.step + 1, id.rawValue) }
            return ended("skip", .quiet, state.title, why, elapsed, &state)
        case .returned(let id, let outcome):
            return form == .live ? live("\(id): answered \(outcome)", elapsed, &state) : nil
        case .asked(let question):
            return form == .live ? nil : "\(count(state)) ask   \(question.rule): \(question.text)  (\(elapsed))\n"
        case .note(let text):
            return closing(&state) + "\(count(state)) note  \(text)  (\(elapsed))\n"
        case .finished: return nil
        }
    }

    private func count(_ state: State) -> String {
        let text = state.steps > 0 ? "\(state.step)/\(state.steps)" : "\(state.step)"
        return String(repeating: " ", count: max(0, 6 - text.count)) + text
    }

    private func live(_ text: String, _ elapsed: String, _ state: inout State) -> String {
        state.isOpen = true
        let room = style.width - 16 - elapsed.count
        return "\r\u{1B}[2K\(count(state)) ....  \(text.cut(to: max(20, room)))  \(elapsed)"
    }

    private func ended(
        _ word: String, _ tone: Style.Tone, _ title: String, _ how: String, _ elapsed: String, _ state: inout State
    ) -> String {
        let begin = form == .live ? "\r\u{1B}[2K" : ""
        state.isOpen = false
        let because = how.isEmpty ? "" : " (\(how))"
        let room = form == .live ? max(20, style.width - 16 - elapsed.count) : .max
        return begin + "\(count(state)) \(style.toned(word, tone))  \((title + because).cut(to: room))  \(elapsed)\n"
    }

    private func closing(_ state: inout State) -> String {
        guard state.isOpen else { return "" }
        state.isOpen = false
        return form == .live ? "\r\u{1B}[2K" : "\n"
    }
}
