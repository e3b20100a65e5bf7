import Foundation

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
