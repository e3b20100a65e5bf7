extension XMLBookReader {
    /// The slots inside the element given last. A slot of a type not known here is left out (and left in the file).
    func slots() throws(BookFailure) -> Slots {
        var slots: Slots = [:]
        while let name = try scanner.child() {
            guard name == .slot else {
                try scanner.skip()
                continue
            }
            var key: String?
            var value: SlotValue?
            while let part = try scanner.child() {
                switch part {
                case .slotKey: key = try string()
                case .slotValue: value = try slotValue()
                default: try scanner.skip()
                }
            }
            if let key, let value { slots[key] = value }
        }
        return slots
    }

    private func slotValue() throws(BookFailure) -> SlotValue? {
        // The first letter and the length tell the nine types apart.
        switch scanner.attributeMark {
        case (UInt8(ascii: "s"), 6): return .string(try string())
        case (UInt8(ascii: "i"), 7): return Int64(try string()).map { .integer($0) }
        case (UInt8(ascii: "d"), 6): return Double(try string()).map { .double($0) }
        case (UInt8(ascii: "n"), 7): return Fraction(bytes: try scanner.text()).map { .numeric($0) }
        case (UInt8(ascii: "g"), 4): return GUID(hex: try scanner.text()).map { .guid($0) }
        case (UInt8(ascii: "f"), 5): return .frame(try slots())
        case (UInt8(ascii: "t"), 8), (UInt8(ascii: "g"), 5): return try slotDate()
        case (UInt8(ascii: "l"), 4):
            var values: [SlotValue] = []
            while let name = try scanner.child() {
                if name == .slotValue {
                    if let value = try slotValue() { values.append(value) }
                } else {
                    try scanner.skip()
                }
            }
            return .list(values)
        default:
            try scanner.skip()
            return nil
        }
    }

    private func slotDate() throws(BookFailure) -> SlotValue? {
        var value: SlotValue?
        while let name = try scanner.child() {
            switch name {
            case .day: value = BookDay(bytes: try scanner.text()).map { .day($0) }
            case .time: value = BookTime(bytes: try scanner.text()).map { .time($0) }
            default: try scanner.skip()
            }
        }
        return value
    }
}
