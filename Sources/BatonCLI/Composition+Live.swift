import BatonAPI
import BatonApp
import BatonModel
import BatonSim

extension Composition {
    /// The composition of the program.
    package static let live = Composition(
        open: { (fleet) throws(BatonError) in try Application(fleet: fleet) },
        rules: { Application.rules },
        verify: { (bytes) throws(BatonError) in try Application.verify(bytes) },
        simulate: { (order, report) throws(BatonError) in
            guard let answer = SimCampaign.verb(seeds: Int(clamping: order.seeds), from: order.from, mode: order.mode, threads: 2) else {
                throw BatonError(.usage, "There is no mode \"\(order.mode)\".", remedy: "Say --mode clean, crash or faults.")
            }
            report(answer.text, answer.json)
            return answer.isClean ? .done : .failed
        },
        demonstrate: { (order, report) throws(BatonError) in try await Demonstration.run(order, report) },
        measure: { (order, report) throws(BatonError) in try await Measurement.run(order, report) }
    )
}
