import Foundation

/// The project as it lies on disk: what the rules look at.
enum House {
    /// The package's folder.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Folders that are no part of the project.
    static let ignored: Set<String> = [".build", ".git", ".swiftpm", ".demo"]

    /// The paths of all files, from the root, in order.
    static let files: [String] = {
        var found: [String] = []
        var open = [""]
        while let folder = open.popLast() {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
            for name in names where !ignored.contains(name) && !isBuildFolder(name) {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                if isFolder(path) { open.append(path) } else { found.append(path) }
            }
        }
        return found.sorted()
    }()

    private static func isFolder(_ path: String) -> Bool {
        var answer: ObjCBool = false
        return FileManager.default.fileExists(atPath: root.appending(path: path).path, isDirectory: &answer)
            && answer.boolValue
    }

    /// A scratch folder of a second build, as `CROSSDOCK_SCRATCH=.build-tsan` makes one.
    private static func isBuildFolder(_ name: String) -> Bool { name.hasPrefix(".build-") }

    /// Every Swift file but the template's, read once.
    static let swift: [SourceFile] = files.filter { $0.hasSuffix(".swift") }.map {
        SourceFile(path: $0, text: text($0))
    }

    /// The Swift files that are shipped.
    static let shipped = swift.filter { isShipped($0.path) }

    /// Whether a path belongs to what is shipped, not to what tests it.
    static func isShipped(_ path: String) -> Bool {
        if path.hasPrefix("Sources/") { return true }
        return path.hasPrefix("Connectors/") && !path.contains("/Tests/")
    }

    /// The text of a file; bytes that are no UTF-8 are replaced.
    static func text(_ path: String) -> String {
        guard let bytes = try? Foundation.Data(contentsOf: root.appending(path: path)) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The files that people read and write as text.
    static let written = files.filter { path in
        [".swift", ".md", ".sh", ".sql", ".mustache", ".js", ".css", ".example", ".py"].contains { path.hasSuffix($0) }
            || path.hasPrefix("scripts/") || [".ci/run", "Makefile"].contains(path)
    }
}

/// A breach of a rule, as it is shown.
func breaches(_ found: [String]) -> String { "\n" + found.joined(separator: "\n") }
