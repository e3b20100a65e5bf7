/// Canonical JSON that is written piece by piece: for long lists, where a tree of values costs several times what its
/// bytes do. Who writes names the members in the order of their names, as `JSON.bytes` has them.
public struct JSONText: Hashable, Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []

    /// Nothing yet; `capacity`: how many bytes are likely.
    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// An object of the members that are written in between.
    public mutating func object(_ members: (inout JSONText) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        members(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    /// An array of the value that is written for each element.
    public mutating func array<Element>(_ all: some Sequence<Element>, _ value: (inout JSONText, Element) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        for element in all { value(&self, element) }
        bytes.append(UInt8(ascii: "]"))
    }

    /// A text, or null.
    public mutating func value(_ text: String?) {
        separate()
        if let text { JSON.write(text, into: &bytes) } else { bytes += "null".utf8 }
    }

    /// A number.
    public mutating func value(_ number: Int64) {
        separate()
        bytes += String(number).utf8
    }

    /// A truth value.
    public mutating func value(_ flag: Bool) {
        separate()
        bytes += (flag ? "true" : "false").utf8
    }

    /// Any value.
    public mutating func value(_ json: JSON) {
        separate()
        json.write(into: &bytes)
    }

    /// The name of a member, of plain letters; its value is written next.
    public mutating func member(_ name: StaticString) {
        let sign = isOpen ? 0 : 1
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "\""), count: sign + name.utf8CodeUnitCount + 3))
        bytes.withUnsafeMutableBufferPointer { bytes in
            if sign > 0 { bytes[start] = UInt8(ascii: ",") }
            name.withUTF8Buffer { name in
                for index in name.indices { bytes[start + sign + 1 + index] = name[index] }
            }
            bytes[bytes.count - 1] = UInt8(ascii: ":")
        }
    }

    /// Whether nothing stands before what comes next that it is to be parted from. No value ends with these signs.
    private var isOpen: Bool {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): true
        default: false
        }
    }

    private mutating func separate() {
        if !isOpen { bytes.append(UInt8(ascii: ",")) }
    }
}

extension JSONText {
    /// A member that is a text, or null.
    public mutating func member(_ name: StaticString, _ text: String?) {
        member(name)
        value(text)
    }

    /// A member that is a number.
    public mutating func member(_ name: StaticString, _ number: Int64) {
        member(name)
        value(number)
    }

    /// A member that is a truth value.
    public mutating func member(_ name: StaticString, _ flag: Bool) {
        member(name)
        value(flag)
    }
}
