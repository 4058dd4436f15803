/// The layers of ARCHITECTURE.md: what each target may import, and words that no upper layer's family may leak.
package enum LayerRules {
    private static let system: Set<String> = ["Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch"]
    private static let values: Set<String> = ["BatonModel", "BatonKernel"]
    private static let nio: Set<String> = ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOConcurrencyHelpers"]
    private static let kinds: Set<String> = ["struct", "enum", "class", "func", "let", "var", "typealias", "protocol", "actor"]

    /// What each target may import. A target that is not named here needs a line here and in ARCHITECTURE.md.
    static let imports: [String: Set<String>] = [
        "BatonModel": [],
        "BatonKernel": ["BatonModel"],
        "BatonWorld": ["BatonModel"],
        "BatonDigest": ["BatonModel", "Crypto"],
        "BatonDriver": values,
        "BatonStore": values.union(["BatonDigest", "Synchronization"]),
        "BatonStoreSQLite": values.union(system).union(["BatonStore", "BatonDigest", "GRDB"]),
        "BatonWorldLive": system.union(nio).union(["BatonModel", "BatonWorld", "CLinux"]),
        "BatonHTTP": system.union(nio).union(["BatonModel"]),
        "BatonConflux": values.union(["BatonDriver", "BatonWorld", "BatonDigest"]),
        "BatonEngine": values.union(["BatonDriver", "BatonStore", "BatonWorld", "BatonDigest", "Synchronization"]),
        "BatonConfluxNode": ["BatonModel", "BatonDigest"],
        "BatonDevnet": system.union(["BatonModel", "BatonConfluxNode", "BatonHTTP", "BatonWorld", "BatonWorldLive", "BatonDigest"]),
        "BatonSim": values.union(system).union([
            "CSimHook", "_Concurrency", "BatonConfluxNode", "BatonConflux", "BatonDriver", "BatonEngine", "BatonStore", "BatonWorld",
            "BatonDigest",
        ]),
        "BatonAPI": values,
        "BatonApp": values.union(system).union([
            "BatonAPI", "BatonEngine", "BatonDriver", "BatonConflux", "BatonStore", "BatonStoreSQLite", "BatonWorld", "BatonWorldLive",
            "BatonDigest", "BatonSim", "BatonDevnet", "Yams",
        ]),
        "BatonCLI": values.union(system).union(["BatonAPI", "BatonApp", "BatonDevnet", "BatonSim", "ArgumentParser"]),
        "BatonTestKit": values.union(["BatonStore", "BatonDriver", "BatonDigest"]),
        "store-probe": values.union(["BatonStore", "BatonStoreSQLite", "GRDB", "Glibc"]),
        "baton": ["BatonCLI", "BatonWorldLive", "Glibc"],
        "TidyRules": [],
        "tidy": ["Foundation", "TidyRules"],
    ]

    /// Layers that know no family by name.
    private static let familyFree: Set<String> = [
        "BatonModel", "BatonKernel", "BatonDriver", "BatonStore", "BatonStoreSQLite", "BatonEngine", "BatonWorld",
    ]
    private static let familyWords = ["conflux", "secure_storage", "test_pos", "pos_getstatus", "hydra.toml"]

    /// What a file reaches for that its layer does not have.
    package static func check(_ file: SourceText) -> [Finding] {
        guard !file.isTest, let target = file.target else { return [] }
        guard let allowed = imports[target] else {
            return [Finding(.error, "layer", file.path, 1, "target \(target) is in no layer: name its imports in LayerRules.swift")]
        }
        var out: [Finding] = []
        for (number, line) in file.code.enumerated() {
            guard let module = imported(line), !allowed.contains(module) else { continue }
            out.append(Finding(.error, "layer", file.path, number + 1, "\(target) may not import \(module)"))
        }
        guard familyFree.contains(target) else { return out }
        for (number, line) in file.words.enumerated() {
            let small = line.lowercased()
            guard let word = familyWords.first(where: { small.contains($0) }) else { continue }
            out.append(Finding(.error, "family", file.path, number + 1, "`\(word)` belongs to a family's own target, not to \(target)"))
        }
        return out
    }

    /// The module that a line imports, or `nil`.
    static func imported(_ line: String) -> String? {
        var words = line.split(separator: " ").map(String.init)
        guard let at = words.firstIndex(of: "import"), at < 3, at + 1 < words.count else { return nil }
        let before = words[..<at]
        guard before.allSatisfy({ $0.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains($0) }) else {
            return nil
        }
        words.removeFirst(at + 1)
        if let first = words.first, kinds.contains(first) { words.removeFirst() }
        return words.first.map { String($0.prefix { $0 != "." }) }
    }
}
