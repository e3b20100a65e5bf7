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
    static func watch(_ disk: InlineSQLiteStore) throws {
        try disk.commit { session in
            try session.run("CREATE TABLE rehearsal_reached (state TEXT PRIMARY KEY) STRICT", [])
            for (index, watch) in watched.enumerated() {
                try session.run(
                    """
                    CREATE TRIGGER rehearsal_\(index) AFTER \(watch.event) WHEN \(watch.condition)
                    BEGIN
                        -- Not OR IGNORE: the statement that fires a trigger decides what happens in a conflict.
                        INSERT INTO rehearsal_reached SELECT '\(watch.state)'
                        WHERE NOT EXISTS (SELECT 1 FROM rehearsal_reached WHERE state = '\(watch.state)');
                    END
                    """, [])
            }
        }
    }

    /// What was noticed.
    ///
    /// - Throws: `StoreFailure`.
    static func reached(_ disk: InlineSQLiteStore) throws -> [String] {
        try disk.look { try $0.rows("SELECT state FROM rehearsal_reached ORDER BY state", []).map { $0.text(0) } }
    }
}
