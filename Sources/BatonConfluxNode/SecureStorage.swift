import BatonModel

/// What SafetyRules remember: rules 1–5 of conflux-pos.md §2.5 look at nothing else.
struct SafetyData: Hashable, Sendable {
    /// E: the epoch that votes are allowed in.
    var epoch: UInt64
    /// L: no vote in this round or before it.
    var lastVotedRound: UInt64 = 0
    /// P: no proposal whose certificate is older.
    var preferredRound: UInt64 = 0
    /// The last vote, to be sent again in its own round.
    var lastVote: StoredVote?

    /// The data of a key that has not voted in an epoch.
    static func unvoted(in epoch: UInt64) -> Self { Self(epoch: epoch) }

    /// The canonical JSON of the whole entry.
    func entry(wallSeconds: Int64) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(2600)
        out += #"{"data":"GetResponse","last_update":"#.utf8
        out += String(wallSeconds).utf8
        out += #","value":{"epoch":"#.utf8
        out += String(epoch).utf8
        out += #","last_vote":"#.utf8
        if let lastVote { out += lastVote.raw } else { out += "null".utf8 }
        out += #","last_voted_round":"#.utf8
        out += String(lastVotedRound).utf8
        out += #","preferred_round":"#.utf8
        out += String(preferredRound).utf8
        out += "}}".utf8
        return out
    }

    init(epoch: UInt64) { self.epoch = epoch }

    /// Reads the `value` of the entry.
    init(value: JSON) throws(StorageError) {
        guard let epoch = value["epoch"]?.unsigned, let last = value["last_voted_round"]?.unsigned,
            let preferred = value["preferred_round"]?.unsigned
        else { throw .serialization("missing field of safety_data") }
        self.init(epoch: epoch)
        (lastVotedRound, preferredRound) = (last, preferred)
        if let vote = value["last_vote"], !vote.isNull { lastVote = try StoredVote(json: vote) }
    }
}

/// A vote as it lies in the file: kept byte for byte, read only where a rule needs it.
struct StoredVote: Hashable, Sendable {
    /// The canonical JSON.
    let raw: [UInt8]
    /// Where it was cast.
    let at: Watermark
    let block: BlockInfo
    let parent: BlockInfo

    /// - Source: conflux-pos.md §2.2 (`last_vote`).
    init(_ vote: SignedVote) {
        (at, block, parent) = (vote.watermark, vote.block, vote.parent)
        var out: [UInt8] = []
        out.reserveCapacity(2300)
        out += #"{"author":""#.utf8
        out += vote.author.utf8
        out += #"","ledger_info":{"commit_info":"#.utf8
        Self.append(vote.commits, to: &out)
        out += #","consensus_data_hash":""#.utf8
        vote.ledgerHash.append(to: &out)
        out += #""},"signature":""#.utf8
        out += vote.signature.utf8
        out += #"","timeout_signature":null,"vote_data":{"parent":"#.utf8
        Self.append(vote.parent, to: &out)
        out += #","proposed":"#.utf8
        Self.append(vote.block, to: &out)
        out += "}}".utf8
        raw = out
    }

    /// Keeps a vote of any origin.
    init(json: JSON) throws(StorageError) {
        let data = json["vote_data"] ?? .null
        let block: BlockInfo
        let parent: BlockInfo
        do {
            block = try BlockInfo(json: try data.need("proposed"))
            parent = try BlockInfo(json: try data.need("parent"))
        } catch {
            throw .serialization("last_vote: \(error.description)")
        }
        raw = json.canonical
        (at, self.block, self.parent) = (block.watermark, block, parent)
    }

    private static func append(_ info: BlockInfo?, to out: inout [UInt8]) {
        guard let info else {
            // Nothing commits: upstream's empty BlockInfo.
            let zero = String(repeating: "0", count: 64)
            out += #"{"epoch":0,"executed_state_id":"\#(zero)","id":"\#(zero)","next_epoch_state":null,"pivot":null,"#.utf8
            out += #""round":0,"timestamp_usecs":0,"version":0}"#.utf8
            return
        }
        out += #"{"epoch":"#.utf8
        out += String(info.epoch).utf8
        out += #","executed_state_id":""#.utf8
        info.executedStateID.append(to: &out)
        out += #"","id":""#.utf8
        info.id.append(to: &out)
        out += #"","next_epoch_state":"#.utf8
        out += (info.endsEpoch ? #"{"epoch":\#(info.epoch + 1)}"# : "null").utf8
        out += #","pivot":{"blockHash":"0x"#.utf8
        info.pivotHash.append(to: &out)
        out += #"","height":"#.utf8
        out += String(info.pivotHeight).utf8
        out += #"},"round":"#.utf8
        out += String(info.round).utf8
        out += #","timestamp_usecs":"#.utf8
        out += String(info.timestampMicroseconds).utf8
        out += #","version":"#.utf8
        out += String(info.version).utf8
        out += "}".utf8
    }
}

/// Why secure storage refused, in upstream's words.
///
/// - Source: conflux-pos.md §1.4.
enum StorageError: Error, Hashable, Sendable {
    /// The operating system said no.
    case system(NodeDiskError)
    /// The text is no JSON of the right shape.
    case serialization(String)
    /// A key is not in the file.
    case keyNotSet(String)
    /// There is no file to take over.
    case newPathIncorrect(String)
    /// The file to take over belongs to another key.
    case otherOwner(current: String, new: String)

    /// The text without the sentence around it.
    var inner: String {
        switch self {
        case .system(let error): "Internal error: \(error.description)"
        case .serialization(let text): "Serialization error: \(text)"
        case .keyNotSet(let key): "Key not set: \(key)"
        case .newPathIncorrect(let path): "new secure storage path incorrect: \"\(path)\""
        case .otherOwner(let current, let new): "current: \(current.uppercased()), new: \(new.uppercased())"
        }
    }

    /// The text that an operator call answers with.
    var text: String {
        switch self {
        case .keyNotSet: "Data not found in secure storage: \(inner)"
        case .system, .serialization, .newPathIncorrect, .otherOwner:
            "Unexpected error returned by secure storage: \(inner)"
        }
    }
}

/// The entries of a `secure_storage.json`; those that nobody here knows are kept (conflux-pos.md §2.2).
struct StorageMap: Hashable, Sendable {
    /// Key → canonical JSON of the whole entry, sorted by key.
    private(set) var entries: [(key: String, value: [UInt8])] = []

    /// An empty file reads as an empty map.
    init(_ bytes: [UInt8]) throws(StorageError) {
        guard !bytes.isEmpty else { return }
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch { throw .serialization(error.description) }
        guard let members = json.object else { throw .serialization("not a map") }
        entries = members.keys.sorted().map { ($0, members[$0]?.canonical ?? []) }
    }

    /// The `value` of an entry.
    func value(_ key: String) throws(StorageError) -> JSON {
        guard let entry = entries.first(where: { $0.key == key }) else { throw .keyNotSet(key) }
        let json: JSON
        do { json = try JSON(parsing: entry.value) } catch { throw .serialization(error.description) }
        guard let value = json["value"] else { throw .serialization("missing field `value`") }
        return value
    }

    /// Whether an entry is there.
    func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

    /// Sets an entry.
    mutating func set(_ key: String, _ entry: [UInt8]) {
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index].value = entry
        } else {
            let index = entries.firstIndex { $0.key > key } ?? entries.count
            entries.insert((key, entry), at: index)
        }
    }

    /// The whole file.
    var bytes: [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "{")]
        out.reserveCapacity(entries.reduce(2) { $0 + $1.key.utf8.count + $1.value.count + 4 })
        for (index, entry) in entries.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out += Self.label(entry.key)
            out.append(UInt8(ascii: ":"))
            out += entry.value
        }
        out.append(UInt8(ascii: "}"))
        return out
    }

    /// The key in quotes; the three that are written at every vote need no escaping.
    private static func label(_ key: String) -> [UInt8] {
        switch key {
        case "owner_account", "safety_data", "waypoint":
            var out: [UInt8] = [UInt8(ascii: "\"")]
            out += key.utf8
            out.append(UInt8(ascii: "\""))
            return out
        default: return JSON.string(key).canonical
        }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.entries.elementsEqual(right.entries) { $0.key == $1.key && $0.value == $1.value }
    }
    func hash(into hasher: inout Hasher) { for entry in entries { hasher.combine(entry.key) } }
}

/// `secure_storage.json` with what a running process keeps of it in memory.
struct SecureStorage: Sendable {
    /// The safety data as SafetyRules last saw them; `nil` after a write that failed, then the file is read again.
    var cached: SafetyData?
    private var lastBytes: [UInt8]?
    private var lastMap: StorageMap?

    init() {}

    /// The file now.
    mutating func load(_ disk: inout some NodeDisk) throws(StorageError) -> StorageMap {
        let bytes: [UInt8]?
        do { bytes = try disk.read(SafetyFile.live) } catch { throw .system(error) }
        guard let bytes else { throw .system(.missing) }
        // What this process wrote itself needs no second parsing.
        if bytes == lastBytes, let lastMap { return lastMap }
        let map = try StorageMap(bytes)
        (lastBytes, lastMap) = (bytes, map)
        return map
    }

    /// Writes the file.
    mutating func store(_ map: StorageMap, _ disk: inout some NodeDisk) throws(StorageError) {
        let bytes = map.bytes
        do { try disk.write(SafetyFile.live, bytes) } catch { throw .system(error) }
        (lastBytes, lastMap) = (bytes, map)
    }

    /// The safety data, from memory or from the file.
    mutating func safetyData(_ disk: inout some NodeDisk) throws(StorageError) -> SafetyData {
        if let cached { return cached }
        let data = try SafetyData(value: try load(&disk).value("safety_data"))
        cached = data
        return data
    }

    /// Writes the safety data; after a failure nothing is kept in memory.
    mutating func setSafetyData(
        _ data: SafetyData, _ disk: inout some NodeDisk, wallSeconds: Int64
    ) throws(StorageError) {
        cached = nil
        var map = try load(&disk)
        map.set("safety_data", data.entry(wallSeconds: wallSeconds))
        try store(map, &disk)
        cached = data
    }

    /// The owner that the file names.
    mutating func owner(_ disk: inout some NodeDisk) throws(StorageError) -> String {
        try Self.owner(of: try load(&disk))
    }

    /// The owner that a map names.
    static func owner(of map: StorageMap) throws(StorageError) -> String {
        guard let text = try map.value("owner_account").string else { throw .serialization("owner_account is no text") }
        return text
    }

    /// Opens the file at the start of a process (conflux-pos.md §2.4): makes it when it is missing, fills it when it has
    /// no safety data, and leaves it alone otherwise.
    ///
    /// - Returns: whether it was filled.
    mutating func open(
        _ disk: inout some NodeDisk, owner: String, version: NodeVersion, wallSeconds: Int64
    ) throws(StorageError) -> Bool {
        let bytes: [UInt8]?
        do { bytes = try disk.read(SafetyFile.live) } catch { throw .system(error) }
        var map = try StorageMap(bytes ?? [])
        guard !map.has("safety_data") else { return false }
        map.set("owner_account", Self.entry(owner, wallSeconds))
        map.set("safety_data", SafetyData.unvoted(in: 1).entry(wallSeconds: wallSeconds))
        if version.needsWaypoint {
            map.set("waypoint", Self.entry("0:\(Hash32(mixing: 0x3A79).hex)", wallSeconds))
        }
        try store(map, &disk)
        return true
    }

    /// Takes the `.save` over (`start_voting(false)`): path, both owners, rename, reload.
    mutating func takeOver(_ disk: inout some NodeDisk, folder: String) throws(StorageError) {
        let bytes: [UInt8]?
        do { bytes = try disk.read(SafetyFile.saved) } catch { throw .system(error) }
        guard let bytes else { throw .newPathIncorrect("\(folder)/\(SafetyFile.saved)") }
        let current = try owner(&disk)
        let new = try Self.owner(of: try StorageMap(bytes))
        guard current == new else { throw .otherOwner(current: current, new: new) }
        do { try disk.rename(SafetyFile.saved, to: SafetyFile.live) } catch { throw .system(error) }
        cached = nil
        _ = try safetyData(&disk)
    }

    /// One entry with a text value.
    static func entry(_ value: String, _ wallSeconds: Int64) -> [UInt8] {
        (["data": "GetResponse", "last_update": .integer(wallSeconds), "value": .string(value)] as JSON).canonical
    }
}
