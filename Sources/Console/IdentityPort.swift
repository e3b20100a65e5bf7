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

    /// Takes a key back.
    ///
    /// - Throws: `HubError` where there is none; when the store cannot be written now.
    func revokeAPIKey(_ id: String, by actor: AuditActor) async throws
}

extension Hub: IdentityPort {
    /// Who is in a session that lasts still; nil where it has ended.
    ///
    /// - Throws: when the store cannot be read now.
    public func caller(ofSession id: String) async throws -> Caller? { try await caller(ofSession: id, bearing: nil) }

    /// The hub knows itself who may do what.
    public var identity: any IdentityPort { self }
}
