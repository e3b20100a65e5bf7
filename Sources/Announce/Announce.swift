import ConnectorKit
import Ledger
import Queue
import Reconcile

/// Decides who must hear of a change. A task never says "send this event" but "this record is not yet in step with that
/// integration": so many changes become one write, and a repeat does no harm.
public enum Announce {
    /// The order in which kinds are delivered: what others refer to goes first.
    static let priorities: [RecordKind: Int] = [
        .category: 80, .account: 80, .product: 90, .customer: 90, .variant: 100, .order: 110, .invoice: 110,
        .shipment: 120, .journal: 120,
    ]

    /// The tasks that bring every integration in step with these records.
    ///
    /// The integration a value came from lacks nothing and gets no task; where the hub overruled it, it does. Of stock
    /// every integration is compared with its own offer.
    public static func jobs(
        for records: [HubRecord], links: [Int64: [HubLink]], peers: [Peer], offers: StockOffers? = nil, now: Moment
    ) -> [NewJob] {
        records.sorted { $0.id < $1.id }.flatMap { record in
            let links = links[record.id] ?? []
            let stock = offers?.values(of: record, links: links) ?? [:]
            return peers.compactMap { peer in
                needs(record.offering(stock[peer.id]), links, peer) ? job(record, links, peer, now) : nil
            }
        }
    }

    /// The task that brings one integration in step with one record. Records of one natural key are created there one
    /// after the other: the second then finds what the first made.
    private static func job(_ record: HubRecord, _ links: [HubLink], _ peer: Peer, _ now: Moment) -> NewJob {
        let isNew = !links.contains { $0.integration == peer.id && $0.role == HubLink.mainRole }
        return NewJob(
            .deliver, integration: peer.id, kind: record.kind, key: String(record.id),
            priority: priorities[record.kind] ?? 100, runAt: now,
            lane: isNew ? record.naturalKey.map { "\(record.kind.rawValue) \($0)" } : nil)
    }

    private static func needs(_ record: HubRecord, _ links: [HubLink], _ peer: Peer) -> Bool {
        guard !record.isDeleted, !record.isErasedPerson, !peer.gives(record.kind).isEmpty else { return false }
        guard let link = links.first(where: { $0.integration == peer.id && $0.role == HubLink.mainRole }) else {
            return peer.creates(record.kind) && record.issuer != peer.id
        }
        guard link.isActive else { return false }
        let gives = peer.gives(record.kind)
        return !Reconcile.outbound(
            kind: record.kind, record: link.own(record.values).values, link: link.parts,
            gives: { gives.contains(ScopedName($0).part) }
        ).values.isEmpty
    }
}
