import Foundation

/// Runs a command line and waits for it, no longer than is allowed.
enum Shell {
    struct Answer {
        let status: Int32
        let output: String
    }

    /// Runs a script by bash, stopping at its first failing command; both outputs are joined.
    ///
    /// The time limit is kept by coreutils' `timeout`, which ends the whole group.
    static func run(
        _ script: String, in folder: URL, timeoutSeconds: Int, environment: [String: String] = [:]
    ) throws -> Answer {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", "-k", "5", String(timeoutSeconds), "bash", "-euo", "pipefail", "-c", script]
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Foundation.Data()
        process.waitUntilExit()
        return Answer(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }
}
