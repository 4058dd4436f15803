import Foundation

/// The installed `baton` as a subprocess, for the demonstration and for measuring.
struct Subprocess: Sendable {
    let executable: String

    /// How a program ended, and what it wrote to standard output.
    struct Ended: Sendable {
        let status: Int32
        let output: String
    }

    /// This program's own path, or `nil` when the system does not tell.
    static var own: Subprocess? { Bundle.main.executablePath.map { Subprocess(executable: $0) } }

    /// A process that is not started yet, without standard input.
    func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        return process
    }

    /// Runs to the end; status 127 when it could not be started.
    ///
    /// - Parameter echo: where its output goes as it comes, besides being returned.
    @discardableResult
    func run(_ arguments: [String], echo: FileHandle? = nil) -> Ended {
        let process = process(arguments)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = echo == nil ? FileHandle.nullDevice : FileHandle.standardError
        do { try process.run() } catch { return Ended(status: 127, output: "") }
        var output = Data()
        while true {
            let chunk = pipe.fileHandleForReading.availableData
            if chunk.isEmpty { break }
            output.append(chunk)
            echo?.write(chunk)
        }
        process.waitUntilExit()
        return Ended(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }
}
