import Foundation

/// The writing side of the operating system, so that a test can make it fail.
struct Disk: Sendable {
    /// Writes bytes to an open file and says how many, or -1 and sets `errno`.
    var write: @Sendable (Int32, UnsafeRawPointer, Int) -> Int
    /// Waits until a file lies on the medium.
    var sync: @Sendable (Int32) -> Int32
    /// The largest number of pages a database book may grow to; nil for no limit.
    var databasePages: Int?

    static let system = Disk(write: { Glibc.write($0, $1, $2) }, sync: { fsync($0) })

    /// Makes what happened in a folder last.
    func sync(folderOf path: String) {
        let descriptor = open(Self.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = sync(descriptor)
        close(descriptor)
    }

    static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }

    /// The path with all links followed, so that the book itself is replaced and not a link to it.
    static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}

/// Where the bytes of a new book go.
protocol ByteSink: AnyObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws(BookFailure)
    /// Writes what is left.
    func finish() throws(BookFailure)
}

extension ByteSink {
    func write(_ bytes: [UInt8]) throws(BookFailure) {
        var failure: BookFailure?
        bytes.withUnsafeBytes { buffer in
            do throws(BookFailure) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}

/// A file that is written from its start.
final class FileSink: ByteSink {
    let path: String
    private let disk: Disk
    private let descriptor: Int32

    /// Takes over an open file, which is closed with this object.
    init(descriptor: Int32, path: String, disk: Disk) {
        self.descriptor = descriptor
        self.path = path
        self.disk = disk
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(BookFailure) {
        guard var next = bytes.baseAddress else { return }
        var rest = bytes.count
        while rest > 0 {
            let count = disk.write(descriptor, next, rest)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw BookFailure(errno: count < 0 ? errno : ENOSPC, path: path, action: "write")
            }
            next += count
            rest -= count
        }
    }

    func finish() throws(BookFailure) {
        guard disk.sync(descriptor) == 0 else { throw BookFailure(errno: errno, path: path, action: "write") }
    }

    /// Gives the file the rights and the owner of another.
    func take(rightsOf stamp: FileStamp) throws(BookFailure) {
        // Only the superuser may give a file away; anyone else keeps writing as himself.
        _ = fchown(descriptor, stamp.owner, stamp.group)
        guard fchmod(descriptor, mode_t(stamp.mode)) == 0 else {
            throw BookFailure(errno: errno, path: path, action: "set the rights of")
        }
    }
}
