/// The bytes of one element of the user's book, changed child by child; what is not named stays byte for byte.
struct XMLElement {
    /// One element inside.
    struct Child {
        var name: XMLName
        var range: Range<Int>
        /// The value of the attribute `type`, empty when there is none.
        var type: String
    }

    private(set) var bytes: [UInt8]
    private let path: String
    /// How deep the element is nested, counted from the objects of the book.
    private let level: Int

    init(_ bytes: [UInt8], level: Int, path: String) {
        self.bytes = bytes
        self.level = level
        self.path = path
    }

    /// The elements inside, in order, and where the end tag begins (nil for `<x/>`).
    private func parts() throws(BookFailure) -> (children: [Child], endTag: Int?) {
        let scanner = XMLScanner(MemorySource(bytes), path: path)
        guard try scanner.child() != nil else { throw .damaged(path: path, detail: "an object is not where it was") }
        var children: [Child] = []
        while let name = try scanner.child() {
            let start = Int(scanner.startOffset)
            let type = scanner.attribute("type") ?? ""
            try scanner.skip()
            children.append(Child(name: name, range: start..<Int(scanner.offset), type: type))
        }
        let end = Int(scanner.endTagOffset)
        return (children, end < bytes.count ? end : nil)
    }

    func children() throws(BookFailure) -> [Child] { try parts().children }

    func element(_ child: Child) -> XMLElement {
        XMLElement(Array(bytes[child.range]), level: level + 1, path: path)
    }

    func child(_ name: XMLName) throws(BookFailure) -> XMLElement? {
        try children().first { $0.name == name }.map { element($0) }
    }

    /// The text of a child, or nil when there is none.
    func text(_ name: XMLName) throws(BookFailure) -> String? {
        let scanner = XMLScanner(MemorySource(bytes), path: path)
        _ = try scanner.child()
        while let found = try scanner.child() {
            if found == name { return String(decoding: try scanner.text(), as: UTF8.self) }
            try scanner.skip()
        }
        return nil
    }

    /// Puts new bytes in the place of a child.
    mutating func replace(_ child: Child, with text: [UInt8]) {
        bytes.replaceSubrange(child.range, with: text)
    }

    /// Takes a child away with the white space before it.
    mutating func remove(_ child: Child) {
        var start = child.range.lowerBound
        while start > 0, bytes[start - 1] <= 0x20 { start -= 1 }
        bytes.removeSubrange(start..<child.range.upperBound)
    }

    /// Sets the child of this name to what `build` writes, or takes it away when that is nothing.
    ///
    /// A new child goes behind the last of those that stand before it in `order`.
    mutating func set(
        _ name: XMLName, in order: [XMLName], _ build: (inout XMLFragment) -> Void
    ) throws(BookFailure) {
        var fragment = XMLFragment(level: level + 1)
        build(&fragment)
        let text = Self.trimmed(fragment.bytes)
        let (children, _) = try parts()
        if let old = children.first(where: { $0.name == name }) {
            if text.isEmpty { remove(old) } else { replace(old, with: text) }
            return
        }
        guard !text.isEmpty else { return }
        let before = Set(order.prefix { $0 != name })
        let anchor = children.last { before.contains($0.name) }
        try insert(text, behind: anchor)
    }

    /// Adds what `build` writes as the last child.
    mutating func append(_ build: (inout XMLFragment) -> Void) throws(BookFailure) {
        var fragment = XMLFragment(level: level + 1)
        build(&fragment)
        try insert(Self.trimmed(fragment.bytes), behind: try children().last)
    }

    /// Adds a child behind another, or as the first.
    private mutating func insert(_ text: [UInt8], behind anchor: Child?) throws(BookFailure) {
        let indented = Array("\n".utf8) + Array(repeating: 0x20, count: (level + 1) * 2) + text
        if let anchor {
            bytes.insert(contentsOf: indented, at: anchor.range.upperBound)
            return
        }
        let (children, endTag) = try parts()
        if let first = children.first {
            let gap = Array("\n".utf8) + Array(repeating: 0x20, count: (level + 1) * 2)
            bytes.insert(contentsOf: text + gap, at: first.range.lowerBound)
        } else if let endTag {
            bytes.replaceSubrange(endTag..<endTag, with: indented + closing())
        } else if let stroke = bytes.lastIndex(of: UInt8(ascii: "/")) {
            // `<x/>` holds nothing: it is opened.
            let tag = String(decoding: bytes[1..<stroke].prefix { $0 > 0x20 }, as: UTF8.self)
            bytes.replaceSubrange(stroke..<bytes.count, with: ">".utf8)
            bytes += indented + closing() + Array("</\(tag)>".utf8)
        }
    }

    private func closing() -> [UInt8] { Array("\n".utf8) + Array(repeating: 0x20, count: level * 2) }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        let front = bytes.drop { $0 == 0x20 }
        return Array(front.last == 0x0a ? front.dropLast() : front)
    }
}

extension XMLElement {
    /// Sets a slot at a path below this element, which holds slots; nil takes it away.
    mutating func setSlot(_ path: ArraySlice<String>, _ value: SlotValue?) throws(BookFailure) {
        guard let key = path.first else { return }
        for child in try children() where child.name == .slot {
            var slot = element(child)
            guard try slot.text(.slotKey) == key else { continue }
            if path.count > 1, let held = try slot.children().first(where: { $0.name == .slotValue }),
                held.type == "frame"
            {
                var frame = slot.element(held)
                try frame.setSlot(path.dropFirst(), value)
                slot.replace(held, with: frame.bytes)
                replace(child, with: slot.bytes)
            } else if let new = Self.nested(path.dropFirst(), value) {
                var fragment = XMLFragment(level: level + 1)
                fragment.slot(key, new)
                replace(child, with: Self.trimmed(fragment.bytes))
            } else {
                remove(child)
            }
            return
        }
        if let new = Self.nested(path.dropFirst(), value) { try append { $0.slot(key, new) } }
    }

    /// The value inside so many frames.
    static func nested(_ path: ArraySlice<String>, _ value: SlotValue?) -> SlotValue? {
        value.map { value in path.reversed().reduce(value) { inner, key in .frame([key: inner]) } }
    }

    /// Sets slots of an object, making the element that holds them when there is none.
    mutating func setSlots(
        _ changes: [SlotChange], in name: XMLName, order: [XMLName]
    ) throws(BookFailure) {
        for change in changes {
            if var holder = try child(name) {
                try holder.setSlot(change.path[...], change.value)
                if let place = try children().first(where: { $0.name == name }) { replace(place, with: holder.bytes) }
            } else if let key = change.path.first, let value = Self.nested(change.path.dropFirst(), change.value) {
                try set(name, in: order) { $0.slots(name, [key: value]) }
            }
        }
    }
}
