package import BatonAPI
import BatonModel

/// What every error code means, for `baton explain`.
package enum CodeExplanations {
    /// One for each of ``BatonError/Code/all``, in that order.
    package static let all: [Explanation] = BatonError.Code.all.compactMap { code in
        texts[code].map { Explanation(id: code.text, title: $0.title, text: $0.text, remedy: $0.remedy, exit: code.exit) }
    }

    /// An explanation on a screen.
    package static func text(_ found: Explanation, _ style: Style) -> String {
        var lines = [style.toned("\(found.id): \(found.title)", .strong), "", style.wrapped(found.text, first: 0, indent: 0), ""]
        lines.append(style.labelled("do", found.remedy, size: 6))
        if let exit = found.exit { lines.append(style.labelled("exit", "\(exit.rawValue), \(meaning(exit))", size: 6)) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// An exit status in words.
    static func meaning(_ exit: ExitStatus) -> String {
        switch exit {
        case .done: "done"
        case .failed: "failed; the fleet is as before or in the named safe state"
        case .usage: "usage or configuration; nothing touched"
        case .refused: "refused by a guard; nothing touched"
        case .doubt: "in doubt; needs you, and the missing fact is named"
        case .interrupted: "interrupted; `baton resume` goes on"
        case .findings: "findings"
        }
    }

    private static let texts: [BatonError.Code: (title: String, text: String, remedy: String)] = [
        .usage: (
            "The command line can't be understood",
            "An unknown verb, flag, validator or node, or a value that does not fit. Nothing was done.",
            "Read the message; `baton help VERB` shows the form with examples."
        ),
        .fleetUnreadable: (
            "The fleet file can't be read", "There is no such file, or it is no YAML in UTF-8. Nothing was observed or done.",
            "Name the file by --fleet or BATON_FLEET, mend the line that is named, or run `baton init`."
        ),
        .fleetInvalid: (
            "The fleet file is wrong",
            "A key is unknown, missing or of the wrong kind, or two things that must differ are the same. Every fault has its line.",
            "Mend the lines, then run `baton check`."
        ),
        .planUnreadable: (
            "The saved plan can't be used", "The file is no plan, was edited after it was saved, or belongs to another version of Baton.",
            "Plan again with --out and apply that file."
        ),
        .unknownOperation: (
            "There is no such operation", "No operation has this number, or none is unfinished.", "Run `baton list`."
        ),
        .releaseInvalid: (
            "The release can't be used",
            "A release is a folder with a binary and the configuration that belongs to it; something in it is missing or does not fit.",
            "Mend the folder as the message says and plan again."
        ),
        .refused: (
            "A rule refused", "A guard does not hold by fresh facts. Nothing was touched, or everything was put back.",
            "Read the rule that is named with `baton explain RULE`, do what it says, and try again."
        ),
        .assumptionBroken: (
            "The plan no longer fits", "Something that the plan takes as given is no longer so. Nothing was touched.",
            "Plan again; the fleet has changed."
        ),
        .leaseHeld: (
            "Another Baton operates on this validator", "Its process holds the lease and still runs, or can't be seen from here.",
            "Wait for it. If it is gone for good, run `baton lease break VALIDATOR --reason TEXT`."
        ),
        .leaseLost: (
            "Another Baton took over", "This process's lease has a lower number than the current one: it may do nothing more.",
            "Run `baton list` and go on where the lease is."
        ),
        .grantOpen: (
            "A grant is open", "One node holds the right to vote. A second grant would make two voters possible, so none is opened.",
            "Run `baton resume`, or `baton status` to see who holds it."
        ),
        .grantUnknown: (
            "The state of a grant is not known", "It can't be shown whether a start that was sent has run or will run.",
            "Bring back the node or the file that the message names, then run `baton resume`."
        ),
        .doubt: (
            "A fact is missing", "Going on would mean to guess. Baton stopped in the last state that is safe.",
            "Supply the fact that the message names, then run `baton resume`."
        ),
        .twoVoters: (
            "Two nodes can vote for one identity", "Every further vote puts the stake at risk. Nothing was started or stopped.",
            "Stop voting on one of them by hand now, then run `baton recover VALIDATOR`."
        ),
        .storeUnreadable: (
            "The state can't be opened", "The state folder or its database can't be opened or was written by a newer version.",
            "Mend the permissions, or use the Baton that wrote it."
        ),
        .storeBroken: (
            "The state can't be trusted", "The database failed its checks or a write was not made durable. Nothing was decided from it.",
            "Keep the folder as it is, bring the disk in order, and run `baton recover VALIDATOR` with a new state folder."
        ),
        .journalBroken: (
            "The journal's chain does not verify", "An entry was changed, removed or put in after it was written.",
            "Keep the file as evidence and find out who changed it; `baton recover VALIDATOR` works without it."
        ),
        .failed: (
            "Something failed", "The fleet is as it was, or in the safe state that is named.",
            "Do what the message says; `baton status` shows the next safe command."
        ),
        .interrupted: (
            "Stopped before the end", "The operation stopped at a safe point because it was asked to.", "Run `baton resume`."
        ),
        .unreachable: (
            "A node or host can't be reached", "Nothing answers at the address in time.",
            "Look after the process and the address that are named, then try again."
        ),
        .deadlock: (
            "Nothing more can happen", "The simulation or the run waits for something that nothing will bring: a defect of Baton.",
            "Report it with the seed or the journal that is named."
        ),
    ]
}
