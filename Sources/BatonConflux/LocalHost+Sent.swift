import BatonKernel
import BatonModel
import BatonWorld

/// What `.baton/sent.<command>.<boot id>` says: the last command of that kind that was sent to the node in that boot.
///
/// It is written right before the sending and again with its answer, so that a later run of Baton knows of a command
/// that may still be in the node's queue, and never sends a second start under one grant (safety.md R4). It need not
/// survive a reboot: that ends the queue, and what is left of the note then stands under a name that nobody reads.
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
    static func name(_ command: ConfluxDoor.Command, boot: String) -> String {
        (command == .start ? "sent.start." : "sent.stop.") + boot
    }
}

extension LocalHost {
    /// Tells the door, once per run, what a former run sent and never saw answered.
    ///
    /// Behind a note of this boot that can't be understood, a command may still be in the queue of the process that runs now.
    ///
    /// - Returns: false when a note is there that can't be read at all; then nothing may be sent or placed.
    @discardableResult
    func recallOnce() async -> Bool {
        if hasRecalled { return true }
        let boot = await world.processes.bootID()
        do throws(FileError) {
            for command in [ConfluxDoor.Command.start, .stop] {
                switch try await sentNote(command, boot: boot) {
                case .absent: continue
                case .torn:
                    guard case .one(let process) = await look() else { continue }
                    await door.recall(.init(command, since: world.clock.now, incarnation: process.incarnation, grant: nil))
                case .held(let note): if !note.isAnswered { try await recall(note) }
                }
            }
            hasRecalled = true
            return true
        } catch {
            return false
        }
    }

    private func recall(_ note: SentNote) async throws(FileError) {
        await door.recall(note.what)
        openNotes.append(note.what)
        guard let grant = note.what.grant else { return }
        let revoked = site.voteFolder + "/" + VoteNames.revoked + grant.description
        // Only the granted bytes are the token; others show that a stop ran there.
        guard let granted = try await grantCrumb().held, granted.number == grant else { return }
        if try await voteFile(revoked).held?.state.digest == granted.state.digest { await door.tokenRevoked(of: grant) }
    }

    /// The note of the last command of a kind in a boot.
    func sentNote(_ command: ConfluxDoor.Command, boot: String) async throws(FileError) -> Crumb<SentNote> {
        try await crumbValue(SentNote.name(command, boot: boot), SentNote.init(json:))
    }

    /// Writes the note of a command; false when it could not be written.
    func note(_ what: ConfluxDoor.Unanswered, isAnswered: Bool) async -> Bool {
        openNotes.removeAll { $0.isSame(as: what) }
        if !isAnswered { openNotes.append(what) }
        do throws(FileError) {
            let bytes = SentNote(what, isAnswered: isAnswered).json.canonical
            try await world.files.replace(
                crumb(SentNote.name(what.command, boot: what.incarnation.bootID)), with: bytes, mode: 0o600, durable: false)
            return true
        } catch {
            return false
        }
    }

    /// What the door doubts no more (a late answer came, or a flag of true shows that a start has run) must not be doubted by the
    /// next run of Baton either.
    func noteLateAnswers() async {
        let running = await door.mayStillRun
        for command in openNotes where !running.contains(where: command.isSame) { _ = await note(command, isAnswered: true) }
    }

    /// Notes that a command's answer came. Without it the next run doubts more than it must, which is safe.
    func noteAnswer(_ what: ConfluxDoor.Unanswered, _ outcome: Outcome) async {
        if case .unknown(.unanswered) = outcome { return }
        _ = await note(what, isAnswered: true)
    }
}
