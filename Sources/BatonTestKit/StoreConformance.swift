package import BatonModel
public import BatonStore

/// The checks that every form of store must pass; whoever writes a store runs them on it.
public enum StoreConformance {
    /// One promise of the protocol, with the code that tries to break it.
    public struct Check: Sendable, CustomStringConvertible {
        /// A sentence that says what holds.
        public let name: String
        private let body: @Sendable (StoreBench) async throws -> Void

        package init(_ name: String, _ body: @escaping @Sendable (StoreBench) async throws -> Void) {
            (self.name, self.body) = (name, body)
        }
        public var description: String { name }

        /// Runs the check on a fresh state place.
        ///
        /// - Throws: ``ConformanceFailure`` when the store does not keep the promise; what the store threw otherwise.
        public func run(on bench: StoreBench) async throws { try await body(bench) }
    }

    /// Every check, by subject.
    public static let checks: [Check] = leases + grants + journal + ledger
}

/// A fresh state place on which a check opens as many store objects as it likes.
public struct StoreBench: Sendable {
    private let opening: @Sendable () async throws -> any Store

    /// - Parameter opening: makes one more store object on the *same* place, as another process or a restart would.
    public init(opening: @escaping @Sendable () async throws -> any Store) { self.opening = opening }

    /// One more store object on the place.
    public func open() async throws -> any Store { try await opening() }
}

/// A promise that a store did not keep, with the values.
public struct ConformanceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Passes when the condition holds.
package func require(_ condition: Bool, _ otherwise: @autoclosure () -> String) throws {
    guard condition else { throw ConformanceFailure(otherwise()) }
}

/// Passes when both are the same.
package func require<Value: Equatable>(_ value: Value, equals expected: Value, _ what: String) throws {
    guard value == expected else { throw ConformanceFailure("\(what): \(value), not \(expected)") }
}

/// Passes when the call is refused with this code, and with a remedy.
package func requireRefusal<Value>(_ code: BatonError.Code, _ call: () async throws -> Value) async throws {
    do {
        _ = try await call()
    } catch let error as BatonError {
        try require(error.code, equals: code, "the code of '\(error.message)'")
        try require(!error.remedy.isEmpty, "'\(error.message)' has no remedy")
        return
    }
    throw ConformanceFailure("not refused; \(code) was due")
}
