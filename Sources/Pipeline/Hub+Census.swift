import ConnectorKit
import Ledger
import Queue
import Store

/// Finding what was deleted or missed: the ids that exist there against the links that exist here.
extension Hub {
    /// What a census found.
    public struct CensusResult: Hashable, Sendable {
        /// Links whose counterpart is not listed: each is asked for by itself, twice, before it is believed.
        public var missing: Int
        /// Listed ids the hub does not know: they are read.
        public var unknown: Int
        /// Of those that are missing, how many are not asked for: they are more than the guard lets be deleted.
        public var held = 0
    }

    /// Compares the ids of one kind. Nil where the vendor offers no such list.
    ///
    /// - Throws: `ConnectorFailure`, `PullFailure`, `HubError`, `StoreFailure`.
    public func census(_ integration: Integration, _ kind: RecordKind) async throws -> CensusResult? {
        guard let source = try connector(of: integration).sources[kind] else { return nil }
        var listed = Set<String>()
        var position: String?
        var positions = Set<String>()
        var owed = 0
        repeat {
            let (page, more) = try await patiently(
                .pull(integration.id, kind), of: integration, isFirst: position == nil
            ) { [position] in
                try await CallTally.owed(beside: position == nil ? 0 : 1) { try await source.census(after: position) }
            }
            owed += more
            guard let page else { return nil }
            listed.formUnion(page.ids)
            position = page.next
            if let position, !positions.insert(position).inserted {
                throw HubError(
                    "\(integration.name): the list of \(kind.rawValue) ids repeats for ever; nothing was concluded")
            }
        } while position != nil
        return try await conclude(listed, integration, kind, owed: owed)
    }

    private func conclude(
        _ listed: Set<String>, _ integration: Integration, _ kind: RecordKind, owed: Int
    ) async throws -> CensusResult {
        let (organization, now) = (organization, now)
        let (known, rejected) = try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            return (
                try ledger.externalIDs(integration.id, kind), try ledger.rejectedIDs(integration.id, kind, now: now)
            )
        }
        let missing = known.subtracting(listed)
        // What stands among the rejected ones is known, and there it stays until it can be used.
        let unknown = listed.subtracting(known).subtracting(rejected.later)
        let isTooMuch = missing.count > integration.options.guardTerms.allowed(of: known.count)
        // What could not be used when it was last read may have been spoiled on its way: no list of changes shows it
        // again before somebody changes it. What stays as it was is asked for ever more seldom.
        let doubted = rejected.due.intersection(listed)
        let jobs = (isTooMuch ? [] : missing).union(unknown).union(doubted).sorted().map {
            NewJob(.fetch, integration: integration.id, kind: kind, key: $0, priority: 150, runAt: now)
        }
        let block = try await ids.draw(jobs.count + 1)
        let held = try await store.write { session in
            var ids = block
            let table = JobTable(session, organization: organization)
            try table.add(jobs, ids: &ids, now: now)
            try table.debit(
                owed, FarOperation(integration.id, DueWork.pull(integration.id, kind).operation), now: now)
            let ledger = LedgerTable(session, organization: organization)
            var cursor = try ledger.cursor(integration.id, kind)
            cursor.censusAt = now
            try ledger.save(cursor, integration.id, kind)
            try Self.heal(listed, kind, integration, ledger, now: now)
            return isTooMuch ? try Self.hold(missing: missing, kind, integration, ledger, ids: &ids, now: now) : 0
        }
        if held > 0 {
            let count = "\(missing.count) of \(known.count) \(kind.plural)"
            logger.warning(
                "\(count) are not listed any more: the guard holds that, see crossdock guard",
                metadata: ["integration": "\(integration.name)"])
        }
        return CensusResult(missing: missing.count, unknown: unknown.count, held: held)
    }
}
