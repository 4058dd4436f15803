/// The door of safety.md R1: the words that start voting stand in one file.
///
/// The models of a node answer to them, the simulator's checkers and faults watch for them on its own wire, and tests speak them to
/// nodes; nothing that runs against a node in an operation may.
package enum DoorRule {
    /// The one file behind the voting right.
    package static let door = "Sources/BatonConflux/ConfluxDoor.swift"
    private static let models = [
        "Sources/BatonConfluxNode/", "Sources/BatonDevnet/", "Sources/BatonSim/", "Sources/TidyRules/",
        // Only the words of a fault, in a help text.
        "Sources/BatonCLI/DevnetCommands.swift",
    ]
    private static let names = ["test_pos" + "StartVoting", "pos_start" + "_voting"]

    /// The places that speak the words outside the door.
    package static func check(_ file: SourceText) -> [Finding] {
        guard file.path != door, !file.isTest, !models.contains(where: { file.path.hasPrefix($0) }) else { return [] }
        var out: [Finding] = []
        for (number, line) in file.words.enumerated() where names.contains(where: { line.contains($0) }) {
            out.append(
                Finding(.error, "door", file.path, number + 1, "the words that start voting stand in \(door) alone (safety.md R1)")
            )
        }
        return out
    }
}
