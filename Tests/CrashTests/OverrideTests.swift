import Foundation
import Testing

/// A licence that the operator types, end to end on real processes.
@Suite(.serialized, .enabled(if: DevnetUnderTest.missing == nil, "strace and the release binary are needed"))
struct OverrideTests {
    private func fault(_ words: [String], _ devnet: DevnetUnderTest) async throws {
        let ended = try await run(devnet.baton, ["devnet", "fault"] + words + ["--directory", devnet.folder])
        try #require(ended.status == 0, "\(ended.told)")
    }

    @Test func aLostRecordIsOverriddenOnlyByTheTypedPhraseAndNeverAgainstTheChain() async throws {
        try await DevnetUnderTest.with("override") { devnet in
            // A votes under a grant; its process ends and its vote state is lost.
            let adopted = try await run(devnet.baton, ["recover", "acme-1", "--yes"] + devnet.fleet)
            try #require(adopted.status == 0, "\(adopted.told)")
            try await fault(["kill", "acme-1-a"], devnet)
            try await fault(["file", "acme-1-a", "--state", "absent"], devnet)
            try await fault(["restart", "acme-1-a"], devnet)
            let verb =
                ["start", "acme-1", "--on", "acme-1-b", "--accept-risk-of-double-vote", "a was off before this epoch", "--yes"]
                + devnet.fleet

            // In the epoch of its last votes the chain forbids it, whatever is typed.
            let vetoed = try await run(devnet.baton, verb + ["--phrase", "x"])
            #expect(vetoed.status == 3 && vetoed.told.contains("is on chain"), "\(vetoed.told)")
            try await fault(["roll"], devnet)
            // Nobody is there to type it: the order names the exact phrase and the safer way.
            var untyped = try await run(devnet.baton, verb)
            for _ in 0..<20 where untyped.status != 2 { untyped = try await run(devnet.baton, verb) }
            #expect(untyped.status == 2, "\(untyped.told)")
            let words = untyped.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("the safe way"), "\(words)")
            let phrase = try #require(words.split(separator: "\"").first { $0.hasPrefix("risk a double vote of acme-1 0x") })
            #expect(try await devnet.verdict().voters.isEmpty)

            let done = try await run(devnet.baton, verb + ["--phrase", String(phrase)])
            #expect(done.status == 0, "\(done.told)")
            let verdict = try await devnet.verdict()
            #expect(verdict.isSafe && verdict.voters == ["acme-1-b"], "\(verdict)")

            // Reason, user, phrase, missing licence and vetoes are on record, for every eye.
            let log = try await run(devnet.baton, ["log", "--json"] + devnet.fleet)
            for part in ["overridden", "a was off before this epoch", "uid ", String(phrase), "missing", "chain: highest vote"] {
                #expect(log.output.contains(part), "log lacks \(part)")
            }
            let why = try await run(devnet.baton, ["why"] + devnet.fleet)
            #expect(why.output.contains("licensed by an override of"), "\(why.told)")
            let evidence = devnet.folder + "/evidence.json"
            let exported = try await run(devnet.baton, ["log", "--export", "--out", evidence] + devnet.fleet)
            #expect(exported.status == 0, "\(exported.told)")
            #expect(try await run(devnet.baton, ["log", "--verify", evidence]).status == 0, "the evidence of an override verifies")
            let status = try await run(devnet.baton, ["status"] + devnet.fleet)
            #expect(status.output.contains("licensed by an override of"), "\(status.told)")
        }
    }
}
