import ConnectorKit
import Repeats
import Store

/// How what was asked is answered. Where the request has a key of its own, the answer is kept in the step that does it:
/// both stand, or neither.
public struct Answering<Value: Sendable>: Sendable {
    let claim: RequestClaim?
    let answer: @Sendable (Value) -> KeptAnswer

    /// An answer to what was done; kept where there is a claim.
    public init(_ claim: RequestClaim?, _ answer: @escaping @Sendable (Value) -> KeptAnswer) {
        self.claim = claim
        self.answer = answer
    }
}

/// Requests that may be sent again and are done once.
extension Hub {
    /// Begins a keyed request, or says why it is not to be done.
    ///
    /// - Throws: `StoreFailure`.
    public func begin(_ request: KeyedRequest) async throws -> RequestStanding {
        let token = Signature.hex(surroundings.random(8))
        do {
            return try await begin(request, token)
        } catch is Vault.Failure {
            // Another process has made a key since.
            try await refreshKeys()
            return try await begin(request, token)
        }
    }

    private func begin(_ request: KeyedRequest, _ token: String) async throws -> RequestStanding {
        let (organization, vault, now) = (organization, vault, now)
        return try await store.write(.urgent) {
            try RepeatTable($0, organization: organization, vault: vault).begin(request, token: token, now: now)
        }
    }

    /// Keeps the answer to a request whose doing is no step of the store. Does nothing where another has begun it
    /// since.
    ///
    /// - Throws: `StoreFailure`.
    public func keep(_ answer: KeptAnswer, of claim: RequestClaim) async throws {
        let (organization, vault) = (organization, vault)
        _ = try await store.write(.urgent) {
            try RepeatTable($0, organization: organization, vault: vault).keep(answer, of: claim)
        }
    }

    /// Frees the key of a request that changed nothing.
    ///
    /// - Throws: `StoreFailure`.
    public func giveUp(_ claim: RequestClaim) async throws {
        let (organization, vault) = (organization, vault)
        try await store.write(.urgent) { try RepeatTable($0, organization: organization, vault: vault).giveUp(claim) }
    }

    /// Keeps an answer in the step that does what was asked.
    ///
    /// - Throws: `IntegrationRefusal.begunAgain` when another has begun the request since: nothing of the step stands
    ///   then.
    func keep<Value>(_ answering: Answering<Value>?, for value: Value, in session: any StoreSession) throws {
        guard let answering, let claim = answering.claim else { return }
        let table = RepeatTable(session, organization: organization, vault: vault)
        guard try table.keep(answering.answer(value), of: claim) else { throw IntegrationRefusal.begunAgain }
    }
}
