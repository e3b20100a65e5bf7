import Foundation
import TestPrograms
import Testing

/// Disks and clocks that fail under a running program: a small library that stands before libc (Tests/Faults), told by
/// files in a folder what is to fail just now.
struct Faults: Sendable {
    enum Name: String, CaseIterable, Sendable {
        /// No file can grow.
        case full
        /// Nothing can be written, made, renamed or removed.
        case readonly
        /// Nothing becomes durable.
        case fsync
        /// One write to a write-ahead log is cut in half, and the process ends in it; the text says the how-many-eth.
        case tear
        /// The wall clock is off; the text says by how many seconds.
        case clock
    }

    private let folder: URL

    /// - Throws: when the library cannot be built.
    init(in folder: URL) throws {
        self.folder = folder.appending(path: "faults")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        _ = try Self.library.get()
    }

    /// What a process needs in its environment so that faults reach it.
    var environment: [String: String] {
        ["LD_PRELOAD": (try? Self.library.get()) ?? "", "FAULTS_FOLDER": folder.path]
    }

    func arm(_ fault: Name, _ text: String = "") throws {
        try text.write(to: folder.appending(path: fault.rawValue), atomically: true, encoding: .utf8)
    }

    func disarm(_ fault: Name) { try? FileManager.default.removeItem(at: folder.appending(path: fault.rawValue)) }

    func disarmAll() { Name.allCases.forEach(disarm) }

    /// Built once a run, by the C compiler that Swift brings.
    private static let library = Result { () throws -> String in
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let built = FileManager.default.temporaryDirectory.appending(path: "crossdock-faults-\(UUID().uuidString).so")
        let compiler = try ProgramRun(
            "clang",
            [
                "-Wall", "-Werror", "-shared", "-fPIC", "-O1", "-o", built.path,
                root.appending(path: "Faults/faults.c").path, "-ldl",
            ])
        try #require(compiler.status == 0, "Tests/Faults/faults.c was not built: \(compiler.text.errors)")
        return built.path
    }
}
