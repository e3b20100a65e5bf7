import Commerce
import Ledger
import Store
import Synchronization
import Wire

/// Hubs that seal the values of persons (docs/decisions/0022-personal-values.md): what is judged elsewhere holds with
/// them as without, and none of these values stands readable on their disk.
enum Seals {
    /// How many seeds of a hundred have it.
    static let sharePercent = 30
    /// One that leaves the seeds recorded for the planted defects what they were.
    private static let salt: UInt64 = 0x5EED_0000_5EA1_001F
    /// A rare state.
    static let state = "values of persons were sealed"

    /// The master key of all hubs.
    static let vault = Vault(bytes: Array(repeating: 7, count: 32))

    /// Whether the hubs of a seed seal. Drawn apart from all else.
    static func areOn(seed: UInt64) -> Bool {
        var chance = Chance(seed ^ salt)
        _ = chance.next()
        return chance.below(100) < sharePercent
    }

    /// Reads a disk with the keys that lie on it.
    ///
    /// - Throws: `StoreFailure`, and what opening throws.
    static func open<Value: Sendable>(
        _ stage: Stage, _ query: @escaping @Sendable (any StoreSession) throws -> Value
    ) throws -> Value {
        let ring = PersonalRing(vault: { vault }, relearn: { _ in })
        let store = SealingStore(
            Disk(disk: stage.disk), ring: ring, organization: 1, now: { World.start }, random: { _ in [] })
        let found = Mutex<Value?>(nil)
        try stage.perform {
            let value = try await store.read(query)
            found.withLock { $0 = value }
        }
        guard let value = found.withLock({ $0 }) else { throw RehearsalError("the disk could not be read") }
        return value
    }

    /// Where something of a person stands readable, a sentence each. A server's store is not searched: that it holds
    /// the same bytes, the trace of its seed says.
    ///
    /// - Throws: `StoreFailure`.
    static func readable(_ disk: any InlineStore) throws -> [String] {
        guard disk.dialect == .sqlite else { return [] }
        return try disk.look { session in
            let tables = try session.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", [])
            return try tables.map { $0.text(0) }.flatMap { table in
                try session.rows("SELECT * FROM \"\(table)\"", []).compactMap { row in
                    let told = row.values.compactMap(readable).first { tellsOfSomebody($0) }
                    return told.map { "\(table) holds what is somebody's own: \($0.prefix(300))" }
                }
            }
        }
    }

    private static func readable(_ value: SQLValue) -> String? {
        switch value {
        case .text(let text): text
        case .blob(let bytes): String(decoding: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// Who buys in a rehearsal has one of two sorts of addresses, and one name.
    private static func tellsOfSomebody(_ text: String) -> Bool {
        text.contains("Ann Perera")
            || text.contains("@example.com") && text.contains(/(buyer|rush|leaver)[0-9]+@example\.com/)
    }

    /// A disk that is only read.
    private struct Disk: Store {
        let disk: any InlineStore

        func write<Value: Sendable>(
            _ priority: StepPriority, _ step: @escaping @Sendable (any StoreSession) throws -> Value
        ) async throws -> Value { throw StoreFailure.unavailable("it is only looked at") }

        func read<Value: Sendable>(
            _ query: @escaping @Sendable (any StoreSession) throws -> Value
        ) async throws -> Value { try disk.look(query) }

        var dialect: StoreDialect { disk.dialect }

        func close() async {}
    }
}

extension Rehearsal {
    /// What stands readable on the disk of a hub that seals.
    ///
    /// - Throws: `StoreFailure`.
    func judgeSeals() throws {
        guard knobs.seals else { return }
        let readable = try Seals.readable(stage.disk)
        let keys = try stage.disk.look { try $0.rows("SELECT id FROM personal_key WHERE id <> 0", []).count }
        stage.world.withLock { world in
            if keys > 0 { world.coverage.reached(Seals.state) }
            for words in readable.prefix(5) { world.oracle.breach("I10", words, Moment(seconds: 0)) }
        }
    }
}
