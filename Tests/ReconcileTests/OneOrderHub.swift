import Commerce

@testable import Reconcile

/// A shop that sells three of ten pieces in one order.
struct OneOrderShop {
    /// What becomes of the order.
    enum Ending: CaseIterable, Sendable {
        case kept, cancelled, refunded, refundedInPart

        /// The pieces that are out at the end.
        var out: Int {
            switch self {
            case .kept: OneOrderShop.sold
            case .cancelled, .refunded: 0
            case .refundedInPart: OneOrderShop.sold - 1
            }
        }
    }

    static let start = 10
    static let sold = 3

    let ending: Ending
    /// Whether it says by line what is out of stock.
    let tellsTaken: Bool
    var quantity = start
    /// 0 before the order, 1 once it is placed, 2 once it has ended.
    var version = 0

    func order(_ version: Int) -> OrderStock {
        func line(_ pieces: Int) -> OrderLine {
            OrderLine(
                key: "1", name: "Tea", item: "7", quantity: ExactDecimal(pieces), subtotal: .zero(.lkr),
                total: .zero(.lkr), tax: .zero(.lkr))
        }
        var order = OrderStock(
            organization: 1, integration: 1, order: "900", lines: [line(Self.sold)], state: .processing)
        if version == 2 {
            if ending == .cancelled { order.state = .cancelled }
            let back = Self.sold - ending.out
            if ending == .refunded || ending == .refundedInPart {
                order.refunds = [Refund(key: "R", amount: .zero(.lkr), at: Moment(seconds: 2), lines: [line(back)])]
            }
        }
        if tellsTaken { order.taken = ["1": ExactDecimal(version == 2 ? ending.out : Self.sold)] }
        return order
    }
}

/// A hub that hears of one order, and leaves every decision about stock to the code that is judged.
struct OneOrderHub {
    enum Event: Hashable {
        case sold, ended
        /// The order as it was in that version, told twice; the shop's stock as it was then.
        case orderHeard(Int)
        case orderHeardAgain(Int)
        case stockHeard(Int)
        /// Another channel sells a piece, and this one is to be told: what is sent was decided before.
        case soldElsewhere, written
    }

    private(set) var shop: OneOrderShop
    private(set) var side = StockSide(
        shown: ExactDecimal(OneOrderShop.start), standing: ExactDecimal(OneOrderShop.start))
    private(set) var sellable = ExactDecimal(OneOrderShop.start)
    private(set) var moved: [StockMovement] = []
    private(set) var adjusted: [ExactDecimal] = []
    private let writing: StockWriting
    private let rule = OrderStockRule(lowersAt: [.processing])
    private var number: Int64 = 1
    private var ids: Int64 = 0
    private var ordersAskedAt: Int64? = 0
    private var known = 0
    private var shownVersion = 0
    private var shown: [Int: Int] = [:]
    private var isInFlight = false

    init(_ shop: OneOrderShop, writing: StockWriting) {
        self.shop = shop
        self.writing = writing
    }

    mutating func meet(_ event: Event) throws {
        switch event {
        case .sold: change(by: -OneOrderShop.sold)
        case .ended: change(by: OneOrderShop.sold - shop.ending.out)
        case .orderHeard(let version), .orderHeardAgain(let version): try hear(version)
        case .stockHeard(let version): try hint(version)
        case .soldElsewhere:
            sellable = try sellable.minus(ExactDecimal(1))
            number += 1
            try lookUntilClear()
            try plan()
        case .written: try write()
        }
    }

    private mutating func change(by pieces: Int) {
        shop.version += 1
        shop.quantity += pieces
        shown[shop.version] = shop.quantity
    }

    // MARK: Hearing

    private mutating func hear(_ version: Int) throws {
        guard version >= known, version > 0 else { return }
        let movements = OrderMovements(shop.order(version), rule: rule, moved: moved)
        let placedAt = Moment(seconds: 1)
        for step in try known == 0 ? movements.passed() : [] {
            ids += 2
            try side.pass(
                step.quantity, ids: (ids - 1, ids), number: number + 1, happenedAt: placedAt,
                ordersAskedAt: ordersAskedAt)
            number += 1
        }
        known = version
        let missing = try movements.missing()
        guard !missing.isEmpty else { return }
        number += 1
        for movement in missing {
            ids += 1
            moved.append(movement)
            sellable = try sellable.plus(movement.quantity)
            try side.learn(
                PendingMovement(
                    id: ids, quantity: movement.quantity, number: number,
                    happenedAt: movement.key.kind == .sale ? placedAt : nil),
                ordersAskedAt: ordersAskedAt)
        }
    }

    /// What the shop says by itself is merged where it is newer than what is known, and while nothing is under way.
    private mutating func hint(_ version: Int) throws {
        guard !isInFlight, version > shownVersion, let quantity = shown[version] else { return }
        guard try count(quantity, askedAt: nil, isOrdersReadAfter: false) == .waits else {
            shownVersion = version
            return
        }
        try lookUntilClear()
    }

    private mutating func count(
        _ quantity: Int, askedAt: Int64?, isOrdersReadAfter: Bool
    ) throws -> CountVerdict {
        let before = side
        let verdict = try side.count(
            StockLook(
                ExactDecimal(quantity), askedAt: askedAt, number: number + 1, areOrdersRead: true,
                ordersAskedAt: ordersAskedAt, isOrdersReadAfter: isOrdersReadAfter))
        if side != before { number += 1 }
        if case .adjusted(let residual) = verdict {
            adjusted.append(residual)
            sellable = try sellable.plus(residual)
        }
        return verdict
    }

    /// Looks, reads the orders where the look cannot be explained, and looks again.
    private mutating func lookUntilClear() throws {
        for _ in 0..<StockSide.roundLimit {
            if side.hasGap(ordersAskedAt: ordersAskedAt) { try readOrders() }
            let (asked, version) = (number, shop.version)
            var verdict = try count(shop.quantity, askedAt: asked, isOrdersReadAfter: false)
            if verdict == .waits {
                try readOrders()
                verdict = try count(shop.quantity, askedAt: asked, isOrdersReadAfter: true)
            }
            guard verdict == .waits else {
                shownVersion = max(shownVersion, version)
                return
            }
        }
    }

    private mutating func readOrders() throws {
        let asked = number
        try hear(shop.version)
        ordersAskedAt = asked
    }

    // MARK: Writing

    private mutating func plan() throws {
        guard !side.isUnsettled, let standing = side.standing, standing != sellable else { return }
        side.plan(StockWrite(quantity: sellable, from: standing, number: number, writing: writing))
        isInFlight = true
    }

    /// The write that was decided reaches the shop, as its interface promises.
    private mutating func write() throws {
        guard isInFlight, let write = side.write, let new = write.quantity.whole, let from = write.from.whole else {
            return
        }
        isInFlight = false
        guard writing != .compared || shop.quantity == side.shown?.whole else { return side.drop() }
        shop.quantity = writing == .delta ? shop.quantity + new - from : new
        number += 1
        // What is shown is newer than every event so far.
        shownVersion = shop.version
        try side.settle(answered: nil, number: number)
    }

    /// Orders are read, the shop is looked at and told, until nothing is left to do.
    mutating func comeToRest() throws {
        if isInFlight { try write() }
        for _ in 0..<6 {
            try readOrders()
            try lookUntilClear()
            try plan()
            try write()
        }
    }
}
