import Store

/// A session on one connection, within the transaction of whoever made it.
final class PostgresSession: StoreSession {
    private let connection: PostgresConnection
    private let schema: PostgresSchema
    private let statements = StatementWatch()
    /// What is to be done once the step is durable.
    private(set) var effects: [@Sendable () -> Void] = []
    /// The first thing that went wrong; nothing of the transaction can be kept after it.
    private(set) var failure: PostgresFailure?
    /// Whether something may have been written.
    private(set) var hasWritten = false

    private var saves = PostgresSaves()
    /// The answer to a statement that was sent before its step began.
    private var foreseen: (opening: Opening, changed: Int)?
    private let changedBefore: Int

    /// How many rows it has changed, of which the answers were waited for.
    var changed: Int { connection.changed - changedBefore }

    /// From how many rows on a set is sent as lists, one for each column.
    private static let listedRows = 3

    let lowMarks: LowMarks?
    let hasTurn: Bool
    var emptied: [LowMarks.Line: Int] = [:]

    init(
        _ connection: PostgresConnection, _ schema: PostgresSchema, lowMarks: LowMarks? = nil, hasTurn: Bool = true
    ) {
        self.connection = connection
        self.schema = schema
        self.lowMarks = lowMarks
        self.hasTurn = hasTurn
        changedBefore = connection.changed
    }

    var watch: StatementWatch? { statements }
    var prefersSets: Bool { true }

    func rows(_ sql: String, _ values: [SQLValue]) throws -> [Row] {
        if !sql.hasPrefix("SELECT") { hasWritten = true }
        return try ask(sql, values, .rows).rows
    }

    func run(_ sql: String, _ values: [SQLValue]) throws -> Int {
        hasWritten = true
        if let foreseen, foreseen.opening.sql == sql, foreseen.opening.values == values {
            self.foreseen = nil
            return foreseen.changed
        }
        return try ask(sql, values, .tag).changed
    }

    func runEach(_ sql: String, _ rows: [[SQLValue]]) throws -> [Int] {
        guard !rows.isEmpty else { return [] }
        hasWritten = true
        try sendSaves()
        return try noting(sql) {
            var counts: [Int] = []
            for start in stride(from: 0, to: rows.count, by: PostgresConnection.sendLimit) {
                for row in rows[start..<min(start + PostgresConnection.sendLimit, rows.count)] {
                    try connection.send(sql, PostgresParameters(row), .tag)
                }
                counts += try connection.finish().map(\.changed)
            }
            return counts
        }
    }

    func afterCommit(_ effect: @escaping @Sendable () -> Void) { effects.append(effect) }

    func answers(to asked: [Asked]) throws -> [[Row]] {
        guard let first = asked.first else { return [] }
        if !asked.allSatisfy({ $0.sql.hasPrefix("SELECT") }) { hasWritten = true }
        try sendSaves()
        return try noting(first.sql) {
            var found: [[Row]] = []
            for start in stride(from: 0, to: asked.count, by: PostgresConnection.sendLimit) {
                let part = asked[start..<min(start + PostgresConnection.sendLimit, asked.count)]
                for one in part { try connection.send(one.sql, PostgresParameters(one.values), .rows) }
                found += try connection.finish().map(\.rows)
            }
            return found
        }
    }

    func tell(_ sql: String, _ values: [SQLValue]) throws {
        hasWritten = true
        try sendSaves()
        try noting(sql) {
            try connection.send(sql, PostgresParameters(values))
            if connection.isFull { try connection.finish() }
        }
    }

    func save(_ rows: [[SQLValue]], as upsert: Upsert) throws {
        guard !rows.isEmpty else { return }
        hasWritten = true
        if !saves.takes(upsert) { try sendSaves() }
        saves.add(rows, upsert)
        if saves.count >= PostgresSaves.limit { try sendSaves() }
    }

    /// Sends the rows that wait for others. Nobody waits for the answers: what goes wrong shows in the next statement
    /// that is answered, or at the end of the step.
    func sendSaves() throws {
        for (upsert, rows) in saves.take() { try noting(upsert.single) { try send(rows, upsert) } }
    }

    private func send(_ rows: [[SQLValue]], _ upsert: Upsert) throws {
        if rows.count >= Self.listedRows, !upsert.hasRepeatedKey(rows), let types = try types(of: upsert) {
            try connection.send(upsert.listed, PostgresParameters(columns: types, rows: rows))
            return
        }
        for row in rows {
            try connection.send(upsert.single, PostgresParameters(row))
            if connection.isFull { try connection.finish() }
        }
    }

    /// Sends the statements that steps begin with, in one trip. Gives how many rows each changed.
    func open(_ openings: [Opening]) throws -> [Int] {
        guard let first = openings.first else { return [] }
        hasWritten = true
        try sendSaves()
        if let insert = first.insert, openings.allSatisfy({ $0.insert == insert }), let types = try types(of: insert) {
            return try insertNew(openings.map(\.values), insert, types)
        }
        return try noting(first.sql) {
            for one in openings { try connection.send(one.sql, PostgresParameters(one.values), .tag) }
            return try connection.finish().map(\.changed)
        }
    }

    /// Inserts those rows whose keys are not there yet, as one statement; of each whether it is new.
    private func insertNew(
        _ rows: [[SQLValue]], _ insert: Upsert, _ types: [(type: UInt32, list: UInt32)]
    ) throws -> [Int] {
        try noting(insert.single) {
            try connection.send(
                "\(insert.listed) RETURNING \(insert.columns[0])", PostgresParameters(columns: types, rows: rows), .rows
            )
            let new = Set((try connection.finish().last?.rows ?? []).compactMap { $0.optionalInteger(0) })
            return rows.map { if case .integer(let number)? = $0.first, new.contains(number) { 1 } else { 0 } }
        }
    }

    /// What the next step will be answered when it begins.
    func foresee(_ opening: Opening?, _ changed: Int?) {
        foreseen = nil
        if let opening, let changed { foreseen = (opening, changed) }
    }

    /// A session for the next step of the same transaction.
    func again() -> PostgresSession { PostgresSession(connection, schema, lowMarks: lowMarks, hasTurn: hasTurn) }

    /// Remembers that another session of this transaction has written.
    func noteWriting() { hasWritten = true }

    /// Waits for what was sent and not yet answered.
    func settle() throws {
        try sendSaves()
        try noting("(what was sent before)") { _ = try connection.finish() }
    }

    private func ask(
        _ sql: String, _ values: [SQLValue], _ want: PostgresConnection.Want
    ) throws -> PostgresConnection.Answer {
        try sendSaves()
        return try noting(sql) {
            try connection.send(sql, PostgresParameters(values), want)
            return try connection.finish().last ?? PostgresConnection.Answer()
        }
    }

    private func types(of upsert: Upsert) throws -> [(type: UInt32, list: UInt32)]? {
        if schema.columns[upsert.table] == nil {
            let found = try ask(PostgresSchema.columnsQuery, [.text(upsert.table)], .rows).rows
            schema.columns[upsert.table] = Dictionary(
                found.map { ($0.text(0), UInt32(truncatingIfNeeded: $0.integer(1))) }, uniquingKeysWith: { $1 })
        }
        let known = schema.columns[upsert.table] ?? [:]
        let types = upsert.columns.compactMap { column -> (type: UInt32, list: UInt32)? in
            guard let type = known[column.filter { $0 != "\"" }], let list = PostgresType.list(of: type) else {
                return nil
            }
            return (type, list)
        }
        return types.count == upsert.columns.count ? types : nil
    }

    private func noting<Value>(_ sql: String, _ work: () throws -> Value) throws -> Value {
        do {
            return try statements.timed(sql, work)
        } catch let error as PostgresFailure {
            failure = failure ?? error
            throw error.storeFailure
        }
    }
}

/// What one connection has learned of the tables.
final class PostgresSchema {
    var columns: [String: [String: UInt32]] = [:]

    static let columnsQuery = """
        SELECT attname, CAST(atttypid AS bigint) FROM pg_attribute
        WHERE attrelid = CAST(CAST(?1 AS text) AS regclass) AND attnum > 0 AND NOT attisdropped
        """
}

extension Upsert {
    /// The statement for lists of values, one for each column.
    var listed: String {
        let lists = (1...columns.count).map { "?\($0)" }.joined(separator: ", ")
        return "INSERT INTO \(table) (\(columns.joined(separator: ", "))) SELECT * FROM unnest(\(lists))\(conflict)"
    }

    /// Two rows of one key in one statement are refused where the second would update the first.
    func hasRepeatedKey(_ rows: [[SQLValue]]) -> Bool {
        guard changesRows else { return false }
        let places = key.compactMap { columns.firstIndex(of: $0) }
        return Set(rows.map { row in places.map { row[$0] } }).count < rows.count
    }
}
