import Files
import Foundation

/// The lock file GnuCash and we put beside a text book while it is being changed.
///
/// GnuCash's is empty and says nothing about who made it. Ours begins with our name and is held by `flock` as long as
/// the process lives: one whose process was killed is known by the lock the kernel gave back, and taken away.
struct LockFile {
    private let lockPath: String
    private let descriptor: Int32

    /// Takes the lock.
    /// - Throws: `locked` when another program has it, `notPermitted`, `failed`.
    init(beside path: String, now: BookTime) throws(BookFailure) {
        lockPath = path + Self.suffix
        // Made elsewhere and then linked, so that no instant shows a lock of ours that does not say so.
        let beginning = Self.begin(lockPath)
        descriptor = beginning.descriptor
        guard descriptor >= 0 else { throw BookFailure(errno: errno, path: path, action: "lock") }
        let made = beginning.name
        defer { if let made { unlink(made) } }
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
        // A lock that does not say whose it is would stand for ever, should we be killed: a full disk makes such.
        guard Self.mark.withCString({ write(descriptor, $0, strlen($0)) }) == Self.mark.utf8.count else {
            let number = errno
            close(descriptor)
            throw BookFailure(errno: number, path: path, action: "lock")
        }
        for _ in 0..<2 {
            if linkat(AT_FDCWD, made ?? "/proc/self/fd/\(descriptor)", AT_FDCWD, lockPath, AT_SYMLINK_FOLLOW) == 0 {
                Self.sweep(lockPath, but: made, now: now)
                return
            }
            let number = errno
            if number == EEXIST, Self.clearAbandoned(lockPath) { continue }
            close(descriptor)
            throw number == EEXIST
                ? Self.taken(path, now: now) : BookFailure(errno: number, path: path, action: "lock")
        }
        close(descriptor)
        throw Self.taken(path, now: now)
    }

    /// A file that has no name yet, where the file system makes such: nothing of it stays when we are killed. Elsewhere
    /// one under a name of its own. Source: open(2), O_TMPFILE.
    private static func begin(_ lockPath: String) -> (descriptor: Int32, name: String?) {
        if access("/proc/self/fd", F_OK) == 0 {
            let nameless = open(Disk.folder(of: lockPath), O_RDWR | O_CLOEXEC | O_DIRECTORY | temporary, 0o600)
            if nameless >= 0 { return (nameless, nil) }
        }
        guard let named = UniqueFile(stem: lockPath + ".") else { return (-1, nil) }
        return (named.descriptor, named.path)
    }

    /// The part of `O_TMPFILE` beside `O_DIRECTORY`; Swift does not read the constant itself.
    private static let temporary: Int32 = 0o20_000_000

    /// Gives the lock back.
    func release() {
        unlink(lockPath)
        close(descriptor)
    }

    /// Throws `locked` when another program has the lock.
    static func checkFree(beside path: String, now: BookTime) throws(BookFailure) {
        let path = Disk.resolved(path)
        if access(path + suffix, F_OK) == 0, !clearAbandoned(path + suffix) { throw taken(path, now: now) }
    }

    private static let suffix = ".LCK"
    private static let mark = "crossdock\n"

    /// Takes away a lock of ours whose process is gone; true when there is none any more.
    private static func clearAbandoned(_ lockPath: String) -> Bool {
        let found = open(lockPath, O_RDONLY | O_CLOEXEC)
        guard found >= 0 else { return errno == ENOENT }
        defer { close(found) }
        var bytes = [UInt8](repeating: 0, count: mark.utf8.count)
        guard read(found, &bytes, bytes.count) == bytes.count, bytes == Array(mark.utf8),
            flock(found, LOCK_EX | LOCK_NB) == 0
        else { return false }
        // Somebody else may have taken it away, and a new one may stand there since.
        var (opened, standing) = (stat(), stat())
        guard fstat(found, &opened) == 0, stat(lockPath, &standing) == 0, opened.st_ino == standing.st_ino else {
            return true
        }
        return unlink(lockPath) == 0
    }

    /// From what age on a file without our mark is one whose maker was killed before it wrote it, in seconds.
    private static let abandonedSeconds: Int64 = 60

    /// Takes away the beginnings of locks whose makers were killed before they had them.
    private static func sweep(_ lockPath: String, but made: String?, now: BookTime) {
        let folder = Disk.folder(of: lockPath)
        let start = (lockPath as NSString).lastPathComponent + "."
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in all where name.hasPrefix(start) && name.utf8.count == start.utf8.count + 6 {
            let left = "\(folder)/\(name)"
            var status = stat()
            guard left != made, !clearAbandoned(left), stat(left, &status) == 0 else { continue }
            if status.st_size == 0, now.secondsSince1970 - Int64(status.st_mtim.tv_sec) > abandonedSeconds {
                unlink(left)
            }
        }
    }

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

    /// How the names of our own unfinished successors go on after the book's; GnuCash's are called `.tmp-`.
    private static let temporaryMark = ".crossdock-tmp-"

    /// Takes away the unfinished successors of savings that were killed. Only while we hold the lock.
    private static func sweep(_ path: String) {
        let folder = Disk.folder(of: path)
        let start = (path as NSString).lastPathComponent + temporaryMark
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for left in all where left.hasPrefix(start) { unlink("\(folder)/\(left)") }
    }

    /// Opens a file beside the book for its successor, writable by us alone.
    static func temporary(beside path: String, disk: Disk) throws(BookFailure) -> FileSink {
        sweep(path)
        guard let made = UniqueFile(stem: path + temporaryMark) else {
            throw BookFailure(errno: errno, path: path, action: "write beside")
        }
        return FileSink(descriptor: made.descriptor, path: made.path, disk: disk)
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
