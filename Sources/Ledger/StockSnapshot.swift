import Reconcile

/// What is loaded of stock for a batch of drafts of one side.
public struct StockSnapshot: Sendable {
    public var organization: Int64 = 0
    /// The settle number this step has, if it moves stock.
    public var number: Int64 = 0
    /// The settle number when the side's orders were last asked for to their end; nil when they never were.
    public var ordersAskedAt: Int64?
    /// What is known of the side's stock beside what its links remember, by record.
    public var sides: [Int64: StockSide] = [:]
    /// What the orders of the batch have moved so far, by the order's far id.
    public var moved: [String: [StockMovement]] = [:]
    /// Movements of products the hub did not know, by the far id of the product.
    public var unplaced: [String: [Movement]] = [:]
    /// Records by folded SKU, for lines that name no product.
    public var skus: [String: [Int64]] = [:]

    /// Nothing loaded.
    public init() {}
}

extension StockLevel {
    /// The quantity a part's JSON holds; nil where it is not counted.
    public static func quantity(_ json: JSON?) -> ExactDecimal? {
        guard let json, json["isTracked"]?.bool == true, let quantity = json["quantity"] else { return nil }
        return try? ExactDecimal(json: quantity)
    }

    /// The JSON of a counted level, at the location another one names.
    static func json(_ quantity: ExactDecimal, like json: JSON?) -> JSON {
        StockLevel(isTracked: true, quantity: quantity, location: json?["location"]?.string).json
    }
}

extension Absorb {
    /// The most pieces a quantity may say.
    static let pieceLimit: Int64 = 1_000_000_000

    /// Whether the quantities of a draft can be counted, in millionths of a piece; else it is refused, never rounded.
    mutating func countable(_ draft: Draft) -> Bool {
        let part = HubLink.stockPart
        var quantities: [ExactDecimal?] = []
        if draft.kind == .order {
            let lines = draft.parts[OrderPart.content.shape.name]?["lines"]?.array ?? []
            let refunds = (draft.parts[OrderPart.refunds.shape.name]?.array ?? []).flatMap { $0["lines"]?.array ?? [] }
            let taken = draft.parts[OrderPart.taken.shape.name]?.array ?? []
            quantities = (lines + refunds + taken).map { $0["quantity"].flatMap { try? ExactDecimal(json: $0) } }
        } else if draft.parts[part]?["isTracked"]?.bool == true {
            quantities = [StockLevel.quantity(draft.parts[part])]
        }
        let refused = quantities.first { quantity in
            quantity?.millionths.map { $0.magnitude > UInt64(Self.pieceLimit) * 1_000_000 } ?? true
        }
        guard let refused else { return true }
        let quoted = refused.map(\.description) ?? "something that is no number"
        result.counts.rejected += 1
        result.rejections.append(
            Rejection(
                kind: draft.kind, externalID: draft.externalID,
                reason: "a quantity is \(quoted): it cannot be counted (at most 6 decimals and 1,000,000,000 pieces)"))
        return false
    }
}

extension HubLink {
    /// The part that is counted.
    public static let stockPart = ProductPart.stock.shape.name

    /// What is known of the stock there; `rest` is what the link itself does not remember.
    public func stockSide(_ rest: StockSide?) -> StockSide {
        var side = rest ?? StockSide()
        side.shown = StockLevel.quantity(parts[Self.stockPart]?.seen)
        side.standing = StockLevel.quantity(parts[Self.stockPart]?.sent) ?? side.shown
        return side
    }

    /// The stock that a create of ours carried, where it may be what made a counterpart that shows so much or less of
    /// it: what is missing was sold there before anybody heard of it. One that shows more is somebody's own.
    public static func carriedStock(_ intent: Parts, shown: Parts) -> [String: LinkedPart] {
        guard let carried = intent[stockPart], let quantity = StockLevel.quantity(carried),
            let seen = StockLevel.quantity(shown[stockPart]), seen <= quantity
        else { return [:] }
        return [stockPart: LinkedPart(sent: carried, seen: carried)]
    }

    /// A write that carried these parts is known to have come, and with it the stock among them: one call writes a
    /// record whole or not at all.
    ///
    /// - Returns: What is known of the stock there by that; nil where that is nothing more.
    /// - Throws: `AmountError.overflow`.
    public mutating func come(
        _ wrote: Parts, _ known: StockSide, number: Int64
    ) throws(AmountError) -> StockSide? {
        guard let carried = StockLevel.quantity(wrote[Self.stockPart]), known.write?.quantity == carried else {
            return nil
        }
        var side = known
        try side.come(number: number)
        remember(side)
        return side
    }

    /// Remembers what the side shows and offers now.
    public mutating func remember(_ side: StockSide) {
        func level(_ quantity: ExactDecimal?, like json: JSON?) -> JSON? {
            quantity.map { StockLevel.json($0, like: json) } ?? json
        }
        var linked = parts[Self.stockPart] ?? LinkedPart()
        let isSame = StockLevel.quantity(linked.seen) == side.shown && StockLevel.quantity(linked.sent) == side.standing
        if !isSame { linked.isAccepted = true }
        linked.sent = level(side.standing, like: linked.sent)
        linked.seen = level(side.shown, like: linked.seen)
        parts[Self.stockPart] = linked
    }
}

extension HubRecord {
    /// What the hub has of it to sell; nil where it is not counted.
    public var sellable: ExactDecimal? { StockLevel.quantity(parts[HubLink.stockPart]?.value) }

    /// Moves the stock. False where it is not counted.
    ///
    /// - Throws: `AmountError.overflow`.
    mutating func moveStock(
        by quantity: ExactDecimal, origin: Int64, at changed: ChangeInterval
    ) throws(AmountError) -> Bool {
        guard let held = parts[HubLink.stockPart], var level = try? StockLevel(json: held.value), level.isTracked,
            let before = level.quantity
        else { return false }
        level.quantity = try before.plus(quantity)
        parts[HubLink.stockPart] = HubPart(value: level.json, origin: origin, changed: changed)
        return true
    }
}
