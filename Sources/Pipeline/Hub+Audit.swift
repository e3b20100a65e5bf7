import Audit
import ConnectorKit
import Ledger
import Store

/// What people and programs did to this hub.
extension Hub {
    /// The lines of the audit that are meant, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func audit(_ filter: AuditFilter = AuditFilter(), limit: Int = 50) async throws -> [AuditEntry] {
        let (organization, vault) = (organization, vault)
        return try await store.read {
            try AuditTable($0, organization: organization, vault: vault).entries(filter, limit: limit)
        }
    }

    /// Looks whether any line of the audit was altered, removed, added or moved. `kept`: a head of before, which tells
    /// also whether the whole was written anew.
    ///
    /// - Throws: `StoreFailure`, and what reading the master keys throws.
    public func verifyAudit(meeting kept: AuditHead? = nil) async throws -> AuditVerdict {
        try await refreshKeys()
        return try await AuditVerification.run(store, organization: organization, vault: vault, meeting: kept)
    }

    /// Writes down what somebody did, in the step that does it.
    ///
    /// - Throws: `StoreFailure`.
    func note(_ notes: AuditNote..., by actor: AuditActor, at now: Moment, in session: any StoreSession) throws {
        try AuditTable(session, organization: organization, vault: vault).append(notes, by: actor, at: now)
    }

    /// How an integration is set up, as the audit tells it: a secret is dots, and what of it is new is named beside it.
    func told(_ integration: Integration, after earlier: Integration? = nil) -> JSON {
        var members: [String: JSON] = [
            "name": .string(integration.name), "connector": .string(integration.connector),
            "state": .string(integration.state.rawValue), "options": integration.options.withoutSecrets,
        ]
        guard let shapes = registry[integration.connector]?.card.settings,
            let settings = settings(of: integration, shapes)
        else { return .object(members) }
        members["settings"] = settings.shown(by: shapes)
        if let earlier = earlier.flatMap({ self.settings(of: $0, shapes) }) {
            members["newSecrets"] = .array(settings.secretsUnlike(earlier, by: shapes).map(JSON.string))
        }
        return .object(members)
    }

    func settings(of integration: Integration, _ shapes: [SettingShape]) -> Settings? {
        guard let bytes = try? vault.open(integration.settings, context: integration.publicID),
            let json = try? JSON(parsing: bytes)
        else { return nil }
        return try? Settings(json, by: shapes, of: integration.name)
    }
}
