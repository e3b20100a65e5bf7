import Commerce

/// What shoppers and staff do: at the vendors, where the hub sees it later, and at the hub's own console.
extension World {
    /// What somebody does at the hub's console.
    enum HubDeed: Sendable {
        case decideConflict
        case retryWaiting
        case checkRefused
    }

    private enum Deed: String, CaseIterable {
        case rename
        case reprice
        case count
        case sell
        case add
        case remove
        case turnOrder
        case renameAtTwoPlaces
        case atTheHub

        /// How often, beside the others.
        var weight: Int {
            switch self {
            case .rename: 18
            case .reprice: 14
            case .count: 5
            case .sell: 22
            case .add: 6
            case .remove: 2
            case .turnOrder: 8
            case .renameAtTwoPlaces: 6
            case .atTheHub: 8
            }
        }
    }

    /// Somebody does something. What is to be done at the hub is handed back.
    mutating func somebodyActs() -> HubDeed? {
        if knobs.breadth.takesBack, minds.happens(Self.takingBackShare) {
            if takeBack() { coverage.did("takeBack") }
            return nil
        }
        if knobs.breadth.crowds, minds.happens(Self.togetherShare) {
            if editTogether() { coverage.did("editTogether") }
            return nil
        }
        var draw = minds.below(Deed.allCases.reduce(0) { $0 + $1.weight })
        let deed = Deed.allCases.first { deed in
            draw -= deed.weight
            return draw < 0
        }
        guard let deed else { return nil }
        if deed == .atTheHub {
            return minds.pick([.decideConflict, .decideConflict, .retryWaiting, .checkRefused])
        }
        let vendor = minds.below(vendors.count)
        let goods = vendors[vendor].shown(at: now).goods
        let number = crowdedGood(goods) ?? minds.pick(goods.map(\.number)) ?? ""
        let isDone: Bool
        switch deed {
        case .add: isDone = add(at: vendor)
        case .turnOrder: isDone = turnAnOrder(at: vendor)
        case .renameAtTwoPlaces:
            isDone = rename(number, at: vendor)
            let other = minds.below(vendors.count)
            if isDone, other != vendor { _ = rename(number, at: other) }
        default: isDone = goods.isEmpty ? false : act(deed, number, at: vendor)
        }
        if isDone { coverage.did(deed.rawValue) }
        if isDone, !number.isEmpty { lastTouched = number }
        return nil
    }

    private mutating func act(_ deed: Deed, _ number: String, at vendor: Int) -> Bool {
        switch deed {
        case .rename: return rename(number, at: vendor)
        case .reprice:
            let price = newPrice()
            return happen(at: vendor, "reprices \(number) to \(price)") { $0.reprice(number, to: price, at: $1) }
        case .count:
            let quantity = minds.below(60)
            guard !knobs.depth.deals else { return false }
            oracle.stock.counted(number, at: vendor, now)
            return happen(at: vendor, "counts \(quantity) of \(number)") { $0.count(number, to: quantity, at: $1) }
        case .sell:
            let (pieces, buyer) = (minds.within(1...3), "buyer\(minds.below(6))@example.com")
            return sell(number, pieces, to: buyer, at: vendor, "sells \(pieces) of \(number)")
        case .remove:
            guard !knobs.depth.deals else { return false }
            coverage.reached("a good was deleted at a vendor")
            return happen(at: vendor, "deletes \(number)") { $0.remove(number, at: $1) }
        default: return false
        }
    }

    mutating func rename(_ number: String, at vendor: Int) -> Bool {
        guard !number.isEmpty else { return false }
        let words = ["Tea", "Coffee & Milk", "Rice 5kg", "Soap <mild>", "Lamp"]
        lastRenamed = Oracle.Place(vendor: vendor, number: number)
        let name = "\(minds.pick(words) ?? "") no. \(self.number())"
        return happen(at: vendor, "renames \(number) to \"\(name)\"") { $0.rename(number, to: name, at: $1) }
    }

    /// A price nobody has asked before.
    mutating func newPrice() -> String { Cents.text(Int64(10_000 + number() * 7)) }

    private mutating func add(at vendor: Int) -> Bool {
        let id = number()
        let good = NewGood(number: "t\(id)", name: "Thing no. \(id)", price: newPrice(), stock: minds.within(0...40))
        return happen(at: vendor, "puts up \(good.number), \(good.stock) pieces") { $0.add(good, at: $1) }
    }

    /// Does with stuck jobs what they ask for: looks whether an unclear create is there, then drops or retries it.
    mutating func lookAfter(_ stuck: [HubFacts.WaitingJob]) -> (dropped: [Int64], retried: [Int64]) {
        var (dropped, retried): ([Int64], [Int64]) = ([], [])
        for job in stuck {
            if isInTheWayOfErasing(job) {
                dropped.append(job.id)
                oracle.dropped.insert("\(job.integration): \(job.source)")
                continue
            }
            // A change whose fate is unclear is tried again; only of a create it must be looked whether it is there.
            guard let vendor = vendors.firstIndex(where: { $0.name == job.integration }), job.hasIntent, !job.isLinked
            else {
                retried.append(job.id)
                continue
            }
            coverage.reached("a create waits for a person")
            let shown = vendors[vendor].shown(at: now)
            let isThere =
                job.source.isEmpty
                ? shown.good(job.number) != nil : shown.documents.contains { $0.source == job.source }
            if isThere {
                dropped.append(job.id)
                oracle.dropped.insert("\(job.integration): \(job.source)")
            } else {
                retried.append(job.id)
            }
        }
        return (dropped, retried)
    }

    private mutating func turnAnOrder(at vendor: Int) -> Bool {
        guard let order = minds.pick(vendors[vendor].shown(at: now).orders),
            let turn = minds.pick(OrderTurn.allCases)
        else { return false }
        return happen(at: vendor, "order \(order.id): \(turn.rawValue)") { $0.turn(order: order.id, turn, at: $1) }
    }

    /// Lets people do something at a vendor, and the oracle see it.
    mutating func happen(
        at vendor: Int, _ words: String, _ deed: (inout any Vendor, Moment) -> Bool
    ) -> Bool {
        let before = vendors[vendor].shown(at: now)
        guard deed(&vendors[vendor], now) else { return false }
        oracle.acted(before, vendors[vendor].shown(at: now), at: vendor, now)
        step("\(vendors[vendor].name): somebody \(words)")
        return true
    }
}
