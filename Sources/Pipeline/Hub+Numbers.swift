import ConnectorKit
import Deliver
import Ledger
import Queue
import Reconcile
import Store

/// Numbers of which a far side has none twice: who waits for one is told when it is free (decision 0019).
extension Hub {
    /// How many records are tried for a number that is free again; the next ones when those give it up.
    static let waitersForOne = 2

    /// Decides what becomes of numbers that were refused because others there have them.
    static func settleTaken(
        _ settlement: inout Settlement, _ ledger: LedgerTable, _ peer: Peer, _ context: SettleContext
    ) throws {
        for key in settlement.taken {
            let kind = key.link.kind
            if try ledger.isCircle(key.link, part: key.part, wanted: key.wanted) {
                settlement.free(key)
                continue
            }
            guard let holder = key.holder,
                let known = try ledger.links(peer.id, kind, externalIDs: [holder]).first(where: \.isActive),
                known.key != HubLink.key(key.wanted)
            else { continue }
            settlement.tryAgain(key, kind, context)
        }
    }

    /// Lets those have a number that waited for it: what is free there now.
    static func reopen(
        _ freed: [FreedKey], at integration: Int64, _ session: any StoreSession, _ organization: Int64,
        ids: inout IDBlock, now: Moment
    ) throws {
        guard !freed.isEmpty else { return }
        let ledger = LedgerTable(session, organization: organization)
        var jobs: [NewJob] = []
        for key in freed {
            let waiting = try ledger.waiting(for: key, at: integration).prefix(waitersForOne)
            try ledger.save(waiting.compactMap(\.link?.reopened))
            jobs += waiting.map {
                NewJob(
                    .deliver, integration: integration, kind: key.kind, key: String($0.record), priority: 80,
                    runAt: now)
            }
        }
        try JobTable(session, organization: organization).add(jobs, ids: &ids, now: now)
    }
}
