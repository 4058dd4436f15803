import BatonKernel
import BatonModel
import BatonWorld

/// A breadcrumb in `.baton`.
enum Crumb<Value> {
    case absent
    case held(Value)
    /// It is there and can't be understood: written without a sync, and torn by a loss of power.
    case torn(String)

    var held: Value? {
        guard case .held(let value) = self else { return nil }
        return value
    }
    var isTorn: Bool {
        guard case .torn = self else { return false }
        return true
    }
}

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
            let grant = beside.contains("grant") ? try await grantCrumb() : .absent
            let lease = beside.contains("lease") ? try await leaseNumber() : nil
            let keptName = cut.map { "kept.\($0.operation).json" }
            let kept = if let keptName, beside.contains(keptName) { try await voteFile(crumb(keptName)) } else { VoteFile.absent }
            guard try await voteNames() == names else { throw FileError(.busy, path: site.voteFolder, detail: "names moved") }
            return FilesReading(
                json: json, save: save, handedOver: handedOver, revoked: revoked, grant: grant.held, cut: cut, lease: lease, kept: kept,
                isGrantTorn: grant.isTorn)
        } catch {
            throw error.kind == .busy ? .moving : .unreadable
        }
    }

    /// The names in `pos_db` that mean something to a vote state, sorted; `nil` when there is no such folder.
    private func voteNames() async throws(FileError) -> [String]? {
        guard let all = try await world.files.list(site.voteFolder) else { return nil }
        if let seen = namesSeen, seen.all == all { return seen.meant }
        let meant = all.filter {
            $0 == VoteNames.json || $0 == VoteNames.save || $0.hasPrefix(VoteNames.handedOver) || $0.hasPrefix(VoteNames.revoked)
        }
        namesSeen = (all, meant)
        return meant
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
    /// Of several with one number (`.handed-over.7`, `.handed-over.7-2`) the one with the highest watermark counts.
    private func numbered(_ prefix: String, in names: [String]) async throws(FileError) -> [UInt64: VoteFile] {
        let now = world.clock.now
        if let seen = numberedSeen[prefix], seen.names == names, seen.at.duration(to: now) < Self.crumbAgeMax { return seen.found }
        var found: [UInt64: VoteFile] = [:]
        var (oldest, isWhole) = (now, true)
        for name in names where name.hasPrefix(prefix) {
            guard let number = name.dropFirst(prefix.count).split(separator: "-").first.flatMap({ UInt64($0) }) else { continue }
            guard let file = try await numberedFile(name, at: now) else {
                isWhole = false
                continue
            }
            oldest = min(oldest, crumbs[name]?.seenAt ?? now)
            if let held = file.held, let other = found[number]?.held, other.state.watermark > held.state.watermark { continue }
            if file.held == nil, found[number] != nil { continue }
            found[number] = file
        }
        // What vanished while it was looked at may come back under the same name: only the whole is remembered.
        numberedSeen[prefix] = isWhole ? (names, oldest, found) : nil
        return found
    }

    private func numberedFile(_ name: String, at now: Instant) async throws(FileError) -> VoteFile? {
        if let known = crumbs[name], known.seenAt.duration(to: now) < Self.crumbAgeMax { return known.file }
        let path = site.voteFolder + "/" + name
        guard let facts = try await world.files.inspect(path) else { return nil }
        if crumbs[name]?.facts != facts { crumbs[name] = SeenCrumb(facts: facts, file: try await voteFile(path), seenAt: now) }
        crumbs[name]?.seenAt = now
        return crumbs[name]?.file
    }

    /// One JSON breadcrumb of `.baton`.
    func crumbValue<Value>(_ name: String, _ decode: (JSON) throws(JSONError) -> Value) async throws(FileError) -> Crumb<Value> {
        var seen = Remembered<Value>()
        return Self.understand(try await crumbBytes(name), &seen, decode)
    }

    /// The grant that lies beside the node.
    func grantCrumb() async throws(FileError) -> Crumb<Grant> {
        Self.understand(try await crumbBytes("grant"), &placedGrant, Grant.init(json:))
    }

    private func cutBeside() async throws(FileError) -> CutMark? {
        switch Self.understand(try await crumbBytes("cut"), &cutMark, CutMark.init(json:)) {
        case .absent: nil
        case .held(let mark): mark
        case .torn(let why): throw FileError(.other, path: crumb("cut"), detail: why)
        }
    }

    private func crumbBytes(_ name: String) async throws(FileError) -> [UInt8]? {
        try await world.files.read(crumb(name), limit: Self.crumbMax)
    }

    private static func understand<Value>(
        _ bytes: [UInt8]?, _ seen: inout Remembered<Value>, _ decode: (JSON) throws(JSONError) -> Value
    ) -> Crumb<Value> {
        guard let bytes else { return .absent }
        do throws(JSONError) {
            return .held(try seen.value(of: bytes) { (bytes) throws(JSONError) in try decode(JSON(parsing: bytes)) })
        } catch {
            return .torn(error.description)
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
