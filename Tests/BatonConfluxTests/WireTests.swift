import BatonConflux
import BatonModel
import Testing

@Suite("What a node's answers mean")
struct WireTests {
    /// Every row of conflux-pos.md §1.4 that has a text.
    static let rows: [(ConfluxFault, String)] = [
        (.notInitialised, "Pos not initialized!"),
        (.queueBroken, "try_send: err=Full(..) TrySendError { kind: Full }"),
        (.loopDied, "receiving on a closed channel"),
        (
            .tokenMissing,
            "Unexpected error returned by secure storage: new secure storage path incorrect: \"./pos_db/secure_storage.json.save\""
        ),
        (.ownFileMissing, "Unexpected error returned by secure storage: Internal error: No such file or directory (os error 2)"),
        (.ownFileMissing, "Internal error: No such file or directory (os error 2)"),
        (.foreignToken, "Unexpected error returned by secure storage: current: AB12, new: CD34"),
        (.ownerMissing, "Data not found in secure storage: Key not set: owner_account"),
        (.tokenUnreadable, "Unexpected error returned by secure storage: Serialization error: EOF while parsing"),
        (.tokenUnreadable, "Unexpected error returned by secure storage: Internal error: Permission denied (os error 13)"),
        (.safetyDataMissing, "Data not found in secure storage: Key not set: safety_data"),
    ]

    @Test("Every error text is recognised in the encoding of every version", arguments: rows.indices)
    func texts(row: Int) {
        let (fault, text) = Self.rows[row]
        let encodings: [JSON] = [
            ["code": -32603, "message": "Internal error", "data": .string(text)],
            ["code": -32016, "message": .string("Error processing request: Custom error detail: \(text)")],
            ["code": -32016, "message": .string("Error processing request: error detail: \(text)")],
        ]
        for error in encodings {
            let body = (["jsonrpc": "2.0", "id": 3, "error": error] as JSON).canonical
            guard case .failed(_, _, let found)? = ConfluxAnswer.read(body, id: 3) else {
                Issue.record("no refusal: \(error.text)")
                continue
            }
            #expect(found == fault)
        }
    }

    @Test(
        "Codes without a text are recognised",
        arguments: [
            (-32601, ConfluxFault.methodUnknown), (-32602, .invalidParams), (-32077, .catchingUp), (-32078, .notInitialised),
            (-32603, .other),
        ] as [(Int64, ConfluxFault)])
    func codes(code: Int64, fault: ConfluxFault) {
        #expect(ConfluxFault(code: code, text: "Internal error") == fault)
    }

    @Test("An error that may have changed the vote is never taken for nothing done")
    func doubtfulFaults() {
        #expect(ConfluxFault.allCases.filter { !$0.showsNothingDone } == [.loopDied, .safetyDataMissing, .other])
    }

    @Test(
        "The answer to another request is no answer",
        arguments: [
            #"{"jsonrpc":"2.0","id":2,"result":true}"#, #"{"jsonrpc":"2.0","result":true}"#, "<html>", #"{"jsonrpc":"2.0","id":3}"#,
        ])
    func foreignAnswers(text: String) {
        #expect(ConfluxAnswer.read(Array(text.utf8), id: 3) == nil)
    }

    @Test("A null result is a result")
    func nullResult() {
        #expect(ConfluxAnswer.read(Array(#"{"jsonrpc":"2.0","id":3,"result":null}"#.utf8), id: 3) == .result(.null))
    }

    @Test("No question of any generation is a command")
    func questionsOnly() {
        let queries: [ConfluxQuery] = [
            .votingStatus, .identity, .syncPhase, .posStatus, .chainStatus, .clientVersion, .committee, .consensusBlocks,
            .account("ab"), .block(1),
        ]
        for dialect in ConfluxDialect.allCases {
            for query in queries {
                let method = dialect.method(query).lowercased()
                #expect(!["startvoting", "stopvoting", "start_", "stop_"].contains { method.contains($0) })
            }
        }
    }
}

@Suite("What a node's command line and configuration say about voting")
struct WireConfigurationTests {
    @Test(
        "The flag wins over the file, neither means voter, and what is not understood means voter",
        arguments: [
            (["c"], nil, true), (["c"], "pos_started_as_voter = false", false), (["c"], "pos_started_as_voter=true", true),
            (["c"], "  pos_started_as_voter = false # idle", false), (["c"], "# pos_started_as_voter = false", true),
            (["c"], "[x]\npos_started_as_voter = false", true), (["c"], "pos_started_as_voter = \"false\"", true),
            (["c", "--pos-started-as-voter", "false"], "pos_started_as_voter = true", false),
            (["c", "--pos-started-as-voter=true"], "pos_started_as_voter = false", true),
            (["c", "--pos-started-as-voter"], "pos_started_as_voter = false", true),
            (["c", "--pos-started-as-voter", "false", "--pos-started-as-voter=true"], nil, true),
            (["c"], "pos_started_as_voter = false\npos_started_as_voter = true", true),
            (["c"], "not_pos_started_as_voter = false", true),
        ] as [([String], String?, Bool)])
    func voter(arguments: [String], file: String?, expected: Bool) {
        #expect(LocalHostConfiguration.startsAsVoter(arguments, file: file) == expected)
    }

    @Test(
        "The configuration file is the one of the command",
        arguments: [
            (["c", "--config", "hydra.toml"], "hydra.toml"), (["c", "--config=x.toml"], "x.toml"), (["c", "-c", "y"], "y"), (["c"], nil),
        ] as [([String], String?)])
    func configPath(arguments: [String], path: String?) {
        #expect(LocalHostConfiguration.configPath(arguments) == path)
    }
}
