@_exported import Commerce

/// How much an integration may be asked for: one limit of one vendor, as a value that is decided with and stored.
///
/// Vendors limit in three forms, and a shop's own machine in a fourth; a fifth is what their answers alone tell.
/// Amounts are whole millionths of a call (or of a vendor's cost point), so that a refill of any length is exact.
public struct Allowance: Hashable, Sendable {
    /// The form of a limit.
    public enum Form: String, Hashable, Sendable, CaseIterable {
        /// So many calls a second, with a burst: a bucket that refills.
        case rate
        /// A vendor's points, of which a call costs as many as its answer says: a leaking bucket.
        case cost
        /// So many calls until a time of day, when it is full again.
        case day
        /// So many calls at the same time.
        case together
        /// So many calls until the time that answers name; known from answers alone, and never longer than they say.
        case window
    }

    public var form: Form
    /// What it is kept for: `fetch product`, or `*` for all calls to the integration.
    public var operation: String
    /// The most it holds, in millionths.
    public var capacity: Int64
    /// What comes back, in millionths a millisecond, which is thousandths a second.
    public var refill: Int64
    /// What is left, in millionths; below zero when the far side says that more was used than we knew.
    public var level: Int64
    /// What one call takes, in millionths.
    public var price: Int64
    /// When `level` was true.
    public var at: Moment
    /// When a daily limit or a window is full again.
    public var fullAt: Moment?

    /// One call, in millionths.
    static let one: Int64 = 1_000_000
    /// The largest capacity, in calls or points.
    public static let largestCapacity = 1_000_000_000
    private static let daySeconds = 86_400.0

    /// So many calls a second on average, and so many at once after a rest.
    public static func rate(perSecond: Double, burst: Int, operation: String = "*", now: Moment) -> Allowance {
        bucket(.rate, perSecond, burst, operation, now)
    }

    /// A vendor's points: the most there are, how many come back a second, and what a call is believed to cost.
    public static func cost(
        maximum: Int, perSecond: Double, price: Int, operation: String = "*", now: Moment
    ) -> Allowance {
        var allowance = bucket(.cost, perSecond, maximum, operation, now)
        allowance.price = max(1, min(allowance.capacity, amount(price)))
        return allowance
    }

    /// So many calls a day, counted anew at `fullAt` and every 24 hours after it.
    public static func day(calls: Int, fullAt: Moment, operation: String = "*", now: Moment) -> Allowance {
        var allowance = bucket(.day, 0, calls, operation, now)
        allowance.fullAt = fullAt
        return allowance
    }

    /// So many calls at the same time.
    public static func together(_ calls: Int, operation: String = "*", now: Moment) -> Allowance {
        bucket(.together, 0, calls, operation, now)
    }

    /// What an answer's headers tell of a limit nobody has set; nil when they do not tell enough to keep to.
    static func told(by reading: LimitReading, now: Moment) -> Allowance? {
        guard let form = reading.form, let maximum = reading.maximum, maximum >= 1 else { return nil }
        let told = bucket(form, reading.perSecond ?? 0, maximum, "*", now)
        return told.learning(reading, now: now)
    }

    private static func bucket(
        _ form: Form, _ perSecond: Double, _ capacity: Int, _ operation: String, _ now: Moment
    ) -> Allowance {
        let size = amount(max(1, capacity))
        let refill = Int64((max(0, min(perSecond, 1_000_000)) * 1000).rounded())
        return Allowance(
            form: form, operation: operation, capacity: size, refill: refill, level: size, price: one, at: now)
    }

    static func amount(_ calls: Int) -> Int64 {
        Int64(max(-largestCapacity, min(largestCapacity, calls))) * one
    }

    // MARK: Time and use

    /// The allowance as it stands at that time. A clock that was set back gives nothing and takes nothing, and neither
    /// does that of another machine, a little behind: else what flows would flow once for each of both.
    public func at(_ now: Moment) -> Allowance {
        var later = self
        later.at = (0...ClockWatch.toleranceSeconds).contains(at.seconds(since: now)) ? at : now
        if form == .window, let full = fullAt, now >= full {
            (later.level, later.fullAt) = (capacity, nil)
        } else if form == .day, let full = fullAt, now >= full {
            later.level = capacity
            let days = (now.seconds(since: full) / Self.daySeconds).rounded(.down) + 1
            later.fullAt = full.adding(seconds: days * Self.daySeconds)
        } else if refill > 0, level < capacity {
            // Longer than this fills any bucket that refills at all.
            let elapsed = max(0, min(now.milliseconds - at.milliseconds, (capacity - level) / refill + 1))
            later.level = min(capacity, level + elapsed * refill)
        }
        return later
    }

    /// How many calls may begin now. `underWay`: how many are being made.
    public func calls(now: Moment, underWay: Int) -> Int {
        if form == .together { return max(0, Int(capacity / Self.one) - underWay) }
        return Int(max(0, at(now).level) / max(1, price))
    }

    /// The allowance once so many calls begin.
    public func taking(_ calls: Int, now: Moment) -> Allowance {
        var taken = at(now)
        if form != .together { taken.level -= Int64(calls) * price }
        return taken
    }

    /// When the next call may begin; nil when that is not a matter of time (calls must end first).
    public func nextCall(now: Moment) -> Moment? {
        let current = at(now)
        switch form {
        case .together: return nil
        case .day, .window: return current.level >= price ? now : current.fullAt
        case .rate, .cost:
            let missing = price - current.level
            guard missing > 0 else { return now }
            guard refill > 0 else { return nil }
            return Moment(milliseconds: now.milliseconds + (missing + refill - 1) / refill)
        }
    }

    // MARK: What answers say

    /// The allowance after an answer that says how much is left. The lower of what is said and what is known counts,
    /// because other workers' calls may not have arrived there yet; a call that cost less than believed gives back.
    public func learning(_ reading: LimitReading, now: Moment) -> Allowance {
        var learned = at(now)
        if let maximum = reading.maximum, maximum >= 1 { learned.capacity = Self.amount(maximum) }
        if let perSecond = reading.perSecond, perSecond >= 0 {
            learned.refill = Int64((min(perSecond, 1_000_000) * 1000).rounded())
        }
        if let cost = reading.cost, cost >= 0, form == .cost {
            let actual = max(1, min(learned.capacity, Self.amount(cost)))
            learned.level += price - actual
            learned.price = actual >= price ? actual : (price * 3 + actual) / 4
        }
        if let seconds = reading.fullInSeconds, seconds >= 0, form == .day || form == .window {
            learned.fullAt = now.adding(seconds: seconds)
        }
        learned.level = min(learned.level, learned.capacity)
        if let remaining = reading.remaining { learned.level = min(learned.level, Self.amount(remaining)) }
        return learned
    }
}

/// What an answer of a far side says about its limits; nil for what it does not say.
public struct LimitReading: Hashable, Sendable {
    /// What is left now, in calls or points.
    public var remaining: Int?
    /// The most there is.
    public var maximum: Int?
    /// What comes back a second.
    public var perSecond: Double?
    /// What this call cost.
    public var cost: Int?
    /// In how many seconds it is full again.
    public var fullInSeconds: Double?

    /// A reading.
    public init(
        remaining: Int? = nil, maximum: Int? = nil, perSecond: Double? = nil, cost: Int? = nil,
        fullInSeconds: Double? = nil
    ) {
        self.remaining = remaining
        self.maximum = maximum
        self.perSecond = perSecond
        self.cost = cost
        self.fullInSeconds = fullInSeconds
    }

    /// The form of the limit that headers speak of; nil when they do not say when calls come back.
    public var form: Allowance.Form? {
        guard remaining != nil else { return nil }
        if fullInSeconds != nil { return .window }
        return perSecond != nil ? .rate : nil
    }

    /// Whether it says nothing.
    public var isEmpty: Bool { self == LimitReading() }

    /// In how many seconds Shopify's bucket of calls runs empty, whatever its size: 40 at 2 a second, 400 at 20.
    /// Source: "REST Admin API rate limits".
    static let shopifyEmptySeconds = 20.0

    /// Reads the headers vendors send: `RateLimit-Remaining`, `-Limit`, `-Reset` with or without `X-`, and
    /// `X-Shopify-Shop-Api-Call-Limit: 32/40`. What is no number is not read.
    public static func headers(_ value: (String) -> String?) -> LimitReading {
        var reading = LimitReading()
        for prefix in ["ratelimit-", "x-ratelimit-", "x-rate-limit-"] {
            reading.remaining = reading.remaining ?? number(value(prefix + "remaining"))
            reading.maximum = reading.maximum ?? number(value(prefix + "limit"))
            // Some send a time since 1970 there; only what can be a span of seconds is read.
            let reset = number(value(prefix + "reset")).flatMap { $0 <= 86_400 ? Double($0) : nil }
            reading.fullInSeconds = reading.fullInSeconds ?? reset
        }
        if let halves = value("x-shopify-shop-api-call-limit")?.split(separator: "/"), halves.count == 2,
            let used = number(String(halves[0])), let maximum = number(String(halves[1])), used <= maximum
        {
            reading.remaining = maximum - used
            reading.maximum = maximum
            reading.perSecond = Double(maximum) / shopifyEmptySeconds
        }
        return reading
    }

    private static func number(_ text: String?) -> Int? {
        guard let text, (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
