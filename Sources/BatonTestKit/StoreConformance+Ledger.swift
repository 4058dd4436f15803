import BatonKernel
import BatonModel
import BatonStore

private typealias Samples = StoreSamples
private typealias Desk = StoreSamples.Desk

extension StoreConformance {
    static let ledger: [Check] = [
        Check("the floor of an empty ledger is unknown, not zero") { bench in
            let store = try await bench.open()
            try require(try await store.floor(Samples.validator), equals: .unknown(.stale), "the floor")
            let desk = try await Desk(store, Samples.other)
            try await desk.commit(raising: [Watermark(epoch: 1, round: 1)])
            try require(try await store.floor(Samples.validator), equals: .unknown(.stale), "the floor beside another's")
        },
        Check("the floor only rises, by epoch and then by round") { bench in
            let desk = try await Desk(bench.open())
            let rows: [(epoch: UInt64, round: UInt64, floor: Watermark)] = [
                (3, 40, Watermark(epoch: 3, round: 40)), (3, 39, Watermark(epoch: 3, round: 40)),
                (3, 40, Watermark(epoch: 3, round: 40)), (2, 99, Watermark(epoch: 3, round: 40)),
                (3, 41, Watermark(epoch: 3, round: 41)), (4, 0, Watermark(epoch: 4, round: 0)),
                (3, 500, Watermark(epoch: 4, round: 0)),
            ]
            for row in rows {
                try await desk.commit(raising: [Watermark(epoch: row.epoch, round: row.round)])
                try require(try await desk.store.floor(Samples.validator), equals: .known(row.floor), "after \(row.epoch)/\(row.round)")
            }
        },
        Check("of several watermarks in a commit the highest counts") { bench in
            let desk = try await Desk(bench.open())
            let marks = [(3, 9), (4, 1), (3, 80)].map { Watermark(epoch: $0.0, round: $0.1) }
            try await desk.commit(raising: marks)
            try require(try await bench.open().floor(Samples.validator).value, equals: Watermark(epoch: 4, round: 1), "the floor")
        },
        Check("a commit without entries raises the floor") { bench in
            let desk = try await Desk(bench.open())
            let number = try await desk.commit([], raising: [Watermark(epoch: 1, round: 2)])
            try require(number.rawValue, equals: 1, "the last entry there is")
            try require(try await desk.store.floor(Samples.validator).value, equals: Watermark(epoch: 1, round: 2), "the floor")
        },
        Check("a watermark that is no place on a chain is refused") { bench in
            let desk = try await Desk(bench.open())
            try await requireRefusal(.refused) { try await desk.commit(raising: [Watermark(epoch: .max, round: 0)]) }
            try require(try await desk.store.floor(Samples.validator).value, equals: nil, "the floor")
        },
    ]
}
