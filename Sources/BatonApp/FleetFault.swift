package import BatonModel

/// A place in a fleet file.
package struct FleetPlace: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// - Range: from 1.
    package let line: Int
    /// - Range: from 1, in Unicode scalars.
    package let column: Int
    package init(line: Int, column: Int) { (self.line, self.column) = (line, column) }
    package static func < (left: FleetPlace, right: FleetPlace) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
    package var description: String { "\(line):\(column)" }
}

/// One thing that is wrong with a fleet file.
package struct FleetFault: Hashable, Sendable {
    /// ``BatonError/Code/fleetUnreadable`` when the file is no YAML at all, else ``BatonError/Code/fleetInvalid``.
    package let code: BatonError.Code
    package let place: FleetPlace
    /// What is wrong, with the value.
    package let message: String
    /// An order to the operator.
    package let remedy: String
    package init(_ code: BatonError.Code, at place: FleetPlace, _ message: String, remedy: String) {
        (self.code, self.place, self.message, self.remedy) = (code, place, message, remedy)
    }
}

/// Everything that is wrong with a fleet file, in the order of its lines.
package struct FleetFaults: Error, Hashable, Sendable {
    /// The file as the operator named it.
    package let path: String
    /// At least one.
    package let faults: [FleetFault]
    package init(path: String, faults: [FleetFault]) {
        precondition(!faults.isEmpty, "faults without a fault")
        (self.path, self.faults) = (path, faults.sorted { ($0.place, $0.message) < ($1.place, $1.message) })
    }

    /// The faults as one error, each with its line and its remedy.
    package var error: BatonError {
        if faults.count == 1 {
            return BatonError(faults[0].code, "\(path):\(faults[0].place): \(faults[0].message)", remedy: faults[0].remedy)
        }
        let lines = faults.map { "\(path):\($0.place): \($0.message) \($0.remedy)" }
        return BatonError(
            faults[0].code, "The fleet file is wrong in \(faults.count) places:\n" + lines.joined(separator: "\n"),
            remedy: "Mend these lines, then run `baton check`."
        )
    }

    /// The faults for programs.
    package var json: JSON {
        .array(
            faults.map { fault in
                [
                    "file": .string(path), "line": .integer(Int64(fault.place.line)),
                    "column": .integer(Int64(fault.place.column)), "code": .string(fault.code.text),
                    "message": .string(fault.message), "remedy": .string(fault.remedy),
                ]
            }
        )
    }
}
