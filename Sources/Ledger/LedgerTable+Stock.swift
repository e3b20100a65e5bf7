import Reconcile
import Store

/// Stock: movements, what is known of each side, offers.
extension LedgerTable {
    // MARK: Loading

    /// Loads what a batch needs of stock, beside what the snapshot has.
    ///
    /// - Throws: `StoreFailure`.
    func loadStock(
        _ snapshot: inout Snapshot, for batch: ObservedBatch, fresh: [Draft], orderStock: OrderStockRule?
    ) throws {
        let orders = orderStock == nil ? [] : fresh.filter { $0.kind == .order }
        let goods = fresh.filter { $0.kind == .product || $0.kind == .variant }
        guard !orders.isEmpty || !goods.isEmpty else { return }
        snapshot.stock.organization = organization
        snapshot.stock.number = snapshot.number
        snapshot.stock.ordersAskedAt = try cursor(batch.integration, .order).askedAt
        if !orders.isEmpty { try loadItems(&snapshot, of: orders, batch.integration) }
        let ids = snapshot.records.values.filter { $0.kind == .product || $0.kind == .variant }.map(\.id)
        snapshot.stock.sides = try sides(ofRecords: ids, in: batch.integration).compactMapValues { $0.values.first }
        guard !goods.isEmpty else { return }
        let rows = try session.rows(
            """
            SELECT \(Movement.columns.joined(separator: ", ")) FROM movement WHERE organization_id = ?1
                AND integration_id = ?2 AND record_id = 0 AND item IN {3} ORDER BY id
            """,
            [.integer(organization), .integer(batch.integration), .keys(goods.map(\.externalID))])
        snapshot.stock.unplaced = Dictionary(grouping: rows.map(Movement.init), by: { $0.item ?? "" })
    }

    /// The products and variants that the lines of orders name, and what these orders have moved already.
    private func loadItems(_ snapshot: inout Snapshot, of orders: [Draft], _ integration: Int64) throws {
        let moved = try session.rows(
            """
            SELECT \(Movement.columns.joined(separator: ", ")) FROM movement WHERE organization_id = ?1
                AND integration_id = ?2 AND document IN {3} ORDER BY id
            """, [.integer(organization), .integer(integration), .keys(orders.map(\.externalID))]
        ).map(Movement.init)
        snapshot.stock.moved = Dictionary(
            grouping: moved.compactMap { $0.ofOrder(organization) }, by: \.key.order)
        var items = Set(moved.compactMap(\.item))
        var skus = Set<String>()
        for order in orders {
            for line in order.parts[OrderPart.content.shape.name]?["lines"]?.array ?? [] {
                if let item = line["item"]?.string {
                    items.insert(item)
                } else if let sku = line["sku"]?.string, !sku.isEmpty {
                    skus.insert(NaturalKey.folded(sku))
                }
            }
        }
        var wanted = Set<Int64>()
        for kind in [RecordKind.product, .variant] {
            for link in try links(integration, kind, externalIDs: items.sorted()) {
                snapshot.links[ExternalKey(kind, link.externalID)] = link
                wanted.insert(link.record)
            }
            for (sku, record) in try matches(kind, skus.sorted()) {
                snapshot.stock.skus[sku, default: []].append(record)
                wanted.insert(record)
            }
        }
        try load(wanted, into: &snapshot)
        let parents = wanted.compactMap { id -> Int64? in
            guard let record = snapshot.records[id], record.kind == .variant, record.sellable == nil,
                case .record(_, let parent)? = record.values[VariantPart.product]
            else { return nil }
            return parent
        }
        try load(Set(parents), into: &snapshot)
    }

    private func load(_ ids: Set<Int64>, into snapshot: inout Snapshot) throws {
        let new = ids.filter { snapshot.records[$0] == nil }
        for record in try records(Array(new)) { snapshot.records[record.id] = record }
        for link in try links(ofRecords: Array(new)) { snapshot.linksOfRecord[link.record, default: []].append(link) }
    }

    /// What is known of the stock of records at each side, beside what the links remember: by record and integration.
    ///
    /// - Throws: `StoreFailure`.
    public func sides(
        ofRecords ids: [Int64], in integration: Int64? = nil
    ) throws -> [Int64: [Int64: StockSide]] {
        guard !ids.isEmpty else { return [:] }
        var sides: [Int64: [Int64: StockSide]] = [:]
        let values: [SQLValue] = [.integer(organization), .ids(ids.sorted()), SQLValue(integration)]
        for row in try session.rows(
            """
            SELECT record_id, integration_id, wrote, wrote_from, wrote_number, writing, settled_number, rounds,
                shown_number, hides, doubts, closed_number, opened_number, doubted_since,
                waited, waited_asked, waited_number
            FROM stock_side WHERE organization_id = ?1 AND record_id IN {2}
                AND (CAST(?3 AS bigint) IS NULL OR integration_id = ?3)
            """, values)
        {
            var side = StockSide(
                settledAt: row.optionalInteger(6), rounds: Int(row.integer(7)), shownNumber: row.integer(8))
            side.doubts = (row.optionalText(10) ?? "").split(separator: ",").compactMap { Int64($0) }
                .map(ExactDecimal.init(millionths:))
            side.closedAt = row.optionalInteger(11)
            side.openedAt = row.optionalInteger(12)
            side.doubtedSince = row.moment(13)
            if let waited = row.optionalInteger(14) {
                side.waited = WaitingLook(
                    quantity: ExactDecimal(millionths: waited), askedAt: row.integer(15), number: row.integer(16))
            }
            if let wrote = row.optionalInteger(2) {
                side.write = StockWrite(
                    quantity: ExactDecimal(millionths: wrote), from: ExactDecimal(millionths: row.integer(3)),
                    number: row.integer(4), writing: StockWriting(rawValue: row.text(5)) ?? .absolute)
                side.write?.hides = row.integer(9) == 1
            }
            sides[row.integer(0), default: [:]][row.integer(1)] = side
        }
        for row in try session.rows(
            """
            SELECT record_id, integration_id, movement_id, quantity, number, happened_at, is_veiled FROM stock_pending
            WHERE organization_id = ?1 AND record_id IN {2}
                AND (CAST(?3 AS bigint) IS NULL OR integration_id = ?3)
            ORDER BY happened_at IS NOT NULL, happened_at, movement_id
            """, values)
        {
            sides[row.integer(0), default: [:]][row.integer(1), default: StockSide()].pending.append(
                PendingMovement(
                    id: row.integer(2), quantity: ExactDecimal(millionths: row.integer(3)), number: row.integer(4),
                    happenedAt: row.moment(5), isVeiled: row.integer(6) == 1))
        }
        return sides
    }

    /// The records, by integration, that a create may have put up for sale that was never answered.
    ///
    /// - Throws: `StoreFailure`.
    public func unansweredOffers() throws -> [Int64: Set<Int64>] {
        var records: [Int64: Set<Int64>] = [:]
        for row in try session.rows(
            """
            SELECT side.integration_id, side.record_id FROM stock_side AS side
            WHERE side.organization_id = ?1 AND side.wrote IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM link WHERE link.organization_id = side.organization_id
                    AND link.record_id = side.record_id AND link.integration_id = side.integration_id
                    AND link.is_active = 1)
            """, [.integer(organization)])
        {
            records[row.integer(0), default: []].insert(row.integer(1))
        }
        return records
    }

    // MARK: Saving

    /// Remembers what is known of the stock of records at one side.
    ///
    /// - Throws: `StoreFailure`.
    public func save(_ sides: [Int64: StockSide], of integration: Int64) throws {
        guard !sides.isEmpty else { return }
        let sorted = sides.sorted { $0.key < $1.key }
        try session.save(
            sorted.map { record, side in
                [
                    .integer(organization), .integer(record), .integer(integration),
                    SQLValue(side.write?.quantity.millionths), SQLValue(side.write?.from.millionths),
                    SQLValue(side.write?.number), SQLValue(side.write?.writing.rawValue), SQLValue(side.settledAt),
                    .integer(Int64(side.rounds)), .integer(side.shownNumber),
                    SQLValue(side.write.map { $0.hides ? 1 : 0 }), SQLValue(side.doubtsText),
                    SQLValue(side.closedAt), SQLValue(side.openedAt), SQLValue(side.doubtedSince),
                    SQLValue(side.waited?.quantity.millionths), SQLValue(side.waited?.askedAt),
                    SQLValue(side.waited?.number),
                ]
            }, as: Self.sideRow)
        try session.run(
            "DELETE FROM stock_pending WHERE organization_id = ?1 AND integration_id = ?2 AND record_id IN {3}",
            [.integer(organization), .integer(integration), .ids(sides.keys.sorted())])
        let pending = sorted.flatMap { record, side in side.pending.map { (record, $0) } }
        try session.save(
            pending.map { record, movement in
                [
                    .integer(organization), .integer(record), .integer(integration), .integer(movement.id),
                    .integer(movement.quantity.millionths ?? 0), .integer(movement.number),
                    SQLValue(movement.happenedAt), .integer(movement.isVeiled ? 1 : 0),
                ]
            },
            as: Self.pendingRow)
    }

    private static let pendingRow = Upsert(
        "stock_pending",
        [
            "organization_id", "record_id", "integration_id", "movement_id", "quantity", "number", "happened_at",
            "is_veiled",
        ])

    private static let sideRow = Upsert(
        "stock_side", key: ["organization_id", "record_id", "integration_id"],
        updating: [
            "wrote", "wrote_from", "wrote_number", "writing", "settled_number", "rounds", "shown_number", "hides",
            "doubts", "closed_number", "opened_number", "doubted_since", "waited", "waited_asked", "waited_number",
        ])

    /// Writes what a merge moved. The settle number counts on, so that what is asked for from here on is known to hold
    /// it.
    ///
    /// - Throws: `StoreFailure`.
    func saveStock(_ absorption: Absorption, of integration: Int64, now: Moment) throws {
        try session.save(absorption.movements.map { $0.row(organization, now: now) }, as: Movement.upsert)
        for (movement, record) in absorption.placements {
            try session.run(
                "UPDATE movement SET record_id = ?3 WHERE organization_id = ?1 AND id = ?2 AND record_id = 0",
                [.integer(organization), .integer(movement), .integer(record)])
        }
        try save(absorption.sides, of: integration)
    }
}

extension StockSide {
    /// The doubts as they are kept; nil for none.
    fileprivate var doubtsText: String? {
        doubts.isEmpty ? nil : doubts.compactMap { $0.millionths.map(String.init) }.joined(separator: ",")
    }
}

/// What a channel was told it may sell.
public struct OfferRow: Hashable, Sendable {
    public var id: Int64
    public var record: Int64
    public var integration: Int64
    public var quantity: ExactDecimal
    /// What it offered before, as far as was known.
    public var was: ExactDecimal?
    /// The settle number when it was decided: what was learned up to then is in it.
    public var number: Int64
    public var plannedAt: Moment
    public var settledAt: Moment?
    /// `open`, `settled`, `adopted`, `unclear`, `not sent`.
    public var outcome = "open"

    /// An offer that is about to be sent.
    public init(
        id: Int64, record: Int64, integration: Int64, quantity: ExactDecimal, was: ExactDecimal?, number: Int64,
        plannedAt: Moment
    ) {
        self.id = id
        self.record = record
        self.integration = integration
        self.quantity = quantity
        self.was = was
        self.number = number
        self.plannedAt = plannedAt
    }
}

extension LedgerTable {
    /// Remembers offers that are about to be sent.
    ///
    /// - Throws: `StoreFailure`.
    public func append(_ offers: [OfferRow]) throws {
        try session.save(
            offers.map {
                [
                    .integer(organization), .integer($0.id), .integer($0.record), .integer($0.integration),
                    .integer($0.quantity.millionths ?? 0), SQLValue($0.was?.millionths), .integer($0.number),
                    SQLValue($0.plannedAt), .text($0.outcome),
                ]
            },
            as: Self.offerRow)
    }

    private static let offerRow = Upsert(
        "stock_offer",
        ["organization_id", "id", "record_id", "integration_id", "quantity", "was", "number", "planned_at", "outcome"])

    /// Remembers what became of the open offers of an integration, by record.
    ///
    /// - Throws: `StoreFailure`.
    public func settleOffers(_ outcomes: [Int64: String], of integration: Int64, now: Moment) throws {
        for (record, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
            try session.run(
                """
                UPDATE stock_offer SET outcome = ?4, settled_at = ?5 WHERE organization_id = ?1 AND record_id = ?2
                    AND integration_id = ?3 AND outcome IN ('open', 'unclear')
                """,
                [.integer(organization), .integer(record), .integer(integration), .text(outcome), SQLValue(now)])
        }
    }

    /// The offers of a product, the latest first.
    ///
    /// - Throws: `StoreFailure`.
    public func offers(of record: Int64, limit: Int = 1_000) throws -> [OfferRow] {
        try session.rows(
            """
            SELECT id, integration_id, quantity, was, number, planned_at, settled_at, outcome FROM stock_offer
            WHERE organization_id = ?1 AND record_id = ?2 ORDER BY id DESC LIMIT ?3
            """, [.integer(organization), .integer(record), .integer(Int64(limit))]
        ).map { row in
            var offer = OfferRow(
                id: row.integer(0), record: record, integration: row.integer(1),
                quantity: ExactDecimal(millionths: row.integer(2)),
                was: row.optionalInteger(3).map(ExactDecimal.init(millionths:)), number: row.integer(4),
                plannedAt: row.moment(5) ?? Moment(milliseconds: 0))
            offer.settledAt = row.moment(6)
            offer.outcome = row.text(7)
            return offer
        }
    }

    /// All movements of a product added up.
    ///
    /// - Throws: `StoreFailure`.
    public func movedTotal(of record: Int64) throws -> ExactDecimal {
        let rows = try session.rows(
            """
            SELECT CAST(coalesce(sum(quantity), 0) AS bigint) FROM movement WHERE organization_id = ?1
                AND record_id = ?2
            """,
            [.integer(organization), .integer(record)])
        return ExactDecimal(millionths: rows.first?.integer(0) ?? 0)
    }

    /// The movements of a product, the latest first, each with the time the hub learned of it.
    ///
    /// - Throws: `StoreFailure`.
    public func movements(of record: Int64, limit: Int = 1_000) throws -> [(movement: Movement, at: Moment)] {
        try session.rows(
            """
            SELECT \(Movement.columns.joined(separator: ", ")) FROM movement WHERE organization_id = ?1
                AND record_id = ?2 ORDER BY at DESC, id DESC LIMIT ?3
            """, [.integer(organization), .integer(record), .integer(Int64(limit))]
        ).map { (Movement($0), $0.moment(7) ?? Moment(milliseconds: 0)) }
    }
}
