public import BatonKernel
public import BatonModel

/// Everything that an operator can ask of one fleet. The command line knows this and no driver and no store.
///
/// An operation that ends badly in an orderly way (refused, in doubt, interrupted) *returns* an ``OperationResult`` with its
/// exit status; an error is thrown for what never became an operation.
public protocol BatonAPI: Sendable {
    /// Who votes and what is next, of one validator or of all; touches nothing.
    ///
    /// - Throws: ``BatonError/Code/usage`` for an unknown validator; what can't be reached is a doubt in the report.
    func status(_ validator: ValidatorID?) async throws(BatonError) -> StatusReport
    /// What would keep an operation from succeeding; touches nothing.
    ///
    /// - Parameter thorough: look also for what is wrong now and how to mend it (`doctor`).
    func check(thorough: Bool) async throws(BatonError) -> [CheckFinding]

    /// Plans from fresh facts; touches nothing.
    ///
    /// - Throws: a code of exit status 3 naming the rule that refuses, or of 4 naming the fact that is missing.
    func plan(_ request: OperationRequest, _ confirmations: Confirmations) async throws(BatonError) -> PlannedOperation
    /// Reads a saved plan back and checks its digest; touches nothing.
    ///
    /// - Throws: ``BatonError/Code/planUnreadable``.
    func plan(reading bytes: [UInt8]) async throws(BatonError) -> PlannedOperation
    /// Runs exactly this plan.
    ///
    /// - Throws: ``BatonError/Code/assumptionBroken`` when an assumption no longer holds; ``BatonError/Code/leaseHeld``.
    func run(_ plan: PlannedOperation, _ confirmations: Confirmations, _ conversation: Conversation)
        async throws(BatonError) -> OperationResult
    /// Goes on with an operation; the newest unfinished one when `id` is `nil`.
    ///
    /// - Throws: ``BatonError/Code/unknownOperation`` when there is none.
    func resume(_ id: OperationID?, _ confirmations: Confirmations, _ conversation: Conversation)
        async throws(BatonError) -> OperationResult
    /// What is left of an operation, planned from fresh facts; touches nothing.
    func remaining(of id: OperationID?) async throws(BatonError) -> PlannedOperation
    /// Ends an operation in the nearest safe state.
    func abort(_ id: OperationID?, _ confirmations: Confirmations, _ conversation: Conversation)
        async throws(BatonError) -> OperationResult

    /// Every operation, newest first.
    func operations() async throws(BatonError) -> [OperationListing]
    /// The journal of one operation, oldest first; of the newest when `id` is `nil`.
    func log(_ id: OperationID?) async throws(BatonError) -> [StoredEntry]
    /// The evidence file: the journal of one operation, or the whole one, with what verifies it offline.
    func export(_ id: OperationID?) async throws(BatonError) -> [UInt8]
    /// The decisions of an operation with their facts; of one step when it is named.
    func why(_ id: OperationID?, step: StepID?) async throws(BatonError) -> [Decision]

    /// The vote ledger of a validator.
    func ledger(_ validator: ValidatorID) async throws(BatonError) -> LedgerReport
    /// The vote ledger as a file for another state place.
    func exportLedger(_ validator: ValidatorID) async throws(BatonError) -> [UInt8]
    /// Raises the floor to that of a file; never lowers it.
    func importLedger(_ validator: ValidatorID, _ bytes: [UInt8]) async throws(BatonError) -> LedgerReport
    /// Who holds which lease.
    func leases() async throws(BatonError) -> [LeaseReport]
    /// Takes a lease over from a holder that is gone; the reason is recorded.
    ///
    /// - Throws: ``BatonError/Code/leaseHeld`` when the holder still runs and can't be ended.
    func breakLease(_ validator: ValidatorID, reason: String) async throws(BatonError) -> LeaseReport
}
