import BatonDigest
public import BatonKernel
public import BatonModel

/// The hash chain through a fleet's journal: every entry names the digest of the one before.
public enum JournalChain {
    /// What the first entry names as the digest before it.
    public static let start = Digest(String(repeating: "0", count: 64))

    /// Numbers, dates and chains an entry.
    ///
    /// - Parameter last: the end of the journal so far.
    package static func seal(_ entry: Entry, of operation: OperationID, at wall: WallTime, after last: Link) -> StoredEntry {
        let number = last.number.next
        return StoredEntry(
            number: number, operation: operation, wall: wall, entry: entry, previous: last.digest,
            digest: digest(number: number, operation: operation, wall: wall, entry: entry, previous: last.digest)
        )
    }

    /// The digest that an entry must have.
    public static func digest(
        number: EntryNumber, operation: OperationID, wall: WallTime, entry: Entry, previous: Digest
    ) -> Digest {
        let sealed = StoredEntry.sealed(
            number: number, operation: operation, wall: wall, entry: entry, previous: previous
        )
        return Digest(of: sealed.canonical)
    }

    /// The end of a chain, where the next entry is linked.
    public struct Link: Hashable, Sendable {
        /// 0 when the journal is empty.
        public let number: EntryNumber
        public let digest: Digest
        public init(number: EntryNumber, digest: Digest) { (self.number, self.digest) = (number, digest) }
        /// The end of an empty journal.
        public static let empty = Link(number: EntryNumber(rawValue: 0), digest: JournalChain.start)

        /// The end after one more entry.
        ///
        /// - Throws: ``BatonError/Code/journalBroken`` when it does not follow or is not what its digest says.
        public func following(_ entry: StoredEntry) throws(BatonError) -> Link {
            guard entry.number == number.next else {
                throw .journalBroken("Entry \(entry.number) stands where \(number.next) belongs.")
            }
            guard entry.previous == digest else {
                throw .journalBroken("Entry \(entry.number) names \(entry.previous.short) before it; that is \(digest.short).")
            }
            let own = JournalChain.digest(
                number: entry.number, operation: entry.operation, wall: entry.wall, entry: entry.entry, previous: entry.previous
            )
            guard own == entry.digest else {
                throw .journalBroken("Entry \(entry.number) was changed: its digest is \(own.short), not \(entry.digest.short).")
            }
            return Link(number: entry.number, digest: entry.digest)
        }
    }

    /// Checks a whole journal: numbers consecutive from 1, chain unbroken, every digest right.
    ///
    /// - Returns: the end of the chain.
    /// - Throws: ``BatonError/Code/journalBroken`` with the first entry that is wrong.
    @discardableResult
    public static func verify(_ journal: [StoredEntry]) throws(BatonError) -> Link {
        var link = Link.empty
        for entry in journal { link = try link.following(entry) }
        return link
    }
}
