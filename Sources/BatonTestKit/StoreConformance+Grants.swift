import BatonKernel
import BatonModel
import BatonStore

private typealias Samples = StoreSamples
private typealias Desk = StoreSamples.Desk

extension StoreConformance {
    static let grants: [Check] = [
        Check("a second open grant is refused") { bench in
            let desk = try await Desk(bench.open())
            try await desk.commit(opening: Samples.grant(1, at: desk))
            try await requireRefusal(.grantOpen) { try await desk.commit(opening: Samples.grant(2, to: "b", at: desk)) }
            try require(try await desk.store.grants(Samples.validator).count, equals: 1, "grants")
        },
        Check("close and open go into one commit, in this order") { bench in
            let desk = try await Desk(bench.open())
            let first = Samples.grant(1, at: desk), second = Samples.grant(2, to: "b", state: Samples.state(3, 44), at: desk)
            try await desk.commit(opening: first)
            try await desk.commit(closing: Samples.closing(1), opening: second)
            let expected = [
                GrantRecord(grant: first, closing: Samples.closing(1)), GrantRecord(grant: second, closing: nil),
            ]
            try require(try await bench.open().grants(Samples.validator), equals: expected, "grants")
        },
        Check("an unused grant is closed as such and its number not used again") { bench in
            let desk = try await Desk(bench.open())
            try await desk.commit(opening: Samples.grant(1, at: desk))
            let unused = Closing.unused(GrantNumber(rawValue: 1), shown: "the token was taken away with the granted digest")
            try await desk.commit(closing: unused)
            try require(try await desk.store.grants(Samples.validator).first?.closing, equals: unused, "the closing")
            try await requireRefusal(.grantOpen) { try await desk.commit(opening: Samples.grant(1, at: desk)) }
            try await desk.commit(opening: Samples.grant(2, at: desk))
        },
        Check("a grant with a wrong number is refused") { bench in
            let desk = try await Desk(bench.open())
            for number in [UInt64(0), 2, 7] {
                try await requireRefusal(.grantOpen) { try await desk.commit(opening: Samples.grant(number, at: desk)) }
            }
            try await desk.commit(opening: Samples.grant(1, at: desk))
        },
        Check("a closing that does not name the open grant is refused") { bench in
            let desk = try await Desk(bench.open())
            try await requireRefusal(.grantOpen) { try await desk.commit(closing: Samples.closing(1)) }
            try await desk.commit(opening: Samples.grant(1, at: desk))
            try await requireRefusal(.grantOpen) { try await desk.commit(closing: Samples.closing(2)) }
            try await requireRefusal(.grantOpen) { try await desk.commit(closing: Samples.closing(1, "b")) }
            try require(try await desk.store.grants(Samples.validator).first?.isOpen, equals: true, "still open")
        },
        Check("a closed grant never changes") { bench in
            let desk = try await Desk(bench.open())
            try await desk.commit(opening: Samples.grant(1, at: desk))
            try await desk.commit(closing: Samples.closing(1))
            let before = try await desk.store.grants(Samples.validator)
            try await requireRefusal(.grantOpen) {
                try await desk.commit(closing: .unused(GrantNumber(rawValue: 1), shown: "second thoughts"))
            }
            try require(try await desk.store.grants(Samples.validator), equals: before, "grants")
        },
        Check("a grant that names another lease or operation is refused") { bench in
            let desk = try await Desk(bench.open())
            let first = Samples.grant(1, at: desk)
            let foreign = try await Desk(bench.open(), Samples.other, pid: 101)
            try await requireRefusal(.refused) { try await foreign.commit(opening: first) }
            try await requireRefusal(.unknownOperation) {
                try await desk.store.commit(Commit(operation: foreign.operation, entries: [Entry(.intent)]), under: desk.lease)
            }
            try await requireRefusal(.unknownOperation) {
                try await desk.store.commit(
                    Commit(operation: OperationID(rawValue: .max), entries: [Entry(.intent)]), under: desk.lease
                )
            }
        },
        Check("validators have grants of their own") { bench in
            let store = try await bench.open()
            let one = try await Desk(store), two = try await Desk(store, Samples.other, pid: 101)
            try await one.commit(opening: Samples.grant(1, at: one))
            try await two.commit(opening: Samples.grant(1, at: two))
            try require(try await store.grants(Samples.other).map(\.grant.validator), equals: [Samples.other], "grants")
        },
        Check("nothing of a refused commit is visible") { bench in
            let desk = try await Desk(bench.open())
            try await desk.commit(raising: [Watermark(epoch: 3, round: 40)], opening: Samples.grant(1, at: desk))
            let before = try await desk.store.journal()
            try await requireRefusal(.grantOpen) {
                // The closing alone would be right; the grant behind it has a wrong number.
                try await desk.commit(
                    [Entry(.intent), Entry(.proved)], raising: [Watermark(epoch: 8, round: 1)], closing: Samples.closing(1),
                    opening: Samples.grant(9, to: "b", at: desk)
                )
            }
            let after = try await bench.open()
            try require(try await after.journal(), equals: before, "the journal")
            try require(try await after.grants(Samples.validator).map(\.isOpen), equals: [true], "the open grant")
            try require(try await after.floor(Samples.validator), equals: .known(Watermark(epoch: 3, round: 40)), "the floor")
        },
        Check("the journal itself says which grants were closed and opened") { bench in
            let desk = try await Desk(bench.open())
            let grant = Samples.grant(1, at: desk)
            try await desk.commit(opening: grant)
            let said = Entry(.granted, step: "vest-b", rule: "R1", detail: ["facts": "a is fenced", "grant": "not this"])
            let last = try await desk.commit(
                [Entry(.intent), said], closing: Samples.closing(1), opening: Samples.grant(2, to: "b", at: desk)
            )
            let entries = try await desk.store.entries(of: desk.operation)
            try require(entries.map(\.entry.kind), equals: [.begun, .intent, .granted, .intent, .closed, .granted], "the kinds")
            try require(entries[2].entry.detail["grant"], equals: grant.json, "the first grant")
            try require(entries.last?.number, equals: last, "the number returned")
            try require(entries.last?.entry.step, equals: "vest-b", "the step of the entry")
            try require(entries.last?.entry.detail["facts"], equals: "a is fenced", "what the caller said")
            try require(entries.last?.entry.detail["grant"]?["number"], equals: 2, "the second grant")
        },
        Check("an entry can't say that a grant was opened or closed when none was") { bench in
            let desk = try await Desk(bench.open())
            for kind in [EntryKind.granted, .closed, .begun] {
                try await requireRefusal(.refused) { try await desk.commit([Entry(kind)]) }
            }
            try require(try await desk.store.journal().count, equals: 1, "entries")
        },
        Check("a grant found beside the nodes is imported, and closes an older open one") { bench in
            let desk = try await Desk(bench.open())
            let own = Samples.grant(1, at: desk)
            try await desk.commit(opening: own)
            let elsewhere = Grant(
                number: GrantNumber(rawValue: 7), validator: Samples.validator, node: "b", state: Samples.state(4, 2),
                origin: .record(of: GrantNumber(rawValue: 6)), fences: [], incarnation: Samples.process(77),
                lease: LeaseNumber(rawValue: 40), operation: OperationID(rawValue: 50)
            )
            let superseded = Closing.superseded(GrantNumber(rawValue: 1), by: GrantNumber(rawValue: 7))
            let said = Entry(.granted, detail: ["imported": elsewhere.json])
            try await requireRefusal(.refused) { try await desk.commit([], closing: superseded, opening: elsewhere) }
            try await requireRefusal(.grantOpen) { try await desk.commit([said], opening: elsewhere) }
            try await requireRefusal(.grantOpen) { try await desk.commit([], closing: superseded) }
            try await desk.commit([said], closing: superseded, opening: elsewhere)
            let expected = [GrantRecord(grant: own, closing: superseded), GrantRecord(grant: elsewhere, closing: nil)]
            try require(try await bench.open().grants(Samples.validator), equals: expected, "grants")
            try await desk.commit(closing: .fenced(GrantNumber(rawValue: 7), Samples.fence("b")), opening: Samples.grant(8, at: desk))
            _ = try JournalExport.verify(try await JournalExport.bytes(fleet: "acme", of: desk.store))
        },
        Check("the bytes of a granted vote state come back as they were") { bench in
            let desk = try await Desk(bench.open())
            let bytes = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let state = VoteState(bytes: bytes, digest: Samples.state(1, 1).digest, watermark: Watermark(epoch: 1, round: 1))
            try await desk.commit(opening: Samples.grant(1, state: state, at: desk))
            try require(try await bench.open().grants(Samples.validator).first?.grant.state == state, "the state changed")
        },
    ]
}
