/// A calendar day in a book, without a clock or a zone.
public struct BookDay: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Days since 1970-01-01, negative before.
    public let daysSince1970: Int32

    /// The day so many days after 1970-01-01.
    public init(daysSince1970: Int32) {
        self.daysSince1970 = daysSince1970
    }

    /// The day of this date in the Gregorian calendar, or nil when there is no such date. Years 1 to 9999.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        daysSince1970 = Int32(era * 146_097 + dayOfEra - 719_468)
        guard case let back = parts, back.month == month, back.day == day else { return nil }
    }

    /// The day written `YYYY-MM-DD` or `YYYYMMDD`, or nil.
    public init?(_ text: some StringProtocol) {
        var copy = String(text)
        let made = copy.withUTF8 { bytes in bytes.count == 8 || bytes.count == 10 ? BookDay(bytes: bytes) : nil }
        guard let made else { return nil }
        self = made
    }

    /// Year, month and day of the month.
    public var parts: (year: Int, month: Int, day: Int) {
        let shifted = Int(daysSince1970) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    }

    /// `YYYY-MM-DD`.
    public var description: String {
        let parts = parts
        return "\(BookTime.padded(parts.year, 4))-\(BookTime.padded(parts.month))-\(BookTime.padded(parts.day))"
    }

    /// `YYYYMMDD`, as a database book writes it.
    var compact: String { description.filter { $0 != "-" } }

    /// The moment a book gives to a day: 10:59:00 UTC, which is the same day in every zone of the world.
    public var bookTime: BookTime { BookTime(secondsSince1970: Int64(daysSince1970) * 86_400 + 39_540) }

    /// The day so many days later, or earlier when negative.
    public func adding(days: Int) -> BookDay {
        BookDay(daysSince1970: Int32(clamping: Int(daysSince1970) + days))
    }

    public static func < (left: BookDay, right: BookDay) -> Bool { left.daysSince1970 < right.daysSince1970 }
}

/// A moment in a book, in whole seconds UTC.
public struct BookTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01 00:00:00 UTC, negative before.
    public let secondsSince1970: Int64

    /// 1970-01-01 00:00:00 UTC, which a database book writes where there is no moment.
    static let none = BookTime(secondsSince1970: 0)

    /// The moment so many seconds after 1970-01-01 00:00:00 UTC.
    public init(secondsSince1970: Int64) {
        self.secondsSince1970 = secondsSince1970
    }

    /// The moment written `YYYY-MM-DD HH:MM:SS +ZZZZ` (the zone may be missing) or `YYYYMMDDHHMMSS`, or nil.
    public init?(_ text: some StringProtocol) {
        var copy = String(text)
        let made = copy.withUTF8 { BookTime(bytes: $0) }
        guard let made else { return nil }
        self = made
    }

    /// The day this moment stands for.
    ///
    /// GnuCash writes a day as 10:59 UTC or as midnight of the user's own zone, so the nearest midnight decides:
    /// 23:00 UTC is the next day seen from Berlin, 05:00 UTC the same day seen from New York.
    public var day: BookDay {
        let shifted = secondsSince1970.addingReportingOverflow(43_200).partialValue
        return BookDay(daysSince1970: Int32(clamping: Self.floorDivide(shifted, by: 86_400)))
    }

    /// `YYYY-MM-DD HH:MM:SS`, as a database book writes it.
    public var description: String {
        let days = Self.floorDivide(secondsSince1970, by: 86_400)
        let second = Int(secondsSince1970 - days * 86_400)
        let clock = [second / 3600, second / 60 % 60, second % 60].map { Self.padded($0) }.joined(separator: ":")
        return "\(BookDay(daysSince1970: Int32(clamping: days))) \(clock)"
    }

    /// `YYYYMMDDHHMMSS`, as the name of a safety copy carries it.
    var stamp: String { description.filter(\.isNumber) }

    public static func < (left: BookTime, right: BookTime) -> Bool { left.secondsSince1970 < right.secondsSince1970 }

    static func padded(_ number: Int, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-(value + 1)) / divisor) - 1
    }
}

extension BookDay {
    /// Reads the day at the front of `YYYY-MM-DD...` or `YYYYMMDD...`.
    init?(bytes: UnsafeBufferPointer<UInt8>) {
        let gap = bytes.count >= 10 && bytes[4] == UInt8(ascii: "-") ? 1 : 0
        guard bytes.count >= 8 + 2 * gap, gap == 0 || bytes[7] == UInt8(ascii: "-"),
            let year = bytes.number(at: 0, 4), let month = bytes.number(at: 4 + gap, 2),
            let day = bytes.number(at: 6 + 2 * gap, 2)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }
}

extension BookTime {
    init?(bytes: UnsafeBufferPointer<UInt8>) {
        guard let day = BookDay(bytes: bytes) else { return nil }
        let isSpaced = bytes.count >= 19 && bytes[4] == UInt8(ascii: "-")
        let (start, gap) = isSpaced ? (11, 1) : (8, 0)
        guard let hour = bytes.number(at: start, 2), let minute = bytes.number(at: start + 2 + gap, 2),
            let second = bytes.number(at: start + 4 + 2 * gap, 2), hour < 24, minute < 60, second < 61
        else { return nil }
        var moment = Int64(day.daysSince1970) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        if isSpaced, bytes.count >= 25, let zoneHour = bytes.number(at: 21, 2), let zoneMinute = bytes.number(at: 23, 2)
        {
            let shift = Int64(zoneHour * 3600 + zoneMinute * 60)
            moment += bytes[20] == UInt8(ascii: "-") ? shift : -shift
        }
        self.init(secondsSince1970: moment)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The number written in `width` digits at `start`, or nil.
    func number(at start: Int, _ width: Int) -> Int? {
        guard start + width <= count else { return nil }
        var value = 0
        for index in start..<start + width {
            let digit = self[index] &- 48
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
