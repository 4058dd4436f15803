/// The one error of Baton: what happened with its values, and what the operator is to do now.
public struct BatonError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stable name of a kind of error; `baton explain CODE` tells more.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let text: String
        public let exit: ExitStatus
        public init(_ text: String, _ exit: ExitStatus) { (self.text, self.exit) = (text, exit) }
        public var description: String { text }
    }

    public let code: Code
    /// What happened, with the values; no keys, tokens or file contents.
    public let message: String
    /// An order to the operator.
    public let remedy: String

    public init(_ code: Code, _ message: String, remedy: String) {
        (self.code, self.message, self.remedy) = (code, message, remedy)
    }
    public var description: String { "\(code.text): \(message) \(remedy)" }
}

/// The exit status of every verb.
///
/// - Source: design.md §6.
public enum ExitStatus: Int32, Hashable, Sendable, CaseIterable {
    case done = 0
    /// Failed; the fleet is as before or in the named safe state.
    case failed = 1
    /// Usage or configuration.
    case usage = 2
    /// Refused by a guard; nothing touched.
    case refused = 3
    /// In doubt; the operator is needed and the missing fact is named.
    case doubt = 4
    /// Interrupted; resumable.
    case interrupted = 5
    /// Findings (`check`, `doctor`).
    case findings = 6
}

extension BatonError.Code {
    public static let usage = Self("usage", .usage)
    public static let fleetUnreadable = Self("fleet_unreadable", .usage)
    public static let fleetInvalid = Self("fleet_invalid", .usage)
    public static let planUnreadable = Self("plan_unreadable", .usage)
    public static let unknownOperation = Self("unknown_operation", .usage)
    public static let releaseInvalid = Self("release_invalid", .usage)
    public static let refused = Self("refused", .refused)
    public static let assumptionBroken = Self("assumption_broken", .refused)
    public static let leaseHeld = Self("lease_held", .refused)
    public static let leaseLost = Self("lease_lost", .interrupted)
    public static let grantOpen = Self("grant_open", .refused)
    public static let grantUnknown = Self("grant_unknown", .doubt)
    public static let doubt = Self("doubt", .doubt)
    public static let twoVoters = Self("two_voters", .doubt)
    public static let storeUnreadable = Self("store_unreadable", .failed)
    public static let storeBroken = Self("store_broken", .failed)
    public static let journalBroken = Self("journal_broken", .failed)
    public static let failed = Self("failed", .failed)
    public static let interrupted = Self("interrupted", .interrupted)
    public static let unreachable = Self("unreachable", .failed)
    public static let deadlock = Self("deadlock", .failed)

    /// Every code, for `baton explain` and the test of the exit table.
    public static let all: [Self] = [
        .usage, .fleetUnreadable, .fleetInvalid, .planUnreadable, .unknownOperation, .releaseInvalid, .refused, .assumptionBroken,
        .leaseHeld, .leaseLost, .grantOpen, .grantUnknown, .doubt, .twoVoters, .storeUnreadable, .storeBroken, .journalBroken, .failed,
        .interrupted, .unreachable, .deadlock,
    ]
}
