import Testing
import TidyRules

/// The rules that one line breaks when it stands at a path.
private func broken(_ line: String, at path: String) -> [String] {
    House.check(SourceText(path: path, text: line + "\n")).filter { $0.severity == .error }.map(\.rule)
}

@Suite struct LayerTests {
    @Test(arguments: [
        ("import Foundation", "Kernel/Sources/BatonModel/X.swift"),
        ("public import BatonWorld", "Kernel/Sources/BatonKernel/X.swift"),
        ("import BatonStore", "Sources/BatonDriver/X.swift"),
        ("import GRDB", "Sources/BatonStore/X.swift"),
        ("import NIOPosix", "Sources/BatonConflux/X.swift"),
        ("import BatonConfluxNode", "Sources/BatonConflux/X.swift"),
        ("import BatonWorldLive", "Sources/BatonEngine/X.swift"),
        ("import BatonStoreSQLite", "Sources/BatonCLI/X.swift"),
        ("import struct Foundation.Data", "Sources/BatonEngine/X.swift"),
        ("import BatonEngine", "Sources/BatonNew/X.swift"),
    ])
    func refusesAnImportThatPointsUp(line: String, path: String) {
        #expect(broken(line, at: path) == ["layer"])
    }

    @Test(arguments: [
        ("public import BatonModel", "Kernel/Sources/BatonKernel/X.swift"),
        ("import GRDB", "Sources/BatonStoreSQLite/X.swift"),
        ("@preconcurrency import NIOCore", "Sources/BatonHTTP/X.swift"),
        ("import BatonConflux", "Tests/BatonConfluxTests/X.swift"),
        ("// import Foundation", "Kernel/Sources/BatonModel/X.swift"),
    ])
    func allowsWhatTheGraphHas(line: String, path: String) {
        #expect(broken(line, at: path).isEmpty)
    }

    @Test func refusesAFamilyToTheEngine() {
        #expect(broken("import BatonConflux", at: "Sources/BatonEngine/X.swift").contains("layer"))
    }

    @Test func keepsFamilyWordsOutOfTheLayersThatServeAll() {
        let line = "let name = \"secure_storage.json\""
        #expect(broken(line, at: "Sources/BatonEngine/X.swift") == ["family"])
        #expect(broken("// Conflux: " + line, at: "Sources/BatonEngine/X.swift").isEmpty)
        #expect(broken(line, at: "Sources/BatonConflux/X.swift").isEmpty)
    }

    @Test(arguments: ["test_posStartVoting", "pos_start_voting"])
    func keepsTheWordsThatStartVotingBehindTheDoor(name: String) {
        let line = "let method = \"\(name)\""
        #expect(broken(line, at: "Sources/BatonConflux/ConfluxClient.swift") == ["door"])
        #expect(broken(line, at: "Sources/BatonCLI/X.swift") == ["door"])
        #expect(broken(line, at: DoorRule.door).isEmpty)
        #expect(broken(line, at: "Sources/BatonDevnet/X.swift").isEmpty)
    }
}
