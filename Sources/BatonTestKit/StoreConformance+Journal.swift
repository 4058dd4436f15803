import BatonKernel
import BatonModel
import BatonStore

private typealias Samples = StoreSamples
private typealias Desk = StoreSamples.Desk

extension StoreConformance {
    static let journal: [Check] = [
        Check("operations are numbered from 1 across the validators of a fleet") { bench in
            let store = try await bench.open()
            let one = try await Desk(store), two = try await Desk(store, Samples.other, pid: 101)
            let three = try await store.begin(Entry(.begun), under: one.lease)
            try require([one.operation, two.operation, three].map(\.rawValue), equals: [1, 2, 3], "numbers")
        },
        Check("a commit returns the number of its last entry") { bench in
            let desk = try await Desk(bench.open())
            try require(try await desk.commit([Entry(.intent), Entry(.returned)]).rawValue, equals: 3, "the number")
            try require(try await desk.commit().rawValue, equals: 4, "the number")
        },
        Check("entries come back whole, oldest first, of their operation only") { bench in
            let store = try await bench.open()
            let one = try await Desk(store), two = try await Desk(store, Samples.other, pid: 101)
            let detail: JSON = [
                "text": "tab\t\"quote\" \\ \u{0} ☃ \u{1F680}", "none": .null, "deep": [[true, -1, .number("1.50e3")]],
                "large": .unsigned(.max), "least": .integer(.min),
            ]
            let said = Entry(.refused, step: "stop-a", rule: "R4", detail: detail)
            try await one.commit([said])
            try await two.commit()
            try await one.commit([Entry(.finished)])
            let entries = try await bench.open().entries(of: one.operation)
            try require(entries.map(\.entry), equals: [Entry(.begun, detail: "upgrade"), said, Entry(.finished)], "the entries")
            try require(entries.map(\.number.rawValue), equals: [1, 3, 5], "their numbers")
            try require(try await store.entries(of: OperationID(rawValue: 77)), equals: [], "those of an unknown operation")
            try require(try await store.entries(of: OperationID(rawValue: .max)), equals: [], "those of no number")
        },
        Check("the chain of the journal verifies, from 64 zeros on") { bench in
            let desk = try await Desk(bench.open())
            for _ in 0..<5 { try await desk.commit([Entry(.intent), Entry(.proved, detail: ["n": 1])]) }
            let journal = try await bench.open().journal()
            try require(journal.count, equals: 11, "entries")
            try require(journal.first?.previous, equals: JournalChain.start, "what the first names")
            try JournalChain.verify(journal)
        },
        Check("a tampered, missing, doubled or exchanged entry is found") { bench in
            let desk = try await Desk(bench.open())
            for index in 0..<4 { try await desk.commit([Entry(.proved, detail: .integer(Int64(index)))]) }
            let journal = try await desk.store.journal()
            try require(journal.count, equals: 5, "entries")
            func altered(_ change: (StoredEntry) -> StoredEntry) -> [StoredEntry] {
                var copy = journal
                copy[2] = change(copy[2])
                return copy
            }
            func remade(_ old: StoredEntry, operation: UInt64? = nil, wall: Int64? = nil, entry: Entry? = nil) -> StoredEntry {
                StoredEntry(
                    number: old.number, operation: operation.map(OperationID.init(rawValue:)) ?? old.operation,
                    wall: wall.map(WallTime.init(nanoseconds:)) ?? old.wall, entry: entry ?? old.entry, previous: old.previous,
                    digest: old.digest
                )
            }
            var exchanged = journal
            exchanged.swapAt(1, 2)
            let broken: [[StoredEntry]] = [
                altered { remade($0, entry: Entry(.proved, detail: "another")) }, altered { remade($0, operation: 8) },
                altered { remade($0, wall: $0.wall.nanoseconds + 1) }, Array(journal.dropFirst()), exchanged,
                journal + [journal[4]], journal.filter { $0.number.rawValue != 3 },
            ]
            for copy in broken { try await requireRefusal(.journalBroken) { try JournalChain.verify(copy) } }
        },
        Check("a reopened store sees everything and goes on where it was") { bench in
            do {
                let desk = try await Desk(bench.open())
                try await desk.commit(raising: [Watermark(epoch: 2, round: 5)], opening: Samples.grant(1, at: desk))
            }
            let store = try await bench.open()
            let held = try await store.holder(Samples.validator)
            try require(held?.number.rawValue, equals: 1, "the lease of the crashed controller")
            try require(try await store.grants(Samples.validator).map(\.isOpen), equals: [true], "its grant")
            try require(try await store.floor(Samples.validator).value, equals: Watermark(epoch: 2, round: 5), "its floor")
            let next = try await Desk(store, pid: 101, seize: true)
            try require(next.operation.rawValue, equals: 2, "the next operation")
            try await next.commit(closing: Samples.closing(1), opening: Samples.grant(2, to: "b", at: next))
            try JournalChain.verify(try await store.journal())
        },
        Check("operations are listed newest first, with how they stand") { bench in
            let store = try await bench.open()
            let one = try await Desk(store, detail: ["verb": "upgrade"])
            try await one.commit([Entry(.intent), Entry(.paused, detail: "interrupted"), Entry(.returned)])
            let two = try await Desk(store, Samples.other, pid: 101, detail: ["verb": "switchover"])
            try await two.commit([Entry(.proved)])
            let list = try await bench.open().operations()
            try require(list.map(\.id), equals: [two.operation, one.operation], "the order")
            try require(list.map(\.validator), equals: [Samples.other, Samples.validator], "the validators")
            try require(list.map(\.last.kind), equals: [.begun, .paused], "how they stand")
            try require(list.last?.detail, equals: ["verb": "upgrade"], "what was asked for")
            try await one.commit([Entry(.finished, detail: "b votes")])
            try require(try await store.operations().last?.last, equals: Entry(.finished, detail: "b votes"), "its end")
        },
        Check("an empty store has nothing and says so") { bench in
            let store = try await bench.open()
            try require(try await store.journal(), equals: [], "journal")
            try require(try await store.operations(), equals: [], "operations")
            try require(try await store.grants(Samples.validator), equals: [], "grants")
            try require(try await store.holder(Samples.validator), equals: nil, "holder")
        },
        Check("an entry of a million bytes comes back") { bench in
            let desk = try await Desk(bench.open())
            let detail = JSON.string(String(repeating: "vote ", count: 200_000))
            try await desk.commit([Entry(.planned, detail: detail)])
            let last = try await bench.open().entries(of: desk.operation).last
            try require(last?.entry.detail == detail, "the entry changed")
        },
        Check("a thousand entries go into one commit") { bench in
            let desk = try await Desk(bench.open())
            let last = try await desk.commit((0..<1000).map { Entry(.planned, detail: .integer($0)) })
            try require(last.rawValue, equals: 1001, "the last number")
            try JournalChain.verify(try await desk.store.journal())
        },
        Check("commits at the same time from two store objects are done one after the other") { bench in
            let one = try await Desk(bench.open()), two = try await Desk(bench.open(), Samples.other, pid: 101)
            let numbers = try await withThrowingTaskGroup(of: UInt64.self) { group in
                for index in 0..<20 {
                    let desk = index.isMultiple(of: 2) ? one : two
                    group.addTask { try await desk.commit([Entry(.intent), Entry(.returned)]).rawValue }
                }
                var numbers: [UInt64] = []
                for try await number in group { numbers.append(number) }
                return numbers.sorted()
            }
            try require(numbers, equals: (1...20).map { UInt64($0) * 2 + 2 }, "the numbers")
            try JournalChain.verify(try await one.store.journal())
        },
        Check("of grants opened at the same time exactly one is opened") { bench in
            let desk = try await Desk(bench.open())
            let opened = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        do {
                            try await desk.commit(opening: Samples.grant(1, to: index.isMultiple(of: 2) ? "a" : "b", at: desk))
                            return true
                        } catch { return false }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try require(opened, equals: 1, "opened")
            try require(try await desk.store.grants(Samples.validator).count, equals: 1, "grants")
        },
        Check("the evidence file of a store verifies, whole and for one operation") { bench in
            let one = try await Desk(bench.open())
            try await one.commit(opening: Samples.grant(1, at: one))
            let two = try await Desk(one.store, Samples.other, pid: 101)
            try await two.commit([Entry(.intent), Entry(.finished)])
            try await one.commit(closing: Samples.closing(1), opening: Samples.grant(2, to: "b", at: one))
            let whole = try JournalExport.verify(try await JournalExport.bytes(fleet: "acme", of: one.store))
            try require(whole.entries, equals: try await one.store.journal(), "the entries")
            try require(whole.grants, equals: try await one.store.grants(Samples.validator), "the grants")
            let part = try JournalExport.verify(
                try await JournalExport.bytes(fleet: "acme", of: bench.open(), operation: two.operation)
            )
            try require(part.omitted, equals: 3, "entries left out")
            try require(part.head, equals: whole.head, "the end of the chain")
            try require(part.grants, equals: whole.grants, "the grants")
        },
    ]
}
