import Store

/// The tables of the ledger. Every key starts with the organization, so that they can be spread by it.
public enum LedgerMigrations {
    /// In order.
    public static let all = [
        Migration("0100-ledger", integrations + records + history), Migration("0110-stock", stock),
        Migration("0111-stock-doubts", doubts), Migration("0112-key-check", keyCheck),
        Migration("0113-counter", counter, onlyPostgres: changeSlices),
        Migration("0114-data-key", dataKey, servesOlder: true),
        Migration("0115-first-count", firstCount, servesOlder: true),
        Migration("0115-guard", guardTables, servesOlder: true),
        Migration("0116-personal-key", personalKeys, servesOlder: true),
        Migration("0116-second-readings", secondReadings, servesOlder: true),
        Migration("0116-trace", traces, servesOlder: true),
        Migration("0117-former-key", formerKeys, servesOlder: true),
        Migration("0117-told", told, servesOlder: true),
        Migration("0117-verification", verification, servesOlder: true),
        Migration("0118-record-changed", recordChanged, servesOlder: true),
        Migration("0118-waiting-look", waitingLook, servesOlder: true),
    ]

    private static let integrations = """
        -- Tenants; the two counters number changes and settled writes in the order of their commits. The reference key
        -- makes the references we leave at far sides ours: two hubs on one book do not mistake each other's.
        CREATE TABLE organization (
            id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL UNIQUE, reference_key TEXT NOT NULL,
            change_number INTEGER NOT NULL DEFAULT 0, settle_number INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO organization (id, name, reference_key) VALUES (1, 'default', lower(hex(randomblob(5))));
        -- A configured connector. Settings are sealed.
        CREATE TABLE integration (
            organization_id INTEGER NOT NULL REFERENCES organization (id), id INTEGER NOT NULL, name TEXT NOT NULL,
            connector TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'refused')),
            reason TEXT, settings BLOB NOT NULL, options TEXT NOT NULL, public_id TEXT NOT NULL,
            clock_offset_ms INTEGER, webhook_state TEXT, webhook_at INTEGER, created_at INTEGER NOT NULL,
            PRIMARY KEY (organization_id, id), UNIQUE (organization_id, name)
        ) STRICT;
        -- Public integration ids, as they stand in webhook addresses.
        CREATE TABLE address (
            public_id TEXT PRIMARY KEY NOT NULL, organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL
        ) STRICT;
        -- How far each kind has been read, and when.
        CREATE TABLE cursor (
            organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, kind TEXT NOT NULL, since TEXT,
            position TEXT, pulled_at INTEGER, census_position TEXT, census_at INTEGER, census_started_at INTEGER,
            PRIMARY KEY (organization_id, integration_id, kind)
        ) STRICT;

        """

    private static let records = """
        -- Canonical records: parts with their origin and the interval of their last change.
        CREATE TABLE record (
            organization_id INTEGER NOT NULL, id INTEGER NOT NULL, kind TEXT NOT NULL, natural_key TEXT,
            title TEXT NOT NULL, parts TEXT NOT NULL, hold TEXT, issuer_id INTEGER, issuer_external_id TEXT,
            is_deleted INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
            PRIMARY KEY (organization_id, id)
        ) STRICT;
        CREATE INDEX record_natural_key ON record (organization_id, kind, natural_key) WHERE natural_key IS NOT NULL;
        CREATE INDEX record_held ON record (organization_id, kind) WHERE hold IS NOT NULL;
        -- What a record is called in one integration, and what both sides last agreed on, part by part.
        CREATE TABLE link (
            organization_id INTEGER NOT NULL, id INTEGER NOT NULL, record_id INTEGER NOT NULL,
            integration_id INTEGER NOT NULL, kind TEXT NOT NULL, role TEXT NOT NULL, external_id TEXT NOT NULL,
            parts TEXT NOT NULL, digest TEXT, revision TEXT, settled INTEGER NOT NULL DEFAULT 0,
            in_flight INTEGER NOT NULL DEFAULT 0, seen_at INTEGER, missing_since INTEGER,
            is_active INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (organization_id, id),
            UNIQUE (organization_id, integration_id, kind, external_id),
            UNIQUE (organization_id, record_id, integration_id, role)
        ) STRICT;
        -- Payloads that could not be used, with the reason; resolved when the same record comes again and can be.
        CREATE TABLE rejection (
            organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, kind TEXT NOT NULL,
            external_id TEXT NOT NULL, reason TEXT NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
            PRIMARY KEY (organization_id, integration_id, kind, external_id)
        ) STRICT;

        """

    private static let history = """
        -- Every change of a part, its loser included. Nothing is ever taken out of it.
        CREATE TABLE change (
            organization_id INTEGER NOT NULL, number INTEGER NOT NULL, run_id INTEGER, record_id INTEGER NOT NULL,
            kind TEXT NOT NULL, part TEXT NOT NULL, old TEXT, new TEXT, loser TEXT, origin INTEGER, rule TEXT NOT NULL,
            at INTEGER NOT NULL, PRIMARY KEY (organization_id, number)
        ) STRICT;
        CREATE INDEX change_record ON change (organization_id, record_id, number);
        -- What was written to a far side, and what came of it.
        CREATE TABLE receipt (
            organization_id INTEGER NOT NULL, id INTEGER NOT NULL, record_id INTEGER NOT NULL,
            integration_id INTEGER NOT NULL, parts TEXT NOT NULL, outcome TEXT NOT NULL, remarks TEXT NOT NULL,
            at INTEGER NOT NULL, PRIMARY KEY (organization_id, id)
        ) STRICT;
        CREATE INDEX receipt_record ON receipt (organization_id, record_id, id);
        -- Both sides changed one part and no rule decides: a person does.
        CREATE TABLE conflict (
            organization_id INTEGER NOT NULL, id INTEGER NOT NULL, record_id INTEGER NOT NULL,
            link_id INTEGER NOT NULL, part TEXT NOT NULL, base TEXT, theirs TEXT NOT NULL, ours TEXT NOT NULL,
            opened_at INTEGER NOT NULL, resolved_at INTEGER, resolution TEXT, PRIMARY KEY (organization_id, id)
        ) STRICT;
        CREATE UNIQUE INDEX conflict_open ON conflict (organization_id, link_id, part) WHERE resolved_at IS NULL;
        -- Movements of stock, each once by its key; quantities in millionths of a piece.
        CREATE TABLE movement (
            organization_id INTEGER NOT NULL, id INTEGER NOT NULL, key TEXT NOT NULL, record_id INTEGER NOT NULL,
            integration_id INTEGER, quantity INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (organization_id, id), UNIQUE (organization_id, key)
        ) STRICT;
        -- Runs of a pull or push: what was asked, how it ended, what it counted.
        CREATE TABLE run (
            organization_id INTEGER NOT NULL, id INTEGER NOT NULL, integration_id INTEGER NOT NULL,
            kind TEXT, what TEXT NOT NULL, state TEXT NOT NULL, counts TEXT NOT NULL, error TEXT,
            started_at INTEGER NOT NULL, ended_at INTEGER, PRIMARY KEY (organization_id, id)
        ) STRICT;
        """

    private static let stock = """
        -- What a movement stands for: the document and its line at the side that issued it. A record of 0 is a
        -- product the hub does not know yet. `number` is the settle number at which it was learned, `happened_at` the
        -- earliest time it may have happened.
        ALTER TABLE movement ADD COLUMN document TEXT;
        ALTER TABLE movement ADD COLUMN line TEXT;
        ALTER TABLE movement ADD COLUMN kind TEXT NOT NULL DEFAULT 'count';
        ALTER TABLE movement ADD COLUMN item TEXT;
        ALTER TABLE movement ADD COLUMN sku TEXT;
        ALTER TABLE movement ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE movement ADD COLUMN happened_at INTEGER;
        CREATE INDEX movement_record ON movement (organization_id, record_id, id);
        CREATE INDEX movement_document ON movement (organization_id, integration_id, document)
            WHERE document IS NOT NULL;
        CREATE INDEX movement_unplaced ON movement (organization_id, integration_id, item) WHERE record_id = 0;
        -- The settle number when the last finished pull of this kind was asked for.
        ALTER TABLE cursor ADD COLUMN asked_at INTEGER;
        -- What is known of a product's stock at one side beside what its link remembers: the write that is under way or
        -- unclear, since when a write may hide a sale, and how often a count could not be explained.
        CREATE TABLE stock_side (
            organization_id INTEGER NOT NULL, record_id INTEGER NOT NULL, integration_id INTEGER NOT NULL,
            wrote INTEGER, wrote_from INTEGER, wrote_number INTEGER, writing TEXT, hides INTEGER,
            settled_number INTEGER, rounds INTEGER NOT NULL DEFAULT 0, shown_number INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (organization_id, record_id, integration_id)
        ) STRICT;
        -- Movements that no count of their side has shown for certain yet.
        CREATE TABLE stock_pending (
            organization_id INTEGER NOT NULL, record_id INTEGER NOT NULL, integration_id INTEGER NOT NULL,
            movement_id INTEGER NOT NULL, quantity INTEGER NOT NULL, number INTEGER NOT NULL, happened_at INTEGER,
            is_veiled INTEGER NOT NULL, PRIMARY KEY (organization_id, record_id, integration_id, movement_id)
        ) STRICT;
        -- Offers: what a channel was told it may sell, when, and what came of it (open, settled, failed, unclear).
        CREATE TABLE stock_offer (
            organization_id INTEGER NOT NULL, id INTEGER NOT NULL, record_id INTEGER NOT NULL,
            integration_id INTEGER NOT NULL, quantity INTEGER NOT NULL, was INTEGER, number INTEGER NOT NULL,
            planned_at INTEGER NOT NULL, settled_at INTEGER, outcome TEXT NOT NULL,
            PRIMARY KEY (organization_id, id)
        ) STRICT;
        CREATE INDEX stock_offer_record ON stock_offer (organization_id, record_id, integration_id, id);
        """

    private static let secondReadings = """
        -- How often a first reading was made again because some of its records had no id.
        ALTER TABLE cursor ADD COLUMN unnamed_readings INTEGER NOT NULL DEFAULT 0;
        -- The last time a side was looked at before it showed what nothing known explains.
        ALTER TABLE stock_side ADD COLUMN doubted_since INTEGER;
        """

    private static let waitingLook = """
        -- A look that waits for the orders of its side: what it showed in millionths of a piece, and the settle numbers
        -- at which it was asked for and came.
        ALTER TABLE stock_side ADD COLUMN waited INTEGER;
        ALTER TABLE stock_side ADD COLUMN waited_asked INTEGER;
        ALTER TABLE stock_side ADD COLUMN waited_number INTEGER;
        """

    private static let formerKeys = """
        -- The numbers that records bore before: what an unclear create made still bears the one it carried.
        CREATE TABLE former_key (
            organization_id INTEGER NOT NULL, kind TEXT NOT NULL, natural_key TEXT NOT NULL,
            record_id INTEGER NOT NULL, PRIMARY KEY (organization_id, kind, natural_key, record_id)
        ) STRICT;
        """

    private static let verification = """
        -- What the last look through all that is remembered came to; nothing of it is somebody's own.
        CREATE TABLE verification (
            organization_id INTEGER PRIMARY KEY NOT NULL, at INTEGER NOT NULL, report TEXT NOT NULL
        ) STRICT;
        """

    private static let recordChanged = """
        -- Lists of what is there, and of what was deleted, by the time of the last change. Two, for one that begins
        -- with both columns would be taken by who looks for a key of what is there.
        CREATE INDEX record_changed ON record (organization_id, kind, updated_at, id) WHERE is_deleted = 0;
        CREATE INDEX record_deleted ON record (organization_id, kind, updated_at, id) WHERE is_deleted = 1;
        """

    private static let keyCheck = """
        -- A word sealed with the key of the first hub that opened this store; another key cannot open it.
        CREATE TABLE key_check (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL) STRICT;
        """

    private static let dataKey = """
        -- The keys that seal credentials, each sealed with the master key, which is not in the store.
        CREATE TABLE data_key (
            organization_id INTEGER NOT NULL, id TEXT NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL,
            is_retired INTEGER NOT NULL DEFAULT 0 CHECK (is_retired IN (0, 1)), PRIMARY KEY (organization_id, id)
        ) STRICT;
        """

    private static let guardTables = """
        -- Changes that wait together because there are too many of them; see docs/decisions/0020-guard.md.
        CREATE TABLE guard_hold (
            organization_id INTEGER NOT NULL, id INTEGER NOT NULL, integration_id INTEGER NOT NULL, kind TEXT NOT NULL,
            sort TEXT NOT NULL, state TEXT NOT NULL, total INTEGER NOT NULL, opened_at INTEGER NOT NULL,
            grown_at INTEGER NOT NULL, decided_at INTEGER, decided_by TEXT, PRIMARY KEY (organization_id, id)
        ) STRICT;
        CREATE INDEX guard_hold_undecided ON guard_hold (organization_id, id) WHERE decided_at IS NULL;
        -- A change that is seldom meant: taken of late (passed), waiting in its hold, or decided and not read again.
        CREATE TABLE guard_item (
            organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, kind TEXT NOT NULL,
            external_id TEXT NOT NULL, part TEXT NOT NULL, sort TEXT NOT NULL, record_id INTEGER NOT NULL,
            hold_id INTEGER, old TEXT, new TEXT, decision TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (organization_id, integration_id, kind, external_id, part)
        ) STRICT;
        CREATE INDEX guard_item_hold ON guard_item (organization_id, hold_id) WHERE hold_id IS NOT NULL;
        """

    private static let personalKeys = """
        -- The keys that seal what is somebody's own, each sealed with a data key; an empty one was destroyed. Key 0 is
        -- the organization's own; see docs/decisions/0022-personal-values.md.
        CREATE TABLE personal_key (
            organization_id INTEGER NOT NULL, id INTEGER NOT NULL, sealed BLOB NOT NULL, created_at INTEGER NOT NULL,
            erased_at INTEGER, PRIMARY KEY (organization_id, id)
        ) STRICT;
        -- Whose values a record holds, with which key they are sealed, and since when they are erased.
        ALTER TABLE record ADD COLUMN person_id INTEGER;
        ALTER TABLE record ADD COLUMN seal_key INTEGER;
        ALTER TABLE record ADD COLUMN erased_at INTEGER;
        CREATE INDEX record_person ON record (organization_id, person_id) WHERE person_id IS NOT NULL;
        """

    private static let counter = """
        -- The counters of a tenant stand apart from it: they are written by every step, while the list of tenants,
        -- which every node of a spread store keeps whole, is hardly ever written.
        CREATE TABLE counter (
            organization_id INTEGER PRIMARY KEY NOT NULL, change_number INTEGER NOT NULL,
            settle_number INTEGER NOT NULL
        ) STRICT;
        INSERT INTO counter SELECT id, change_number, settle_number FROM organization;
        ALTER TABLE organization DROP COLUMN change_number;
        ALTER TABLE organization DROP COLUMN settle_number;
        """

    /// On a server the change log is sliced by its numbers, which grow with time.
    private static let changeSlices = """

        ALTER TABLE change RENAME TO change_before;
        ALTER INDEX change_pkey RENAME TO change_before_pkey;
        ALTER INDEX change_record RENAME TO change_before_record;
        CREATE TABLE change (LIKE change_before, PRIMARY KEY (organization_id, number)) PARTITION BY RANGE (number);
        CREATE INDEX change_record ON change (organization_id, record_id, number);
        CREATE TABLE change_rest PARTITION OF change DEFAULT;
        INSERT INTO change SELECT * FROM change_before;
        DROP TABLE change_before;
        """

    private static let doubts = """
        -- What looks after a write left possible, in millionths of a piece with commas between; and the settle number
        -- at the first of them.
        ALTER TABLE stock_side ADD COLUMN doubts TEXT;
        ALTER TABLE stock_side ADD COLUMN closed_number INTEGER;
        """

    private static let traces = """
        -- What a change, or a write, came of: the id under which logs and other programs know it.
        ALTER TABLE change ADD COLUMN trace TEXT;
        ALTER TABLE receipt ADD COLUMN trace TEXT;
        """

    private static let told = """
        -- When a side that only tells last told of each part, by its own clock: calls may arrive in another order.
        ALTER TABLE link ADD COLUMN told TEXT;
        """

    private static let firstCount = """
        -- The settle number at the first count there: what came back by then may be in it, learned or not.
        ALTER TABLE stock_side ADD COLUMN opened_number INTEGER;
        """
}
