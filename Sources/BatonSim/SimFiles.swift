import BatonModel
package import BatonWorld

/// The files of a machine as one controller sees them: every call is an effect of that controller.
package struct SimFiles: Files {
    private let life: ControllerLife
    private var tree: SimTree { life.machine.tree }

    /// The files that a controller sees.
    package init(_ life: ControllerLife) { self.life = life }

    private func ended(_ path: String) -> FileError { FileError(.other, path: path, detail: "the simulation has ended") }

    private func effect<Value: Sendable>(
        _ name: String,
        _ path: String,
        acting: Bool,
        _ body: (SimTree) throws(FileError) -> Value
    ) async throws(FileError) -> Value {
        let name = "file \(name) \(path)"
        guard await life.begin(name, acting: acting) else { throw ended(path) }
        let outcome: Result<Value, FileError>
        do { outcome = .success(try body(tree)) } catch { outcome = .failure(error) }
        guard await life.end(name) else { throw ended(path) }
        return try outcome.get()
    }

    package func read(_ path: String, limit: Int) async throws(FileError) -> [UInt8]? {
        try await effect("read", path, acting: false) { (tree) throws(FileError) in try tree.read(path, limit: limit) }
    }
    package func inspect(_ path: String) async throws(FileError) -> FileFacts? {
        try await effect("inspect", path, acting: false) { (tree) throws(FileError) in try tree.inspect(path) }
    }
    package func list(_ folder: String) async throws(FileError) -> [String]? {
        try await effect("list", folder, acting: false) { (tree) throws(FileError) in try tree.list(folder) }
    }
    package func replace(_ path: String, with bytes: [UInt8], mode: UInt16, durable: Bool) async throws(FileError) {
        let temporary = "\(path).baton-\(life.pid)"
        try await effect("write", temporary, acting: true) { (tree) throws(FileError) in
            try tree.replace(temporary, with: bytes, mode: mode)
            if durable { try tree.sync(temporary) }
        }
        try await effect("replace", path, acting: true) { (tree) throws(FileError) in
            try tree.move(temporary, to: path, over: true)
            if durable { try tree.sync(path) }
        }
    }
    package func move(_ source: String, to target: String) async throws(FileError) {
        try await effect("move", "\(source) > \(target)", acting: true) { (tree) throws(FileError) in
            try tree.move(source, to: target, over: false)
        }
    }
    package func makeFolder(_ path: String) async throws(FileError) {
        try await effect("folder", path, acting: true) { (tree) throws(FileError) in try tree.makeFolder(path) }
    }
    package func sync(_ path: String) async throws(FileError) {
        try await effect("sync", path, acting: true) { (tree) throws(FileError) in try tree.sync(path) }
    }
    package func link(_ path: String) async throws(FileError) -> String? {
        try await effect("link", path, acting: false) { (tree) throws(FileError) in try tree.link(path) }
    }
    package func replaceLink(_ path: String, to target: String) async throws(FileError) {
        try await effect("relink", path, acting: true) { (tree) throws(FileError) in
            try tree.replaceLink(path, to: target)
            try tree.sync(path)
        }
    }
    package func copy(_ source: String, to target: String) async throws(FileError) {
        try await effect("copy", target, acting: true) { (tree) throws(FileError) in try tree.copy(source, to: target) }
    }
    package func withLock<Value: Sendable>(
        _ path: String,
        within: Duration,
        _ body: @Sendable () async -> Value
    ) async throws(FileError) -> Value {
        let deadline = life.world.now + within.nanoseconds
        while !life.machine.lock(path, for: life) {
            guard life.world.now < deadline else { throw FileError(.busy, path: path, detail: "locked by another process") }
            await life.world.pass(.milliseconds(5))
            guard await life.goOn() else { throw ended(path) }
        }
        let value = await body()
        life.machine.unlock(path, of: life)
        return value
    }
}
