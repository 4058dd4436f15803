package import BatonModel

/// Where a scenario is played: in memory, or on real processes in scenario mode.
///
/// The runner writes the transcript, so two stages that do the same give the same text.
package protocol ScenarioStage {
    /// Makes the chain. Once, before anything else.
    mutating func begin(_ chain: ChainSettings) async throws(ScenarioError)
    /// Makes a node's folder; the process is not started.
    mutating func declare(_ node: NodeSettings) async throws(ScenarioError)
    /// Starts a process with these settings (`incarnation` is `a#1`, `a#2`, …: the process must sign with that text).
    ///
    /// - Returns: the panic text, or `nil` when it runs.
    mutating func boot(_ node: NodeSettings, isCatchingUp: Bool) async throws(ScenarioError) -> String?
    /// Ends a process at once (kill -9).
    mutating func kill(_ node: String) async throws(ScenarioError)
    /// The node's catch-up is over.
    mutating func finishCatchUp(_ node: String) async throws(ScenarioError)
    /// Stops the process (SIGSTOP): calls pile up, events wait.
    mutating func pause(_ node: String) async throws(ScenarioError)
    /// Lets the process go on (SIGCONT): first the events that waited, then the calls.
    mutating func resume(_ node: String) async throws(ScenarioError)
    /// Sends a call on a connection of this name and waits for the answer; `nil`: it hangs.
    mutating func call(
        _ node: String, _ method: String, _ params: [JSON], connection: String
    ) async throws(ScenarioError) -> RPCReply?
    /// Sends a call and does not wait; the answer is asked for later by ``answer(_:)``.
    mutating func send(
        _ node: String, _ method: String, _ params: [JSON], connection: String, as name: String
    ) async throws(ScenarioError)
    /// The answer to a sent call, or `nil` when there is none yet.
    mutating func answer(_ name: String) async throws(ScenarioError) -> RPCReply?
    /// The client of a connection goes away.
    mutating func disconnect(_ node: String, connection: String) async throws(ScenarioError)
    /// One whole round (``ChainModel/stepRound(_:)``), delivered to every running node in the order of declaration.
    mutating func round() async throws(ScenarioError) -> [ChainEvent]
    /// ``ChainModel/rollEpochNow(at:)``.
    mutating func rollEpoch() async throws(ScenarioError) -> [ChainEvent]
    /// ``ChainModel/silence(rounds:)``.
    mutating func silence(rounds: UInt64) async throws(ScenarioError)
    /// The bytes of a file in `pos_db`, or `nil`.
    mutating func read(_ node: String, _ file: String) async throws(ScenarioError) -> [UInt8]?
    /// Writes a file in `pos_db`; `nil` deletes it.
    mutating func write(_ node: String, _ file: String, _ bytes: [UInt8]?) async throws(ScenarioError)
    /// A reading call at the chain process itself.
    mutating func chainCall(_ method: String, _ params: [JSON]) async throws(ScenarioError) -> RPCReply
    /// The verdict of the chain process.
    mutating func verdict(_ posAddress: String, since: Watermark?) async throws(ScenarioError) -> JSON
}

/// A scenario that can't be played: a line that is no step, or a stage that failed.
package struct ScenarioError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
