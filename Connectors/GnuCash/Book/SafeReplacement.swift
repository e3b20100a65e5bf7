import Foundation

/// The lock file GnuCash and we put beside a text book while it is being changed.
struct LockFile {
    private let lockPath: String

    /// Takes the lock.
    /// - Throws: `locked` when another program has it, `notPermitted`, `failed`.
    init(beside path: String, now: BookTime) throws(BookFailure) {
        lockPath = path + Self.suffix
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let number = errno
            if number == EEXIST { throw Self.taken(path, now: now) }
            throw BookFailure(errno: number, path: path, action: "lock")
        }
        close(descriptor)
    }

    /// Gives the lock back.
    func release() { unlink(lockPath) }

    /// Throws `locked` when another program has the lock.
    static func checkFree(beside path: String, now: BookTime) throws(BookFailure) {
        let path = Disk.resolved(path)
        if access(path + suffix, F_OK) == 0 { throw taken(path, now: now) }
    }

    private static let suffix = ".LCK"

    private static func taken(_ path: String, now: BookTime) -> BookFailure {
        var status = stat()
        let isThere = stat(path + suffix, &status) == 0
        let age = isThere ? now.secondsSince1970 - Int64(status.st_mtim.tv_sec) : nil
        let name = (path as NSString).lastPathComponent + suffix
        return .locked(path: path, holder: "lock file \(name)", ageSeconds: age.map { max(0, $0) })
    }
}

/// Puts a new book in the place of the old one in a single step, and keeps the old one beside it.
enum SafeReplacement {
    /// How our own safety copies end; GnuCash's end in `.gnucash` alone, and are never touched.
    static let suffix = ".crossdock.gnucash"

    /// The path of a safety copy made now; a number keeps two of one second apart.
    static func copyPath(of path: String, now: BookTime) -> String {
        let stem = "\(path).\(now.stamp)"
        var copy = stem + suffix
        var number = 2
        while access(copy, F_OK) == 0, number < 1000 {
            copy = "\(stem)-\(number)\(suffix)"
            number += 1
        }
        return copy
    }

    /// Opens a file beside the book for its successor, writable by us alone.
    static func temporary(beside path: String, disk: Disk) throws(BookFailure) -> FileSink {
        var template = Array("\(path).tmp-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw BookFailure(errno: errno, path: path, action: "write beside") }
        let made = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? path }
        return FileSink(descriptor: descriptor, path: made, disk: disk)
    }

    /// Puts the temporary file in the place of the book and gives the path of the safety copy.
    static func replace(_ path: String, with temporary: String, now: BookTime, disk: Disk) throws(BookFailure) -> String
    {
        let copy = copyPath(of: path, now: now)
        if link(path, copy) != 0 {
            // Some file systems know no links: a copy does as well.
            guard copyfile(path, to: copy) else { throw BookFailure(errno: errno, path: copy, action: "write") }
        }
        guard rename(temporary, path) == 0 else {
            let number = errno
            unlink(copy)
            throw BookFailure(errno: number, path: path, action: "replace")
        }
        disk.sync(folderOf: path)
        prune(path)
        return copy
    }

    private static func copyfile(_ from: String, to: String) -> Bool {
        do {
            try FileManager.default.copyItem(atPath: from, toPath: to)
            return true
        } catch {
            return false
        }
    }

    /// Takes away the oldest of our own safety copies beyond the number kept.
    static func prune(_ path: String) {
        let folder = Disk.folder(of: path)
        let name = (path as NSString).lastPathComponent + "."
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let ours = all.filter {
            $0.hasPrefix(name) && $0.hasSuffix(suffix) && isStamp($0.dropFirst(name.count).prefix(14))
        }
        for old in ours.sorted().dropLast(BookFile.keptSafetyCopies) { unlink("\(folder)/\(old)") }
    }

    private static func isStamp(_ text: Substring) -> Bool {
        text.utf8.count == 14 && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}
