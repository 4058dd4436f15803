import Glibc
import Synchronization

/// How often the operator has pressed Ctrl-C since an operation began.
///
/// A signal handler can reach only what is global and may only touch an atomic: this is the one such place.
private let presses = Atomic<Int>(0)

/// Ctrl-C while an operation runs: the first asks it to stop at the next safe point, the second leaves at once.
enum Interrupts {
    /// From now on SIGINT, SIGTERM and SIGHUP ask to stop, and a closed pipe is no reason to end.
    ///
    /// Handlers, not `SIG_IGN`: a handler is undone by exec, so that a node started by Baton has its usual signals.
    static func watch() {
        presses.store(0, ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            _ = signal(number) { _ in
                let before = presses.wrappingAdd(1, ordering: .relaxed).oldValue
                if before == 0 {
                    Interrupts.say("\nStopping at the next safe point. Ctrl-C again leaves at once (resumable).\n")
                } else {
                    Interrupts.say("\nLeft at once. Run `baton resume`.\n")
                    _exit(5)
                }
            }
        }
        _ = signal(SIGPIPE) { _ in }
    }

    /// Whether the operator has asked to stop.
    static var isAsked: Bool { presses.load(ordering: .relaxed) > 0 }

    /// Only `write`: nothing else is safe in a signal handler.
    private static func say(_ text: StaticString) {
        _ = unsafe write(2, text.utf8Start, text.utf8CodeUnitCount)
    }
}
