package import BatonModel

extension SimCampaign {
    /// What the verb `sim` answers.
    package struct Answer: Sendable {
        /// For people.
        package let text: String
        /// For programs; equal campaigns give equal JSON.
        package let json: JSON
        /// Whether every promise was kept in every seed.
        package let isClean: Bool
    }

    /// The verb `sim`: operations by the real engine and the real driver.
    ///
    /// - Parameters:
    ///   - mode: `clean`, `crash` or `faults`.
    ///   - course: a ``SimCourse``; `any` lets each seed draw it.
    /// - Returns: `nil` when there is no such mode or course.
    package static func verb(seeds: Int, from: UInt64, mode: String, course: String, threads: Int) -> Answer? {
        guard let mode = Mode(rawValue: mode), course == anyCourse || SimCourse(rawValue: course) != nil else { return nil }
        let report = run(seeds: seeds, from: from, mode: mode, course: SimCourse(rawValue: course), threads: threads)
        return Answer(text: report.text, json: report.json, isClean: report.failures.isEmpty)
    }

    /// The word for the course that each seed draws.
    package static let anyCourse = "any"
    /// Every word for a course.
    package static var courses: [String] { [anyCourse] + SimCourse.allCases.map(\.rawValue) }
}
