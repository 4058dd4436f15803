import ArgumentParser
import BatonDevnet
import BatonModel
import Glibc

/// `baton devnet`.
struct DevnetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devnet", abstract: "A simulated network on this machine: real processes, sockets and files.",
        subcommands: [
            DevnetConflux.self, DevnetVerdict.self, DevnetFaultCommand.self, DevnetReset.self, DevnetDown.self,
            DevnetConfluxNode.self, DevnetConfluxChain.self,
        ]
    )
}

/// Where the devnet lies.
struct DevnetPlace: ParsableArguments {
    @Option(help: ArgumentHelp("The devnet's folder.", valueName: "folder"))
    var directory = "./devnet"

    /// The folder, absolute.
    var absolute: String {
        guard !directory.hasPrefix("/") else { return directory }
        let path = directory.hasPrefix("./") ? String(directory.dropFirst(2)) : directory
        return UserFiles.standard.folder() + "/" + path
    }

    /// The devnet there.
    func open() async throws(BatonError) -> Devnet { try await Devnet.open(absolute) }
}

/// A length of time on the command line: `2s`, `100ms`, `1m`, `6h`.
struct TimeArgument: ExpressibleByArgument {
    let duration: Duration
    init(_ duration: Duration) { self.duration = duration }
    init?(argument: String) {
        for (unit, length) in [("ms", Duration.milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600))]
        where argument.hasSuffix(unit) {
            guard let count = Int(argument.dropLast(unit.count)), count >= 0 else { return nil }
            duration = length * count
            return
        }
        return nil
    }
    var defaultValueDescription: String { duration.readable }
}

/// Writes a line to standard output.
private func tell(_ text: String) { Terminal.standard(environment: [:]).write(text + "\n") }

/// `baton devnet conflux`.
struct DevnetConflux: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflux", abstract: "Start a Conflux chain and nodes, and write a fleet file for them.",
        discussion: """
            Every node is a process of its own with its own folder. Releases to upgrade from lie in releases/3.0.3 and
            releases/3.1.0 of the devnet's folder, the fleet file is baton.yaml in it.

            Examples:
              baton devnet conflux --directory ./devnet --detach
              baton devnet conflux --round 500ms --rounds-per-epoch 20
            """
    )
    @OptionGroup var place: DevnetPlace
    @Option(help: "Voting identities.")
    var identities = 1
    @Option(help: "Nodes of each identity.")
    var nodes = 2
    @Option(help: ArgumentHelp("How long a round lasts (30s to 100ms).", valueName: "time"))
    var round = TimeArgument(.seconds(2))
    @Option(help: "Rounds of one PoS epoch.")
    var roundsPerEpoch: UInt64 = 120
    @Option(help: "Decides leaders, names and keys.")
    var seed: UInt64 = 7
    @Option(name: .customLong("release"), help: "The release that the nodes run first: 3.0.3 or 3.1.0.")
    var release = "3.0.3"
    @Flag(help: "Tell no node to vote.")
    var nobodyVotes = false
    @Flag(help: "Come back when everything runs; `baton devnet down` ends it.")
    var detach = false
    @Flag(help: "Write JSON.")
    var json = false

    func run() async throws {
        let own = unsafe realpath("/proc/self/exe", nil)
        defer { unsafe free(own) }
        let executable = unsafe own.map { unsafe String(cString: $0) } ?? "baton"
        let devnet = try await DevnetLauncher.up(
            DevnetSettings(
                directory: place.absolute, executable: executable, identities: identities, nodesPerIdentity: nodes,
                round: round.duration, roundsPerEpoch: roundsPerEpoch, seed: seed, version: release,
                nobodyVotes: nobodyVotes
            )
        )
        if json {
            tell(devnet.json.text)
        } else {
            tell("The devnet runs: chain on 127.0.0.1:\(devnet.chainPort)")
            for node in devnet.nodes { tell("  \(node.name)  127.0.0.1:\(node.port)  \(node.directory)") }
            tell("Fleet file: \(devnet.directory)/baton.yaml")
        }
        guard !detach else { return }
        tell("Ctrl-C ends it.")
        Interrupts.watch()
        while !Interrupts.isAsked { _ = poll(nil, 0, 200) }
        await DevnetLauncher.down(devnet)
    }
}

/// `baton devnet verdict`.
struct DevnetVerdict: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verdict", abstract: "Ask the chain process: votes cast, missed, conflicting, overlapping, voters now."
    )
    @OptionGroup var place: DevnetPlace
    @Option(help: ArgumentHelp("One identity.", valueName: "pos-address"))
    var identity: String?
    @Flag(help: "Write JSON.")
    var json = false

    func run() async throws {
        let verdict = try await DevnetFault(try await place.open()).verdict(identity)
        guard !json else { return tell(verdict.text) }
        for one in verdict["identities"]?.array ?? [] {
            let now = (one["votersNow"]?.array ?? []).compactMap { $0["node"]?.string }.joined(separator: " ")
            let counts = ["missed", "conflicting", "overlap"].map { "\(one[$0]?.array?.count ?? 0) \($0)" }
            tell(
                "0x\((one["posAddress"]?.string ?? "").prefix(12))…  \(one["votesCast"]?.integer ?? 0) of "
                    + "\(one["rounds"]?.integer ?? 0) rounds voted, \(counts.joined(separator: ", ")); votes now: "
                    + (now.isEmpty ? "nobody" : now)
            )
        }
    }
}

/// `baton devnet reset`.
struct DevnetReset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Begin anew on the same ports: chain, folders and nodes."
    )
    @OptionGroup var place: DevnetPlace
    @Option(help: "Another chain.")
    var seed: UInt64?

    func run() async throws { try await DevnetLauncher.reset(try await place.open(), seed: seed) }
}

/// `baton devnet down`.
struct DevnetDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "End the devnet's processes; its folders stay."
    )
    @OptionGroup var place: DevnetPlace

    func run() async throws { await DevnetLauncher.down(try await place.open()) }
}

/// `baton devnet fault`.
struct DevnetFaultCommand: AsyncParsableCommand {
    /// What can happen.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case kill, stop, `continue`, restart, hang, slow, reorder, busy, answer, file, clear, roll, silence
        case restartAsVoter = "restart-as-voter"
        case killLoop = "kill-loop"
    }
    static let configuration = CommandConfiguration(
        commandName: "fault", abstract: "Do something bad to the devnet.",
        discussion: """
              kill stop continue restart restart-as-voter NODE   its process (restart: --catch-up TIME stays behind)
              hang slow reorder busy NODE --time TIME            its RPC; hang without a time lasts until clear
              kill-loop NODE                                     its PoS loop dies, the process lives
              answer NODE --method M --nth N --deed lose|close|delay|delay-command [--time TIME]
              file NODE --state zero|garbled|foreign|stale|absent [--saved]
              clear NODE · roll · silence --rounds N             end RPC faults · the epoch ends now · empty rounds

            Examples:
              baton devnet fault restart-as-voter acme-1-a
              baton devnet fault answer acme-1-b --method test_posStartVoting --deed lose
            """
    )
    @OptionGroup var place: DevnetPlace
    @Argument(help: "What is to happen.")
    var kind: Kind
    @Argument(help: "To which node.")
    var node: String?
    @Option(help: ArgumentHelp("How long, or how late.", valueName: "time"))
    var time: TimeArgument?
    @Option(help: ArgumentHelp("How long a restarted node stays behind.", valueName: "time"))
    var catchUp: TimeArgument?
    @Option(help: "A method's name.")
    var method: String?
    @Option(help: "Which call from now on, counted from 1.")
    var nth: UInt64 = 1
    @Option(help: "lose, close, delay or delay-command.")
    var deed = "lose"
    @Option(help: "zero, garbled, foreign, stale or absent.")
    var state: String?
    @Flag(help: "secure_storage.json.save instead of secure_storage.json.")
    var saved = false
    @Option(help: "How many rounds.")
    var rounds: UInt64 = 1

    func run() async throws {
        let fault = DevnetFault(try await place.open())
        if kind == .roll { return try await fault.rollEpoch() }
        if kind == .silence { return try await fault.silence(rounds: rounds) }
        guard let node else { throw ValidationError("Name a node.") }
        let time = time?.duration
        switch kind {
        case .kill: try await fault.kill(node)
        case .stop: try await fault.stop(node)
        case .continue: try await fault.continue(node)
        case .restart: try await fault.restart(node, catchUp: catchUp?.duration)
        case .restartAsVoter: try await fault.restart(node, asVoter: true, catchUp: catchUp?.duration)
        case .hang: try await fault.hang(node, for: time)
        case .slow: try await fault.slow(node, by: try need(time))
        case .reorder: try await fault.reorder(node, by: try need(time))
        case .busy: try await fault.busy(node, for: try need(time))
        case .killLoop: try await fault.killLoop(node)
        case .clear: try await fault.clear(node)
        case .answer:
            guard let method else { throw ValidationError("Name a --method.") }
            try await fault.answer(node, method: method, nth: nth, deed: deed, delay: time ?? .zero)
        case .file:
            guard let state = state.flatMap(DevnetFault.FileState.init(rawValue:)) else {
                throw ValidationError("--state is zero, garbled, foreign, stale or absent.")
            }
            try await fault.file(node, state, isSaved: saved)
        case .roll, .silence: break
        }
    }

    private func need(_ time: Duration?) throws -> Duration {
        guard let time else { throw ValidationError("Say how long by --time.") }
        return time
    }
}

/// `baton devnet conflux-node`: what a devnet release's `conflux` runs.
struct DevnetConfluxNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflux-node", abstract: "Run one node process in this folder.", shouldDisplay: false
    )
    @Option(help: "The configuration file.")
    var config = "hydra.toml"
    @Option(help: "Whether the node votes from its start on; wins over the configuration file.")
    var posStartedAsVoter: Bool?
    @Option(help: "How long the node stays behind after its start.")
    var catchUp: TimeArgument?
    @Option(help: "The process's name in evidence.")
    var incarnation: String?
    @Flag(help: "A scenario gives the events and the clock.")
    var scenario = false

    func run() async throws {
        let words = await DevnetProcess.node(
            configuration: config, startedAsVoter: posStartedAsVoter, catchUp: catchUp?.duration,
            incarnation: incarnation, isScenario: scenario
        )
        Terminal.standard(environment: [:]).writeError(words + "\n")
        // A panic of the real program ends with 101.
        Glibc.exit(101)
    }
}

/// `baton devnet conflux-chain`: the chain process.
struct DevnetConfluxChain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflux-chain", abstract: "Run the chain process in this folder.", shouldDisplay: false
    )
    @Option(help: "The file with the chain's settings.")
    var settings = "chain.json"
    @Option(help: "Where it listens.")
    var port: Int
    @Flag(help: "A scenario orders every round.")
    var scenario = false

    func run() async throws {
        let bytes = try UserFiles.standard.read(settings) ?? []
        let words = await DevnetProcess.chain(settings: try JSON(parsing: bytes), port: port, isScenario: scenario)
        Terminal.standard(environment: [:]).writeError(words + "\n")
        Glibc.exit(1)
    }
}
