import Foundation

/// What a file is, by its first bytes; never by its name.
enum BookSniff {
    /// The form of the book at this path.
    /// - Throws: `notFound`, `notPermitted`, `notABook`, `truncated`, `failed`.
    static func form(of path: String) throws(BookFailure) -> BookForm {
        let front = try front(of: path)
        if front.isEmpty { throw .notABook(path: path, sign: "the file is empty") }
        if front.starts(with: Array("SQLite format 3\0".utf8)) {
            try checkLength(of: path, header: front)
            return .sqlite
        }
        if front.starts(with: [0x1f, 0x8b]) { return .gzip }
        if front.starts(with: Array("<?xml".utf8)) { return .xml }
        throw .notABook(path: path, sign: sign(of: front))
    }

    private static func front(of path: String) throws(BookFailure) -> [UInt8] {
        let source = try FileSource(path)
        var bytes = [UInt8](repeating: 0, count: 100)
        var failure: BookFailure?
        let count = bytes.withUnsafeMutableBytes { room -> Int in
            do throws(BookFailure) {
                return try source.read(into: room)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return Array(bytes.prefix(count))
    }

    private static func sign(of front: [UInt8]) -> String {
        let signs: [(start: String, what: String)] = [
            ("%PDF", "it is a PDF document"), ("PK\u{3}\u{4}", "it is a ZIP archive or an office document"),
            ("!Type", "it is a QIF file; import it into GnuCash first"), ("OFXHEADER", "it is a bank's OFX file"),
            ("<!DOCTYPE html", "it is a web page"), ("<html", "it is a web page"), ("{", "it is a JSON file"),
        ]
        let known = signs.first { front.starts(with: Array($0.start.utf8)) }?.what
        if let known { return known }
        if front.starts(with: [0xef, 0xbb, 0xbf]) {
            return "it starts with a byte order mark, which GnuCash itself refuses"
        }
        return "its first bytes are those of another program"
    }

    /// A database says in its header how many pages it has; fewer mean that its end is missing.
    private static func checkLength(of path: String, header: [UInt8]) throws(BookFailure) {
        guard header.count == 100 else { throw .truncated(path: path, detail: "the database header is cut") }
        let word = { (at: Int) in header[at..<at + 4].reduce(0) { $0 << 8 | Int64($1) } }
        let short = Int64(header[16]) << 8 | Int64(header[17])
        let pageBytes = short == 1 ? 65_536 : short
        // The page count is only valid when the two change counters agree. Source: sqlite.org/fileformat2, 1.3.7.
        guard word(24) == word(92), word(28) > 0 else { return }
        let stamp = try FileStamp(of: path)
        if stamp.bytes < word(28) * pageBytes {
            throw .truncated(path: path, detail: "\(stamp.bytes) of \(word(28) * pageBytes) bytes are there")
        }
    }
}

/// By what a file is known to be the same as before.
struct FileStamp: Hashable, Sendable {
    let bytes: Int64
    let device: UInt64
    let inode: UInt64
    let seconds: Int64
    let nanoseconds: Int64
    let mode: UInt32
    let owner: UInt32
    let group: UInt32

    init(of path: String) throws(BookFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw BookFailure(errno: errno, path: path, action: "read") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .notABook(path: path, sign: "it is a folder or a device, not a file")
        }
        bytes = Int64(status.st_size)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
        mode = UInt32(status.st_mode & 0o7777)
        owner = status.st_uid
        group = status.st_gid
    }

    /// Throws `changedMeanwhile` when the file is not the one this stamp was taken of.
    func check(_ path: String) throws(BookFailure) {
        guard try FileStamp(of: path) == self else { throw .changedMeanwhile(path: path) }
    }
}

extension BookFailure {
    /// The failure an operating system's error number stands for.
    init(errno number: Int32, path: String, action: String) {
        switch number {
        case ENOENT, ENOTDIR: self = .notFound(path: path)
        case EACCES, EPERM, EROFS: self = .notPermitted(path: path, action: action)
        case ENOSPC, EDQUOT, EFBIG: self = .diskFull(path: path)
        default: self = .failed(path: path, detail: "cannot \(action) it: \(String(cString: strerror(number)))")
        }
    }
}
