import ConnectorKit
import Ledger

/// An integration as its owner may see it.
public struct IntegrationView: Hashable, Sendable {
    public var integration: Integration
    /// Its settings without what is secret; nil where this process cannot open them.
    public var settings: JSON?
    /// Of each secret of its card whether it is set: its value is never told.
    public var credentials: [String: Bool]
    /// Where the far side calls; nil when the hub has no public address.
    public var webhookAddress: String?
    /// How its credentials stand; nil where it has none, or nobody has looked.
    public var standing: CredentialStanding?

    /// As the API shows it.
    public func json(organization: String) -> JSON {
        [
            "id": .string(integration.publicID), "merchantId": .string(organization), "name": .string(integration.name),
            "type": .string(integration.options.type.rawValue), "connector": .string(integration.connector),
            "status": .string(integration.state.rawValue), "reason": .text(integration.reason),
            "settings": settings ?? .null, "credentials": .object(credentials.mapValues(JSON.bool)),
            "credentialsSetAt": .object(
                credentials.filter(\.value).reduce(into: [:]) { times, one in
                    let at = integration.options.secretTimes[one.key] ?? integration.createdAt
                    times[one.key] = .string(at.description)
                }),
            "credentialsUsedAt": .text(standing?.usedAt?.description),
            "credentialsExpireAt": .text(standing?.expiresAt?.description),
            "webhookAddress": .text(webhookAddress), "createdAt": .string(integration.createdAt.description),
        ]
    }
}

/// One page of a list of integrations.
public struct IntegrationPage: Hashable, Sendable {
    public var views: [IntegrationView]
    /// How many there are on all pages.
    public var total: Int
    /// How many stand before this page.
    public var before: Int
    /// The name behind which the next page begins; nil on the last one.
    public var next: String?
}

extension Hub {
    /// An integration as its owner may see it.
    func view(of integration: Integration) -> IntegrationView {
        let shapes = registry[integration.connector]?.card.settings ?? []
        let settings = settings(of: integration, shapes)
        let (open, secrets) = Self.parted(settings?.json.object ?? [:], shapes, path: "")
        return IntegrationView(
            integration: integration, settings: settings.map { _ in .object(open) }, credentials: secrets,
            webhookAddress: webhookAddress(integration))
    }

    /// Settings without the secrets among them, and which of the secrets are set, by their names; `group.name` within a
    /// group. What no shape names is in neither: nobody can say whether it is secret.
    private static func parted(
        _ values: [String: JSON], _ shapes: [SettingShape], path: String
    ) -> (open: [String: JSON], secrets: [String: Bool]) {
        var (open, secrets): ([String: JSON], [String: Bool]) = ([:], [:])
        for shape in shapes {
            if shape.isSecret {
                secrets[path + shape.name] = values[shape.name] != nil
            } else if case .group(let inner) = shape.type {
                let within = parted(values[shape.name]?.object ?? [:], inner, path: "\(path)\(shape.name).")
                secrets.merge(within.secrets) { $1 }
                if values[shape.name] != nil { open[shape.name] = .object(within.open) }
            } else if let value = values[shape.name] {
                open[shape.name] = value
            }
        }
        return (open, secrets)
    }

    /// The integration of that public id as it is now; nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func known(_ publicID: String) async throws -> Integration? {
        let organization = organization
        let found = try await store.read {
            try LedgerTable($0, organization: organization).integration(publicID: publicID)
        }
        if let found, !canOpen(found) { try await refreshKeys() }
        return found
    }

    /// The integration of that public id as its owner may see it; nil when there is none.
    ///
    /// - Throws: `StoreFailure`.
    public func view(at publicID: String) async throws -> IntegrationView? {
        guard let known = try await known(publicID) else { return nil }
        return try await views(of: [known]).first
    }

    /// Integrations with how their credentials stand.
    private func views(of integrations: [Integration]) async throws -> [IntegrationView] {
        let organization = organization
        let standings = try await store.read { try CredentialStanding.all(integrations, $0, organization) }
        return integrations.map { integration in
            var view = view(of: integration)
            view.standing = standings[integration.id]
            return view
        }
    }

    /// Integrations by name: so many of those that are meant, behind so many.
    ///
    /// - Throws: `StoreFailure`.
    public func integrationPage(_ filter: IntegrationFilter, limit: Int, offset: Int) async throws -> IntegrationPage {
        let organization = organization
        let (found, total, left) = try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            var all = filter
            all.after = nil
            // One more than is shown tells whether there is a next page.
            return (
                try ledger.integrations(filter, limit: limit + 1, offset: offset), try ledger.integrationCount(all),
                try ledger.integrationCount(filter)
            )
        }
        if !found.allSatisfy(canOpen) { try await refreshKeys() }
        let shown = found.prefix(limit)
        return IntegrationPage(
            views: try await views(of: Array(shown)), total: total, before: total - left + offset,
            next: found.count > limit ? shown.last?.name : nil)
    }
}
