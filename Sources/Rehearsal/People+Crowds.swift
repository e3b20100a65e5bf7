import Commerce
import Wire

/// Where people come in crowds, one deed follows the other within a second, and often it is about the same good: what
/// the hub reads, decides and writes then lies between two deeds.
extension World {
    /// How often the next deed comes with the crowd, and how soon it then comes, in seconds.
    static let crowdShare = 0.6
    static let crowdSeconds = 0.05...0.6
    /// How often somebody is busy in a shop in the very second its list is read.
    static let aroundShare = 0.4
    /// How often somebody buys while a stock that is compared first is on its way.
    static let meanwhileShare = 0.5

    /// How often two people edit two parts of one good at two places at the same moment.
    static let togetherShare = 0.15

    /// Somebody renames a good, and somebody else gives it another price elsewhere. False when it is not to be had at
    /// two places.
    mutating func editTogether() -> Bool {
        let vendor = minds.below(vendors.count)
        guard let number = minds.pick(vendors[vendor].shown(at: now).goods.map(\.number)) else { return false }
        let others = vendors.indices.filter { $0 != vendor && vendors[$0].shown(at: now).good(number) != nil }
        guard let other = minds.pick(others), rename(number, at: vendor) else { return false }
        let price = newPrice()
        return happen(at: other, "reprices \(number) to \(price)") { $0.reprice(number, to: price, at: $1) }
    }

    /// The good the crowd is about; nil where there is none, or it is not to be had there.
    mutating func crowdedGood(_ goods: [ShownGood]) -> String? {
        guard knobs.breadth.crowds, minds.happens(0.6), let lastTouched,
            goods.contains(where: { $0.number == lastTouched })
        else { return nil }
        return lastTouched
    }

    /// Whether somebody edits goods right before and right after this reading, within its second.
    mutating func isBusyAround(_ request: HTTPRequest) -> Bool {
        guard isStormy, knobs.breadth.crowds, request.method == "GET" else { return false }
        let asksForChanges = request.address.query.contains { ["modified_after", "since"].contains($0.name) }
        return asksForChanges && minds.happens(Self.aroundShare)
    }

    /// Somebody renames a good there, whichever.
    mutating func renameSomething(at vendor: Int) {
        guard let number = minds.pick(vendors[vendor].shown(at: now).goods.map(\.number)) else { return }
        if rename(number, at: vendor) { coverage.did("renameAround") }
    }

    /// Somebody may buy a piece of what the hub is just about to count there; not where the call is lost, for then the
    /// piece that was sold and the write that never came look the same to everybody.
    mutating func buyMeanwhile(_ request: HTTPRequest, at vendor: Int) {
        guard isStormy, knobs.breadth.comparesStock, vendors[vendor].nature.comparesStock else { return }
        let ids = vendors[vendor].countsSet(by: request)
        guard let good = vendors[vendor].shown(at: now).goods.first(where: { ids.contains($0.id) }),
            minds.happens(Self.meanwhileShare)
        else { return }
        let isSold = sell(good.number, 1, to: "meanwhile@example.com", at: vendor, "sells 1 of \(good.number)")
        if isSold { coverage.did("buyMeanwhile") }
    }
}
