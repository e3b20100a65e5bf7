import Foundation

/// A file that is written under another name and gets its own when it is whole and durable. Its owner alone may read
/// it. What is not finished leaves nothing behind.
public final class NewFile {
    private let path: String
    private let unique: UniqueFile
    private var isGone = false

    /// Begins the file beside its place.
    ///
    /// - Throws: where the folder cannot be written.
    public init(_ path: String) throws(FileFailure) {
        self.path = path
        guard let unique = UniqueFile(stem: path + ".") else { throw FileFailure(path) }
        self.unique = unique
    }

    deinit {
        close(unique.descriptor)
        if !isGone { unlink(unique.path) }
    }

    /// Writes all of it, however many pieces the system takes it in.
    public func write(_ bytes: [UInt8]) throws(FileFailure) {
        var place = 0
        while place < bytes.count {
            let count = bytes[place...].withUnsafeBytes {
                Foundation.write(unique.descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileFailure(path) }
            place += count
        }
    }

    /// Puts it in its place, over what stands there.
    public func replace() throws(FileFailure) {
        guard fsync(unique.descriptor) == 0, rename(unique.path, path) == 0 else { throw FileFailure(path) }
        isGone = true
        Folder.sync(of: path)
    }

    /// Puts it in its place, never over another; false when something stands there, which is left as it is.
    public func putIfNone() throws(FileFailure) -> Bool {
        guard fsync(unique.descriptor) == 0 else { throw FileFailure(path) }
        guard link(unique.path, path) == 0 else {
            guard errno == EEXIST else { throw FileFailure(path) }
            return false
        }
        Folder.sync(of: path)
        return true
    }
}

/// The folder a file stands in.
public enum Folder {
    /// Makes names durable that were given or taken in the folder of that path. A file system that cannot is left
    /// alone.
    public static func sync(of path: String) {
        let name = (path as NSString).deletingLastPathComponent
        let folder = open(name.isEmpty ? "." : name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }
}

/// A file that cannot be written, and what the system says of it.
public struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public let reason: String

    /// What the system says of its last call.
    public init(_ path: String) {
        self.path = path
        reason = String(cString: strerror(errno))
    }

    public var description: String { "\(path) cannot be written: \(reason)" }
}
