import Store

/// The tables of the queue.
public enum QueueMigrations {
    /// In order.
    public static let all = [
        Migration(
            "0200-queue",
            """
            -- Work to be done, one open row per key.
            CREATE TABLE job (
                organization_id INTEGER NOT NULL, id INTEGER NOT NULL, queue TEXT NOT NULL,
                integration_id INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
                priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 1000),
                state TEXT NOT NULL CHECK (state IN ('available', 'scheduled', 'running', 'retryable', 'held',
                    'completed', 'superseded', 'dead', 'cancelled')),
                run_at INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, payload TEXT NOT NULL,
                error_class TEXT, error TEXT, intent TEXT, intent_deadline INTEGER, lease_owner TEXT,
                lease_until INTEGER, version INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL, PRIMARY KEY (organization_id, id)
            ) STRICT;
            CREATE UNIQUE INDEX job_key ON job (organization_id, queue, integration_id, kind, key)
                WHERE state IN ('available', 'scheduled', 'running', 'retryable', 'held');
            CREATE INDEX job_due ON job (organization_id, integration_id, queue, kind, priority, run_at)
                WHERE state IN ('available', 'scheduled', 'retryable');
            CREATE INDEX job_leased ON job (organization_id, lease_until) WHERE state = 'running';
            CREATE INDEX job_unhappy ON job (organization_id, state, updated_at) WHERE state IN ('held', 'dead');
            -- Whether calls to an integration are let through, and why not.
            CREATE TABLE gate (
                organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, failures INTEGER NOT NULL,
                closed_until INTEGER, reason TEXT, PRIMARY KEY (organization_id, integration_id)
            ) STRICT;
            """)
    ]
}
