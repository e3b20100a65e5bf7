import Reconcile

/// Counts: what a side shows of a product's stock is explained by known movements first; only the rest moves the hub's
/// stock. The number itself is never taken over, except as the hub's very first level.
extension Absorb {
    /// The stock among the parts, where it is counted; it then takes no part in the merge of values.
    func takeCount(from parts: inout Parts, _ kind: RecordKind) -> JSON? {
        let part = HubLink.stockPart
        guard kind.shape(of: part).form == .counter, !rules.rule(kind, part).isStockOverwritten else { return nil }
        return parts.values.removeValue(forKey: part)
    }

    /// Takes a look at the stock there.
    ///
    /// - Returns: Whether the hub's stock moved, and whether the look waits to be explained.
    /// - Throws: `AmountError.overflow`; what `ids` throws.
    mutating func count(
        _ theirs: JSON, _ record: inout HubRecord, _ link: inout HubLink
    ) throws -> (hasMoved: Bool, waits: Bool) {
        let part = HubLink.stockPart
        guard let reported = StockLevel.quantity(theirs) else {
            return (uncounted(theirs, &record, &link), false)
        }
        guard record.sellable != nil else {
            link.parts[part] = LinkedPart(sent: theirs, seen: theirs)
            record.parts[part] = HubPart(value: theirs, origin: batch.integration, changed: interval)
            try append(
                reported, .init(kind: Movement.CountKind.first, reason: "first counted there"), record, after: nil)
            try open(&record, &link)
            return (true, false)
        }
        var side = link.stockSide(snapshot.stock.sides[record.id])
        guard side.shown != nil else {
            // The hub counts it already: this side is only met. What it shows is its offer, and is brought in step.
            link.parts[part] = LinkedPart(sent: theirs, seen: theirs)
            if side.write != nil {
                side.drop()
                keep(side, record.id)
            }
            return (try open(&record, &link, isMet: true), false)
        }
        let wasSold = try placeSales(&record, &link)
        let hadMoved = try takeWaited(&record, &link)
        let (hasMoved, waits) = try take(look(reported), theirs, &record, &link)
        return (wasSold || hadMoved || hasMoved, waits)
    }

    /// A look that waited for orders which were read since is a count of its own, before the one of now.
    private mutating func takeWaited(_ record: inout HubRecord, _ link: inout HubLink) throws -> Bool {
        var side = link.stockSide(snapshot.stock.sides[record.id])
        let since = side.doubtedSince
        let (askedAt, number) = (snapshot.stock.ordersAskedAt, snapshot.stock.number)
        guard !batch.isOrdersReadAfter, let look = side.takeWaited(ordersAskedAt: askedAt, number: number) else {
            return false
        }
        keep(side, record.id)
        let theirs = StockLevel.json(look.quantity, like: link.parts[HubLink.stockPart]?.seen)
        let hasMoved = try take(look, theirs, &record, &link).hasMoved
        // What is shown beyond it may have happened since as well.
        side = link.stockSide(snapshot.stock.sides[record.id])
        side.doubtedSince = since
        keep(side, record.id)
        return hasMoved
    }

    /// What a look says: known movements explain it, or leave a count; or it waits.
    private mutating func take(
        _ look: StockLook, _ theirs: JSON, _ record: inout HubRecord, _ link: inout HubLink
    ) throws -> (hasMoved: Bool, waits: Bool) {
        let part = HubLink.stockPart
        var side = link.stockSide(snapshot.stock.sides[record.id])
        let known = side
        let verdict = try side.count(look)
        var residual = ExactDecimal.zero
        if case .adjusted(let rest) = verdict { residual = rest }
        let allowed = verdict == .waits ? .pass : try ruling(moving: record, by: residual, link)
        let doubtedSince = known.doubtedSince ?? link.seenAt
        side.doubtedSince = verdict == .waits ? doubtedSince : nil
        if allowed == .hold {
            // The look counts as not made: what it shows is looked at again when it is decided.
            link.hold(part, true)
            side = known
            side.doubtedSince = doubtedSince
            if side != known { keep(side, record.id) }
            return (false, true)
        }
        if side != known {
            keep(side, record.id)
            if verdict != .waits { link.remember(side) }
        }
        switch verdict {
        case .explained:
            link.parts[part]?.isHeld = false
            return (false, false)
        case .waits:
            result.unsettled.append(ExternalKey(link.kind, link.externalID))
            return (false, true)
        case .adjusted(let residual):
            link.parts[part]?.isHeld = false
            if allowed == .discard {
                keepStock(record, over: theirs)
                return (false, false)
            }
            let why = CountReason(kind: Movement.CountKind.count, reason: "counted there: \(look.quantity)")
            try append(residual, why, record, after: doubtedSince)
            return (try record.moveStock(by: residual, origin: batch.integration, at: interval), false)
        }
    }

    /// Whether a count may move the stock by so much.
    private mutating func ruling(
        moving record: HubRecord, by residual: ExactDecimal, _ link: HubLink
    ) throws -> Ruling {
        let old = record.parts[HubLink.stockPart]?.value
        guard let sellable = record.sellable else { return .pass }
        let new = StockLevel.json(try sellable.plus(residual), like: old)
        return ruling(HubLink.stockPart, from: residual == .zero ? nil : old, to: new, link, record)
    }

    /// The hub keeps its number; the side is told it where it is told numbers.
    private mutating func keepStock(_ record: HubRecord, over theirs: JSON) {
        let value = record.parts[HubLink.stockPart]?.value
        result.changes.append(
            Change(
                record: record.id, kind: record.kind, part: HubLink.stockPart, old: value, new: value, loser: theirs,
                origin: batch.integration, rule: RuleName.discarded, run: batch.run, at: batch.observedAt))
        result.touched.insert(record.id)
    }

    /// What a call of ours put up may be sold before the hub knows its id there: orders that were read by then moved
    /// nothing yet, and none of them is in what that call carried.
    private mutating func placeSales(_ record: inout HubRecord, _ link: inout HubLink) throws -> Bool {
        var hasMoved = false
        for var movement in snapshot.stock.unplaced.removeValue(forKey: link.externalID) ?? [] {
            movement.record = record.id
            result.placements.append((movement.id, record.id))
            if try apply(movement, &record, &link) { hasMoved = true }
        }
        return hasMoved
    }

    private var interval: ChangeInterval { ChangeInterval(after: batch.requestedAt, before: batch.observedAt) }

    func look(_ reported: ExactDecimal) -> StockLook {
        StockLook(
            reported, askedAt: batch.isUnasked ? nil : batch.askedAt, number: snapshot.stock.number,
            areOrdersRead: rules.readsOrders && snapshot.stock.ordersAskedAt != nil,
            ordersAskedAt: snapshot.stock.ordersAskedAt, isOrdersReadAfter: batch.isOrdersReadAfter)
    }

    /// A side that does not count it. The hub learns that only where it knows nothing better.
    private mutating func uncounted(_ theirs: JSON, _ record: inout HubRecord, _ link: inout HubLink) -> Bool {
        let part = HubLink.stockPart
        unguard(GuardName(link.kind, link.externalID, part))
        link.parts[part] = LinkedPart(sent: theirs, seen: theirs)
        guard record.parts[part] == nil else { return false }
        record.parts[part] = HubPart(value: theirs, origin: batch.integration, changed: interval)
        return true
    }

    /// Remembers what is known of the side's stock.
    mutating func keep(_ side: StockSide, _ record: Int64) {
        snapshot.stock.sides[record] = side
        result.sides[record] = side
    }

    /// Why a count moved stock.
    struct CountReason {
        var kind: String
        var reason: String
    }

    private mutating func append(
        _ quantity: ExactDecimal, _ why: CountReason, _ record: HubRecord, after: Moment?
    ) throws {
        guard let millionths = quantity.millionths else { throw AmountError.tooManyDigits("\(quantity)", allowed: 6) }
        let id = try ids()
        var movement = Movement(
            id: id, key: "count/\(batch.integration)/\(record.id)/\(id)", record: record.id,
            integration: batch.integration, quantity: millionths, reason: why.reason, kind: why.kind,
            number: snapshot.stock.number)
        movement.happenedAt = after
        result.movements.append(movement)
    }

    /// Orders may have been read before their product. What they moved before this first count is in it; what was
    /// learned after it was asked for is still to show. Of a side that is only met it may be in it as well, and is not
    /// missed if no look ever shows it.
    @discardableResult
    private mutating func open(
        _ record: inout HubRecord, _ link: inout HubLink, isMet: Bool = false
    ) throws -> Bool {
        if rules.readsOrders, snapshot.stock.ordersAskedAt != nil {
            var side = link.stockSide(snapshot.stock.sides[record.id])
            side.openedAt = snapshot.stock.number
            keep(side, record.id)
        }
        var hasMoved = false
        var late: [Movement] = []
        for var movement in snapshot.stock.unplaced.removeValue(forKey: link.externalID) ?? [] {
            movement.record = record.id
            result.placements.append((movement.id, record.id))
            if batch.isUnasked || movement.number <= batch.askedAt {
                try balance(movement)
            } else {
                // This count may show it already, or not yet: another look tells.
                let earlier = late.filter { $0.document == movement.document && $0.line == movement.line }
                late.append(movement)
                let quantities = earlier.map { ExactDecimal(millionths: $0.quantity) }
                if try take(movement, after: quantities, &record, &link) { hasMoved = true }
            }
        }
        if isMet, !late.isEmpty {
            var side = link.stockSide(snapshot.stock.sides[record.id])
            side.veil(Set(late.map(\.id)))
            keep(side, record.id)
        }
        return hasMoved
    }
}
