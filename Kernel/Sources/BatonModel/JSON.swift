/// A JSON value whose written form is canonical: sorted keys, no spaces, integers as written.
///
/// Plans, journal entries and node messages are all this one type, so a digest over ``canonical`` means the same
/// everywhere. Fractions are kept as the literal that was read and never computed with.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number that is no 64-bit integer, kept letter by letter.
    case number(String)
    case string(String)
    case array([JSON])
    case object(JSONMembers)
}

extension JSON {
    /// The value under `key`, or `nil` when this is no object or has no such key.
    public subscript(_ key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    /// The text, when this is a string.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The integer, when this is one.
    public var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The integer, when this is one and not negative.
    public var unsigned: UInt64? {
        guard case .integer(let value) = self, value >= 0 else { return nil }
        return UInt64(value)
    }

    /// The truth value, when this is one.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The elements, when this is an array.
    public var array: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// An object with the members of a dictionary.
    public static func object(_ members: [String: JSON]) -> JSON { .object(JSONMembers(members)) }

    /// The members, when this is an object.
    public var object: JSONMembers? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// Whether this is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// An unsigned integer as JSON.
    ///
    /// - Range: values above `Int64.max` become their literal.
    public static func unsigned(_ value: UInt64) -> JSON {
        Int64(exactly: value).map(JSON.integer) ?? .number(String(value))
    }

    /// The text as JSON, or `null` for `nil`.
    public static func optional(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }

    /// A 0x-hex quantity without leading zeros, as Conflux writes integers.
    public static func hex(_ value: UInt64) -> JSON { .string("0x" + String(value, radix: 16)) }

    /// The integer behind a 0x-hex string, or `nil` when this is none.
    public var hexInteger: UInt64? {
        guard case .string(let text) = self, text.hasPrefix("0x"), text.utf8.count > 2, text.utf8.count <= 18 else { return nil }
        return UInt64(text.dropFirst(2), radix: 16)
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONMembers(elements) { _, last in last })
    }
}

/// A type with one JSON form, written by hand so that it is the same on every platform.
public protocol JSONCoded {
    /// The value as JSON.
    var json: JSON { get }
    /// Reads the value back.
    ///
    /// - Throws: ``JSONError`` when a field is missing or of another kind.
    init(json: JSON) throws(JSONError)
}

/// Why a text is no JSON, or a JSON value not what was expected.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was wrong, without the value itself (it may be hostile or secret).
    public let description: String
    public init(_ description: String) { self.description = description }
}

extension JSON {
    /// The member `key`.
    ///
    /// - Throws: ``JSONError`` when it is missing.
    public func need(_ key: String) throws(JSONError) -> JSON {
        guard let value = self[key] else { throw JSONError("missing \"\(key)\"") }
        return value
    }

    /// The text under `key`.
    ///
    /// - Throws: ``JSONError`` when it is missing or no text.
    public func text(_ key: String) throws(JSONError) -> String {
        guard let value = try need(key).string else { throw JSONError("\"\(key)\" is no text") }
        return value
    }

    /// The non-negative integer under `key`.
    ///
    /// - Throws: ``JSONError`` when it is missing or no such integer.
    public func count(_ key: String) throws(JSONError) -> UInt64 {
        guard let value = try need(key).unsigned else { throw JSONError("\"\(key)\" is no whole number of 0 or more") }
        return value
    }
}
