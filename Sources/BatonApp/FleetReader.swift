import BatonModel
import BatonWorld
import Yams

extension FleetFile {
    /// Reads a fleet file.
    ///
    /// - Parameter path: where it is, absolute: relative folders in it are meant from its folder.
    /// - Parameter name: the file as the operator named it, for errors; `path` when `nil`.
    /// - Throws: ``FleetFaults`` with everything that is wrong, not only the first.
    package static func parse(_ bytes: [UInt8], path: String, name: String? = nil) throws(FleetFaults) -> FleetFile {
        let shown = name ?? path
        guard bytes.count <= 1 << 20, let text = String(validating: bytes, as: UTF8.self) else {
            let fault = FleetFault(
                .fleetUnreadable, at: FleetPlace(line: 1, column: 1), "This is no text file in UTF-8 of at most 1 MiB.",
                remedy: "Name a fleet file; `baton init` writes one."
            )
            throw FleetFaults(path: shown, faults: [fault])
        }
        let root: Yams.Node?
        do { root = try Yams.compose(yaml: text) } catch {
            throw FleetFaults(path: shown, faults: [FleetSyntax.fault(error, in: text)])
        }
        guard let root, !root.isEmptyValue else {
            let fault = FleetFault(
                .fleetInvalid, at: FleetPlace(line: 1, column: 1), "The fleet file is empty.",
                remedy: "Run `baton init` to write one that you can fill in."
            )
            throw FleetFaults(path: shown, faults: [fault])
        }
        var reader = FleetReader(path: path)
        let fleet = reader.fleet(root)
        guard let fleet, reader.list.faults.isEmpty else { throw FleetFaults(path: shown, faults: reader.list.faults) }
        return fleet
    }
}

/// Turns the nodes of the file into typed values, and collects what is wrong.
private struct FleetReader {
    let path: String
    let folder: String
    var list = FleetFaultList()
    private var firstOf: [String: FleetPlace] = [:]

    init(path: String) {
        self.path = path
        folder = FleetWords.absolute("..", in: path)
    }

    mutating func fleet(_ root: Yams.Node) -> FleetFile? {
        let keys = ["fleet", "state", "networks", "validators"]
        // A file named by mistake may hold a key or a password: nothing of it is shown.
        guard let mapping = root.mapping, keys.contains(where: { mapping[$0] != nil }) else {
            list.add(
                root.place, "This is no fleet file: it has none of the keys \(keys.joined(separator: ", ")).",
                "Name a fleet file; `baton init` writes one.")
            return nil
        }
        guard let fields = list.fields(root, "the fleet file", needs: keys) else { return nil }
        let name = list.name(fields, "fleet")
        let state = state(fields)
        var networks: [FleetFile.Network] = []
        var networkNames: [String] = []
        for (index, node) in (list.list(fields, "networks") ?? []).enumerated() {
            if let named = node.mapping?["name"]?.scalar?.string { networkNames.append(named) }
            if let network = network(node, "network \(index + 1)") { networks.append(network) }
        }
        var validators: [FleetFile.Validator] = []
        for (index, node) in (list.list(fields, "validators") ?? []).enumerated() {
            if let validator = validator(node, "validator \(index + 1)", networks, networkNames) { validators.append(validator) }
        }
        guard let name, let state, list.faults.isEmpty else { return nil }
        return FleetFile(path: path, fleet: name.value, state: state, networks: networks, validators: validators)
    }

    private mutating func state(_ fields: FleetFields) -> String? {
        if let node = fields["state"], node.mapping != nil {
            list.add(
                node.place, "This version keeps its state in a folder only.",
                "Write a folder, such as `state: ./state`."
            )
            return nil
        }
        return list.text(fields, "state").map { FleetWords.absolute($0.value, in: folder) }
    }

    // MARK: networks

    private mutating func network(_ node: Yams.Node, _ what: String) -> FleetFile.Network? {
        guard
            let fields = list.fields(
                node, what, needs: ["name", "family", "chainId", "references"], may: ["roundTimeout", "roundsPerEpoch"]
            )
        else { return nil }
        let name = list.name(fields, "name")
        once(name, "network name", "Give every network a name of its own.")
        let family = family(fields)
        let chainID = list.number(fields, "chainId")
        var references: [FleetFile.Placed<Endpoint>] = []
        for reference in list.list(fields, "references") ?? [] {
            if let endpoint = referenceEndpoint(reference, fields) { references.append(endpoint) }
        }
        let timeout = roundTimeout(fields)
        let rounds = list.number(fields, "roundsPerEpoch")
        if let rounds, !(2...100_000).contains(rounds.value) {
            list.add(rounds.place, "\"roundsPerEpoch\" of \(what) is \(rounds.value).", "Write a number from 2 to 100000.")
        }
        if let chainID, [1, 1029].contains(chainID.value) {
            for key in ["roundTimeout", "roundsPerEpoch"] where fields[key] != nil {
                list.add(
                    fields.place(of: key), "\"\(key)\" is for devnets only; chain id \(chainID.value) is a public network.",
                    "Remove \"\(key)\"."
                )
            }
        }
        guard let name, let family, let chainID, !references.isEmpty else { return nil }
        return FleetFile.Network(
            name: name, family: family, chainID: chainID, references: references, roundTimeout: timeout,
            roundsPerEpoch: rounds?.value
        )
    }

    private mutating func family(_ fields: FleetFields) -> FleetFile.Family? {
        guard let text = list.text(fields, "family") else { return nil }
        if let family = FleetFile.Family(rawValue: text.value) { return family }
        if ["ccf", "libra"].contains(text.value) {
            list.add(text.place, "The family \"\(text.value)\" is not in this version.", "Remove this network, or use `conflux`.")
        } else {
            list.add(text.place, "\"\(text.value.shown)\" is no family.", "Write `family: conflux`.")
        }
        return nil
    }

    private mutating func roundTimeout(_ fields: FleetFields) -> Duration? {
        guard let text = list.text(fields, "roundTimeout") else { return nil }
        guard let duration = FleetWords.duration(text.value), duration >= .milliseconds(50), duration <= .seconds(600) else {
            list.add(
                text.place, "\"roundTimeout\" of \(fields.what) is \"\(text.value.shown)\".",
                "Write a time from 50ms to 10min, such as `500ms`, `2s` or `1min`."
            )
            return nil
        }
        return duration
    }

    private mutating func referenceEndpoint(_ node: Yams.Node, _ fields: FleetFields) -> FleetFile.Placed<Endpoint>? {
        list.text(node, "a reference of \(fields.what)").flatMap { endpoint($0, "a reference of \(fields.what)") }
    }

    private mutating func endpoint(_ text: FleetFile.Placed<String>, _ what: String) -> FleetFile.Placed<Endpoint>? {
        if let endpoint = Endpoint(url: text.value) { return FleetFile.Placed(endpoint, text.place) }
        if text.value.hasPrefix("https://") {
            list.add(
                text.place, "\"\(text.value.shown)\": this version speaks no https.",
                "Name an http:// address, such as a full node of your own, or a tunnel to the https one."
            )
        } else if text.value.contains("localhost") {
            list.add(
                text.place, "\"\(text.value.shown)\": `localhost` may mean another address than the node listens on.",
                "Write 127.0.0.1 instead of localhost."
            )
        } else {
            list.add(
                text.place, "\"\(text.value.shown)\" is no address (\(what)).",
                "Write it as \"http://HOST:PORT\", such as \"http://127.0.0.1:12539\"."
            )
        }
        return nil
    }

    // MARK: validators

    private mutating func validator(
        _ node: Yams.Node, _ what: String, _ networks: [FleetFile.Network], _ networkNames: [String]
    ) -> FleetFile.Validator? {
        guard let fields = list.fields(node, what, needs: ["name", "network", "identity", "nodes"]) else { return nil }
        let name = list.name(fields, "name")
        once(name, "validator name", "Give every validator a name of its own.")
        let network = network(of: fields, networks, networkNames)
        let identity = identity(fields)
        var nodes: [FleetFile.Node] = []
        for (index, element) in (list.list(fields, "nodes") ?? []).enumerated() {
            if let node = self.node(element, "node \(index + 1) of \(what)") { nodes.append(node) }
        }
        guard let name, let network, let identity, !nodes.isEmpty else { return nil }
        return FleetFile.Validator(
            id: FleetFile.Placed(ValidatorID(name.value), name.place), network: network, identity: identity, nodes: nodes
        )
    }

    private mutating func network(
        of fields: FleetFields, _ networks: [FleetFile.Network], _ names: [String]
    ) -> FleetFile.Network? {
        guard let text = list.text(fields, "network") else { return nil }
        if let network = networks.first(where: { $0.name.value == text.value }) { return network }
        // A network that is there and wrong has its own fault already.
        guard !names.contains(text.value) else { return nil }
        let near = FleetWords.nearest(to: text.value, in: names)
        let known = names.isEmpty ? "there are none" : names.map(\.shown).joined(separator: ", ")
        list.add(
            text.place, "There is no network \"\(text.value.shown)\"." + (near.map { " Did you mean \"\($0)\"?" } ?? ""),
            near.map { "Write \"\($0)\"." } ?? "Name one of the networks above (\(known))."
        )
        return nil
    }

    private mutating func identity(_ fields: FleetFields) -> FleetFile.Placed<String>? {
        guard let text = list.text(fields, "identity") else { return nil }
        let digits = text.value.dropFirst(2)
        guard text.value.hasPrefix("0x"), digits.utf8.count == 64, [UInt8](hexText: String(digits)) != nil else {
            list.add(
                // Nothing of it is quoted: who mistakes a private key for the address must not find it in a log.
                text.place, "\"identity\" of \(fields.what) is no PoS address (\(text.value.count) letters).",
                "Write the PoS address: 0x and 64 hex digits, in quotes."
            )
            return nil
        }
        let identity = FleetFile.Placed(text.value.lowercased(), text.place)
        once(identity, "identity", "Write one validator with all nodes of this identity: two would each start a voter.")
        return identity
    }

    // MARK: nodes

    private mutating func node(_ node: Yams.Node, _ what: String) -> FleetFile.Node? {
        guard let fields = list.fields(node, what, needs: ["name", "host", "rpc", "directory", "unit"]) else { return nil }
        let name = list.name(fields, "name")
        once(name, "node name", "Give every node of the fleet a name of its own.")
        let host = host(fields)
        let rpc = list.text(fields, "rpc").flatMap { endpoint($0, "\"rpc\" of \(what)") }
        if let rpc {
            once(
                FleetFile.Placed(rpc.value.description, rpc.place), "RPC address",
                "Give every node its own port; two names for one node would fence the voter against itself."
            )
        }
        let directory = list.text(fields, "directory").map { text in
            FleetFile.Placed(FleetWords.absolute(text.value, in: folder), text.place)
        }
        once(directory, "directory", "Give every node a folder of its own; two nodes on one folder share one vote state.")
        let unit = unit(fields)
        guard let name, let host, let rpc, let directory, let unit else { return nil }
        return FleetFile.Node(
            id: FleetFile.Placed(NodeID(name.value), name.place), host: host, rpc: rpc, directory: directory, unit: unit
        )
    }

    private mutating func host(_ fields: FleetFields) -> FleetFile.Host? {
        guard let node = fields["host"] else { return nil }
        for form in ["ssh", "agent"] where node.mapping?[form] != nil {
            list.add(
                node.place, "`\(form)` hosts are not in this version.",
                "Run Baton on the machine of the nodes and write `host: {local: true}`."
            )
            return nil
        }
        guard let host = list.fields(node, "\"host\" of \(fields.what)", needs: ["local"]) else { return nil }
        guard let local = host["local"] else { return nil }
        guard local.scalar?.string == "true" else {
            list.add(local.place, "\"local\" of \(fields.what) is \(local.kindText).", "Write `host: {local: true}`.")
            return nil
        }
        return .local
    }

    private mutating func unit(_ fields: FleetFields) -> FleetFile.Unit? {
        guard let node = fields["unit"] else { return nil }
        for form in ["systemd", "container", "docker", "podman"] where node.mapping?[form] != nil {
            list.add(
                node.place, "`\(form)` units are not in this version.",
                "Write `unit: {child: {command: [...]}}`; Baton then runs the node as its own child process."
            )
            return nil
        }
        guard let unit = list.fields(node, "\"unit\" of \(fields.what)", needs: ["child"]), let childNode = unit["child"],
            let child = list.fields(childNode, "\"child\" of \(fields.what)", needs: ["command"], may: ["environment"])
        else { return nil }
        guard let elements = list.list(child, "command") else { return nil }
        let command = elements.compactMap { list.text($0, "\"command\" of \(fields.what)")?.value }
        guard let environment = environment(child, fields.what), command.count == elements.count else { return nil }
        return .child(command: command, environment: environment)
    }

    private mutating func environment(_ child: FleetFields, _ what: String) -> [String: String]? {
        guard let node = child["environment"] else { return [:] }
        guard let mapping = node.mapping else {
            list.add(node.place, "\"environment\" of \(what) is \(node.kindText), not a mapping.", "Write `NAME: value` lines.")
            return nil
        }
        var environment: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string, !name.isEmpty, !name.contains("="), !name.contains("\0") else {
                list.add(key.place, "This is no name of a variable.", "Write `NAME: value`.")
                return nil
            }
            guard let text = list.text(value, "the variable \"\(name.shownKey)\"") else { return nil }
            environment[name] = text.value
        }
        return environment
    }

    /// Notes a value that may stand only once, and reports the second.
    private mutating func once(_ text: FleetFile.Placed<String>?, _ what: String, _ remedy: String) {
        guard let text else { return }
        if let first = firstOf["\(what) \(text.value)"] {
            list.twice(text.place, "The \(what) \"\(text.value.shown)\" is given twice", first: first, remedy)
        } else {
            firstOf["\(what) \(text.value)"] = text.place
        }
    }
}
