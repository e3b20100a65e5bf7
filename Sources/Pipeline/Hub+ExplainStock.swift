import ConnectorKit
import Ledger
import Reconcile
import Store

/// The stock of one product, explained: what there is, what moved it, what each channel is told, what may be oversold.
public struct StockExplanation: Sendable {
    public var record: Int64
    public var kind: RecordKind
    public var title: String
    public var sku: String?
    public var mode: StockMode
    /// Nil where nobody counts it.
    public var sellable: ExactDecimal?
    /// What lies there but is promised to orders that are not carried out yet.
    public var reserved: ExactDecimal
    public var onHand: ExactDecimal?
    /// All movements added up; equal to what is sellable for every product counted since movements are kept.
    public var moved: ExactDecimal
    /// The latest first.
    public var movements: [MovementReport]
    public var channels: [ChannelExplanation]
    /// What all channels offer together beyond what is sellable, right now.
    public var exposure: ExactDecimal
}

/// A movement, in words.
public struct MovementReport: Sendable {
    public var at: Moment
    public var integration: String?
    public var quantity: ExactDecimal
    public var kind: String
    public var reason: String
    public var document: String?
    public var line: String?
}

/// One channel of a product, explained.
public struct ChannelExplanation: Sendable {
    public var integration: String
    public var externalID: String?
    /// What it last showed.
    public var shown: ExactDecimal?
    /// What it offers as far as is known: the last count and what moved there since.
    public var standing: ExactDecimal?
    /// What it is to be told; nil where the hub may not tell it anything.
    public var offer: ExactDecimal?
    /// The write that is under way, or whose outcome is not known.
    public var inFlight: ExactDecimal?
    /// What its orders moved and no count has shown yet.
    public var pending: ExactDecimal
    /// Why it is left alone for now; nil where it is not.
    public var waits: String?
    public var buffer: ExactDecimal
    public var maximum: ExactDecimal?
    public var share: Int
    public var writing: StockWriting
    public var bound: OversellBound
    /// What it was told last, and what came of it.
    public var lastTold: OfferRow?
}

extension Hub {
    /// How many movements and offers are looked back at.
    static let stockHistoryLimit = 1_000

    /// Explains the stock of the product or variant that a word means.
    ///
    /// - Throws: `HubError` when the word means nothing or too much, `StoreFailure`.
    public func explainStock(_ word: String) async throws -> StockExplanation {
        let integrations = try await integrations()
        let channels = channels(integrations, peers(integrations))
        let readers = Set(
            integrations.filter { one in (try? peer(one)).map { readsOrders(one, $0) } ?? false }.map(\.id))
        let (organization, now) = (organization, now)
        return try await store.read { session in
            let words = try ReportWords(session, organization)
            let found = try words.ledger.find(.product, word) + words.ledger.find(.variant, word)
            guard let record = found.first else {
                throw HubError(
                    "no product or variant is known by \"\(word)\" (a SKU, a far id, a title or the hub's id)")
            }
            guard found.count == 1 else {
                let ids = found.map { "\($0.kind.rawValue) \($0.id) (\($0.title))" }.joined(separator: ", ")
                throw HubError("\"\(word)\" means \(found.count) records; name one by the hub's id: \(ids)")
            }
            let inquiry = StockInquiry(
                record: record, words: words, channels: channels, integrations: integrations, readers: readers, now: now
            )
            return try inquiry.explanation()
        }
    }
}

/// What is gathered to explain one product's stock, within one read.
private struct StockInquiry {
    let record: HubRecord
    let words: ReportWords
    let channels: [StockChannel]
    let integrations: [Integration]
    let readers: Set<Int64>
    let now: Moment

    func explanation() throws -> StockExplanation {
        let ledger = words.ledger
        let links = try ledger.links(ofRecords: [record.id]).filter { $0.role == HubLink.mainRole && $0.isActive }
        let offers = StockOffers(channels: channels, sides: try ledger.sides(ofRecords: [record.id]))
        let product = offers.product(record, links: links)
        let movements = try ledger.movements(of: record.id, limit: Hub.stockHistoryLimit)
        let moved = try ledger.movedTotal(of: record.id)
        let reserved = try reserved(movements.map(\.movement))
        return StockExplanation(
            record: record.id, kind: record.kind, title: record.title, sku: record.naturalKey,
            mode: product?.mode ?? .shared, sellable: record.sellable, reserved: reserved,
            onHand: try record.sellable?.plus(reserved), moved: moved,
            movements: movements.map { movement, at in
                MovementReport(
                    at: at, integration: movement.integration.map(words.name),
                    quantity: ExactDecimal(millionths: movement.quantity), kind: movement.kind,
                    reason: movement.reason, document: movement.document, line: movement.line)
            }, channels: try explained(product, links, movements), exposure: try product?.exposure() ?? .zero)
    }

    /// What orders took that are neither carried out nor called off.
    private func reserved(_ movements: [Movement]) throws -> ExactDecimal {
        var reserved = ExactDecimal.zero
        let byOrder = Dictionary(grouping: movements.filter { $0.document != nil && $0.integration != nil }) {
            [String($0.integration ?? 0), $0.document ?? ""]
        }
        let bySide = Dictionary(grouping: byOrder.keys, by: { $0[0] })
        for (side, keys) in bySide {
            let links = try words.ledger.links(Int64(side) ?? 0, .order, externalIDs: keys.map { $0[1] })
            let orders = Dictionary(
                try words.ledger.records(links.map(\.record)).map { ($0.id, $0.values) },
                uniquingKeysWith: { first, _ in first })
            for link in links {
                guard let order = orders[link.record], isOpen(order) else { continue }
                for movement in byOrder[[side, link.externalID]] ?? [] {
                    reserved = try reserved.minus(ExactDecimal(millionths: movement.quantity))
                }
            }
        }
        return max(.zero, reserved)
    }

    private func isOpen(_ order: Parts) -> Bool {
        guard order[OrderPart.fulfilment] != .fulfilled else { return false }
        return [.pending, .onHold, .processing].contains(order[OrderPart.state] ?? .pending)
    }

    private func explained(
        _ product: ProductStock?, _ links: [HubLink], _ movements: [(movement: Movement, at: Moment)]
    ) throws -> [ChannelExplanation] {
        guard let product else { return [] }
        let offers = try product.offers()
        let told = try words.ledger.offers(of: record.id, limit: Hub.stockHistoryLimit)
        let events = movements.compactMap { movement, at -> OversellBound.Event? in
            guard let side = movement.integration, Movement.CountKind.sold(movement) else { return nil }
            return OversellBound.Event(
                side: side, quantity: ExactDecimal(millionths: movement.quantity),
                happenedAt: movement.happenedAt ?? at, learnedAt: at, number: movement.number,
                isDated: movement.document != nil)
        }
        let all = Set(product.sides.keys).union(product.rules.keys).sorted()
        return try all.map { side in
            let known = product.sides[side]
            let rule = product.rules[side]
            let writing = channels.first { $0.integration == side }?.writing[record.kind] ?? .absolute
            let channel = OversellBound.Channel(
                side: side, buffer: rule?.buffer ?? .zero, writing: writing,
                isInStep: offers[side] == nil || offers[side] == known?.standing,
                told: told.reversed().compactMap { offer in
                    guard offer.integration == side, let settled = offer.settledAt, offer.outcome == "settled" else {
                        return nil
                    }
                    return OversellBound.Told(
                        number: offer.number, plannedAt: offer.plannedAt, settledAt: settled)
                })
            return ChannelExplanation(
                integration: words.name(side), externalID: links.first { $0.integration == side }?.externalID,
                shown: known?.shown, standing: known?.standing, offer: offers[side],
                inFlight: known?.write?.quantity,
                pending: try ExactDecimal.sum((known?.pending ?? []).map(\.quantity)),
                waits: try waits(known, side), buffer: rule?.buffer ?? .zero, maximum: rule?.maximum,
                share: rule?.share ?? 0, writing: writing,
                bound: try OversellBound.measure(channel, mode: product.mode, events: events, now: now),
                lastTold: told.first { $0.integration == side })
        }
    }

    private func waits(_ side: StockSide?, _ integration: Int64) throws -> String? {
        guard let side else { return "not linked there yet" }
        if side.write != nil { return "a write is under way, or its outcome is not known" }
        if side.rounds > 0 { return "it shows what no known order explains; its orders are read first" }
        if side.pending.contains(where: \.isVeiled) {
            return "a write of ours may have hidden a sale; it is looked at again first"
        }
        if side.isTakenAsCounted {
            return "a sale was read that its first count may lack; it is looked at again first"
        }
        guard readers.contains(integration) else { return nil }
        let ordersAskedAt = try words.ledger.cursor(integration, .order).askedAt
        return side.hasGap(ordersAskedAt: ordersAskedAt) ? "its orders are read after our last write" : nil
    }
}
