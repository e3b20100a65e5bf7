import Alerts
import Grants
import Ledger
import Store

/// How the credentials of one integration stand, as far as that is known.
public struct CredentialStanding: Hashable, Sendable {
    /// Since when the oldest of its secrets is what it is, or somebody let the hub in; nil where that is not known.
    public var setAt: Moment?
    /// When the far side last took them: a reading that came to its end, or a test that found it. Nil: not yet.
    public var usedAt: Moment?
    /// When what a far side gave the hub by OAuth 2 ends, unless the hub renews it before; nil where nobody says.
    public var expiresAt: Moment?

    /// How they stand.
    public init(setAt: Moment? = nil, usedAt: Moment? = nil, expiresAt: Moment? = nil) {
        self.setAt = setAt
        self.usedAt = usedAt
        self.expiresAt = expiresAt
    }

    /// Those of some integrations; one that has no secrets and was not let in has none.
    static func all(
        _ integrations: [Integration], _ session: any StoreSession, _ organization: Int64
    ) throws -> [Int64: CredentialStanding] {
        guard !integrations.isEmpty else { return [:] }
        let ids = integrations.map(\.id)
        let readings = try LedgerTable(session, organization: organization).lastReadings(of: ids)
        let tests = try AlertTable(session, organization: organization).connectionTests()
        let grants = Dictionary(
            try GrantTable(session, organization: organization).all().map { ($0.integration, $0) },
            uniquingKeysWith: { first, _ in first })
        return integrations.reduce(into: [:]) { standings, side in
            let grant = grants[side.id]
            guard grant != nil || !side.options.secretTimes.isEmpty else { return }
            let tested = tests[side.id].flatMap { $0.failures == 0 ? $0.testedAt : nil }
            standings[side.id] = CredentialStanding(
                setAt: (side.options.secretTimes.values + [grant?.grantedAt].compactMap(\.self)).min(),
                usedAt: [readings[side.id], tested].compactMap(\.self).max(), expiresAt: grant?.expiresAt)
        }
    }
}
