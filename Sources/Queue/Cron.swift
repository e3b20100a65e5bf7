import Foundation

/// A cron line of five fields: minute, hour, day of the month, month, day of the week.
///
/// Names (`JAN`, `mon`), ranges, steps and lists are understood, and `@hourly`, `@daily`, `@weekly`, `@monthly` and
/// `@yearly`. Where both days are restricted, either one is enough, as in every cron since Vixie's.
public struct Cron: Hashable, Sendable, CustomStringConvertible {
    /// The line as it was written, with single spaces.
    public let description: String
    let minutes: [Int]
    let hours: [Int]
    let days: Set<Int>
    let months: Set<Int>
    let weekdays: Set<Int>
    /// Whether a day must fit both day fields, because one of them starts with `*`.
    let needsBothDays: Bool

    /// How far ahead a line is followed, in days: two leap years may lie eight years apart.
    static let horizonDays: Int64 = 366 * 9
    /// The most a clock is set forward or back in one go, in seconds.
    static let longestChangeSeconds: Int64 = 10_800

    /// The first instant after `moment` at which the line fires in that zone; nil when there is none in nine years.
    ///
    /// A wall time that a clock change leaves out fires at the first instant after the gap; one that comes twice fires
    /// the first time only. A line for every hour of the day goes on through the repeated hour.
    public func next(after moment: Moment, in zone: TimeZone) -> Moment? {
        let clock = WallClock(zone)
        let now = Int64((Double(moment.milliseconds) / 1000).rounded(.down))
        let local = now + clock.offset(at: now)
        guard clock.isSteady(around: now) else { return next(after: now, nearChangeOf: clock) }
        guard let wall = wall(after: local) else { return nil }
        return clock.instants(of: wall).first.map(Moment.init(seconds:))
    }

    /// Where the clock is about to change, or just did, wall times around now are tried one by one.
    private func next(after now: Int64, nearChangeOf clock: WallClock) -> Moment? {
        let isEveryHour = hours.count == 24
        var wall = now + clock.offset(at: now) - Self.longestChangeSeconds
        var best: (instant: Int64, wall: Int64)?
        while let next = self.wall(after: wall), next <= best.map({ $0.wall + 2 * Self.longestChangeSeconds }) ?? .max {
            wall = next
            let all = clock.instants(of: wall)
            for instant in isEveryHour ? all : Array(all.prefix(1)) where instant > now {
                if best.map({ instant < $0.instant }) ?? true { best = (instant, best?.wall ?? wall) }
            }
        }
        return best.map { Moment(seconds: $0.instant) }
    }

    /// The first time after `wall` that the line names, both in seconds of the wall clock.
    private func wall(after wall: Int64) -> Int64? {
        let time = wall + 60 - Int64(WallClock.remainder(wall, 60))
        let start = (time - Int64(WallClock.remainder(time, 86_400))) / 86_400
        for day in start...(start + Self.horizonDays) where fires(onDay: day) {
            let earliest = day == start ? WallClock.remainder(time, 86_400) / 60 : 0
            for hour in hours where (hour + 1) * 60 > earliest {
                guard let minute = minutes.first(where: { hour * 60 + $0 >= earliest }) else { continue }
                return day * 86_400 + Int64(hour * 3600 + minute * 60)
            }
        }
        return nil
    }

    /// How often the line fires after one moment and up to another, counted to a limit.
    public func fireCount(after start: Moment, through end: Moment, in zone: TimeZone, limit: Int) -> Int {
        var count = 0
        var last = start
        while count < limit, let next = next(after: last, in: zone), next <= end {
            count += 1
            last = next
        }
        return count
    }

    private func fires(onDay day: Int64) -> Bool {
        let date = Moment.civil(fromDays: day)
        guard months.contains(Int(date.month)) else { return false }
        let fitsDay = days.contains(Int(date.day))
        // 1970-01-01 was a Thursday.
        let fitsWeekday = weekdays.contains(WallClock.remainder(day + 4, 7))
        return needsBothDays ? fitsDay && fitsWeekday : fitsDay || fitsWeekday
    }
}

/// The clock on the wall of a time zone.
struct WallClock {
    let zone: TimeZone

    init(_ zone: TimeZone) { self.zone = zone }

    /// How far the wall is ahead of UTC at an instant, in seconds.
    func offset(at instant: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))))
    }

    /// Whether the clock is not changed within some hours of an instant.
    func isSteady(around instant: Int64) -> Bool {
        let offset = offset(at: instant)
        return self.offset(at: instant - Cron.longestChangeSeconds) == offset
            && self.offset(at: instant + Cron.longestChangeSeconds) == offset
    }

    /// What is left of a division rounded towards minus infinity.
    static func remainder(_ value: Int64, _ divisor: Int64) -> Int {
        Int((value % divisor + divisor) % divisor)
    }

    /// The instants at which the wall shows that time: one, two where the clock is set back, and in a gap the first
    /// instant after it.
    func instants(of local: Int64) -> [Int64] {
        // Zones lie within 14 hours of UTC; half a day more is on the other side of a change, if there is one.
        let before = offset(at: local - 93_600)
        let after = offset(at: local + 93_600)
        let found = Set([before, after]).map { local - $0 }.filter { offset(at: $0) + $0 == local }.sorted()
        return found.isEmpty ? [change(from: local - after, to: local - before, reaching: after)] : found
    }

    private func change(from start: Int64, to end: Int64, reaching goal: Int64) -> Int64 {
        var (low, high) = (min(start, end), max(start, end))
        while low < high {
            let middle = low + (high - low) / 2
            if offset(at: middle) == goal { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
