import BatonCLI
import BatonWorldLive
import Glibc

// The door of the program: everything behind it is in BatonCLI.
let arguments = Array(CommandLine.arguments.dropFirst())
exit(await ControllerLoop.run { await Program.run(arguments) })
