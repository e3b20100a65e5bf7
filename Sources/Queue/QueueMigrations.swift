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
                id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, queue TEXT NOT NULL,
                integration_id INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
                priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 1000),
                state TEXT NOT NULL, is_open INTEGER NOT NULL DEFAULT 1,
                run_at INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, payload TEXT NOT NULL,
                error_class TEXT, error TEXT, intent TEXT, intent_deadline INTEGER, lease_owner TEXT,
                lease_until INTEGER, version INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL,
                -- Spelt out: SQLite builds a table for each list of more than two, for each row that is written.
                CHECK (is_open = 1 AND (state = 'available' OR state = 'scheduled' OR state = 'running'
                        OR state = 'retryable' OR state = 'held')
                    OR is_open = 0 AND (state = 'completed' OR state = 'superseded' OR state = 'dead'
                        OR state = 'cancelled'))
            ) STRICT;
            CREATE UNIQUE INDEX job_key ON job (organization_id, queue, integration_id, kind, key) WHERE is_open = 1;
            CREATE INDEX job_due ON job (organization_id, integration_id, queue, kind, priority, run_at)
                WHERE state IN ('available', 'scheduled', 'retryable');
            CREATE INDEX job_running ON job (organization_id, integration_id, queue, kind) WHERE state = 'running';
            CREATE INDEX job_unhappy ON job (organization_id, state, updated_at) WHERE state IN ('held', 'dead');
            -- Whether calls to an integration are let through, and why not.
            CREATE TABLE gate (
                organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, failures INTEGER NOT NULL,
                closed_until INTEGER, reason TEXT, PRIMARY KEY (organization_id, integration_id)
            ) STRICT;
            """),
        Migration(
            "0201-queue-whole",
            """
            -- The token of a claim, who asked that a running job be dropped, and the lane whose jobs run in order.
            ALTER TABLE job ADD COLUMN claim INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE job ADD COLUMN cancelled_by TEXT;
            ALTER TABLE job ADD COLUMN lane TEXT;
            ALTER TABLE job ADD COLUMN lane_place INTEGER;
            ALTER TABLE job ADD COLUMN is_blocked INTEGER NOT NULL DEFAULT 0 CHECK (is_blocked IN (0, 1));
            -- What may be claimed at once, and what at its time: each is walked from its first row.
            CREATE INDEX job_ready ON job (organization_id, integration_id, queue, kind, priority, run_at)
                WHERE state = 'available' AND is_blocked = 0;
            CREATE INDEX job_timed ON job (organization_id, integration_id, queue, kind, run_at)
                WHERE state IN ('scheduled', 'retryable') AND is_blocked = 0;
            CREATE INDEX job_lane ON job (organization_id, integration_id, lane, lane_place)
                WHERE lane IS NOT NULL AND is_open = 1;
            CREATE INDEX job_dead ON job (organization_id, queue, integration_id, kind, key) WHERE state = 'dead';
            DROP INDEX job_due;
            -- Work that a person stopped; integration 0 and queue * stand for all.
            CREATE TABLE pause (
                organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, queue TEXT NOT NULL,
                paused_by TEXT NOT NULL, reason TEXT NOT NULL, paused_at INTEGER NOT NULL,
                PRIMARY KEY (organization_id, integration_id, queue)
            ) STRICT;
            -- Whether one operation of an integration is called; no row: it is.
            CREATE TABLE breaker (
                organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, operation TEXT NOT NULL,
                failures INTEGER NOT NULL, open_until INTEGER, probe_until INTEGER, reason TEXT,
                PRIMARY KEY (organization_id, integration_id, operation)
            ) STRICT;
            -- How much an integration may be asked for, in millionths of a call or of a vendor's points.
            CREATE TABLE allowance (
                organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, operation TEXT NOT NULL,
                form TEXT NOT NULL CHECK (form IN ('rate', 'cost', 'day', 'together', 'window')),
                capacity INTEGER NOT NULL CHECK (capacity > 0), refill INTEGER NOT NULL CHECK (refill >= 0),
                level INTEGER NOT NULL, price INTEGER NOT NULL CHECK (price > 0), at INTEGER NOT NULL,
                full_at INTEGER, PRIMARY KEY (organization_id, integration_id, operation, form)
            ) STRICT;
            -- When each sort of work was last begun: integrations take turns.
            CREATE TABLE turn (
                organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, operation TEXT NOT NULL,
                served_at INTEGER NOT NULL, PRIMARY KEY (organization_id, integration_id, operation)
            ) STRICT;
            -- What is done again and again: a kind that is read, or (integration 0) a task of the hub.
            CREATE TABLE schedule (
                organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, subject TEXT NOT NULL, cron TEXT,
                zone TEXT, every_seconds INTEGER,
                after_downtime TEXT NOT NULL CHECK (after_downtime IN ('skip', 'catchUp')), last_at INTEGER,
                next_at INTEGER, problem TEXT, PRIMARY KEY (organization_id, integration_id, subject),
                CHECK ((cron IS NULL) <> (every_seconds IS NULL) AND (cron IS NULL) = (zone IS NULL))
            ) STRICT;
            CREATE INDEX schedule_due ON schedule (organization_id, next_at) WHERE next_at IS NOT NULL;
            -- Jobs that are counted together; `last_step` is the job that waits for them.
            CREATE TABLE batch (
                organization_id INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, last_step INTEGER,
                is_sealed INTEGER NOT NULL CHECK (is_sealed IN (0, 1)), created_at INTEGER NOT NULL,
                ended_at INTEGER, outcome TEXT, PRIMARY KEY (organization_id, id)
            ) STRICT;
            CREATE INDEX batch_last_step ON batch (organization_id, last_step) WHERE last_step IS NOT NULL;
            CREATE TABLE batch_member (
                organization_id INTEGER NOT NULL, batch_id INTEGER NOT NULL, job_id INTEGER NOT NULL,
                PRIMARY KEY (organization_id, batch_id, job_id)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX batch_member_job ON batch_member (organization_id, job_id);
            """, onlyPostgres: QueueSample.sql),
        Migration(
            "0202-duty",
            """
            -- What one process of many does for all of them, and who it is.
            CREATE TABLE duty (
                organization_id INTEGER NOT NULL, name TEXT NOT NULL, holder TEXT NOT NULL,
                held_until INTEGER NOT NULL, PRIMARY KEY (organization_id, name)
            ) STRICT;
            """),
        Migration(
            "0203-waiting-in-order",
            """
            -- On a server what waits is read in its order: an index there does not end with the row's number by itself,
            -- and to find the first job of many that came at the same time, all that waits was sorted.
            """,
            onlyPostgres: """

                DROP INDEX job_ready;
                CREATE INDEX job_ready ON job (organization_id, integration_id, queue, kind, priority, run_at, id)
                    WHERE state = 'available' AND is_blocked = 0;
                DROP INDEX job_timed;
                CREATE INDEX job_timed ON job (organization_id, integration_id, queue, kind, run_at, id)
                    WHERE state IN ('scheduled', 'retryable') AND is_blocked = 0;
                """, servesOlder: true),
        Migration(
            "0204-job-trace",
            """
            -- What asked for a job, by the id under which logs and other programs know it.
            ALTER TABLE job ADD COLUMN trace TEXT;
            """, servesOlder: true),
        Migration(
            "0205-dropped-unclear",
            """
            -- Jobs that were dropped while it was not known what their last attempt had come to: who does the same work
            -- later looks at the far side first.
            CREATE INDEX job_dropped ON job (organization_id, queue, integration_id, kind, key)
                WHERE state = 'cancelled' AND intent IS NOT NULL;
            """, servesOlder: true),
    ]
}
