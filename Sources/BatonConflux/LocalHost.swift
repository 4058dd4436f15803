import BatonKernel
import BatonModel
package import BatonWorld

/// The machine of one node when it is this one: what is read there and what is done there.
///
/// Everything that could help a second voter runs under the lock `.baton/lock` with our lease number compared to
/// `.baton/lease` (safety.md R7). One value per node; it owns the node's door.
package actor LocalHost {
    let site: ConfluxNodeSite
    let identity: String
    let world: World
    let door: ConfluxDoor

    /// The node's process as last seen, so that not every look walks through all processes.
    var sight: Sight?
    /// Breadcrumbs that never change once they are written, by name.
    var crumbs: [String: SeenCrumb] = [:]
    /// The names in the vote-state folder as listed last, and those of them that mean something.
    var namesSeen: (all: [String], meant: [String])?
    /// Breadcrumbs as found last, by the beginning of their names.
    var numberedSeen: [String: (names: [String], at: Instant, found: [UInt64: VoteFile])] = [:]
    /// What the vote-state files and breadcrumbs said last, by path.
    var voteFiles: [String: Remembered<VoteFile>] = [:]
    var cutMark = Remembered<CutMark>()
    var placedGrant = Remembered<Grant>()
    /// Whether a process with these arguments starts as a voter, by the configuration that was read last.
    var startsAsVoter: [[String]: Remembered<Bool>] = [:]
    /// The highest lease number that an act of this run was allowed under.
    var lease: LeaseNumber?
    var chainSide: ChainSide?
    var hasRecalled = false
    /// Commands whose notes beside the node say that no answer has come.
    var openNotes: [ConfluxDoor.Unanswered] = []
    var hasFolder = false

    /// What the node said last of its chain's PoW side.
    struct ChainSide: Hashable, Sendable {
        let incarnation: Incarnation?
        let chainID: UInt64
        let powEpoch: UInt64
        let phase: String
        let at: Instant
    }

    /// A breadcrumb as it was read.
    struct SeenCrumb {
        let facts: FileFacts
        let file: VoteFile
        var seenAt: Instant
    }
    /// How long a breadcrumb is taken for the one that was seen.
    static let crumbAgeMax: Duration = .seconds(1)

    /// How long that is believed.
    static let chainSideMax: Duration = .seconds(1)
    /// - Source: conflux-pos.md §5.
    static let normalPhase = "NormalSyncPhase"

    /// A look at all processes.
    struct Sight {
        let process: ProcessFacts
        let scannedAt: Instant
        var servesPort: Bool
    }

    /// How long one walk through all processes is believed to have found every resident of the folder.
    static let sightMax: Duration = .seconds(5)

    /// The largest breadcrumb that is read: a grant holds a vote state as text.
    ///
    /// - Unit: bytes.
    static let crumbMax = VoteFileReader.sizeMax * 4

    /// Makes the host of one node.
    package init(_ site: ConfluxNodeSite, identity: String, world: World) {
        (self.site, self.identity, self.world) = (site, identity, world)
        door = ConfluxDoor(to: site.rpc, in: world)
    }

    /// Ends connections.
    package func close() async { await door.close() }

    // MARK: Paths

    var json: String { site.voteFolder + "/" + VoteNames.json }
    var save: String { site.voteFolder + "/" + VoteNames.save }
    /// A file in `.baton`.
    func crumb(_ name: String) -> String { site.batonFolder + "/" + name }
    /// The time that is left, never negative.
    func left(until end: Instant) -> Duration { max(.zero, world.clock.now.duration(to: end)) }

    // MARK: The lock and the lease

    /// Runs an act under the node's lock, if `number` is the lease number that stands there.
    ///
    /// - Parameter isRaising: a lower or missing number there is what the act is about to replace.
    func underLock(
        _ number: LeaseNumber, isRaising: Bool = false, until end: Instant, _ act: @Sendable () async -> Outcome
    ) async -> Outcome {
        do throws(FileError) {
            if !hasFolder {
                try await world.files.makeFolder(site.batonFolder)
                hasFolder = true
            }
            return try await world.files.withLock(crumb("lock"), within: left(until: end)) {
                if let refusal = await self.compare(number, isRaising) { return refusal }
                return await act()
            }
        } catch {
            guard error.kind == .busy else { return Self.outcome(of: error) }
            return .refused("safety.r7", "another process holds the lock of \(site.id)")
        }
    }

    private func compare(_ number: LeaseNumber, _ isRaising: Bool) async -> Outcome? {
        do throws(FileError) {
            guard let bytes = try await world.files.read(crumb("lease"), limit: 64) else {
                return isRaising ? nil : .refused("safety.r7", "no lease number stands beside \(site.id)")
            }
            guard let there = LeaseText.read(bytes) else {
                return .refused("conflux.file", "the lease number beside \(site.id) can't be read")
            }
            guard there <= number else { return .refused("safety.r7", "lease \(there) stands beside \(site.id), ours is \(number)") }
            guard there == number || isRaising else {
                return .refused("safety.r7", "lease \(there) stands beside \(site.id), ours \(number) was not raised there")
            }
            lease = max(lease ?? number, number)
            return nil
        } catch {
            return Self.outcome(of: error)
        }
    }

    /// A failure of the file system as an outcome; only a rename that may have happened is a doubt.
    static func outcome(of error: FileError) -> Outcome {
        switch error.kind {
        case .absent, .exists, .denied, .full, .tooLarge, .busy: .refused("conflux.file", error.description)
        case .other: .unknown(.unreadable)
        }
    }
}

/// The names in `pos_db`.
///
/// - Source: conflux-pos.md §2.1 for the first two; the others are Baton's breadcrumbs (safety.md R6).
enum VoteNames {
    static let json = "secure_storage.json"
    static let save = json + ".save"
    static let handedOver = json + ".handed-over."
    static let revoked = json + ".revoked."
    static let mute = json + ".mute."
    static let placing = json + ".placing."
}

/// The text of `.baton/lease`: the number in decimal and a line feed, so that a shell can compare it.
enum LeaseText {
    /// The bytes of the file.
    static func write(_ number: LeaseNumber) -> [UInt8] { Array("\(number)\n".utf8) }
    /// The number in the bytes, or `nil` when they are no such file.
    static func read(_ bytes: [UInt8]) -> LeaseNumber? {
        guard bytes.last == UInt8(ascii: "\n") else { return nil }
        return UInt64(String(decoding: bytes.dropLast(), as: UTF8.self)).map(LeaseNumber.init(rawValue:))
    }
}
