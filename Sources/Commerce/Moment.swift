/// A point in time, in milliseconds since 1970 (UTC). Steps that decide take it as an argument; none reads a clock.
public struct Moment: Hashable, Sendable, Codable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    /// A point in time from milliseconds since 1970.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// A point in time from whole seconds since 1970.
    public init(seconds: Int64) { self.init(milliseconds: seconds &* 1000) }

    /// Compares by time.
    public static func < (left: Moment, right: Moment) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment that many seconds later (earlier when negative); the last or first there is when it lies beyond.
    public func adding(seconds: Double) -> Moment {
        let limit: Int64 = seconds < 0 ? .min : .max
        guard let added = Int64(exactly: (seconds * 1000).rounded(.towardZero)) else {
            return Moment(milliseconds: limit)
        }
        let (sum, isOver) = milliseconds.addingReportingOverflow(added)
        return Moment(milliseconds: isOver ? limit : sum)
    }

    /// The seconds from an earlier moment to this one.
    public func seconds(since other: Moment) -> Double {
        let (difference, isTooFar) = milliseconds.subtractingReportingOverflow(other.milliseconds)
        return (isTooFar ? Double(milliseconds) - Double(other.milliseconds) : Double(difference)) / 1000
    }
}

extension Moment: CustomStringConvertible {
    /// The time in UTC, as ISO 8601 with seconds: `2026-11-20T21:51:20Z`.
    public var description: String { text(zone: "Z") }

    /// The time in UTC without a zone: `2026-11-20T21:51:20`, as many vendors write it.
    public var naive: String { text(zone: "") }

    private func text(zone: StaticString) -> String {
        let seconds = milliseconds.quotient(by: 1000)
        let (year, month, day) = Self.civil(fromDays: seconds.quotient(by: 86_400))
        let rest = seconds - seconds.quotient(by: 86_400) * 86_400
        let hasFourDigits = (0...9999).contains(year)
        let text = String(unsafeUninitializedCapacity: 19 + zone.utf8CodeUnitCount) { bytes in
            bytes.initialize(repeating: UInt8(ascii: "-"))
            Self.write(hasFourDigits ? year : 0, at: 0...3, bytes)
            Self.write(month, at: 5...6, bytes)
            Self.write(day, at: 8...9, bytes)
            bytes[10] = UInt8(ascii: "T")
            Self.write(rest / 3600, at: 11...12, bytes)
            bytes[13] = UInt8(ascii: ":")
            Self.write(rest / 60 % 60, at: 14...15, bytes)
            bytes[16] = UInt8(ascii: ":")
            Self.write(rest % 60, at: 17...18, bytes)
            zone.withUTF8Buffer { zone in for (index, byte) in zone.enumerated() { bytes[19 + index] = byte } }
            return 19 + zone.utf8CodeUnitCount
        }
        return hasFourDigits ? text : "\(year)" + text.dropFirst(4)
    }

    /// The day in UTC: `2026-11-20`.
    public var day: String { String(naive.prefix(10)) }

    /// Reads ISO 8601: a date and a time with seconds, a fraction allowed, with `Z`, an offset, or nothing (then UTC).
    /// Nil when the text is anything else, a day that its month does not have included.
    public init?(iso text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, let year = Self.number(bytes, 0, 4), let month = Self.number(bytes, 5, 2),
            let day = Self.number(bytes, 8, 2), let hour = Self.number(bytes, 11, 2),
            let minute = Self.number(bytes, 14, 2), let second = Self.number(bytes, 17, 2),
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), [UInt8(ascii: "T"), UInt8(ascii: " ")].contains(bytes[10]),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        guard let (fraction, offset) = Self.tail(Array(bytes[19...])) else { return nil }
        let days = Self.days(year: year, month: month, day: day)
        guard Self.civil(fromDays: days).month == month else { return nil }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.init(milliseconds: seconds * 1000 + fraction)
    }

    /// The milliseconds of a fraction and the seconds of an offset, or nil when what follows is neither.
    private static func tail(_ bytes: [UInt8]) -> (fraction: Int64, offset: Int64)? {
        var rest = bytes[...]
        var fraction: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (48...57).contains($0) }
            guard !digits.isEmpty else { return nil }
            let three = Array(digits.prefix(3)) + Array(repeating: 48, count: max(0, 3 - digits.count))
            fraction = number(three, 0, 3) ?? 0
            rest = rest.dropFirst(1 + digits.count)
        }
        let zone = Array(rest)
        if zone.isEmpty || zone == [UInt8(ascii: "Z")] { return (fraction, 0) }
        guard zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"), let hours = number(zone, 1, 2),
            let minutes = minutes(ofOffset: zone), hours < 24, minutes < 60
        else { return nil }
        return (fraction, (zone[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 3600 + minutes * 60))
    }

    /// The minutes of `+05`, `+0530` or `+05:30`; nil for another form.
    private static func minutes(ofOffset zone: [UInt8]) -> Int64? {
        switch zone.count {
        case 3: 0
        case 5: number(zone, 3, 2)
        case 6 where zone[3] == UInt8(ascii: ":"): number(zone, 4, 2)
        default: nil
        }
    }

    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64? {
        guard start + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[start..<start + count] {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 48)
        }
        return value
    }

    /// Writes digits, with zeros before them.
    private static func write(_ value: Int64, at places: ClosedRange<Int>, _ bytes: UnsafeMutableBufferPointer<UInt8>) {
        var value = value
        for place in places.reversed() {
            bytes[place] = UInt8(ascii: "0") + UInt8(value % 10)
            value /= 10
        }
    }

    /// Days since 1970-01-01 of a day in the proleptic Gregorian calendar.
    public static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.quotient(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Year, month and day of a count of days since 1970-01-01.
    public static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.quotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    /// The quotient rounded towards minus infinity.
    fileprivate func quotient(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}
