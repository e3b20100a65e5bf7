import Commerce

/// One order as its stock sees it.
public struct OrderStock: Hashable, Sendable {
    public var organization: Int64
    public var integration: Int64
    /// The order's id at the side that issued it.
    public var order: String
    public var lines: [OrderLine]
    public var refunds: [Refund]
    public var state: OrderState
    /// What the issuer says has left its stock, by line; nil where it does not say, and the rule must.
    public var taken: [String: ExactDecimal]?

    /// One order as its stock sees it.
    public init(
        organization: Int64, integration: Int64, order: String, lines: [OrderLine], refunds: [Refund] = [],
        state: OrderState, taken: [String: ExactDecimal]? = nil
    ) {
        self.organization = organization
        self.integration = integration
        self.order = order
        self.lines = lines
        self.refunds = refunds
        self.state = state
        self.taken = taken
    }
}

/// Derives an order's stock movements from what it says now and what it has moved already.
///
/// It looks at the state reached, not at the event that reported it: reading an order again moves nothing, and an event
/// that was missed is made up for by the next look.
public struct OrderMovements: Sendable {
    private let order: OrderStock
    private let rule: OrderStockRule
    private let movedByLine: [String: [StockMovement]]

    /// A derivation.
    ///
    /// - Parameters:
    ///   - order: The order as it is now.
    ///   - rule: When its issuer moves stock.
    ///   - moved: All movements this order has made so far.
    public init(_ order: OrderStock, rule: OrderStockRule, moved: [StockMovement]) {
        self.order = order
        self.rule = rule
        movedByLine = Dictionary(grouping: moved, by: \.key.line)
    }

    /// The movements that are still to be made, in the order of the lines.
    ///
    /// - Throws: `AmountError.overflow`.
    public func missing() throws(AmountError) -> [StockMovement] {
        if let taken = order.taken { return try missing(asTaken: taken) }
        var result: [StockMovement] = []
        for line in order.lines { result += try missing(of: line) }
        let present = Set(order.lines.map(\.key))
        for key in movedByLine.keys.sorted() where !present.contains(key) {
            // The line was taken out of the order: what it has sold, less what came back, is in stock again.
            guard let first = movedByLine[key]?.first else { continue }
            let target = try ExactDecimal.sum(restocks(key).map(\.quantity)).negated()
            result += try adjusted(key, item: first.item, sku: first.sku, to: target)
        }
        return result
    }

    /// Where the issuer says what is out, nothing has to be concluded from states and refunds.
    private func missing(asTaken taken: [String: ExactDecimal]) throws(AmountError) -> [StockMovement] {
        var result: [StockMovement] = []
        let gone = movedByLine.keys.filter { key in !order.lines.contains { $0.key == key } }.sorted()
        for key in order.lines.map(\.key) + gone {
            let made = movedByLine[key] ?? []
            let line = order.lines.first { $0.key == key }
            #if Mutations
                if Mutation.removedLineStaysSold.isPlanted, line == nil { continue }
            #endif
            let out = try (taken[key] ?? .zero).negated()
            let difference = try out.minus(ExactDecimal.sum(made.map(\.quantity)))
            guard difference != .zero else { continue }
            let kind = try refund(of: line, quantity: difference, made: made).map(MovementKind.restock(refund:))
            result.append(
                StockMovement(
                    key: self.key(key, kind ?? nextKind(after: made.filter { !$0.key.kind.isRestock })),
                    item: line?.item ?? made.first?.item, sku: line?.sku ?? made.first?.sku ?? "", quantity: difference)
            )
        }
        return result
    }

    /// The refund that brought these pieces of a line back; nil where none did.
    private func refund(
        of line: OrderLine?, quantity: ExactDecimal, made: [StockMovement]
    ) throws(AmountError) -> String? {
        guard let line, quantity > .zero, !isRestored else { return nil }
        let known = Set(made.map(\.key))
        for refund in order.refunds where !known.contains(key(line.key, .restock(refund: refund.key))) {
            let lines = refund.lines.filter { target(of: $0) == line.key }.map(\.quantity)
            if try ExactDecimal.sum(lines).magnitude() == quantity { return refund.key }
        }
        return nil
    }

    /// What was sold and put back before the order was first read: nothing has moved, but what was shown
    /// or set in between knows of the one alone.
    ///
    /// Where the issuer says what is out, that is also what a refund has brought back by then: the rest alone moves.
    ///
    /// - Throws: `AmountError.overflow`.
    public func passed() throws(AmountError) -> [StockMovement] {
        guard movedByLine.isEmpty, isRestored || order.taken != nil else { return [] }
        var steps: [StockMovement] = []
        for line in order.lines {
            var back = line.quantity
            if !isRestored {
                let gone = try line.quantity.minus(order.taken?[line.key] ?? .zero)
                back = min(gone, try refunded(line))
            }
            guard back > .zero else { continue }
            steps.append(StockMovement(key: key(line.key, .sale), item: line.item, sku: line.sku, quantity: back))
        }
        return steps
    }

    private func refunded(_ line: OrderLine) throws(AmountError) -> ExactDecimal {
        var sum = ExactDecimal.zero
        for refund in order.refunds {
            for refunded in refund.lines where target(of: refunded) == line.key {
                sum = try sum.plus(refunded.quantity.magnitude())
            }
        }
        return sum
    }

    private var isRestored: Bool { rule.restoresAt.contains(order.state) }

    private func missing(of line: OrderLine) throws(AmountError) -> [StockMovement] {
        let hasSold = !(movedByLine[line.key] ?? []).isEmpty
        guard hasSold || rule.lowersAt.contains(order.state) else { return [] }
        // An order that is restored gets no new restocks: everything that is still out comes back at once.
        if isRestored {
            let target = try ExactDecimal.sum(restocks(line.key).map(\.quantity)).negated()
            return try adjusted(line.key, item: line.item, sku: line.sku, to: target)
        }
        let sold = try adjusted(line.key, item: line.item, sku: line.sku, to: line.quantity.negated())
        return try sold + returned(line)
    }

    /// What brings a line's movements, its restocks apart, to the wanted sum.
    private func adjusted(
        _ line: String, item: String?, sku: String, to target: ExactDecimal
    ) throws(AmountError) -> [StockMovement] {
        let made = (movedByLine[line] ?? []).filter { !$0.key.kind.isRestock }
        let difference = try target.minus(ExactDecimal.sum(made.map(\.quantity)))
        if difference == .zero { return [] }
        return [StockMovement(key: key(line, nextKind(after: made)), item: item, sku: sku, quantity: difference)]
    }

    private func nextKind(after made: [StockMovement]) -> MovementKind {
        if made.isEmpty { return .sale }
        if isRestored, !made.contains(where: { $0.key.kind == .cancellation }) { return .cancellation }
        let numbers = made.compactMap { if case .correction(let number) = $0.key.kind { number } else { nil } }
        return .correction((numbers.max() ?? 0) + 1)
    }

    private func returned(_ line: OrderLine) throws(AmountError) -> [StockMovement] {
        guard rule.refundsRestock else { return [] }
        let made = Set(restocks(line.key).map(\.key))
        var result: [StockMovement] = []
        for refund in order.refunds {
            let quantities = refund.lines.filter { target(of: $0) == line.key }.map(\.quantity)
            let quantity = try ExactDecimal.sum(quantities).magnitude()
            let key = key(line.key, .restock(refund: refund.key))
            guard quantity != .zero, !made.contains(key) else { continue }
            result.append(StockMovement(key: key, item: line.item, sku: line.sku, quantity: quantity))
        }
        return result
    }

    // A refund's line names the order's line by key; vendors that do not are matched by the item, if one line alone
    // has it.
    private func target(of refunded: OrderLine) -> String? {
        if order.lines.contains(where: { $0.key == refunded.key }) { return refunded.key }
        guard let item = refunded.item else { return nil }
        let matches = order.lines.filter { $0.item == item }
        return matches.count == 1 ? matches.first?.key : nil
    }

    private func restocks(_ line: String) -> [StockMovement] {
        (movedByLine[line] ?? []).filter(\.key.kind.isRestock)
    }

    private func key(_ line: String, _ kind: MovementKind) -> MovementKey {
        MovementKey(
            organization: order.organization, integration: order.integration, order: order.order, line: line, kind: kind
        )
    }
}

extension MovementKind {
    /// Whether a refund brought the pieces back.
    var isRestock: Bool { if case .restock = self { true } else { false } }
}
