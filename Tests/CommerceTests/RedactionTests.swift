import Commerce
import Testing

@Suite("Redaction")
struct RedactionTests {
    @Test(arguments: [
        ("4111111111111111", "************1111"), ("pay 4111 1111 1111 1111 now", "pay **** **** **** 1111 now"),
        ("5555-5555-5555-4444.", "****-****-****-4444."), ("378282246310005", "***********0005"),
        ("a\\n6011111111111117", "a\\n************1117"),
    ])
    func ofACardNumberFourDigitsStay(text: String, expected: String) {
        #expect(Redaction.withoutCards(text) == expected)
    }

    @Test(arguments: [
        "4111111111111112", "1234567890123456", "4006381333931", "x4111111111111111", "0.4111111111111111",
        "2026-03-02 09:00:00 +94 71 999 8877", "41111111111111111111", "",
    ])
    func whatIsNoCardNumberStays(text: String) {
        #expect(Redaction.withoutCards(text) == text)
    }

    /// Most bytes are stepped over: no number may be, wherever it stands and whatever stands around it.
    @Test(arguments: ["x", "1", " ", "-", "1 ", "12-x", "é"])
    func aCardNumberIsFoundWhereverItStands(filler: String) {
        for count in 0..<40 {
            let (before, after) = (String(repeating: filler, count: count) + ". ", ", " + filler)
            for (card, masked) in [("4111111111111111", "************1111"), ("4222222222222", "*********2222")] {
                #expect(Redaction.withoutCards(before + card + after) == before + masked + after, "\(count)")
            }
        }
    }

    @Test func aCardNumberInJSONLeavesItJSON() throws {
        let body = Array(#"{"id":4111111111111111,"note":"4111111111111111","sku":"4006381333931"}"#.utf8)

        let json = try JSON(parsing: Redaction.withoutCards(body))

        #expect(json == ["id": .number("9999999999991111"), "note": "************1111", "sku": "4006381333931"])
    }

    @Test func ofAnAddressThatIsToldOneLetterStays() {
        #expect(Redaction.told("\"ann@example.com\" is taken, <bob@mail.test>") == "\"a…@…\" is taken, <b…@…>")
        #expect(Redaction.told("lamp @ home") == "lamp @ home")
        #expect(Redaction.told(["key": ["ann@example.com", 7]]) == ["key": ["a…@…", 7]])
    }

    @Test func onlyASuspectTextIsLookedAtClosely() {
        #expect(Redaction.isSuspect(["a": ["4111 1111 1111 1111"]]) && Redaction.isSuspect("a@b"))
        #expect(!Redaction.isSuspect(["a": ["1250.00 LKR", 4_111_111_111_111]]))
    }
}
