import Foundation
import TidyRules

/// The house lint: `tidy [--warnings] [--summary] [FOLDER]`. Exit status 0 when nothing fails, 1 when a rule is broken, 2 on usage.
func main() -> Int32 {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let showsWarnings = arguments.contains("--warnings")
    let showsSummary = arguments.contains("--summary")
    arguments.removeAll { $0 == "--warnings" || $0 == "--summary" }
    guard arguments.count <= 1, !(arguments.first?.hasPrefix("-") ?? false) else {
        print("usage: tidy [--warnings] [--summary] [FOLDER]")
        return 2
    }
    do {
        let files = try Tree.sources(top: arguments.first ?? ".")
        guard !files.isEmpty else {
            print("tidy: no Swift file here; run it at the top of the repository")
            return 2
        }
        let promised = files.reduce(into: Set<String>()) { $0.formUnion(DocRules.requirements($1)) }
        let report = Report(findings: files.flatMap { House.check($0, promised: promised) })
        for line in report.lines(files: files.count, showsWarnings: showsWarnings) { print(line) }
        if showsSummary { for line in report.summary() { print(line) } }
        return report.isClean ? 0 : 1
    } catch {
        print("tidy: \(error.localizedDescription)")
        return 2
    }
}

exit(main())
