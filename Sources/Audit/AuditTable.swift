import Commerce
import Store
import Wire

/// What people and programs did, line by line, sealed link by link. Lines are only added.
public struct AuditTable {
    private let session: any StoreSession
    private let organization: Int64
    private let chain: AuditChain

    /// How many links one step looks at.
    static let pageSize = 500

    /// The tables it is kept in.
    public static let migrations = [
        Migration(
            "0500-audit",
            """
            -- What people and programs did, without secrets; only added to.
            CREATE TABLE audit (
                organization_id INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
                actor_kind TEXT NOT NULL, actor TEXT NOT NULL, origin TEXT, request TEXT, action TEXT NOT NULL,
                subject TEXT NOT NULL, subject_id TEXT NOT NULL, before TEXT, after TEXT,
                PRIMARY KEY (organization_id, number)
            ) STRICT;
            CREATE INDEX audit_subject ON audit (organization_id, subject, subject_id, number);
            -- The seal over the lines of one step and all that stands before them; number is that of its last line.
            CREATE TABLE audit_link (
                organization_id INTEGER NOT NULL, number INTEGER NOT NULL, first INTEGER NOT NULL,
                sealed_with TEXT NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (organization_id, number)
            ) STRICT;
            -- The last number, sealed with its time: links that are cut off the end are missed.
            CREATE TABLE audit_head (
                organization_id INTEGER NOT NULL PRIMARY KEY, number INTEGER NOT NULL, sealed_with TEXT NOT NULL,
                seal BLOB NOT NULL
            ) STRICT;
            """, servesOlder: true),
        // An SQLite file keeps a table with a key of its own twice, by row number and by key, unless it is told not to;
        // each page more that a step writes is a tenth of what its line costs (measured). A server keeps it once or
        // twice as it likes.
        Migration("0501-audit-dense", dense, postgres: "", servesOlder: true),
        // What proves the end stands in the last link itself: a page less that a step writes. Who does not know of it
        // goes on writing it to `audit_head`, and is heard.
        Migration("0502-audit-end", "ALTER TABLE audit_link ADD COLUMN end_seal BLOB;", servesOlder: true),
    ]

    /// The same columns, keys and index: who does not know of it works on as before.
    private static let dense = """
        ALTER TABLE audit RENAME TO audit_before;
        CREATE TABLE audit (
            organization_id INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
            actor_kind TEXT NOT NULL, actor TEXT NOT NULL, origin TEXT, request TEXT, action TEXT NOT NULL,
            subject TEXT NOT NULL, subject_id TEXT NOT NULL, before TEXT, after TEXT,
            PRIMARY KEY (organization_id, number)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO audit SELECT organization_id, number, at, actor_kind, actor, origin, request, action, subject,
            subject_id, before, after FROM audit_before ORDER BY organization_id, number;
        DROP TABLE audit_before;
        CREATE INDEX audit_subject ON audit (organization_id, subject, subject_id, number);
        ALTER TABLE audit_link RENAME TO audit_link_before;
        CREATE TABLE audit_link (
            organization_id INTEGER NOT NULL, number INTEGER NOT NULL, first INTEGER NOT NULL,
            sealed_with TEXT NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (organization_id, number)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO audit_link SELECT organization_id, number, first, sealed_with, seal FROM audit_link_before
            ORDER BY organization_id, number;
        DROP TABLE audit_link_before;
        """

    /// The audit of that organization.
    public init(_ session: any StoreSession, organization: Int64, vault: Vault) {
        self.session = session
        self.organization = organization
        chain = AuditChain(vault, organization: organization)
    }

    // MARK: Writing

    /// Writes down what was done, in the step that does it.
    ///
    /// - Throws: `StoreFailure`, `Vault.Failure`.
    public func append(_ notes: [AuditNote], by actor: AuditActor, at now: Moment) throws {
        guard !notes.isEmpty else { return }
        let last = try lastLink()
        let start = (last?.lines.upperBound ?? 0) + 1
        let lines = notes.enumerated().map {
            AuditLine(AuditEntry($1, number: start + Int64($0), by: actor, at: now))
        }
        guard let link = try chain.link(lines, after: last?.seal) else { return }
        try session.save(lines.map(row), as: Self.lineUpsert)
        try endNoMore(last)
        try session.save([row(of: link)], as: Self.linkUpsert)
    }

    /// Only the last link proves the end. What stands in a row of its own says that there is an audit at all; where an
    /// older release wrote the last link, which keeps its proof there, it is put back, and what stood before is taken
    /// away.
    private func endNoMore(_ last: AuditLink?) throws {
        let own = [SQLValue.integer(organization)]
        if let last, last.end != nil {
            try session.run(
                "UPDATE audit_link SET end_seal = NULL WHERE organization_id = ?1 AND number = ?2",
                own + [.integer(last.lines.upperBound)])
            return
        }
        let begun = try chain.sealed(head: AuditChain.begun)
        try session.save(
            [own + [.integer(AuditChain.begun), .text(begun.key), .blob(begun.code)]], as: Self.headUpsert)
        guard last != nil else { return }
        try session.run(
            "UPDATE audit_link SET end_seal = NULL WHERE organization_id = ?1 AND end_seal IS NOT NULL", own)
    }

    private static let lineUpsert = Upsert(
        "audit",
        [
            "organization_id", "number", "at", "actor_kind", "actor", "origin", "request", "action", "subject",
            "subject_id", "before", "after",
        ])
    private static let linkUpsert = Upsert(
        "audit_link", ["organization_id", "number", "first", "sealed_with", "seal", "end_seal"])
    private static let headUpsert = Upsert(
        "audit_head", key: ["organization_id"], updating: ["number", "sealed_with", "seal"])

    private func row(_ line: AuditLine) -> [SQLValue] {
        let entry = line.entry
        return [
            .integer(organization), .integer(entry.number), SQLValue(entry.at), .text(entry.actor.kind.rawValue),
            .text(entry.actor.name), SQLValue(entry.actor.origin), SQLValue(entry.actor.request), .text(entry.action),
            .text(entry.subject), .text(entry.subjectID), SQLValue(line.before), SQLValue(line.after),
        ]
    }

    private func row(of link: AuditLink) -> [SQLValue] {
        [
            .integer(organization), .integer(link.lines.upperBound), .integer(link.lines.lowerBound), .text(link.key),
            .blob(link.seal), link.end.map(SQLValue.blob) ?? .null,
        ]
    }

    // MARK: Reading

    /// The lines that are meant, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func entries(_ filter: AuditFilter, limit: Int) throws -> [AuditEntry] {
        var (conditions, values) = (["organization_id = ?1"], [SQLValue.integer(organization), .integer(Int64(limit))])
        func add(_ condition: String, _ value: SQLValue?) {
            guard let value else { return }
            values.append(value)
            conditions.append(condition + " ?\(values.count)")
        }
        add("number <", filter.before.map(SQLValue.integer))
        add("subject =", filter.subject.map(SQLValue.text))
        add("subject_id =", filter.subjectID.map(SQLValue.text))
        add("actor =", filter.actor.map(SQLValue.text))
        add("action =", filter.action.map(SQLValue.text))
        add("at >=", filter.since.map { SQLValue($0) })
        add("at <", filter.until.map { SQLValue($0) })
        return try session.rows(
            """
            SELECT \(Self.columns) FROM audit WHERE \(conditions.joined(separator: " AND "))
            ORDER BY number DESC LIMIT ?2
            """, values
        ).map(Self.entry)
    }

    private static let columns =
        "number, at, actor_kind, actor, origin, request, action, subject, subject_id, before, after"

    private static func entry(_ row: Row) -> AuditEntry {
        AuditEntry(
            number: row.integer(0), at: row.moment(1) ?? Moment(milliseconds: 0),
            actor: AuditActor(
                AuditActor.Kind(rawValue: row.text(2)) ?? .hub, row.text(3), origin: row.optionalText(4),
                request: row.optionalText(5)),
            action: row.text(6), subject: row.text(7), subjectID: row.text(8),
            before: row.optionalText(9).map { _ in row.json(9) }, after: row.optionalText(10).map { _ in row.json(10) })
    }

    private func lastLink() throws -> AuditLink? {
        try session.rows(
            """
            SELECT first, number, sealed_with, seal, end_seal FROM audit_link WHERE organization_id = ?1
            ORDER BY number DESC LIMIT 1
            """, [.integer(organization)]
        ).first.map(Self.link)
    }

    private static func link(_ row: Row) -> AuditLink {
        AuditLink(
            lines: row.integer(0)...max(row.integer(0), row.integer(1)), key: row.text(2), seal: row.blob(3),
            end: row.blob(4).isEmpty ? nil : row.blob(4))
    }

    // MARK: Checking

    /// The links behind a number, so many as one step looks at, each with the lines under its numbers.
    ///
    /// - Throws: `StoreFailure`.
    func links(after number: Int64) throws -> [(link: AuditLink, entries: [AuditEntry])] {
        let links = try session.rows(
            """
            SELECT first, number, sealed_with, seal, end_seal FROM audit_link WHERE organization_id = ?1 AND number > ?2
            ORDER BY number LIMIT ?3
            """, [.integer(organization), .integer(number), .integer(Int64(Self.pageSize))]
        ).map(Self.link)
        guard let last = links.last else { return [] }
        let entries = try session.rows(
            """
            SELECT \(Self.columns) FROM audit WHERE organization_id = ?1 AND number > ?2 AND number <= ?3
            ORDER BY number
            """, [.integer(organization), .integer(number), .integer(last.lines.upperBound)]
        ).map(Self.entry)
        return links.map { link in (link, entries.filter { link.lines.contains($0.number) }) }
    }

    /// What says that there is an audit, or, as an older release sealed it, its last number; and how many lines stand
    /// behind a number.
    ///
    /// - Throws: `StoreFailure`.
    func end(behind number: Int64) throws -> (head: AuditChain.Head?, loose: Int) {
        let head = try session.rows(
            "SELECT number, sealed_with, seal FROM audit_head WHERE organization_id = ?1", [.integer(organization)]
        ).first.map { AuditChain.Head(number: $0.integer(0), key: $0.text(1), code: $0.blob(2)) }
        let loose = try session.rows(
            "SELECT count(*) FROM audit WHERE organization_id = ?1 AND number > ?2",
            [.integer(organization), .integer(number)])
        return (head, Int(loose.first?.integer(0) ?? 0))
    }
}

/// Which lines of the audit are meant; nil: whatever it is.
public struct AuditFilter: Hashable, Sendable {
    /// Lines with a smaller number: how a list goes on.
    public var before: Int64?
    public var subject: String?
    public var subjectID: String?
    public var actor: String?
    public var action: String?
    /// From then on, and until before then.
    public var since: Moment?
    public var until: Moment?

    /// All lines.
    public init() {}
}
