/// Why a line is no schedule, in a sentence for the person who wrote it.
public struct ScheduleRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    /// A refusal with its sentence.
    public init(_ description: String) { self.description = description }
}

extension Cron {
    /// The longest line that is read, in bytes.
    public static let lengthLimit = 200

    private static let shorthands = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    /// Reads a line.
    ///
    /// - Throws: `ScheduleRefusal` naming the field that is wrong, or saying that the line never fires.
    public init(_ line: String) throws(ScheduleRefusal) {
        guard line.utf8.count <= Self.lengthLimit else {
            throw ScheduleRefusal("a cron line has at most \(Self.lengthLimit) bytes")
        }
        let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
        let text = words.joined(separator: " ")
        let whole = words.count == 1 ? Self.shorthands[text.lowercased()] ?? text : text
        let fields = whole.split(separator: " ").map(String.init)
        guard fields.count == 5 else {
            throw ScheduleRefusal(
                "\"\(text)\" has \(fields.count) fields; a cron line has five: minute hour day month weekday")
        }
        description = text
        minutes = try CronField.minute.values(fields[0]).sorted()
        hours = try CronField.hour.values(fields[1]).sorted()
        days = try CronField.day.values(fields[2])
        months = try CronField.month.values(fields[3])
        weekdays = Set(try CronField.weekday.values(fields[4]).map { $0 % 7 })
        needsBothDays = fields[2].hasPrefix("*") || fields[4].hasPrefix("*")
        try refuseIfNever(line: text)
    }

    private func refuseIfNever(line: String) throws(ScheduleRefusal) {
        guard needsBothDays else { return }
        let longest = [1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31]
        let first = days.min() ?? 32
        guard months.contains(where: { (longest[$0] ?? 0) >= first }) else {
            let names = months.sorted().map { CronField.monthNames[$0 - 1].capitalized }.joined(separator: ", ")
            throw ScheduleRefusal("\"\(line)\" never fires: \(names) has no day \(first)")
        }
    }
}

/// One of the five fields.
struct CronField {
    let name: String
    let range: ClosedRange<Int>
    var names: [String: Int] = [:]

    static let monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    static let minute = CronField(name: "minute", range: 0...59)
    static let hour = CronField(name: "hour", range: 0...23)
    static let day = CronField(name: "day", range: 1...31)
    static let month = CronField(
        name: "month", range: 1...12,
        names: Dictionary(uniqueKeysWithValues: monthNames.enumerated().map { ($1, $0 + 1) }))
    /// 0 and 7 are both Sunday.
    static let weekday = CronField(
        name: "weekday", range: 0...7, names: Dictionary(uniqueKeysWithValues: dayNames.enumerated().map { ($1, $0) }))

    /// The values a field stands for.
    func values(_ text: String) throws(ScheduleRefusal) -> Set<Int> {
        var result = Set<Int>()
        for element in text.split(separator: ",", omittingEmptySubsequences: false) {
            result.formUnion(try values(ofElement: String(element), in: text))
        }
        return result
    }

    private func values(ofElement element: String, in text: String) throws(ScheduleRefusal) -> [Int] {
        let halves = element.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var step = 1
        if halves.count == 2 {
            guard let number = Self.number(halves[1]), number >= 1, number <= range.upperBound else {
                throw refusal("the step \"\(halves[1])\" in \"\(text)\" is no number from 1 to \(range.upperBound)")
            }
            step = number
        }
        let (low, high) = try bounds(halves[0], isStepped: halves.count == 2, in: text)
        return Array(stride(from: low, through: high, by: step))
    }

    private func bounds(_ element: String, isStepped: Bool, in text: String) throws(ScheduleRefusal) -> (Int, Int) {
        // The seventh weekday is Sunday once more; a star means each day once.
        let last = name == "weekday" ? 6 : range.upperBound
        if element == "*" { return (range.lowerBound, last) }
        let ends = element.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2 else { throw refusal("\"\(element)\" in \"\(text)\" is no range") }
        let low = try value(ends[0], in: text)
        guard ends.count == 2 else { return (low, isStepped ? max(low, last) : low) }
        var high = try value(ends[1], in: text)
        if name == "weekday", high == 0, low > 0 { high = 7 }
        guard low <= high else {
            throw refusal("\"\(element)\" runs backwards; write it as two ranges joined by a comma")
        }
        return (low, high)
    }

    private func value(_ word: String, in text: String) throws(ScheduleRefusal) -> Int {
        if let named = names[word.lowercased()] { return named }
        guard let number = Self.number(word), range.contains(number) else {
            throw refusal(
                "\"\(word)\" in \"\(text)\" is not from \(range.lowerBound) to \(range.upperBound)"
                    + (names.isEmpty ? "" : " and no name of a \(name)"))
        }
        return number
    }

    private func refusal(_ detail: String) -> ScheduleRefusal { ScheduleRefusal("\(name): \(detail)") }

    private static func number(_ word: String) -> Int? {
        guard !word.isEmpty, word.utf8.count <= 4, word.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(word)
    }
}
