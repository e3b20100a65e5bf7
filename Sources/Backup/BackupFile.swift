import Foundation

/// A file that is written under another name and gets its own when it is whole. Its owner alone may read it.
final class NewFile {
    private let path: String
    private let made: String
    private let descriptor: Int32
    private var isDone = false

    init(_ path: String) throws(BackupFailure) {
        self.path = path
        var template = Array("\(path).XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        made = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        guard descriptor >= 0 else { throw .file(path, reason: "it cannot be written: \(systemWords())") }
    }

    deinit {
        close(descriptor)
        if !isDone { unlink(made) }
    }

    func write(_ bytes: [UInt8]) throws(BackupFailure) {
        var place = 0
        while place < bytes.count {
            let count = bytes[place...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .file(path, reason: "it cannot be written: \(systemWords())") }
            place += count
        }
    }

    /// Makes it durable and gives it its name.
    func finish() throws(BackupFailure) {
        guard fsync(descriptor) == 0, rename(made, path) == 0 else {
            throw .file(path, reason: "it cannot be written: \(systemWords())")
        }
        isDone = true
        let folder = open(
            (path as NSString).deletingLastPathComponent.isEmpty
                ? "." : (path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }
}

/// A file that is read from front to back.
final class OldFile {
    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(BackupFailure) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(path, reason: "it cannot be read: \(systemWords())") }
    }

    deinit { close(descriptor) }

    /// The next so many bytes, or as many as there are.
    func read(_ count: Int) throws(BackupFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        // Room is made as bytes come: a length that was altered may promise more than there is.
        while bytes.count < count {
            let wanted = min(count - bytes.count, 1 << 20)
            var piece = [UInt8](repeating: 0, count: wanted)
            let got = piece.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, wanted) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .file(path, reason: "it cannot be read: \(systemWords())") }
            if got == 0 { break }
            bytes += piece[..<got]
        }
        return bytes
    }
}

/// What the system says of the last call.
private func systemWords() -> String { String(cString: strerror(errno)) }
