import BatonKernel
import BatonModel
import Testing

@Suite("What a commit may do to the grants")
struct GrantRulesTests {
    static let validator: ValidatorID = "acme-pos"

    static func incarnation(_ pid: Int32) -> Incarnation { Incarnation(bootID: "boot-1", pid: pid, startTime: 7) }
    static func grant(_ number: UInt64, to node: NodeID = "a", of validator: ValidatorID = validator) -> Grant {
        Grant(
            number: GrantNumber(rawValue: number), validator: validator, node: node,
            state: VoteState(bytes: [1], digest: "d1", watermark: Watermark(epoch: 3, round: 9)), origin: .adopted, fences: [],
            incarnation: incarnation(10), lease: LeaseNumber(rawValue: 1), operation: OperationID(rawValue: 1)
        )
    }
    static func fenced(_ number: UInt64, node: NodeID = "a", means: Fence.Means = .stopped, pid: Int32? = 10) -> Closing {
        .fenced(
            GrantNumber(rawValue: number),
            Fence(node: node, incarnation: pid.map(incarnation), means: means, bootID: "boot-1")
        )
    }
    static func superseded(_ number: UInt64, by later: UInt64) -> Closing {
        .superseded(GrantNumber(rawValue: number), by: GrantNumber(rawValue: later))
    }
    static func open(_ number: UInt64) -> GrantRecord { GrantRecord(grant: grant(number), closing: nil) }
    static func closed(_ number: UInt64) -> GrantRecord { GrantRecord(grant: grant(number), closing: fenced(number)) }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var closing: Closing?
        var opening: Grant?
        var last: GrantRecord?
        var isImport = false
        var broken: GrantRule?
        var testDescription: String { name }
    }

    static let rows: [Row] = [
        Row(name: "nothing is asked for"),
        Row(name: "the first grant is number 1", opening: grant(1)),
        Row(name: "the first grant is not number 2", opening: grant(2), broken: .nextNumber),
        Row(name: "the first grant is not number 0", opening: grant(0), broken: .nextNumber),
        Row(name: "no second grant while one is open", opening: grant(2), last: open(1), broken: .oneOpen),
        Row(name: "an open grant is not opened again", opening: grant(1), last: open(1), broken: .oneOpen),
        Row(name: "the next after a closed one", opening: grant(2), last: closed(1)),
        Row(name: "a number is not used twice", opening: grant(1), last: closed(1), broken: .nextNumber),
        Row(name: "a number is not left out", opening: grant(3), last: closed(1), broken: .nextNumber),
        Row(name: "close and open in one commit", closing: fenced(1), opening: grant(2, to: "b"), last: open(1)),
        Row(name: "close alone", closing: fenced(4), last: open(4)),
        Row(name: "a closing names the open one", closing: fenced(2), last: open(1), broken: .closesTheOpenOne),
        Row(name: "an older one is closed", closing: fenced(1), last: open(2), broken: .closedStays),
        Row(name: "a closed one stays as it is", closing: fenced(1), last: closed(1), broken: .closedStays),
        Row(name: "nothing to close", closing: fenced(1), broken: .closesTheOpenOne),
        Row(name: "what it opens is not what it closes", closing: fenced(1), opening: grant(1), broken: .closesTheOpenOne),
        Row(name: "a fence of another node", closing: fenced(1, node: "b"), last: open(1), broken: .fenceOfGrantee),
        Row(name: "a stop of nobody", closing: fenced(1, pid: nil), last: open(1), broken: .fenceOfGrantee),
        Row(name: "idle, but who", closing: fenced(1, means: .idle, pid: nil), last: open(1), broken: .fenceOfGrantee),
        Row(name: "an ended process has no successor yet", closing: fenced(1, means: .ended, pid: nil), last: open(1)),
        Row(name: "unused, shown", closing: .unused(GrantNumber(rawValue: 1), shown: "token revoked"), last: open(1)),
        Row(
            name: "unused, not shown", closing: .unused(GrantNumber(rawValue: 1), shown: ""), last: open(1),
            broken: .unusedIsShown
        ),
        Row(name: "an import may leave a gap", opening: grant(7), last: closed(2), isImport: true),
        Row(name: "an import is the first that this store sees", opening: grant(7), isImport: true),
        Row(name: "an import is no older", opening: grant(2), last: closed(2), isImport: true, broken: .nextNumber),
        Row(name: "an import closes nothing by itself", opening: grant(7), last: open(2), isImport: true, broken: .oneOpen),
        Row(name: "an import supersedes the open one", closing: superseded(2, by: 7), opening: grant(7), last: open(2), isImport: true),
        Row(
            name: "what is opened here supersedes nothing", closing: superseded(2, by: 3), opening: grant(3), last: open(2),
            broken: .supersededByImport
        ),
        Row(
            name: "superseded by another import", closing: superseded(2, by: 7), opening: grant(8), last: open(2), isImport: true,
            broken: .supersededByImport
        ),
        Row(name: "superseded by nothing", closing: superseded(2, by: 7), last: open(2), broken: .supersededByImport),
        Row(
            name: "superseded by an older one", closing: superseded(2, by: 1), opening: grant(1), last: open(2), isImport: true,
            broken: .closesTheOpenOne
        ),
        Row(name: "another validator's grant", opening: grant(1, of: "other"), broken: .ownValidator),
    ]

    @Test("each change is permitted or refused by its rule", arguments: rows)
    func judges(_ row: Row) {
        do {
            let change = try GrantRules.change(
                closing: row.closing, opening: row.opening, after: row.last, of: Self.validator, isImport: row.isImport
            )
            #expect(row.broken == nil, "permitted although \(String(describing: row.broken)) forbids it")
            #expect(change.closed?.closing == row.closing)
            #expect(change.closed?.grant == (row.closing == nil ? nil : row.last?.grant))
            #expect(change.opened?.grant == row.opening)
            #expect(change.opened?.isOpen ?? true)
        } catch {
            #expect(error.rule == row.broken, "\(error)")
        }
    }

    @Test("every rule is broken by some row") func coversEveryRule() {
        #expect(Set(Self.rows.compactMap(\.broken)) == Set(GrantRule.allCases))
    }
}
