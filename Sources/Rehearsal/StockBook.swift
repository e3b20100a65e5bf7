import Commerce

/// The oracle's own ledger of pieces: what people sold, counted and brought, good by good.
struct StockBook: Sendable {
    struct Account: Sendable {
        /// What there should be, everywhere.
        var expected: Int
        /// What people left of it, whatever was overwritten.
        var pieces: Int
        /// The vendors where it was ever to be had.
        var places: Set<Int>
        /// The stock at each vendor that the hub knows of: what was there when an answer last showed it.
        var shown: [Int: Int] = [:]
        /// Pieces that an absolute write erased, because they were sold between look and write.
        var erased = 0
        /// When a write of its stock to a vendor came to nothing, and the hub was not told so.
        var vain: [Int: Moment] = [:]
        /// How many pieces such writes were to take off, where and when.
        var vainlyTaken: [(vendor: Int, pieces: Int, at: Moment)] = []
        /// How many pieces such writes were to add, where and when.
        var vainlyAdded: [(vendor: Int, pieces: Int, at: Moment)] = []
        /// What the hub set each vendor's stock to last, and when; and how many pieces writes took off that came, and
        /// whose process died before it could remember it.
        var set: [Int: (quantity: Int, at: Moment)] = [:]
        var forgotten: [(vendor: Int, pieces: Int, at: Moment)] = []
        /// Writes that were decided and not remembered as made, by the hub's number of them.
        var unsentOffers: Set<Int64> = []
        /// Writes of a stock whose answer never came: what the far side then shows can be read in two ways.
        var unclear = 0
        /// Since when the hub has known the good at each vendor.
        var knownSince: [Int: Moment] = [:]
        /// Where the hub itself made it, and can find out that it did: it knows with how many pieces.
        var made: Set<Int> = []
        /// Pieces moved where the hub had never seen what others made, while it knew it from elsewhere: the first look
        /// decides.
        var isLoose = false
        /// How often people moved pieces, and when they last did at each vendor.
        var moves = 0
        /// Pieces moved at each vendor since it was last shown, and between the two last times.
        var fresh: [Int: Int] = [:]
        var seenOnce: [Int: Int] = [:]
        var movedAt: [Int: Moment] = [:]
        /// Pieces that came and that went at each vendor since it was last shown.
        var flow: [Int: (came: Int, went: Int)] = [:]
        /// Pieces that went, where and when; and when each vendor's stock was shown, and when the hub heard it.
        var gone: [(vendor: Int, pieces: Int, at: Moment)] = []
        var looks: [(vendor: Int, servedAt: Moment, cameAt: Moment)] = []
        /// Whether somebody bought, or counted, where the hub had neither put it up nor looked.
        var isUnlooked = false
        /// Whether pieces came and went at a vendor between two looks of the hub: then it saw the difference alone.
        var isMixed = false
        /// What happened at each vendor since the hub set a number there, until it asks for the orders again.
        var gaps: [Int: Gap] = [:]
        /// Pieces sold in such a time in which staff counted as well.
        var veilable = 0
        /// Pieces sold at each vendor that it offered, and that were not there any more.
        var oversold: [Int: Int] = [:]
        /// Whether it was taken away somewhere.
        var isCut = false
    }

    /// The time between a number that the hub set and its next question for the orders there.
    struct Gap: Sendable {
        var since: Moment
        var sold = 0
        var isCounted = false
    }

    /// How long a first look may take to become the hub's memory, in seconds.
    static let firstLookSeconds = 120.0

    var accounts: [String: Account] = [:]
    /// When each vendor's orders were served to the hub, and when it heard them.
    var orderReadings: [Int: [(servedAt: Moment, cameAt: Moment)]] = [:]

    /// People moved pieces at a vendor.
    mutating func moved(_ number: String, by quantity: Int, at vendor: Int, isNew: Bool, _ now: Moment) {
        guard var account = accounts[number] else {
            return accounts[number] = Account(expected: quantity, pieces: quantity, places: [vendor])
        }
        // A good that is put up for sale at another vendor brings no pieces: they are the ones there are.
        if !isNew {
            account.expected += quantity
            account.pieces += quantity
        }
        if quantity != 0 {
            account.moves += 1
            account.fresh[vendor, default: 0] += abs(quantity)
            account.movedAt[vendor] = now
            if quantity < 0 { account.gone.append((vendor, -quantity, now)) }
            account.flow[vendor, default: (0, 0)].came += max(0, quantity)
            account.flow[vendor, default: (0, 0)].went += max(0, -quantity)
        }
        account.places.insert(vendor)
        // With whom the hub finds the good first is its number; what was counted elsewhere by then it cannot know.
        if quantity != 0, !isNew, account.places.count > 1, account.shown[vendor] == nil { account.isUnlooked = true }
        let known = account.knownSince[vendor].map { now.seconds(since: $0) > Self.firstLookSeconds } ?? false
        if !known, !account.made.contains(vendor), isNew || account.knownSince.contains(where: { $0.key != vendor }) {
            account.isLoose = true
        }
        accounts[number] = account
    }

    mutating func opened(_ number: String, at vendor: Int, _ quantity: Int, isFound: Bool) {
        accounts[number]?.shown[vendor] = quantity
        if isFound { accounts[number]?.made.insert(vendor) }
    }

    /// The good is gone at a vendor, and with it what moved there since the hub last looked.
    mutating func left(_ number: String, _ vendor: Int, _ quantity: Int) {
        accounts[number]?.isCut = true
        accounts[number]?.made.remove(vendor)
        guard let last = accounts[number]?.shown.removeValue(forKey: vendor) else {
            // No answer ever showed it: the hub knows of it by calls at most, and those are in no order that tells
            // which was the last.
            if accounts[number]?.knownSince.isEmpty ?? false { accounts[number]?.isLoose = true }
            return
        }
        accounts[number]?.expected -= quantity - last
        // What one look showed is told apart from what orders say by a second look, and there is none any more.
        let untold = (accounts[number]?.fresh[vendor] ?? 0) + (accounts[number]?.seenOnce[vendor] ?? 0)
        accounts[number]?.erased += max(abs(quantity - last), untold)
    }

    /// The hub was shown a stock.
    mutating func showed(_ number: String, at vendor: Int, _ quantity: Int, _ servedAt: Moment, _ now: Moment) {
        accounts[number]?.looks.append((vendor, servedAt, now))
        accounts[number]?.shown[vendor] = quantity
        let fresh = accounts[number]?.fresh.removeValue(forKey: vendor)
        accounts[number]?.seenOnce[vendor] = fresh
        if let flow = accounts[number]?.flow.removeValue(forKey: vendor), flow.came > 0, flow.went > 0 {
            accounts[number]?.isMixed = true
        }
        if accounts[number]?.knownSince[vendor] == nil { accounts[number]?.knownSince[vendor] = servedAt }
    }

    /// How long the hub may not know that a write came to nothing, in seconds.
    static let vainSeconds = 300.0

    /// A write of a stock came to nothing, and its answer does not say so.
    mutating func missed(_ number: String, at vendor: Int, takingOff pieces: Int, _ now: Moment) {
        accounts[number]?.vain[vendor] = now
        if pieces > 0 { accounts[number]?.vainlyTaken.append((vendor, pieces, now)) }
        if pieces < 0 { accounts[number]?.vainlyAdded.append((vendor, -pieces, now)) }
    }

    /// A write of a stock was decided and never sent. One that is heard of again at a later death is the same.
    mutating func unsent(
        _ offer: Int64, of number: String, at vendor: Int, takingOff pieces: Int, leaving quantity: Int,
        _ now: Moment
    ) {
        guard accounts[number]?.unsentOffers.insert(offer).inserted ?? false else { return }
        if let set = accounts[number]?.set[vendor], set.quantity == quantity,
            now.seconds(since: set.at) <= World.unsettledSeconds
        {
            accounts[number]?.forgotten.append((vendor, pieces, set.at))
        }
        accounts[number]?.vainlyTaken.append((vendor, pieces, now))
    }

    /// Staff set a number. Where the hub does not know whether it set one before them, it keeps the smaller stock.
    mutating func counted(_ number: String, at vendor: Int, _ now: Moment) {
        accounts[number]?.gaps[vendor]?.isCounted = true
        guard let vain = accounts[number]?.vain[vendor], now.seconds(since: vain) < Self.vainSeconds else { return }
        accounts[number]?.unclear += 1
    }

    /// The hub overwrote a stock: pieces that moved since it was last shown one are erased with it.
    mutating func overwritten(
        _ number: String, at vendor: Int, before: Int, after: Int, isAnswered: Bool, _ now: Moment
    ) {
        guard var account = accounts[number] else { return }
        let erased = before - (account.shown[vendor] ?? before)
        account.expected -= erased
        account.erased += abs(erased)
        if !isAnswered { account.unclear += 1 }
        account.shown[vendor] = after
        account.set[vendor] = (after, now)
        account.closeGap(at: vendor)
        account.gaps[vendor] = Gap(since: now)
        accounts[number] = account
    }

    /// The hub was given a vendor's orders, which it had asked for at that time.
    mutating func ordersRead(at vendor: Int, askedAt: Moment, servedAt: Moment, _ now: Moment) {
        orderReadings[vendor, default: []].append((servedAt, now))
        for (number, account) in accounts {
            if let gap = account.gaps[vendor], askedAt >= gap.since { accounts[number]?.closeGap(at: vendor) }
        }
    }
}

extension StockBook.Account {
    /// A sale of which the hub learned before it had asked for the orders anew may lie under the number it had set, or
    /// may not. What then is shown tells that, but where staff counted as well: the hub keeps the smaller stock.
    fileprivate mutating func closeGap(at vendor: Int) {
        guard let gap = gaps.removeValue(forKey: vendor), gap.isCounted else { return }
        veilable += gap.sold
    }

    /// How many pieces too many the hub may have taken off at vendors that have no orders: there was a write to raise a
    /// number, it never came, and what was sold soon after it may be that and more; or one to lower it came, the hub
    /// forgot it, and what was sold soon after it may be all that is missing.
    func belied(at hasNoOrders: (Int) -> Bool) -> Int {
        var sum = 0
        for write in vainlyAdded + forgotten where hasNoOrders(write.vendor) {
            let isSold = gone.contains { sale in
                sale.vendor == write.vendor && sale.at >= write.at
                    && sale.at.seconds(since: write.at) < StockBook.vainSeconds
            }
            if isSold { sum += write.pieces }
        }
        return sum
    }

    /// How many pieces were bought just as many at a time as a write was to take off there that never came, soon after
    /// it: to the hub, which was not told, the piece that was sold and that write look the same.
    var mistakable: Int {
        var sum = 0
        var excused: Set<Int> = []
        for write in vainlyTaken {
            let sale = gone.indices.first { index in
                let sale = gone[index]
                return !excused.contains(index) && sale.vendor == write.vendor && sale.pieces == write.pieces
                    && sale.at >= write.at && sale.at.seconds(since: write.at) < StockBook.vainSeconds
            }
            guard let sale else { continue }
            excused.insert(sale)
            sum += write.pieces
        }
        return sum
    }
}
