import BatonKernel
import BatonModel
import BatonWorld

/// Why the files of a node are no reading.
enum FilesFault: Error, Hashable {
    case unreadable
    /// Names came or went while they were read.
    case moving
}

extension LocalHost {
    /// The vote-state files and breadcrumbs, read while none of their names came or went.
    func filesReading() async -> Known<ConfluxReading> {
        // A node renames .json to .save and back: a look that straddles a rename would see neither.
        for _ in 0..<3 {
            do throws(FilesFault) {
                return .known(.files(try await filesOnce()))
            } catch {
                if error == .unreadable { return .unknown(.unreadable) }
            }
        }
        return .unknown(.contradictory)
    }

    private func filesOnce() async throws(FilesFault) -> FilesReading {
        do throws(FileError) {
            guard let names = try await voteNames() else { throw FileError(.absent, path: site.voteFolder, detail: "no such folder") }
            let json = names.contains(VoteNames.json) ? try await voteFile(json) : .absent
            let save = names.contains(VoteNames.save) ? try await voteFile(save) : .absent
            let handedOver = try await numbered(VoteNames.handedOver, in: names)
            let revoked = try await numbered(VoteNames.revoked, in: names)
            let beside = try await world.files.list(site.batonFolder) ?? []
            let cut = beside.contains("cut") ? try await cutBeside() : nil
            let grant = beside.contains("grant") ? try await grantBeside() : nil
            let lease = beside.contains("lease") ? try await leaseNumber() : nil
            let keptName = cut.map { "kept.\($0.operation).json" }
            let kept = if let keptName, beside.contains(keptName) { try await voteFile(crumb(keptName)) } else { VoteFile.absent }
            guard try await voteNames() == names else { throw FileError(.busy, path: site.voteFolder, detail: "names moved") }
            return FilesReading(
                json: json, save: save, handedOver: handedOver, revoked: revoked, grant: grant, cut: cut, lease: lease, kept: kept)
        } catch {
            throw error.kind == .busy ? .moving : .unreadable
        }
    }

    /// The names in `pos_db` that mean something to a vote state, sorted; `nil` when there is no such folder.
    private func voteNames() async throws(FileError) -> [String]? {
        try await world.files.list(site.voteFolder)?.filter {
            $0 == VoteNames.json || $0 == VoteNames.save || $0.hasPrefix(VoteNames.handedOver) || $0.hasPrefix(VoteNames.revoked)
        }
    }

    /// One vote-state file; what can't be read is a finding, not an error.
    func voteFile(_ path: String) async throws(FileError) -> VoteFile {
        guard let facts = try await world.files.inspect(path) else { return .absent }
        guard facts.kind == .file else { return .unreadable(facts.kind == .link ? "a symbolic link" : "not a file") }
        do throws(FileError) {
            guard let bytes = try await world.files.read(path, limit: VoteFileReader.sizeMax) else { return .absent }
            return voteFiles[path, default: Remembered()].value(of: bytes) { VoteFileReader.read($0, identity: identity) }
        } catch {
            return .unreadable(error.detail)
        }
    }

    /// Breadcrumbs by the number at the end of their name; they never change, so each is read once, and looked at once a second.
    private func numbered(_ prefix: String, in names: [String]) async throws(FileError) -> [UInt64: VoteFile] {
        var found: [UInt64: VoteFile] = [:]
        let now = world.clock.now
        for name in names where name.hasPrefix(prefix) {
            guard let number = UInt64(name.dropFirst(prefix.count)) else { continue }
            if let known = crumbs[name], known.seenAt.duration(to: now) < Self.crumbAgeMax {
                found[number] = known.file
                continue
            }
            let path = site.voteFolder + "/" + name
            guard let facts = try await world.files.inspect(path) else { continue }
            if crumbs[name]?.facts != facts { crumbs[name] = Crumb(facts: facts, file: try await voteFile(path), seenAt: now) }
            crumbs[name]?.seenAt = now
            found[number] = crumbs[name]?.file
        }
        return found
    }

    /// One JSON breadcrumb of `.baton`; one that can't be understood is no answer at all.
    func read<Value: Sendable>(_ name: String, _ decode: (JSON) throws(JSONError) -> Value) async throws(FileError) -> Value? {
        guard let bytes = try await crumbBytes(name) else { return nil }
        var seen = Remembered<Value>()
        return try understand(name, bytes, &seen, decode)
    }

    /// `.baton/grant`.
    func grantBeside() async throws(FileError) -> Grant? {
        guard let bytes = try await crumbBytes("grant") else { return nil }
        return try understand("grant", bytes, &placedGrant, Grant.init(json:))
    }

    /// `.baton/cut`.
    private func cutBeside() async throws(FileError) -> CutMark? {
        guard let bytes = try await crumbBytes("cut") else { return nil }
        return try understand("cut", bytes, &cutMark, CutMark.init(json:))
    }

    private func crumbBytes(_ name: String) async throws(FileError) -> [UInt8]? {
        try await world.files.read(crumb(name), limit: Self.crumbMax)
    }

    private func understand<Value>(
        _ name: String, _ bytes: [UInt8], _ seen: inout Remembered<Value>, _ decode: (JSON) throws(JSONError) -> Value
    ) throws(FileError) -> Value {
        do throws(JSONError) {
            return try seen.value(of: bytes) { (bytes) throws(JSONError) in try decode(JSON(parsing: bytes)) }
        } catch {
            throw FileError(.other, path: crumb(name), detail: error.description)
        }
    }

    private func leaseNumber() async throws(FileError) -> LeaseNumber? {
        guard let bytes = try await world.files.read(crumb("lease"), limit: 64) else { return nil }
        guard let number = LeaseText.read(bytes) else { throw FileError(.other, path: crumb("lease"), detail: "no number") }
        return number
    }

    // MARK: Releases

    /// The release in use by link and `release.json`, the running version, and the staged releases.
    func releaseReading(_ resident: Resident, until end: Instant) async -> Known<ConfluxReading> {
        do throws(FileError) {
            guard let link = try await world.files.link(site.directory + "/current") else { return .unknown(.unreadable) }
            let current = link.split(separator: "/").last.map(String.init) ?? link
            guard let bytes = try await world.files.read(site.directory + "/current/release.json", limit: 1 << 16),
                // Text that is no JSON has no version either.
                let version = (try? JSON(parsing: bytes))?["version"]?.string
            else { return .unknown(.unreadable) }
            var running: String?
            if case .one(let process) = resident, await servesPort(process) {
                running = await door.call(.clientVersion, within: left(until: end)).result?.string
            }
            var staged: [String] = []
            for name in try await world.files.list(site.directory + "/releases") ?? [] {
                let folder = site.directory + "/releases/" + name
                if try await ReleaseFolder.isComplete(folder, as: name, in: world.files) { staged.append(name) }
            }
            return .known(.release(ReleaseReading(current: current, version: version, running: running, staged: staged)))
        } catch {
            return .unknown(.unreadable)
        }
    }
}
