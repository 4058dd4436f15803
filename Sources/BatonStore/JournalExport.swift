public import BatonKernel
public import BatonModel

/// The evidence file of a journal: JSON lines that a stranger can check offline.
///
/// Line 1 is the header (format, version, fleet, number of entries, digest of the last). Then one line per entry, then one
/// per grant. With an operation filter an entry that is left out keeps its number and digest, so that the chain still
/// closes; entries that open or close grants are never left out, so that the grant rules can still be checked.
public enum JournalExport {
    /// What the header calls the format.
    public static let format = "baton-evidence"
    /// The version of the format that is written, and the only one that is read.
    public static let version: Int64 = 1

    /// Writes an evidence file from what a store holds.
    ///
    /// - Parameter operation: keep only the entries of this one (and those about grants); `nil` keeps all.
    public static func bytes(
        fleet: String, journal: [StoredEntry], grants: [GrantRecord], operation: OperationID? = nil
    ) -> [UInt8] {
        var out: [UInt8] = []
        func line(_ json: JSON) {
            out.append(contentsOf: json.canonical)
            out.append(UInt8(ascii: "\n"))
        }
        line([
            "format": .string(format), "version": .integer(version), "fleet": .string(fleet),
            "operation": operation.map { .unsigned($0.rawValue) } ?? .null, "entries": .integer(Int64(journal.count)),
            "grants": .integer(Int64(grants.count)), "head": .string((journal.last?.digest ?? JournalChain.start).rawValue),
        ])
        for stored in journal {
            let isAboutGrants = stored.entry.kind == .granted || stored.entry.kind == .closed
            if operation == nil || stored.operation == operation || isAboutGrants {
                line(["entry": stored.evidence])
            } else {
                line(["omitted": ["number": .unsigned(stored.number.rawValue), "digest": .string(stored.digest.rawValue)]])
            }
        }
        let ordered = grants.sorted { ($0.grant.validator, $0.grant.number) < ($1.grant.validator, $1.grant.number) }
        for record in ordered { line(["grant": record.grant.json, "closing": record.closing?.json ?? .null]) }
        return out
    }

    /// Writes an evidence file of a store.
    ///
    /// - Throws: ``BatonError/Code/unknownOperation`` for an operation that the store does not have; what reading throws.
    public static func bytes(
        fleet: String, of store: any Store, operation: OperationID? = nil
    ) async throws(BatonError) -> [UInt8] {
        let operations = try await store.operations()
        if let operation, !operations.contains(where: { $0.id == operation }) {
            throw BatonError(
                .unknownOperation, "The fleet has no operation \(operation).", remedy: "Run `baton list` and name one of its operations."
            )
        }
        var grants: [GrantRecord] = []
        for validator in Set(operations.map(\.validator)).sorted() { grants += try await store.grants(validator) }
        return bytes(fleet: fleet, journal: try await store.journal(), grants: grants, operation: operation)
    }

    /// Checks an evidence file by itself: every number follows, the chain is unbroken and ends at the header's digest, the
    /// grants are what the entries made of them, and no rule of the grants was broken.
    ///
    /// It proves that nothing was changed or left out inside the journal since its last digest was noted elsewhere; a file
    /// that was made anew as a whole has another last digest.
    /// - Throws: ``BatonError/Code/journalBroken`` with the line that is wrong.
    public static func verify(_ bytes: [UInt8]) throws(BatonError) -> Evidence {
        var check = EvidenceCheck()
        var number = 0
        for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if text.isEmpty, number > 1 { continue }
            do throws(JSONError) {
                try check.read(try JSON(parsing: text), isHeader: number == 1)
            } catch {
                throw .evidenceBroken("Line \(number) is no part of an evidence file: \(error.description).")
            }
            if let fault = check.fault { throw .evidenceBroken("Line \(number): \(fault)") }
        }
        return try check.whole()
    }
}

/// What an evidence file proves.
public struct Evidence: Hashable, Sendable {
    public let fleet: String
    /// The operation that it was made for; `nil` when it holds the whole journal.
    public let operation: OperationID?
    /// The entries that it holds, oldest first.
    public let entries: [StoredEntry]
    /// How many entries are there by their digest only.
    public let omitted: Int
    /// Every grant, by validator and number.
    public let grants: [GrantRecord]
    /// The digest of the journal's last entry.
    public let head: Digest

    package init(
        fleet: String, operation: OperationID?, entries: [StoredEntry], omitted: Int, grants: [GrantRecord], head: Digest
    ) {
        (self.fleet, self.operation, self.entries) = (fleet, operation, entries)
        (self.omitted, self.grants, self.head) = (omitted, grants, head)
    }
}

extension BatonError {
    fileprivate static func evidenceBroken(_ message: String) -> BatonError {
        BatonError(
            .journalBroken, message,
            remedy: "Take nothing in this file as proved; make it again with `baton log --export FILE`."
        )
    }
}

extension StoredEntry {
    /// What the digest covers, with the digest.
    package var evidence: JSON {
        var members =
            Self.sealed(number: number, operation: operation, wall: wall, entry: entry, previous: previous).object ?? [:]
        members["digest"] = .string(digest.rawValue)
        return .object(members)
    }

    /// Reads an entry of an evidence file; its digest is not yet checked.
    package init(evidence json: JSON) throws(JSONError) {
        guard let wall = json["wall"]?.integer else { throw JSONError("\"wall\" is no whole number") }
        self.init(
            number: EntryNumber(rawValue: try json.count("number")),
            operation: OperationID(rawValue: try json.count("operation")),
            wall: WallTime(nanoseconds: wall),
            entry: try Entry(json: try json.need("entry")),
            previous: Digest(try json.text("previous")),
            digest: Digest(try json.text("digest"))
        )
    }
}

/// The reading of one evidence file, line by line.
private struct EvidenceCheck {
    private var header: JSON = .null
    private var link = JournalChain.Link.empty
    private var entries: [StoredEntry] = []
    private var omitted = 0
    private var listed: [GrantRecord] = []
    /// A grant that was superseded by the one that the next entry must import.
    private var superseded: (closing: Closing, of: ValidatorID)?
    /// The grants that the entries made, by validator.
    private var proved: [ValidatorID: [GrantRecord]] = [:]
    /// What is wrong with the line that was read last.
    private(set) var fault: String?

    mutating func read(_ line: JSON, isHeader: Bool) throws(JSONError) {
        if isHeader { return try readHeader(line) }
        if let entry = line["entry"] {
            try readEntry(entry)
        } else if let omission = line["omitted"] {
            let number = EntryNumber(rawValue: try omission.count("number"))
            if number != link.number.next { fault = "Entry \(number) stands where \(link.number.next) belongs." }
            link = JournalChain.Link(number: number, digest: Digest(try omission.text("digest")))
            omitted += 1
        } else {
            let closing = try line.need("closing")
            listed.append(
                GrantRecord(
                    grant: try Grant(json: try line.need("grant")), closing: closing.isNull ? nil : try Closing(json: closing)
                )
            )
        }
    }

    private mutating func readHeader(_ line: JSON) throws(JSONError) {
        guard try line.text("format") == JournalExport.format else { throw JSONError("another format") }
        guard line["version"]?.integer == JournalExport.version else {
            fault = "The file has format version \(line["version"]?.text ?? "none"); this Baton reads \(JournalExport.version)."
            return
        }
        header = line
    }

    private mutating func readEntry(_ json: JSON) throws(JSONError) {
        let stored = try StoredEntry(evidence: json)
        do throws(BatonError) {
            link = try link.following(stored)
        } catch {
            fault = error.message
            return
        }
        entries.append(stored)
        if let superseded, stored.entry.kind != .granted {
            fault = "Grant \(superseded.closing.grant) of \(superseded.of) is superseded by nothing."
            return
        }
        do throws(GrantRefusal) {
            switch stored.entry.kind {
            case .closed:
                let validator = ValidatorID(try detail(of: stored, as: "validator") { (json) throws(JSONError) in try json.asText() })
                let closing = try detail(of: stored, as: "closing") { (json) throws(JSONError) in try Closing(json: json) }
                if case .superseded = closing {
                    superseded = (closing, validator)
                } else {
                    try apply(closing, nil, validator)
                }
            case .granted:
                let grant = try detail(of: stored, as: "grant") { (json) throws(JSONError) in try Grant(json: json) }
                let isImport = stored.entry.detail[GrantRules.importedKey] == grant.json
                if !isImport, grant.operation != stored.operation { fault = "The grant names operation \(grant.operation)." }
                let earlier = superseded
                superseded = nil
                if let earlier, earlier.of != grant.validator { fault = "Grant \(earlier.closing.grant) is superseded by another's." }
                try apply(earlier?.closing, grant, grant.validator, isImport: isImport)
            default: break
            }
        } catch {
            fault = error.description
        }
    }

    /// The member `key` of an entry's detail; an entry about grants that lacks it breaks the rule that it should show.
    private func detail<Value>(
        of stored: StoredEntry, as key: String, _ read: (JSON) throws(JSONError) -> Value
    ) throws(GrantRefusal) -> Value {
        do throws(JSONError) {
            return try read(try stored.entry.detail.need(key))
        } catch {
            throw GrantRefusal(.closesTheOpenOne, "Entry \(stored.number) does not say what it did: \(error.description).")
        }
    }

    private mutating func apply(
        _ closing: Closing?, _ opening: Grant?, _ validator: ValidatorID, isImport: Bool = false
    ) throws(GrantRefusal) {
        var records = proved[validator] ?? []
        let change = try GrantRules.change(
            closing: closing, opening: opening, after: records.last, of: validator, isImport: isImport
        )
        if let closed = change.closed { records[records.count - 1] = closed }
        if let opened = change.opened { records.append(opened) }
        proved[validator] = records
    }

    /// What holds of the file as a whole.
    func whole() throws(BatonError) -> Evidence {
        let expected = proved.keys.sorted().flatMap { proved[$0] ?? [] }
        let count = header["entries"]?.unsigned, head = header["head"]?.string, fleet = header["fleet"]?.string
        guard let count, let head, let fleet else { throw .evidenceBroken("The file has no header.") }
        guard superseded == nil else { throw .evidenceBroken("The last entry supersedes a grant by nothing.") }
        guard count == link.number.rawValue else {
            throw .evidenceBroken("The header counts \(count) entries; the file ends after \(link.number).")
        }
        guard head == link.digest.rawValue else { throw .evidenceBroken("The chain does not end at the header's digest.") }
        guard header["grants"]?.unsigned == UInt64(listed.count), listed == expected else {
            throw .evidenceBroken("The grants listed are not those that the entries made.")
        }
        return Evidence(
            fleet: fleet, operation: header["operation"]?.unsigned.map(OperationID.init(rawValue:)), entries: entries,
            omitted: omitted, grants: listed, head: link.digest
        )
    }
}

extension JSON {
    fileprivate func asText() throws(JSONError) -> String {
        guard let string else { throw JSONError("it is no text") }
        return string
    }
}
