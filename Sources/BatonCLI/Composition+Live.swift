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
            let answer = SimCampaign.verb(
                seeds: Int(clamping: order.seeds), from: order.from, mode: order.mode, course: order.verb, threads: 2)
            guard let answer else {
                throw BatonError(
                    .usage, "There is no mode \"\(order.mode)\" or no verb \"\(order.verb)\" in the simulator.",
                    remedy: "Say --mode clean, crash or faults, and --verb \(SimCampaign.courses.joined(separator: ", ")).")
            }
            report(answer.text, answer.json)
            return answer.isClean ? .done : .failed
        },
        demonstrate: { (order, report) throws(BatonError) in try await Demonstration.run(order, report) },
        measure: { (order, report) throws(BatonError) in try await Measurement.run(order, report) }
    )
}
