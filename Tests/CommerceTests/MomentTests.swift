import Commerce
import Foundation
import SeededRandom
import Testing

@Suite("Moments")
struct MomentTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-20T21:51:20Z", 1_795_211_480_000),
            ("2026-11-20T21:51:20", 1_795_211_480_000),
            ("2026-11-20 21:51:20", 1_795_211_480_000), ("2026-11-20T21:51:20.5Z", 1_795_211_480_500),
            ("2026-11-20T21:51:20.123456789Z", 1_795_211_480_123), ("2026-11-21T03:21:20+05:30", 1_795_211_480_000),
            ("2026-11-20T16:51:20-0500", 1_795_211_480_000), ("2026-11-20T16:51:20-05", 1_795_211_480_000),
            ("2026-11-20T21:51:20+00:00", 1_795_211_480_000), ("1969-12-31T23:59:59.999Z", -1),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
            ("2000-02-29T12:00:00Z", 951_825_600_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ] as [(String, Int64)])
    func theFormsOfISO8601AreRead(text: String, milliseconds: Int64) {
        #expect(Moment(iso: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-11-20", "2026-11-20T21:51", "20261120T215120Z", "2026/11/20T21:51:20Z",
        "2026-11-20T21.51.20Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-02-30T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00X",
        "2026-01-01T00:00:00ZZ",
        "2026-01-01T00:00:00+5", "2026-01-01T00:00:00+5:30", "2026-01-01T00:00:00+05:3", "2026-01-01T00:00:00+05:60",
        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+05:300", " 2026-01-01T00:00:00Z", "２０２６-01-01T00:00:00Z",
        "0000-00-00 00:00:00", "+026-01-01T00:00:00Z",
    ])
    func anotherTextIsNoMoment(text: String) {
        #expect(Moment(iso: text) == nil)
    }

    @Test func everyDayOfFourHundredYearsHasTheDateThatFoundationGivesIt() throws {
        var calendar = Foundation.Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        let first = Moment.days(year: 1899, month: 12, day: 31)
        for step in stride(from: Int64(0), to: 146_097, by: 7) {
            let (year, month, day) = Moment.civil(fromDays: first + step)
            #expect(Moment.days(year: year, month: month, day: day) == first + step)
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Foundation.Date(timeIntervalSince1970: Double((first + step) * 86_400)))
            #expect([parts.year, parts.month, parts.day] == [Int(year), Int(month), Int(day)], "day \(first + step)")
        }
    }

    @Test func leapDaysExistOnlyInLeapYears() {
        for year in 1896...2104 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            #expect((Moment(iso: "\(year)-02-29T00:00:00Z") != nil) == isLeap, "\(year)")
        }
    }

    @Test func theTextOfAMomentReadsBackToTheSecondAndAgreesWithFoundation() throws {
        var numbers = SeededNumbers()
        let style = Foundation.Date.ISO8601FormatStyle()
        for _ in 0..<1_000 {
            let moment = Moment(seconds: Int64.random(in: -10_000_000_000...200_000_000_000, using: &numbers))
            #expect(Moment(iso: moment.description) == moment, "seed \(numbers.seed): \(moment)")
            #expect(Moment(iso: moment.naive) == moment, "seed \(numbers.seed): \(moment)")
            let date = Foundation.Date(timeIntervalSince1970: Double(moment.milliseconds / 1000))
            #expect(date.formatted(style) == moment.description, "seed \(numbers.seed)")
        }
    }

    @Test func aFractionIsCutNotRoundedIntoTheNextSecond() {
        #expect(Moment(milliseconds: 1_999).description == "1970-01-01T00:00:01Z")
        #expect(Moment(milliseconds: -1).description == "1969-12-31T23:59:59Z")
        #expect(Moment(milliseconds: -1).day == "1969-12-31")
    }

    @Test func addingNeverTraps() {
        #expect(Moment(seconds: 10).adding(seconds: 1.5).milliseconds == 11_500)
        #expect(Moment(seconds: 10).adding(seconds: -20).milliseconds == -10_000)
        for seconds in [Double.infinity, 1e300, .greatestFiniteMagnitude, 9.3e15] {
            #expect(Moment(seconds: 10).adding(seconds: seconds).milliseconds == .max)
            #expect(Moment(seconds: -10).adding(seconds: -seconds).milliseconds == .min)
        }
        #expect(Moment(milliseconds: .max).seconds(since: Moment(milliseconds: .min)) > 1.8e16)
    }

    @Test func momentsAreOrderedByTime() {
        #expect(Moment(milliseconds: 1) < Moment(milliseconds: 2))
        #expect(Moment(seconds: 3).seconds(since: Moment(seconds: 1)) == 2)
    }
}
