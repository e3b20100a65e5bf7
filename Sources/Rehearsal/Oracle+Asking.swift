import Commerce

/// How often the hub asks a vendor for the same record.
extension Oracle {
    /// The time over which the same questions are counted, in seconds.
    static let askingSeconds = 10.0
    /// The most the hub may ask the same thing in that time. Looks around a write, a webhook and a pull may meet; a
    /// task that wakes itself again and again passes it at once.
    static let mostAsked = 25

    /// The same question to the same vendor, when it was asked of late.
    struct Asking: Sendable {
        var times: [Moment] = []
        var isTold = false
    }

    /// The hub asked a vendor for one record.
    mutating func asked(_ question: String, _ now: Moment) {
        var asking = askings[question] ?? Asking()
        asking.times.removeAll { now.seconds(since: $0) >= Self.askingSeconds }
        asking.times.append(now)
        if asking.times.count > Self.mostAsked, !asking.isTold {
            asking.isTold = true
            breach("I9", "\(question) \(asking.times.count) times within \(Int(Self.askingSeconds)) s", now)
        }
        askings[question] = asking
    }
}
