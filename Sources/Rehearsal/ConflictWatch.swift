import Commerce
import Store

/// Looks on the hub's own disk at every conflict that ends without a person, with the two values it then leaves: a
/// conflict is evidence, and only agreement or a decision may end it.
enum ConflictWatch {
    /// Puts the watch on an open store.
    ///
    /// - Throws: `StoreFailure`.
    static func watch(_ disk: any InlineStore) throws {
        // Links and records are saved before their conflicts end, in the same step.
        let trigger = DiskTrigger(
            name: "rehearsal_conflict", event: "UPDATE ON conflict",
            condition: """
                OLD.resolved_at IS NULL AND NEW.resolved_at IS NOT NULL AND NEW.resolution NOT LIKE '%by a person%'
                """,
            does: """
                INSERT INTO rehearsal_ended SELECT NEW.id, record.natural_key, NEW.part, integration.name,
                    link.parts, record.parts
                FROM link JOIN record ON record.id = NEW.record_id
                JOIN integration ON integration.id = link.integration_id WHERE link.id = NEW.link_id;
                """)
        try disk.commit { session in
            try session.run(
                """
                CREATE TABLE rehearsal_ended (conflict BIGINT PRIMARY KEY, number TEXT, part TEXT, place TEXT,
                    link TEXT NOT NULL, record TEXT NOT NULL)
                """, [])
            for statement in trigger.statements(disk.dialect) { try session.run(statement, []) }
        }
    }

    /// The conflicts that ended although the two sides hold different values, a sentence each.
    ///
    /// - Throws: `StoreFailure`.
    static func endedForNothing(_ disk: any InlineStore) throws -> [String] {
        try disk.look { session in
            try session.rows("SELECT number, part, place, link, record FROM rehearsal_ended ORDER BY conflict", [])
                .compactMap { row in
                    let part = row.text(1)
                    let (link, record) = (row.json(3)[part], row.json(4)[part]?["v"])
                    guard let theirs = link?["n"] ?? link?["b"], let record else { return nil }
                    let (shown, kept) = (HubFacts.told(theirs), HubFacts.told(record))
                    if ShownGood.canonical(shown) == ShownGood.canonical(kept) { return nil }
                    return
                        "the conflict over \(part) of \(row.text(0)) with \(row.text(2)) ended though nobody decided "
                        + "it: \"\(shown)\" there, \"\(kept)\" here"
                }
        }
    }
}
