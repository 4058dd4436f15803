public import BatonWorld

/// The composition of the real machine: boot-time clock, sockets, POSIX files, `/proc`, the kernel's random source.
public enum LiveWorld {
    /// Makes a world of live parts. Each call gives an own one; the process's children are known only to the
    /// ``LiveProcesses`` that started them.
    public static func make() -> World {
        World(
            clock: LiveClock(),
            network: LiveNetwork(),
            files: LiveFiles(),
            processes: LiveProcesses(),
            randomness: LiveRandomness()
        )
    }
}

/// Random bits from the kernel.
///
/// - Source: the standard library's `SystemRandomNumberGenerator`, which is getrandom(2) on Linux.
public struct LiveRandomness: Randomness {
    /// Makes the source; it keeps no state.
    public init() {}

    /// The next 64 random bits.
    public func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
