package import BatonModel
package import BatonWorld

/// The files of one simulated machine, in memory: folders, links, modes, inodes, times, and what power loss leaves.
package final class SimTree: @unchecked Sendable {
    /// A file, folder or link; its identity is the inode.
    final class Node {
        /// What it holds.
        enum Content {
            case file([UInt8])
            case folder([String: Node])
            case link(String)
        }
        var content: Content
        let inode: UInt64
        var mode: UInt16
        var modified: WallTime
        /// What a sync made safe: bytes of a file, names of a folder; `nil` when nothing was.
        var safe: Content?

        init(_ content: Content, inode: UInt64, mode: UInt16, modified: WallTime) {
            (self.content, self.inode, self.mode, self.modified) = (content, inode, mode, modified)
        }
        var names: [String: Node]? {
            guard case .folder(let names) = content else { return nil }
            return names
        }
    }

    private let root: Node
    private var lastInode: UInt64 = 2
    private var split: [String: [String]] = [:]
    /// The machine's wall clock, for modified times.
    package var clock: () -> WallTime = { WallTime(nanoseconds: 0) }
    /// Called when content is about to disappear: path, old bytes, new bytes (`nil` when it is removed).
    package var onLoss: ((String, [UInt8], [UInt8]?) -> Void)?

    /// An empty tree.
    package init() {
        root = Node(.folder([:]), inode: 1, mode: 0o755, modified: WallTime(nanoseconds: 0))
        root.safe = root.content
    }

    /// The names of a path; the same few paths are asked for all the time.
    private func parts(_ path: String) -> [String] {
        if let known = split[path] { return known }
        let parts = Self.parts(path)
        split[path] = parts
        return parts
    }

    private static func parts(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String($0) ?? "" }.filter { $0 != "." }
    }

    private static func fault(_ kind: FileError.Kind, _ path: String) -> FileError {
        let detail =
            switch kind {
            case .absent: "No such file or directory"
            case .exists: "File exists"
            case .tooLarge: "File too large"
            case .busy: "Resource temporarily unavailable"
            case .denied: "Permission denied"
            case .full: "No space left on device"
            case .other: "Not a directory"
            }
        return FileError(kind, path: path, detail: detail)
    }

    /// The folder that holds the last name of a path, with links on the way followed, and that name.
    private func place(_ path: String, depth: Int = 0) throws(FileError) -> (folder: Node, name: String)? {
        guard depth < 16 else { throw Self.fault(.other, path) }
        let parts = parts(path)
        guard let last = parts.last else { return nil }
        var node = root
        for (index, part) in parts.dropLast().enumerated() {
            guard let names = node.names else { throw Self.fault(.other, path) }
            if part == ".." { throw Self.fault(.denied, path) }
            guard let next = names[part] else { throw Self.fault(.absent, path) }
            if case .link(let target) = next.content {
                let before = "/" + parts[..<index].joined(separator: "/")
                let rest = parts[(index + 1)...].joined(separator: "/")
                return try place(Self.absolute(target, in: before) + "/" + rest, depth: depth + 1)
            }
            node = next
        }
        guard node.names != nil else { throw Self.fault(.other, path) }
        return (node, last)
    }

    private static func absolute(_ target: String, in folder: String) -> String {
        if target.hasPrefix("/") { return target }
        var parts = parts(folder)
        for part in target.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return "/" + parts.joined(separator: "/")
    }

    private func find(_ path: String, following: Bool, depth: Int = 0) throws(FileError) -> Node? {
        guard depth < 16 else { throw Self.fault(.other, path) }
        let spot: (folder: Node, name: String)?
        do { spot = try place(path) } catch {
            guard error.kind == .absent else { throw error }
            return nil
        }
        guard let spot else { return root }
        guard let node = spot.folder.names?[spot.name] else { return nil }
        if following, case .link(let target) = node.content {
            let folder = "/" + Self.parts(path).dropLast().joined(separator: "/")
            return try find(Self.absolute(target, in: folder), following: true, depth: depth + 1)
        }
        return node
    }

    private func need(_ path: String) throws(FileError) -> (folder: Node, name: String) {
        guard let spot = try place(path) else { throw Self.fault(.exists, path) }
        return spot
    }

    private func put(_ node: Node?, _ spot: (folder: Node, name: String)) {
        guard case .folder(var names) = spot.folder.content else { return }
        // The names are held once while they change.
        spot.folder.content = .link("")
        names[spot.name] = node
        spot.folder.content = .folder(names)
        spot.folder.modified = clock()
    }

    private func make(_ content: Node.Content, mode: UInt16) -> Node {
        lastInode += 1
        return Node(content, inode: lastInode, mode: mode, modified: clock())
    }
}

extension SimTree {
    /// The bytes of a file, or `nil` when there is none.
    package func read(_ path: String, limit: Int = .max) throws(FileError) -> [UInt8]? {
        guard let node = try find(path, following: true) else { return nil }
        guard case .file(let bytes) = node.content else { throw Self.fault(.other, path) }
        guard bytes.count <= limit else { throw Self.fault(.tooLarge, path) }
        guard node.mode & 0o400 != 0 else { throw Self.fault(.denied, path) }
        return bytes
    }

    /// What is at a path, a last link not followed.
    package func inspect(_ path: String) throws(FileError) -> FileFacts? {
        guard let node = try find(path, following: false) else { return nil }
        let (kind, size): (FileFacts.Kind, Int) =
            switch node.content {
            case .file(let bytes): (.file, bytes.count)
            case .folder: (.folder, 4096)
            case .link(let target): (.link, target.utf8.count)
            }
        return FileFacts(kind: kind, size: size, inode: node.inode, modified: node.modified, mode: node.mode)
    }

    /// The names in a folder, sorted.
    package func list(_ folder: String) throws(FileError) -> [String]? {
        guard let node = try find(folder, following: true) else { return nil }
        guard let names = node.names else { throw Self.fault(.other, folder) }
        return names.keys.sorted()
    }

    /// Writes a new file (another inode) in place of what was at the path.
    ///
    /// - Parameter byOwner: a node writes its own file over; that is no loss.
    package func replace(_ path: String, with bytes: [UInt8], mode: UInt16 = 0o600, byOwner: Bool = false) throws(FileError) {
        let spot = try need(path)
        if let old = spot.folder.names?[spot.name] {
            guard old.names == nil else { throw Self.fault(.exists, path) }
            if !byOwner, case .file(let before) = old.content, before != bytes { onLoss?(path, before, bytes) }
        }
        put(make(.file(bytes), mode: mode), spot)
    }

    /// Adds to a file that keeps its inode; makes it when it is not there.
    package func append(_ path: String, _ bytes: [UInt8]) throws(FileError) {
        if let node = try find(path, following: true), case .file(let before) = node.content {
            node.content = .file(before + bytes)
            node.modified = clock()
        } else {
            put(make(.file(bytes), mode: 0o644), try need(path))
        }
    }

    /// Cuts a file to nothing without another inode, as a lost write does.
    package func empty(_ path: String) throws(FileError) {
        guard let node = try find(path, following: true), case .file = node.content else { throw Self.fault(.absent, path) }
        node.content = .file([])
    }

    /// Renames.
    ///
    /// - Parameter over: whether a file at the target may be replaced, as `rename` does.
    package func move(_ source: String, to target: String, over: Bool) throws(FileError) {
        let from = try need(source)
        let to = try need(target)
        guard let node = from.folder.names?[from.name] else { throw Self.fault(.absent, source) }
        if let old = to.folder.names?[to.name] {
            guard over, old.names == nil else { throw Self.fault(.exists, target) }
            if case .file(let before) = old.content, case .file(let after) = node.content, before != after {
                onLoss?(target, before, after)
            }
        }
        put(nil, from)
        put(node, to)
    }

    /// Removes a file or link.
    package func remove(_ path: String) throws(FileError) {
        let spot = try need(path)
        guard let node = spot.folder.names?[spot.name] else { throw Self.fault(.absent, path) }
        guard node.names == nil else { throw Self.fault(.other, path) }
        if case .file(let bytes) = node.content { onLoss?(path, bytes, nil) }
        put(nil, spot)
    }

    /// Makes a folder with its parents.
    package func makeFolder(_ path: String) throws(FileError) {
        var sofar = ""
        for part in Self.parts(path) {
            sofar += "/\(part)"
            if let node = try find(sofar, following: true) {
                guard node.names != nil else { throw Self.fault(.exists, sofar) }
            } else {
                put(make(.folder([:]), mode: 0o755), try need(sofar))
            }
        }
    }

    /// The target of a link.
    package func link(_ path: String) throws(FileError) -> String? {
        guard let node = try find(path, following: false) else { return nil }
        guard case .link(let target) = node.content else { throw Self.fault(.other, path) }
        return target
    }

    /// Points a link elsewhere.
    package func replaceLink(_ path: String, to target: String) throws(FileError) {
        let spot = try need(path)
        if let old = spot.folder.names?[spot.name] {
            guard case .link = old.content else { throw Self.fault(.exists, path) }
        }
        put(make(.link(target), mode: 0o777), spot)
    }

    /// Copies a file with its mode.
    package func copy(_ source: String, to target: String) throws(FileError) {
        guard let node = try find(source, following: true), case .file(let bytes) = node.content else {
            throw Self.fault(.absent, source)
        }
        let spot = try need(target)
        guard spot.folder.names?[spot.name] == nil else { throw Self.fault(.exists, target) }
        put(make(.file(bytes), mode: node.mode), spot)
    }

    /// Sets the permission bits.
    package func setMode(_ path: String, _ mode: UInt16) throws(FileError) {
        guard let node = try find(path, following: true) else { throw Self.fault(.absent, path) }
        node.mode = mode
    }

    /// Makes a file's bytes and its folder's names safe from power loss.
    package func sync(_ path: String) throws(FileError) {
        guard let node = try find(path, following: true) else { throw Self.fault(.absent, path) }
        node.safe = node.content
        if let spot = try place(path) { spot.folder.safe = spot.folder.content }
    }

    /// Makes everything safe, as time does.
    package func syncAll() { walk(root) { node in node.safe = node.content } }

    /// Leaves what power loss may leave: names and bytes that were not synced may be there, old, or (bytes) empty.
    package func losePower(_ chance: inout SplitMix64) {
        lose(root, &chance)
        syncAll()
    }

    private func lose(_ node: Node, _ chance: inout SplitMix64) {
        switch node.content {
        case .link: break
        case .file(let bytes):
            var safe: [UInt8] = []
            if case .file(let kept)? = node.safe { safe = kept }
            if safe != bytes || node.safe == nil { node.content = .file(chance.happens(500) ? bytes : safe) }
        case .folder(let names):
            if case .folder(let safe)? = node.safe, chance.happens(500),
                safe.count != names.count || names.contains(where: { safe[$0.key] !== $0.value })
            {
                node.content = .folder(safe)
            }
            for name in (node.names ?? [:]).keys.sorted() { if let inner = node.names?[name] { lose(inner, &chance) } }
        }
    }

    private func walk(_ node: Node, _ act: (Node) -> Void) {
        act(node)
        for inner in (node.names ?? [:]).values { walk(inner, act) }
    }

    /// Every file and link below a folder with its content, to compare two moments; names in `except` are left out.
    package func snapshot(_ folder: String, except: Set<String>) -> [String: [UInt8]] {
        var out: [String: [UInt8]] = [:]
        func visit(_ node: Node, _ path: String) {
            switch node.content {
            case .file(let bytes): out[path] = bytes
            case .link(let target): out[path] = Array("-> \(target)".utf8)
            case .folder(let names):
                for (name, inner) in names where !except.contains(name) { visit(inner, "\(path)/\(name)") }
            }
        }
        do { if let node = try find(folder, following: true) { visit(node, folder) } } catch { return [:] }
        return out
    }
}
