import BatonKernel
import BatonModel
import BatonStore
import BatonTestKit
import Testing

@Suite("An evidence file that was touched is found out")
struct JournalExportTests {
    /// Two operations with two grants, as lines.
    private func lines(operation: UInt64? = nil) async throws -> [String] {
        let one = try await StoreSamples.Desk(MemoryStore(wall: wall))
        try await one.commit(opening: StoreSamples.grant(1, at: one))
        let two = try await StoreSamples.Desk(one.store, StoreSamples.other, pid: 101)
        try await two.commit([Entry(.intent), Entry(.finished)])
        try await one.commit([Entry(.intent)], closing: StoreSamples.closing(1), opening: StoreSamples.grant(2, to: "b", at: one))
        let bytes = try await JournalExport.bytes(
            fleet: "acme", of: one.store, operation: operation.map(OperationID.init(rawValue:))
        )
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func verify(_ lines: [String]) throws -> Evidence {
        try JournalExport.verify(Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    @Test("untouched it tells fleet, entries and grants")
    func whole() async throws {
        let evidence = try verify(try await lines())
        #expect(evidence.fleet == "acme")
        #expect(evidence.entries.count == 9)
        #expect(evidence.grants.map(\.isOpen) == [false, true])
        #expect(evidence.operation == nil)
    }

    @Test("with a filter the others' entries are digests only, but for those about grants")
    func filtered() async throws {
        let lines = try await lines(operation: 2)
        let evidence = try verify(lines)
        #expect(evidence.operation == OperationID(rawValue: 2))
        #expect(evidence.omitted == 3)
        #expect(evidence.entries.map(\.entry.kind) == [.granted, .begun, .intent, .finished, .closed, .granted])
        #expect(!lines.contains { $0.contains("\"detail\":\"upgrade\"") && $0.contains("\"operation\":1,") })
    }

    @Test("an operation that is none can't be exported")
    func unknownOperation() async throws {
        #expect(try await refusal { _ = try await lines(operation: 9) }.code == .unknownOperation)
    }

    static let touches: [(name: String, touch: @Sendable ([String]) -> [String])] = [
        ("a line is gone", { Array($0[..<4] + $0[5...]) }),
        ("the end is cut off", { Array($0.dropLast(4)) }),
        ("a grant is gone", { Array($0.dropLast()) }),
        (
            "a grant is open again",
            { $0.map { $0.hasPrefix("{\"closing\":{") ? "{\"closing\":null," + $0.drop { $0 != "," }.dropFirst() : $0 } }
        ),
        (
            "two lines are exchanged",
            {
                var lines = $0; lines.swapAt(3, 4); return lines
            }
        ),
        ("a line is doubled", { $0 + [$0[$0.count - 1]] }),
        ("an entry was changed", { $0.map { $0.replacing("\"kind\":\"finished\"", with: "\"kind\":\"paused\"") } }),
        ("an operation was changed", { $0.map { $0.replacing("\"operation\":2", with: "\"operation\":1") } }),
        ("the head is another", { [$0[0].replacing("\"head\":\"", with: "\"head\":\"0")] + $0.dropFirst() }),
        ("the header is gone", { Array($0.dropFirst()) }),
        ("the header is of a later version", { [$0[0].replacing("\"version\":1", with: "\"version\":2")] + $0.dropFirst() }),
        ("the header counts fewer", { [$0[0].replacing("\"entries\":9", with: "\"entries\":8")] + $0.dropFirst() }),
        ("a line is no JSON", { $0 + ["{"] }),
        ("a line is something else", { $0 + ["{\"what\":1}"] }),
        ("it is empty", { _ in [] }),
    ]

    @Test("each touch is found", arguments: touches.indices)
    func found(_ index: Int) async throws {
        let lines = try await lines()
        let touched = Self.touches[index].touch(lines)
        #expect(touched != lines, "\(Self.touches[index].name): changes nothing")
        let error = try await refusal { _ = try verify(touched) }
        #expect(error.code == .journalBroken, "\(Self.touches[index].name)")
    }

    @Test("a chain that was made anew with a second open grant breaks the rule, not the chain")
    func rulesHoldOverEntries() async throws {
        let desk = try await StoreSamples.Desk(MemoryStore(wall: wall))
        let first = StoreSamples.grant(1, at: desk), second = StoreSamples.grant(2, to: "b", at: desk)
        let entries = [Entry(.granted, detail: ["grant": first.json]), Entry(.granted, detail: ["grant": second.json])]
        var journal: [StoredEntry] = []
        var end = JournalChain.Link.empty
        for entry in entries {
            let stored = JournalChain.seal(entry, of: desk.operation, at: wall(), after: end)
            journal.append(stored)
            end = try end.following(stored)
        }
        let bytes = JournalExport.bytes(
            fleet: "acme", journal: journal, grants: [GrantRecord(grant: first, closing: nil), GrantRecord(grant: second, closing: nil)]
        )
        let error = try await refusal { _ = try JournalExport.verify(bytes) }
        #expect(error.message.contains(GrantRule.oneOpen.rawValue), "\(error)")
    }

    @Test("an empty journal is evidence of nothing, and right")
    func empty() throws {
        let evidence = try JournalExport.verify(JournalExport.bytes(fleet: "acme", journal: [], grants: []))
        #expect(evidence.head == JournalChain.start)
    }
}
