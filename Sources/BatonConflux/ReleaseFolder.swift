import BatonDigest
package import BatonModel
package import BatonWorld

/// A release folder: binary and configuration together, named by the digest of its contents.
///
/// The digest is SHA-256 over one line per file, sorted by path: relative path, tab, `x` or `-` for executable, tab,
/// SHA-256 of the bytes, line feed.
package enum ReleaseFolder {
    /// The name of the file that says that a copy is complete; no part of the digest.
    package static let completeMark = ".complete"
    /// The largest file of a release.
    /// - Unit: bytes.
    private static let fileSizeMax = 1 << 30
    private static let filesMax = 4096
    private static let depthMax = 8

    /// One file of a release.
    package struct Item: Hashable, Sendable {
        /// Relative to the folder.
        package let path: String
        package let isExecutable: Bool
    }

    /// The digest of a folder as it is on disk now.
    ///
    /// - Throws: ``FileError``, also when something other than files and folders is in it.
    package static func digest(of folder: String, in files: any Files) async throws(FileError) -> Digest {
        var text: [UInt8] = []
        for item in try await items(of: folder, in: files) {
            let digest = try await digest(ofFile: folder + "/" + item.path, in: files)
            text.append(contentsOf: "\(item.path)\t\(item.isExecutable ? "x" : "-")\t\(digest)\n".utf8)
        }
        return Digest(of: text)
    }

    /// The files in a folder and its folders, sorted by path, without the mark of completeness.
    package static func items(of folder: String, in files: any Files) async throws(FileError) -> [Item] {
        var found: [Item] = []
        var open = [(path: "", depth: 0)]
        while let next = open.popLast() {
            let place = next.path.isEmpty ? folder : folder + "/" + next.path
            guard let names = try await files.list(place) else { throw FileError(.absent, path: place, detail: "no such folder") }
            for name in names where !(next.path.isEmpty && name == completeMark) {
                let path = next.path.isEmpty ? name : next.path + "/" + name
                guard !path.utf8.contains(where: { $0 < 0x20 }) else {
                    throw FileError(.other, path: place, detail: "a name with control characters")
                }
                guard let facts = try await files.inspect(folder + "/" + path) else { continue }
                switch facts.kind {
                case .file: found.append(Item(path: path, isExecutable: facts.mode & 0o111 != 0))
                case .folder where next.depth < depthMax: open.append((path, next.depth + 1))
                case .folder, .link, .other: throw FileError(.other, path: folder + "/" + path, detail: "neither a file nor a folder")
                }
                guard found.count <= filesMax else { throw FileError(.tooLarge, path: folder, detail: "more than \(filesMax) files") }
            }
        }
        return found.sorted { $0.path < $1.path }
    }

    /// Copies a folder file by file, checks every copied byte by digest, and marks it complete last.
    ///
    /// What an earlier attempt copied is kept when it is right; nothing is overwritten. Every file is made in `.incoming`
    /// beside the target and renamed into it, so that a kill leaves nothing half-made in the release. An unfinished copy that
    /// was torn, by a loss of power, is set aside as `<target>.torn.<number>`.
    /// - Returns: `nil` when the copy is complete, else what is wrong.
    package static func stage(
        _ folder: String, as digest: Digest, to target: String, in files: any Files
    ) async throws(FileError) -> String? {
        let source = try await self.digest(of: folder, in: files)
        guard source == digest else { return "the folder has digest \(source.short), not \(digest.short)" }
        guard let fault = try await fill(target, from: folder, digest, in: files) else { return nil }
        guard try await files.inspect(target + "/" + completeMark) == nil else { return fault }
        var number = 1
        while try await files.inspect("\(target).torn.\(number)") != nil { number += 1 }
        try await files.move(target, to: "\(target).torn.\(number)")
        return try await fill(target, from: folder, digest, in: files)
    }

    private static func fill(
        _ target: String, from folder: String, _ digest: Digest, in files: any Files
    ) async throws(FileError) -> String? {
        let incoming = parent(of: target) + "/.incoming"
        try await files.makeFolder(incoming)
        try await files.makeFolder(target)
        for item in try await items(of: folder, in: files) {
            let path = target + "/" + item.path
            let parent = parent(of: path)
            try await files.makeFolder(parent)
            if try await files.inspect(path) == nil {
                let original = folder + "/" + item.path
                // The name says the bytes and the mode, so a copy that an earlier attempt left there is the same one.
                let made = "\(incoming)/\(try await self.digest(ofFile: original, in: files))\(item.isExecutable ? "-x" : "")"
                if try await files.inspect(made) == nil { try await files.copy(original, to: made) }
                try await files.move(made, to: path)
            }
            try await files.sync(path)
            if parent != target { try await files.sync(parent) }
        }
        let copied = try await self.digest(of: target, in: files)
        guard copied == digest else { return "what lies in the release folder has digest \(copied.short), not \(digest.short)" }
        // The folder's own name must survive a loss of power before anything links to it.
        try await files.sync(target)
        try await files.sync(parent(of: target))
        guard try await !isComplete(target, as: digest.rawValue, in: files) else { return nil }
        let mark = "\(incoming)/\(digest)\(completeMark)"
        try await files.replace(mark, with: Array("\(digest)\n".utf8), mode: 0o644, durable: true)
        try await files.move(mark, to: target + "/" + completeMark)
        try await files.sync(target + "/" + completeMark)
        return nil
    }

    private static func parent(of path: String) -> String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path }

    /// Whether a folder was marked complete under its own name.
    package static func isComplete(_ folder: String, as name: String, in files: any Files) async throws(FileError) -> Bool {
        try await files.read(folder + "/" + completeMark, limit: 128) == Array("\(name)\n".utf8)
    }

    private static func digest(ofFile path: String, in files: any Files) async throws(FileError) -> Digest {
        guard let bytes = try await files.read(path, limit: fileSizeMax) else {
            throw FileError(.absent, path: path, detail: "gone while it was read")
        }
        return Digest(of: bytes)
    }
}
