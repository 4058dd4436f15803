import BatonAPI
import BatonApp
import BatonModel

extension Composition {
    /// The composition of the program.
    package static let live = Composition(
        open: { (fleet) throws(BatonError) in try Application(fleet: fleet) },
        rules: { Application.rules },
        verify: { (bytes) throws(BatonError) in try Application.verify(bytes) },
        demonstrate: { (order, report) throws(BatonError) in try await Demonstration.run(order, report) },
        measure: { (order, report) throws(BatonError) in try await Measurement.run(order, report) }
    )
}
