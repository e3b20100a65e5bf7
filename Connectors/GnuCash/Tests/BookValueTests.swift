import Testing

@testable import GnuCashBook

@Suite("Values of a book")
struct BookValueTests {
    @Test func aGUIDIsWrittenAsItIsRead() throws {
        let text = "00112233445566778899aabbccddeeff"

        let guid = try #require(GUID(text))

        #expect(guid.description == text)
        #expect(GUID(text.uppercased()) == guid)
        #expect(GUID(bytes: guid.bytes) == guid)
    }

    @Test(arguments: ["", "0011", "00112233445566778899aabbccddeefg", "{00112233-4455-6677-8899-aabbccddeeff}"])
    func whatIsNoGUIDIsRefused(text: String) {
        #expect(GUID(text) == nil)
    }

    @Test func theSameSeedGivesTheSameGUIDs() {
        var (first, second, third) = (SeededGUIDs("order 7"), SeededGUIDs("order 7"), SeededGUIDs("order 8"))

        let guids = (0..<1000).map { _ in first.nextGUID() }

        #expect(guids == (0..<1000).map { _ in second.nextGUID() })
        #expect(Set(guids).count == 1000)
        #expect(!guids.contains(third.nextGUID()))
    }

    @Test(
        arguments: [
            ("11900/100", 11_900, 100), ("-5/1", -5, 1), ("126.31", 12_631, 100), ("7", 7, 1), ("-0.5", -5, 10),
            ("9223372036854775807/1", Int64.max, 1),
        ] as [(String, Int64, Int64)])
    func aFractionIsRead(text: String, numerator: Int64, denominator: Int64) throws {
        let fraction = try #require(Fraction(text))

        #expect(fraction.numerator == numerator && fraction.denominator == denominator)
    }

    @Test(arguments: ["", "-", "1/0", "1/-2", "a", "1/", "/1", "9223372036854775808", "1.2.3", "1 /2"])
    func whatIsNoFractionIsRefused(text: String) {
        #expect(Fraction(text) == nil)
    }

    @Test func fractionsAreEqualByValue() throws {
        let long = try #require(Fraction("11900/100"))
        let short = try #require(Fraction("119/1"))

        #expect(long == short)
        #expect(long.hashValue == short.hashValue)
        #expect(long.exactly(in: 1)?.description == "119/1")
        #expect(Fraction("1/3")?.exactly(in: 100) == nil)
    }

    @Test func aSumThatDoesNotFitIsNil() {
        let most = Fraction(whole: Int64.max)

        #expect(most.adding(Fraction(whole: 1)) == nil)
        #expect(Fraction(whole: Int64.min).negated == nil)
    }

    @Test(
        arguments: [
            (1, 2, 1), (-1, 2, -1), (3, 2, 2), (-3, 2, -2), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (0, 5, 0), (49, 100, 0),
        ] as [(Int, Int, Int64)])
    func aHalfIsRoundedAwayFromNought(top: Int, bottom: Int, expected: Int64) {
        #expect(Ratio(Int128(top), Int128(bottom)).rounded(to: 1)?.numerator == expected)
    }

    @Test func aRatioBeyondItsWidthIsNothingAndNeverTraps() {
        var ratio = Ratio(Int128(Int64.max), 3)

        for _ in 0..<8 { ratio = ratio * ratio + ratio }

        #expect(ratio.rounded(to: 100) == nil)
        #expect((Ratio(1, 1) / Ratio.zero).fraction == nil)
    }

    @Test func everyDayOfFourHundredYearsIsWrittenAsItIsRead() throws {
        var day = try #require(BookDay(year: 1801, month: 1, day: 1))
        let last = try #require(BookDay(year: 2200, month: 12, day: 31))
        var count = 0
        while day <= last {
            let parts = day.parts
            #expect(BookDay(year: parts.year, month: parts.month, day: parts.day) == day)
            day = day.adding(days: 1)
            count += 1
        }
        #expect(count == 146_097)
    }

    @Test(arguments: ["2023-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "20240", "2024/01/01", ""])
    func whatIsNoDayIsRefused(text: String) {
        #expect(BookDay(text) == nil)
    }

    @Test(arguments: [
        ("2024-03-20 10:59:00 +0000", "2024-03-20"), ("2024-03-19 23:00:00 +0000", "2024-03-20"),
        ("2024-03-20 05:00:00 +0000", "2024-03-20"), ("2024-03-20 00:00:00 +0100", "2024-03-20"),
        ("20240320105900", "2024-03-20"), ("1969-12-31 10:59:00", "1969-12-31"),
    ])
    func aMomentStandsForTheDayTheUserMeant(text: String, day: String) {
        #expect(BookTime(text)?.day.description == day)
    }

    @Test func aMomentIsWrittenAsBooksWriteIt() throws {
        let day = try #require(BookDay("2024-02-29"))

        #expect(day.bookTime.description == "2024-02-29 10:59:00")
        #expect(day.compact == "20240229")
        #expect(testNow.stamp == "20310405060708")
    }

    @Test func slotsOfEveryTypeSurvivePacking() throws {
        let slots: Slots = [
            "a": .integer(.min), "b": .double(-0.1), "c": .numeric(Fraction(minorUnits: -7, perUnit: 100)),
            "d": .string("Zoë \u{1F4E6}"), "e": .guid(GUID(high: .max, low: 1)),
            "f": .time(BookTime(secondsSince1970: -5)), "g": .day(BookDay(daysSince1970: 19_000)),
            "h": .list([.string(""), .list([]), .integer(3)]), "i": .frame(["j": .frame([:]), "k": .string("x")]),
        ]

        #expect(SlotPacking.unpack(SlotPacking.pack(slots)[...]) == slots)
        #expect(SlotPacking.unpack([]) == [:])
    }

    @Test func slotsAreSetAndTakenByPath() {
        var slots: Slots = ["notes": .string("n")]

        slots.set(.string("1"), at: ["crossdock", "order_id"])
        slots.set(.integer(2), at: ["crossdock", "deep", "rev"])
        #expect(slots.own == ["order_id": .string("1"), "deep": .frame(["rev": .integer(2)])])

        slots.set(nil, at: ["crossdock", "deep", "rev"])
        slots.set(nil, at: ["crossdock", "order_id"])
        #expect(slots == ["notes": .string("n")])
    }

    @Test func charactersThatMakeGnuCashRefuseABookAreLeftOut() {
        #expect(XMLText.clean("a\u{1}b\tc\nd\u{FFFE}e\u{0}") == "ab\tc\nde")
        var bytes: [UInt8] = []
        XMLText.encode("<&>\r\u{8}\"", into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "&lt;&amp;&gt;&#13;\"")
    }

    @Test func aDigestChangesWithEveryFieldAndNotWithOrderOrSpelling() {
        let split = { (low: UInt64, parts: Int64) in
            BookSplit(
                guid: GUID(high: 0, low: low), account: GUID(high: 1, low: low),
                value: Fraction(minorUnits: parts, perUnit: 100))
        }
        var transaction = BookTransaction(
            guid: GUID(high: 9, low: 9), currency: .currency("EUR"), number: "1",
            posted: BookDay(daysSince1970: 19_000), entered: testNow, text: "sale",
            splits: [split(1, 500), split(2, -500)])
        let digest = transaction.digest

        transaction.splits.reverse()
        transaction.splits[0].value = Fraction(whole: -5)
        transaction.entered = BookTime(secondsSince1970: 1)
        #expect(transaction.digest == digest)

        let changes: [(inout BookTransaction) -> Void] = [
            { $0.number = "2" }, { $0.text = "sold" }, { $0.posted = $0.posted.adding(days: 1) },
            { $0.splits[0].memo = "m" }, { $0.splits[0].reconciled = "y" }, { $0.slots["notes"] = .string("n") },
            { $0.currency = .currency("USD") }, { $0.splits[1].account = GUID(high: 5, low: 5) },
            { $0.splits.removeLast() }, { $0.splits[0].lot = GUID(high: 1, low: 1) },
        ]
        for change in changes {
            var copy = transaction
            change(&copy)
            #expect(copy.digest != digest)
        }
    }
}
