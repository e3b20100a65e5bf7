import Reconcile

/// Sales move stock by the order's line, once: whatever report of the order comes first.
extension Absorb {
    /// Makes the movements an order has not made yet.
    ///
    /// - Parameters:
    ///   - order: The order as it is now.
    ///   - before: The order as it was; nil when it is new.
    ///   - changedAt: When it was last changed, by the side's clock; nil where that does not say.
    /// - Throws: `AmountError.overflow`; what `ids` throws.
    mutating func moveStock(by order: HubRecord, before: HubRecord?, changedAt: Moment?) throws {
        guard let rule = rules.orderStock, order.kind == .order, order.issuer == batch.integration,
            let number = order.issuerExternalID, let content = order.values[OrderPart.content]
        else { return }
        let taken = order.values[OrderPart.taken].map { lines in
            Dictionary(lines.map { ($0.key, $0.quantity) }, uniquingKeysWith: { first, _ in first })
        }
        let stock = OrderStock(
            organization: snapshot.stock.organization, integration: batch.integration, order: number,
            lines: content.lines, refunds: order.values[OrderPart.refunds] ?? [],
            state: order.values[OrderPart.state] ?? .pending, taken: taken)
        let moved = snapshot.stock.moved[number] ?? []
        // An order that was read before movements were kept has lowered stock that was counted then.
        let isOld = moved.isEmpty && (before?.values[OrderPart.state]).map(rule.lowersAt.contains) ?? false
        let movements = OrderMovements(stock, rule: rule, moved: moved)
        // An order known before it took stock may have taken it and put it back since, unheard of.
        let known = before.map { $0.values[OrderPart.state] ?? .pending }
        let isFresh = known.map { $0 != stock.state && !rule.lowersAt.union(rule.restoresAt).contains($0) } ?? true
        if isFresh { try pass(movements.passed(), content) }
        let isSurelyCounted = isOlderThanItsConnection(changedAt)
        for var step in try movements.missing() {
            step.number = snapshot.stock.number
            try move(step, content, isCounted: isOld, isSurelyCounted: isSurelyCounted)
            snapshot.stock.moved[number, default: []].append(step)
        }
    }

    /// How much older than its integration an order must be to be in every count there, in seconds: a shop's clock may
    /// be wrong, or tell the time of another zone.
    private static let surelyCountedSeconds = 86_400.0

    /// Whether all that an order has moved had happened before its side was connected, and with it before any count.
    private func isOlderThanItsConnection(_ changedAt: Moment?) -> Bool {
        guard let changedAt, let connectedAt = rules.connectedAt else { return false }
        return connectedAt.seconds(since: changedAt) > Self.surelyCountedSeconds
    }

    /// How much later than the last look at a product an order must be placed to be in no count of it for certain, in
    /// seconds: an answer may be slow, and clocks differ by a little.
    private static let surelySinceSeconds = 120.0

    /// Whether an order was placed after its product was last looked at, by a clock whose offset is known.
    private func isPlaced(_ content: OrderContent, after link: HubLink) -> Bool {
        guard let seenAt = link.seenAt, let offset = batch.clockOffsetSeconds else { return false }
        return content.placedAt.adding(seconds: -offset).seconds(since: seenAt) > Self.surelySinceSeconds
    }

    private mutating func move(
        _ step: StockMovement, _ content: OrderContent, isCounted: Bool, isSurelyCounted: Bool
    ) throws {
        guard let quantity = step.quantity.millionths else {
            throw AmountError.tooManyDigits("\(step.quantity)", allowed: 6)
        }
        let record = record(of: step)
        let what = step.key.kind.words
        var movement = Movement(
            id: try ids(), key: step.key.text, record: record?.id ?? 0, integration: batch.integration,
            quantity: quantity, reason: "\(what), order \(content.number), line \(step.key.line)",
            kind: step.key.kind.word, number: snapshot.stock.number)
        movement.document = step.key.order
        movement.line = step.key.line
        movement.item = step.item
        movement.sku = step.sku
        if step.key.kind == .sale {
            movement.happenedAt = content.placedAt.adding(seconds: -(batch.clockOffsetSeconds ?? 0))
        }
        result.movements.append(movement)
        // Of a product the hub does not know it waits for the product's first count.
        guard var record else { return }
        if batch.told != nil {
            // Its orders alone tell of its stock: there is no count of its own that could hold what they move.
            let old = record.parts[HubLink.stockPart]?.value
            guard !isCounted, try record.moveStock(by: step.quantity, origin: batch.integration, at: interval(movement))
            else { return }
            return note(movement, record, old)
        }
        // Before the orders were once read to their end, and before the product was counted there, a count that is
        // known or still to come holds what the order moved.
        let link = snapshot.linksOfRecord[record.id]?.first {
            $0.integration == batch.integration && $0.role == HubLink.mainRole && $0.isActive
        }
        let isShown = link.map { StockLevel.quantity($0.parts[HubLink.stockPart]?.seen) != nil } ?? true
        let isSince = link.map { isShown && isPlaced(content, after: $0) } ?? false
        guard snapshot.stock.ordersAskedAt != nil || isSince, isShown, !isCounted else {
            if let link, isShown, !isCounted, !isSurelyCounted, step.quantity < .zero { takeAsCounted(record, link) }
            return try balance(movement)
        }
        let old = record.parts[HubLink.stockPart]?.value
        guard var known = link else {
            guard try record.moveStock(by: step.quantity, origin: batch.integration, at: interval(movement)) else {
                return
            }
            return note(movement, record, old)
        }
        let openedAt = snapshot.stock.sides[record.id]?.openedAt ?? .min
        let earlier = (snapshot.stock.moved[step.key.order] ?? []).filter {
            $0.key.line == step.key.line && $0.number > openedAt
        }
        if try take(movement, after: earlier.map(\.quantity), &record, &known) { note(movement, record, old) }
        keep(known)
    }

    /// A sale that the first reading of orders finds is taken to be in the count that was made before it; another look
    /// tells, and no number is set there until it has.
    private mutating func takeAsCounted(_ record: HubRecord, _ known: HubLink) {
        var link = known
        var side = link.stockSide(snapshot.stock.sides[record.id])
        side.takeAsCounted(number: snapshot.stock.number)
        keep(side, record.id)
        link.digest = nil
        keep(link)
        result.pending.append(ExternalKey(link.kind, link.externalID))
    }

    /// A movement takes its effect, but for what the first count there may hold of it; another look tells.
    ///
    /// - Returns: Whether the hub's stock moved.
    mutating func take(
        _ movement: Movement, after earlier: [ExactDecimal], _ record: inout HubRecord, _ link: inout HubLink
    ) throws -> Bool {
        guard record.sellable != nil else { return false }
        let held = try link.stockSide(snapshot.stock.sides[record.id]).mayHold(
            ExactDecimal(millionths: movement.quantity), after: earlier, ordersAskedAt: snapshot.stock.ordersAskedAt)
        var moving = movement
        if let counted = held.millionths, counted != 0 {
            try balance(movement, of: counted)
            moving.quantity -= counted
        }
        link.digest = nil
        result.pending.append(ExternalKey(link.kind, link.externalID))
        return try moving.quantity != 0 && apply(moving, &record, &link)
    }

    /// What was sold and put back before the order was read moves nothing, but a look or a write in between may know
    /// of half of it.
    private mutating func pass(_ steps: [StockMovement], _ content: OrderContent) throws {
        guard snapshot.stock.ordersAskedAt != nil else { return }
        for step in steps {
            guard let record = record(of: step),
                var link = snapshot.linksOfRecord[record.id]?.first(where: {
                    $0.integration == batch.integration && $0.role == HubLink.mainRole && $0.isActive
                })
            else { continue }
            var side = link.stockSide(snapshot.stock.sides[record.id])
            let known = side
            try side.pass(
                step.quantity, ids: (ids(), ids()), number: snapshot.stock.number,
                happenedAt: content.placedAt.adding(seconds: -(batch.clockOffsetSeconds ?? 0)),
                ordersAskedAt: snapshot.stock.ordersAskedAt)
            guard side != known else { continue }
            keep(side, record.id)
            link.remember(side)
            link.digest = nil
            keep(link)
            result.pending.append(ExternalKey(link.kind, link.externalID))
        }
    }

    private func interval(_ movement: Movement) -> ChangeInterval {
        ChangeInterval(after: batch.requestedAt, before: batch.observedAt)
    }

    /// The movement takes its effect: on the hub's stock, and on what its side is expected to show.
    mutating func apply(_ movement: Movement, _ record: inout HubRecord, _ link: inout HubLink) throws -> Bool {
        let quantity = ExactDecimal(millionths: movement.quantity)
        guard try record.moveStock(by: quantity, origin: batch.integration, at: interval(movement)) else {
            return false
        }
        var side = link.stockSide(snapshot.stock.sides[record.id])
        try side.learn(
            PendingMovement(
                id: movement.id, quantity: quantity, number: movement.number, happenedAt: movement.happenedAt),
            ordersAskedAt: snapshot.stock.ordersAskedAt)
        keep(side, record.id)
        link.remember(side)
        link.digest = nil
        return true
    }

    /// The movement, or so much of it, stands in the ledger and has no effect: a count has it already.
    mutating func balance(_ movement: Movement, of quantity: Int64? = nil) throws {
        var balance = movement
        balance.id = try ids()
        balance.key = "before/" + movement.key
        balance.quantity = -(quantity ?? movement.quantity)
        balance.kind = Movement.CountKind.before
        balance.reason = "counted already when the order was read (\(movement.reason))"
        (balance.document, balance.line) = (nil, nil)
        result.movements.append(balance)
    }

    private mutating func note(_ movement: Movement, _ record: HubRecord, _ old: JSON?) {
        var record = record
        record.updatedAt = batch.observedAt
        keep(record)
        result.touched.insert(record.id)
        result.changes.append(
            Change(
                record: record.id, kind: record.kind, part: HubLink.stockPart, old: old,
                new: record.parts[HubLink.stockPart]?.value, origin: batch.integration, rule: movement.reason,
                run: batch.run, at: batch.observedAt))
    }

    /// The record whose stock a line moves: a variant that is not counted by itself is counted by its product.
    private func record(of step: StockMovement) -> HubRecord? {
        guard let item = step.item else {
            let named = snapshot.stock.skus[NaturalKey.folded(step.sku)] ?? []
            return named.count == 1 ? snapshot.records[named[0]] : nil
        }
        let link = snapshot.links[ExternalKey(.variant, item)] ?? snapshot.links[ExternalKey(.product, item)]
        guard let record = link.flatMap({ snapshot.records[$0.record] }) else { return nil }
        return counted(record)
    }

    private func counted(_ record: HubRecord) -> HubRecord {
        guard record.kind == .variant, record.sellable == nil,
            case .record(_, let parent)? = record.values[VariantPart.product], let product = snapshot.records[parent],
            product.sellable != nil
        else { return record }
        return product
    }
}

extension MovementKind {
    /// What happened, for people.
    var words: String {
        switch self {
        case .sale: "sold"
        case .restock(let refund): "came back with refund \(refund)"
        case .cancellation: "cancelled"
        case .correction: "order edited"
        }
    }
}
