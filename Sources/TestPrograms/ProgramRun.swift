import Foundation

/// What a program wrote until it ended.
public struct ProgramRun: Sendable {
    /// Its status, or 128 and the signal that ended it.
    public let status: Int32
    /// What it wrote on standard output, and on standard error.
    public let output: [UInt8]
    public let errors: [UInt8]

    /// Both, as text.
    public var text: (output: String, errors: String) {
        (String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self))
    }

    /// Runs a program to its end, which holds up the thread. `PATH` is looked through where the name has no slash.
    ///
    /// - Throws: `ChildProgram.NotStarted`, and what a file system says where it takes no file.
    public init(
        _ name: String, _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment, folder: String? = nil
    ) throws {
        let (output, errors) = (try Self.file(), try Self.file())
        let words = name.contains("/") ? arguments : [name] + arguments
        let child = try ChildProgram(
            name.contains("/") ? name : "/usr/bin/env", words, environment: environment, folder: folder,
            output: .open(output.fileDescriptor), errors: .open(errors.fileDescriptor))
        status = child.waitForEnd()
        (self.output, self.errors) = (try Self.all(of: output), try Self.all(of: errors))
    }

    /// The same, while the thread goes on with other work.
    ///
    /// - Throws: `ChildProgram.NotStarted`, and what a file system says where it takes no file.
    public static func of(
        _ name: String, _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> ProgramRun {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try ProgramRun(name, arguments, environment: environment) })
            }
        }
    }

    /// A file without a name: nobody has to read along, and nothing is left of it.
    private static func file() throws -> FileHandle {
        let path = FileManager.default.temporaryDirectory.appending(path: "crossdock-said-\(UUID().uuidString)").path
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        unlink(path)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private static func all(of file: FileHandle) throws -> [UInt8] {
        try file.seek(toOffset: 0)
        return try file.readToEnd().map(Array.init) ?? []
    }
}
