import Foundation
import TestPrograms
import Testing

/// The built program, run as people run it: in a folder of its own, with an environment of its own.
struct Program: Sendable {
    let folder: URL
    var environment: [String: String]
    /// Which program it is: the one that was built just now, unless another is put here.
    var binary = Program.path

    /// The program lies beside the bundle of the tests; a build of the tests builds it too.
    static let path = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "crossdock").path

    init() throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: Self.path), "no program at \(Self.path): build it first")
        folder = FileManager.default.temporaryDirectory.appending(path: "crossdock-program-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        environment = [
            "PATH": "/usr/bin:/bin", "HOME": folder.path, "LANG": "C.UTF-8", "TZ": "UTC",
            "SWIFT_BACKTRACE": "enable=no", "CROSSDOCK_DATA": folder.appending(path: "hub").path,
            "CROSSDOCK_BOOK_FOLDERS": folder.path,
        ]
    }

    /// Takes the folder away.
    func close() { try? FileManager.default.removeItem(at: folder) }

    /// The path of something in the folder.
    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Puts a text into the folder and gives its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        return path(name)
    }

    /// Runs a command to its end.
    func run(
        _ arguments: [String], environment more: [String: String] = [:], timeoutSeconds: Int = 60
    ) async throws -> ProgramAnswer {
        let running = try start(arguments, environment: more)
        let status = try await running.ended(withinSeconds: timeoutSeconds)
        return ProgramAnswer(status: status, output: running.output, errors: running.errors)
    }

    /// Starts a command that goes on.
    func start(_ arguments: [String], environment more: [String: String] = [:]) throws -> RunningProgram {
        try RunningProgram(
            binary, arguments, environment: environment.merging(more) { _, given in given }, folder: folder)
    }
}

/// What a command said, and how it ended.
struct ProgramAnswer: Sendable {
    let status: Int32
    let output: String
    let errors: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }
    /// Both streams, for the text of a failed expectation and for looking for what must not be said.
    var said: String { output + errors }
}

/// A process under way. What it says goes to files, so that it never waits for somebody to read it.
final class RunningProgram: Sendable {
    private let child: ChildProgram
    private let outputPath: String
    private let errorsPath: String

    /// How often a process is looked at while it is waited for.
    static let look = Duration.milliseconds(20)

    var id: Int32 { child.id }

    struct TooSlow: Error, CustomStringConvertible { let description: String }

    init(_ path: String, _ arguments: [String], environment: [String: String], folder: URL) throws {
        let name = "said-\(UUID().uuidString)"
        outputPath = folder.appending(path: name + ".out").path
        errorsPath = folder.appending(path: name + ".err").path
        child = try ChildProgram(
            path, arguments, environment: environment, folder: folder.path, output: .file(outputPath),
            errors: .file(errorsPath))
    }

    var output: String { Self.said(in: outputPath) }
    var errors: String { Self.said(in: errorsPath) }

    /// What stands in a file to which somebody may be writing.
    private static func said(in path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var (bytes, piece) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
    }

    var isRunning: Bool { child.end == nil }

    /// Sends a signal; nothing when it has ended.
    func send(_ signal: Int32) { child.send(signal) }

    /// Waits for its end and gives its status; 128 and the signal's number where one ended it. One that takes longer is
    /// killed.
    func ended(withinSeconds seconds: Int) async throws -> Int32 {
        let found = try await eventually(withinSeconds: seconds) { self.child.end }
        if let found { return found }
        send(SIGKILL)
        throw TooSlow(description: "still running after \(seconds) s: \(output)\(errors)")
    }

    /// Waits for the line on standard error that names an address of this machine, and gives the port.
    func port(
        withinSeconds seconds: Int = 30, scheme: String = "http", host: String = "127.0.0.1"
    ) async throws -> Int {
        let mark = "\(scheme)://\(host):"
        let found = try await eventually(withinSeconds: seconds) { () -> Int? in
            guard self.isRunning, let place = self.errors.range(of: mark) else { return self.isRunning ? nil : -1 }
            let rest = self.errors[place.upperBound...]
            guard rest.contains("\n") else { return nil }
            return Int(rest.prefix { $0.isNumber })
        }
        guard let found, found > 0 else { throw TooSlow(description: "it does not listen: \(output)\(errors)") }
        return found
    }
}

/// Looks again and again until there is something to see; nil when the time is over.
func eventually<Value>(
    withinSeconds seconds: Int, every pause: Duration = RunningProgram.look, _ look: () async throws -> Value?
) async throws -> Value? {
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: .seconds(seconds))
    repeat {
        if let found = try await look() { return found }
        try await clock.sleep(for: pause)
    } while clock.now < end
    return try await look()
}
