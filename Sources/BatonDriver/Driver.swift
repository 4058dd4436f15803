public import BatonKernel
public import BatonModel

/// What knows one family: observes and acts for one validator, never throws; doubt is a value.
public protocol Driver<F>: Sendable {
    associatedtype F: Family
    /// Asks the outside. Every question gets an answer, if only a doubt.
    func observe(_ questions: [F.Question], within: Duration) async -> [F.Question: Fact<F.Reading>]
    /// Does one thing. Acts that could help a second voter name the lease number, which the host side compares
    /// under its lock (safety.md R7): a higher one there makes them `refused`.
    func perform(_ act: F.Act, _ context: ActContext, within: Duration) async -> Outcome
    /// Ends connections.
    func close() async
}

/// A driver of a family whose nodes vote.
public protocol VotingDriver<F>: Driver {
    /// Starts the vote of the grantee: the only way to the start RPC. Sent once and never again under that grant.
    func vest(_ right: consuming VotingRight, within: Duration) async -> Outcome
}

/// On whose behalf an act runs.
public struct ActContext: Hashable, Sendable {
    public let operation: OperationID
    public let lease: Lease
    /// The last grant, open or closed.
    public let grant: Grant?
    public init(operation: OperationID, lease: Lease, grant: Grant?) {
        (self.operation, self.lease, self.grant) = (operation, lease, grant)
    }
}
