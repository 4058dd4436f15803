package import ArgumentParser

/// The command `baton` with its verbs. A verb that this build can't do is not there.
package struct BatonCommand: ParsableCommand {
    /// Name, help and verbs.
    package static let configuration = CommandConfiguration(
        commandName: "baton", abstract: "Upgrade live consensus networks without missing a vote, and without ever voting twice.",
        discussion: """
            Begin with `baton init`, then `baton check` and `baton status`.

            Exit status: 0 done, 1 failed (fleet as before or in the named safe state), 2 usage or configuration, 3 refused,
            nothing touched, 4 in doubt, needs you, 5 interrupted, resumable, 6 findings.
            """,
        version: Program.version, subcommands: verbs
    )

    /// The names of the verbs that are there.
    package static var verbNames: [String] { verbs.compactMap { $0.configuration.commandName } }

    private static var verbs: [any ParsableCommand.Type] {
        var verbs: [any ParsableCommand.Type] = [
            InitCommand.self, CheckCommand.self, DoctorCommand.self, StatusCommand.self, WhyCommand.self, LogCommand.self,
            ListCommand.self, ExplainCommand.self, StartCommand.self, StopCommand.self, SwitchoverCommand.self,
            UpgradeCommand.self, ApplyCommand.self, ResumeCommand.self, AbortCommand.self, RecoverCommand.self,
            LedgerCommand.self, LeaseCommand.self,
        ]
        if Composition.live.simulate != nil { verbs.append(SimCommand.self) }
        if Composition.live.demonstrate != nil { verbs.append(DemoCommand.self) }
        if Composition.live.measure != nil { verbs.append(BenchCommand.self) }
        verbs += [DevnetCommand.self, VersionCommand.self] as [any ParsableCommand.Type]
        return verbs
    }

    package init() {}
}
