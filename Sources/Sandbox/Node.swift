import Commerce
import Wire

/// A JSON value whose members keep their order, written the way PHP writes JSON: `/` escaped, all beyond ASCII as
/// `\uXXXX`. The recorded shop answers so, and a client that reads only tidy JSON must fail here, not at a customer.
enum Node: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case text(String)
    case list([Node])
    case object([Member])

    struct Member: Hashable, Sendable {
        let name: String
        var value: Node

        init(_ name: String, _ value: Node) {
            self.name = name
            self.value = value
        }
    }

    static func int(_ value: Int) -> Node { .number(String(value)) }

    static func textOrNull(_ value: String?) -> Node { value.map(Node.text) ?? .null }

    static func intOrNull(_ value: Int?) -> Node { value.map(Node.int) ?? .null }

    /// The same value, the members of objects in the order of their names.
    init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .number(let text): self = .number(text)
        case .string(let text): self = .text(text)
        case .array(let elements): self = .list(elements.map(Node.init))
        case .object(let members):
            self = .object(members.sorted { $0.key < $1.key }.map { Member($0.key, Node($0.value)) })
        }
    }

    /// The member of that name.
    subscript(name: String) -> Node? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The members of an object.
    var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    /// The same value as JSON that has no order.
    var json: JSON {
        switch self {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .number(let text): .number(text)
        case .text(let text): .string(text)
        case .list(let elements): .array(elements.map(\.json))
        case .object(let members):
            .object(Dictionary(members.map { ($0.name, $0.value.json) }, uniquingKeysWith: { _, last in last }))
        }
    }

    /// An object of these members alone, in their own order; all when nothing is asked for.
    func keeping(_ names: Set<String>?) -> Node {
        guard let names, case .object(let members) = self else { return self }
        return .object(members.filter { names.contains($0.name) })
    }
}

extension Node: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .int(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(nilLiteral: ()) { self = .null }
    init(arrayLiteral elements: Node...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, Node)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

extension Node: JSONBody {
    /// The bytes as the shop writes them.
    var bytes: [UInt8] {
        var out: [UInt8] = []
        write(into: &out)
        return out
    }

    func write(into out: inout [UInt8]) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let flag): out += (flag ? "true" : "false").utf8
        case .number(let text): out += text.utf8
        case .text(let text): Self.write(text, into: &out)
        case .list(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                element.write(into: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members): Self.write(members, into: &out)
        }
    }

    private static func write(_ members: [Member], into out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            write(member.name, into: &out)
            out.append(UInt8(ascii: ":"))
            member.value.write(into: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func write(_ text: String, into out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var text = text
        let isPlain = text.withUTF8 { bytes in
            guard bytes.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C && $0 != 0x2F }) else {
                return false
            }
            out.append(contentsOf: bytes)
            return true
        }
        if !isPlain { for unit in text.utf16 { write(unit, into: &out) } }
        out.append(UInt8(ascii: "\""))
    }

    private static func write(_ unit: UInt16, into out: inout [UInt8]) {
        switch unit {
        case 0x22, 0x5C, 0x2F:
            out.append(0x5C)
            out.append(UInt8(truncatingIfNeeded: unit))
        case 0x20..<0x7F: out.append(UInt8(truncatingIfNeeded: unit))
        case 0x0A: out += [0x5C, 0x6E]
        case 0x0D: out += [0x5C, 0x72]
        case 0x09: out += [0x5C, 0x74]
        default: writeEscape(unit, into: &out)
        }
    }

    private static func writeEscape(_ unit: UInt16, into out: inout [UInt8]) {
        out += [0x5C, 0x75]
        for shift in [12, 8, 4, 0] {
            let digit = UInt8(truncatingIfNeeded: unit >> UInt16(shift) & 15)
            out.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
