import Audit
import Commerce
import Identity
import Pipeline

/// What the console needs to know of who may do what. The real one is `Hub`; a test hands in its own.
public protocol IdentityPort: Sendable {
    /// Takes a name and a password, and begins a session.
    ///
    /// - Throws: when the store cannot be read or written now.
    func signIn(_ name: String, password: String, isBrowser: Bool, from origin: String?) async throws -> SignIn

    /// Who comes with a key, or with a browser's session; nil where it is none, or not good any more.
    ///
    /// - Throws: when the store cannot be read now.
    func caller(bearing secret: IssuedSecret) async throws -> Caller?

    /// Who is in a session that lasts still; nil where it has ended.
    ///
    /// - Throws: when the store cannot be read now.
    func caller(ofSession id: String) async throws -> Caller?

    /// Renews a program's session; nil where it cannot be.
    ///
    /// - Throws: when the store cannot be read or written now.
    func renew(_ secret: IssuedSecret, from origin: String?) async throws -> (IssuedSecret, Caller)?

    /// Ends a session; false where there is none.
    ///
    /// - Throws: when the store cannot be read or written now.
    func end(session id: String, by actor: AuditActor) async throws -> Bool

    /// Whether a token was taken back before its time.
    ///
    /// - Throws: when the store cannot be read now.
    func isRevoked(token id: String) async throws -> Bool

    /// All keys, the newest first.
    ///
    /// - Throws: when the store cannot be read now.
    func apiKeys() async throws -> [APIKey]

    /// Makes a key, handed out this once.
    ///
    /// - Throws: `HubError` where it will not do; when the store cannot be written now.
    func makeAPIKey(
        _ name: String, permissions: Set<Permission>, expires: Moment?, by actor: AuditActor
    ) async throws -> (key: APIKey, secret: String)

    /// Makes a key that follows another, which goes on for so many seconds.
    ///
    /// - Throws: `HubError` where there is none, `RightsRefusal`; when the store cannot be written now.
    func rotateAPIKey(
        _ id: String, keepingOldSeconds seconds: Double, by actor: AuditActor, within rights: Set<Permission>?
    ) async throws -> (key: APIKey, secret: String)

    /// Takes a key back.
    ///
    /// - Throws: `HubError` where there is none; when the store cannot be written now.
    func revokeAPIKey(_ id: String, by actor: AuditActor) async throws

    /// Who may admit others. Each throws when the store cannot be used now; what changes something throws `HubError`
    /// where it will not do, and `RightsRefusal` where who asks may not do himself what is touched.
    var admission: any AdmissionPort { get }
}

/// Accounts and groups, as those who may admit others manage them.
public protocol AdmissionPort: Sendable {
    /// All accounts, by name.
    func accounts() async throws -> [Account]
    /// Makes an account.
    func addAccount(
        _ given: String, password: String, role: Role?, groups: [String], by actor: AuditActor,
        within rights: Set<Permission>?
    ) async throws
    /// Changes an account.
    func changeAccount(
        _ given: String, by actor: AuditActor, within rights: Set<Permission>?,
        _ change: @escaping @Sendable (inout Account) -> Void
    ) async throws
    /// Sets an account's password.
    func setPassword(
        of given: String, to password: String, by actor: AuditActor, within rights: Set<Permission>?
    ) async throws
    /// Removes an account.
    func removeAccount(_ given: String, by actor: AuditActor, within rights: Set<Permission>?) async throws
    /// All groups.
    func groups() async throws -> [Group]
    /// Makes a group, or changes what it may do.
    func setGroup(_ group: Group, by actor: AuditActor, within rights: Set<Permission>?) async throws
    /// Removes a group.
    func removeGroup(_ name: String, by actor: AuditActor) async throws
}

extension Hub: AdmissionPort {
    /// The hub knows itself who may do what.
    public var admission: any AdmissionPort { self }
}

extension Hub: IdentityPort {
    /// Who is in a session that lasts still; nil where it has ended.
    ///
    /// - Throws: when the store cannot be read now.
    public func caller(ofSession id: String) async throws -> Caller? { try await caller(ofSession: id, bearing: nil) }

    /// The hub knows itself who may do what.
    public var identity: any IdentityPort { self }
}
