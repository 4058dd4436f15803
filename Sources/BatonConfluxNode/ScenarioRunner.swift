import BatonModel

/// Plays a scenario on a stage and writes its transcript.
///
/// A scenario is a text of steps, one per line; `#` begins a comment. Behind a line `---` lies the transcript that is
/// expected. Steps:
///
///     chain seed=7 rounds-per-epoch=10 others=270 epoch=37011 round-seconds=30     (first; every word may be left out)
///     key k1 power=30 [out]                                                       (an identity, before the first node)
///     node a version=3.0.3 key=k1 [voter=true] [config=3.1.0]                     (its folder, not its process)
///     boot a [voter=true] [version=3.1.0] [catching-up] · caught-up a · kill a · pause a · resume a
///     rounds 3 · roll epoch · silence 2
///     call a METHOD [PARAM…] [on CONNECTION] · send a METHOD [PARAM…] [on CONNECTION] as NAME · answer NAME · disconnect a CONNECTION
///     move a:FILE b:FILE · copy a:FILE b:FILE · delete a:FILE · zero a:FILE · write a:FILE TEXT · edit a:FILE epoch=E round=R preferred=P
///     files a · state a · verdict k1 [since=E/R] · ask METHOD [PARAM…]
///
/// PARAM is JSON or a bare word; `$k1` is the 0x-address of a key. FILE is a name in `pos_db`; `json` and `save` stand
/// for the two that matter.
package struct ScenarioRunner<Stage: ScenarioStage> {
    /// Where it is played.
    package private(set) var stage: Stage
    private var settings = ChainSettings()
    private var hasBegun = false
    private var keys: [(name: String, address: String)] = []
    private var nodes: [String: NodeSettings] = [:]
    private var boots: [String: Int] = [:]
    private var running: Set<String> = []
    private var transcript = ""

    package init(on stage: Stage) { self.stage = stage }

    /// The steps and the expected transcript of a scenario file; the latter is empty when the file has none.
    package static func split(_ text: String) -> (steps: String, expected: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let index = lines.firstIndex(of: "---") else { return (text, "") }
        func joined(_ part: some Sequence<Substring>) -> String { part.joined(separator: "\n") }
        return (joined(lines[..<index]) + "\n", joined(lines[(index + 1)...]))
    }

    /// Plays all steps.
    ///
    /// - Returns: the transcript: every step behind `> `, what it did indented.
    /// - Throws: ``ScenarioError`` with the line number.
    package mutating func run(_ text: String) async throws(ScenarioError) -> String {
        transcript = ""
        let lines = Self.split(text).steps.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let step = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
            guard !step.isEmpty else { continue }
            transcript += "> " + step.joined(separator: " ") + "\n"
            do {
                for result in try await play(step) { transcript += "  " + result + "\n" }
            } catch {
                throw ScenarioError("line \(index + 1): \(error.description)")
            }
        }
        return transcript
    }

    private mutating func play(_ step: [String]) async throws(ScenarioError) -> [String] {
        switch step[0] {
        case "chain", "key":
            try declareChain(step)
            return []
        case "node", "boot", "caught-up", "kill", "pause", "resume": return try await playNode(step)
        case "rounds", "roll", "silence", "verdict", "ask": return try await playChain(step)
        case "call", "send", "answer", "disconnect": return try await playCall(step)
        case "move", "copy", "delete", "zero", "write", "edit", "files", "state": return try await playFile(step)
        default: throw ScenarioError("unknown step \"\(step[0])\"")
        }
    }

    // MARK: The chain

    private mutating func declareChain(_ step: [String]) throws(ScenarioError) {
        guard !hasBegun else { throw ScenarioError("the chain runs already") }
        if step[0] == "key" {
            guard step.count >= 2 else { throw ScenarioError("a key needs a name") }
            let options = try Options(step.dropFirst(2))
            let address = IdentitySettings.address(ofKey: step[1])
            settings.identities.append(
                IdentitySettings(
                    posAddress: address, votingPower: try options.number("power") ?? 30, inCommittee: !options.has("out")
                )
            )
            keys.append((step[1], address))
            return
        }
        let options = try Options(step.dropFirst())
        settings.seed = try options.number("seed") ?? settings.seed
        settings.roundsPerEpoch = try options.number("rounds-per-epoch") ?? settings.roundsPerEpoch
        settings.otherHonestPower = try options.number("others") ?? settings.otherHonestPower
        settings.firstEpoch = try options.number("epoch") ?? settings.firstEpoch
        settings.chainID = try options.number("chain-id") ?? settings.chainID
        if let seconds = try options.number("round-seconds") { settings.roundTimeout = .seconds(Int64(seconds)) }
    }

    private mutating func begin() async throws(ScenarioError) {
        guard !hasBegun else { return }
        hasBegun = true
        try await stage.begin(settings)
    }

    private mutating func playChain(_ step: [String]) async throws(ScenarioError) -> [String] {
        try await begin()
        switch step[0] {
        case "rounds":
            guard step.count == 2, let count = Int(step[1]) else { throw ScenarioError("rounds COUNT") }
            var lines: [String] = []
            for _ in 0..<count { lines += told(try await stage.round()) }
            return lines
        case "roll": return told(try await stage.rollEpoch())
        case "silence":
            guard step.count == 2, let count = UInt64(step[1]) else { throw ScenarioError("silence COUNT") }
            try await stage.silence(rounds: count)
            return []
        case "verdict":
            guard step.count >= 2, let key = keys.first(where: { $0.name == step[1] }) else { throw ScenarioError("verdict KEY") }
            let since = try Options(step.dropFirst(2)).watermark("since")
            let verdict = try await stage.verdict(key.address, since: since)
            return pretty(verdict)
        default:
            guard step.count >= 2 else { throw ScenarioError("ask METHOD [PARAM…]") }
            return [named(try await stage.chainCall(step[1], params(step.dropFirst(2))).line)]
        }
    }

    private func pretty(_ verdict: JSON) -> [String] {
        let members = verdict.object ?? [:]
        return members.keys.sorted().map { named("\($0): \((members[$0] ?? .null).text)") }
    }

    private func told(_ events: [ChainEvent]) -> [String] {
        events.compactMap { event in
            switch event {
            case .roundOpened: nil
            case .voteDue(let proposal):
                "\(proposal.block.watermark) proposal" + (proposal.leader.flatMap(key).map { " of \($0)" } ?? "")
            case .roundTimedOut(let proposal): "\(proposal.block.watermark) timed out"
            case .certificateClosed(let block, let isNil, let signers):
                "\(block.watermark) certificate \(isNil ? "NIL " : "")height \(block.version) signed by ["
                    + signers.compactMap(key).joined(separator: " ") + "]"
            case .committed(let height, _): "committed height \(height)"
            case .epochBegan(let epoch, let committee):
                "epoch \(epoch) began with [" + committee.compactMap(key).sorted().joined(separator: " ") + "]"
            case .disputed(let address, let mark): "dispute against \(key(address) ?? address) at \(mark)"
            case .forceRetired(let address, let height): "\(key(address) ?? address) force-retired at height \(height)"
            }
        }
    }

    private func key(_ address: String) -> String? { keys.first { $0.address == address }?.name }

    /// Addresses as names, so that people can read a transcript.
    private func named(_ text: String) -> String {
        keys.reduce(text) { text, key in
            text.replacing(key.address, with: "<\(key.name)>")
                .replacing(key.address.uppercased(), with: "<\(key.name.uppercased())>")
        }
    }

    private func params(_ words: some Sequence<String>) -> [JSON] {
        words.map { word in
            if word.hasPrefix("$"), let key = keys.first(where: { $0.name == word.dropFirst() }) {
                return .string("0x" + key.address)
            }
            // A bare word is a text.
            return (try? JSON(text: word)) ?? .string(word)
        }
    }

    // MARK: Nodes

    private mutating func playNode(_ step: [String]) async throws(ScenarioError) -> [String] {
        try await begin()
        guard step.count >= 2 else { throw ScenarioError("\(step[0]) NODE") }
        let name = step[1]
        let options = try Options(step.dropFirst(2))
        switch step[0] {
        case "node":
            guard let key = keys.first(where: { $0.name == options.text("key") }) else { throw ScenarioError("key=NAME is missing") }
            var node = NodeSettings(name: name, posAddress: key.address, chainID: settings.chainID)
            try apply(options, to: &node)
            nodes[name] = node
            try await stage.declare(node)
            return []
        case "boot": return try await boot(name, options)
        case "kill":
            running.remove(name)
            try await stage.kill(name)
        case "pause": try await stage.pause(name)
        case "resume": try await stage.resume(name)
        default: try await stage.finishCatchUp(name)
        }
        return []
    }

    private mutating func boot(_ name: String, _ options: Options) async throws(ScenarioError) -> [String] {
        guard var node = nodes[name] else { throw ScenarioError("no node \(name)") }
        guard !running.contains(name) else { throw ScenarioError("node \(name) runs already") }
        try apply(options, to: &node)
        let count = (boots[name] ?? 0) + 1
        boots[name] = count
        node.incarnation = "\(name)#\(count)"
        if let panic = try await stage.boot(node, isCatchingUp: options.has("catching-up")) { return ["panic: " + panic] }
        running.insert(name)
        return ["\(node.incarnation) runs"]
    }

    private func apply(_ options: Options, to node: inout NodeSettings) throws(ScenarioError) {
        if let text = options.text("version") {
            guard let version = NodeVersion(rawValue: text) else { throw ScenarioError("no version \(text)") }
            (node.version, node.configVersion) = (version, version)
        }
        if let text = options.text("config") {
            guard let version = NodeVersion(rawValue: text) else { throw ScenarioError("no version \(text)") }
            node.configVersion = version
        }
        if let text = options.text("voter") { node.startedAsVoter = text == "true" }
    }

    // MARK: Calls

    private mutating func playCall(_ step: [String]) async throws(ScenarioError) -> [String] {
        try await begin()
        if step[0] == "answer" {
            guard step.count == 2 else { throw ScenarioError("answer NAME") }
            return [named(try await stage.answer(step[1])?.line ?? "no answer")]
        }
        guard step.count >= 3 else { throw ScenarioError("\(step[0]) NODE …") }
        if step[0] == "disconnect" {
            try await stage.disconnect(step[1], connection: step[2])
            return []
        }
        var words = Array(step.dropFirst(3))
        func word(behind keyword: String) -> String? {
            guard let index = words.lastIndex(of: keyword), index + 1 < words.count else { return nil }
            defer { words.removeSubrange(index...(index + 1)) }
            return words[index + 1]
        }
        let name = word(behind: "as")
        let connection = word(behind: "on") ?? "main"
        guard running.contains(step[1]) else { return ["unreachable"] }
        let params = params(words)
        if step[0] == "send" {
            guard let name else { throw ScenarioError("send … as NAME") }
            try await stage.send(step[1], step[2], params, connection: connection, as: name)
            return []
        }
        let reply = try await stage.call(step[1], step[2], params, connection: connection)
        return [named(reply?.line ?? "no answer")]
    }

    // MARK: Files

    private mutating func playFile(_ step: [String]) async throws(ScenarioError) -> [String] {
        try await begin()
        guard step.count >= 2 else { throw ScenarioError("\(step[0]) …") }
        switch step[0] {
        case "files", "state":
            var lines: [String] = []
            for file in [SafetyFile.live, SafetyFile.saved] {
                guard let bytes = try await stage.read(step[1], file) else {
                    lines.append("\(file): absent")
                    continue
                }
                let text = step[0] == "files" ? String(decoding: bytes, as: UTF8.self) : named(Self.summary(bytes))
                lines.append("\(file): " + (bytes.isEmpty ? "empty" : text))
            }
            return lines
        case "move", "copy":
            guard step.count == 3 else { throw ScenarioError("\(step[0]) NODE:FILE NODE:FILE") }
            let (from, to) = (try Self.place(step[1]), try Self.place(step[2]))
            guard let bytes = try await stage.read(from.node, from.file) else { return ["no file \(step[1])"] }
            try await stage.write(to.node, to.file, bytes)
            if step[0] == "move" { try await stage.write(from.node, from.file, nil) }
            return []
        default:
            let place = try Self.place(step[1])
            try await edit(step, place)
            return []
        }
    }

    private mutating func edit(_ step: [String], _ place: (node: String, file: String)) async throws(ScenarioError) {
        switch step[0] {
        case "delete": try await stage.write(place.node, place.file, nil)
        case "zero": try await stage.write(place.node, place.file, [])
        case "write": try await stage.write(place.node, place.file, Array(step.dropFirst(2).joined(separator: " ").utf8))
        default:
            let options = try Options(step.dropFirst(2))
            let bytes = try await stage.read(place.node, place.file)
            // A file that can't be read can't be edited: the reason is in the error below.
            guard let bytes, var map = try? StorageMap(bytes), let epoch = try options.number("epoch") else {
                throw ScenarioError("edit NODE:FILE epoch=E round=R preferred=P of a file that can be read")
            }
            var data = SafetyData.unvoted(in: epoch)
            data.lastVotedRound = try options.number("round") ?? 0
            data.preferredRound = try options.number("preferred") ?? 0
            map.set("safety_data", data.entry(wallSeconds: settings.startWallSeconds))
            try await stage.write(place.node, place.file, map.bytes)
        }
    }

    private static func place(_ text: String) throws(ScenarioError) -> (node: String, file: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ScenarioError("\"\(text)\" is no NODE:FILE") }
        switch parts[1] {
        case "json": return (parts[0], SafetyFile.live)
        case "save": return (parts[0], SafetyFile.saved)
        default: return (parts[0], parts[1])
        }
    }

    /// What a safety file says, in one line.
    private static func summary(_ bytes: [UInt8]) -> String {
        let map: StorageMap
        do { map = try StorageMap(bytes) } catch { return "malformed" }
        var words: [String] = []
        do { words.append("owner " + (try SecureStorage.owner(of: map))) } catch { words.append("owner none") }
        do {
            let data = try SafetyData(value: try map.value("safety_data"))
            words.append("epoch \(data.epoch) voted \(data.lastVotedRound) preferred \(data.preferredRound)")
            words.append("last_vote " + (data.lastVote?.at.description ?? "null"))
        } catch {
            words.append("no safety_data")
        }
        words.append(map.has("waypoint") ? "waypoint" : "no waypoint")
        return words.joined(separator: ", ")
    }
}

/// The `name=value` words of a step; bare words are flags.
private struct Options {
    private var values: [String: String] = [:]
    private var flags: Set<String> = []

    init(_ words: some Sequence<String>) throws(ScenarioError) {
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { values[parts[0]] = parts[1] } else { flags.insert(word) }
        }
    }

    func has(_ flag: String) -> Bool { flags.contains(flag) }
    func text(_ name: String) -> String? { values[name] }

    func number(_ name: String) throws(ScenarioError) -> UInt64? {
        guard let text = values[name] else { return nil }
        guard let number = UInt64(text) else { throw ScenarioError("\(name)=\(text) is no whole number") }
        return number
    }

    func watermark(_ name: String) throws(ScenarioError) -> Watermark? {
        guard let text = values[name] else { return nil }
        let parts = text.split(separator: "/").map { UInt64($0) }
        guard parts.count == 2, let epoch = parts[0], let round = parts[1] else { throw ScenarioError("\(name)=\(text) is no E/R") }
        return Watermark(epoch: epoch, round: round)
    }
}
