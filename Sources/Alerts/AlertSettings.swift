import Commerce

/// When alerts are raised, told again and given up. Pure: it takes the time as an argument, and decides alike for
/// whoever asks.
public struct AlertSettings: Hashable, Sendable {
    /// The rule of each kind; a kind without one is not watched.
    public var rules: [AlertKind: AlertRule]
    /// How long something must be too much before it is told, in seconds: longer than the time between two looks.
    public var holdSeconds = 25.0
    /// How long it must be as it should be before the alert ends, in seconds, so that it does not come and go.
    public var calmSeconds = 120.0
    /// After how long it is told once more, to others too, where nobody says that he looks after it, in seconds.
    public var escalateSeconds = 1800.0

    /// The usual settings.
    public init() { rules = Dictionary(uniqueKeysWithValues: AlertKind.allCases.map { ($0, $0.usual) }) }

    /// What an alert becomes by a reading; nil where there is nothing to remember. No reading: nothing is known, and
    /// all stays as it is.
    public func next(
        _ alert: Alert?, _ kind: AlertKind, _ reading: AlertReading?, at now: Moment
    ) -> Alert? {
        guard let rule = rules[kind] else { return unwatched(alert, at: now) }
        guard let reading else { return alert }
        guard rule.isBroken(by: reading) else { return calm(alert, reading, rule, at: now) }
        guard var next = alert, next.state != .resolved else {
            return Alert(kind, reading, threshold: rule.threshold, at: now)
        }
        // A clock that was set back must not keep an alert from being told.
        next.since = min(next.since, now)
        (next.seenAt, next.reading, next.threshold) = (now, reading, rule.threshold)
        switch next.state {
        case .waiting where now.seconds(since: next.since) >= holdSeconds:
            (next.state, next.raisedAt) = (.raised, now)
            next.tell(.raised, at: now)
        case .raised where mustEscalate(next, at: now):
            next.escalatedAt = now
            next.tell(.escalated, at: now)
        case .waiting, .raised, .acknowledged, .resolved: break
        }
        return next
    }

    private func mustEscalate(_ alert: Alert, at now: Moment) -> Bool {
        alert.escalatedAt == nil && alert.raisedAt.map { now.seconds(since: $0) >= escalateSeconds } ?? false
    }

    private func calm(_ alert: Alert?, _ reading: AlertReading, _ rule: AlertRule, at now: Moment) -> Alert? {
        guard var next = alert else { return nil }
        switch next.state {
        case .waiting: return nil
        case .resolved: return next
        case .raised, .acknowledged:
            next.seenAt = min(next.seenAt, now)
            guard now.seconds(since: next.seenAt) >= calmSeconds else { return next }
            (next.state, next.resolvedAt, next.reading) = (.resolved, now, reading)
            next.threshold = rule.threshold
            next.tell(.resolved, at: now)
            return next
        }
    }

    /// Nobody watches the kind any more: what was told ends.
    private func unwatched(_ alert: Alert?, at now: Moment) -> Alert? {
        guard var next = alert, next.state != .waiting else { return nil }
        guard next.state.isOpen else { return next }
        (next.state, next.resolvedAt) = (.resolved, now)
        next.tell(.resolved, at: now)
        return next
    }

    /// An alert that somebody looks after from now on; nil where there is nothing to look after.
    public func acknowledged(_ alert: Alert, by name: String, at now: Moment) -> Alert? {
        guard alert.state == .raised else { return nil }
        var next = alert
        (next.state, next.acknowledgedAt, next.acknowledgedBy) = (.acknowledged, now, name)
        return next
    }

    /// An alert whose news were handed to those who bring them.
    public func told(_ alert: Alert) -> Alert {
        var next = alert
        next.news = nil
        return next
    }
}

extension Alert {
    mutating func tell(_ news: AlertNews, at now: Moment) { self.news = news }
}
