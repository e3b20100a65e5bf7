import Commerce
import SeededRandom
import Testing

@Suite("JSON that is written piece by piece")
struct JSONTextTests {
    /// What a tree of values tells, piece by piece.
    private func write(_ json: JSON, into text: inout JSONText) {
        switch json {
        case .object(let members):
            text.object { text in
                for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                    text.member(Self.names[name] ?? "none")
                    write(value, into: &text)
                }
            }
        case .array(let elements): text.array { text in elements.forEach { write($0, into: &text) } }
        case .string(let string): text.value(string)
        case .bool(let flag): text.value(flag)
        case .number(let digits): text.value(Int64(digits) ?? 0)
        case .null: text.value(nil as String?)
        }
    }

    private static let names: [String: StaticString] = ["a": "a", "ab": "ab", "b": "b", "z": "z"]
    private static let strings = [
        "", "{", "[", ":", "\"", "\\", "tea \u{1F375}\n", ",", "\u{0}", String(repeating: "tea ", count: 50),
    ]

    private func tree(_ random: inout SeededNumbers, depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth == 0 ? 4 : 6), using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .integer(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random))
        case 3: .string(Self.strings.randomElement(using: &random) ?? "")
        case 4: .array((0..<Int.random(in: 0...3, using: &random)).map { _ in tree(&random, depth: depth - 1) })
        default:
            .object(
                Self.names.keys.sorted().filter { _ in .random(using: &random) }.reduce(into: [:]) {
                    $0[$1] = tree(&random, depth: depth - 1)
                })
        }
    }

    @Test func itsBytesAreThoseOfTheTree() {
        var random = SeededNumbers()
        for _ in 0..<2000 {
            let json = tree(&random, depth: 4)
            var text = JSONText()
            write(json, into: &text)
            #expect(text.bytes == json.bytes, "seed \(random.seed): \(json.text)")
        }
    }

    @Test func membersOfEachKindFollowEachOther() {
        var text = JSONText(capacity: 10)
        text.object { text in
            text.member("a", "x")
            text.member("b", nil as String?)
            text.member("c", Int64.min)
            text.member("d", false)
            text.member("e")
            text.value(["k": [1]] as JSON)
        }
        #expect(
            String(decoding: text.bytes, as: UTF8.self)
                == #"{"a":"x","b":null,"c":-9223372036854775808,"d":false,"e":{"k":[1]}}"#)
    }
}
