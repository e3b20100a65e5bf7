import Commerce
import Foundation

@testable import Reconcile

/// A shop as the market has it: what it really holds, whoever knows of it.
final class FarShop {
    struct Order {
        var id: String
        var quantity: Int
        var isCancelled = false
        /// Counts its changes: an older answer is told from a newer one.
        var revision = 0
        var placedAt: Int
    }

    let id: Int64
    let writing: StockWriting
    /// Whether its orders can be read.
    let showsOrders: Bool
    var quantity: Int
    var revision = 0
    var orders: [Order] = []
    /// The orders in the order of their changes: what a poll reads from where it left off.
    var changes: [Int] = []

    init(_ id: Int64, writing: StockWriting, showsOrders: Bool, quantity: Int) {
        self.id = id
        self.writing = writing
        self.showsOrders = showsOrders
        self.quantity = quantity
    }

    /// Whether it takes a new number as its interface promises.
    func takes(_ change: Int, from shown: Int) -> Bool {
        switch writing {
        case .absolute: true
        case .compared: quantity == shown
        case .delta: change > 0 || quantity + change >= 0
        }
    }

    func move(_ pieces: Int) {
        quantity += pieces
        revision += 1
    }
}

/// How one market is, chosen by its seed.
struct MarketHabits {
    var mode: StockMode
    var shops: [(writing: StockWriting, showsOrders: Bool)]
    var buffer: Int
    /// Whether goods that arrive are counted in at a shop, or at the hub.
    var countsInShops: Bool
    /// The longest one way of a call takes, in milliseconds.
    var latency: Int
    /// Of a hundred: writes whose answer is lost, events that are lost, orders cancelled later.
    var losesAnswers: Int
    var losesEvents: Int
    var cancels: Int
    /// The mean time between two buyers, in milliseconds.
    var pause: Int

    init(_ random: inout Seeded) {
        mode = random.below(2) == 0 ? .shared : .allotted
        let kind = random.below(4)
        shops = (0..<(2 + random.below(3))).map { _ in
            let atomic: StockWriting = random.below(2) == 0 ? .delta : .compared
            return (kind == 0 ? .absolute : kind == 1 ? atomic : [.absolute, .delta, .compared][random.below(3)], true)
        }
        // A number set over a sale that nobody can read is lost to everybody: such a side is not promised anything.
        if random.below(5) == 0, shops[shops.count - 1].writing.isAtomic { shops[shops.count - 1].showsOrders = false }
        countsInShops = random.below(3) == 0
        buffer = random.below(3) == 0 ? random.below(5) : 0
        latency = 20 + random.below(1_500)
        losesAnswers = random.below(15)
        losesEvents = random.below(60)
        cancels = random.below(10)
        pause = 20 + random.below(3_000)
    }

    /// Staff that count in a shop while the outcome of a write to it is unknown: nothing tells the two apart.
    var mayHaveLess: Bool { countsInShops && losesAnswers > 0 }
    var isAtomic: Bool { shops.allSatisfy { $0.writing.isAtomic } }
    var showsAllOrders: Bool { shops.allSatisfy(\.showsOrders) }
}

/// One product sold in several shops at once, buyers, staff, and a hub that hears of it late, twice or not at all.
///
/// What is true is kept here by adding and taking away, and by nothing the hub decides.
final class StockMarket {
    let seed: UInt64
    let habits: MarketHabits
    var random: Seeded
    private(set) var time = 0
    private var agenda = Agenda()
    private(set) var shops: [FarShop] = []
    /// What is really there to be sold.
    private(set) var truth: Int
    private(set) var sales = 0
    /// The goods that arrived since the start.
    private(set) var delivered = 0
    /// Pieces sold that were not there.
    private(set) var oversold = 0
    /// The most that all shops offered beyond what was there.
    private(set) var worstExposure = 0
    /// Whether the hub came to rest once nobody bought any more.
    private(set) var isAtRest = false
    /// Whether there was nothing more to be had although there is stock.
    private(set) var isStuck = false
    private(set) lazy var hub = MarketHub(self)
    private var wanted: Int

    static let start = 400
    static let tellsStory = ProcessInfo.processInfo.environment["CROSSDOCK_STORY"] != nil

    init(seed: UInt64, sales: Int) {
        self.seed = seed
        random = Seeded(seed)
        habits = MarketHabits(&random)
        wanted = sales
        truth = Self.start
        for (index, shop) in habits.shops.enumerated() {
            shops.append(
                FarShop(
                    Int64(index + 1), writing: shop.writing, showsOrders: shop.showsOrders,
                    quantity: index == 0 ? Self.start : 0))
        }
    }

    /// Sells until enough was sold, then lets the hub come to rest.
    func run() {
        hub.open()
        after(habits.pause) { self.buyer() }
        var steps = wanted * Self.stepsOfSale
        while sales < wanted, steps > 0, let next = agenda.next() {
            go(next)
            steps -= 1
        }
        isStuck = sales < wanted
        wanted = sales
        for _ in 0..<8 where rest() { hub.pollAll() }
        isAtRest = rest()
    }

    /// Whether the hub comes to rest within that many steps when nobody buys any more.
    private func rest() -> Bool {
        for _ in 0..<Self.restSteps {
            guard let next = agenda.next() else { return true }
            go(next)
        }
        return false
    }

    private static let restSteps = 20_000
    /// A market that takes more steps for its sales has stopped selling.
    private static let stepsOfSale = 400

    func after(_ milliseconds: Int, _ action: @escaping () -> Void) { agenda.add(time + milliseconds, action) }

    func lag() -> Int { 1 + random.below(habits.latency) }

    func chance(_ percent: Int) -> Bool { random.below(100) < percent }

    var isOpen: Bool { sales < wanted }

    private func go(_ entry: Agenda.Entry) {
        time = entry.time
        entry.action()
        let offered = shops.reduce(0) { $0 + max(0, $1.quantity) }
        let exposure = offered - max(0, truth)
        if Self.tellsStory, exposure > worstExposure {
            print(time, "exposed by \(exposure):", shops.map(\.quantity), "truth", truth)
        }
        worstExposure = max(worstExposure, exposure)
    }

    // MARK: People

    private func buyer() {
        guard isOpen else { return }
        after(random.below(habits.pause * 2) + 1) { self.buyer() }
        let shop = shops[random.below(shops.count)]
        let pieces = 1 + random.below(3)
        if truth < 20 || isForgotten, random.below(20) == 0 { deliver(to: shop) }
        // A shop sells what it shows, and no more.
        guard shop.quantity >= pieces else { return }
        sales += 1
        oversold += min(pieces, max(0, pieces - max(0, truth)))
        truth -= pieces
        shop.move(-pieces)
        shop.orders.append(
            .init(id: "\(shop.id)-\(shop.orders.count)", quantity: pieces, placedAt: time))
        tell(shop, order: shop.orders.count - 1)
        if chance(habits.cancels) {
            let index = shop.orders.count - 1
            after(random.below(20_000)) { self.cancel(index, at: shop) }
        }
    }

    /// Where the hub may have less on record than is there, the shops run dry before the shelf does: goods are
    /// ordered then, too.
    private var isForgotten: Bool {
        habits.mayHaveLess && hub.product.sellable < ExactDecimal(truth) && shops.allSatisfy { $0.quantity <= 0 }
    }

    private func cancel(_ index: Int, at shop: FarShop) {
        shop.orders[index].isCancelled = true
        shop.orders[index].revision += 1
        truth += shop.orders[index].quantity
        shop.move(shop.orders[index].quantity)
        tell(shop, order: index)
    }

    /// Goods arrive. The staff count them in: in that shop, or in the hub where the shop would take a number that the
    /// hub sets for more true than theirs.
    private func deliver(to shop: FarShop) {
        let pieces = 200 + random.below(300)
        truth += pieces
        delivered += pieces
        guard habits.countsInShops, shop.writing.isAtomic else { return hub.receive(pieces) }
        shop.move(pieces)
        hub.hear(countOf: shop, after: lag())
    }

    private func tell(_ shop: FarShop, order: Int) {
        shop.changes.append(order)
        if !chance(habits.losesEvents) { hub.hear(orderOf: shop, after: lag()) }
        if !chance(habits.losesEvents) { hub.hear(countOf: shop, after: lag()) }
    }
}

/// What happens when, the earlier first, and of one moment in the order it was planned.
struct Agenda {
    struct Entry {
        var time: Int
        var number: Int
        var action: () -> Void
    }

    private var heap: [Entry] = []
    private var count = 0

    mutating func add(_ time: Int, _ action: @escaping () -> Void) {
        count += 1
        heap.append(Entry(time: time, number: count, action: action))
        var child = heap.count - 1
        while child > 0, isEarlier(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> Entry? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if heap.isEmpty { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [parent * 2 + 1, parent * 2 + 2] where child < heap.count && isEarlier(child, least) {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func isEarlier(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].number) < (heap[right].time, heap[right].number)
    }
}
