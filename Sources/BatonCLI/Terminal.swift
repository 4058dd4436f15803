import Glibc

/// The operator's terminal, or the pipe in its place. Every write is one `write(2)` at once.
package struct Terminal: Sendable {
    /// Whether lines can be rewritten in place.
    package let isLive: Bool
    /// Whether somebody is there to answer.
    package let canAsk: Bool
    /// Whether colours are shown.
    package let usesColor: Bool
    /// - Unit: columns.
    package let width: Int
    /// Writes to standard output.
    package let write: @Sendable (String) -> Void
    /// Writes to standard error.
    package let writeError: @Sendable (String) -> Void
    /// Reads one line; ends with `nil` at the end of input or when the condition no longer holds.
    package let readLine: @Sendable (_ goesOn: @Sendable () -> Bool) -> String?

    package init(
        isLive: Bool, canAsk: Bool, usesColor: Bool, width: Int, write: @escaping @Sendable (String) -> Void,
        writeError: @escaping @Sendable (String) -> Void,
        readLine: @escaping @Sendable (_ goesOn: @Sendable () -> Bool) -> String?
    ) {
        (self.isLive, self.canAsk, self.usesColor, self.width) = (isLive, canAsk, usesColor, width)
        (self.write, self.writeError, self.readLine) = (write, writeError, readLine)
    }

    /// How text is set for it.
    ///
    /// - Parameter plain: without colours (`--no-color`).
    func style(plain: Bool) -> Style { Style(usesColor: usesColor && !plain, width: width) }
}

extension Terminal {
    /// The standard streams of this process. A reader that went away is not our trouble: what can't be written is dropped.
    package static func standard(environment: [String: String]) -> Terminal {
        let isOutput = isatty(1) == 1
        let isDumb = environment["TERM"] == "dumb"
        let noColor = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        return Terminal(
            isLive: isOutput && !isDumb, canAsk: isOutput && isatty(0) == 1, usesColor: isOutput && !isDumb && !noColor,
            width: isOutput ? columns() : 100, write: { put($0, to: 1) }, writeError: { put($0, to: 2) }, readLine: line
        )
    }

    private static func columns() -> Int {
        var size = winsize()
        guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40 else { return 80 }
        return Int(size.ws_col)
    }

    private static func put(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                guard errno == EINTR || errno == EAGAIN else { return }
            } else {
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Waits in slices of 200 ms, so that an interrupt is seen although the signal only sets a flag.
    private static func line(_ goesOn: @Sendable () -> Bool) -> String? {
        var bytes: [UInt8] = []
        while goesOn() {
            var waiting = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&waiting, 1, 200) > 0 else { continue }
            var byte: UInt8 = 0
            guard unsafe read(0, &byte, 1) == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }
}

/// How text is set: colours and width.
package struct Style: Hashable, Sendable {
    package let usesColor: Bool
    /// - Unit: columns.
    package let width: Int
    package init(usesColor: Bool, width: Int) { (self.usesColor, self.width) = (usesColor, width) }

    /// Colours by what they mean.
    package enum Tone: String, Hashable, Sendable {
        case good = "32"
        case careful = "33"
        case bad = "31"
        case strong = "1"
        case quiet = "2"
    }

    /// The text in a tone, or as it is when colours are off.
    package func toned(_ text: String, _ tone: Tone) -> String {
        usesColor ? "\u{1B}[\(tone.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The text broken at spaces into lines that fit; every line but the first begins with `indent` spaces.
    ///
    /// - Parameter first: what the first line already holds.
    package func wrapped(_ text: String, first: Int, indent: Int) -> String {
        var lines: [String] = []
        for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var line = ""
            for word in paragraph.split(separator: " ") {
                let start = lines.isEmpty ? first : indent
                if !line.isEmpty, start + line.count + 1 + word.count > width {
                    lines.append(line)
                    line = String(word)
                } else {
                    line += (line.isEmpty ? "" : " ") + word
                }
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }

    /// A label in a column of `size`, and its text wrapped beside it.
    package func labelled(_ label: String, _ text: String, size: Int = 12, tone: Tone? = nil) -> String {
        let body = wrapped(text, first: size, indent: size)
        return label.padded(to: size) + (tone.map { toned(body, $0) } ?? body)
    }

    /// Rows in columns, two spaces between; a row that is too long is cut.
    package func table(_ rows: [[String]], indent: Int = 0) -> [String] {
        guard let count = rows.first?.count else { return [] }
        let widths = (0..<count).map { column in min(40, rows.map { $0[column].count }.max() ?? 0) }
        return rows.map { row in
            var line = String(repeating: " ", count: indent)
            for (column, cell) in row.enumerated() {
                line += column + 1 < count ? cell.cut(to: widths[column]).padded(to: widths[column] + 2) : cell
            }
            while line.last == " " { line.removeLast() }
            return line.cut(to: width)
        }
    }
}

extension String {
    /// The text filled with spaces.
    func padded(to size: Int) -> String { count >= size ? self : self + String(repeating: " ", count: size - count) }
    /// At most `size` letters of it, the last an ellipsis when it was longer.
    func cut(to size: Int) -> String { count <= size ? self : prefix(max(0, size - 1)) + "…" }
}
