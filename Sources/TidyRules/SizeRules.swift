/// Sizes: files that fit in a head, functions that fit on a screen, lines that fit in a window.
package enum SizeRules {
    /// - Unit: lines.
    package static let fileWarningMax = 400
    /// - Unit: lines.
    package static let fileMax = 600
    /// - Unit: lines, from the declaration to its closing brace.
    package static let functionWarningMax = 60
    /// - Unit: lines, from the declaration to its closing brace.
    package static let functionMax = 80
    /// - Unit: characters.
    package static let columnMax = 140

    /// What a file has too much of.
    package static func check(_ file: SourceText) -> [Finding] {
        var out: [Finding] = []
        let length = file.raw.count
        if length > fileMax {
            out.append(Finding(.error, "file-size", file.path, 1, "\(length) lines; split by concern (limit \(fileMax))"))
        } else if length > fileWarningMax {
            out.append(Finding(.warning, "file-size", file.path, 1, "\(length) lines; aim at 300"))
        }
        for (number, line) in file.raw.enumerated() where line.count > columnMax {
            out.append(Finding(.error, "columns", file.path, number + 1, "\(line.count) columns (limit \(columnMax))"))
        }
        return out + functions(file)
    }

    private static func functions(_ file: SourceText) -> [Finding] {
        var out: [Finding] = []
        for item in Outline(file.code).items where item.declaration.kind.isFunction || item.declaration.kind == .var {
            guard let end = item.end else { continue }
            let length = end - item.line + 1
            let name = item.declaration.name
            if length > functionMax {
                out.append(
                    Finding(.error, "function-size", file.path, item.line + 1, "`\(name)` has \(length) lines (limit \(functionMax))")
                )
            } else if length > functionWarningMax {
                out.append(Finding(.warning, "function-size", file.path, item.line + 1, "`\(name)` has \(length) lines; aim at 40"))
            }
        }
        return out
    }
}
