import BatonKernel
import BatonModel
import BatonStore

private typealias Samples = StoreSamples
private typealias Desk = StoreSamples.Desk

extension StoreConformance {
    static let leases: [Check] = [
        Check("the first lease of a validator has number 1") { bench in
            let lease = try await bench.open().lease(Samples.validator, holder: Samples.process(1), seize: false)
            try require(
                lease, equals: Lease(validator: Samples.validator, number: LeaseNumber(rawValue: 1), holder: Samples.process(1)), "lease")
        },
        Check("a held lease is refused to everybody else and names its holder") { bench in
            let store = try await bench.open()
            _ = try await store.lease(Samples.validator, holder: Samples.process(4711), seize: false)
            try await requireRefusal(.leaseHeld) {
                try await store.lease(Samples.validator, holder: Samples.process(2), seize: false)
            }
            do {
                _ = try await bench.open().lease(Samples.validator, holder: Samples.process(2), seize: false)
            } catch let error as BatonError {
                try require(error.message.contains("4711"), "the holder is not named in '\(error.message)'")
                return
            }
            throw ConformanceFailure("a second object took a held lease")
        },
        Check("a held lease is refused to its own holder too: one operation at a time") { bench in
            let store = try await bench.open()
            _ = try await store.lease(Samples.validator, holder: Samples.process(1), seize: false)
            try await requireRefusal(.leaseHeld) {
                try await store.lease(Samples.validator, holder: Samples.process(1), seize: false)
            }
        },
        Check("a lease number grows after a release, never falls back") { bench in
            for number in UInt64(1)...4 {
                let store = try await bench.open()
                let lease = try await store.lease(Samples.validator, holder: Samples.process(1), seize: false)
                try require(lease.number.rawValue, equals: number, "the number")
                try await store.release(lease)
                try require(try await store.holder(Samples.validator), equals: nil, "the holder after the release")
            }
        },
        Check("each validator has a lease of its own") { bench in
            let store = try await bench.open()
            _ = try await store.lease(Samples.validator, holder: Samples.process(1), seize: false)
            let lease = try await store.lease(Samples.other, holder: Samples.process(2), seize: false)
            try require(lease.number.rawValue, equals: 1, "the number")
        },
        Check("seizing gives the next number and a new holder") { bench in
            let store = try await bench.open()
            _ = try await store.lease(Samples.validator, holder: Samples.process(1), seize: false)
            let lease = try await bench.open().lease(Samples.validator, holder: Samples.process(2), seize: true)
            try require(lease.number.rawValue, equals: 2, "the number")
            try require(try await store.holder(Samples.validator), equals: lease, "the holder")
        },
        Check("a commit under a seized lease is lost, and nothing of it is visible") { bench in
            let old = try await Desk(bench.open())
            let young = try await Desk(bench.open(), pid: 101, seize: true)
            try await requireRefusal(.leaseLost) {
                try await old.commit(raising: [Watermark(epoch: 9, round: 9)], opening: Samples.grant(1, at: old))
            }
            try require(try await young.store.entries(of: old.operation).count, equals: 1, "entries of the old operation")
            try require(try await young.store.grants(Samples.validator), equals: [], "grants")
            try require(try await young.store.floor(Samples.validator).value, equals: nil, "floor")
            try await young.commit()
        },
        Check("a released lease commits nothing and begins nothing") { bench in
            let desk = try await Desk(bench.open())
            try await desk.store.release(desk.lease)
            try await requireRefusal(.leaseLost) { try await desk.commit() }
            try await requireRefusal(.leaseLost) { try await desk.store.begin(Entry(.begun), under: desk.lease) }
        },
        Check("a seized lease begins no operation") { bench in
            let old = try await Desk(bench.open())
            _ = try await bench.open().lease(Samples.validator, holder: Samples.process(101), seize: true)
            try await requireRefusal(.leaseLost) { try await old.store.begin(Entry(.begun), under: old.lease) }
        },
        Check("releasing a lease that was taken over leaves the new one alone") { bench in
            let old = try await Desk(bench.open())
            let young = try await Desk(bench.open(), pid: 101, seize: true)
            try await old.store.release(old.lease)
            try require(try await old.store.holder(Samples.validator), equals: young.lease, "the holder")
            try await young.commit()
        },
        Check("the right number with another holder is no lease") { bench in
            let desk = try await Desk(bench.open())
            let forged = Lease(validator: Samples.validator, number: desk.lease.number, holder: Samples.process(666))
            try await requireRefusal(.leaseLost) {
                try await desk.store.commit(Commit(operation: desk.operation, entries: [Entry(.intent)]), under: forged)
            }
        },
    ]
}
