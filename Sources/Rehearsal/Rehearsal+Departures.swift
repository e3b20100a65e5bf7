import Commerce
import Ledger
import Store

/// Somebody at the hub's console erases who asks for it, and what is left of him is looked for at rest.
extension Rehearsal {
    /// Tries to erase a guest, as soon as the hub knows him.
    func erase(_ number: Int) {
        guard let leaver = stage.world.withLock({ $0.nextErasure(number) }),
            let process = stage.world.withLock({ $0.processForVisitors() }), let id = try? hubID(of: leaver)
        else { return }
        let stage = stage
        Task(executorPreference: stage.executor) {
            do {
                _ = try await process.hub.eraseCustomer(String(id))
                stage.world.withLock { $0.isErased(number) }
            } catch {
                stage.world.withLock { world in
                    world.leavers[number].obstacle = "\(error)"
                    world.story.note(world.now, "somebody at the hub is told: \(error)")
                }
            }
        }
    }

    private func hubID(of leaver: Leaver) throws -> Int64? {
        let name = stage.world.withLock { $0.vendors[leaver.vendor].name }
        return try stage.disk.look { session in
            try session.rows(
                """
                SELECT record_id FROM link JOIN integration ON integration.id = link.integration_id
                WHERE integration.name = ?1 AND link.kind = 'customer' AND link.external_id = ?2
                """, [.text(name), .text("guest/\(leaver.order ?? "")")]
            ).first?.integer(0)
        }
    }

    /// What the store still tells of who was erased, with all the keys that lie in it.
    ///
    /// - Throws: `StoreFailure`, and what opening throws.
    func judgeDepartures() throws {
        let erased = stage.world.withLock { $0.leavers.filter { $0.erasedAt != nil }.map(\.email) }
        guard !erased.isEmpty, stage.disk.dialect == .sqlite else { return }
        let told = try Seals.open(stage) { session in
            let tables = try session.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", [])
            return try tables.map { $0.text(0) }.flatMap { table in
                try session.rows("SELECT * FROM \"\(table)\"", []).flatMap { row in
                    try row.values.flatMap { value in
                        let text = try Self.opened(value, of: row, session)
                        return erased.filter(text.contains).map { "\(table) tells of \($0): \(text.prefix(300))" }
                    }
                }
            }
        }
        stage.world.withLock { world in
            for words in told.prefix(5) { world.oracle.breach("I10", words, Moment(seconds: 0)) }
        }
    }

    /// A value as who has all keys reads it.
    private static func opened(_ value: SQLValue, of row: Row, _ session: any StoreSession) throws -> String {
        switch value {
        case .text(let text):
            guard let json = try? JSON(parsing: text), let seals = session.personal else { return text }
            return try seals.opened(json).text
        case .blob(let bytes):
            let ids = row.values.compactMap { value in if case .integer(let id) = value { id } else { nil } }
            let calls = ids.compactMap { try? session.personal?.opened(call: bytes, id: $0) ?? nil }
            return String(decoding: calls.first ?? bytes, as: UTF8.self)
        default: return ""
        }
    }
}
