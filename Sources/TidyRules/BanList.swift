extension Ban {
    /// Adapters to the real machine, and the simulator's executor: the only places that may start tasks or read real clocks.
    static let live = ["Sources/BatonWorldLive/", "Sources/BatonHTTP/", "Sources/BatonDevnet/", "Sources/BatonSim/"]
    /// Tests on real processes: they need real waits with a deadline.
    static let realTests = [
        "Tests/IntegrationTests/", "Tests/BatonWorldLiveTests/", "Tests/BatonCLITests/", "Tests/DevnetTests/", "Tests/CrashTests/",
    ]
    /// Where a person, or the test that started the program, reads standard output.
    static let speaking = ["Sources/BatonCLI/", "Sources/tidy/", "Sources/baton/", "Sources/store-probe/"]
    /// Tests of the simulator itself: they let things escape in order to see them caught.
    static let escapes = ["Tests/ScenarioTests/SimWorldTests.swift"]

    /// Every ban of the house.
    package static let all: [Ban] = clocks + tasks + chance + crashes + output

    private static let clocks = [
        Ban("wall-clock", ["Date()", "Date.now"], places: live, instead: "time comes in from outside: take `World.clock`"),
        Ban(
            "dispatch-time", ["DispatchTime", "DispatchQueue"], places: ["Sources/BatonWorldLive/"] + realTests,
            instead: "no queues of our own; use actors"
        ),
        Ban(
            "real-clock", ["ContinuousClock", "SuspendingClock"], places: live + realTests,
            instead: "the simulator can't move it: take the clock of the world"
        ),
        Ban(
            "real-sleep", ["Task.sleep", "Thread.sleep", "usleep(", "sleep("], pardons: ["clock:", "clock.sleep", "func sleep"],
            places: live + realTests + escapes, instead: "sleep on the clock of the world"
        ),
        Ban(
            "process-info", ["ProcessInfo"], places: live + speaking + ["Sources/BatonApp/", "Tests/"],
            instead: "arguments and environment come in from the door"
        ),
    ]

    private static let tasks = [
        Ban(
            "bare-task", ["Task {", "Task(", "Task.detached", "Task.immediate", "@MainActor"], places: live + escapes,
            instead: "escapes the simulator and outlives its owner: use a task group"
        )
    ]

    private static let chance = [
        Ban(
            "chance",
            ["UUID()", "SystemRandomNumberGenerator", ".random(in:", ".randomElement()", ".shuffled()", ".shuffle()"],
            pardons: ["using:"],
            // Tests on real files take a folder that no other run has.
            places: ["Sources/BatonWorldLive/", "Tests/BatonStoreTests/"] + realTests,
            instead: "not repeatable from a seed: take `World.randomness`"
        )
    ]

    private static let crashes = [
        Ban("force-try", ["try!", "as!"], instead: "handle it: `do`/`catch`, `as?` with an error that has a remedy"),
        Ban("for-unsafe", ["for unsafe "], instead: "the formatter of 6.3.1 joins the two words; loop in another form"),
        Ban("fatal-error", ["fatalError"], places: live, instead: "`precondition` for our mistakes, `BatonError` for the world's"),
    ]

    private static let output = [
        Ban("print", ["print(", "debugPrint(", "dump("], places: speaking, instead: "only the command line speaks to the terminal")
    ]
}
