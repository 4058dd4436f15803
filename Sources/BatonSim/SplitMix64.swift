/// The random numbers of a simulation: one seed, one sequence, on every machine.
///
/// - Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts the sequence of a seed.
    package init(seed: UInt64) { state = seed }

    /// The sequence for one purpose under a seed, so that more draws for one purpose do not move those of another.
    package init(seed: UInt64, purpose: UInt64) {
        var mixer = SplitMix64(seed: seed &+ purpose &* 0xD1B5_4A32_D192_ED03)
        self.init(seed: mixer.next())
    }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A whole number from 0 to below `bound`.
    ///
    /// - Precondition: `bound` is above 0.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "nothing to draw from")
        return Int(truncatingIfNeeded: next() % UInt64(bound))
    }

    /// Whether a thing of this chance happens.
    ///
    /// - Parameter permille: chance in 1/1000.
    package mutating func happens(_ permille: Int) -> Bool { below(1000) < permille }

    /// A length of time from `low` to `high`, in whole microseconds.
    package mutating func duration(_ low: Duration, _ high: Duration) -> Duration {
        let span = (high - low).components
        let microseconds = Int(span.seconds) * 1_000_000 + Int(span.attoseconds / 1_000_000_000_000)
        return low + .microseconds(below(max(1, microseconds + 1)))
    }

    /// One element of a list that is not empty.
    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}
