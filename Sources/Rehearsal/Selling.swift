import Commerce

/// Pieces that were sold though there were none left, because a vendor had not heard of it yet.
extension StockBook {
    /// Somebody was sold pieces at a vendor that offered so many; what there was is less by them already.
    mutating func sold(_ number: String, _ quantity: Int, of offered: Int, at vendor: Int) {
        guard var account = accounts[number] else { return }
        // What a vendor sells beyond what it shows itself is nobody's fault but its own.
        if account.shown[vendor] == nil { account.isUnlooked = true }
        let over = min(quantity, max(0, offered)) - max(0, account.pieces + quantity)
        if over > 0 { account.oversold[vendor, default: 0] += over }
        account.gaps[vendor]?.sold += quantity
        accounts[number] = account
    }
}

extension StockBook.Account {
    /// Whether the hub could see every sale: none lay under a number it set, nothing came back or was counted anew
    /// between two of its looks, and it looked at the good wherever that was to be had. What it cannot see it does not
    /// measure (decision 0012).
    var isSeenWhole: Bool { !isMixed && erased == 0 && unclear == 0 && !isUnlooked && !isCut }
}

extension World {
    /// Somebody buys, and the oracle counts what was not there.
    mutating func sell(
        _ number: String, _ pieces: Int, to buyer: String, at vendor: Int, _ words: String
    ) -> Bool {
        let offered = vendors[vendor].shown(at: now).good(number)?.stock ?? 0
        let isSold = happen(at: vendor, words) { $0.sell(number, pieces, to: buyer, at: $1) != nil }
        if isSold { oracle.stock.sold(number, pieces, of: offered, at: vendor) }
        return isSold
    }
}

extension World {
    /// How long what the hub was shown may take to be understood, in seconds.
    static let understandingSeconds = 60.0

    /// A write of the hub that raises an offer may not offer what it knows to be sold: at most what people left, and
    /// what went where it has not looked since, or what looks to it like a write of its own.
    mutating func judgeRaising(_ before: Shown, _ after: Shown, _ write: Oracle.Write) {
        for good in after.goods where write.counts.contains(good.id) {
            guard let old = before.goods.first(where: { $0.id == good.id }), good.stock > old.stock,
                let account = oracle.stock.accounts[good.number], account.unclear == 0, !account.isLoose
            else { continue }
            let unknown = account.unknown(at: write.sentAt, oracle.stock.orderReadings) { vendors[$0].nature.isShop }
            let most = account.knowable + unknown
            coverage.deeds["raised", default: 0] += 1
            guard good.stock > most else { continue }
            oracle.breach(
                "I3",
                "\(good.stock) of \(good.number) are offered at \(vendors[write.vendor].name), where \(old.stock) "
                    + "were, though the hub could know of at most \(most) (\(write.words))", now)
        }
    }
}

extension StockBook.Account {
    /// How many pieces the hub may take there to be by what it has looked at.
    var knowable: Int { max(0, expected, pieces) + erased + mistakable }

    /// Pieces that went where the hub had not looked since, in time to understand it before that moment. Where there
    /// are orders, a look alone does not tell what it shows: they are read first, and that may not succeed at once.
    fileprivate func unknown(
        at moment: Moment, _ orderReadings: [Int: [(servedAt: Moment, cameAt: Moment)]], hasOrders: (Int) -> Bool
    ) -> Int {
        func isHeard(_ servedAt: Moment, _ cameAt: Moment, after one: Moment) -> Bool {
            servedAt >= one && moment.seconds(since: cameAt) >= World.understandingSeconds
        }
        var sum = 0
        for one in gone {
            let isSeen = looks.contains { $0.vendor == one.vendor && isHeard($0.servedAt, $0.cameAt, after: one.at) }
            let areOrdersRead = orderReadings[one.vendor]?.contains { isHeard($0.servedAt, $0.cameAt, after: one.at) }
            if !isSeen || hasOrders(one.vendor) && areOrdersRead != true { sum += one.pieces }
        }
        return sum
    }
}
