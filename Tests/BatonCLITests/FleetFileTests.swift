import BatonApp
import BatonModel
import BatonWorld
import Testing

/// A change that makes a good fleet file wrong, and what must be said about it.
struct WrongFleet: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The text to replace in the good file (first place only), and what by.
    let from: String
    let to: String
    /// The line of the fault that is looked for.
    let line: Int
    let says: String
    let orders: String
    var code = BatonError.Code.fleetInvalid

    init(_ name: String, _ from: String, _ to: String, line: Int, says: String, orders: String, code: BatonError.Code = .fleetInvalid) {
        (testDescription, self.from, self.to, self.line) = (name, from, to, line)
        (self.says, self.orders, self.code) = (says, orders, code)
    }
}

struct FleetFileTests {
    private static let identity = "0x" + String(repeating: "ab", count: 32)
    /// Line 1 is `fleet:`; the lines are counted on in the table below.
    private static let good = """
        fleet: acme
        state: ./state
        networks:
          - name: net
            family: conflux
            chainId: 7001
            references: ["http://127.0.0.1:22537", "http://127.0.0.1:22538/"]
            roundTimeout: 2s
            roundsPerEpoch: 60
        validators:
          - name: acme-pos
            network: net
            identity: "\(identity)"
            nodes:
              - name: fra-1
                host: {local: true}
                rpc: "http://127.0.0.1:12539"
                directory: nodes/a
                unit: {child: {command: ["./current/conflux", "--config", "hydra.toml"]}}
              - name: fra-2
                host: {local: true}
                rpc: "http://127.0.0.1:12639"
                directory: /srv/../srv/b/
                unit:
                  child:
                    command: [./current/conflux, --config, hydra.toml, 7]
                    environment: {RUST_BACKTRACE: "1", LEVEL: 3}

        """

    private static let wrong: [WrongFleet] = [
        WrongFleet("unknown key", "    network: net", "    netwrok: net", line: 12, says: "\"network\"?", orders: "Write \"network\""),
        WrongFleet("key in another style", "chainId: 7001", "chain_id: 7001", line: 6, says: "\"chainId\"?", orders: "Write \"chainId\""),
        WrongFleet("key like no other", "state: ./state", "state: ./state\ncolour: red", line: 3, says: "no key", orders: "Remove it"),
        WrongFleet("missing key", "    family: conflux\n", "", line: 4, says: "has no \"family\"", orders: "Add \"family:\""),
        WrongFleet("empty value", "directory: nodes/a", "directory:", line: 18, says: "has no value", orders: "Write its value"),
        WrongFleet("number as text", "chainId: 7001", "chainId: \"7001\"", line: 6, says: "not a whole number", orders: "without quotes"),
        WrongFleet("hex chain id", "chainId: 7001", "chainId: 0x405", line: 6, says: "0x405", orders: "decimal digits"),
        WrongFleet("list for text", "fleet: acme", "fleet: [acme]", line: 1, says: "a list, not a text", orders: "Write one text"),
        WrongFleet(
            "mapping for list", "[\"./current/conflux\", \"--config\", \"hydra.toml\"]", "{a: b}", line: 19, says: "not a list",
            orders: "- "),
        WrongFleet("bad name", "name: fra-1", "name: \"fra 1\"", line: 15, says: "is no name", orders: "Begin with a letter"),
        WrongFleet("bad hex", "\"0xab", "\"0xzz", line: 13, says: "identity", orders: "64 hex digits"),
        WrongFleet("short identity", "abab\"", "ab\"", line: 13, says: "(64 letters)", orders: "64 hex digits"),
        WrongFleet("unknown network", "network: net", "network: nett", line: 12, says: "Did you mean \"net\"", orders: "Write \"net\""),
        WrongFleet(
            "two nodes on one folder", "/srv/../srv/b/", "./x/../nodes//a", line: 23, says: "first in line 18", orders: "folder of its"),
        WrongFleet("two nodes on one port", "12639", "12539", line: 22, says: "first in line 17", orders: "port"),
        WrongFleet("two nodes of one name", "name: fra-2", "name: fra-1", line: 20, says: "given twice", orders: "name of its own"),
        WrongFleet("https reference", "http://127.0.0.1:22537", "https://main.example", line: 7, says: "no https", orders: "http://"),
        WrongFleet("localhost", "http://127.0.0.1:12539", "http://localhost:12539", line: 17, says: "localhost", orders: "127.0.0.1"),
        WrongFleet(
            "address without a port", "http://127.0.0.1:12539", "http://127.0.0.1", line: 17, says: "no address", orders: "HOST:PORT"),
        WrongFleet("ssh host", "{local: true}", "{ssh: ops@fra-1}", line: 16, says: "not in this version", orders: "local: true"),
        WrongFleet("agent host", "{local: true}", "{agent: fra-1}", line: 16, says: "not in this version", orders: "local: true"),
        WrongFleet(
            "systemd unit", "{child: {command: [\"./current/conflux\", \"--config\", \"hydra.toml\"]}}", "{systemd: conflux}", line: 19,
            says: "not in this version", orders: "child"),
        WrongFleet(
            "state of another kind", "state: ./state", "state: {etcd: [a]}", line: 2, says: "in a folder only", orders: "state: ./state"),
        WrongFleet("another family", "family: conflux", "family: ccf", line: 5, says: "not in this version", orders: "conflux"),
        WrongFleet(
            "round timeout on the main network", "chainId: 7001", "chainId: 1029", line: 8, says: "devnets only",
            orders: "Remove \"roundTimeout\""),
        WrongFleet(
            "rounds per epoch on the test network", "chainId: 7001", "chainId: 1", line: 9, says: "devnets only",
            orders: "Remove \"roundsPerEpoch\""),
        WrongFleet("time without a unit", "roundTimeout: 2s", "roundTimeout: 2", line: 8, says: "\"2\"", orders: "such as"),
        WrongFleet(
            "no element", "references: [\"http://127.0.0.1:22537\", \"http://127.0.0.1:22538/\"]", "references: []", line: 7,
            says: "is empty", orders: "at least one"),
        WrongFleet(
            "key twice", "    network: net", "    network: net\n    network: net", line: 13, says: "given twice", orders: "Keep one"),
        WrongFleet("tab", "    network: net", "\tnetwork: net", line: 12, says: "tab", orders: "spaces", code: .fleetUnreadable),
        WrongFleet("open bracket", "{local: true}", "{local: true", line: 17, says: "no YAML", orders: "bracket", code: .fleetUnreadable),
    ]

    @Test("A wrong fleet file is told with its line and a remedy", arguments: wrong)
    func tellsLineAndRemedy(_ wrong: WrongFleet) throws {
        let place = try #require(Self.good.firstRange(of: wrong.from))
        let text = Self.good.replacingCharacters(in: place, with: wrong.to)
        let faults = try #require(throws: FleetFaults.self) { try FleetFile.parse(Array(text.utf8), path: "/etc/baton.yaml") }
        #expect(
            faults.faults.contains { fault in
                fault.place.line == wrong.line && fault.message.contains(wrong.says) && fault.remedy.contains(wrong.orders)
                    && fault.code == wrong.code && fault.code.exit == .usage
            }, "\(faults.error)")
        #expect(faults.error.description.contains("/etc/baton.yaml:\(wrong.line):"))
    }

    @Test("A good file is read into values, folders made absolute from the file on")
    func readsAGoodFile() throws {
        let fleet = try FleetFile.parse(Array(Self.good.utf8), path: "/etc/acme/baton.yaml")
        #expect(fleet.state == "/etc/acme/state")
        let network = try #require(fleet.networks.first)
        #expect(network.chainID == FleetFile.Placed(7001, FleetPlace(line: 6, column: 14)))
        #expect(network.references.map(\.value.port) == [22537, 22538])
        #expect(network.roundTimeout == .seconds(2))
        #expect(network.roundsPerEpoch == 60)
        let validator = try #require(fleet.validator("acme-pos"))
        #expect(validator.identity.value == Self.identity)
        #expect(validator.nodes.map(\.directory.value) == ["/etc/acme/nodes/a", "/srv/b"])
        #expect(validator.nodes[1].rpc.value == Endpoint(host: "127.0.0.1", port: 12639))
        #expect(
            validator.nodes[1].unit
                == .child(
                    command: ["./current/conflux", "--config", "hydra.toml", "7"], environment: ["RUST_BACKTRACE": "1", "LEVEL": "3"]))
    }

    @Test("Every fault is told at once, in the order of the lines")
    func collectsEveryFault() throws {
        let text = Self.good.replacing("family: conflux", with: "family: conflx").replacing("12639", with: "0")
            .replacing("fleet: acme", with: "fleet: 9")
        let faults = try #require(throws: FleetFaults.self) { try FleetFile.parse(Array(text.utf8), path: "f") }
        #expect(faults.faults.map(\.place.line) == [1, 5, 22])
        #expect(faults.json.array?.count == 3)
        #expect(faults.json.array?.first?["line"]?.integer == 1)
    }

    @Test("One identity under two names is refused, however it is written")
    func refusesOneIdentityTwice() throws {
        let second = """
              - name: other
                network: net
                identity: "\(Self.identity.replacing("ab", with: "AB"))"
                nodes:
                  - {name: x, host: {local: true}, rpc: "http://127.0.0.1:1", directory: /x, unit: {child: {command: [a]}}}

            """
        let faults = try #require(throws: FleetFaults.self) {
            try FleetFile.parse(Array((Self.good + second).utf8), path: "f")
        }
        #expect(faults.faults.map(\.place.line) == [30])
        #expect(faults.faults[0].message.contains("first in line 13"))
    }

    @Test("Nothing is shown of a file that is no fleet file", arguments: ["pass: hunter2", "hunter2", "- hunter2", "hunter2: 1"])
    func showsNothingOfOtherFiles(_ text: String) throws {
        let faults = try #require(throws: FleetFaults.self) { try FleetFile.parse(Array(text.utf8), path: "f") }
        #expect(faults.faults.count == 1)
        #expect(!faults.error.description.contains("hunter2"))
    }

    /// Where somebody may write a secret by mistake, and the line of the good file that it takes the place of.
    private static let secrets: [(String, String)] = [
        ("    network: net", "    network: net\n    password: hunter2"),
        ("    network: net", "    network: net\n    nodePassword: [hunter2]"),
        ("    network: net", "    network: net\n    \"token hunter2\": 1"),
        ("    network: net", "    network: net\n    password: hunter2\n    password: hunter2"),
        ("network: net", "network: \"password=hunter2\""),
        ("http://127.0.0.1:12539", "http://ops:hunter2@127.0.0.1"),
        ("http://127.0.0.1:22537", "https://ops:hunter2@main.example"),
        ("\"\(identity)\"", "hunter2"),
        ("name: fra-1", "name: \"12345678901234567890hunter2\""),
        ("roundTimeout: 2s", "roundTimeout: 12345678901234567890hunter2"),
        ("chainId: 7001", "chainId: key-hunter2"),
        ("{local: true}", "\"12345678901234567890hunter2\""),
    ]

    @Test("An error quotes twenty letters of a wrong value, and nothing of what may be a secret", arguments: secrets)
    func quotesNoSecret(_ from: String, _ to: String) throws {
        let place = try #require(Self.good.firstRange(of: from))
        let text = Self.good.replacingCharacters(in: place, with: to)
        let faults = try #require(throws: FleetFaults.self) { try FleetFile.parse(Array(text.utf8), path: "f") }
        #expect(!faults.error.description.contains("hunter2"), "\(faults.error)")
        #expect(!faults.json.text.contains("hunter2"))
    }

    @Test("Bytes that are no text are an error and no crash", arguments: [[UInt8]](arrayLiteral: [0xFF, 0xFE], [], [0], Array("*a".utf8)))
    func refusesOtherBytes(_ bytes: [UInt8]) {
        #expect(throws: FleetFaults.self) { try FleetFile.parse(bytes, path: "f") }
    }

    @Test("The example reads as it stands")
    func exampleReads() throws {
        let fleet = try FleetFile.parse(Array(FleetFile.example.utf8), path: "/etc/baton.yaml")
        #expect(fleet.validators.count == 1)
        #expect(fleet.validators[0].nodes.count == 2)
    }

    @Test("A file cut anywhere is read or refused, never a crash")
    func survivesTruncation() {
        for length in 0..<Self.good.utf8.count {
            let result = Result { try FleetFile.parse(Array(Self.good.utf8.prefix(length)), path: "f") }
            if case .failure(let error) = result { #expect(error is FleetFaults) }
        }
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
