import Commerce
import Store
import Wire

/// A vendor that does not serve the version of its interface asked for, for a while: an upgrade took it away, and
/// somebody has to notice.
extension World {
    /// How long it lasts, in seconds.
    static let retirementSeconds = 700.0...1500.0
    /// From how many refused calls on, and how long after the first of them, the hub must have said so.
    static let retirementCalls = 3
    static let retirementGraceSeconds = 400.0

    mutating func planRetirements() {
        guard knobs.breadth.retires else { return }
        for vendor in vendors.indices where vendors[vendor].nature.isShop {
            agenda.add(.retirement(vendor), at: now.adding(seconds: chance.seconds(100...900)))
        }
    }

    /// The version is gone, or there again. True when it came to be there again: then it is to be judged.
    mutating func turnRetirement(of vendor: Int) -> Bool {
        if retired[vendor] != nil {
            step("\(vendors[vendor].name) serves the version again")
            return true
        }
        guard isStormy else { return false }
        retired[vendor] = Retirement()
        coverage.reached("a vendor retired the version asked for")
        step("\(vendors[vendor].name) serves the version no more")
        agenda.add(.retirement(vendor), at: now.adding(seconds: chance.seconds(Self.retirementSeconds)))
        return false
    }

    /// What a vendor answers that does not serve the version; nil when it does.
    mutating func retirementAnswer(_ vendor: Int) -> HTTPResponse? {
        guard var retirement = retired[vendor] else { return nil }
        retirement.calls += 1
        retirement.firstAt = retirement.firstAt ?? now
        retired[vendor] = retirement
        return ShopVendor.noRoute
    }
}

/// A version that is not served.
struct Retirement: Sendable {
    /// Calls that were answered so.
    var calls = 0
    var firstAt: Moment?
}

extension Rehearsal {
    /// Ends a retirement, and judges whether an operator could have read of it while it lasted.
    func retire(_ vendor: Int) {
        guard stage.world.withLock({ $0.turnRetirement(of: vendor) }) else { return }
        let (name, retirement, now) = stage.world.withLock { world in
            (world.vendors[vendor].name, world.retired.removeValue(forKey: vendor), world.now)
        }
        guard let retirement, let first = retirement.firstAt, retirement.calls >= World.retirementCalls,
            now.seconds(since: first) >= World.retirementGraceSeconds
        else { return }
        let words = (try? stage.disk.look { try HubFacts.complaints(about: name, $0) }) ?? []
        guard !words.contains(where: { $0.contains("No route was found") || $0.contains("rest_no_route") }) else {
            return
        }
        stage.world.withLock { world in
            world.oracle.breach(
                "I13",
                "\(name) refused \(retirement.calls) calls because their version is not served any more, and "
                    + "nothing in the hub says so", now)
        }
    }
}

extension HubFacts {
    /// All that an operator can read of what goes wrong with an integration.
    static func complaints(about name: String, _ session: any StoreSession) throws -> [String] {
        try session.rows(
            """
            WITH i AS (SELECT id, reason, webhook_state FROM integration WHERE name = ?1)
            SELECT reason FROM i UNION SELECT webhook_state FROM i
            UNION SELECT reason FROM breaker WHERE integration_id IN (SELECT id FROM i)
            UNION SELECT reason FROM gate WHERE integration_id IN (SELECT id FROM i)
            UNION SELECT reason FROM rejection WHERE integration_id IN (SELECT id FROM i)
            UNION SELECT error FROM job WHERE integration_id IN (SELECT id FROM i)
            """, [.text(name)]
        ).map { $0.text(0) }
    }
}
