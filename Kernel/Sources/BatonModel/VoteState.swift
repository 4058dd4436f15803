/// The place of a vote state on a chain: orders vote states, licenses nothing.
public struct Watermark: Hashable, Comparable, Sendable, CustomStringConvertible, JSONCoded {
    /// PoS epoch (Conflux: `safety_data.epoch`).
    public let epoch: UInt64
    /// Last voted round within the epoch (Conflux: `safety_data.last_voted_round`).
    public let round: UInt64

    public init(epoch: UInt64, round: UInt64) { (self.epoch, self.round) = (epoch, round) }
    public static func < (left: Watermark, right: Watermark) -> Bool { (left.epoch, left.round) < (right.epoch, right.round) }
    public var description: String { "\(epoch)/\(round)" }
    public var json: JSON { ["epoch": .unsigned(epoch), "round": .unsigned(round)] }
    public init(json: JSON) throws(JSONError) { self.init(epoch: try json.count("epoch"), round: try json.count("round")) }
}

/// The whole bytes that a node needs to go on voting, with what Baton read in them.
public struct VoteState: Hashable, Sendable {
    /// The file as it is, never edited.
    public let bytes: [UInt8]
    /// SHA-256 of ``bytes``.
    public let digest: Digest
    public let watermark: Watermark

    public init(bytes: [UInt8], digest: Digest, watermark: Watermark) {
        (self.bytes, self.digest, self.watermark) = (bytes, digest, watermark)
    }
}

extension VoteState: JSONCoded {
    public var json: JSON {
        ["bytes": .string(bytes.hexText), "digest": .string(digest.rawValue), "watermark": watermark.json]
    }
    public init(json: JSON) throws(JSONError) {
        guard let bytes = [UInt8](hexText: try json.text("bytes")) else { throw JSONError("\"bytes\" is no hex text") }
        self.init(bytes: bytes, digest: Digest(try json.text("digest")), watermark: try Watermark(json: try json.need("watermark")))
    }
}

extension [UInt8] {
    /// The bytes as lower-case hex digits.
    public var hexText: String {
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(count * 2)
        for byte in self {
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The bytes behind hex digits, or `nil` when the text is none.
    public init?(hexText: String) {
        let digits = Array(hexText.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        func value(_ digit: UInt8) -> UInt8? {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
            default: nil
            }
        }
        var out: [UInt8] = []
        out.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
            out.append(high << 4 | low)
        }
        self = out
    }
}
