import Commerce
import SeededRandom
import Testing

@Suite("Reading JSON")
struct JSONReadingTests {
    @Test(
        arguments: [
            ("null", JSON.null), ("true", true), ("false", false), ("0", 0), ("-0", .number("-0")), ("12", 12),
            ("1.50", .number("1.50")), ("1e5", .number("1e5")), ("1E+5", .number("1E+5")),
            ("-0.1e-10", .number("-0.1e-10")),
            ("\"\"", ""), ("[]", []), ("{}", [:]), (" \n\r\t[ 1 , 2 ] ", [1, 2]), ("{ \"a\" : { } }", ["a": [:]]),
            ("[[[]]]", [[[]]]), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
            ("\"é€😀\u{7f}\u{2028}\"", "é€😀\u{7f}\u{2028}"), (#""\u0000""#, "\u{0}"),
        ] as [(String, JSON)])
    func whatRFC8259AllowsIsRead(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "NULL", "True", "undefined", "NaN", "Infinity", "-Infinity", "-", "+1", "01", "-01",
        "1.", ".5",
        "1.e5", "1e", "1e+", "0x10", "1 2", "1,", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{1:2}",
        "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{,}", "{a:1}", "{'a':1}", "'a'", "\"", "\"a", "\"\\", "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"", "\"\\u００４１\"", "\"\n\"", "\"\t\"", "\"\u{0}\"", "\"\u{1f}\"", "\u{FEFF}1", "\u{A0}1", "// a\n1",
        "/**/1",
        "<!DOCTYPE html><html></html>", "[1]x", "{}{}", "[\"a\u{1}\\n\"]",
    ])
    func whatItDoesNotAllowIsRefused(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func theErrorSaysWhereAndWhat() {
        #expect(throws: JSONError.unexpected("'<html>'", offset: 2)) { try JSON(parsing: "  <html>") }
        #expect(throws: JSONError.cutOff(offset: 4)) { try JSON(parsing: "[1, ") }
        #expect(JSONError.cutOff(offset: 4).description == "not JSON: cut off at byte 4")
    }

    @Test func theLastOfTwoMembersOfOneNameCounts() throws {
        #expect(try JSON(parsing: #"{"a":1,"b":2,"a":3}"#) == ["a": 3, "b": 2])
    }

    @Test(arguments: [
        (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00!""#, "😀!"), (#""\ud83d""#, "\u{FFFD}"), (#""\ude00""#, "\u{FFFD}"),
        (#""\ud83dx""#, "\u{FFFD}x"), (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
        (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
        (#""\udbff\udfff""#, "\u{10FFFF}"),
    ])
    func halfASurrogatePairBecomesTheReplacementCharacter(text: String, expected: String) throws {
        #expect(try JSON(parsing: text) == .string(expected))
    }

    @Test func bytesThatAreNoUTF8AreReplacedAndNothingTraps() throws {
        for bytes: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xF8, 0x88], [0xC0, 0x80]] {
            let value = try JSON(parsing: [0x22] + bytes + [0x22])
            #expect(value.string?.contains("\u{FFFD}") == true, "\(bytes)")
            #expect(throws: JSONError.self, "\(bytes)") { try JSON(parsing: bytes) }
        }
    }

    @Test func valuesStandInEachOtherUpToTheLimitAndNoDeeper() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }

        _ = try JSON(parsing: nested(JSON.depthLimit))
        #expect(throws: JSONError.tooDeep(offset: JSON.depthLimit)) { try JSON(parsing: nested(JSON.depthLimit + 1)) }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "{\"a\":", count: 1_000_000)) }
    }

    @Test func aTextCutAnywhereIsRefused() {
        let whole = Array(#"{"id":12.5e3,"n":[null,true,false],"s":"a\n\u00e9\ud83d\ude00€","o":{"x":-1}}"#.utf8)

        #expect(throws: Never.self) { try JSON(parsing: whole) }
        for count in 0..<whole.count {
            #expect(throws: JSONError.self, "cut at byte \(count)") { try JSON(parsing: whole.prefix(count)) }
        }
    }

    @Test func aByteChangedAnywhereNeverTraps() {
        let whole = Array(#"{"id":12.5e3,"n":[null,true],"s":"a\n\u00e9\ud83d\ude00€"}"#.utf8)
        for place in whole.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = whole
                changed[place] = byte
                if let value = try? JSON(parsing: changed) {
                    #expect((try? JSON(parsing: value.bytes)) == value, "byte \(byte) at \(place)")
                }
            }
        }
    }

    @Test func aNumberOfAnyLengthKeepsItsText() throws {
        let digits = String(repeating: "1234567890", count: 500)
        for text in [digits, "0." + digits, "-" + digits + "e" + digits] {
            let value = try JSON(parsing: "[\(text)]")
            #expect(value[0] == .number(text))
            #expect(value[0]?.integer == nil)
            #expect(value.text == "[\(text)]")
        }
        #expect(try JSON(parsing: "9223372036854775807").integer == .max)
        #expect(try JSON(parsing: "9223372036854775808").integer == nil)
    }

    @Test func bytesThatDoNotLieInOnePieceAreReadToo() throws {
        #expect(try JSON(parsing: AnySequence([0x5B, 0x31, 0x5D])) == [1])
    }
}

@Suite("Writing JSON")
struct JSONWritingTests {
    @Test func membersStandInTheOrderOfTheirNamesWithoutWhiteSpace() throws {
        let value = try JSON(parsing: #"{ "b" : [ 1 , null ], "a" : {"z": true, "y": "x"}, "": 0 }"#)

        #expect(value.text == #"{"":0,"a":{"y":"x","z":true},"b":[1,null]}"#)
    }

    @Test func whatMustBeEscapedIsAndNothingElse() {
        let text = String(String.UnicodeScalarView((0...0x80).compactMap { Unicode.Scalar(UInt32($0)) })) + "/é€😀"
        let written = JSON.string(text).text

        #expect(written.contains(#"\u0000\u0001"#) && written.contains(##"\u001f !\"#"##) && written.contains(#"[\\]"#))
        #expect(written.contains(#"\t\n"#) && written.contains(#"\r"#) && written.hasSuffix("/é€😀\""))
        #expect(!written.utf8.contains { $0 < 0x20 })
        #expect((try? JSON(parsing: written)) == .string(text))
    }

    @Test func equalValuesGiveEqualBytesWhateverTheOrderTheyWereMadeIn() {
        var numbers = SeededNumbers()
        for _ in 0..<200 {
            let members = (0..<12).map { ("key\($0 * 7 % 12)", JSON.integer($0)) }
            let one = JSON.object(
                Dictionary(members.shuffled(using: &numbers), uniquingKeysWith: { first, _ in first }))
            let other = JSON.object(
                Dictionary(members.shuffled(using: &numbers), uniquingKeysWith: { first, _ in first }))
            #expect(one == other && one.bytes == other.bytes, "seed \(numbers.seed)")
        }
    }

    @Test func whatIsWrittenReadsBackAsTheSameValue() throws {
        var numbers = SeededNumbers()
        for _ in 0..<500 {
            let value = any(&numbers, depth: 0)
            #expect(try JSON(parsing: value.bytes) == value, "seed \(numbers.seed)")
            #expect(try JSON(parsing: value.bytes).bytes == value.bytes, "seed \(numbers.seed)")
        }
    }

    private func any(_ numbers: inout SeededNumbers, depth: Int) -> JSON {
        switch Int.random(in: 0...(depth > 4 ? 4 : 6), using: &numbers) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &numbers))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &numbers))
        case 3:
            return .number(
                "\(Int.random(in: -99...99, using: &numbers)).\(Int.random(in: 0...999, using: &numbers))e-7")
        case 4: return .string(anyText(&numbers))
        case 5: return .array((0..<Int.random(in: 0...4, using: &numbers)).map { _ in any(&numbers, depth: depth + 1) })
        default:
            let members = (0..<Int.random(in: 0...4, using: &numbers)).map { _ in
                (anyText(&numbers), any(&numbers, depth: depth + 1))
            }
            return .object(Dictionary(members, uniquingKeysWith: { _, last in last }))
        }
    }

    private func anyText(_ numbers: inout SeededNumbers) -> String {
        let scalars = (0..<Int.random(in: 0...6, using: &numbers)).compactMap { _ in
            Unicode.Scalar(UInt32.random(in: 0...0xFFFF, using: &numbers) >> UInt32.random(in: 0...9, using: &numbers))
        }
        return String(String.UnicodeScalarView(scalars))
    }
}

@Suite("Looking into JSON")
struct JSONAccessTests {
    let value: JSON = ["text": "a", "number": 5, "flag": true, "list": [1, "b"], "object": ["x": 1], "nothing": .null]

    @Test func aMemberOrElementThatIsNotThereIsNil() {
        #expect(value["text"]?.string == "a")
        #expect(value["other"] == nil)
        #expect(value["nothing"]?.isNull == true)
        #expect(value["text"]?["text"] == nil)
        #expect(value["list"]?[1]?.string == "b")
        for place in [-1, 2, Int.max, Int.min] { #expect(value["list"]?[place] == nil) }
        #expect(value["object"]?[0] == nil)
    }

    @Test func aValueOfAnotherTypeIsNil() {
        #expect(value["number"]?.integer == 5)
        #expect(value["number"]?.string == nil)
        #expect(value["text"]?.integer == nil)
        #expect(value["text"]?.bool == nil)
        #expect(value["flag"]?.bool == true)
        #expect(value["list"]?.object == nil)
        #expect(value["object"]?.array == nil)
        #expect(JSON.number("5.0").integer == nil)
    }

    @Test func anIdMayBeATextOrANumber() {
        #expect(value["text"]?.scalarText == "a")
        #expect(value["number"]?.scalarText == "5")
        #expect(value["flag"]?.scalarText == nil)
        #expect(JSON.text(nil) == .null)
        #expect(JSON.text("") == "")
    }
}
