import BatonModel
import BatonWorld
import Synchronization

extension DriverMachine: Files {
    func read(_ path: String, limit: Int) async throws(FileError) -> [UInt8]? {
        let entry = state.withLock { state in
            let entry = state.files[path]
            if let target = state.renamesAfterRead.removeValue(forKey: path) {
                state.files[target] = state.files.removeValue(forKey: path)
            }
            // One link in the folder part is enough for `current`.
            return entry?.kind == .link ? state.files[entry?.target ?? ""] : entry
        }
        guard let entry else { return nil }
        guard entry.mode != 0 else { throw FileError(.denied, path: path, detail: "permission denied") }
        guard entry.bytes.count <= limit else { throw FileError(.tooLarge, path: path, detail: "too large") }
        return entry.bytes
    }
    func inspect(_ path: String) async throws(FileError) -> FileFacts? {
        state.withLock { state in
            if let entry = state.files[path] {
                return FileFacts(
                    kind: entry.kind, size: entry.bytes.count, inode: entry.inode, modified: WallTime(nanoseconds: Int64(entry.inode)),
                    mode: entry.mode)
            }
            guard state.files.keys.contains(where: { $0.hasPrefix(path + "/") }) else { return nil }
            return FileFacts(kind: .folder, size: 0, inode: 0, modified: WallTime(nanoseconds: 0), mode: 0o755)
        }
    }
    func list(_ folder: String) async throws(FileError) -> [String]? {
        if state.withLock({ $0.files[folder]?.mode == 0 }) { throw FileError(.denied, path: folder, detail: "permission denied") }
        let names = state.withLock { state in
            Set(
                state.files.keys.filter { $0.hasPrefix(folder + "/") }.compactMap {
                    $0.dropFirst(folder.count + 1).split(separator: "/").first
                })
        }
        return names.isEmpty ? nil : names.map(String.init).sorted()
    }
    func replace(_ path: String, with bytes: [UInt8], mode: UInt16, durable: Bool) async throws(FileError) {
        state.withLock {
            $0.write(path, bytes)
            $0.files[path]?.mode = mode
        }
    }
    func move(_ source: String, to target: String) async throws(FileError) {
        let fault: FileError.Kind? = state.withLock { state in
            // A folder is what its files' paths begin with.
            let paths = state.files.keys.filter { $0 == source || $0.hasPrefix(source + "/") }
            guard !paths.isEmpty else { return .absent }
            guard state.files[target] == nil else { return .exists }
            for path in paths.sorted() { state.files[target + path.dropFirst(source.count)] = state.files.removeValue(forKey: path) }
            return nil
        }
        if let fault { throw FileError(fault, path: target, detail: fault.rawValue) }
    }
    func makeFolder(_ path: String) async throws(FileError) {}
    func sync(_ path: String) async throws(FileError) {}
    func link(_ path: String) async throws(FileError) -> String? { state.withLock { $0.files[path]?.target } }
    func replaceLink(_ path: String, to target: String) async throws(FileError) { link(path, to: target) }
    func copy(_ source: String, to target: String) async throws(FileError) {
        let fault: FileError.Kind? = state.withLock { state in
            guard let entry = state.files[source] else { return .absent }
            guard state.files[target] == nil else { return .exists }
            state.write(target, entry.bytes)
            state.files[target]?.mode = entry.mode
            return nil
        }
        if let fault { throw FileError(fault, path: target, detail: fault.rawValue) }
    }
    func withLock<Value: Sendable>(
        _ path: String, within: Duration, _ body: @Sendable () async -> Value
    ) async throws(FileError) -> Value {
        guard state.withLock({ !$0.lockedByOthers }) else {
            pass(within)
            throw FileError(.busy, path: path, detail: "locked")
        }
        return await body()
    }
}
