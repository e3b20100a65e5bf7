import Commerce

/// Where every piece is dealt out to one vendor alone, nobody may sell what is not there: what all offer together is
/// never more than people left.
extension World {
    /// A write reached a vendor: may its good now be sold more often than there are pieces?
    mutating func judgeDealing(_ after: Shown, _ write: Oracle.Write) {
        for good in after.goods where write.counts.contains(good.id) {
            guard let account = oracle.stock.accounts[good.number] else { continue }
            let offered = offers(of: good.number)
            guard offered.total > max(0, account.pieces + account.mistakable) else { continue }
            oracle.breach(
                "I3",
                "\(offered.words) of \(good.number) are offered, and there are \(account.pieces) (\(write.words))", now)
        }
    }

    /// What a process has written of stock, and may not have heard or remembered when it dies.
    struct WrittenCount: Sendable {
        var number: String
        var life: Int
        var at: Moment
        /// Where it was refused: by how many pieces it was to lower what was there.
        var vainly: (vendor: Int, pieces: Int)?
    }

    /// How long a call and the commit that remembers its answer may take, in seconds.
    static let unsettledSeconds = 35.0

    mutating func noteCounts(_ after: Shown, _ write: Oracle.Write, _ life: Int) {
        writtenCounts.removeAll { now.seconds(since: $0.at) > Self.unsettledSeconds }
        for good in after.goods where write.counts.contains(good.id) {
            writtenCounts.append(WrittenCount(number: good.number, life: life, at: now))
        }
    }

    /// The process may forget what it has just heard: it dies, stands still, or cannot commit. What the far side then
    /// shows can be read in two ways, and the hub takes the one that leaves less to sell.
    mutating func doubtCounts(of life: Int) {
        for count in writtenCounts where count.life == life && now.seconds(since: count.at) <= Self.unsettledSeconds {
            if let vainly = count.vainly {
                oracle.stock.missed(count.number, at: vainly.vendor, takingOff: vainly.pieces, count.at)
            } else {
                oracle.stock.accounts[count.number]?.unclear += 1
            }
        }
        writtenCounts.removeAll { $0.life == life }
    }

    private func offers(of number: String) -> (total: Int, words: String) {
        let levels = vendors.compactMap { vendor in
            vendor.shown(at: now).good(number).map { (vendor.name, max(0, $0.stock)) }
        }
        return (levels.reduce(0) { $0 + $1.1 }, levels.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
    }
}

extension Oracle {
    /// At rest no piece is offered by two vendors, nearly all are offered, and none is lost on the way.
    func judgeDealt(_ shown: [Shown], _ facts: HubFacts, _ say: (String, String) -> Void) {
        for number in stock.accounts.keys.sorted() {
            guard let account = stock.accounts[number] else { continue }
            let levels = natures.indices.compactMap { vendor in
                shown[vendor].good(number).map { (natures[vendor].name, $0.stock) }
            }
            let told = levels.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
            let offered = levels.reduce(0) { $0 + max(0, $1.1) }
            if account.pieces + account.mistakable < 0 {
                say("I3", "\(-account.pieces) of \(number) are sold that never were (\(told))")
            }
            let isKept = (0...account.mistakable).contains((facts.stock[number] ?? 0) - account.pieces)
            if !isKept, account.unclear == 0 {
                say("I3", "stock of \(number) is \(facts.stock[number] ?? 0), and people left \(account.pieces)")
            }
            // A vendor is dealt anew when it is off by more than a fifth, or has sold out.
            let hub = max(0, facts.stock[number] ?? 0)
            if offered > hub || offered * 5 < hub * 4 - 5 * levels.count {
                say("L1", "of \(hub) pieces of \(number) \(offered) are offered: \(told)")
            }
        }
    }
}
