import Commerce
import Wire

/// A stock that was refused because it was compared with a number that had passed must be decided anew: sent once more
/// as it was, it takes back what was sold meanwhile.
extension World {
    /// How soon after the refusal the same number counts as the same wish, in seconds.
    static let sameWishSeconds = 15.0
    /// How long nobody may have moved pieces elsewhere, in seconds: else other news may lead to the same number.
    static let quietElsewhereSeconds = 180.0

    /// A number that was refused.
    struct RefusedCount: Sendable {
        var wish: Int
        /// What was there instead of what it was compared with.
        var found: Int
        var moves: Int
        var life: Int
        var at: Moment
    }

    /// Looks at a write that a comparing vendor answered.
    mutating func judgeComparing(_ call: Call, _ before: Shown, status: Int) {
        // Where pieces are dealt out, the same share may follow from another sum.
        // So it may where nothing is left to sell: whatever the sum is below nothing, none are offered.
        guard !knobs.depth.deals, vendors[call.vendor].nature.comparesStock,
            let id = vendors[call.vendor].countsSet(by: call.request).first,
            let good = before.goods.first(where: { $0.id == id }),
            let body = try? JSON(parsing: call.request.body), let wish = body["stock"]?.integer, wish > 0,
            let account = oracle.stock.accounts[good.number]
        else { return }
        let place = Oracle.Place(vendor: call.vendor, number: good.number)
        let refused = refusedCounts.removeValue(forKey: place)
        if status == 409 {
            guard body["stockWas"]?.integer == account.shown[call.vendor], account.isMoved(onlyAt: call.vendor, now)
            else { return }
            refusedCounts[place] = RefusedCount(
                wish: wish, found: good.stock, moves: account.moves, life: call.life, at: now)
            return
        }
        guard status < 300, let refused, refused.wish == wish, refused.found == good.stock,
            refused.moves == account.moves, refused.life == call.life,
            now.seconds(since: refused.at) <= Self.sameWishSeconds
        else { return }
        oracle.breach(
            "I3",
            "\(words(call.request, call.vendor)) sets \(good.number) to \(wish) once more, which was refused because "
                + "somebody had left \(good.stock) there meanwhile", now)
    }
}

extension StockBook.Account {
    /// Whether people moved pieces nowhere else for a while.
    fileprivate func isMoved(onlyAt vendor: Int, _ now: Moment) -> Bool {
        movedAt.allSatisfy { $0.key == vendor || now.seconds(since: $0.value) > World.quietElsewhereSeconds }
    }
}
