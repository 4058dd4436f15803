public import BatonKernel
public import BatonModel
public import BatonStore
import BatonDigest

/// Values to fill a store with; nothing in them is more than plausible.
public enum StoreSamples {
    public static let validator: ValidatorID = "acme-pos"
    public static let other: ValidatorID = "acme-two"

    /// A process of the machine, told apart by its pid.
    public static func process(_ pid: Int32) -> Incarnation {
        Incarnation(bootID: "7d0c2f0e-boot", pid: pid, startTime: 4_000 + UInt64(pid))
    }

    /// A vote state at a place of the chain.
    public static func state(_ epoch: UInt64, _ round: UInt64) -> VoteState {
        let bytes = Array("{\"epoch\":\(epoch),\"last_voted_round\":\(round)}\n".utf8)
        return VoteState(bytes: bytes, digest: Digest(of: bytes), watermark: Watermark(epoch: epoch, round: round))
    }

    /// A fence of a node's process.
    public static func fence(_ node: NodeID, pid: Int32 = 20, means: Fence.Means = .stopped) -> Fence {
        Fence(node: node, incarnation: process(pid), means: means, bootID: "7d0c2f0e-boot")
    }

    /// A closing of a grant by a fence of its grantee.
    public static func closing(_ number: UInt64, _ node: NodeID = "a") -> Closing {
        .fenced(GrantNumber(rawValue: number), fence(node))
    }

    /// A grant under a desk's lease and operation.
    public static func grant(
        _ number: UInt64, to node: NodeID = "a", state: VoteState = state(3, 41), at desk: Desk
    ) -> Grant {
        Grant(
            number: GrantNumber(rawValue: number), validator: desk.lease.validator, node: node, state: state,
            origin: number <= 1 ? .adopted : .record(of: GrantNumber(rawValue: number - 1)), fences: [fence("b", pid: 30, means: .idle)],
            incarnation: process(20), lease: desk.lease.number, operation: desk.operation
        )
    }

    /// A lease with an operation under it, on one store object.
    public struct Desk: Sendable {
        public let store: any Store
        public let lease: Lease
        public let operation: OperationID

        /// Takes the lease and begins an operation.
        public init(
            _ store: any Store, _ validator: ValidatorID = validator, pid: Int32 = 100, seize: Bool = false, detail: JSON = "upgrade"
        ) async throws {
            self.store = store
            lease = try await store.lease(validator, holder: process(pid), seize: seize)
            operation = try await store.begin(Entry(.begun, detail: detail), under: lease)
        }

        /// A commit of this operation.
        @discardableResult
        public func commit(
            _ entries: [Entry] = [Entry(.intent)], raising: [Watermark] = [], closing: Closing? = nil, opening: Grant? = nil
        ) async throws -> EntryNumber {
            try await store.commit(
                Commit(operation: operation, entries: entries, raising: raising, closing: closing, opening: opening), under: lease
            )
        }
    }
}
