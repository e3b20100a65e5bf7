import Audit
import Commerce
import Console
import Identity

@testable import Pipeline

/// A hub that knows no account and no key, and has taken no token back.
struct Nobody: IdentityPort, AdmissionPort {
    var admission: any AdmissionPort { self }
    func accounts() async throws -> [Account] { [] }
    func groups() async throws -> [Group] { Group.wellKnown }

    func addAccount(
        _ given: String, password: String, role: Role?, groups: [String], by actor: AuditActor,
        within rights: Set<Permission>?
    ) async throws {
        throw HubError("nobody makes an account here")
    }

    func changeAccount(
        _ given: String, by actor: AuditActor, within rights: Set<Permission>?,
        _ change: @escaping @Sendable (inout Account) -> Void
    ) async throws {
        throw HubError("there is no account \(given)")
    }

    func setPassword(
        of given: String, to password: String, by actor: AuditActor, within rights: Set<Permission>?
    ) async throws {
        throw HubError("there is no account \(given)")
    }

    func removeAccount(_ given: String, by actor: AuditActor, within rights: Set<Permission>?) async throws {
        throw HubError("there is no account \(given)")
    }

    func setGroup(_ group: Group, by actor: AuditActor, within rights: Set<Permission>?) async throws {}
    func removeGroup(_ name: String, by actor: AuditActor) async throws { throw HubError("there is no \(name)") }

    func signIn(_ name: String, password: String, isBrowser: Bool, from origin: String?) async throws -> SignIn {
        .wrong
    }

    func caller(bearing secret: IssuedSecret) async throws -> Caller? { nil }
    func caller(ofSession id: String) async throws -> Caller? { nil }
    func renew(_ secret: IssuedSecret, from origin: String?) async throws -> (IssuedSecret, Caller)? { nil }
    func end(session id: String, by actor: AuditActor) async throws -> Bool { false }
    func isRevoked(token id: String) async throws -> Bool { false }
    func apiKeys() async throws -> [APIKey] { [] }

    func makeAPIKey(
        _ name: String, permissions: Set<Permission>, expires: Moment?, by actor: AuditActor
    ) async throws -> (key: APIKey, secret: String) {
        throw HubError("nobody makes a key here")
    }

    func rotateAPIKey(
        _ id: String, keepingOldSeconds seconds: Double, by actor: AuditActor, within rights: Set<Permission>?
    ) async throws -> (key: APIKey, secret: String) {
        throw HubError("there is no key \(id)")
    }

    func revokeAPIKey(_ id: String, by actor: AuditActor) async throws { throw HubError("there is no key \(id)") }
}
