import Commerce

/// What goes wrong on purpose: rules in their order, the first that fits a call is the one that happens.
public struct FaultPlan: Hashable, Sendable {
    /// The rules.
    public var rules: [FaultRule]
    /// How far the shop's own clock is ahead (behind when negative), in seconds.
    public var clockSkewSeconds: Double

    /// A plan; without rules nothing goes wrong.
    public init(rules: [FaultRule] = [], clockSkewSeconds: Double = 0) {
        self.rules = rules
        self.clockSkewSeconds = clockSkewSeconds
    }
}

/// One thing that goes wrong, and when.
public struct FaultRule: Hashable, Sendable {
    /// GET, POST, ...; nil is any.
    public var method: String?
    /// How the path begins; for an effect on webhooks, how their topic begins.
    public var prefix: String
    /// How many fitting calls are left alone first.
    public var skip: Int
    /// How many calls it happens to; nil is for ever.
    public var times: Int?
    /// How likely it is at each call, 0 to 1.
    public var probability: Double
    /// What happens.
    public var effect: FaultEffect

    /// A rule; unless said otherwise it happens to every call.
    public init(
        _ effect: FaultEffect, method: String? = nil, prefix: String = "", skip: Int = 0, times: Int? = nil,
        probability: Double = 1
    ) {
        self.effect = effect
        self.method = method
        self.prefix = prefix
        self.skip = skip
        self.times = times
        self.probability = probability
    }
}

/// What can go wrong.
public enum FaultEffect: Hashable, Sendable {
    /// The connection is cut at once; nothing happened.
    case refuse
    /// No answer for that long, then the connection is cut; nothing happened.
    case timeoutBefore(seconds: Double)
    /// It happened, but no answer comes; after that long the connection is cut.
    case timeoutAfter(seconds: Double)
    /// An error instead of an answer; nothing happened.
    case status(Int, retryAfterSeconds: Int?)
    /// It happened, but the answer ends in the middle.
    case cutBody
    /// It happened, but the answer is a page for people.
    case garble
    /// It happens, later.
    case slow(seconds: Double)
    /// Every page of a list is the first, and there is always a next one.
    case endlessPages
    /// The webhook is never sent.
    case loseWebhook
    /// The webhook is sent that many times, byte for byte.
    case repeatWebhook(times: Int)
    /// The webhook is sent later.
    case delayWebhook(seconds: Double)
    /// The webhook is sent after all others of its run.
    case reorderWebhook

    var isOfWebhooks: Bool {
        switch self {
        case .loseWebhook, .repeatWebhook, .delayWebhook, .reorderWebhook: true
        default: false
        }
    }
}

extension FaultPlan {
    /// Why a text is no plan.
    public struct Unreadable: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong, for the person who wrote the plan.
        public let description: String
    }

    /// Reads `{"rules": [{"effect": "status", "status": 503, "times": 3}], "clockSkewSeconds": 90}`.
    ///
    /// - Throws: `Unreadable` with what is wrong.
    public init(json: JSON) throws(Unreadable) {
        self.init()
        for entry in json["rules"]?.array ?? [] { rules.append(try FaultRule(json: entry)) }
        clockSkewSeconds = json["clockSkewSeconds"]?.scalarText.flatMap { Double($0) } ?? 0
    }

    /// The form it is read from.
    public var json: JSON {
        ["rules": .array(rules.map(\.json)), "clockSkewSeconds": .number(String(clockSkewSeconds))]
    }
}

extension FaultRule {
    /// Reads one rule.
    ///
    /// - Throws: `FaultPlan.Unreadable` for an effect there is none of.
    init(json: JSON) throws(FaultPlan.Unreadable) {
        let seconds = json["seconds"]?.scalarText.flatMap { Double($0) }
        let effect: FaultEffect
        switch json["effect"]?.string {
        case "refuse": effect = .refuse
        case "timeoutBefore": effect = .timeoutBefore(seconds: seconds ?? 35)
        case "timeoutAfter": effect = .timeoutAfter(seconds: seconds ?? 35)
        case "status": effect = .status(json["status"]?.count ?? 503, retryAfterSeconds: json["retryAfter"]?.count)
        case "cutBody": effect = .cutBody
        case "garble": effect = .garble
        case "slow": effect = .slow(seconds: seconds ?? 5)
        case "endlessPages": effect = .endlessPages
        case "loseWebhook": effect = .loseWebhook
        case "repeatWebhook": effect = .repeatWebhook(times: json["copies"]?.count ?? 2)
        case "delayWebhook": effect = .delayWebhook(seconds: seconds ?? 30)
        case "reorderWebhook": effect = .reorderWebhook
        default: throw FaultPlan.Unreadable(description: Self.unknown(json["effect"]))
        }
        self.init(
            effect, method: json["method"]?.string?.uppercased(), prefix: json["prefix"]?.string ?? "",
            skip: json["skip"]?.count ?? 0, times: json["times"]?.count,
            probability: json["probability"]?.scalarText.flatMap { Double($0) } ?? 1)
    }

    private static func unknown(_ effect: JSON?) -> String {
        "no effect is called \(effect?.text ?? "null"): use refuse, timeoutBefore, timeoutAfter, status, cutBody, "
            + "garble, slow, endlessPages, loseWebhook, repeatWebhook, delayWebhook or reorderWebhook"
    }

    var json: JSON {
        var members: [String: JSON] = [
            "prefix": .string(prefix), "skip": .integer(skip), "probability": .number(String(probability)),
        ]
        if let method { members["method"] = .string(method) }
        if let times { members["times"] = .integer(times) }
        members.merge(effect.members) { $1 }
        return .object(members)
    }
}

extension FaultEffect {
    var members: [String: JSON] {
        switch self {
        case .refuse: ["effect": "refuse"]
        case .timeoutBefore(let seconds): ["effect": "timeoutBefore", "seconds": .number(String(seconds))]
        case .timeoutAfter(let seconds): ["effect": "timeoutAfter", "seconds": .number(String(seconds))]
        case .status(let status, let retryAfter):
            ["effect": "status", "status": .integer(status), "retryAfter": retryAfter.map { .integer($0) } ?? .null]
        case .cutBody: ["effect": "cutBody"]
        case .garble: ["effect": "garble"]
        case .slow(let seconds): ["effect": "slow", "seconds": .number(String(seconds))]
        case .endlessPages: ["effect": "endlessPages"]
        case .loseWebhook: ["effect": "loseWebhook"]
        case .repeatWebhook(let times): ["effect": "repeatWebhook", "copies": .integer(times)]
        case .delayWebhook(let seconds): ["effect": "delayWebhook", "seconds": .number(String(seconds))]
        case .reorderWebhook: ["effect": "reorderWebhook"]
        }
    }
}
