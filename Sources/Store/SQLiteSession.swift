import Foundation
import GRDB

/// A session on an SQLite connection.
final class SQLiteSession: StoreSession {
    private let database: Database
    private var translated: [String: String] = [:]

    init(_ database: Database) { self.database = database }

    func rows(_ sql: String, _ values: [SQLValue]) throws -> [Row] {
        try mapped {
            let statement = try database.cachedStatement(sql: translate(sql))
            let cursor = try GRDB.Row.fetchCursor(statement, arguments: Self.arguments(values))
            var result: [Row] = []
            let width = statement.columnCount
            while let row = try cursor.next() {
                result.append(Row((0..<width).map { Self.value(row[$0] as DatabaseValue) }))
            }
            return result
        }
    }

    func run(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try mapped {
            let statement = try database.cachedStatement(sql: translate(sql))
            try statement.execute(arguments: Self.arguments(values))
            return database.changesCount
        }
    }

    func save(_ rows: [[SQLValue]], as upsert: Upsert) throws {
        guard !rows.isEmpty else { return }
        try mapped {
            let statement = try database.cachedStatement(sql: upsert.sqlite)
            for row in rows { try statement.execute(arguments: Self.arguments(row)) }
        }
    }

    /// `IN {2}` becomes a set read from the JSON array bound as the second parameter.
    private func translate(_ sql: String) -> String {
        guard sql.utf8.contains(UInt8(ascii: "{")) else { return sql }
        if let known = translated[sql] { return known }
        var result = ""
        for character in sql {
            switch character {
            case "{": result += "(SELECT value FROM json_each(?"
            case "}": result += "))"
            default: result.append(character)
            }
        }
        translated[sql] = result
        return result
    }

    private func mapped<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch let error as DatabaseError {
            throw StoreFailure(error)
        }
    }

    private static func arguments(_ values: [SQLValue]) -> StatementArguments {
        StatementArguments(
            values.map { value -> DatabaseValue in
                switch value {
                case .null: .null
                case .integer(let number): number.databaseValue
                case .text(let text): text.databaseValue
                case .blob(let bytes): Foundation.Data(bytes).databaseValue
                case .keys(let keys): JSON.array(keys.map(JSON.string)).text.databaseValue
                case .ids(let ids): JSON.array(ids.map { JSON.integer($0) }).text.databaseValue
                }
            })
    }

    private static func value(_ value: DatabaseValue) -> SQLValue {
        switch value.storage {
        case .null: .null
        case .int64(let number): .integer(number)
        case .double(let number): .text(String(number))
        case .string(let text): .text(text)
        case .blob(let bytes): .blob(Array(bytes))
        }
    }
}

extension Upsert {
    /// The statement for one row.
    var sqlite: String {
        let places = (1...columns.count).map { "?\($0)" }.joined(separator: ", ")
        let insert = "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))"
        guard !key.isEmpty else { return insert }
        let conflict = insert + " ON CONFLICT (\(key.joined(separator: ", "))) DO "
        guard !updates.isEmpty else { return conflict + "NOTHING" }
        return conflict + "UPDATE SET " + updates.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    }
}

extension StoreFailure {
    /// What SQLite's refusal means for the caller.
    init(_ error: DatabaseError) {
        let text = "\(error.message ?? "SQLite error") (code \(error.extendedResultCode.rawValue))"
        switch error.resultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG, .SQLITE_RANGE: self = .refused(text)
        default: self = .unavailable(text)
        }
    }
}
