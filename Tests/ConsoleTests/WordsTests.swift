import Commerce
import Testing

@testable import Console

@Suite("Console: words")
struct ConsoleWordsTests {
    @Test(arguments: [
        (0.0, "just now"), (4, "just now"), (5, "5 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3599, "59 min ago"),
        (3600, "1 h ago"), (86_399, "23 h ago"), (86_400, "1 d ago"), (-4, "just now"), (-90, "in 1 min"),
    ])
    func aTimeIsSaidRoughly(secondsAgo: Double, text: String) {
        let now = Moment(milliseconds: 1_800_000_000_000)

        #expect(Words.relative(now.adding(seconds: -secondsAgo), to: now) == text)
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1\u{202F}000"), (1_234_567, "1\u{202F}234\u{202F}567"),
        (-1000, "-1\u{202F}000"),
    ])
    func aCountHasItsThousandsApart(number: Int, text: String) {
        #expect(Words.count(number) == text)
    }

    @Test func whatCameAgainIsSaidInTheSingularToo() {
        #expect([0, 1, 2].map(Words.again) == ["", "came once more", "came 2 times more"])
    }

    @Test func oneIsSaidInTheSingular() {
        #expect(Words.count(1, "conflict", "conflicts") == "1 conflict")
        #expect(Words.count(2, "conflict", "conflicts") == "2 conflicts")
        #expect(Words.count(0, "conflict", "conflicts") == "0 conflicts")
    }

    @Test(
        arguments: [
            (nil, "—"), (.null, "—"), (true, "yes"), (false, "no"), (.number("1.50"), "1.50"), ("", "“”"),
            ("Tea", "Tea"),
            ([], "none"), (["a", "b"], "a, b"), (["isTracked": true, "quantity": "7"], "7"),
            (["isTracked": false, "quantity": .null], "not counted"), ([:], "empty"),
            (["milliseconds": 1_795_344_606_000], "2026-11-22T10:50:06Z"),
            (["city": "Galle", "name": "", "line2": .null, "country": "LK"], "city Galle, country LK"),
        ] as [(JSON?, String)])
    func aValueIsSaidAsPeopleReadIt(value: JSON?, text: String) {
        #expect(Words.value(value) == text)
    }

    @Test func ofAGroupOnlyWhatDiffersIsShown() {
        let change = Words.change(
            ["regular": "10.00 EUR", "currency": "EUR", "sale": "9.00 EUR"],
            ["regular": "11.00 EUR", "currency": "EUR"])

        #expect(change.old == "regular 10.00 EUR, sale 9.00 EUR")
        #expect(change.new == "regular 11.00 EUR, sale —")
    }

    @Test(arguments: [
        ("shop", "shop"), ("hill shop", "'hill shop'"), ("it's", #"'it'\''s'"#), ("", "''"), ("a;b", "'a;b'"),
    ])
    func aNameIsShownAsItMustBeTyped(name: String, typed: String) {
        #expect(OverviewView.quoted(name) == typed)
    }
}
