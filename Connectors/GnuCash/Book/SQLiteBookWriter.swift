import Foundation
import GRDB

/// Writes an edit into a database book: in one short transaction, next to a safety copy made before.
///
/// GnuCash locks a database by a row in `gnclock` and by nothing else: a write while it has the book open would succeed
/// and be lost, so any row there means hands off.
struct SQLiteBookWriter {
    let file: BookFile
    let plan: EditPlan
    let now: BookTime

    func save(using randomness: inout some RandomNumberGenerator) throws(BookFailure) -> BookSaved {
        let path = Disk.resolved(file.path)
        var guids = FrameGUIDs(using: &randomness)
        return try SQLiteAccess.alone { () throws(BookFailure) in
            try file.seen.check(path)
            let queue = try SQLiteAccess.open(path, isReadOnly: false)
            try SQLiteAccess.translating(path) { try queue.read { try Self.checkUnlocked($0, path) } }
            let copy = SafeReplacement.copyPath(of: path, now: now)
            let copying = try SafeReplacement.temporary(beside: path, disk: file.disk).path
            do throws(BookFailure) {
                // Made under another name: what a kill leaves is no safety copy, and is swept with its journal.
                try SQLiteAccess.translating(copying) { try queue.backup(to: DatabaseQueue(path: copying)) }
                chmod(copying, mode_t(file.seen.mode))
                guard rename(copying, copy) == 0 else {
                    throw BookFailure(errno: errno, path: copy, action: "write")
                }
                try SQLiteAccess.translating(path) { try write(to: queue, path, &guids) }
            } catch {
                unlink(copying)
                unlink(copy)
                throw error
            }
            SafeReplacement.prune(path)
            return BookSaved(safetyCopy: copy)
        }
    }

    private func write(to queue: DatabaseQueue, _ path: String, _ guids: inout FrameGUIDs) throws {
        if let pages = file.disk.databasePages {
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
        }
        try queue.inTransaction(.immediate) { db in
            try Self.checkUnlocked(db, path)
            try file.seen.check(path)
            var rows = try SQLiteRows(reading: db)
            try rows.write(plan, using: &guids)
            return .commit
        }
    }

    /// Throws `locked` when GnuCash has the book at this path open.
    static func checkUnlocked(_ path: String) throws(BookFailure) {
        try SQLiteAccess.alone { () throws(BookFailure) in
            let queue = try SQLiteAccess.open(path, isReadOnly: true)
            try SQLiteAccess.translating(path) { try queue.read { try checkUnlocked($0, path) } }
        }
    }

    private static func checkUnlocked(_ db: Database, _ path: String) throws {
        guard try db.tableExists("gnclock"),
            let row = try Row.fetchOne(db, sql: "SELECT Hostname, PID FROM gnclock LIMIT 1")
        else { return }
        let holder = SQLiteRow(row: row)
        throw BookFailure.locked(
            path: path, holder: "GnuCash on \(holder.text(0)), process \(holder.integer(1))", ageSeconds: nil)
    }
}

/// GUIDs for the rows of slot frames, drawn before the database is touched.
struct FrameGUIDs: RandomNumberGenerator {
    private var stream: SeededGUIDs

    init(using randomness: inout some RandomNumberGenerator) {
        stream = SeededGUIDs(GUID.random(using: &randomness).description)
    }

    mutating func next() -> UInt64 { stream.next() }
}
