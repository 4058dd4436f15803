import ArgumentParser
import BatonModel

extension OperationID {
    /// An operation as typed; the newest that fits when none is.
    static func typed(_ number: UInt64?) -> OperationID? { number.map { OperationID(rawValue: $0) } }
}

/// The one operation that a verb is about.
struct OperationArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The operation's number (see `baton list`); the newest that fits when left out.", valueName: "operation"))
    var number: UInt64?
    /// The number, when one was typed.
    var id: OperationID? { OperationID.typed(number) }
}

/// The validator that a verb is about.
struct ValidatorArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The validator's name in the fleet file; may be left out when there is only one.", valueName: "validator"))
    var name: String?
}
