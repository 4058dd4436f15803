extension JSON {
    /// Reads one JSON text.
    ///
    /// - Parameter bytes: UTF-8; anything behind the value but white space is an error.
    /// - Throws: ``JSONError`` with the offset of the first byte that does not fit. Nesting is limited to 64.
    public init(parsing bytes: some Sequence<UInt8>) throws(JSONError) {
        var reader = JSONReader(bytes: Array(bytes))
        self = try reader.whole()
    }

    /// Reads one JSON text.
    ///
    /// - Throws: ``JSONError`` as for bytes.
    public init(text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0
    var depth = 0

    mutating func whole() throws(JSONError) -> JSON {
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw fault("unexpected text behind the value") }
        return value
    }

    func fault(_ what: String) -> JSONError { JSONError("\(what) at byte \(position)") }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func value() throws(JSONError) -> JSON {
        skipSpace()
        guard position < bytes.count else { throw fault("text ends early") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try nested { (reader) throws(JSONError) in try reader.object() }
        case UInt8(ascii: "["): return try nested { (reader) throws(JSONError) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    mutating func nested(_ body: (inout JSONReader) throws(JSONError) -> JSON) throws(JSONError) -> JSON {
        guard depth < 64 else { throw fault("nested too deep") }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    mutating func word(_ text: String, _ value: JSON) throws(JSONError) -> JSON {
        guard bytes[position...].starts(with: text.utf8) else { throw fault("unknown word") }
        position += text.utf8.count
        return value
    }

    mutating func number() throws(JSONError) -> JSON {
        let start = position
        if let value = shortInteger() { return value }
        var plain = true
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): plain = false
            default: return try literal(from: start, plain)
            }
            position += 1
        }
        return try literal(from: start, plain)
    }

    /// The usual number, up to 18 digits without sign, point or exponent; `nil` when it is another one.
    private mutating func shortInteger() -> JSON? {
        var (end, value) = (position, Int64(0))
        while end < bytes.count, end - position < 18, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[end]) {
            value = value * 10 + Int64(bytes[end] - UInt8(ascii: "0"))
            end += 1
        }
        guard end > position, end < bytes.count, end - position == 1 || bytes[position] != UInt8(ascii: "0") else { return nil }
        switch bytes[end] {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), 0x20, 0x0A, 0x0D, 0x09:
            position = end
            return .integer(value)
        default: return nil
        }
    }

    func literal(from start: Int, _ plain: Bool) throws(JSONError) -> JSON {
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { throw fault("no value") }
        let whole = digits.prefix { $0 != "." && $0 != "e" && $0 != "E" }
        guard !whole.contains("-"), whole.utf8.count == 1 || !whole.hasPrefix("0") else { throw fault("no number") }
        guard plain else {
            if let dot = digits.firstIndex(of: ".") {
                guard let next = digits[digits.index(after: dot)...].utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
                else { throw fault("no number") }
            }
            guard Double(text) != nil else { throw fault("no number") }
            return .number(text)
        }
        return Int64(text).map(JSON.integer) ?? .number(text)
    }

    mutating func object() throws(JSONError) -> JSON {
        position += 1
        var members: [JSONMembers.Member] = []
        skipSpace()
        if take("}") { return .object(JSONMembers()) }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw fault("no key") }
            let key = try string()
            skipSpace()
            guard take(":") else { throw fault("no colon") }
            members.append(JSONMembers.Member(key: key, value: try value()))
            skipSpace()
            if take("}") {
                guard let object = JSONMembers(unsorted: members) else { throw fault("key given twice") }
                return .object(object)
            }
            guard take(",") else { throw fault("no comma") }
        }
    }

    mutating func array() throws(JSONError) -> JSON {
        position += 1
        var elements: [JSON] = []
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value())
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw fault("no comma") }
        }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func string() throws(JSONError) -> String {
        position += 1
        if let text = plainString() { return text }
        var out: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: out, as: UTF8.self) else { throw fault("text is not UTF-8") }
                return text
            case UInt8(ascii: "\\"): try escape(into: &out)
            case 0..<0x20: throw fault("control character in text")
            default: out.append(byte)
            }
        }
        throw fault("text has no end")
    }

    /// The usual text, ASCII without escapes, taken as one piece; `nil` when it is another one.
    mutating func plainString() -> String? {
        var end = position
        while end < bytes.count {
            switch bytes[end] {
            case UInt8(ascii: "\""):
                defer { position = end + 1 }
                return String(decoding: bytes[position..<end], as: UTF8.self)
            case UInt8(ascii: "\\"), 0..<0x20, 0x80...: return nil
            default: end += 1
            }
        }
        return nil
    }

    mutating func escape(into out: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw fault("text has no end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"): out.append(contentsOf: String(try scalar()).utf8)
        default: throw fault("unknown escape")
        }
    }

    mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let high = try unit()
        if let plain = Unicode.Scalar(UInt32(high)) { return plain }
        guard high < 0xDC00, bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else { throw fault("lone surrogate") }
        position += 2
        let low = try unit()
        guard (0xDC00...0xDFFF).contains(low) else { throw fault("lone surrogate") }
        let value = 0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else { throw fault("lone surrogate") }
        return scalar
    }

    mutating func unit() throws(JSONError) -> UInt16 {
        guard position + 4 <= bytes.count,
            bytes[position..<position + 4].allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let value = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw fault("no escape of four digits") }
        position += 4
        return value
    }
}
