import Store

/// Notices on the hub's own disk that rare states were reached. It only looks: nothing of the hub's is changed.
enum RareStates {
    /// What is noticed, the table whose rows tell it, and the condition on a row's change.
    private static let watched: [(state: String, event: String, condition: String)] = [
        (
            "a lease was taken over", "UPDATE ON job",
            "OLD.state = 'running' AND NEW.state = 'available' AND OLD.lease_until < NEW.updated_at"
        ),
        ("a dead letter was superseded", "UPDATE ON job", "OLD.state = 'dead' AND NEW.state = 'superseded'"),
        (
            "a job ran again because it was asked for while it ran", "UPDATE ON job",
            "OLD.state = 'running' AND NEW.state = 'available' AND OLD.lease_until >= NEW.updated_at"
        ),
        (
            "a breaker was tried half-open", "UPDATE ON breaker",
            "OLD.probe_until IS NULL AND NEW.probe_until IS NOT NULL"
        ),
        ("a breaker opened and closed again", "DELETE ON breaker", "OLD.open_until IS NOT NULL"),
        (
            "a far side asked for a pause, and was called again", "UPDATE ON gate",
            "OLD.closed_until IS NOT NULL AND NEW.closed_until IS NULL"
        ),
        (
            "an integration was refused and let in again", "UPDATE ON integration",
            "OLD.state = 'refused' AND NEW.state = 'active'"
        ),
        (
            "an order edited after it was booked was left to people", "UPDATE ON job",
            "NEW.state = 'held' AND NEW.error LIKE '%edited after it was booked%'"
        ),
        ("a conflict was decided by rule", "INSERT ON change", "NEW.rule IN ('timestamp', 'source', 'priority')"),
        ("a create was found after its answer was lost", "INSERT ON receipt", "NEW.outcome = 'adopted'"),
    ]

    /// Puts the watch on an open store.
    ///
    /// - Throws: `StoreFailure`.
    static func watch(_ disk: any InlineStore) throws {
        try disk.commit { session in
            try session.run("CREATE TABLE rehearsal_reached (state TEXT PRIMARY KEY)", [])
            for (index, watch) in watched.enumerated() {
                // Not OR IGNORE: the statement that fires a trigger decides what happens in a conflict.
                let note = """
                    INSERT INTO rehearsal_reached SELECT '\(watch.state)'
                    WHERE NOT EXISTS (SELECT 1 FROM rehearsal_reached WHERE state = '\(watch.state)');
                    """
                let trigger = DiskTrigger(
                    name: "rehearsal_\(index)", event: watch.event, condition: watch.condition, does: note)
                for statement in trigger.statements(disk.dialect) { try session.run(statement, []) }
            }
        }
    }

    /// What was noticed.
    ///
    /// - Throws: `StoreFailure`.
    static func reached(_ disk: any InlineStore) throws -> [String] {
        try disk.look { try $0.rows("SELECT state FROM rehearsal_reached ORDER BY state", []).map { $0.text(0) } }
    }
}

/// A watch on one table of the hub's disk.
struct DiskTrigger {
    let name: String
    /// `UPDATE ON job`
    let event: String
    /// On a row's change, with `OLD` and `NEW`.
    let condition: String
    /// One statement, with its semicolon.
    let does: String

    /// What makes it.
    func statements(_ dialect: StoreDialect) -> [String] {
        if dialect == .sqlite {
            return ["CREATE TRIGGER \(name) AFTER \(event) WHEN \(condition) BEGIN \(does) END"]
        }
        return [
            "CREATE FUNCTION \(name)() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(does) RETURN NULL; END $$",
            "CREATE TRIGGER \(name) AFTER \(event) FOR EACH ROW WHEN (\(condition)) EXECUTE FUNCTION \(name)()",
        ]
    }
}
