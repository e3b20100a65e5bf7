import Foundation
import Synchronization

/// How often something is done: at fixed intervals, or by a cron line in a time zone.
public enum Cadence: Hashable, Sendable {
    /// Every so many seconds, counted from its first time.
    case every(seconds: Int)
    /// At the times of a cron line on the wall clock of that IANA zone.
    case cron(Cron, zone: String)

    /// The shortest interval, in seconds.
    public static let shortestSeconds = 60
    /// The longest interval, in seconds: ten years.
    public static let longestSeconds = 316_224_000
    /// What is done when nobody says how often.
    public static let usual = Cadence.every(seconds: 900)

    private static let words = ["hourly": 3600, "4-hourly": 14_400, "daily": 86_400, "weekly": 604_800]

    /// An interval of seconds.
    ///
    /// - Throws: `ScheduleRefusal` when it is shorter than a minute or longer than ten years.
    public init(seconds: Int) throws(ScheduleRefusal) {
        guard (Self.shortestSeconds...Self.longestSeconds).contains(seconds) else {
            throw ScheduleRefusal(
                "an interval of \(seconds) s cannot be: the shortest is \(Self.shortestSeconds) s, "
                    + "the longest ten years"
            )
        }
        self = .every(seconds: seconds)
    }

    /// An interval of minutes, as `sync_frequency_minutes` gives it.
    ///
    /// - Throws: `ScheduleRefusal` as `init(seconds:)`.
    public init(minutes: Int) throws(ScheduleRefusal) {
        guard (1...Self.longestSeconds / 60).contains(minutes) else {
            throw ScheduleRefusal(
                "an interval of \(minutes) minutes cannot be: the shortest is 1, the longest ten years")
        }
        try self.init(seconds: minutes * 60)
    }

    /// An interval of milliseconds, as `syncInterval` gives it. Parts of a second are refused, not rounded.
    ///
    /// - Throws: `ScheduleRefusal` as `init(seconds:)`.
    public init(milliseconds: Int) throws(ScheduleRefusal) {
        guard milliseconds % 1000 == 0 else {
            throw ScheduleRefusal("an interval of \(milliseconds) ms cannot be: it must be whole seconds")
        }
        try self.init(seconds: milliseconds / 1000)
    }

    /// A word, as `sync_frequency` gives it: hourly, 4-hourly, daily, weekly.
    ///
    /// - Throws: `ScheduleRefusal` naming the words there are.
    public init(word: String) throws(ScheduleRefusal) {
        guard let seconds = Self.words[word.lowercased()] else {
            throw ScheduleRefusal(
                "\"\(word)\" is no interval; there are: " + Self.words.keys.sorted().joined(separator: ", "))
        }
        self = .every(seconds: seconds)
    }

    /// A cron line in a zone.
    ///
    /// - Throws: `ScheduleRefusal` when the line cannot be read or never fires, or nobody knows the zone.
    public init(cron line: String, zone: String = "UTC") throws(ScheduleRefusal) {
        let name = ReadLines.Name(line: line, zone: zone)
        if let known = ReadLines.known(name) {
            self = known
            return
        }
        let cron = try Cron(line)
        guard TimeZone(identifier: zone) != nil, !zone.isEmpty else {
            throw ScheduleRefusal("\"\(zone)\" is no time zone; write it like Asia/Colombo, Europe/Berlin or UTC")
        }
        self = .cron(cron, zone: zone)
        ReadLines.remember(self, as: name)
    }

    private static let zonePrefixes = ["CRON_TZ=", "TZ="]

    /// A cron line that may name its zone as crontabs do: `CRON_TZ=Asia/Colombo 0 2 * * *`; without a name it is UTC.
    ///
    /// - Throws: `ScheduleRefusal` as `init(cron:zone:)`.
    public init(line: String) throws(ScheduleRefusal) {
        let text = line.drop { $0 == " " }
        guard let prefix = Self.zonePrefixes.first(where: { text.hasPrefix($0) }) else {
            try self.init(cron: line)
            return
        }
        let zone = text.dropFirst(prefix.count).prefix { $0 != " " }
        try self.init(cron: String(text.dropFirst(prefix.count + zone.count)), zone: String(zone))
    }

    /// The word of an interval that has one.
    public var word: String? {
        guard case .every(let seconds) = self else { return nil }
        return Self.words.first { $0.value == seconds }?.key
    }

    /// The interval in milliseconds; nil for a cron line.
    public var milliseconds: Int? { if case .every(let seconds) = self { seconds * 1000 } else { nil } }

    /// The interval in whole minutes; nil for a cron line, and for an interval that is not whole minutes.
    public var minutes: Int? {
        guard case .every(let seconds) = self, seconds % 60 == 0 else { return nil }
        return seconds / 60
    }

    /// The first time after `moment`. An interval counts on from `last`, so that a late run moves no later one.
    ///
    /// - Throws: `ScheduleRefusal` when this machine does not know the zone, or the line does not fire any more.
    public func next(after moment: Moment, since last: Moment?) throws(ScheduleRefusal) -> Moment {
        switch self {
        case .every(let seconds):
            guard let last else { return moment.adding(seconds: Double(seconds)) }
            let gone = max(0, moment.seconds(since: last))
            return last.adding(seconds: Double(seconds) * ((gone / Double(seconds)).rounded(.down) + 1))
        case .cron(let cron, let name):
            guard let next = cron.next(after: moment, in: try Self.zone(name)) else {
                throw ScheduleRefusal("\"\(cron)\" does not fire in the nine years after \(moment)")
            }
            return next
        }
    }

    /// How many times lie after one moment and up to another, counted to a limit.
    ///
    /// - Throws: `ScheduleRefusal` when this machine does not know the zone.
    public func count(after start: Moment, through end: Moment, limit: Int = 1000) throws(ScheduleRefusal) -> Int {
        guard end > start else { return 0 }
        switch self {
        case .every(let seconds):
            return Int(min(Double(limit), (end.seconds(since: start) / Double(seconds)).rounded(.down)))
        case .cron(let cron, let name):
            return cron.fireCount(after: start, through: end, in: try Self.zone(name), limit: limit)
        }
    }

    private static func zone(_ name: String) throws(ScheduleRefusal) -> TimeZone {
        guard let zone = TimeZone(identifier: name) else {
            throw ScheduleRefusal("this machine does not know the time zone \"\(name)\"")
        }
        return zone
    }
}

extension Cadence: CustomStringConvertible {
    /// The cadence in words: `every 900 s`, `0 3 * * 1 (Asia/Colombo)`.
    public var description: String {
        switch self {
        case .every(let seconds): word ?? "every \(seconds) s"
        case .cron(let cron, let zone): "\(cron) (\(zone))"
        }
    }
}

/// Cron lines that were read before: each tick and each look for what is due asks for the same few, and reading them
/// was a fortieth of all that a hub in a rehearsal does (measured).
private enum ReadLines {
    struct Name: Hashable {
        let line: String
        let zone: String
    }

    private static let limit = 256
    private static let lines = Mutex<[Name: Cadence]>([:])

    static func known(_ name: Name) -> Cadence? { lines.withLock { $0[name] } }

    static func remember(_ cadence: Cadence, as name: Name) {
        lines.withLock { lines in
            if lines.count >= limit { lines.removeAll(keepingCapacity: true) }
            lines[name] = cadence
        }
    }
}
