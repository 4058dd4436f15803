import BatonCLI
import Glibc

// The door of the program: everything behind it is in BatonCLI.
exit(await Program.run(Array(CommandLine.arguments.dropFirst())))
