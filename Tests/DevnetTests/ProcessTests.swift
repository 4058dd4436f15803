import BatonConfluxNode
import BatonDevnet
import BatonModel
import Foundation
import Testing

/// What real processes add to the models: kills, stops, lost files and answers.
@Suite(.serialized) struct DevnetProcesses {
    @Test func aStopAndAStartByHandLeaveOneVoterAndNoConflict() async throws {
        try await Bench.withDevnet("switch") { devnet, fault in
            let (a, b) = (devnet.nodes[0], devnet.nodes[1])
            try await Bench.until("a votes") { try await Bench.votes(fault) > 3 }
            try await DevnetCall.result(a.port, "test_posStopVoting")
            let files = FileManager.default
            #expect(!files.fileExists(atPath: a.directory + "/pos_db/secure_storage.json"))
            try files.moveItem(
                atPath: a.directory + "/pos_db/secure_storage.json.save",
                toPath: b.directory + "/pos_db/secure_storage.json.save"
            )
            try await DevnetCall.result(b.port, "test_posStartVoting", [false])
            let before = try await Bench.votes(fault)
            try await Bench.until("b votes") { try await Bench.votes(fault) > before + 3 }
            let verdict = try await Bench.verdict(fault)
            #expect(verdict["safe"]?.bool == true)
            #expect(verdict["votersNow"]?.array?.compactMap { $0["node"]?.string } == [b.name])
            let stopped = try await DevnetCall.result(a.port, "dev_stamps")["flag_cleared_ns"]?.integer
            let started = try await DevnetCall.result(b.port, "dev_stamps")["flag_set_ns"]?.integer
            #expect(try #require(stopped) < #require(started))
        }
    }

    @Test func aNodeRestartedAsVoterOverlapsAndTheChainSeesIt() async throws {
        try await Bench.withDevnet("overlap") { devnet, fault in
            try await fault.restart(devnet.nodes[1].name, asVoter: true)
            try await Bench.until("two voters") { try await Bench.verdict(fault)["overlap"]?.array?.isEmpty == false }
            #expect(try await Bench.verdict(fault)["safe"]?.bool == false)
        }
    }

    @Test func aKilledNodeIsGoneAndComesBackWithoutItsFlag() async throws {
        try await Bench.withDevnet("kill") { devnet, fault in
            let a = devnet.nodes[0]
            try await fault.kill(a.name)
            #expect(await DevnetLauncher.residents(of: a).isEmpty)
            #expect(try await Bench.verdict(fault)["votersNow"]?.array?.isEmpty == true)
            try await fault.restart(a.name)
            #expect(try await DevnetCall.result(a.port, "test_posVotingStatus") == false)
        }
    }

    @Test func aLostAnswerStillTookEffect() async throws {
        try await Bench.withDevnet("lost", nobodyVotes: true) { devnet, fault in
            let a = devnet.nodes[0]
            try await fault.answer(a.name, method: "test_posStartVoting", deed: "close")
            await #expect(throws: BatonError.self) { try await DevnetCall.result(a.port, "test_posStartVoting", [true]) }
            #expect(try await DevnetCall.result(a.port, "test_posVotingStatus") == true)
        }
    }

    @Test func aLateCommandIsOvertakenByAStatusOnAnotherConnection() async throws {
        try await Bench.withDevnet("ghost", nobodyVotes: true) { devnet, fault in
            let a = devnet.nodes[0]
            try await fault.answer(
                a.name, method: "test_posStartVoting", deed: "delay-command", delay: .milliseconds(500)
            )
            async let start = DevnetCall.result(a.port, "test_posStartVoting", [true])
            try await Bench.until("the start waits") {
                try await DevnetCall.result(a.port, "test_posVotingStatus") == false
            }
            #expect(try await start == .null)
            #expect(try await DevnetCall.result(a.port, "test_posVotingStatus") == true)
        }
    }

    @Test func thePublicPortServesReadingMethodsOnly() async throws {
        try await Bench.withDevnet("public", nobodyVotes: true) { devnet, _ in
            let a = devnet.nodes[0]
            #expect(try await DevnetCall.result(a.publicPort, "pos_getStatus")["epoch"] != nil)
            for method in ["test_posStopVoting", "debug_currentSyncPhase", "dev_stamps"] {
                let reply = try await DevnetCall.reply(a.publicPort, method)
                #expect(reply == .error(.methodNotFound), "\(method)")
            }
        }
    }

    @Test func aResetBeginsAnewOnTheSamePorts() async throws {
        try await Bench.withDevnet("reset") { devnet, fault in
            try await fault.restart(devnet.nodes[1].name, asVoter: true)
            try await Bench.until("two voters") { try await Bench.verdict(fault)["overlap"]?.array?.isEmpty == false }
            try await DevnetLauncher.reset(devnet)
            #expect(try await Bench.verdict(fault)["safe"]?.bool == true)
            let before = try await Bench.votes(fault)
            try await Bench.until("the first node votes") { try await Bench.votes(fault) > before + 2 }
        }
    }

    @Test func aStoppedProcessMissesItsVotesAndGoesOn() async throws {
        try await Bench.withDevnet("sigstop") { devnet, fault in
            let a = devnet.nodes[0]
            try await Bench.until("a votes") { try await Bench.votes(fault) > 2 }
            try await fault.stop(a.name)
            let missed = try await Bench.verdict(fault)["missed"]?.array?.count ?? 0
            try await Bench.until("a misses") { try await Bench.verdict(fault)["missed"]?.array?.count ?? 0 > missed + 2 }
            try await fault.continue(a.name)
            let votes = try await Bench.votes(fault)
            try await Bench.until("a votes again") { try await Bench.votes(fault) > votes + 2 }
            #expect(try await Bench.verdict(fault)["safe"]?.bool == true)
        }
    }
}
