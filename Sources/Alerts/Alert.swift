import Commerce

/// What an alert can be about. Of each there is at most one in an organization.
public enum AlertKind: String, Hashable, Sendable, CaseIterable {
    /// The part of the runs of tasks that failed, of late.
    case errorRate
    /// The part of the readings of far sides that failed, of late.
    case failureRate
    /// How long the hub's own answers took on average, in milliseconds.
    case responseTime
    /// How long far sides' answers took on average, in milliseconds.
    case farResponseTime
    /// How many tasks are due.
    case queueSize
    /// The part of the memory this program may use at most that it uses.
    case memoryUsage
    /// How often calls of one sort failed in a row.
    case connectionFailures
    /// How often the regular test of one integration failed in a row.
    case connectionTest
    /// How long a vendor's call has waited to be understood, in seconds.
    case webhookDelay
    /// The part of what was merged that came to a conflict, of late.
    case conflictRate
    /// How long the oldest conflict has waited for a person, in seconds.
    case conflictAge
    /// How many sorts of call rest because they failed.
    case breakerOpen
    /// How often somebody was denied what he asked for, of late: forged calls, refused sign-ins, missing rights.
    case securityEvents
    /// How long the oldest credential has been what it is, in days: a secret of an integration, or a key of a program.
    case credentialAge
    /// How soon the next key of a program ends that nothing follows yet, in days.
    case keyEnd

    /// From where on it is told, and of how many cases at least, unless somebody sets it otherwise.
    public var usual: AlertRule {
        switch self {
        case .errorRate: AlertRule(threshold: 0.05, minimum: 20)
        case .failureRate: AlertRule(threshold: 0.1, minimum: 5)
        case .responseTime: AlertRule(threshold: 1000, minimum: 20)
        case .farResponseTime: AlertRule(threshold: 5000, minimum: 20)
        case .queueSize: AlertRule(threshold: 1000, minimum: 1)
        case .memoryUsage: AlertRule(threshold: 0.85, minimum: 1)
        case .connectionFailures: AlertRule(threshold: 3, minimum: 1)
        case .connectionTest: AlertRule(threshold: 2, minimum: 1)
        case .webhookDelay: AlertRule(threshold: 300, minimum: 2)
        case .conflictRate: AlertRule(threshold: 0.05, minimum: 5)
        case .conflictAge: AlertRule(threshold: 86_400, minimum: 1)
        case .breakerOpen: AlertRule(threshold: 1, minimum: 1)
        case .securityEvents: AlertRule(threshold: 50, minimum: 1)
        case .credentialAge: AlertRule(threshold: 365, minimum: 1)
        case .keyEnd: AlertRule(threshold: 14, minimum: 1, isFloor: true)
        }
    }

    /// Whether somebody should look at once, and not in the morning.
    public var isCritical: Bool {
        switch self {
        case .memoryUsage, .connectionFailures, .connectionTest, .webhookDelay, .breakerOpen: true
        case .errorRate, .failureRate, .responseTime, .farResponseTime, .queueSize, .conflictRate, .conflictAge,
            .securityEvents, .credentialAge, .keyEnd:
            false
        }
    }
}

/// From where on something is told.
public struct AlertRule: Hashable, Sendable {
    /// The value from which on it is too much.
    public var threshold: Double
    /// How many cases must stand behind the value, so that one failure is no alert. Where the value is itself a count
    /// of cases, the threshold says it already, and this is 1.
    public var minimum: Int
    /// Whether it is told from there on downwards: what is left grows less.
    public var isFloor: Bool

    /// A rule.
    public init(threshold: Double, minimum: Int, isFloor: Bool = false) {
        self.threshold = threshold
        self.minimum = minimum
        self.isFloor = isFloor
    }

    /// Whether a reading is too much, or too little is left.
    public func isBroken(by reading: AlertReading) -> Bool {
        (isFloor ? reading.value <= threshold : reading.value >= threshold) && reading.count >= minimum
    }
}

/// What was seen of one kind.
public struct AlertReading: Hashable, Sendable {
    public var value: Double
    /// How many cases stand behind it.
    public var count: Int
    /// What is to be said beside the numbers: which integration, why. No secret, nothing of a customer.
    public var detail: String?

    /// A reading.
    public init(_ value: Double, of count: Int, _ detail: String? = nil) {
        self.value = value
        self.count = count
        self.detail = detail
    }
}

/// Where an alert stands.
public enum AlertState: String, Hashable, Sendable, CaseIterable {
    /// Too much since a moment ago; nobody is told yet.
    case waiting
    /// Told, and nobody has said that he looks after it.
    case raised
    /// Somebody looks after it.
    case acknowledged
    /// As it should be again.
    case resolved

    /// Whether it is too much now, and told.
    public var isOpen: Bool { self == .raised || self == .acknowledged }
}

/// What is told of an alert to who is not looking at the page.
public enum AlertNews: String, Hashable, Sendable, CaseIterable {
    case raised
    /// Nobody has said for long that he looks after it.
    case escalated
    case resolved
}

/// An alert as the store has it.
public struct Alert: Hashable, Sendable {
    public var kind: AlertKind
    public var state: AlertState
    /// The last reading, and what it was measured against.
    public var reading: AlertReading
    public var threshold: Double
    /// Since when it is too much.
    public var since: Moment
    /// When it was last too much.
    public var seenAt: Moment
    public var raisedAt: Moment?
    public var resolvedAt: Moment?
    public var acknowledgedAt: Moment?
    public var acknowledgedBy: String?
    public var escalatedAt: Moment?
    /// What is still to be handed to those who bring it.
    public var news: AlertNews?

    /// Too much for the first time.
    public init(_ kind: AlertKind, _ reading: AlertReading, threshold: Double, at now: Moment) {
        self.kind = kind
        self.reading = reading
        self.threshold = threshold
        state = .waiting
        since = now
        seenAt = now
    }

    /// One sentence for an operator.
    public var sentence: String {
        let isShare = [.errorRate, .failureRate, .memoryUsage, .conflictRate].contains(kind)
        let number = { isShare ? AlertNumber.text($0 * 100) + " %" : AlertNumber.text($0) }
        let (value, limit) = (number(reading.value), number(threshold))
        let words =
            switch kind {
            case .errorRate: "of \(reading.count) runs of tasks \(value) failed"
            case .failureRate: "of \(reading.count) readings \(value) failed"
            case .responseTime: "the hub's \(reading.count) last answers took \(value) ms on average"
            case .farResponseTime: "the \(reading.count) last answers of far sides took \(value) ms on average"
            case .queueSize: "\(value) tasks are due"
            case .memoryUsage: "\(value) of the memory that may be used is used"
            case .connectionFailures: "\(value) calls of one sort failed in a row"
            case .connectionTest: "a connection was tested \(value) times in vain"
            case .webhookDelay: "\(reading.count) calls of vendors wait, the oldest for \(value) s"
            case .conflictRate: "of what was merged \(value) came to a conflict"
            case .conflictAge: "\(reading.count) conflicts wait for a person, the oldest for \(value) s"
            case .breakerOpen: "\(value) sorts of call rest because they failed"
            case .securityEvents: "\(value) times somebody was denied what he asked for"
            case .credentialAge: "the oldest of \(reading.count) credentials has been the same for \(value) days"
            case .keyEnd: "of \(reading.count) keys that end the next has \(value) days left"
            }
        return words + " (limit \(limit))" + (reading.detail.map { ": \($0)" } ?? "")
    }
}

/// Numbers as they are told and stored: with three places at most.
public enum AlertNumber {
    /// The number in thousandths, as it is stored.
    public static func thousandths(_ value: Double) -> Int64 {
        value.isFinite ? Int64((max(-1e12, min(1e12, value)) * 1000).rounded()) : 0
    }

    /// The number without places that say nothing.
    public static func text(_ value: Double) -> String {
        let number = thousandths(value)
        let (whole, rest) = abs(number).quotientAndRemainder(dividingBy: 1000)
        let sign = number < 0 ? "-" : ""
        guard rest != 0 else { return "\(sign)\(whole)" }
        var places = String(String(1000 + rest).dropFirst())
        while places.hasSuffix("0") { places.removeLast() }
        return "\(sign)\(whole).\(places)"
    }
}
