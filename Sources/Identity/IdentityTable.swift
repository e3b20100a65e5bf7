import Commerce
import Store

/// Who may do what in an organization: accounts, groups, keys and sessions.
public struct IdentityTable {
    let session: any StoreSession
    let organization: Int64

    /// The tables they are kept in.
    public static let migrations = [
        Migration(
            "0600-identity",
            """
            -- People who sign in. The password is kept as what scrypt makes of it.
            CREATE TABLE account (
                organization_id INTEGER NOT NULL, name TEXT NOT NULL, role TEXT, member_of TEXT NOT NULL,
                password TEXT NOT NULL, is_blocked INTEGER NOT NULL, failures INTEGER NOT NULL, locked_until INTEGER,
                created_at INTEGER NOT NULL, password_at INTEGER NOT NULL, signed_in_at INTEGER,
                PRIMARY KEY (organization_id, name)
            ) STRICT;
            -- Sets of permissions that an organization names itself.
            CREATE TABLE access_group (
                organization_id INTEGER NOT NULL, name TEXT NOT NULL, permissions TEXT NOT NULL,
                PRIMARY KEY (organization_id, name)
            ) STRICT;
            -- Keys of programs, as digests.
            CREATE TABLE api_key (
                organization_id INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, permissions TEXT NOT NULL,
                digest BLOB NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, used_at INTEGER,
                revoked_at INTEGER, PRIMARY KEY (organization_id, id)
            ) STRICT;
            -- Sign-ins that last. One that has ended is no more.
            CREATE TABLE sign_in (
                organization_id INTEGER NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL,
                is_browser INTEGER NOT NULL, created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL,
                ends_at INTEGER NOT NULL, origin TEXT, digest BLOB NOT NULL, earlier BLOB,
                PRIMARY KEY (organization_id, id)
            ) STRICT;
            -- Tokens that were taken back before their time, by their ids.
            CREATE TABLE revoked_token (
                organization_id INTEGER NOT NULL, id TEXT NOT NULL, revoked_at INTEGER NOT NULL,
                PRIMARY KEY (organization_id, id)
            ) STRICT;
            CREATE INDEX sign_in_account ON sign_in (organization_id, account);
            """, servesOlder: true)
    ]

    /// Those of that organization.
    public init(_ session: any StoreSession, organization: Int64) {
        self.session = session
        self.organization = organization
    }

    static func text(_ permissions: Set<Permission>) -> SQLValue {
        .text(permissions.map(\.rawValue).sorted().joined(separator: " "))
    }

    /// A word that this program does not know lets nobody do anything.
    static func permissions(_ text: String) -> Set<Permission> {
        Set(text.split(separator: " ").compactMap { Permission(rawValue: String($0)) })
    }
}

// MARK: Accounts and groups

extension IdentityTable {
    private static let columns =
        "name, role, member_of, is_blocked, failures, locked_until, created_at, password_at, signed_in_at"

    /// All accounts, by name.
    ///
    /// - Throws: `StoreFailure`.
    public func accounts() throws -> [Account] {
        try session.rows(
            "SELECT \(Self.columns) FROM account WHERE organization_id = ?1 ORDER BY name", [.integer(organization)]
        ).map(Self.account)
    }

    /// An account; nil where there is none of that name.
    ///
    /// - Throws: `StoreFailure`.
    public func account(_ name: String) throws -> Account? {
        try session.rows(
            "SELECT \(Self.columns) FROM account WHERE organization_id = ?1 AND name = ?2",
            [.integer(organization), .text(name)]
        ).first.map(Self.account)
    }

    /// What is kept of an account's password; nil where there is no such account.
    ///
    /// - Throws: `StoreFailure`.
    public func password(of name: String) throws -> PasswordHash? {
        try session.rows(
            "SELECT password FROM account WHERE organization_id = ?1 AND name = ?2",
            [.integer(organization), .text(name)]
        ).first.map { PasswordHash(text: $0.text(0)) }
    }

    /// Adds an account; false where there is one of that name.
    ///
    /// - Throws: `StoreFailure`.
    public func add(_ account: Account, password: PasswordHash) throws -> Bool {
        guard try self.account(account.name) == nil else { return false }
        try session.run(
            """
            INSERT INTO account (organization_id, \(Self.columns), password)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            """, values(account) + [.text(password.text)])
        return true
    }

    /// Writes an account as it is now, and its password where that is new.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ account: Account, password: PasswordHash? = nil) throws {
        try session.run(
            """
            UPDATE account SET role = ?3, member_of = ?4, is_blocked = ?5, failures = ?6, locked_until = ?7,
                created_at = ?8, password_at = ?9, signed_in_at = ?10, password = coalesce(?11, password)
            WHERE organization_id = ?1 AND name = ?2
            """, values(account) + [SQLValue(password?.text)])
    }

    /// Removes an account with its sessions; false where there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func remove(account name: String) throws -> Bool {
        try endSessions(of: name)
        return try session.run(
            "DELETE FROM account WHERE organization_id = ?1 AND name = ?2", [.integer(organization), .text(name)]) > 0
    }

    private func values(_ account: Account) -> [SQLValue] {
        [
            .integer(organization), .text(account.name), SQLValue(account.role?.rawValue),
            .text(account.groups.joined(separator: " ")), .integer(account.isBlocked ? 1 : 0),
            .integer(Int64(account.lockout.failures)), SQLValue(account.lockout.until), SQLValue(account.createdAt),
            SQLValue(account.passwordAt), SQLValue(account.signedInAt),
        ]
    }

    private static func account(_ row: Row) -> Account {
        var account = Account(
            name: row.text(0), role: row.optionalText(1).flatMap(Role.init),
            groups: row.text(2).split(separator: " ").map(String.init),
            createdAt: row.moment(6) ?? Moment(milliseconds: 0))
        account.isBlocked = row.integer(3) != 0
        account.lockout = Lockout(failures: Int(row.integer(4)), until: row.moment(5))
        account.passwordAt = row.moment(7) ?? account.createdAt
        account.signedInAt = row.moment(8)
        return account
    }

    /// The groups the organization has made, by name.
    ///
    /// - Throws: `StoreFailure`.
    public func groups() throws -> [Group] {
        try session.rows(
            "SELECT name, permissions FROM access_group WHERE organization_id = ?1 ORDER BY name",
            [.integer(organization)]
        ).map { Group(name: $0.text(0), permissions: Self.permissions($0.text(1))) }
    }

    /// Makes a group, or changes it.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ group: Group) throws {
        try session.save(
            [[.integer(organization), .text(group.name), Self.text(group.permissions)]], as: Self.groupRow)
    }

    private static let groupRow = Upsert("access_group", key: ["organization_id", "name"], updating: ["permissions"])

    /// Removes a group; false where there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func remove(group name: String) throws -> Bool {
        try session.run(
            "DELETE FROM access_group WHERE organization_id = ?1 AND name = ?2", [.integer(organization), .text(name)])
            > 0
    }

    /// What an account may do by its role and its groups; what it is blocked for does not count here.
    ///
    /// - Throws: `StoreFailure`.
    public func permissions(of account: Account) throws -> Set<Permission> {
        var all = account.role?.permissions ?? []
        guard !account.groups.isEmpty else { return all }
        for group in try Group.wellKnown + groups() where account.groups.contains(group.name) {
            all.formUnion(group.permissions)
        }
        return all
    }
}
