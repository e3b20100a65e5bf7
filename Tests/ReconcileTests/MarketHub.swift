import Commerce

@testable import Reconcile

/// A hub as small as can be: it asks, listens and writes as the real one does, and leaves every decision about stock to
/// the code that is judged.
final class MarketHub {
    private unowned let market: StockMarket
    private(set) var product: ProductStock
    /// What each order line moved.
    private(set) var moved: [String: [StockMovement]] = [:]
    private(set) var events: [OversellBound.Event] = []
    private(set) var told: [Int64: [OversellBound.Told]] = [:]
    /// The steps taken so far.
    private var number: Int64 = 1
    private var ids: Int64 = 0
    private var ordersAskedAt: [Int64: Int64] = [:]
    private var read: [Int64: Int] = [:]
    private var revision: [Int64: Int] = [:]
    private var known: Set<String> = []
    private var orderRevision: [String: Int] = [:]
    private var settledNumber: [Int64: Int64] = [:]
    private var seenAt: [Int64: Int] = [:]
    /// Sides whose write is on its way or unclear: reports of them wait.
    private var inFlight: Set<Int64> = []
    private var busy: Set<Int64> = []
    private var again: Set<Int64> = []
    private(set) var faults: [String] = []

    private let rule = OrderStockRule(lowersAt: [.processing])
    static let deadline = 8_000

    init(_ market: StockMarket) {
        self.market = market
        product = ProductStock(sellable: .zero, mode: market.habits.mode)
    }

    /// All shops are met: the first one's count is the hub's first level, the others offer nothing yet.
    func open() {
        product.sellable = ExactDecimal(StockMarket.start)
        for shop in market.shops {
            let quantity = ExactDecimal(shop.quantity)
            product.sides[shop.id] = StockSide(shown: quantity, standing: quantity)
            product.rules[shop.id] = OfferRule(buffer: ExactDecimal(market.habits.buffer), writing: shop.writing)
            ordersAskedAt[shop.id] = 0
            poll(shop)
        }
        announce()
    }

    private func poll(_ shop: FarShop) {
        guard market.isOpen else { return }
        market.after(5_000 + market.random.below(20_000)) { [self] in
            readOrders(shop) {}
            look(shop) { look in self.count(look, shop, isHint: false) }
            poll(shop)
        }
    }

    func pollAll() {
        for shop in market.shops {
            readOrders(shop) { self.work(shop) }
        }
    }

    // MARK: Hearing

    /// Goods that a person counts in at the hub itself.
    func receive(_ pieces: Int) {
        attempt { product.sellable = try product.sellable.plus(ExactDecimal(pieces)) }
        number += 1
        announce()
    }

    func hear(orderOf shop: FarShop, after lag: Int) {
        market.after(lag) { self.readOrders(shop) {} }
    }

    func hear(countOf shop: FarShop, after lag: Int) {
        let look = Look(quantity: shop.quantity, revision: shop.revision, askedAt: number, time: market.time)
        market.after(lag) { [self] in
            // What comes unasked is merged only where it is surely newer, else it is a reason to look.
            guard look.revision > revision[shop.id] ?? -1 else { return }
            count(look, shop, isHint: true)
        }
    }

    private struct Look {
        var quantity: Int
        var revision: Int
        var askedAt: Int64
        var time: Int
    }

    private func look(_ shop: FarShop, _ then: @escaping (Look) -> Void) {
        let (asked, time) = (number, market.time)
        market.after(market.lag()) { [self] in
            let look = Look(quantity: shop.quantity, revision: shop.revision, askedAt: asked, time: time)
            market.after(market.lag()) { then(look) }
        }
    }

    private func readOrders(_ shop: FarShop, _ then: @escaping () -> Void) {
        guard shop.showsOrders else { return then() }
        let asked = number
        market.after(market.lag()) { [self] in
            let from = read[shop.id] ?? 0
            let orders = shop.changes[from...].map { shop.orders[$0] }
            let end = shop.changes.count
            market.after(market.lag()) { [self] in
                for order in orders { absorb(order, shop) }
                read[shop.id] = max(read[shop.id] ?? 0, end)
                ordersAskedAt[shop.id] = max(ordersAskedAt[shop.id] ?? 0, asked)
                then()
            }
        }
    }

    private func absorb(_ order: FarShop.Order, _ shop: FarShop) {
        guard order.revision >= orderRevision[order.id] ?? 0 else { return }
        orderRevision[order.id] = order.revision
        let line = OrderLine(
            key: "1", name: "Tea", item: "7", quantity: ExactDecimal(order.quantity), subtotal: .zero(.lkr),
            total: .zero(.lkr), tax: .zero(.lkr))
        let stock = OrderStock(
            organization: 1, integration: shop.id, order: order.id, lines: [line],
            state: order.isCancelled ? .cancelled : .processing)
        attempt {
            let movements = OrderMovements(stock, rule: rule, moved: moved[order.id] ?? [])
            for step in try movements.passed() where known.insert(order.id).inserted {
                ids += 2
                try product.sides[shop.id]?.pass(
                    step.quantity, ids: (ids - 1, ids), number: number + 1,
                    happenedAt: Moment(milliseconds: Int64(order.placedAt)), ordersAskedAt: ordersAskedAt[shop.id])
                number += 1
            }
            known.insert(order.id)
            let missing = try movements.missing()
            guard !missing.isEmpty else { return }
            number += 1
            for movement in missing {
                ids += 1
                moved[order.id, default: []].append(movement)
                product.sellable = try product.sellable.plus(movement.quantity)
                try product.sides[shop.id]?.learn(
                    PendingMovement(
                        id: ids, quantity: movement.quantity, number: number,
                        happenedAt: movement.key.kind == .sale ? Moment(milliseconds: Int64(order.placedAt)) : nil),
                    ordersAskedAt: ordersAskedAt[shop.id])
                note(shop, movement.quantity, order.placedAt)
                tell("shop \(shop.id) order \(order.id) \(movement.quantity) learned at \(number); \(side(shop))")
            }
            announce()
        }
    }

    private func note(_ shop: FarShop, _ quantity: ExactDecimal, _ time: Int) {
        events.append(
            .init(
                side: shop.id, quantity: quantity, happenedAt: Moment(milliseconds: Int64(time)), number: number))
    }

    /// Merges a look nobody waits for.
    private func count(_ look: Look, _ shop: FarShop, isHint: Bool) {
        guard !inFlight.contains(shop.id), look.revision >= revision[shop.id] ?? 0,
            isHint || look.askedAt >= settledNumber[shop.id] ?? 0
        else { return work(shop) }
        if take(look, shop, isHint: isHint, isOrdersReadAfter: false) == .waits { work(shop) }
    }

    @discardableResult
    private func take(_ look: Look, _ shop: FarShop, isHint: Bool, isOrdersReadAfter: Bool) -> CountVerdict {
        var verdict = CountVerdict.explained
        attempt {
            guard var side = product.sides[shop.id] else { return }
            let before = side
            verdict = try side.count(
                StockLook(
                    ExactDecimal(look.quantity), askedAt: isHint ? nil : look.askedAt, number: number + 1,
                    areOrdersRead: shop.showsOrders, ordersAskedAt: ordersAskedAt[shop.id],
                    isOrdersReadAfter: isOrdersReadAfter))
            if side != before { number += 1 }
            product.sides[shop.id] = side
            if side != before || verdict != .explained {
                tell(
                    "shop \(shop.id) shows \(look.quantity) asked at \(look.askedAt) \(isHint ? "hint " : "")"
                        + "\(verdict); \(self.side(shop))")
            }
            if verdict != .waits { revision[shop.id] = look.revision }
            if case .adjusted(let residual) = verdict {
                product.sellable = try product.sellable.plus(residual)
                note(shop, residual, seenAt[shop.id] ?? 0)
            }
            if verdict != .waits { seenAt[shop.id] = look.time }
            if side != before { announce() }
        }
        return verdict
    }

    // MARK: Writing

    private func side(_ shop: FarShop) -> String {
        guard let side = product.sides[shop.id] else { return "" }
        let pending = side.pending.map { "\($0.quantity)@\($0.number)\($0.isVeiled ? "v" : "")" }
        let known = moved.values.joined().reduce(ExactDecimal(StockMarket.start + market.delivered)) {
            (try? $0.plus($1.quantity)) ?? $0
        }
        let off = (try? product.sellable.minus(known)) ?? .zero
        return "hub \(product.sellable) off \(off) truth \(market.truth): shown \(side.shown ?? .zero) standing "
            + "\(side.standing ?? .zero) \(pending) write \(side.write?.quantity.description ?? "-") gap "
            + "\(side.settledAt ?? 0)/\(ordersAskedAt[shop.id] ?? 0) rounds \(side.rounds)"
    }

    private func announce() {
        market.after(1) { [self] in for shop in market.shops where needs(shop) { work(shop) } }
    }

    private func needs(_ shop: FarShop) -> Bool {
        guard let side = product.sides[shop.id] else { return false }
        if side.isUnsettled || side.hasGap(ordersAskedAt: ordersAskedAt[shop.id]) { return true }
        return (try? product.offers()[shop.id]) != side.standing
    }

    /// One task per side at a time: read, decide, write.
    private func work(_ shop: FarShop) {
        guard busy.insert(shop.id).inserted else {
            again.insert(shop.id)
            return
        }
        let hasGap = product.sides[shop.id]?.hasGap(ordersAskedAt: ordersAskedAt[shop.id]) ?? false
        let first = hasGap ? { self.readOrders(shop, $0) } : { $0() }
        first { [self] in
            look(shop) { [self] look in
                inFlight.remove(shop.id)
                guard take(look, shop, isHint: false, isOrdersReadAfter: false) == .waits else { return write(shop) }
                readOrders(shop) { [self] in
                    let verdict = take(look, shop, isHint: false, isOrdersReadAfter: true)
                    verdict == .waits ? end(shop, again: true, after: 3_000) : write(shop)
                }
            }
        }
    }

    private func end(_ shop: FarShop, again isAgain: Bool, after lag: Int = 1) {
        busy.remove(shop.id)
        if again.remove(shop.id) != nil || isAgain { market.after(lag) { self.work(shop) } }
    }

    private func write(_ shop: FarShop) {
        guard var side = product.sides[shop.id], !side.isUnsettled,
            let offer = try? product.offers()[shop.id], let standing = side.standing, offer != standing,
            let wanted = offer.whole, let from = standing.whole, let shown = side.shown?.whole
        else { return end(shop, again: false) }
        let plannedAt = Moment(milliseconds: Int64(market.time))
        let planned = number
        side.plan(StockWrite(quantity: offer, from: standing, number: number, writing: shop.writing))
        product.sides[shop.id] = side
        inFlight.insert(shop.id)
        // Where neither orders nor the answer tell, nothing can: such a side answers.
        let isLost = shop.showsOrders && market.chance(market.habits.losesAnswers)
        let isMade = !isLost || market.chance(50)
        market.after(market.lag()) { [self] in
            let isTaken = isMade && shop.takes(wanted - from, from: shown)
            if isTaken {
                tell("shop \(shop.id) \(shop.quantity) is written from \(from) to \(wanted), lost \(isLost)")
                shop.move(shop.writing == .delta ? wanted - from : wanted - shop.quantity)
            }
            if isLost { return market.after(Self.deadline) { self.end(shop, again: true) } }
            let revision = shop.revision
            market.after(market.lag()) { [self] in
                settle(shop, isTaken: isTaken, revision: revision, planned, plannedAt)
            }
        }
    }

    private func settle(_ shop: FarShop, isTaken: Bool, revision: Int, _ planned: Int64, _ plannedAt: Moment) {
        inFlight.remove(shop.id)
        attempt {
            if isTaken {
                number += 1
                settledNumber[shop.id] = number
                try product.sides[shop.id]?.settle(answered: nil, number: number)
                self.revision[shop.id] = max(revision, self.revision[shop.id] ?? 0)
                told[shop.id, default: []].append(
                    .init(
                        number: planned, plannedAt: plannedAt, settledAt: Moment(milliseconds: Int64(market.time))))
            } else {
                product.sides[shop.id]?.drop()
            }
        }
        announce()
        end(shop, again: !isTaken)
    }

    /// What happened to a side, for whoever follows a seed.
    private func tell(_ words: @autoclosure () -> String) {
        if StockMarket.tellsStory { print(market.time, words()) }
    }

    private func attempt(_ action: () throws -> Void) {
        do { try action() } catch { faults.append("\(error)") }
    }

    // MARK: What it prints

    /// The bound of all channels together, in pieces.
    func bound() throws -> ExactDecimal {
        let offers = try product.offers()
        let now = Moment(milliseconds: Int64(market.time))
        return try ExactDecimal.sum(
            market.shops.map { shop in
                try OversellBound.measure(
                    .init(
                        side: shop.id, buffer: ExactDecimal(market.habits.buffer), writing: shop.writing,
                        isInStep: offers[shop.id] == product.sides[shop.id]?.standing, told: told[shop.id] ?? []),
                    mode: product.mode, events: events, now: now
                ).pieces
            })
    }
}
