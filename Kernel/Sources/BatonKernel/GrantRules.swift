public import BatonModel

/// A rule about the grants of one validator; every store refuses a commit that breaks one (safety.md R1).
public enum GrantRule: String, Hashable, Sendable, CaseIterable {
    /// A grant belongs to the validator whose lease the commit is made under.
    case ownValidator = "grant.own-validator"
    /// What is closed is the open grant, by its number.
    case closesTheOpenOne = "grant.closes-the-open-one"
    /// A closed grant never changes.
    case closedStays = "grant.closed-stays"
    /// A grant is closed by a fence of its grantee, which names the incarnation that it saw unless none runs.
    case fenceOfGrantee = "grant.fence-of-grantee"
    /// An unused grant says by what that was shown.
    case unusedIsShown = "grant.unused-is-shown"
    /// At most one grant is open.
    case oneOpen = "grant.one-open"
    /// A grant has the number that follows the last one, the first has 1; only an imported grant may leave a gap.
    case nextNumber = "grant.next-number"
    /// A grant is superseded only by a later one that is imported in the same commit, so that one stays open.
    case supersededByImport = "grant.superseded-by-import"

    /// Its name where rules are explained and recorded.
    public var id: RuleID { RuleID(rawValue) }
}

/// Why a change of the grants is refused: the rule and the values that broke it.
public struct GrantRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public let rule: GrantRule
    /// What was asked for against what is so; no vote state's bytes.
    public let message: String
    public init(_ rule: GrantRule, _ message: String) { (self.rule, self.message) = (rule, message) }
    public var description: String { "\(message) (\(rule.rawValue))" }
}

/// What a permitted commit does to the grants of one validator.
public struct GrantChange: Hashable, Sendable {
    /// The grant that ends, with how.
    public let closed: GrantRecord?
    /// The grant that is open from now on.
    public let opened: GrantRecord?
    public init(closed: GrantRecord?, opened: GrantRecord?) { (self.closed, self.opened) = (closed, opened) }
}

/// What a commit may do to the grants of one validator: close first, then open.
///
/// The one place of these rules: every store and the check of an evidence file call it.
public enum GrantRules {
    /// The member of a `granted` entry's detail that carries an imported grant and marks it as one.
    public static let importedKey = "imported"

    /// Judges one commit.
    ///
    /// - Parameters:
    ///   - closing: how the open grant ends, applied first.
    ///   - opening: the grant that is opened after it.
    ///   - last: the grant with the highest number, or `nil` when the validator never had one.
    ///   - isImport: whether `opening` was found beside the nodes, opened by a controller with another store (safety.md R6).
    /// - Throws: ``GrantRefusal`` with the first rule that is broken.
    public static func change(
        closing: Closing?, opening: Grant?, after last: GrantRecord?, of validator: ValidatorID, isImport: Bool = false
    ) throws(GrantRefusal) -> GrantChange {
        var latest = last
        var closed: GrantRecord?
        if let closing {
            closed = try close(closing, after: last)
            latest = closed
        }
        if case .superseded(let number, let later) = closing {
            guard isImport, opening?.number == later else {
                throw GrantRefusal(.supersededByImport, "Grant \(number) is superseded by \(later), which is not imported with it.")
            }
        }
        guard let opening else { return GrantChange(closed: closed, opened: nil) }
        guard opening.validator == validator else {
            throw GrantRefusal(.ownValidator, "The grant is of \(opening.validator), the lease of \(validator).")
        }
        if let latest, latest.isOpen {
            throw GrantRefusal(
                .oneOpen,
                "Grant \(latest.grant.number) of \(validator) is open for \(latest.grant.node);"
                    + " grant \(opening.number) for \(opening.node) can't be opened beside it."
            )
        }
        let next = latest?.grant.number.next ?? GrantNumber(rawValue: 1)
        // A gap means that another store's grants were found beside the nodes.
        guard opening.number == next || (isImport && opening.number > next) else {
            throw GrantRefusal(.nextNumber, "The next grant of \(validator) is \(next), not \(opening.number).")
        }
        return GrantChange(closed: closed, opened: GrantRecord(grant: opening, closing: nil))
    }

    private static func close(_ closing: Closing, after last: GrantRecord?) throws(GrantRefusal) -> GrantRecord {
        guard let last else {
            throw GrantRefusal(.closesTheOpenOne, "Grant \(closing.grant) can't be closed: there never was a grant.")
        }
        guard closing.grant == last.grant.number else {
            if closing.grant < last.grant.number {
                throw GrantRefusal(.closedStays, "Grant \(closing.grant) is closed; the last one is \(last.grant.number).")
            }
            throw GrantRefusal(
                .closesTheOpenOne, "Grant \(closing.grant) can't be closed: the last one is \(last.grant.number)."
            )
        }
        guard last.isOpen else { throw GrantRefusal(.closedStays, "Grant \(closing.grant) is closed already.") }
        switch closing {
        case .fenced(_, let fence):
            guard fence.node == last.grant.node else {
                throw GrantRefusal(
                    .fenceOfGrantee, "Grant \(closing.grant) is of \(last.grant.node); the fence is of \(fence.node)."
                )
            }
            guard fence.means == .ended || fence.incarnation != nil else {
                throw GrantRefusal(
                    .fenceOfGrantee, "The fence of \(fence.node) is '\(fence.means.rawValue)' and names no incarnation."
                )
            }
        case .unused(_, let shown):
            guard !shown.isEmpty else {
                throw GrantRefusal(.unusedIsShown, "Grant \(closing.grant) is called unused, and nothing shows it.")
            }
        case .superseded(_, let later):
            guard later > last.grant.number else {
                throw GrantRefusal(.closesTheOpenOne, "Grant \(closing.grant) can't be superseded by grant \(later).")
            }
        }
        return GrantRecord(grant: last.grant, closing: closing)
    }
}
