import Foundation
import TestPrograms
import Testing

/// A mail server in a process of its own, and what it heard.
final class Standin: Sendable {
    let port: Int
    private let process: ChildProgram

    private struct NotThere: Error {}

    /// `flags`: what it offers and what goes wrong, as smtp.py says.
    init(_ flags: String..., certificate: String? = nil) async throws {
        let script = Bundle.module.bundleURL.appending(path: "Standin/smtp.py").path
        var environment = ProcessInfo.processInfo.environment
        environment["CERTIFICATE"] = certificate
        let pipe = Pipe()
        let (lines, arrived) = AsyncStream<String>.makeStream()
        process = try ChildProgram(
            "/usr/bin/env", ["python3", "-u", script] + flags, environment: environment,
            output: .open(pipe.fileHandleForWriting.fileDescriptor))
        try pipe.fileHandleForWriting.close()
        let reading = pipe.fileHandleForReading
        Thread.detachNewThread {
            var rest = Data()
            while true {
                let some = reading.availableData
                if some.isEmpty { break }
                rest += some
                while let end = rest.firstIndex(of: 10) {
                    arrived.yield(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                    rest = rest[rest.index(after: end)...]
                }
            }
            arrived.finish()
        }
        var iterator = lines.makeAsyncIterator()
        guard let first = await iterator.next(), let port = Int(first) else { throw NotThere() }
        self.port = port
        self.lines = lines
    }

    private let lines: AsyncStream<String>

    /// All it heard until the conversation was over.
    func conversation() async -> [String] {
        var heard: [String] = []
        for await line in lines {
            heard.append(line)
            if ["done", "gone", "broken", "silent"].contains(line) { break }
        }
        return heard
    }

    func stop() {
        process.send(SIGKILL)
        process.waitForEnd()
    }

    deinit { process.send(SIGKILL) }

    /// A certificate for `localhost`, with its key, that nobody knows.
    static func certificate(in folder: String) throws -> (both: String, alone: String) {
        let (key, alone, both) = (folder + "/key.pem", folder + "/certificate.pem", folder + "/both.pem")
        _ = try ProgramRun(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", alone,
            ])
        let bytes = try Data(contentsOf: URL(filePath: key)) + Data(contentsOf: URL(filePath: alone))
        try bytes.write(to: URL(filePath: both))
        return (both, alone)
    }
}
