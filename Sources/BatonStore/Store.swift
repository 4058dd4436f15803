public import BatonKernel
public import BatonModel

/// The one state place of a fleet: leases, grants, vote ledger and journal.
///
/// A `commit` is one transaction and one sync: when it returns, everything in it survives power loss.
/// `MemoryStore` and `SQLiteStore` pass one conformance suite (`BatonTestKit`).
public protocol Store: Sendable {
    /// Takes the lease of a validator with the next number.
    ///
    /// - Parameter seize: take it although another holder has it; its number is then dead.
    /// - Throws: ``BatonError/Code/leaseHeld`` naming the holder when it is held and `seize` is false.
    func lease(_ validator: ValidatorID, holder: Incarnation, seize: Bool) async throws(BatonError) -> Lease
    /// Gives a lease back; one that was taken over meanwhile is left alone.
    func release(_ lease: Lease) async throws(BatonError)
    /// Who holds the lease of a validator now, or `nil`.
    func holder(_ validator: ValidatorID) async throws(BatonError) -> Lease?
    /// Opens an operation with the next number and its `begun` entry.
    ///
    /// - Throws: ``BatonError/Code/leaseLost`` when the lease is no longer the current one.
    func begin(_ entry: Entry, under lease: Lease) async throws(BatonError) -> OperationID
    /// Makes a commit durable.
    ///
    /// - Returns: the number of its last entry.
    /// - Throws: ``BatonError/Code/leaseLost`` when the lease was taken over; ``BatonError/Code/grantOpen`` when a second
    ///   grant would be open, its number is not the next one, or what it closes is not the open one.
    func commit(_ commit: Commit, under lease: Lease) async throws(BatonError) -> EntryNumber
    /// The journal of one operation, oldest first.
    func entries(of operation: OperationID) async throws(BatonError) -> [StoredEntry]
    /// The whole journal, oldest first, for export and verification.
    func journal() async throws(BatonError) -> [StoredEntry]
    /// Every operation, newest first.
    func operations() async throws(BatonError) -> [OperationSummary]
    /// Every grant of a validator, oldest first.
    func grants(_ validator: ValidatorID) async throws(BatonError) -> [GrantRecord]
    /// The highest watermark known of a validator; unknown when the ledger holds nothing (safety.md R8).
    func floor(_ validator: ValidatorID) async throws(BatonError) -> Known<Watermark>
}

/// An operation in a list.
public struct OperationSummary: Hashable, Sendable {
    public let id: OperationID
    public let validator: ValidatorID
    public let begun: WallTime
    /// The detail of its `begun` entry.
    public let detail: JSON
    /// The last entry that says how it stands (`begun`, `paused` or `finished`).
    public let last: Entry

    public init(id: OperationID, validator: ValidatorID, begun: WallTime, detail: JSON, last: Entry) {
        (self.id, self.validator, self.begun, self.detail, self.last) = (id, validator, begun, detail, last)
    }
}
