/// What PostgreSQL is shown of the queue before it holds anything.
///
/// A planner that has seen no row takes one index of a table for as good as another, and keeps the plan it has made:
/// the jobs of the first minutes, which may be a hundred thousand, were then looked for through the wrong one. So it is
/// shown rows like those that will come, and they are taken out again. What it has learned is replaced by what is true
/// as soon as the server looks at the table by itself.
enum QueueSample {
    static let sql = """

        INSERT INTO job (organization_id, id, queue, integration_id, kind, key, priority, state, is_open, run_at,
            payload, error_class, error, created_at, updated_at, lane, lane_place, is_blocked, lease_owner, lease_until)
        SELECT 1, n, (ARRAY['deliver', 'receive', 'fetch', 'pull'])[1 + n % 4], 1 + n % 5,
            (ARRAY['product', 'order', 'variant', 'customer'])[1 + n / 4 % 4], CAST(n AS text), 100,
            CASE WHEN n % 3 > 0 THEN 'completed' WHEN n % 30 = 0 THEN 'running' WHEN n % 30 = 3 THEN 'retryable'
                WHEN n % 30 = 6 THEN 'dead' ELSE 'available' END,
            CASE WHEN n % 3 > 0 OR n % 30 = 6 THEN 0 ELSE 1 END, n, 'null',
            CASE WHEN n % 30 = 6 THEN 'refused' END, CASE WHEN n % 30 = 6 THEN 'words' END, n, n,
            CASE WHEN n % 2 = 0 THEN CAST(n / 4 AS text) END, CASE WHEN n % 2 = 0 THEN n END,
            CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END, CASE WHEN n % 30 = 0 THEN 'worker' END,
            CASE WHEN n % 30 = 0 THEN n END
        FROM generate_series(1, 400) AS n;
        ANALYZE job;
        DELETE FROM job;
        """
}
