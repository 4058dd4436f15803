import Foundation
import TidyRules

/// The Swift files of the repository.
enum Tree {
    /// Every Swift file of the package under a folder, sorted by path; folders of builds are left out.
    ///
    /// - Throws: what Foundation throws when a file can't be read.
    static func sources(top: String) throws -> [SourceText] {
        var paths: [String] = []
        for root in ["Sources", "Tests", "Kernel", "Package.swift"] { collect(root, top: top, into: &paths) }
        return try paths.sorted().map { path in
            SourceText(path: path, text: try String(contentsOfFile: top + "/" + path, encoding: .utf8))
        }
    }

    private static func collect(_ path: String, top: String, into paths: inout [String]) {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: top + "/" + path, isDirectory: &isFolder) else { return }
        guard isFolder.boolValue else {
            if path.hasSuffix(".swift") { paths.append(path) }
            return
        }
        // An unreadable folder holds no source of ours.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: top + "/" + path)) ?? []
        for name in names where !name.hasPrefix(".") && name != "Fixtures" { collect(path + "/" + name, top: top, into: &paths) }
    }
}
