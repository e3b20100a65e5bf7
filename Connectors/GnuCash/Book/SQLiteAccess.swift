import GRDB
import Synchronization

/// The way into a book that is a database.
enum SQLiteAccess {
    /// Opening and closing a file drops all locks that this process holds on it (POSIX, fcntl F_SETLK), so within the
    /// process books that are databases are used one after the other.
    private static let gate = Mutex(())

    /// How long a book that is busy is waited for; GnuCash itself writes in far less.
    private static let patienceSeconds = 2.0

    /// Runs alone among all that use database books in this process.
    static func alone<Result>(_ body: () throws(BookFailure) -> Result) throws(BookFailure) -> Result {
        let outcome = gate.withLock { _ -> Swift.Result<Result, BookFailure> in
            do throws(BookFailure) {
                return .success(try body())
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Opens a book. One that a program died in the middle of saving, ours or GnuCash, is first put back as it was
    /// before that save: SQLite does so for whoever may write, and refuses everybody else.
    static func open(_ path: String, isReadOnly: Bool) throws(BookFailure) -> DatabaseQueue {
        try translating(path) {
            if isReadOnly {
                do {
                    return try connect(path, isReadOnly: true)
                } catch let error as DatabaseError where unfinished.contains(error.extendedResultCode) {
                    _ = try connect(path, isReadOnly: false)
                }
            }
            return try connect(path, isReadOnly: isReadOnly)
        }
    }

    /// What SQLite says where a save must be undone, or a log brought in, by somebody who may write.
    private static let unfinished: [ResultCode] = [.SQLITE_READONLY_ROLLBACK, .SQLITE_READONLY_RECOVERY]

    /// A connection that has looked at the book once.
    private static func connect(_ path: String, isReadOnly: Bool) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(patienceSeconds)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.read { _ = try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
        return queue
    }

    /// Runs statements one after the other in one transaction.
    static func run(_ statements: [String], in path: String) throws(BookFailure) {
        let queue = try open(path, isReadOnly: false)
        try translating(path) {
            try queue.inTransaction(.immediate) { db in
                for statement in statements { try db.execute(sql: statement) }
                return .commit
            }
        }
    }

    /// Runs a piece of database work, and says its failures in words of the book.
    static func translating<Result>(_ path: String, _ body: () throws -> Result) throws(BookFailure) -> Result {
        do {
            return try body()
        } catch {
            throw failure(error, path)
        }
    }

    private static func failure(_ error: any Error, _ path: String) -> BookFailure {
        if let failure = error as? BookFailure { return failure }
        if let fault = error as? EditFault { return .refused(fault) }
        guard let error = error as? DatabaseError else { return .failed(path: path, detail: "\(error)") }
        let detail = error.message ?? "database error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: return .busy(path: path)
        case .SQLITE_FULL: return .diskFull(path: path)
        case .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_AUTH:
            return .notPermitted(path: path, action: "open or write (\(detail))")
        case .SQLITE_CORRUPT: return .damaged(path: path, detail: detail)
        case .SQLITE_NOTADB: return .notABook(path: path, sign: "SQLite cannot read it: \(detail)")
        default: return .failed(path: path, detail: detail)
        }
    }
}

/// One row of a book's table, read without ever trusting a column to be of its type.
struct SQLiteRow {
    let row: Row

    func text(_ index: Int) -> String {
        switch value(index).storage {
        case .string(let text): text
        case .int64(let number): String(number)
        default: ""
        }
    }

    func integer(_ index: Int) -> Int64 {
        switch value(index).storage {
        case .int64(let number): number
        case .double(let number): Int64(exactly: number) ?? 0
        case .string(let text): Int64(text) ?? 0
        default: 0
        }
    }

    func double(_ index: Int) -> Double {
        switch value(index).storage {
        case .double(let number): number
        case .int64(let number): Double(number)
        default: 0
        }
    }

    func guid(_ index: Int) -> GUID? {
        guard case .string(var text) = value(index).storage else { return nil }
        return text.withUTF8 { GUID(hex: $0) }
    }

    func flag(_ index: Int) -> Bool { integer(index) != 0 }

    /// A numerator and, in the next column, its denominator.
    func fraction(_ index: Int) -> Fraction? { Fraction(integer(index), integer(index + 1)) }

    func time(_ index: Int) -> BookTime? {
        guard case .string(var text) = value(index).storage else { return nil }
        return text.withUTF8 { BookTime(bytes: $0) }
    }

    func day(_ index: Int) -> BookDay? {
        guard case .string(var text) = value(index).storage else { return nil }
        return text.withUTF8 { BookDay(bytes: $0) }
    }

    func isNull(_ index: Int) -> Bool { value(index).isNull }

    private func value(_ index: Int) -> DatabaseValue { row[index] }
}
