import Audit
import Commerce
import Console

@testable import Pipeline

/// A hub that knows no customer.
struct NoPersons: PersonsPort {
    private func unknown(_ key: String) -> PersonFailure { .unknown("no customer is known by \"\(key)\"") }

    func exportCustomer(_ key: String, by actor: AuditActor) async throws -> JSON { throw unknown(key) }
    func erasure(of key: String) async throws -> Erasure { throw unknown(key) }
    func eraseCustomer(_ key: String, by actor: AuditActor) async throws -> Erasure { throw unknown(key) }
}
