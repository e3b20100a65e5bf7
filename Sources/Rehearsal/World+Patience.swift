import Commerce
import Wire

/// A vendor that asked to be left alone.
struct Plea: Sendable {
    var from: Moment
    var until: Moment
    /// Calls that came all the same.
    var calls = 0
}

/// How often a vendor is called that asked to be left alone, and how many writes follow from what people do: both have
/// bounds.
extension World {
    /// How long what is under way may still call, in seconds.
    static let patienceGraceSeconds = 2.0
    /// How many calls of what was under way, in all processes, may come all the same.
    static let patienceSlack = 25

    /// A vendor's answer asks to be left alone.
    mutating func askForPatience(_ response: HTTPResponse, of vendor: Int) {
        let seconds = response.headers["Retry-After"].map { Int($0) ?? 60 } ?? 0
        let until = now.adding(seconds: Double(seconds))
        guard seconds > 0, pleas[vendor].map({ $0.until < until }) ?? true else { return }
        pleas[vendor] = Plea(from: now.adding(seconds: Self.patienceGraceSeconds), until: until)
    }

    /// A request is sent off to it.
    mutating func countUnasked(at vendor: Int) {
        guard isStormy, var plea = pleas[vendor], plea.from <= now, now < plea.until else { return }
        plea.calls += 1
        pleas[vendor] = plea
        coverage.mostUnasked = max(coverage.mostUnasked, plea.calls)
        guard plea.calls == Self.patienceSlack + 1 else { return }
        oracle.breach(
            "I9", "\(vendors[vendor].name) asked to be left alone, and was called \(plea.calls) times before its time",
            now)
    }

    /// What the hub writes follows from what people did: so many vendors for each of their deeds, and once more for
    /// each call that did not come to a good end.
    mutating func judgeWrites() {
        let deeds =
            oracle.editCount + oracle.stock.accounts.values.reduce(0) { $0 + $1.moves + 1 }
            + coverage.deeds.values.reduce(0, +) + oracle.orders.count
        let faults = coverage.faults.values.reduce(0, +)
        let most = deeds * vendors.count + faults + Self.writeSlack
        coverage.mostWriteShare = max(coverage.mostWriteShare, coverage.writes * 100 / most)
        guard coverage.writes > most else { return }
        oracle.breach(
            "I6",
            "\(coverage.writes) writes follow from \(deeds) deeds and \(faults) faults at \(vendors.count) vendors",
            now)
    }

    /// What is let pass beside, in writes.
    static let writeSlack = 20
}
