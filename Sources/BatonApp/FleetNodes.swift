import BatonModel
import Yams

/// A mapping of the fleet file whose keys are all known.
struct FleetFields {
    let place: FleetPlace
    /// The mapping for people: `network "mainnet"`, `node 2 of validator 1`.
    let what: String
    private let values: [String: Yams.Node]
    private let keyPlaces: [String: FleetPlace]

    init(place: FleetPlace, what: String, values: [String: Yams.Node], keyPlaces: [String: FleetPlace]) {
        (self.place, self.what, self.values, self.keyPlaces) = (place, what, values, keyPlaces)
    }
    /// The node under a key, or `nil`.
    subscript(_ key: String) -> Yams.Node? { values[key] }
    /// Where the key stands; the mapping itself when it is not there.
    func place(of key: String) -> FleetPlace { keyPlaces[key] ?? place }
}

/// Collects what is wrong while the nodes of the file are read: one fault never hides the next.
struct FleetFaultList {
    private(set) var faults: [FleetFault] = []

    /// Keeps one more fault.
    mutating func add(_ place: FleetPlace, _ message: String, _ remedy: String) {
        faults.append(FleetFault(.fleetInvalid, at: place, message, remedy: remedy))
    }

    /// Reads a mapping; unknown and missing keys are faults, the rest is still read.
    mutating func fields(_ node: Yams.Node, _ what: String, needs: [String], may: [String] = []) -> FleetFields? {
        guard let mapping = node.mapping else {
            add(
                node.place, "\(what.sentence) is \(node.kindText), not a mapping.",
                "Write it as `key: value` lines with: \((needs + may).joined(separator: ", "))."
            )
            return nil
        }
        let known = needs + may
        var values: [String: Yams.Node] = [:]
        var places: [String: FleetPlace] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            if known.contains(name) {
                (values[name], places[name]) = (value, key.place)
            } else {
                // What stands under a key like `password` is never taken for the value of another key.
                let near = name.looksSecret ? nil : FleetWords.nearest(to: name, in: known.filter { mapping[$0] == nil })
                add(
                    key.place, "\"\(name.shownKey)\" is no key of \(what)." + (near.map { " Did you mean \"\($0)\"?" } ?? ""),
                    near.map { "Write \"\($0)\"." } ?? "Remove it; the keys are: \(known.joined(separator: ", "))."
                )
                if let near { (values[near], places[near]) = (value, key.place) }
            }
        }
        for key in needs where values[key] == nil {
            add(node.place, "\(what.sentence) has no \"\(key)\".", "Add \"\(key):\" here.")
        }
        return FleetFields(place: node.place, what: what, values: values, keyPlaces: places)
    }

    /// The text under a key; `nil` when the key is missing (reported before) or holds no text (reported here).
    mutating func text(_ fields: FleetFields, _ key: String) -> FleetFile.Placed<String>? {
        guard let node = fields[key] else { return nil }
        return text(node, "\"\(key)\" of \(fields.what)")
    }

    /// The text of a node.
    mutating func text(_ node: Yams.Node, _ what: String) -> FleetFile.Placed<String>? {
        guard let scalar = node.scalar else {
            add(node.place, "\(what) is \(node.kindText), not a text.", "Write one text on this line.")
            return nil
        }
        guard !node.isEmptyValue else {
            add(node.place, "\(what) has no value.", "Write its value behind the colon, or remove the key.")
            return nil
        }
        return FleetFile.Placed(scalar.string, node.place)
    }

    /// A name that is safe on a command line and in a file name.
    mutating func name(_ fields: FleetFields, _ key: String) -> FleetFile.Placed<String>? {
        guard let text = text(fields, key) else { return nil }
        let good = text.value.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard good, text.value.utf8.count <= 64, text.value.first?.isLetter == true else {
            add(
                text.place, "\"\(text.value.shown)\" is no name (\"\(key)\" of \(fields.what)).",
                "Begin with a letter and use only letters, digits, \"-\", \"_\" and \".\", at most 64."
            )
            return nil
        }
        return text
    }

    /// A whole number written in plain decimal digits.
    mutating func number(_ fields: FleetFields, _ key: String) -> FleetFile.Placed<UInt64>? {
        guard let node = fields[key], let text = text(fields, key) else { return nil }
        guard node.scalar?.style == .plain, text.value.utf8.allSatisfy({ (48...57).contains($0) }), let value = UInt64(text.value)
        else {
            add(
                text.place, "\"\(key)\" of \(fields.what) is the text \"\(text.value.shown)\", not a whole number.",
                "Write it in decimal digits without quotes."
            )
            return nil
        }
        return FleetFile.Placed(value, text.place)
    }

    /// The elements of a list with at least one.
    mutating func list(_ fields: FleetFields, _ key: String) -> [Yams.Node]? {
        guard let node = fields[key] else { return nil }
        guard let sequence = node.sequence else {
            add(
                fields.place(of: key), "\"\(key)\" of \(fields.what) is \(node.kindText), not a list.",
                "Write every element on a line of its own that begins with \"- \"."
            )
            return nil
        }
        guard !sequence.isEmpty else {
            add(fields.place(of: key), "\"\(key)\" of \(fields.what) is empty.", "Add at least one element.")
            return nil
        }
        return Array(sequence)
    }

    /// The place and the words of a thing given twice.
    mutating func twice(_ place: FleetPlace, _ message: String, first: FleetPlace, _ remedy: String) {
        add(place, "\(message) (first in line \(first.line)).", remedy)
    }
}

extension Yams.Node {
    /// Where it begins.
    var place: FleetPlace { mark.map { FleetPlace(line: $0.line, column: $0.column) } ?? FleetPlace(line: 1, column: 1) }
    /// Whether a key was written without a value.
    var isEmptyValue: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }
    /// What it is, for people.
    var kindText: String {
        if mapping != nil { return "a mapping" }
        if sequence != nil { return "a list" }
        return isEmptyValue ? "empty" : "the text \"\((scalar?.string ?? "").shown)\""
    }
}

extension String {
    /// A wrong value as an error may quote it: at most 20 letters, without control characters, and nothing of what may be
    /// a secret (a text that names one, or an address with a user before its host).
    var shown: String {
        guard !looksSecret, !contains("@") else { return "…" }
        let plain = String(unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) })
        return plain.count > 20 ? plain.prefix(19) + "…" : plain
    }
    /// A wrong key as an error may quote it: a plain word of at most 20 letters, else nothing of it.
    var shownKey: String {
        let isWord = unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || "0123456789_-.".unicodeScalars.contains($0)) }
        return isWord && count <= 20 ? self : "…"
    }
    /// Whether a key of this name, or a text with this word in it, may hold a password, a key or a token.
    var looksSecret: Bool {
        let plain = lowercased()
        return ["pass", "secret", "token", "key", "credential", "private"].contains { plain.contains($0) }
    }
    /// The text with a large first letter.
    var sentence: String { prefix(1).uppercased() + dropFirst() }
}
