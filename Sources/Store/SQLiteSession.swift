import Foundation
import GRDB
import GRDBSQLite
import Synchronization

/// A session on an SQLite connection.
///
/// The library keeps the connection and its prepared statements. Values are bound and read through SQLite's own calls:
/// two fifths of a step's time went into the library's boxes for them (measured).
final class SQLiteSession: StoreSession {
    private let database: Database
    private let statements = StatementWatch()
    /// What is to be done once the step is durable.
    private(set) var effects: [@Sendable () -> Void] = []

    init(_ database: Database) { self.database = database }

    var watch: StatementWatch? { statements }

    /// How many rows its connection has changed so far, also those that were undone.
    var totalChanges: Int { database.totalChangesCount }

    func rows(_ sql: String, _ values: [SQLValue]) throws -> [Row] {
        try with(sql) { statement in
            try statement.bind(values)
            var cells: [SQLValue] = []
            while try statement.step() { statement.read(into: &cells) }
            return Row.all(cells, width: statement.width)
        }
    }

    func run(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try with(sql) { statement in try statement.run(values) }
    }

    func runEach(_ sql: String, _ rows: [[SQLValue]]) throws -> [Int] {
        guard !rows.isEmpty else { return [] }
        return try with(sql) { statement in try rows.map { try statement.run($0) } }
    }

    func afterCommit(_ effect: @escaping @Sendable () -> Void) { effects.append(effect) }

    func save(_ rows: [[SQLValue]], as upsert: Upsert) throws {
        if rows.count == 1 {
            _ = try run(upsert.single, rows[0])
            return
        }
        var rest = rows[...]
        while !rest.isEmpty {
            let count = ManyRows.count(of: rest.count)
            _ = try run(ManyRows.statement(upsert, count), Array(rest.prefix(count).joined()))
            rest = rest.dropFirst(count)
        }
    }

    private func with<Value>(_ sql: String, _ work: (SQLiteStatement) throws -> Value) throws -> Value {
        do {
            let prepared = try database.cachedStatement(sql: SetQueries.translated(sql))
            let statement = SQLiteStatement(prepared.sqliteStatement)
            defer { statement.release() }
            return try statements.timed(sql) { try work(statement) }
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }
}

/// One use of a prepared statement.
private struct SQLiteStatement {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    /// Ends the use: the statement may run again, and lets go of what was bound.
    func release() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// SQLite copies what it is given before the call returns.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    func bind(_ values: [SQLValue]) throws {
        guard Int(sqlite3_bind_parameter_count(handle)) == values.count else {
            throw DatabaseError(
                resultCode: .SQLITE_MISUSE,
                message: "\(values.count) values for \(sqlite3_bind_parameter_count(handle)) parameters")
        }
        for (index, value) in values.enumerated() { try check(bind(value, at: Int32(index + 1))) }
    }

    private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
        switch value {
        case .null: sqlite3_bind_null(handle, index)
        case .integer(let number): sqlite3_bind_int64(handle, index, number)
        case .text(let text): bind(text, at: index)
        case .blob(let bytes):
            bytes.isEmpty
                ? sqlite3_bind_zeroblob(handle, index, 0)
                : bytes.withUnsafeBytes {
                    sqlite3_bind_blob64(handle, index, $0.baseAddress, UInt64($0.count), Self.copied)
                }
        case .keys(let keys): bind(JSON.array(keys.map(JSON.string)).text, at: index)
        case .ids(let ids): bind("[" + ids.map(String.init).joined(separator: ",") + "]", at: index)
        }
    }

    private func bind(_ text: String, at index: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            guard let start = bytes.baseAddress else { return sqlite3_bind_text(handle, index, "", 0, Self.copied) }
            return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                sqlite3_bind_text64(
                    handle, index, $0, UInt64(bytes.count), Self.copied, UInt8(SQLITE_UTF8))
            }
        }
    }

    /// Goes to the next row; false at the end.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure
        }
    }

    /// Runs it to its end with these values; how many rows it changed.
    func run(_ values: [SQLValue]) throws -> Int {
        try bind(values)
        while try step() {}
        defer { sqlite3_reset(handle) }
        return Int(sqlite3_changes(sqlite3_db_handle(handle)))
    }

    /// How many columns each row has.
    var width: Int { Int(sqlite3_column_count(handle)) }

    /// Adds the values of the row it stands at.
    func read(into cells: inout [SQLValue]) {
        for column in 0..<sqlite3_column_count(handle) { cells.append(value(column)) }
    }

    private func value(_ column: Int32) -> SQLValue {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
        case SQLITE_FLOAT: return .text(String(sqlite3_column_double(handle, column)))
        case SQLITE_TEXT:
            guard let start = sqlite3_column_text(handle, column) else { return .text("") }
            let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
            return .text(String(decoding: bytes, as: UTF8.self))
        case SQLITE_BLOB:
            guard let start = sqlite3_column_blob(handle, column) else { return .blob([]) }
            let bytes = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
            return .blob(Array(bytes))
        default: return .null
        }
    }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw failure }
    }

    private var failure: DatabaseError {
        let connection = sqlite3_db_handle(handle)
        return DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: sqlite3_errmsg(connection).map { String(cString: $0) })
    }
}

/// One statement for several rows: it opens the table and its indexes once, and that is half of what a row costs
/// (measured).
private enum ManyRows {
    /// The most rows of one statement.
    private static let limit = 32
    private static let known = Mutex<[String: [Int: String]]>([:])

    /// How many of so many rows go next: powers of two, so that few statements are kept.
    static func count(of rows: Int) -> Int { 1 << (Int.bitWidth - 1 - min(rows, limit).leadingZeroBitCount) }

    static func statement(_ upsert: Upsert, _ count: Int) -> String {
        if count == 1 { return upsert.single }
        return known.withLock { known in
            if let statement = known[upsert.single]?[count] { return statement }
            let statement = upsert.multiple(count)
            known[upsert.single, default: [:]][count] = statement
            return statement
        }
    }
}

/// `IN {2}` in a statement's text becomes a set read from the JSON array bound as the second parameter.
private enum SetQueries {
    private static let known = Mutex<[String: String]>([:])

    static func translated(_ sql: String) -> String {
        let isPlain = sql.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memchr($0, 0x7B, bytes.count) == nil } ?? true
        }
        if isPlain ?? !sql.contains("{") { return sql }
        return known.withLock { known in
            if let translated = known[sql] { return translated }
            let translated = sql.replacingOccurrences(of: "{", with: "(SELECT value FROM json_each(?")
                .replacingOccurrences(of: "}", with: "))")
            known[sql] = translated
            return translated
        }
    }
}

extension StoreFailure {
    /// What is told of an error at the opening of a file.
    init(_ error: DatabaseError, at path: String) {
        guard error.resultCode != .SQLITE_NOTADB else {
            self = .unavailable(
                "\(path) is no store of the hub: it is a file of another kind, or damaged; name another place, or put "
                    + "a backup back (crossdock restore)")
            return
        }
        self.init(error)
    }

    /// What SQLite's refusal means for the caller.
    init(_ error: DatabaseError) {
        let text = "\(error.message ?? "SQLite error") (code \(error.extendedResultCode.rawValue))"
        switch error.resultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG, .SQLITE_RANGE: self = .refused(text)
        default: self = .unavailable(text)
        }
    }
}
