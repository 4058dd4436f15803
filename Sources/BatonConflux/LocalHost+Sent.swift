import BatonKernel
import BatonModel
import BatonWorld

/// What `.baton/sent.<command>` says: the last command of that kind that was sent to the node.
///
/// It is written right before the sending and again with its answer, so that a later run of Baton knows of a command
/// that may still be in the node's queue, and never sends a second start under one grant (safety.md R4). It need not
/// survive a reboot: that ends the queue.
struct SentNote: Hashable, Sendable, JSONCoded {
    let what: ConfluxDoor.Unanswered
    let isAnswered: Bool

    init(_ what: ConfluxDoor.Unanswered, isAnswered: Bool) { (self.what, self.isAnswered) = (what, isAnswered) }
    var json: JSON {
        [
            "command": .string(what.command.rawValue), "since": .integer(what.since.nanoseconds), "answered": .bool(isAnswered),
            "incarnation": what.incarnation.json, "grant": what.grant.map { .unsigned($0.rawValue) } ?? .null,
        ]
    }
    init(json: JSON) throws(JSONError) {
        guard let command = ConfluxDoor.Command(rawValue: try json.text("command")), let answered = json["answered"]?.bool,
            let since = json["since"]?.integer
        else { throw JSONError("no note of a command") }
        self.init(
            ConfluxDoor.Unanswered(
                command, since: Instant(nanoseconds: since), incarnation: try Incarnation(json: try json.need("incarnation")),
                grant: json["grant"]?.unsigned.map(GrantNumber.init(rawValue:))),
            isAnswered: answered)
    }
    /// The name of the note in `.baton`.
    static func name(_ command: ConfluxDoor.Command) -> String { command == .start ? "sent.start" : "sent.stop" }
}

extension LocalHost {
    /// Tells the door, once per run, what a former run sent and never saw answered.
    ///
    /// - Returns: false when a note is there that can't be read; then nothing may be sent or placed.
    @discardableResult
    func recallOnce() async -> Bool {
        if hasRecalled { return true }
        do throws(FileError) {
            for command in [ConfluxDoor.Command.start, .stop] {
                guard let note = try await read(SentNote.name(command), SentNote.init(json:)), !note.isAnswered else { continue }
                await door.recall(note.what)
                guard let grant = note.what.grant else { continue }
                let revoked = site.voteFolder + "/" + VoteNames.revoked + grant.description
                // Only the granted bytes are the token; others show that a stop ran there.
                guard let granted = try await grantBeside(), granted.number == grant else { continue }
                if try await voteFile(revoked).held?.state.digest == granted.state.digest { await door.tokenRevoked(of: grant) }
            }
            hasRecalled = true
            return true
        } catch {
            return false
        }
    }

    /// Writes the note of a command; false when it could not be written.
    func note(_ what: ConfluxDoor.Unanswered, isAnswered: Bool) async -> Bool {
        do throws(FileError) {
            let bytes = SentNote(what, isAnswered: isAnswered).json.canonical
            try await world.files.replace(crumb(SentNote.name(what.command)), with: bytes, mode: 0o600, durable: false)
            return true
        } catch {
            return false
        }
    }

    /// Notes that a command's answer came. Without it the next run doubts more than it must, which is safe.
    func noteAnswer(_ what: ConfluxDoor.Unanswered, _ outcome: Outcome) async {
        if case .unknown(.unanswered) = outcome { return }
        _ = await note(what, isAnswered: true)
    }
}
