/// Text of one or more elements, laid out as GnuCash lays it out: two spaces to a level.
struct XMLFragment {
    private(set) var bytes: [UInt8] = []
    private var level: Int

    init(level: Int = 0) {
        self.level = level
    }

    mutating func open(_ name: XMLName, _ attributes: String = "") {
        indent()
        bytes.append(contentsOf: "<\(name.rawValue)\(attributes.isEmpty ? "" : " " + attributes)>\n".utf8)
        level += 1
    }

    mutating func close(_ name: XMLName) {
        level -= 1
        indent()
        bytes.append(contentsOf: "</\(name.rawValue)>\n".utf8)
    }

    /// An element of text; GnuCash leaves the type out for plain texts.
    mutating func leaf(_ name: XMLName, _ text: String, _ attributes: String = "") {
        indent()
        bytes.append(contentsOf: "<\(name.rawValue)\(attributes.isEmpty ? "" : " " + attributes)>".utf8)
        XMLText.encode(text, into: &bytes)
        bytes.append(contentsOf: "</\(name.rawValue)>\n".utf8)
    }

    /// An element of text, or nothing for an empty one.
    mutating func leafUnlessEmpty(_ name: XMLName, _ text: String) {
        if !XMLText.clean(text).isEmpty { leaf(name, text) }
    }

    mutating func leaf(_ name: XMLName, _ guid: GUID?) {
        if let guid { leaf(name, guid.description, "type=\"guid\"") }
    }

    mutating func leaf(_ name: XMLName, _ fraction: Fraction) { leaf(name, fraction.description) }

    mutating func leaf(_ name: XMLName, _ flag: Bool) { leaf(name, flag ? "1" : "0") }

    mutating func moment(_ name: XMLName, _ time: BookTime, _ attributes: String = "") {
        open(name, attributes)
        leaf(.time, "\(time) +0000")
        close(name)
    }

    mutating func commodity(_ name: XMLName, _ commodity: BookCommodity) {
        open(name)
        leaf(.space, commodity.space)
        leaf(.code, commodity.code)
        close(name)
    }

    /// The slots in an element of this name, or nothing when there are none.
    mutating func slots(_ name: XMLName, _ slots: Slots) {
        guard !slots.isEmpty else { return }
        open(name)
        members(slots)
        close(name)
    }

    mutating func slot(_ key: String, _ value: SlotValue) {
        open(.slot)
        leaf(.slotKey, key)
        self.value(value)
        close(.slot)
    }

    private mutating func members(_ slots: Slots) {
        for (key, value) in slots.sorted(by: { $0.key < $1.key }) { slot(key, value) }
    }

    private mutating func value(_ value: SlotValue) {
        switch value {
        case .integer(let number): leaf(.slotValue, String(number), "type=\"integer\"")
        case .double(let number): leaf(.slotValue, "\(number)", "type=\"double\"")
        case .numeric(let fraction): leaf(.slotValue, fraction.description, "type=\"numeric\"")
        case .string(let text): leaf(.slotValue, text, "type=\"string\"")
        case .guid(let guid): leaf(.slotValue, guid.description, "type=\"guid\"")
        case .time(let time): moment(.slotValue, time, "type=\"timespec\"")
        case .day(let day):
            open(.slotValue, "type=\"gdate\"")
            leaf(.day, day.description)
            close(.slotValue)
        case .list(let values):
            open(.slotValue, "type=\"list\"")
            values.forEach { self.value($0) }
            close(.slotValue)
        case .frame(let slots):
            open(.slotValue, "type=\"frame\"")
            members(slots)
            close(.slotValue)
        }
    }

    private mutating func indent() {
        bytes.append(contentsOf: repeatElement(0x20, count: level * 2))
    }
}
