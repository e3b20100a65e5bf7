import Foundation
import Store
import StorePostgres
import Synchronization

/// A store on a server that looks at every statement before it is run for the first time: it must name the organization
/// in every table that is spread by it. One that does not is refused, so that the test which ran it fails.
public struct WatchedStore: Store {
    /// The store itself, for what tests ask of all organizations at once.
    public var unwatched: any Store { store }
    private let store: any Store

    /// The store, watched where it is on a server.
    public init(_ store: any Store) { self.store = store }

    /// The texts that were looked at, by all stores of this process.
    public static var seen: Set<String> { SpreadStatement.seen.withLock { $0 } }

    /// As the store, with each new statement looked at.
    ///
    /// - Throws: as the store; `SpreadStatement.NamesNoOrganization`.
    public func write<Value: Sendable>(
        _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        guard store.isShared else { return try await store.write(priority, step) }
        return try await store.write(priority) { try step(WatchedSession($0)) }
    }

    /// As the store, with each new statement looked at.
    ///
    /// - Throws: as the store; `SpreadStatement.NamesNoOrganization`.
    public func write<Value: Sendable>(
        _ priority: StepPriority, opening: Opening,
        _ step: @escaping @Sendable (any StoreSession, Int) throws -> Value
    ) async throws -> Value {
        guard store.isShared else { return try await store.write(priority, opening: opening, step) }
        return try await store.write(priority, opening: opening) { session, changed in
            try SpreadStatement(opening.sql, opening.values).look(session)
            return try step(WatchedSession(session), changed)
        }
    }

    /// As the store, with each new statement looked at.
    ///
    /// - Throws: as the store; `SpreadStatement.NamesNoOrganization`.
    public func read<Value: Sendable>(
        _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) async throws -> Value {
        guard store.isShared else { return try await store.read(query) }
        return try await store.read { try query(WatchedSession($0)) }
    }

    /// The store of one organization, watched too.
    public func of(_ organization: Int64) -> any Store { WatchedStore(store.of(organization)) }

    /// The store without turns, watched too.
    public var freely: any Store { WatchedStore(store.freely) }

    /// As the store.
    public var isShared: Bool { store.isShared }

    /// As the store.
    public func listen(_ wake: @escaping @Sendable () -> Void) { store.listen(wake) }

    /// As the store.
    public var dialect: StoreDialect { store.dialect }

    /// As the store.
    public func vitals(now: @escaping @Sendable () -> Moment) async throws -> StoreVitals {
        try await store.vitals(now: now)
    }

    /// As the store.
    public func slice(_ table: TimeSlices, now: Moment, keepFrom: Moment?) async throws -> [String] {
        try await store.slice(table, now: now, keepFrom: keepFrom)
    }

    /// As the store.
    public func tidy(isThorough: Bool) async throws -> [String] { try await store.tidy(isThorough: isThorough) }

    /// Closes the store.
    public func close() async { await store.close() }
}

private final class WatchedSession: StoreSession {
    private let session: any StoreSession

    init(_ session: any StoreSession) { self.session = session }

    func rows(_ sql: String, _ values: [SQLValue]) throws -> [Row] {
        try SpreadStatement(sql, values).look(session)
        return try session.rows(sql, values)
    }

    func run(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try SpreadStatement(sql, values).look(session)
        return try session.run(sql, values)
    }

    func runEach(_ sql: String, _ rows: [[SQLValue]]) throws -> [Int] {
        if let first = rows.first { try SpreadStatement(sql, first).look(session) }
        return try session.runEach(sql, rows)
    }

    func answers(to asked: [Asked]) throws -> [[Row]] {
        for one in asked { try SpreadStatement(one.sql, one.values).look(session) }
        return try session.answers(to: asked)
    }

    func tell(_ sql: String, _ values: [SQLValue]) throws {
        try SpreadStatement(sql, values).look(session)
        try session.tell(sql, values)
    }

    func afterCommit(_ effect: @escaping @Sendable () -> Void) { session.afterCommit(effect) }

    var prefersSets: Bool { session.prefersSets }
    var lowMarks: LowMarks? { session.lowMarks }
    var hasTurn: Bool { session.hasTurn }
    var emptied: [LowMarks.Line: Int] {
        get { session.emptied }
        set { session.emptied = newValue }
    }

    func save(_ rows: [[SQLValue]], as upsert: Upsert) throws {
        if let first = rows.first { try SpreadStatement(upsert.single, first).look(session) }
        try session.save(rows, as: upsert)
    }
}

/// One statement, as a store that is spread by organization must find it.
public struct SpreadStatement {
    /// What a statement does that cannot be sent to one organization's place alone.
    public struct NamesNoOrganization: Error, CustomStringConvertible {
        /// The statement, and where it looks without naming the organization.
        public let description: String
    }

    /// Tables that every place has whole, or one place alone, and why each is none of an organization's.
    public static let whole = [
        "organization": "the list of tenants; written when one comes",
        "address": "whose a webhook address is; asked before the organization is known",
        "identity": "the next block of ids, for all; asked once in ten thousand ids",
        "key_check": "one row; asked when a hub starts",
        "migration": "the schema's own; asked when a hub starts",
        "move_unfinished": "stands only during a move",
    ]

    static let seen = Mutex<Set<String>>([])
    private static let number = Mutex(0)

    private let sql: String
    private let values: [SQLValue]

    /// A statement with values as it is run with.
    public init(_ sql: String, _ values: [SQLValue]) {
        self.sql = sql
        self.values = values
    }

    /// Has the server plan it, for whatever values, and looks at the plan; once for each text.
    ///
    /// - Throws: `NamesNoOrganization`, `StoreFailure`.
    func look(_ session: any StoreSession) throws {
        guard ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(where: sql.hasPrefix),
            Self.seen.withLock({ $0.insert(sql).inserted })
        else { return }
        try check(session)
    }

    /// Has the server plan it, for whatever values, and looks at the plan.
    ///
    /// - Throws: `NamesNoOrganization`, `StoreFailure`.
    public func check(_ session: any StoreSession) throws {
        let complaints = insertComplaints + Self.complaints(of: try plan(session))
        guard complaints.isEmpty else {
            throw NamesNoOrganization(description: complaints.joined(separator: "; ") + " in: " + sql)
        }
    }

    private func plan(_ session: any StoreSession) throws -> [String] {
        let name = Self.number.withLock { number in
            number += 1
            return "watched_\(number)"
        }
        let text = PostgresStore.translated(sql)
        let types = values.enumerated().map { index, value -> String in
            switch value {
            case .integer: "bigint"
            case .text: "text"
            case .blob: "bytea"
            case .keys: "text[]"
            case .ids: "bigint[]"
            case .null: text.contains("$\(index + 1)") ? "unknown" : "text"
            }
        }
        let list = types.isEmpty ? "" : "(\(types.joined(separator: ", ")))"
        let nulls = types.isEmpty ? "" : "(\(types.map { _ in "NULL" }.joined(separator: ", ")))"
        // One plan for all values: what it does not name, no value adds.
        _ = try session.rows("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)", [])
        try session.run("PREPARE \(name)\(list) AS \(text)", [])
        let lines = try session.rows("EXPLAIN (COSTS OFF) EXECUTE \(name)\(nulls)", []).map { $0.text(0) }
        try session.run("DEALLOCATE \(name)", [])
        _ = try session.rows("SELECT set_config('plan_cache_mode', 'auto', true)", [])
        return lines
    }

    /// What is inserted says whose it is, and so does the key it may meet.
    private var insertComplaints: [String] {
        guard let match = sql.firstMatch(of: /INSERT INTO (\w+) \(([^)]*)\)/) else { return [] }
        guard Self.whole[String(match.1)] == nil else { return [] }
        var complaints: [String] = []
        if !Self.namesOrganization(match.2) { complaints.append("\(match.1) is given rows of nobody") }
        if let key = sql.firstMatch(of: /ON CONFLICT \(([^)]*)\)/), !Self.namesOrganization(key.1) {
            complaints.append("\(match.1) is looked through by \(key.1)")
        }
        return complaints
    }

    private static func namesOrganization(_ columns: Substring) -> Bool {
        columns.split(separator: ",").contains { $0.trimmingCharacters(in: .whitespaces) == "organization_id" }
    }

    /// A table that is read. The scan of a bitmap's index stands under that of its table, which repeats the condition.
    private static var scan: Regex<(Substring, Substring)> {
        /(?:Seq|Index|Index Only|Bitmap Heap|Tid) Scan(?: Backward)?(?: using \w+)? on (\w+)/
    }

    /// Every scan of a table that is spread has the organization among its conditions, and all have the same one.
    static func complaints(of plan: [String]) -> [String] {
        var complaints: [String] = []
        var named = Set<String>()
        var hasSpread = false
        var scanned: (table: String, hasOrganization: Bool)?
        func end() {
            if let scanned, !scanned.hasOrganization { complaints.append("\(scanned.table) is looked through whole") }
            scanned = nil
        }
        for line in plan {
            if let match = line.firstMatch(of: Self.scan) {
                end()
                // The index's own scan stands under one of its table, which repeats the condition.
                let table = String(match.1)
                let isSpread = whole[table] == nil && !table.hasPrefix("pg_")
                scanned = isSpread ? (table, false) : nil
                hasSpread = hasSpread || isSpread
            } else if line.contains("->") || line.contains("Bitmap Index Scan") {
                end()
            } else if ["Index Cond:", "Recheck Cond:", "Filter:"].contains(where: line.contains) {
                if line.contains("organization_id = ") { scanned?.hasOrganization = true }
                for match in line.matches(of: /organization_id = (\$\d+|'?\d+'?)/) { named.insert(String(match.1)) }
            }
        }
        end()
        if hasSpread, named.isEmpty { complaints.append("no organization is given") }
        if named.count > 1 { complaints.append("several organizations are named (\(named.sorted()))") }
        return complaints
    }
}
