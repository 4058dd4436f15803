package import BatonKernel
import BatonModel

/// The rules of the Conflux family in words: one for every condition.
package enum ConfluxRules {
    /// Every rule, for `baton explain`.
    package static let all: [RuleEntry] = table.map { RuleEntry(RuleID("conflux." + $0.0), $0.1, $0.2, remedy: $0.3) }

    private static let table: [(String, String, String, String)] = [
        ("voting", "The node votes", "Its voting flag reads true on the control connection.", "Run `baton status`."),
        (
            "idle", "The node can't vote", "Its flag reads false with no command of ours unanswered, or it has no process.",
            "Wait for its answer, or end its process."
        ),
        (
            "silent", "Answers that it does not vote",
            "Its flag reads false, and its own process serves the port; a command of ours may still be in its queue.",
            "Nothing to do; Baton takes the token away and restarts the node."
        ),
        (
            "stopped", "Stopped by stop_voting", "The flag is false, secure_storage.json is gone and .save lies there.",
            "Run `baton resume`."
        ),
        (
            "same-incarnation", "The same process",
            "A restart undoes a stop when voter=true; so the process must be the one that was fenced.",
            "Run `baton resume`; it looks again."
        ),
        (
            "running", "The process runs", "One process runs in the node's folder and serves the control port itself.",
            "Start the node, or correct `rpc` and `directory`."
        ),
        (
            "alive", "The process lives", "A process that was started and has ended does not come back by itself.",
            "Look at the node's log."
        ),
        (
            "started-idle", "Started idle", "The running process took pos_started_as_voter=false and no flag says that it votes.",
            "Find out whether the node votes before its process is ended."
        ),
        (
            "way-back", "A way back", "The release before can read what the tried one left: vote state and PoS database (CIP-173).",
            "Mend the new release instead; the older one must not run on this data."
        ),
        ("ended", "The process has ended", "No process runs in the node's folder.", "End it and wait."),
        (
            "voter-false", "Starts idle", "The effective pos_started_as_voter is false for the next start.",
            "Set it to false in hydra.toml and in the start command."
        ),
        (
            "signs-for", "The right identity", "The node on that very port signs for the validator's PoS address.",
            "Put the right pos_key there, or correct `identity`."
        ),
        (
            "on-chain", "The right chain", "Node and reference nodes are on the chain of the fleet file.",
            "Correct `chainId`, or the node's network."
        ),
        ("synced", "In sync", "NormalSyncPhase, the network's PoS epoch, at most two blocks behind.", "Wait until it has caught up."),
        (
            "own-file", "Its own vote state", "secure_storage.json is there, readable and of this identity.",
            "Bring it back; never just delete it on a key that votes."
        ),
        (
            "no-save", "No .save", "A .save that nobody here placed would be consumed by the next start.",
            "If Baton placed it, run `baton resume` or `baton recover`; else find out whose it is, then move it away by hand."
        ),
        (
            "no-strange-file", "No strange file", "An unreadable or foreign vote state is kept, named and never touched.",
            "Look at it, and bring back this validator's own."
        ),
        (
            "placed", "The token lies there", "The .save on the receiver is exactly the granted bytes, named by .baton/grant.",
            "Run `baton resume`."
        ),
        ("handed-over", "Handed over", "The giver's .save is out of its node's sight.", "Run `baton resume`."),
        (
            "just-advanced", "Just voted", "The cut starts right after a vote, so that seconds remain until the next.",
            "Wait, or accept that one vote may be missed."
        ),
        (
            "file-advances", "The file moves", "A node that votes writes its vote state every round.",
            "See whether it is in the committee and can write its folder."
        ),
        (
            "far-from-epoch-end", "Not near an epoch's end", "A vote state of an epoch that is over would make the receiver mute.",
            "Wait for the next epoch; Baton does."
        ),
        (
            "epoch-as-granted", "The granted epoch", "The receiver must be in the epoch of the granted bytes.",
            "Nothing to do; Baton plans again."
        ),
        (
            "votes-from-grant", "Votes from the grant", "Flag true, .save consumed, the file at or above the granted bytes.",
            "Run `baton resume`."
        ),
        (
            "proven", "Proven on chain", "A signature of ours above the handed-over (epoch, round) is in a certificate.",
            "Wait; look at the node's pos.log."
        ),
        (
            "mute", "Mute", "The node votes by its flag with a file of an old epoch: every vote is refused until the next epoch.",
            "Run `baton resume`."
        ),
        ("on-release", "On the release", "`current` points to the release and the process says its version.", "Look at the node's log."),
        ("linked", "Linked", "`current` points to the release.", "Run `baton resume`."),
        ("staged", "Staged", "The release lies complete beside the node, digest checked.", "Free disk space, then run `baton resume`."),
        ("marked", "Breadcrumb", "What is under way is written beside every node before the cut.", "See that .baton can be written."),
        ("kept", "Copy kept", "The receiver's own vote state is kept before the cut.", "See that .baton can be written."),
        ("settled", "Settled", "Nobody could vote for two maximal rounds.", "Wait."),
        (
            "beyond-barrier", "Behind an epoch barrier", "An epoch that began after every fence can hold no vote of ours.",
            "Wait for the next epoch."
        ),
        ("granted", "Granted", "The last grant is open and the node's.", "Run `baton status`."),
        ("no-open-grant", "No open grant", "No node has the right to vote.", "Run `baton start`."),
        ("waypoint", "Waypoint", "A node up to 3.0.x needs the waypoint in its vote state.", "Upgrade the receiver to 3.1 first."),
        (
            "first-ever", "First start of the key's life", "Two reference nodes show that it was never elected nor in a committee.",
            "Wait for the next epoch instead."
        ),
        ("node", "Known node", "The node is one of the validator's.", "Name one of the fleet file."),
        ("file", "A file", "A file beside the node could not be read or written.", "See the words; mend permissions or disk."),
        ("act", "An act", "What Baton did.", "Run `baton why`."),
        ("never", "Never", "A step that is never skipped.", "Nothing."),
    ]
}
