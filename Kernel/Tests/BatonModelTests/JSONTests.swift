import BatonModel
import Testing

@Suite("JSON is read strictly and written in one way")
struct JSONTests {
    struct Form: Sendable, CustomTestStringConvertible {
        let read: String
        let written: String
        init(_ read: String, _ written: String) { (self.read, self.written) = (read, written) }
        var testDescription: String { read }
    }

    @Test(
        "what is read is written in the canonical form",
        arguments: [
            Form("null", "null"), Form(" \t\r\ntrue \n", "true"), Form("false", "false"),
            Form("0", "0"), Form("-1", "-1"), Form("9223372036854775807", "9223372036854775807"),
            Form("-9223372036854775808", "-9223372036854775808"),
            Form("[ 1 , 2,\n3 ]", "[1,2,3]"), Form("[]", "[]"), Form("{ }", "{}"),
            Form("{\"b\":1, \"a\":[{\"d\":null,\"c\":true}]}", "{\"a\":[{\"c\":true,\"d\":null}],\"b\":1}"),
            Form("{\"a10\":1,\"a9\":2,\"A\":3,\"\":4}", "{\"\":4,\"A\":3,\"a10\":1,\"a9\":2}"),
            Form("\"a\\u0041\\/\\b\\f\"", "\"aA/\\u0008\\u000c\""),
            Form("\"\\\"\\\\\\n\\r\\t\"", "\"\\\"\\\\\\n\\r\\t\""),
            Form("\"\\u00e9\\u20AC\"", "\"é€\""),
            Form("\"\\ud83d\\uDE00\"", "\"😀\""),
            Form("\"\\u0000\\u001f\"", "\"\\u0000\\u001f\""),
            Form("\"😀é\"", "\"😀é\""),
        ])
    func isCanonical(_ form: Form) throws {
        let value = try JSON(text: form.read)
        #expect(value.text == form.written)
        #expect(try JSON(parsing: value.canonical) == value)
        #expect(try JSON(text: value.pretty) == value)
    }

    @Test(
        "a number that is no 64-bit integer is kept letter by letter",
        arguments: [
            "18446744073709551615", "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890",
            "1.5", "-0.10", "1e5", "1E+05", "2.50e-3",
        ])
    func keepsLiteral(_ literal: String) throws {
        let value = try JSON(text: literal)
        #expect(value == .number(literal))
        #expect(value.text == literal)
        #expect(value.integer == nil)
        #expect(value.unsigned == nil)
    }

    @Test("an unsigned integer of 64 bits is written whole")
    func writesUnsigned() {
        #expect(JSON.unsigned(UInt64.max).text == "18446744073709551615")
        #expect(JSON.unsigned(UInt64(Int64.max)) == .integer(Int64.max))
        #expect(JSON.unsigned(7).unsigned == 7)
        #expect(JSON.integer(-1).unsigned == nil)
    }

    static let hostile: [String] = [
        "", "   ", "nul", "True", "+1", "--1", "1-2", "-", "01", "-01", ".5", "1e", "Infinity", "NaN", "0x10",
        "[1,]", "[,1]", "[1 2]", "[", "]", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{'a':1}",
        "1 2", "{} x", "null,", "[]]", "\"a\"\"b\"",
        "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}", "[{\"x\":{\"k\":0,\"k\":0}}]",
        "\"", "\"abc", "\"\\", "\"\\\"", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u123",
        "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud800x\"", "\"\\ud83d\\n\"", "\"\\udc00\\ud800\"",
        "\"a\nb\"", "\"a\tb\"", "\"é\u{1}\"",
    ]

    @Test("what is no JSON is refused", arguments: hostile)
    func refuses(_ text: String) {
        #expect(throws: JSONError.self) { try JSON(text: text) }
    }

    @Test(
        "bytes that are no UTF-8 are refused",
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0xEF, 0xBB, 0xBF, 0x31], [0x22, 0x00, 0x22], [0x31, 0x00],
        ] as [[UInt8]])
    func refusesBytes(_ bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON(parsing: bytes) }
    }

    @Test("64 levels are read, one more is refused, and a million do no harm")
    func limitsDepth() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(try JSON(text: nested(64)).text == nested(64))
        #expect(throws: JSONError.self) { try JSON(text: nested(65)) }
        #expect(throws: JSONError.self) { try JSON(text: String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONError.self) { try JSON(text: String(repeating: "{\"a\":", count: 1_000_000)) }
        // Depth counts what is open, not what was opened.
        let wide = "[" + Array(repeating: "[]", count: 1000).joined(separator: ",") + "]"
        #expect(try JSON(text: wide).array?.count == 1000)
    }

    @Test("an error names the place and never the value")
    func namesThePlace() {
        do {
            _ = try JSON(text: "{\"key\":\"s3cret\" x}")
            Issue.record("read")
        } catch {
            #expect(error.description.hasSuffix("at byte 16"), "\(error)")
            #expect(!error.description.contains("s3cret"))
        }
    }

    @Test("a field that is missing or of another kind is refused by name")
    func needsFields() throws {
        let value: JSON = ["text": "a", "count": 3, "negative": -1, "nothing": .null]
        #expect(try value.text("text") == "a")
        #expect(try value.count("count") == 3)
        for key in ["count", "nothing", "absent"] {
            #expect { try value.text(key) } throws: { "\($0)".contains("\"\(key)\"") }
        }
        for key in ["text", "negative", "nothing", "absent"] {
            #expect { try value.count(key) } throws: { "\($0)".contains("\"\(key)\"") }
        }
        #expect(JSON.array([])["text"] == nil)
    }

    @Test("0x quantities are read as Conflux writes them")
    func readsHex() {
        #expect(JSON.hex(37011).text == "\"0x9093\"")
        #expect(JSON.hex(0).hexInteger == 0)
        #expect(JSON.hex(UInt64.max).hexInteger == UInt64.max)
        for text in ["", "0x", "9093", "0x1ffffffffffffffff", "0xg", "0x-1"] { #expect(JSON.string(text).hexInteger == nil, "\(text)") }
        #expect(JSON.integer(5).hexInteger == nil)
    }
}
