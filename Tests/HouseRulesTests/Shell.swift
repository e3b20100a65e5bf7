import Foundation
import TestPrograms

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
        let run = try ProgramRun(
            "timeout", ["-k", "5", String(timeoutSeconds), "bash", "-euo", "pipefail", "-c", "exec 2>&1\n" + script],
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }, folder: folder.path)
        return Answer(status: run.status, output: run.text.output)
    }
}
