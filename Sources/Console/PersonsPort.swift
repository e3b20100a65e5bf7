import Audit
import Commerce
import Pipeline

/// What the console needs to show a person what is held of him, and to erase it.
public protocol PersonsPort: Sendable {
    /// All that is held of a customer.
    ///
    /// - Throws: `PersonFailure`; when the store cannot be used now.
    func exportCustomer(_ key: String, by actor: AuditActor) async throws -> JSON

    /// What erasing a customer would take away.
    ///
    /// - Throws: `PersonFailure`; when the store cannot be used now.
    func erasure(of key: String) async throws -> Erasure

    /// Erases a customer.
    ///
    /// - Throws: `PersonFailure`; when the store cannot be used now.
    func eraseCustomer(_ key: String, by actor: AuditActor) async throws -> Erasure
}

extension Hub: PersonsPort {
    /// The hub itself.
    public var persons: any PersonsPort { self }
}
