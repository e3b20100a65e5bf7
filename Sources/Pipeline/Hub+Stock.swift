import ConnectorKit
import Deliver
import Ledger
import Queue
import Reconcile
import Store

/// Stock on its way through the hub: counts that wait for orders, offers that are written, gaps that are closed.
extension Hub {
    /// How long after an order the count of what it sold is asked for, where nothing shows it by itself, in seconds.
    static let pendingLookSeconds = 60.0
    /// How long a count that orders did not explain waits for another look, in seconds.
    static let nextLookSeconds = 3.0

    /// Whether an integration's orders are read without anybody asking.
    func readsOrders(_ integration: Integration, _ peer: Peer) -> Bool {
        guard peer.orderStock != nil, !integration.options.isByHand(.order) else { return false }
        return (try? connector(of: integration).sources[.order]) != nil
    }

    /// Who may be told of stock, and on which terms.
    func channels(_ integrations: [Integration], _ peers: [Peer]) -> [StockChannel] {
        let options = Dictionary(integrations.map { ($0.id, $0.options) }, uniquingKeysWith: { first, _ in first })
        return peers.compactMap { peer in
            let kinds = [RecordKind.product, .variant].filter { peer.gives($0).contains(HubLink.stockPart) }
            guard !kinds.isEmpty, let options = options[peer.id] else { return nil }
            return StockChannel(
                integration: peer.id, options: options,
                writing: Dictionary(
                    kinds.map { ($0, peer.stockWriting($0)) }, uniquingKeysWith: { first, _ in first }))
        }
    }

    /// What the channels are to be told of the stock of records.
    static func offers(
        of records: [HubRecord], _ channels: [StockChannel], _ ledger: LedgerTable
    ) throws -> StockOffers? {
        let goods = records.filter { $0.kind == .product || $0.kind == .variant }
        guard !goods.isEmpty else { return nil }
        return StockOffers(channels: channels, sides: try ledger.sides(ofRecords: goods.map(\.id)))
    }

    /// What is looked at again because of stock: at once where a count could not be explained, later where an order
    /// moved what no count has shown yet.
    static func stockJobs(_ absorption: Absorption, _ batch: ObservedBatch, now: Moment) -> [NewJob] {
        func look(_ key: ExternalKey, priority: Int, after seconds: Double) -> NewJob {
            NewJob(
                .fetch, integration: batch.integration, kind: key.kind, key: key.id, priority: priority,
                runAt: seconds > 0 ? now.adding(seconds: seconds) : now, payload: ["stock": true])
        }
        let seconds = batch.isOrdersReadAfter ? nextLookSeconds : 0
        let unsettled = batch.isFollowedUp ? [] : absorption.unsettled
        return unsettled.map { look($0, priority: 65, after: seconds) }
            + Set(absorption.pending).sorted { ($0.kind.rawValue, $0.id) < ($1.kind.rawValue, $1.id) }
            .map { look($0, priority: 140, after: pendingLookSeconds) }
    }

    // MARK: Reading

    /// Merges what was read, the orders after it where its stock cannot be explained, and hands back what is to be
    /// merged once more, and what is to be read again once what is `underWay` has ended.
    ///
    /// - Throws: `ConnectorFailure`, `StoreFailure`, `HubError`.
    func absorbCounts(
        _ batch: ObservedBatch, _ setting: MergeSetting, _ integration: Integration, underWay: Set<ExternalKey> = []
    ) async throws -> (batch: ObservedBatch, later: [NewJob]) {
        var (batch, setting) = (batch, setting)
        batch.isFollowedUp = setting.rules.readsOrders
        setting.underWay = underWay
        let absorbed = try await absorb(batch, setting)
        let unsettled = Set(absorbed.unsettled)
        batch.isFollowedUp = false
        batch.mergedAt = absorbed.number
        batch.rejections = []
        batch.drafts = batch.drafts.filter { unsettled.contains(ExternalKey($0.kind, $0.externalID)) }
        guard !batch.drafts.isEmpty else { return (batch, absorbed.later) }
        try await readOrders(integration)
        batch.isOrdersReadAfter = true
        return (batch, absorbed.later)
    }

    /// Reads an integration's orders up to now.
    ///
    /// - Throws: `ConnectorFailure`, `StoreFailure`, `HubError`.
    func readOrders(_ integration: Integration) async throws {
        do {
            _ = try await pull(integration, .order)
        } catch let failure as PullFailure {
            switch failure {
            case .connector(let cause): throw cause
            case .stopped: throw ConnectorFailure.cancelled(mayHaveHappened: false)
            case .repeating: throw ConnectorFailure.unreadable(detail: failure.description)
            }
        }
    }

    /// What is known of the stock of far records, by far id.
    private func known(
        _ keys: [String], _ integration: Integration, _ kind: RecordKind
    ) async throws -> (sides: [String: StockSide], ordersAskedAt: Int64?, guarded: Set<String>) {
        let organization = organization
        return try await store.read { session in
            let ledger = LedgerTable(session, organization: organization)
            let links = try ledger.links(integration.id, kind, externalIDs: keys)
            let sides = try ledger.sides(ofRecords: links.map(\.record), in: integration.id)
            let known = links.map { ($0.externalID, $0.stockSide(sides[$0.record]?[integration.id])) }
            return (
                Dictionary(known, uniquingKeysWith: { first, _ in first }),
                try ledger.cursor(integration.id, .order).askedAt,
                Set(links.filter(\.isGuarded).map(\.externalID))
            )
        }
    }

    /// Looks that were asked for because of stock alone, and whose question has been answered meanwhile, end here.
    func stillWanted(_ jobs: [Job], _ integration: Integration, _ kind: RecordKind) async throws -> [Job] {
        let looks = jobs.filter { $0.payload["stock"]?.bool ?? false }
        guard !looks.isEmpty else { return jobs }
        let (sides, ordersAskedAt, guarded) = try await known(looks.map(\.key), integration, kind)
        let answered = looks.filter { job in
            // What was decided of what the guard held takes effect with the next look.
            guard !guarded.contains(job.key), let side = sides[job.key] else { return false }
            // A look that was older than what was learned meanwhile has told nothing yet.
            return side.pending.isEmpty && side.rounds == 0 && side.doubtedSince == nil && !side.isTakenAsCounted
                && !side.hasGap(ordersAskedAt: ordersAskedAt)
        }
        if !answered.isEmpty { try await settle(answered.map { ($0, .completed) }) }
        let done = Set(answered.map(\.id))
        return jobs.filter { !done.contains($0.id) }
    }

    /// Where a number was set at a far record, its orders are read before it is looked at again: a sale may have fallen
    /// between our read and our write.
    func closeGaps(_ keys: [String], _ integration: Integration, _ kind: RecordKind) async throws {
        guard kind == .product || kind == .variant, readsOrders(integration, try peer(integration)) else { return }
        let (sides, ordersAskedAt, _) = try await known(keys, integration, kind)
        guard sides.values.contains(where: { $0.hasGap(ordersAskedAt: ordersAskedAt) }) else { return }
        try await readOrders(integration)
    }

    // MARK: Writing

    /// Remembers the stock that is about to be written.
    static func planStock(
        _ plan: DeliveryPlan, _ load: DeliveryLoad, _ peer: Peer, _ ledger: LedgerTable, ids: inout IDBlock, now: Moment
    ) throws {
        let number = try ledger.settleNumber()
        var sides: [Int64: StockSide] = [:]
        var offers: [OfferRow] = []
        for write in plan.writes {
            guard let offer = StockLevel.quantity(write.wrote[HubLink.stockPart]) else { continue }
            let id = write.record.id
            let known = load.offers?.sides[id]?[peer.id]
            var side = write.link?.stockSide(known) ?? StockSide()
            offers.append(
                OfferRow(
                    id: try ids.next(), record: id, integration: peer.id, quantity: offer, was: side.standing,
                    number: number, plannedAt: now))
            // While an earlier create is unclear, what that one carried may be what is there: this one only looks.
            if write.isRepeat, known?.write != nil { continue }
            side.plan(
                StockWrite(
                    quantity: offer, from: side.standing ?? .zero, number: number,
                    writing: write.link == nil ? .absolute : peer.stockWriting(write.record.kind)))
            sides[id] = side
        }
        try ledger.save(sides, of: peer.id)
        try ledger.append(offers)
    }

    /// Of writes that are known to have come the stock has come too.
    static func stockCame(_ come: [Int64: Parts], to integration: Int64, _ ledger: LedgerTable) throws {
        let records = come.filter { $0.value[HubLink.stockPart] != nil }.keys.sorted()
        guard !records.isEmpty else { return }
        let number = try ledger.nextSettleNumber()
        let known = try ledger.sides(ofRecords: records, in: integration)
        var (links, sides): ([HubLink], [Int64: StockSide]) = ([], [:])
        for var link in try ledger.links(ofRecords: records) where link.integration == integration {
            guard link.role == HubLink.mainRole, let wrote = come[link.record] else { continue }
            let side = link.stockSide(known[link.record]?[integration])
            guard let settled = try link.come(wrote, side, number: number) else { continue }
            sides[link.record] = settled
            links.append(link)
        }
        try ledger.save(sides, of: integration)
        try ledger.save(links)
    }

    /// What is made anew carries another number than the attempt before it, which is known not to have come.
    static func planStockAnew(_ writes: [PlannedWrite], _ peer: Peer, _ ledger: LedgerTable) throws {
        let number = try ledger.settleNumber()
        let known = try ledger.sides(ofRecords: writes.map(\.record.id), in: peer.id)
        var sides: [Int64: StockSide] = [:]
        for write in writes where write.isRepeat {
            guard let offer = StockLevel.quantity(write.wrote[HubLink.stockPart]),
                var side = known[write.record.id]?[peer.id]
            else { continue }
            side.plan(StockWrite(quantity: offer, from: side.standing ?? .zero, number: number, writing: .absolute))
            sides[write.record.id] = side
        }
        try ledger.save(sides, of: peer.id)
    }

    /// What a dropped create may have put up for sale is counted on no longer: who dropped it has looked.
    func forgetDroppedOffers() async throws {
        let organization = organization
        try await store.write { session in
            let (ledger, table) = (
                LedgerTable(session, organization: organization), JobTable(session, organization: organization)
            )
            for (integration, records) in try ledger.unansweredOffers() {
                let open = Set(try table.intended(integration, keys: records.map { String($0) }).map(\.key))
                let left = records.filter { !open.contains(String($0)) }
                let known = try ledger.sides(ofRecords: left.sorted(), in: integration)
                var sides = known.compactMapValues { $0[integration] }
                for id in left { sides[id]?.drop() }
                try ledger.save(sides, of: integration)
            }
        }
    }

    /// What became of stock that was written. What was learned of a side while the call was under way stays.
    static func settleStock(
        _ settlement: inout Settlement, _ writes: [PlannedWrite], _ results: [WriteResult], _ setting: MergeSetting,
        _ ledger: LedgerTable, number: Int64, now: Moment
    ) throws {
        let goods = writes.filter { $0.record.kind == .product || $0.record.kind == .variant }.map(\.record.id)
        guard !goods.isEmpty, let integration = settlement.links.first?.integration ?? writes.first?.job.integration
        else { return }
        let known = try ledger.sides(ofRecords: goods, in: integration)
        let current = Dictionary(
            try ledger.links(ofRecords: goods).filter { $0.integration == integration && $0.role == HubLink.mainRole }
                .map { ($0.record, $0) }, uniquingKeysWith: { first, _ in first })
        var sides: [Int64: StockSide] = [:]
        var outcomes: [Int64: String] = [:]
        for (write, result) in zip(writes, results) where goods.contains(write.record.id) {
            let id = write.record.id
            let place = settlement.links.firstIndex { $0.record == id && $0.role == HubLink.mainRole }
            let offer = StockLevel.quantity(write.wrote[HubLink.stockPart])
            let told = result.offerOutcome
            let outcome = write.isUnresolved && told == "not sent" ? "unclear" : told
            if offer != nil { outcomes[id] = outcome }
            guard let place, let now = current[id] else {
                // A create: the link that comes of it knows what it carried.
                if outcome != "unclear", var side = known[id]?[integration], side.write != nil {
                    side.drop()
                    sides[id] = side
                }
                continue
            }
            let answered = settlement.links[place].parts[HubLink.stockPart]
            settlement.links[place].parts[HubLink.stockPart] = now.parts[HubLink.stockPart]
            if now.digest == nil { settlement.links[place].digest = nil }
            guard offer != nil else { continue }
            var side = now.stockSide(known[id]?[integration])
            switch outcome {
            case "settled":
                try side.settle(answered: StockLevel.quantity(answered?.seen), number: number)
                settlement.links[place].remember(side)
                settlement.links[place].parts[HubLink.stockPart]?.isAccepted = answered?.isAccepted ?? true
            case "unclear": break
            default: side.drop()
            }
            sides[id] = side
        }
        try ledger.save(sides, of: integration)
        try ledger.settleOffers(outcomes, of: integration, now: now)
    }

    /// Looks at what was just told a number: a sale may have been hidden by it.
    static func gapJobs(
        _ links: [HubLink], _ peer: Peer, _ setting: MergeSetting, _ ledger: LedgerTable, now: Moment
    ) throws -> [NewJob] {
        let goods = links.filter { $0.role == HubLink.mainRole && ($0.kind == .product || $0.kind == .variant) }
        guard !goods.isEmpty, setting.readsOrders(of: peer.id) else { return [] }
        let sides = try ledger.sides(ofRecords: goods.map(\.record), in: peer.id)
        let ordersAskedAt = try ledger.cursor(peer.id, .order).askedAt
        return goods.filter { sides[$0.record]?[peer.id]?.hasGap(ordersAskedAt: ordersAskedAt) ?? false }.map {
            NewJob(
                .fetch, integration: peer.id, kind: $0.kind, key: $0.externalID, priority: 66, runAt: now,
                payload: ["stock": true])
        }
    }
}

extension Hub.MergeSetting {
    /// Whether the orders of the integration this setting is made for are read.
    func readsOrders(of integration: Int64) -> Bool { rules.readsOrders }
}

extension WriteResult {
    /// What became of an offer: `settled`, `adopted`, `unclear`, `not sent`.
    fileprivate var offerOutcome: String {
        switch self {
        case .written(let written): written.isAdopted ? "adopted" : "settled"
        case .failed(let failure): failure.mayHaveHappened ? "unclear" : "not sent"
        case .held, .skipped, .taken: "not sent"
        }
    }
}
