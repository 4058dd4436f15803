/// A moment on the boot-time clock of the machine that runs Baton: it counts suspended time and never steps.
///
/// - Unit: nanoseconds since boot (or since the start of a simulation).
public struct Instant: InstantProtocol, Hashable, Sendable {
    public let nanoseconds: Int64
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public func advanced(by duration: Duration) -> Instant { Instant(nanoseconds: nanoseconds + duration.nanoseconds) }
    public func duration(to other: Instant) -> Duration { .nanoseconds(other.nanoseconds - nanoseconds) }
    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// A moment on the wall clock; it may step, so it orders nothing.
///
/// - Unit: nanoseconds since 1970-01-01 UTC.
public struct WallTime: Hashable, Sendable {
    public let nanoseconds: Int64
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    /// Whole seconds since 1970.
    public var seconds: Int64 { nanoseconds / 1_000_000_000 }

    /// `2026-11-21 13:05:09Z`, computed without a calendar library (proleptic Gregorian, UTC).
    public var text: String {
        let days = seconds.quotientFloor(86_400)
        let rest = seconds - days * 86_400
        // Days to a civil date; Howard Hinnant, "chrono-compatible low-level date algorithms".
        let shifted = days + 719_468
        let era = shifted.quotientFloor(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthShifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthShifted + 2) / 5 + 1
        let month = monthShifted < 10 ? monthShifted + 3 : monthShifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(two(month))-\(two(day)) \(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }
}

extension Int64 {
    fileprivate func quotientFloor(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

extension Duration {
    /// The length in whole nanoseconds.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// The length for people: `850 ms`, `4.2 s`, `3 min 5 s`, `1 h 2 min`.
    public var readable: String {
        let total = nanoseconds / 1_000_000
        if total < 1000 { return "\(total) ms" }
        if total < 60_000 { return "\(total / 1000).\(total / 100 % 10) s" }
        if total < 3_600_000 { return "\(total / 60_000) min \(total / 1000 % 60) s" }
        return "\(total / 3_600_000) h \(total / 60_000 % 60) min"
    }
}
