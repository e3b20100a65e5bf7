import Commerce
import Wire

/// Guests who buy once and ask to be forgotten: the hub erases them while things go wrong.
///
/// Drawn apart from all else, and with a chance of its own, so that a seed without any of it is what it was before
/// there was this.
struct Departures: Sendable {
    /// How many of them there are; none in most seeds.
    var count = 0
    var chance = Chance(0)

    /// How many of a hundred seeds that seal have it.
    static let sharePercent = 50
    private static let salt: UInt64 = 0x5EED_0000_F0E6_0073
    /// When each buys, in seconds from the beginning, and when he asks to be forgotten, in seconds after that.
    static let buyingSeconds = 5.0...600.0
    static let askingSeconds = 1.0...300.0
    /// How long after a try that came to nothing the next is made, in seconds.
    static let againSeconds = 25.0
    /// Rare states.
    static let state = "a person was erased"
    static let earlyState = "a person was erased while things went wrong"

    /// Nobody.
    init() {}

    /// Who goes in a seed whose hub seals.
    init(seed: UInt64) {
        var chance = Chance(seed ^ Self.salt)
        _ = chance.next()
        guard chance.below(100) < Self.sharePercent else { return }
        count = 1 + chance.below(3)
        self.chance = chance
    }

    /// In words; empty for nobody.
    var words: String { count == 0 ? "" : ", \(count) of them ask to be forgotten" }
}

/// Somebody who buys once and asks to be forgotten.
struct Leaver: Sendable {
    var number: Int
    /// Where he bought, and his order there; nil until he has.
    var vendor = 0
    var order: String?
    var erasedAt: Moment?
    /// What stood in the way the last time.
    var obstacle = "nobody tried"

    var email: String { "leaver\(number)@example.com" }
}

extension World {
    mutating func planDepartures() {
        for number in 0..<knobs.departures.count {
            leavers.append(Leaver(number: number))
            agenda.add(.guest(number), at: now.adding(seconds: departureChance.seconds(Departures.buyingSeconds)))
        }
    }

    /// Somebody buys who will ask to be forgotten.
    mutating func leaverBuys(_ number: Int) {
        guard isStormy else { return }
        let vendor = departureChance.below(knobs.shops)
        guard let good = departureChance.pick(vendors[vendor].shown(at: now).goods.map(\.number)) else { return }
        let (email, known) = (leavers[number].email, Set(vendors[vendor].shown(at: now).orders.map(\.id)))
        guard sell(good, 1, to: email, at: vendor, "sells 1 of \(good) to \(email)") else { return }
        leavers[number].vendor = vendor
        leavers[number].order = vendors[vendor].shown(at: now).orders.map(\.id).first { !known.contains($0) }
        agenda.add(.erasure(number), at: now.adding(seconds: departureChance.seconds(Departures.askingSeconds)))
    }

    /// Who is to be erased now; nil where it is done. It is tried again later, whatever becomes of it.
    mutating func nextErasure(_ number: Int) -> Leaver? {
        guard leavers[number].erasedAt == nil else { return nil }
        agenda.add(.erasure(number), at: now.adding(seconds: Departures.againSeconds))
        return leavers[number]
    }

    mutating func isErased(_ number: Int) {
        guard leavers[number].erasedAt == nil else { return }
        leavers[number].erasedAt = now
        coverage.reached(Departures.state)
        if isStormy { coverage.reached(Departures.earlyState) }
        step("somebody at the hub erased \(leavers[number].email)")
    }

    /// Whether somebody cannot be erased before people have done with this job: what was booked of his order and then
    /// edited waits for them. They leave the book as it is.
    func isInTheWayOfErasing(_ job: HubFacts.WaitingJob) -> Bool {
        guard job.error.contains("edited after it was booked") else { return false }
        return leavers.contains { leaver in
            leaver.erasedAt == nil && leaver.order.map { "\(vendors[leaver.vendor].name)/\($0)" } == job.source
        }
    }

    /// The hub tells nobody of who was erased.
    mutating func judgeForgetting(_ request: HTTPRequest) {
        let erased = leavers.filter { $0.erasedAt != nil }
        guard !erased.isEmpty else { return }
        let place = "\(request.method) \(request.address.host)\(request.address.path)"
        let query = request.address.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let text = "\(place) \(query) " + String(decoding: request.body, as: UTF8.self)
        for leaver in erased where text.contains(leaver.email) {
            oracle.breach("I10", "\(place) is told of \(leaver.email), who was erased", now)
        }
    }

    /// Who is not erased yet, though he asked for it.
    var unforgotten: [Oracle.Breach] {
        leavers.filter { $0.order != nil && $0.erasedAt == nil }.map {
            Oracle.Breach(
                invariant: "L1", words: "\($0.email) could not be erased: \($0.obstacle)", at: Moment(seconds: 0))
        }
    }
}
