import BatonAPI
import BatonApp
import BatonModel

/// Everything a verb works with: composition, terminal, files, environment.
package struct Context: Sendable {
    package let composition: Composition
    package let terminal: Terminal
    package let files: UserFiles
    /// The variables of the environment.
    package let environment: [String: String]
    /// Who runs it, as the machine knows them.
    package let user: String

    package init(composition: Composition, terminal: Terminal, files: UserFiles, environment: [String: String], user: String) {
        (self.composition, self.terminal, self.files) = (composition, terminal, files)
        (self.environment, self.user) = (environment, user)
    }
}

/// A fleet that was read and opened.
struct OpenFleet: Sendable {
    let file: FleetFile
    let api: any BatonAPI

    /// The validator that is meant: the one named, or the only one there is.
    ///
    /// - Throws: ``BatonError/Code/usage`` for an unknown one, or for none where there are several.
    func validator(_ name: String?) throws(BatonError) -> ValidatorID {
        let names = file.validators.map(\.id.value)
        guard let name else {
            guard names.count == 1 else {
                throw BatonError(
                    .usage, "This fleet has \(names.count) validators.",
                    remedy: "Name one: \(names.map(\.rawValue).joined(separator: ", "))."
                )
            }
            return names[0]
        }
        guard let id = names.first(where: { $0.rawValue == name }) else {
            throw Self.unknown("validator", name, names.map(\.rawValue))
        }
        return id
    }

    /// The node that is meant, or `nil` when none is named.
    ///
    /// - Throws: ``BatonError/Code/usage`` for one that is no node of the validator.
    func node(_ name: String?, of validator: ValidatorID) throws(BatonError) -> NodeID? {
        guard let name else { return nil }
        let names = file.validator(validator)?.nodes.map(\.id.value) ?? []
        guard let id = names.first(where: { $0.rawValue == name }) else {
            throw Self.unknown("node of \(validator)", name, names.map(\.rawValue))
        }
        return id
    }

    private static func unknown(_ what: String, _ name: String, _ names: [String]) -> BatonError {
        let near = FleetWords.nearest(to: name, in: names)
        return BatonError(
            .usage, "There is no \(what) \"\(name)\"." + (near.map { " Did you mean \"\($0)\"?" } ?? ""),
            remedy: "Name one of: \(names.joined(separator: ", "))."
        )
    }
}

extension Context {
    /// Which fleet file is meant: `--fleet`, then `BATON_FLEET`, then `baton.yaml` here.
    func fleetPath(_ options: GlobalOptions) -> String {
        if let path = options.fleet { return path }
        if let path = environment["BATON_FLEET"], !path.isEmpty { return path }
        return "baton.yaml"
    }

    /// A path as the operator typed it, made absolute.
    func absolute(_ path: String) -> String { FleetWords.absolute(path, in: files.folder()) }

    /// Reads the fleet file.
    ///
    /// - Throws: `FleetFaults` with every fault and its line; ``BatonError/Code/fleetUnreadable`` when there is no file.
    func fleetFile(_ options: GlobalOptions) throws -> FleetFile {
        let path = fleetPath(options)
        guard let bytes = try files.read(absolute(path)) else {
            throw BatonError(
                .fleetUnreadable, "There is no fleet file \(path).",
                remedy: "Name one by --fleet or BATON_FLEET, or run `baton init` to write one."
            )
        }
        return try FleetFile.parse(bytes, path: absolute(path), name: path)
    }

    /// Reads the fleet file and opens the fleet.
    func openFleet(_ options: GlobalOptions) async throws -> OpenFleet {
        let file = try fleetFile(options)
        return OpenFleet(file: file, api: try await composition.open(file))
    }

    /// The bytes of a file that the operator named.
    ///
    /// - Throws: ``BatonError/Code/usage`` when there is none.
    func bytes(of path: String) throws -> [UInt8] {
        guard let bytes = try files.read(absolute(path)) else {
            throw BatonError(.usage, "There is no file \(path).", remedy: "Name a file that is there.")
        }
        return bytes
    }

    /// Writes a result in the form that was asked for.
    func answer(_ options: GlobalOptions, _ json: JSON, _ text: (Style) -> String) {
        if options.json {
            terminal.write(json.text + "\n")
        } else {
            let text = text(terminal.style(plain: options.noColor))
            terminal.write(text.hasSuffix("\n") ? text : text + "\n")
        }
    }

    /// Writes bytes to a new file and says so, or to standard output when no file is named.
    func deliver(_ bytes: [UInt8], to path: String?, _ options: GlobalOptions, what: String) throws {
        guard let path else {
            terminal.write(String(decoding: bytes, as: UTF8.self) + "\n")
            return
        }
        try files.create(absolute(path), bytes)
        answer(options, ["wrote": .string(path), "bytes": .integer(Int64(bytes.count))]) { _ in "Wrote \(what) to \(path)." }
    }

    /// A report for long-running verbs: one line at once.
    func report(_ options: GlobalOptions) -> Report {
        let (terminal, isJSON) = (terminal, options.json)
        return Report { text, json in terminal.write((isJSON ? json.text : text) + "\n") }
    }
}
