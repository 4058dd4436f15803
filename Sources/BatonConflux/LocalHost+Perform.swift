package import BatonDriver
import BatonKernel
package import BatonModel
import BatonWorld

extension LocalHost {
    /// Does one act on this node.
    package func perform(_ act: ConfluxAct, _ context: ActContext, within: Duration) async -> Outcome {
        let end = world.clock.now.advanced(by: within)
        guard await recallOnce() else { return .unknown(.unreadable) }
        let number = context.lease.number
        switch act {
        case .raiseLease:
            return await underLock(number, isRaising: true, until: end) { await self.raise(number) }
        case .stopProcess:
            return await stopProcess(number, until: end)
        case .stage(_, let folder, let digest):
            // The copy takes long and helps nobody to vote, so only the lease is compared under the lock.
            let allowed = await underLock(number, until: end) { .done }
            return allowed == .done ? await stage(folder, digest) : allowed
        case .mark, .keep, .stopVoting, .handOver, .place, .revoke, .sync, .restoreKept, .restoreOwn, .startProcess, .switchRelease,
            .putBack:
            return await underLock(number, until: end) { await self.act(act, context, until: end) }
        }
    }

    /// An act under the lock.
    private func act(_ act: ConfluxAct, _ context: ActContext, until end: Instant) async -> Outcome {
        do throws(FileError) {
            switch act {
            case .mark(let from, let to):
                let mark = CutMark(operation: context.operation, lease: context.lease.number, from: from, to: to)
                return try await write(mark.json, to: "cut")
            case .keep: return try await keep(context.operation)
            case .stopVoting: return await stopVoting(until: end)
            case .handOver: return try await takeAway(to: VoteNames.handedOver + context.operation.description, isRepeated: true)
            case .place: return try await place(context)
            case .revoke: return try await revoke(context)
            case .sync:
                try await world.files.sync(json)
                if try await world.files.inspect(crumb("grant")) != nil { try await world.files.sync(crumb("grant")) }
                return .done
            case .restoreKept: return try await restoreKept(context.operation)
            case .restoreOwn: return try await restoreOwn(context)
            case .startProcess: return await startProcess()
            case .switchRelease(_, let digest, _): return try await switchRelease(digest)
            case .putBack(_, let before): return try await putBack(before)
            case .raiseLease, .stopProcess, .stage: return .refused("conflux.act", "not an act of this kind")
            }
        } catch {
            return Self.outcome(of: error)
        }
    }

    private func raise(_ number: LeaseNumber) async -> Outcome {
        do throws(FileError) {
            if let bytes = try await world.files.read(crumb("lease"), limit: 64), LeaseText.read(bytes) == number { return .done }
            try await world.files.replace(crumb("lease"), with: LeaseText.write(number), mode: 0o644, durable: true)
            lease = max(lease ?? number, number)
            return .done
        } catch {
            return Self.outcome(of: error)
        }
    }

    /// Writes a breadcrumb, unless it stands there already.
    ///
    /// - Parameter isDurable: false inside a cut, where the store has made the same bytes durable already; the sync
    ///   after the cut makes up for it (safety.md, the cut).
    private func write(_ json: JSON, to name: String, isDurable: Bool = true) async throws(FileError) -> Outcome {
        let bytes = json.canonical
        if try await world.files.read(crumb(name), limit: Self.crumbMax) == bytes { return .done }
        try await world.files.replace(crumb(name), with: bytes, mode: 0o600, durable: isDurable)
        return .done
    }

    // MARK: Vote states

    /// Keeps the node's own file; a fresh one that was kept is replaced only by a fresh one of a later epoch.
    private func keep(_ operation: OperationID) async throws(FileError) -> Outcome {
        guard let own = try await voteFile(json).held else {
            return .refused("conflux.file", "\(site.id) has no readable vote state of this identity to keep")
        }
        let place = crumb("kept.\(operation).json")
        switch try await voteFile(place) {
        case .held(let kept):
            guard own.isFresh, kept.state.watermark < own.state.watermark else { return .done }
        case .foreign, .unreadable: return .refused("conflux.file", "what was kept beside \(site.id) can't be read")
        case .absent: break
        }
        try await world.files.replace(place, with: own.state.bytes, mode: 0o600, durable: true)
        return .done
    }

    /// Renames `.save`; one that was renamed so before is done.
    ///
    /// - Parameter isRepeated: a second `.save` may come within one operation (a stop of a mute voter); it gets a name beside
    ///   the first one, which stays as it is.
    private func takeAway(to name: String, isRepeated: Bool = false) async throws(FileError) -> Outcome {
        var target = site.voteFolder + "/" + name
        guard let facts = try await world.files.inspect(save) else {
            if try await world.files.inspect(target) != nil { return .done }
            return .refused("conflux.file", "no \(VoteNames.save) lies on \(site.id)")
        }
        guard facts.kind == .file else { return .refused("conflux.file", "\(VoteNames.save) of \(site.id) is not a file") }
        if isRepeated {
            var number = 1
            while number < Self.repeatsMax, try await world.files.inspect(target) != nil {
                number += 1
                target = site.voteFolder + "/" + name + "-\(number)"
            }
        }
        try await world.files.move(save, to: target)
        return .done
    }

    /// How many files of one operation may lie side by side.
    private static let repeatsMax = 100

    /// Takes the token away first and looks at it afterwards (safety.md R3).
    private func revoke(_ context: ActContext) async throws(FileError) -> Outcome {
        guard let grant = context.grant else { return .refused("safety.r1", "no grant whose token could be revoked") }
        let name = VoteNames.revoked + grant.number.description
        // Nothing there and nothing taken: the token was never placed or a start has consumed it; the files tell which.
        if try await world.files.inspect(save) == nil { return .done }
        let outcome = try await takeAway(to: name)
        guard outcome == .done else { return outcome }
        if try await voteFile(site.voteFolder + "/" + name).held?.state.digest == grant.state.digest {
            await door.tokenRevoked(of: grant.number)
        }
        return .done
    }

    /// Puts the granted bytes down as the token of a start (safety.md R3).
    private func place(_ context: ActContext) async throws(FileError) -> Outcome {
        guard let grant = context.grant, grant.node == site.id else { return .refused("safety.r1", "no grant to \(site.id)") }
        guard let held = VoteFileReader.read(grant.state.bytes, identity: identity).held, held.state.digest == grant.state.digest else {
            return .refused("safety.r2", "grant \(grant.number) holds no vote state of this identity")
        }
        let ghosts = await door.mayStillRun.filter { $0.command != .start || $0.grant != grant.number }
        guard ghosts.isEmpty else {
            return .refused("safety.r3", "a command to \(site.id) may still run; restart the idle node first, which ends its queue")
        }
        let crumb = try await grantCrumb()
        let there = crumb.held
        if let there, there.number > grant.number {
            return .refused("safety.r7", "grant \(there.number) stands beside \(site.id) already")
        }
        if try await world.files.inspect(save) != nil {
            let same = there?.number == grant.number ? try await voteFile(save).held?.state.digest == grant.state.digest : false
            return same ? .done : .refused("safety.r3", "\(VoteNames.save) lies on \(site.id) already")
        }
        if crumb.isTorn {
            let unique = String(world.randomness.next(), radix: 16)
            try await world.files.move(self.crumb("grant"), to: self.crumb("grant.torn.\(unique)"))
        }
        _ = try await write(grant.json, to: "grant", isDurable: false)
        try await put(grant.state.bytes, at: save, mark: grant.number.description)
        guard try await voteFile(save).held?.state.digest == grant.state.digest else { return .unknown(.contradictory) }
        return .done
    }

    /// Writes a new file that no other name is replaced by.
    private func put(_ bytes: [UInt8], at path: String, mark: String) async throws(FileError) {
        let mode = try await world.files.inspect(json)?.mode ?? 0o600
        let unique = String(world.randomness.next(), radix: 16)
        let temporary = site.voteFolder + "/" + VoteNames.placing + mark + "." + unique
        try await world.files.replace(temporary, with: bytes, mode: mode, durable: false)
        try await world.files.move(temporary, to: path)
    }

    /// Mute repair: the `.save` of the stop is set aside, the kept file is the node's own again.
    private func restoreKept(_ operation: OperationID) async throws(FileError) -> Outcome {
        guard let kept = try await voteFile(crumb("kept.\(operation).json")).held else {
            return .refused("conflux.file", "no vote state of \(site.id) was kept by operation \(operation)")
        }
        let outcome = try await takeAway(to: VoteNames.mute + operation.description, isRepeated: true)
        guard outcome == .done else { return outcome }
        return try await restore(kept.state, mark: operation.description)
    }

    private func restoreOwn(_ context: ActContext) async throws(FileError) -> Outcome {
        guard let grant = context.grant, grant.node == site.id else { return .refused("safety.r1", "no grant to \(site.id)") }
        return try await restore(grant.state, mark: grant.number.description)
    }

    private func restore(_ state: VoteState, mark: String) async throws(FileError) -> Outcome {
        switch try await voteFile(json) {
        case .held(let file) where file.state.digest == state.digest: return .done
        case .absent: break
        case .held, .foreign, .unreadable: return .refused("conflux.file", "\(site.id) has a \(VoteNames.json) of its own")
        }
        try await put(state.bytes, at: json, mark: mark)
        guard try await voteFile(json).held?.state.digest == state.digest else { return .unknown(.contradictory) }
        return .done
    }

    // MARK: Releases

    private func stage(_ folder: String, _ digest: String) async -> Outcome {
        guard VoteFileReader.isAddress(digest) else { return .refused("conflux.release", "\(digest) is no digest") }
        do throws(FileError) {
            let target = site.directory + "/releases/" + digest
            let fault = try await ReleaseFolder.stage(folder, as: Digest(digest), to: target, in: world.files)
            return fault.map { .refused("conflux.release", $0) } ?? .done
        } catch {
            return Self.outcome(of: error)
        }
    }

    /// Points `current` back to the release before: the folder of that name, of that version, and of that digest when its
    /// name is one.
    private func putBack(_ before: ReleaseBefore) async throws(FileError) -> Outcome {
        let isName = !before.name.isEmpty && !before.name.hasPrefix(".") && !before.name.utf8.contains { $0 == 0x2F || $0 < 0x20 }
        guard isName else { return .refused("conflux.release", "\(site.id) ran no release in a folder of its own before") }
        let folder = site.directory + "/releases/" + before.name
        let told = try await world.files.read(folder + "/release.json", limit: 1 << 16)
        // Text that is no JSON has no version either.
        guard let version = told.flatMap({ try? JSON(parsing: $0) })?["version"]?.string, version == before.version else {
            return .refused("conflux.release", "release \(before.version) lies no longer in releases/\(before.name) of \(site.id)")
        }
        if VoteFileReader.isAddress(before.name) { return try await switchRelease(before.name) }
        let link = site.directory + "/current"
        if let facts = try await world.files.inspect(link), facts.kind != .link {
            return .refused("conflux.release", "\(link) is no symbolic link")
        }
        try await world.files.replaceLink(link, to: "releases/" + before.name)
        return .done
    }

    /// Points `current` to a staged folder after reading its bytes again.
    private func switchRelease(_ digest: String) async throws(FileError) -> Outcome {
        guard VoteFileReader.isAddress(digest) else { return .refused("conflux.release", "\(digest) is no digest") }
        let folder = site.directory + "/releases/" + digest
        guard try await ReleaseFolder.digest(of: folder, in: world.files) == Digest(digest) else {
            return .refused("conflux.release", "release \(digest.prefix(12)) on \(site.id) is not complete")
        }
        let link = site.directory + "/current"
        if let facts = try await world.files.inspect(link), facts.kind != .link {
            return .refused("conflux.release", "\(link) is no symbolic link")
        }
        try await world.files.replaceLink(link, to: "releases/" + digest)
        return .done
    }
}
