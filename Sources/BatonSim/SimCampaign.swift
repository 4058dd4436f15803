package import BatonModel
import BatonConfluxNode
import Glibc
import Synchronization

/// Many seeds of one mode, on plain threads.
package enum SimCampaign {
    /// What a campaign is made of.
    package enum Mode: String, Hashable, Sendable, CaseIterable {
        /// No faults: every operation must be done.
        case clean
        /// Only crashes of the controller.
        case crash
        /// Everything, drawn per seed.
        case faults
    }

    /// What became of a campaign.
    package struct Report: Sendable {
        /// How it was run.
        package let mode: Mode
        /// The kind of operation; `nil`: drawn by each seed.
        package let course: SimCourse?
        /// The first seed.
        package let from: UInt64
        /// How many.
        package let seeds: Int
        /// Seeds in which a promise was broken, in order.
        package let failures: [SimCaseReport]
        /// How the last controller of each seed ended, by exit status; 99: none.
        package let exits: [Int32: Int]
        /// Seeds by kind of operation.
        package let courses: [String: Int]
        /// What the last controllers that were not done named, by exit status and rule.
        package let doubts: [String: Int]
        /// A hash over the traces of all seeds.
        package let trace: UInt64
        /// Starts that nodes executed for a controller.
        package let starts: Int
        /// Jobs and timers.
        package let events: Int
        /// Tasks that left the executor's preference.
        package let strays: Int
        /// What happened in the last seed, for people.
        package let lastStory: [String]
        /// Processor time of the seeds' threads.
        package let processor: Duration

        /// The command that repeats one seed.
        package func command(_ report: SimCaseReport) -> String {
            "baton sim --seeds 1 --from \(report.seed) --mode \(mode.rawValue)" + (course.map { " --verb \($0.rawValue)" } ?? "")
        }
    }

    /// Runs one seed.
    ///
    /// - Parameters:
    ///   - kinds: exactly these faults instead of those of the mode.
    ///   - course: the kind of operation; `nil`: drawn by the seed.
    package static func run(
        seed: UInt64, mode: Mode, kinds: Set<SimFaultKind>? = nil, course: SimCourse? = .switchover,
        controller: @escaping SimController = SimEngine.controller
    ) -> SimCaseReport {
        let drawn: SimFaultPlan =
            switch mode {
            case .clean: .none
            case .crash: SimFaultPlan([.controllerDeath])
            case .faults: SimFaultPlan(seed: seed)
            }
        let plan = kinds.map(SimFaultPlan.init) ?? drawn
        let order = SimOrder(course: course ?? .drawn(by: seed), seed: seed)
        let settings = SimCase.settings(seed: seed, order: order)
        let one = SimCase(settings, order: order, faults: plan, seed: seed, controller: controller)
        let report = one.run()
        guard mode == .clean, report.violations.isEmpty else { return report }
        let isDone = order.course == .abort ? report.outcomes.last??.exit == .done : report.outcomes.allSatisfy { $0?.exit == .done }
        if !isDone { one.checkers.blame(.resume, "not done without any fault") }
        return one.report(.finished)
    }

    /// Runs seeds `from` … `from + seeds - 1`.
    ///
    /// - Parameters:
    ///   - course: the kind of operation; `nil`: drawn by each seed.
    ///   - threads: worlds at a time; each has its own thread.
    ///   - failureMax: stops early after so many failures.
    package static func run(
        seeds: Int, from: UInt64, mode: Mode, kinds: Set<SimFaultKind>? = nil, course: SimCourse? = .switchover, threads: Int = 2,
        failureMax: Int = .max, controller: @escaping SimController = SimEngine.controller
    ) -> Report {
        let work = Work(seeds: seeds, failureMax: failureMax)
        let begun = processorTime()
        let body: @Sendable () -> Void = {
            while let index = work.next() {
                work.take(
                    run(seed: from + UInt64(index), mode: mode, kinds: kinds, course: course, controller: controller), at: index
                )
            }
        }
        let others = (1..<max(1, threads)).map { _ in PlainThread(body) }
        PlainThread(body).join()
        for other in others { other.join() }
        let books = work.books.withLock { $0 }
        return Report(
            mode: mode, course: course, from: from, seeds: books.traces.count, failures: books.failures.sorted { $0.seed < $1.seed },
            exits: books.exits, courses: books.courses, doubts: books.doubts,
            trace: books.traces.keys.sorted().reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ (books.traces[$1] ?? 0)) &* 0x100_0000_01B3 },
            starts: books.starts, events: books.events, strays: books.strays, lastStory: books.lastStory, processor: processorTime() - begun
        )
    }

    private static func processorTime() -> Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

/// What the threads of a campaign share.
private final class Work: Sendable {
    struct Books {
        var nextIndex = 0
        var traces: [Int: UInt64] = [:]
        var failures: [SimCaseReport] = []
        var exits: [Int32: Int] = [:]
        var courses: [String: Int] = [:]
        var doubts: [String: Int] = [:]
        var starts = 0
        var events = 0
        var strays = 0
        var lastStory: [String] = []
    }
    let books = Mutex(Books())
    private let seeds: Int
    private let failureMax: Int

    init(seeds: Int, failureMax: Int) { (self.seeds, self.failureMax) = (seeds, failureMax) }

    func next() -> Int? {
        books.withLock { books in
            guard books.nextIndex < seeds, books.failures.count < failureMax else { return nil }
            defer { books.nextIndex += 1 }
            return books.nextIndex
        }
    }

    func take(_ report: SimCaseReport, at index: Int) {
        books.withLock { books in
            books.traces[index] = report.trace
            if !report.violations.isEmpty { books.failures.append(report) }
            books.courses[report.course.rawValue, default: 0] += 1
            let last = report.outcomes.last ?? nil
            books.exits[last?.exit.rawValue ?? 99, default: 0] += 1
            if let last, last.exit != .done { books.doubts["\(last.exit.rawValue) \(last.rule?.rawValue ?? "-")", default: 0] += 1 }
            books.starts += report.starts
            books.lastStory = report.story
            books.events += report.events
            books.strays += report.strays
        }
    }
}

/// A thread of the operating system with nothing else on it, since a world belongs to one thread.
private final class PlainThread {
    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(Box(body)).toOpaque()
        let failure = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument { unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box
        )
        precondition(failure == 0, "no thread could be made")
    }

    func join() { _ = pthread_join(thread, nil) }

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

extension SimCampaign.Report {
    /// The report as the verb `sim` prints it.
    package var text: String {
        let seconds = processor.components.seconds * 1000 + processor.components.attoseconds / 1_000_000_000_000_000
        var lines = [
            "\(seeds) seeds from \(from), mode \(mode.rawValue), \(Self.list(courses)): \(failures.count) failed, "
                + "\(starts) starts, \(events) events, trace \(String(trace, radix: 16))",
            "exits: "
                + exits.keys.sorted().map { "\($0 == 99 ? "none" : String($0)) × \(exits[$0] ?? 0)" }.joined(separator: ", "),
            "not done: " + (doubts.isEmpty ? "none" : Self.list(doubts)),
            "\(seconds) ms of processor time, \(seconds > 0 ? Int64(seeds) * 1000 / seconds : 0) seeds per second and core",
        ]
        if seeds == 1, failures.isEmpty { lines += lastStory.map { "  \($0)" } }
        for failure in failures.prefix(5) {
            lines.append("")
            lines.append("seed \(failure.seed), \(failure.course.rawValue) (\(failure.faults)):")
            lines += failure.violations.prefix(5).map { "  broken: \($0)" }
            lines += failure.story.map { "  \($0)" }
            lines.append("  repeat it with: \(command(failure))")
        }
        return lines.joined(separator: "\n")
    }

    private static func list(_ counts: [String: Int]) -> String {
        counts.keys.sorted().map { "\($0) × \(counts[$0] ?? 0)" }.joined(separator: ", ")
    }

    /// The report for programs; times are left out, so that equal campaigns give equal JSON.
    package var json: JSON {
        [
            "mode": .string(mode.rawValue), "from": .unsigned(from), "seeds": .integer(Int64(seeds)),
            "failed": .integer(Int64(failures.count)), "starts": .integer(Int64(starts)), "events": .integer(Int64(events)),
            "courses": .object(courses.mapValues { .integer(Int64($0)) }), "not_done": .object(doubts.mapValues { .integer(Int64($0)) }),
            "strays": .integer(Int64(strays)), "trace": .string(String(trace, radix: 16)),
            "exits": .object(Dictionary(uniqueKeysWithValues: exits.map { (String($0.key), .integer(Int64($0.value))) })),
            "failures": .array(
                failures.map { failure in
                    [
                        "seed": .unsigned(failure.seed), "verb": .string(failure.course.rawValue), "faults": .string(failure.faults),
                        "violations": .array(
                            failure.violations.map {
                                [
                                    "checker": .string($0.checker.rawValue), "words": .string($0.words),
                                    "at_ms": .integer($0.at.nanoseconds / 1_000_000),
                                ]
                            }
                        ),
                        "story": .array(failure.story.map(JSON.string)), "repeat": .string(command(failure)),
                    ]
                }
            ),
        ]
    }
}
