import Commerce
import Identity
import Store

// What is tried by those who may not: counted at once, written down a little later, asked for by people and alarms.
extension Hub {
    /// How long is counted until it is written down, in seconds.
    static let securitySeconds = 5.0

    /// Counts something that was tried. `address`: from where; `place`: at which door.
    public func noteSecurity(_ kind: SecurityKind, from address: String?, at place: String) {
        security.count(kind, from: address, at: place, now: now)
    }

    /// Writes down what was counted, now and then; `isUrgent`: at once. What the store does not take now is kept.
    public func keepSecurityEvents(isUrgent: Bool = false) async {
        guard let lines = security.take(now: now, afterSeconds: isUrgent ? 0 : Self.securitySeconds) else { return }
        let organization = organization
        do {
            try await store.write { try SecurityTable($0, organization: organization).add(lines) }
        } catch {
            security.giveBack(lines)
            logger.debug("security events wait to be written down: \(error)")
        }
    }

    /// What was tried within the last so many seconds, minute by minute, the latest first; of one kind or of all.
    ///
    /// - Throws: `StoreFailure`.
    public func securityEvents(
        seconds: Double, kind: SecurityKind? = nil, limit: Int = 200
    ) async throws -> [SecurityLine] {
        await keepSecurityEvents(isUrgent: true)
        let (organization, since) = (organization, now.adding(seconds: -seconds))
        return try await store.read {
            try SecurityTable($0, organization: organization).lines(since: since, kind: kind, limit: limit)
        }
    }

    /// How often each kind was tried within the last so many seconds, as far as it is written down; a kind that was not
    /// tried is left out. Whole minutes count, so up to one more.
    ///
    /// - Throws: `StoreFailure`.
    public func securityCounts(seconds: Double) async throws -> [SecurityKind: Int] {
        let (organization, since) = (organization, now.adding(seconds: -seconds - 60))
        return try await store.read { try SecurityTable($0, organization: organization).counts(since: since) }
    }

    /// Forgets what was tried before then.
    func forgetSecurity(before limit: Moment) async throws {
        let organization = organization
        var last = 0
        repeat {
            last = try await store.write(.bulk) {
                try SecurityTable($0, organization: organization).forget(before: limit)
            }
        } while last > 0
    }
}
