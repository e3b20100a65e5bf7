import Audit
import Intake
import Ledger
import Queue
import Store

/// Values of persons are sealed: in a store that is new from the start, in one from an older release once a person asks
/// for it, because programs of that release cannot read what is sealed. See docs/decisions/0022-personal-values.md.
extension Hub {
    /// Whether values of persons are sealed here.
    public var isSealing: Bool { personalRing.isOn }

    /// Learns whether values are sealed here. Where nothing is connected yet, they are from now on.
    ///
    /// - Throws: `StoreFailure`.
    func learnSealing() async throws {
        guard !personalRing.isOn else { return }
        let organization = organization
        let (isSealing, isNew) = try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            return (try ledger.isSealing(), try ledger.integrationCount(IntegrationFilter()) == 0)
        }
        personalRing.learn(isSealing)
        if !isSealing, isNew { try await beginSealing() }
    }

    private func beginSealing(_ note: AuditNote? = nil, by actor: AuditActor = .hub) async throws {
        let (organization, now) = (organization, now)
        personalRing.learn(true)
        do {
            try await store.write { session in
                try LedgerTable(session, organization: organization).beginSealing()
                if let note { try self.note(note, by: actor, at: now, in: session) }
            }
        } catch {
            personalRing.learn(false)
            throw error
        }
    }

    /// Seals what an older release has left as it was, in small steps between which others work; can be broken off and
    /// made again. From then on every hub on this store must be of this release. Says in sentences what was done.
    ///
    /// - Throws: `StoreFailure`, and what sealing throws.
    public func sealPersonalValues(by actor: AuditActor = .hub) async throws -> [String] {
        try await learnSealing()
        if !personalRing.isOn {
            try await beginSealing(AuditNote(.valuesSealed, "organization", organization), by: actor)
        }
        let organization = organization
        var (records, next): (Int, Int64?) = (0, 0)
        while let after = next {
            let (count, last) = try await store.write(.bulk) { session in
                let ledger = LedgerTable(session, organization: organization)
                let found = try ledger.personalRecords(after: after)
                try ledger.seal(records: found.ids)
                try JobTable(session, organization: organization).seal(deliveriesOf: found.ids)
                if after == 0 { try ledger.sealRejections() }
                return (found.ids.count, found.next)
            }
            (records, next) = (records + count, last)
        }
        next = 0
        while let after = next {
            next = try await store.write(.bulk) {
                try Intake.seal(after: after, organization: organization, session: $0)
            }
        }
        return ["values of persons are sealed; \(records) records of them were looked through"]
    }
}
