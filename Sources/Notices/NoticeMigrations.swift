import Store

/// The tables of listeners and of what they are told.
public enum NoticeMigrations {
    /// In order.
    public static let all = [
        Migration(
            "0700-notices",
            """
            -- Webhooks of the hub's own: who is told what. Headers and secrets are sealed in settings; integration 0
            -- stands for all; told_number is the change up to which it was told everything.
            CREATE TABLE listener (
                organization_id INTEGER NOT NULL, id INTEGER NOT NULL, public_id TEXT NOT NULL,
                integration_id INTEGER NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,
                method TEXT NOT NULL CHECK (method IN ('POST', 'PUT', 'PATCH')), events TEXT NOT NULL,
                settings BLOB NOT NULL, options TEXT NOT NULL,
                state TEXT NOT NULL CHECK (state IN ('active', 'disabled')), reason TEXT,
                told_number INTEGER NOT NULL, failing_since INTEGER, created_at INTEGER NOT NULL,
                PRIMARY KEY (organization_id, id), UNIQUE (organization_id, public_id)
            ) STRICT;
            -- One event for one listener. What is told of its record is read when it is sent.
            CREATE TABLE notice (
                organization_id INTEGER NOT NULL, id INTEGER NOT NULL, listener_id INTEGER NOT NULL,
                event TEXT NOT NULL, record_id INTEGER NOT NULL, kind TEXT NOT NULL, changed TEXT NOT NULL,
                origin INTEGER, detail TEXT, at INTEGER NOT NULL,
                state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed', 'missed')),
                attempts INTEGER NOT NULL DEFAULT 0, settled_at INTEGER, PRIMARY KEY (organization_id, id)
            ) STRICT;
            CREATE INDEX notice_listener ON notice (organization_id, listener_id, id);
            CREATE INDEX notice_open ON notice (organization_id, listener_id, state, id) WHERE state <> 'delivered';
            -- One call, and what came of it, without secrets and without what is somebody's own.
            CREATE TABLE notice_attempt (
                organization_id INTEGER NOT NULL, id INTEGER NOT NULL, notice_id INTEGER NOT NULL,
                listener_id INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
                milliseconds INTEGER NOT NULL, status INTEGER, error TEXT, request TEXT NOT NULL,
                response TEXT NOT NULL, PRIMARY KEY (organization_id, id)
            ) STRICT;
            CREATE INDEX notice_attempt_notice ON notice_attempt (organization_id, notice_id, id);
            CREATE INDEX notice_attempt_listener ON notice_attempt (organization_id, listener_id, id);
            """, servesOlder: true)
    ]
}
