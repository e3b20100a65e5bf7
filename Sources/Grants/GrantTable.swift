import Commerce
import Store

/// The grants of one organization, seen from inside a step.
public struct GrantTable {
    private let session: any StoreSession
    private let organization: Int64

    /// How long one process may take to renew tokens before another may try, in seconds: longer than the call takes.
    public static let renewalSeconds = 60.0

    /// The tables.
    public static let migrations = [
        Migration(
            "0720-grant",
            """
            -- What far sides gave the hub by OAuth 2: tokens, sealed; one process at a time renews them.
            CREATE TABLE oauth_grant (
                organization_id INTEGER NOT NULL, integration_id INTEGER NOT NULL, sealed BLOB NOT NULL,
                scope TEXT NOT NULL, expires_at INTEGER, granted_at INTEGER NOT NULL, renewed_at INTEGER,
                generation INTEGER NOT NULL, problem TEXT, renewer TEXT, renewed_until INTEGER,
                PRIMARY KEY (organization_id, integration_id)
            ) STRICT;
            -- Who is on his way to a far side to say yes: the digest of his state, good once and for some minutes.
            CREATE TABLE oauth_request (
                organization_id INTEGER NOT NULL, state BLOB NOT NULL, integration_id INTEGER NOT NULL,
                browser BLOB NOT NULL, sealed BLOB NOT NULL, redirect TEXT NOT NULL, actor TEXT NOT NULL,
                expires_at INTEGER NOT NULL, PRIMARY KEY (organization_id, state)
            ) STRICT;
            """, servesOlder: true)
    ]

    /// Those of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    // MARK: Who is on his way

    /// Remembers who is on his way, and forgets those who never came back.
    ///
    /// - Throws: `StoreFailure`.
    public func begin(_ request: GrantRequest, now: Moment) throws {
        try session.run(
            "DELETE FROM oauth_request WHERE organization_id = ?1 AND expires_at <= ?2",
            [.integer(organization), SQLValue(now)])
        try session.run(
            """
            INSERT INTO oauth_request (organization_id, state, integration_id, browser, sealed, redirect, actor,
                expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """,
            [
                .integer(organization), .blob(request.state), .integer(request.integration), .blob(request.browser),
                .blob(request.sealed), .text(request.redirect), .text(request.actor), SQLValue(request.expiresAt),
            ])
    }

    /// Who comes back with a state: once. Nil where nobody is expected with it.
    ///
    /// - Throws: `StoreFailure`.
    public func take(state: [UInt8], now: Moment) throws -> GrantRequest? {
        let row = try session.rows(
            """
            DELETE FROM oauth_request WHERE organization_id = ?1 AND state = ?2
            RETURNING integration_id, browser, sealed, redirect, actor, expires_at
            """, [.integer(organization), .blob(state)]
        ).first
        guard let row, let expires = row.moment(5), now < expires else { return nil }
        return GrantRequest(
            state: state, integration: row.integer(0), browser: row.blob(1), sealed: row.blob(2),
            redirect: row.text(3), actor: row.text(4), expiresAt: expires)
    }

    // MARK: Tokens

    private static let columns =
        "integration_id, sealed, scope, expires_at, granted_at, renewed_at, generation, problem"

    /// All grants.
    ///
    /// - Throws: `StoreFailure`.
    public func all() throws -> [Grant] {
        try session.rows(
            "SELECT \(Self.columns) FROM oauth_grant WHERE organization_id = ?1 ORDER BY integration_id",
            [.integer(organization)]
        ).map(Self.grant)
    }

    /// The grant of an integration; nil where nobody has said yes.
    ///
    /// - Throws: `StoreFailure`.
    public func grant(of integration: Int64) throws -> Grant? {
        try session.rows(
            "SELECT \(Self.columns) FROM oauth_grant WHERE organization_id = ?1 AND integration_id = ?2",
            [.integer(organization), .integer(integration)]
        ).first.map(Self.grant)
    }

    private static func grant(_ row: Row) -> Grant {
        var grant = Grant(
            integration: row.integer(0), sealed: row.blob(1), scope: row.text(2), expiresAt: row.moment(3),
            grantedAt: row.moment(4) ?? Moment(milliseconds: 0))
        grant.renewedAt = row.moment(5)
        grant.generation = row.integer(6)
        grant.problem = row.optionalText(7)
        return grant
    }

    /// Keeps what a person has just allowed, in place of what was there.
    ///
    /// - Throws: `StoreFailure`.
    public func keep(_ grant: Grant) throws {
        let last = try self.grant(of: grant.integration)?.generation ?? 0
        try session.save(
            [
                [
                    .integer(organization), .integer(grant.integration), .blob(grant.sealed), .text(grant.scope),
                    SQLValue(grant.expiresAt), SQLValue(grant.grantedAt), .null, .integer(last + 1), .null, .null,
                    .null,
                ]
            ], as: Self.row)
    }

    private static let row = Upsert(
        "oauth_grant", key: ["organization_id", "integration_id"],
        updating: [
            "sealed", "scope", "expires_at", "granted_at", "renewed_at", "generation", "problem", "renewer",
            "renewed_until",
        ])

    /// Takes the right to renew tokens of that generation. False where they have changed since, or another is at it.
    ///
    /// - Throws: `StoreFailure`.
    public func claim(_ integration: Int64, generation: Int64, by renewer: String, now: Moment) throws -> Bool {
        try session.run(
            """
            UPDATE oauth_grant SET renewer = ?4, renewed_until = ?5 WHERE organization_id = ?1 AND integration_id = ?2
                AND generation = ?3 AND problem IS NULL AND (renewed_until IS NULL OR renewed_until <= ?6)
            """,
            [
                .integer(organization), .integer(integration), .integer(generation), .text(renewer),
                SQLValue(now.adding(seconds: Self.renewalSeconds)), SQLValue(now),
            ]) > 0
    }

    /// Keeps renewed tokens, as who holds the right to renew them. False where he held it too long.
    ///
    /// - Throws: `StoreFailure`.
    public func renewed(
        _ integration: Int64, to sealed: [UInt8], expiresAt: Moment?, by renewer: String, now: Moment
    ) throws -> Bool {
        try session.run(
            """
            UPDATE oauth_grant SET sealed = ?4, expires_at = ?5, renewed_at = ?6, generation = generation + 1,
                renewer = NULL, renewed_until = NULL
            WHERE organization_id = ?1 AND integration_id = ?2 AND renewer = ?3
            """,
            [
                .integer(organization), .integer(integration), .text(renewer), .blob(sealed), SQLValue(expiresAt),
                SQLValue(now),
            ]) > 0
    }

    /// Gives the right to renew back, and remembers why the tokens are good no more, where they are not. False where
    /// another has it by now.
    ///
    /// - Throws: `StoreFailure`.
    public func release(_ integration: Int64, by renewer: String, problem: String?) throws -> Bool {
        try session.run(
            """
            UPDATE oauth_grant SET renewer = NULL, renewed_until = NULL, problem = ?4
            WHERE organization_id = ?1 AND integration_id = ?2 AND renewer = ?3
            """, [.integer(organization), .integer(integration), .text(renewer), SQLValue(problem)]) > 0
    }

    /// Seals the tokens of that generation anew.
    ///
    /// - Throws: `StoreFailure`.
    public func reseal(_ integration: Int64, generation: Int64, as sealed: [UInt8]) throws {
        try session.run(
            """
            UPDATE oauth_grant SET sealed = ?4 WHERE organization_id = ?1 AND integration_id = ?2 AND generation = ?3
            """, [.integer(organization), .integer(integration), .integer(generation), .blob(sealed)])
    }

    /// Forgets all of an integration.
    ///
    /// - Throws: `StoreFailure`.
    public func forget(_ integration: Int64) throws {
        for table in ["oauth_grant", "oauth_request"] {
            try session.run(
                "DELETE FROM \(table) WHERE organization_id = ?1 AND integration_id = ?2",
                [.integer(organization), .integer(integration)])
        }
    }
}
