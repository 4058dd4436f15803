public import BatonModel

/// A rule in words: what `why` and `explain` print, and what the documents quote.
public struct RuleEntry: Hashable, Sendable {
    public let id: RuleID
    public let title: String
    public let text: String
    /// An order to the operator.
    public let remedy: String
    public init(_ id: RuleID, _ title: String, _ text: String, remedy: String) {
        (self.id, self.title, self.text, self.remedy) = (id, title, text, remedy)
    }
}

/// The rules of every family (safety.md).
public enum RuleCatalogue {
    public static let all: [RuleEntry] = [
        RuleEntry(
            "safety.r1", "One grant", "The right to vote is one open grant per identity; opening it needs a fence of every node.",
            remedy: "Run `baton status` and resolve what it names first."),
        RuleEntry(
            "safety.r2", "Licence",
            "Only the record of the last grant, an epoch that began after every fence, a key that never voted, or your typed"
                + " override licenses a start.",
            remedy: "Wait for the next epoch (the safe way), or bring back the missing vote state; then `baton explain safety.override`."),
        RuleEntry(
            "safety.override", "Typed override",
            "Where no licence is found, the operator may give one for a single start, with a reason and a phrase that names risk and"
                + " identity; all of it is recorded. It never overrides two voters, a node that is not fenced or still votes, nor a"
                + " higher vote known to chain or ledger.",
            remedy: "Wait for the next epoch if you can: it costs at most an hour of votes and risks nothing."),
        RuleEntry(
            "safety.r3", "Revocable start", "A start consumes the .save that Baton placed; taking it away revokes the start.",
            remedy: "Run `baton resume`; it takes the token away first."),
        RuleEntry(
            "safety.r4", "One door",
            "One control connection per node and one command outstanding; a doubt is not ended by another connection.",
            remedy: "Wait for the answer, or end that node's process and run `baton resume`."),
        RuleEntry(
            "safety.r5", "What fences survive",
            "A cleared voting flag survives no restart: the effective command line and configuration must say voter=false.",
            remedy: "Set voter=false in the configuration and in the unit of every node, then try again."),
        RuleEntry(
            "safety.r7", "Takeover", "Who acts names the lease number; a host that has seen a higher one refuses.",
            remedy: "Another Baton has taken over. Run `baton list` there."),
        RuleEntry(
            "safety.r9", "Stale evidence", "What was observed too long before acting is observed again.",
            remedy: "Nothing to do; Baton looks again."),
        RuleEntry(
            "kernel.way-back", "Way back", "A step that does not come true is taken back by the way that its plan declares.",
            remedy: "Run `baton resume`; it goes on taking back."),
        RuleEntry(
            "kernel.grant", "Open grant needed", "Only an open grant yields the right to start voting.",
            remedy: "Run `baton resume`."),
    ]
}
