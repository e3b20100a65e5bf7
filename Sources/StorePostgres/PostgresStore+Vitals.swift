import Store

extension PostgresStore {
    /// Looks at the server: its clock, and who follows it.
    ///
    /// A standby that has all there is has no lag, however long nothing was written. Who may not see others'
    /// replication (no role pg_monitor) is told how many standbys there are and not how far they are.
    ///
    /// - Throws: `StoreFailure`.
    public func vitals(now: @escaping @Sendable () -> Moment) async throws -> StoreVitals {
        let seen = try await read { session -> (row: Row?, before: Moment, after: Moment) in
            // A trip of its own first: the one that is timed finds its connection and its statement ready.
            _ = try session.rows(Self.question, [])
            let before = now()
            return (try session.rows(Self.question, []).first, before, now())
        }
        var vitals = try await timed { _ = try await read { try $0.rows("SELECT 1", []) } }
        guard let row = seen.row else { return vitals }
        let middle = Double(seen.before.milliseconds + seen.after.milliseconds) / 2
        vitals.clockSkewMilliseconds = Double(row.integer(0)) - middle
        vitals.standbys = Int(row.integer(1))
        if row.integer(1) > 0, row.integer(2) == row.integer(1) {
            vitals.replicationLagSeconds = Double(row.integer(3)) / 1000
        }
        return vitals
    }

    private static let question = """
        SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint), count(pid), count(replay_lsn),
            CAST(coalesce(max(CASE WHEN replay_lsn >= pg_current_wal_lsn() THEN 0
                ELSE extract(epoch FROM replay_lag) END), 0) * 1000 AS bigint)
        FROM pg_stat_replication
        """
}
