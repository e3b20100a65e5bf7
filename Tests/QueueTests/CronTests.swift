import Foundation
import SeededRandom
import Testing

@testable import Queue

@Suite("Cron lines")
struct CronTests {
    private static let utc = zone("UTC")

    private static func zone(_ name: String) -> TimeZone { TimeZone(identifier: name) ?? .gmt }

    private func fires(_ line: String, after: String, _ count: Int, in zone: String = "UTC") throws -> [String] {
        let cron = try Cron(line)
        var moment = try #require(Moment(iso: after))
        var found: [String] = []
        for _ in 0..<count {
            guard let next = cron.next(after: moment, in: Self.zone(zone)) else { break }
            found.append(next.description)
            moment = next
        }
        return found
    }

    @Test func everyFormOfAFieldIsUnderstood() throws {
        let lines: [(String, [String])] = [
            ("*/20 * * * *", ["2026-01-01T00:20:00Z", "2026-01-01T00:40:00Z", "2026-01-01T01:00:00Z"]),
            ("5,35 9-10 * * *", ["2026-01-01T09:05:00Z", "2026-01-01T09:35:00Z", "2026-01-01T10:05:00Z"]),
            ("50/5 23 * * *", ["2026-01-01T23:50:00Z", "2026-01-01T23:55:00Z", "2026-01-02T23:50:00Z"]),
            ("0 0-23/12 1 feb,Apr *", ["2026-02-01T00:00:00Z", "2026-02-01T12:00:00Z", "2026-04-01T00:00:00Z"]),
            ("0 3 * * mon-WED", ["2026-01-05T03:00:00Z", "2026-01-06T03:00:00Z", "2026-01-07T03:00:00Z"]),
            ("0 3 * * 7", ["2026-01-04T03:00:00Z", "2026-01-11T03:00:00Z"]),
            ("0 3 * * sat-sun", ["2026-01-03T03:00:00Z", "2026-01-04T03:00:00Z", "2026-01-10T03:00:00Z"]),
            ("0 3 * * */3", ["2026-01-03T03:00:00Z", "2026-01-04T03:00:00Z", "2026-01-07T03:00:00Z"]),
            ("@hourly", ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]),
            ("@weekly", ["2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"]),
            ("  @Yearly ", ["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"]),
        ]

        for (line, expected) in lines {
            #expect(try fires(line, after: "2026-01-01T00:00:00Z", expected.count) == expected, "\(line)")
        }
    }

    @Test func ofTwoRestrictedDaysEitherIsEnoughAndWithAStarBothMustFit() throws {
        // The 13th, or a Friday.
        let either = try fires("0 0 13 * fri", after: "2026-02-01T00:00:00Z", 3)
        // An odd day that is a Monday.
        let both = try fires("0 0 */2 * mon", after: "2026-02-01T00:00:00Z", 2)

        #expect(either == ["2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"])
        #expect(both == ["2026-02-09T00:00:00Z", "2026-02-23T00:00:00Z"])
    }

    @Test func theTwentyNinthOfFebruaryFiresInLeapYearsAlsoAcrossACenturyThatIsNone() throws {
        let found = try fires("0 12 29 2 *", after: "2095-01-01T00:00:00Z", 3)

        #expect(found == ["2096-02-29T12:00:00Z", "2104-02-29T12:00:00Z", "2108-02-29T12:00:00Z"])
    }

    @Test(arguments: [
        ("0 0 30 2 *", "never fires: Feb has no day 30"), ("0 0 30,31 feb *", "never fires"),
        ("0 0 31 4,6,9,11 *", "Apr, Jun, Sep, Nov has no day 31"), ("0 0 31 feb */2", "never fires"),
    ])
    func aLineThatNeverFiresIsRefusedAndSaysWhy(line: String, expected: String) {
        let refusal = #expect(throws: ScheduleRefusal.self) { try Cron(line) }

        #expect(refusal?.description.contains(expected) == true, "\(refusal?.description ?? "")")
    }

    @Test func aDayThatAMonthDoesNotHaveIsFineWhereTheWeekdayIsEnough() throws {
        #expect(try fires("0 0 30 2 mon", after: "2026-01-31T00:00:00Z", 1) == ["2026-02-02T00:00:00Z"])
    }

    @Test(arguments: [
        ("", "0 fields"), ("* * * *", "4 fields"), ("* * * * * *", "6 fields"), ("60 * * * *", "minute: \"60\""),
        ("* 24 * * *", "hour: \"24\""), ("* * 0 * *", "day: \"0\""), ("* * 32 * *", "day: \"32\""),
        ("* * * 13 *", "month: \"13\""), ("* * * * 8", "weekday: \"8\""), ("* * * * funday", "no name of a weekday"),
        ("*/0 * * * *", "step"), ("*/x * * * *", "step"), ("5/ * * * *", "step"), ("5-2 * * * *", "backwards"),
        ("1-2-3 * * * *", "no range"), ("1,,2 * * * *", "minute: \"\""), ("-5 * * * *", "minute: \"\""),
        ("* * L * *", "day: \"L\""), ("* * ? * *", "day: \"?\""), ("٣ * * * *", "minute"), ("@reboot", "1 fields"),
        ("99999999999999999999 * * * *", "minute"), ("* * * * fri-mon", "backwards"),
    ])
    func aLineThatCannotBeReadIsRefusedAndNamesTheField(line: String, expected: String) {
        let refusal = #expect(throws: ScheduleRefusal.self) { try Cron(line) }

        #expect(refusal?.description.contains(expected) == true, "\(refusal?.description ?? "")")
    }

    @Test func aLineOfAMegabyteIsRefusedWithoutBeingRead() {
        #expect(throws: ScheduleRefusal.self) { try Cron(String(repeating: "*,", count: 500_000)) }
    }

    @Test func aTimeInTheGapFiresAtTheFirstInstantAfterItAndOnce() throws {
        // Berlin, 2026-03-29: 02:00 becomes 03:00, which is 01:00 UTC.
        let night = try fires("30 2 * * *", after: "2026-03-28T12:00:00Z", 3, in: "Europe/Berlin")
        let often = try fires("*/20 2,3 * * *", after: "2026-03-29T00:00:00Z", 3, in: "Europe/Berlin")

        #expect(night == ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"])
        #expect(often == ["2026-03-29T01:00:00Z", "2026-03-29T01:20:00Z", "2026-03-29T01:40:00Z"])
    }

    @Test func aTimeThatComesTwiceFiresOnceAndEveryHourGoesOnThroughIt() throws {
        // Berlin, 2026-10-25: 03:00 becomes 02:00, which is 01:00 UTC.
        let night = try fires("30 2 * * *", after: "2026-10-24T12:00:00Z", 2, in: "Europe/Berlin")
        let hourly = try fires("30 * * * *", after: "2026-10-24T23:00:00Z", 4, in: "Europe/Berlin")

        #expect(night == ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"])
        #expect(
            hourly == [
                "2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z",
            ])
    }

    /// Around clock changes of several sorts, against an oracle that walks minute by minute and reads a calendar.
    @Test(arguments: [
        ("Europe/Berlin", "2026-03-28T00:00:00Z"), ("Europe/Berlin", "2026-10-24T00:00:00Z"),
        ("America/New_York", "2026-03-07T00:00:00Z"), ("America/New_York", "2026-10-31T00:00:00Z"),
        // Half an hour only.
        ("Australia/Lord_Howe", "2026-04-03T00:00:00Z"), ("Australia/Lord_Howe", "2026-10-02T00:00:00Z"),
        // At midnight, so that a day begins at one o'clock.
        ("America/Sao_Paulo", "2018-11-03T00:00:00Z"), ("Africa/Casablanca", "2026-02-14T00:00:00Z"),
        ("Asia/Colombo", "2026-03-28T00:00:00Z"), ("UTC", "2026-12-30T00:00:00Z"),
    ])
    func randomLinesFireWhenACalendarSaysSo(name: String, start: String) throws {
        var numbers = SeededNumbers()
        let zone = Self.zone(name)
        let from = try #require(Moment(iso: start))
        let oracle = CalendarOracle(zone, from: from, hours: 50)
        for _ in 0..<20 {
            let line = Self.line(&numbers)
            let cron = try Cron(line)
            var found: [Moment] = []
            var moment = from
            while let next = cron.next(after: moment, in: zone), next <= oracle.end {
                found.append(next)
                moment = next
            }
            let expected = oracle.fires(cron)
            #expect(found == expected, "seed \(numbers.seed), \(name), \(line)")
        }
    }

    /// Lines that fire several times in two days, mostly at night.
    private static func line(_ numbers: inout SeededNumbers) -> String {
        let minute = ["*/7", "0", "30", "0,30", "59", "15-45/10", "*/1"].randomElement(using: &numbers) ?? "0"
        let hour = ["*", "2", "0-3", "0,1,2,3,23", "*/2", "1-4/3", "22-23"].randomElement(using: &numbers) ?? "*"
        let day = ["*", "*", "*/2", "1-31"].randomElement(using: &numbers) ?? "*"
        return "\(minute) \(hour) \(day) * *"
    }
}

/// What a cron line does in a few days, found by looking at every minute.
private struct CalendarOracle {
    let from: Moment
    let end: Moment
    /// The wall time (as minutes since 1970 of a clock without a zone) at each minute, some hours before and after.
    private let walls: [(instant: Moment, wall: Int64)]

    init(_ zone: TimeZone, from: Moment, hours: Int) {
        self.from = from
        end = from.adding(seconds: Double(hours) * 3600)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        walls = (-300...(hours + 5) * 60).map { minute in
            let instant = from.adding(seconds: Double(minute) * 60)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute], from: Date(timeIntervalSince1970: instant.seconds(since: .zero)))
            let days = Moment.days(
                year: Int64(parts.year ?? 0), month: Int64(parts.month ?? 0), day: Int64(parts.day ?? 0))
            return (instant, (days * 24 + Int64(parts.hour ?? 0)) * 60 + Int64(parts.minute ?? 0))
        }
    }

    func fires(_ cron: Cron) -> [Moment] {
        let shown = Dictionary(grouping: walls, by: \.wall)
        let all = walls.map(\.wall)
        var fires = Set<Moment>()
        for wall in (all.min() ?? 0)...(all.max() ?? 0) where names(cron, wall) {
            if let instants = shown[wall]?.map(\.instant).sorted() {
                fires.formUnion(cron.hours.count == 24 ? instants : Array(instants.prefix(1)))
            } else if let after = walls.first(where: { $0.wall > wall }) {
                fires.insert(after.instant)
            }
        }
        return fires.filter { $0 > from && $0 <= end }.sorted()
    }

    private func names(_ cron: Cron, _ wall: Int64) -> Bool {
        let day = Moment.civil(fromDays: wall / 1440).day
        return cron.minutes.contains(Int(wall % 60)) && cron.hours.contains(Int(wall / 60 % 24))
            && cron.days.contains(Int(day))
    }
}

extension Moment {
    static let zero = Moment(milliseconds: 0)
}
