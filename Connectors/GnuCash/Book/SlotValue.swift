/// Notes of any name that hang on an object of a book; GnuCash calls them slots and keeps those it does not know.
///
/// Our own facts live in the frame `crossdock` (`Slots.ownFrame`) and nowhere else.
public typealias Slots = [String: SlotValue]

extension Slots {
    /// The name of the frame that carries our own facts.
    public static let ownFrame = "crossdock"

    /// Our own frame, empty when there is none.
    public var own: Slots {
        guard case .frame(let slots)? = self[Self.ownFrame] else { return [:] }
        return slots
    }

    /// Slots that hold nothing but our own frame.
    public static func own(_ facts: Slots) -> Slots { [ownFrame: .frame(facts)] }

    /// The value at a path of names, e.g. `["crossdock", "order_id"]`, or nil.
    public func value(at path: [String]) -> SlotValue? {
        guard let first = path.first, let value = self[first] else { return nil }
        guard path.count > 1 else { return value }
        guard case .frame(let inner) = value else { return nil }
        return inner.value(at: Array(path.dropFirst()))
    }

    /// Puts a value at a path of names, making the frames on the way; nil takes the value away.
    public mutating func set(_ value: SlotValue?, at path: [String]) {
        guard let first = path.first else { return }
        guard path.count > 1 else {
            self[first] = value
            return
        }
        var inner: Slots = [:]
        if case .frame(let slots)? = self[first] { inner = slots }
        inner.set(value, at: Array(path.dropFirst()))
        self[first] = inner.isEmpty && value == nil ? nil : .frame(inner)
    }
}

/// One value of a slot: all nine types a book knows.
public indirect enum SlotValue: Hashable, Sendable {
    case integer(Int64)
    case double(Double)
    case numeric(Fraction)
    case string(String)
    case guid(GUID)
    case time(BookTime)
    case day(BookDay)
    case list([SlotValue])
    case frame(Slots)

    /// The text, or nil for any other type.
    public var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The whole number, or nil for any other type.
    public var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }
}
