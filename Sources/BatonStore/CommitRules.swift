package import BatonKernel
package import BatonModel

/// The number of a validator's lease with who has it, as a store keeps it after the lease was given back too.
package struct LeaseSlot: Hashable, Sendable {
    /// 0 before the first lease; it never goes down.
    package let number: LeaseNumber
    /// `nil` when nobody holds it.
    package let holder: Incarnation?
    package init(number: LeaseNumber, holder: Incarnation?) { (self.number, self.holder) = (number, holder) }

    /// The slot of a validator that never had a lease.
    package static let untaken = LeaseSlot(number: LeaseNumber(rawValue: 0), holder: nil)

    /// The lease that this slot stands for, or `nil` when nobody holds it.
    package func lease(of validator: ValidatorID) -> Lease? {
        holder.map { Lease(validator: validator, number: number, holder: $0) }
    }

    /// The next lease for a holder.
    ///
    /// - Throws: ``BatonError/Code/leaseHeld`` when somebody holds it, the same process too, and `seize` is false.
    package func next(for holder: Incarnation, of validator: ValidatorID, seize: Bool) throws(BatonError) -> Lease {
        if !seize, let held = lease(of: validator) { throw .leaseHeld(held) }
        return Lease(validator: validator, number: number.next, holder: holder)
    }

    /// Passes when `lease` is the current one.
    ///
    /// - Throws: ``BatonError/Code/leaseLost`` otherwise.
    package func check(_ lease: Lease) throws(BatonError) {
        let current = self.lease(of: lease.validator)
        guard current == lease else { throw .leaseLost(lease, now: current) }
    }
}

/// What a permitted commit writes.
package struct CommitEffect: Hashable, Sendable {
    /// In the order of the journal: the commit's own entries, then `closed`, then `granted`.
    package let entries: [Entry]
    package let grants: GrantChange
    /// The highest of the watermarks, when it is above the floor.
    package let floor: Watermark?
    package init(entries: [Entry], grants: GrantChange, floor: Watermark?) {
        (self.entries, self.grants, self.floor) = (entries, grants, floor)
    }
}

/// What every store asks of a commit before it writes anything.
package enum CommitRules {
    /// Judges a commit against what the store holds.
    ///
    /// - Parameters:
    ///   - slot: the lease of the validator now.
    ///   - owner: the validator of the commit's operation, or `nil` when the operation is unknown.
    ///   - last: the last grant of the validator.
    ///   - floor: the highest watermark of the validator.
    /// - Throws: ``BatonError/Code/leaseLost``, ``BatonError/Code/unknownOperation``, ``BatonError/Code/grantOpen``, or
    ///   ``BatonError/Code/refused`` for a commit that contradicts itself.
    package static func effect(
        of commit: Commit, under lease: Lease, slot: LeaseSlot, owner: ValidatorID?, last: GrantRecord?, floor: Watermark?
    ) throws(BatonError) -> CommitEffect {
        try slot.check(lease)
        guard owner == lease.validator else { throw .operationUnknown(commit.operation, of: lease.validator) }
        try checkNumbers(of: commit)
        let isImport = commit.isImport
        if let opening = commit.opening, !isImport {
            guard opening.lease == lease.number, opening.operation == commit.operation else {
                throw .commitRefused(
                    "Grant \(opening.number) names lease \(opening.lease) and operation \(opening.operation);"
                        + " the commit is of \(lease.number) and \(commit.operation)."
                )
            }
        }
        let grants: GrantChange
        do {
            grants = try GrantRules.change(
                closing: commit.closing, opening: commit.opening, after: last, of: lease.validator, isImport: isImport
            )
        } catch {
            throw .grantRefused(error, of: lease.validator)
        }
        let highest = commit.raising.max()
        let raised = highest.flatMap { high in floor.map { high > $0 } ?? true ? high : nil }
        return CommitEffect(
            entries: try entries(of: commit, validator: lease.validator), grants: grants, floor: raised
        )
    }

    /// The entries to keep. The store itself writes `closed` and `granted`, so that the journal alone proves the grants;
    /// an entry of these kinds in the commit lends its step, rule and detail (a detail that is no object as `note`).
    private static func entries(of commit: Commit, validator: ValidatorID) throws(BatonError) -> [Entry] {
        var own: [Entry] = []
        var closed: Entry?
        var granted: Entry?
        for entry in commit.entries {
            switch entry.kind {
            case .closed where commit.closing != nil && closed == nil: closed = entry
            case .granted where commit.opening != nil && granted == nil: granted = entry
            case .closed, .granted:
                throw .commitRefused("An entry says '\(entry.kind.rawValue)', and the commit does no such thing.")
            case .begun: throw .commitRefused("An operation begins once, and not by a commit.")
            default: own.append(entry)
            }
        }
        if let closing = commit.closing {
            own.append(record(.closed, ["closing": closing.json, "validator": .string(validator.rawValue)], from: closed))
        }
        if let opening = commit.opening { own.append(record(.granted, ["grant": opening.json], from: granted)) }
        return own
    }

    private static func record(_ kind: EntryKind, _ members: JSONMembers, from said: Entry?) -> Entry {
        var members = members
        switch said?.detail {
        case nil, .null?: break
        case .object(let told)?: members.merge(told) { own, _ in own }
        case let note?: members["note"] = note
        }
        return Entry(kind, step: said?.step, rule: said?.rule, detail: .object(members))
    }

    /// Numbers above `Int64.max` would be kept by one form of store and not by another.
    private static func checkNumbers(of commit: Commit) throws(BatonError) {
        for mark in commit.raising + (commit.opening.map { [$0.state.watermark] } ?? []) {
            guard Int64(exactly: mark.epoch) != nil, Int64(exactly: mark.round) != nil else {
                throw .commitRefused("The watermark \(mark) is no place on a chain.")
            }
        }
    }
}

extension Commit {
    /// Whether the grant that it opens was found beside the nodes: its `granted` entry says so by carrying that very grant
    /// under ``GrantRules/importedKey``. Such a grant names the lease and operation of the controller that opened it.
    var isImport: Bool {
        guard let opening else { return false }
        return entries.contains { $0.kind == .granted && $0.detail[GrantRules.importedKey] == opening.json }
    }
}
