/// A name that is more than a string: it can't be mixed up with another kind of name.
public protocol Name: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible,
    ExpressibleByStringInterpolation
where RawValue == String {
    init(rawValue: String)
}

extension Name {
    public var description: String { rawValue }
    public init(stringLiteral value: String) { self.init(rawValue: value) }
    public init(_ text: String) { self.init(rawValue: text) }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// One voting identity, by its name in the fleet file.
public struct ValidatorID: Name {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One process of a network's software, by its name in the fleet file.
public struct NodeID: Name {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One step of a plan, unique within it.
public struct StepID: Name {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A rule that a decision is made by: `baton explain` prints it in full.
public struct RuleID: Name {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A number that only grows and is never computed with.
public protocol Number: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible where RawValue == UInt64 {
    init(rawValue: UInt64)
}

extension Number {
    public var description: String { String(rawValue) }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    /// The number that follows.
    public var next: Self { Self(rawValue: rawValue + 1) }
}

/// An operation of this fleet; the number that operators type (`baton resume 41`).
public struct OperationID: Number {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A grant of one validator, counted from 1.
public struct GrantNumber: Number {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// The number of a lease of one validator; a higher one ends all lower ones (safety.md R7).
public struct LeaseNumber: Number {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// The place of an entry in the journal of a fleet, counted from 1.
public struct EntryNumber: Number {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// A SHA-256 digest as 64 lower-case hex digits.
public struct Digest: Name {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The first twelve digits, for people.
    public var short: String { String(rawValue.prefix(12)) }
}

/// A value that never reaches a log, an error or a screen (safety.md, promise 8).
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String
    public init(_ value: String) { self.value = value }
    /// The value itself, for the one call that needs it.
    public func reveal() -> String { value }
    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
