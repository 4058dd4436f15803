package import BatonModel
package import BatonKernel
package import BatonStore
package import BatonWorld

/// Takes a validator's lease, ending its old holder on this machine first (safety.md R7).
package struct Takeover: Sendable {
    private let store: any Store
    private let world: World
    /// How long a killed holder may take to be gone.
    private let endWithin: Duration = .seconds(10)

    package init(store: any Store, world: World) { (self.store, self.world) = (store, world) }

    /// The lease with a number above every one before.
    ///
    /// - Parameter seize: end a living holder; without it a living holder is an error.
    /// - Throws: ``BatonError/Code/leaseHeld`` when somebody living holds it, ``BatonError/Code/doubt`` when the holder
    ///   could not be ended.
    package func lease(_ validator: ValidatorID, seize: Bool) async throws(BatonError) -> Lease {
        let own = await world.processes.own()
        guard let held = try await store.holder(validator) else { return try await store.lease(validator, holder: own, seize: false) }
        let holder = held.holder
        let boot = await world.processes.bootID()
        let isAlive = holder.bootID == boot ? await world.processes.inspect(pid: holder.pid)?.incarnation == holder : false
        if isAlive, holder != own {
            guard seize else {
                throw BatonError(
                    .leaseHeld, "Baton process \(holder.pid) is operating \(validator) (lease \(held.number)).",
                    remedy: "Wait for it, or take over with `baton resume`.")
            }
            try await end(holder, of: validator)
        }
        return try await store.lease(validator, holder: own, seize: true)
    }

    private func end(_ holder: Incarnation, of validator: ValidatorID) async throws(BatonError) {
        _ = await world.processes.signal(holder, .kill)
        let deadline = world.clock.now.advanced(by: endWithin)
        while await world.processes.inspect(pid: holder.pid)?.incarnation == holder {
            guard world.clock.now < deadline else {
                throw BatonError(
                    .doubt, "Baton process \(holder.pid), which operates \(validator), does not end.",
                    remedy: "End it by hand (kill -9 \(holder.pid)), then run the same again.")
            }
            do { try await world.clock.sleep(until: world.clock.now.advanced(by: .milliseconds(20)), tolerance: nil) } catch {
                throw BatonError(.interrupted, "Interrupted while taking over.", remedy: "Run the same again.")
            }
        }
    }
}
