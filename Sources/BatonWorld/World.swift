public import BatonModel

/// Everything outside a decision: time, network, files, processes and chance, handed in from the composition root.
///
/// The live form is in `BatonWorldLive`, the simulated one in `BatonSim`. Nothing else reaches outside.
public struct World: Sendable {
    public let clock: any HouseClock
    public let network: any Network
    public let files: any Files
    public let processes: any Processes
    public let randomness: any Randomness

    public init(
        clock: any HouseClock,
        network: any Network,
        files: any Files,
        processes: any Processes,
        randomness: any Randomness
    ) {
        (self.clock, self.network, self.files) = (clock, network, files)
        (self.processes, self.randomness) = (processes, randomness)
    }
}

/// The boot-time clock, with the wall clock as a second reading that orders nothing.
public protocol HouseClock: Clock, Sendable where Instant == BatonModel.Instant, Duration == Swift.Duration {
    /// The wall clock now; it may step.
    var wall: WallTime { get }
}

/// Random bytes for names that must not collide; never a source of decisions.
public protocol Randomness: Sendable {
    /// The next 64 random bits.
    func next() -> UInt64
}
