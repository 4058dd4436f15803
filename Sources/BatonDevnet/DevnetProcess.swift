import BatonConfluxNode
import BatonHTTP
package import BatonModel
import BatonWorldLive
import Glibc

/// The bodies of `baton devnet conflux-node` and `baton devnet conflux-chain`: they end only with the process.
package enum DevnetProcess {
    /// Runs a node process in the working folder.
    ///
    /// - Parameters:
    ///   - configuration: `--config`.
    ///   - startedAsVoter: `--pos-started-as-voter`, if it was given.
    ///   - catchUp: how long the node stays behind after its start.
    ///   - incarnation: its name in evidence; else `pid@boot`.
    ///   - isScenario: no polling and no timers; a scenario stage gives the events.
    /// - Returns: the words for standard error, with which the process is to end.
    package static func node(
        configuration: String, startedAsVoter: Bool?, catchUp: Duration? = nil, incarnation: String? = nil,
        isScenario: Bool = false
    ) async -> String {
        // A client that went away must not end the node.
        _ = signal(SIGPIPE, SIG_IGN)
        let own = await LiveProcesses().own()
        let name = incarnation ?? "\(own.pid)@\(own.bootID.prefix(8))"
        let loop = SerialLoop()
        do throws(NodePanic) {
            let read = try NodeConfiguration(
                folder: ".", configuration: configuration, startedAsVoter: startedAsVoter, incarnation: name
            )
            let process = NodeProcess(read, folder: ".", isScenario: isScenario, on: loop)
            try await process.start(catchUp: catchUp)
            await forever(process)
            return ""
        } catch {
            return "thread 'main' panicked: \(error.description)"
        }
    }

    /// Runs the chain process.
    ///
    /// - Parameters:
    ///   - settings: the bytes of the file that the launcher wrote; see ``ChainSettings``.
    ///   - port: where it listens.
    /// - Returns: the words for standard error, with which the process is to end.
    package static func chain(settings: JSON, port: Int, isScenario: Bool = false) async -> String {
        _ = signal(SIGPIPE, SIG_IGN)
        let loop = SerialLoop()
        do {
            let process = ChainProcess(try ChainSettings(json: settings), isScenario: isScenario, on: loop)
            try await process.run(port: port)
            await forever(process)
            return ""
        } catch {
            return "the chain process can't start: \(error)"
        }
    }

    private static func forever(_ process: some Actor) async {
        defer { withExtendedLifetime(process) {} }
        // The process ends by a signal or by exit(3); a cancelled sleep just begins again.
        while true { try? await Task.sleep(for: .seconds(86_400)) }
    }
}
