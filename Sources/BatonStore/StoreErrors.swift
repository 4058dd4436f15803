package import BatonKernel
package import BatonModel

/// The errors of every store, worded once so that each form of store gives the same orders.
extension BatonError {
    /// A journal or evidence file whose chain or grants are not right.
    package static func journalBroken(_ message: String) -> BatonError {
        BatonError(
            .journalBroken, message,
            remedy: "Keep the file as it is, take no entry of it as true, and go on from facts: run `baton recover VALIDATOR`."
        )
    }

    /// A place that holds no store that this Baton can read; nothing in it was changed.
    package static func storeUnreadable(_ message: String, remedy: String) -> BatonError {
        BatonError(.storeUnreadable, message, remedy: remedy)
    }

    /// A store that could be read and refuses to write.
    package static func storeBroken(_ message: String, remedy: String) -> BatonError {
        BatonError(.storeBroken, message, remedy: remedy)
    }

    /// The lease of a validator is with another holder.
    package static func leaseHeld(_ lease: Lease) -> BatonError {
        BatonError(
            .leaseHeld,
            "The lease of \(lease.validator) (number \(lease.number)) is held by process \(lease.holder.pid)"
                + " (start \(lease.holder.startTime), boot \(lease.holder.bootID)).",
            remedy: "Let that process end its operation, or take over with"
                + " `baton lease break \(lease.validator) --reason TEXT`."
        )
    }

    /// A lease that is not the current one any more.
    package static func leaseLost(_ lease: Lease, now: Lease?) -> BatonError {
        let state =
            now.map { "process \($0.holder.pid) holds number \($0.number)" } ?? "nobody holds it"
        return BatonError(
            .leaseLost, "Lease \(lease.number) of \(lease.validator) was given back or taken over: \(state). Nothing was written.",
            remedy: "Run `baton status \(lease.validator)`, and when no operation runs there, `baton resume`."
        )
    }

    /// A change of the grants that a rule forbids.
    package static func grantRefused(_ refusal: GrantRefusal, of validator: ValidatorID) -> BatonError {
        BatonError(
            .grantOpen, "\(refusal.description) Nothing was written.",
            remedy: "Start nothing by hand; run `baton status \(validator)`, then `baton recover \(validator)`."
        )
    }

    /// A commit for an operation that this lease's validator does not have.
    package static func operationUnknown(_ operation: OperationID, of validator: ValidatorID) -> BatonError {
        BatonError(
            .unknownOperation, "Operation \(operation) is none of \(validator).",
            remedy: "Run `baton list` and name one of its operations."
        )
    }

    /// A commit that says something that no store can keep.
    package static func commitRefused(_ message: String) -> BatonError {
        BatonError(.refused, "\(message) Nothing was written.", remedy: "Run `baton status`, then `baton recover VALIDATOR`.")
    }
}
