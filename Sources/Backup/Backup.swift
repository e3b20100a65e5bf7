import Commerce
import Store
import Synchronization
import Wire

/// A whole store in one file, in a form that both kinds of store read and write.
public struct Backup: Sendable {
    /// The file.
    public let path: String
    private let key: BackupKey?

    /// What a backup holds.
    public struct Content: Hashable, Sendable {
        public let head: BackupHead
        public let tables: [TableSum]

        /// How many rows of all tables.
        public var rows: Int { tables.reduce(0) { $0 + $1.rows } }
    }

    /// A backup in that file; encrypted where a key is given.
    public init(_ path: String, key: BackupKey? = nil) {
        self.path = path
        self.key = key
    }

    // MARK: Making

    /// Writes all that is in the store at one instant, while others write. The file gets its name when it is whole.
    ///
    /// - Throws: `BackupFailure`, `StoreFailure`, `CancellationError`; then there is no file, or the one that was there
    ///   before.
    public func make(
        of store: any Store, version: String, now: Moment, random: @Sendable (Int) -> [UInt8]
    ) async throws -> Content {
        try refuseStrangers()
        let (path, key, dialect) = (path, key, store.dialect)
        let salt = key == nil ? [] : random(32)
        let stop = StopSign()
        let content = try await withTaskCancellationHandler {
            try await store.read { session in
                session.watch?.isMeantToBeLong = true
                let schema = try session.rows("SELECT name FROM migration ORDER BY name", []).map { $0.text(0) }
                let head = BackupHead(
                    version: version, dialect: dialect.rawValue, schema: schema, at: now, keyID: key?.id, salt: salt)
                var writer = try BackupWriter(path, head, key)
                for shape in try TableShape.all(session, dialect) {
                    try writer.begin(shape)
                    try shape.eachPage(session) { rows in
                        if stop.isUp { throw CancellationError() }
                        try writer.add(rows)
                    }
                }
                return Content(head: head, tables: try writer.finish())
            }
        } onCancel: {
            stop.raise()
        }
        return content
    }

    /// An older backup may be written over; nothing else, least of all the store.
    private func refuseStrangers() throws {
        guard let file = try? OldFile(path) else { return }
        let first = try file.read(BackupHead.mark.count)
        guard first.isEmpty || first == BackupHead.mark else {
            throw BackupFailure.file(path, reason: "something else is there that is no backup; give another name")
        }
    }

    // MARK: Reading

    /// What stands first in a file; its key is not needed for that.
    ///
    /// - Throws: `BackupFailure`.
    public static func head(of path: String) throws(BackupFailure) -> BackupHead {
        try BackupReader.opened(path).head
    }

    /// Reads the whole file and compares it with what it says of itself.
    ///
    /// - Throws: `BackupFailure`.
    public func verify() throws -> Content {
        var reader = try BackupReader(path, key)
        var sums: [TableSum] = []
        while true {
            switch try reader.next() {
            case .table(let shape): sums.append(TableSum(shape.name))
            case .rows(let rows):
                guard !sums.isEmpty else { throw BackupFailure.altered(path) }
                sums[sums.count - 1].add(rows)
            case .end(let told):
                guard told == sums else { throw BackupFailure.altered(path) }
                return Content(head: reader.head, tables: sums)
            }
        }
    }

    /// What schema a file has, where this program knows it.
    ///
    /// - Throws: `BackupFailure`, `.newer` when a migration is not among those known.
    public func schema(among known: [Migration]) throws -> [Migration] {
        let head = try Self.head(of: path)
        let strangers = Set(head.schema).subtracting(known.map(\.name)).sorted()
        guard strangers.isEmpty else {
            throw BackupFailure.newer(path, what: strangers.joined(separator: ", "))
        }
        return known.filter { head.schema.contains($0.name) }
    }

    // MARK: Putting back

    /// The tables that are looked at to know whether a store is in use.
    public static let telling = ["integration", "record", "job", "delivery"]

    /// Puts all of it into a store whose schema is that of the backup: in one transaction, in which it is also counted
    /// and compared. `replaces`: what is there is taken away. The file should have been verified.
    ///
    /// - Throws: `BackupFailure`, `StoreFailure`; then the store is as it was.
    public func restore(into store: any Store, replaces: Bool) async throws {
        let (path, key, dialect) = (path, key, store.dialect)
        try await store.write(.bulk) { session in
            session.watch?.isMeantToBeLong = true
            let shapes = try TableShape.all(session, dialect)
            for shape in shapes where !replaces && Self.telling.contains(shape.name) {
                guard try session.rows("SELECT 1 FROM \(shape.name) LIMIT 1", []).isEmpty else {
                    throw BackupFailure.inUse(table: shape.name)
                }
            }
            for shape in shapes.reversed() { try session.run("DELETE FROM \(shape.name)", []) }
            let (sums, tables) = try Self.load(BackupReader(path, key), shapes, session)
            for shape in shapes {
                guard let sum = sums.first(where: { $0.table == shape.name }), let table = tables[shape.name] else {
                    throw BackupFailure.altered(path)
                }
                guard try TableSum.of(shape.ordered(like: table), session) == sum else {
                    throw BackupFailure.differs(table: shape.name)
                }
            }
        }
    }

    private static func load(
        _ backup: BackupReader, _ shapes: [TableShape], _ session: any StoreSession
    ) throws -> ([TableSum], [String: TableShape]) {
        var reader = backup
        var upsert: Upsert?
        var tables: [String: TableShape] = [:]
        while true {
            switch try reader.next() {
            case .table(let table):
                guard let shape = shapes.first(where: { $0.name == table.name }),
                    Set(shape.columns) == Set(table.columns)
                else { throw BackupFailure.altered(reader.path) }
                upsert = table.insert
                tables[table.name] = table
            case .rows(let rows):
                guard let upsert else { throw BackupFailure.altered(reader.path) }
                try session.save(rows, as: upsert)
                // Answered before more is sent: what waits to be answered would grow without a bound.
                _ = try session.rows("SELECT 1", [])
            case .end(let sums): return (sums, tables)
            }
        }
    }
}

/// Whether somebody who waits has been told to stop.
private final class StopSign: Sendable {
    private let raised = Mutex(false)

    var isUp: Bool { raised.withLock { $0 } }
    func raise() { raised.withLock { $0 = true } }
}
