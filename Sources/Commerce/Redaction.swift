/// Texts without what may not be kept as it is: whole card numbers, and e-mail addresses where a text is only told.
public enum Redaction {
    /// The digits a card number has.
    private static let cardDigits = 13...19
    /// How many of a card number's digits may be kept.
    private static let keptDigits = 4

    /// Bytes of a text, or of JSON, in which every card number is stars but for its last four digits. A number of JSON
    /// that stands by itself gets nines for stars, so that it stays one.
    public static func withoutCards(_ bytes: [UInt8]) -> [UInt8] {
        var masked: [UInt8]?
        var index = 0
        while let start = longRun(in: bytes, from: index) {
            let run = digits(in: bytes, from: start)
            if let last = run.last, isCard(run, in: bytes) {
                var copy = masked ?? bytes
                let star = isBare(run[0], last, in: bytes) ? UInt8(ascii: "9") : UInt8(ascii: "*")
                for place in run.dropLast(keptDigits) { copy[place] = star }
                masked = copy
            }
            index = (run.last ?? start) + 1
        }
        return masked ?? bytes
    }

    /// A text without card numbers.
    public static func withoutCards(_ text: String) -> String {
        guard text.utf8.count >= cardDigits.lowerBound, text.utf8.contains(where: isDigit) else { return text }
        let bytes = Array(text.utf8)
        let masked = withoutCards(bytes)
        return masked == bytes ? text : String(decoding: masked, as: UTF8.self)
    }

    /// JSON in whose texts no card number stands.
    public static func withoutCards(_ json: JSON) -> JSON {
        switch json {
        case .string(let text): .string(withoutCards(text))
        case .array(let elements): .array(elements.map(withoutCards))
        case .object(let members): .object(members.mapValues(withoutCards))
        case .null, .bool, .number: json
        }
    }

    /// JSON in whose texts neither card numbers nor whole e-mail addresses stand.
    public static func told(_ json: JSON) -> JSON {
        switch json {
        case .string(let text): .string(told(text))
        case .array(let elements): .array(elements.map(told))
        case .object(let members): .object(members.mapValues(told))
        case .null, .bool, .number: json
        }
    }

    /// Whether any text of it may hold a card number or an e-mail address: a quick look that spares a copy.
    public static func isSuspect(_ json: JSON) -> Bool {
        switch json {
        case .string(let text): isSuspect(text)
        case .array(let elements): elements.contains(where: isSuspect)
        case .object(let members): members.values.contains(where: isSuspect)
        case .null, .bool, .number: false
        }
    }

    private static func isSuspect(_ text: String) -> Bool {
        var digits = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "@") { return true }
            if isDigit(byte) { digits += 1 }
        }
        return digits >= cardDigits.lowerBound
    }

    /// A text as it may be told: without card numbers, and of an e-mail address its first letter alone.
    public static func told(_ text: String) -> String {
        let text = withoutCards(text)
        guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
        return text.split(omittingEmptySubsequences: false) { $0.isWhitespace || "\"'<>(),;:[]{}".contains($0) }
            .filter { isAddress($0) }
            .reduce(text) { $0.replacing(String($1), with: "\($1.prefix(1))…@…") }
    }

    private static func isAddress(_ word: Substring) -> Bool {
        let halves = word.split(separator: "@", omittingEmptySubsequences: false)
        return halves.count == 2 && !halves[0].isEmpty && halves[1].contains(".") && halves[1].contains { $0.isLetter }
    }

    // MARK: Card numbers

    /// Where the next digits begin that belong together and are as many as the shortest card number has.
    private static func longRun(in bytes: [UInt8], from start: Int) -> Int? {
        let span = cardDigits.lowerBound - 1
        return bytes.withUnsafeBufferPointer { bytes in
            var index = start
            while index < bytes.count {
                // So many digits that began at one of these bytes would go on over both, and one of two is a digit.
                if index + span < bytes.count, !isDigit(bytes[index + span - 1]), !isDigit(bytes[index + span]) {
                    index += span
                    continue
                }
                guard isDigit(bytes[index]) else {
                    index += 1
                    continue
                }
                let first = index
                var (count, last) = (1, index)
                index += 1
                while index < bytes.count {
                    if isDigit(bytes[index]) {
                        (count, last) = (count + 1, index)
                    } else if !isSeparator(bytes[index]) || index + 1 >= bytes.count || !isDigit(bytes[index + 1]) {
                        break
                    }
                    index += 1
                }
                if count > span { return first }
                index = last + 1
            }
            return nil
        }
    }

    /// The places of digits that belong together: single blanks or hyphens may stand between them.
    private static func digits(in bytes: [UInt8], from start: Int) -> [Int] {
        var places = [start]
        var index = start + 1
        while index < bytes.count {
            if isDigit(bytes[index]) {
                places.append(index)
            } else if !isSeparator(bytes[index]) || index + 1 >= bytes.count || !isDigit(bytes[index + 1]) {
                break
            }
            index += 1
        }
        return places
    }

    /// Whether digits are those of a card: as many as one has, of an issuer's range, with the check digit, and no part
    /// of a longer word.
    private static func isCard(_ places: [Int], in bytes: [UInt8]) -> Bool {
        guard cardDigits.contains(places.count), let first = places.first, let last = places.last,
            isBeginning(first, in: bytes), last + 1 == bytes.count || !isWord(bytes[last + 1])
        else { return false }
        let digits = places.map { Int(bytes[$0] - UInt8(ascii: "0")) }
        return isIssued(digits) && isChecked(digits)
    }

    private static func isBeginning(_ first: Int, in bytes: [UInt8]) -> Bool {
        guard first > 0, isWord(bytes[first - 1]) else { return first == 0 || bytes[first - 1] != UInt8(ascii: ".") }
        // JSON writes the end of a line as a letter behind a backslash.
        return first > 1 && bytes[first - 2] == UInt8(ascii: "\\")
    }

    /// The ranges in which cards are issued (ISO/IEC 7812), by their first digits and their length.
    private static func isIssued(_ digits: [Int]) -> Bool {
        let (two, four) = (digits[0] * 10 + digits[1], digits.prefix(4).reduce(0) { $0 * 10 + $1 })
        switch digits.count {
        case 14: return two == 36 || two == 38 || two == 39 || (300...305).contains(four / 10)
        case 15: return two == 34 || two == 37
        case 16:
            return digits[0] == 4 || (51...55).contains(two) || (2221...2720).contains(four) || two == 65 || two == 62
                || two == 35 || four == 6011 || (644...649).contains(four / 10) || two == 50 || (56...58).contains(two)
        case 13, 19: return digits[0] == 4 || (digits.count == 19 && (two == 62 || two == 63 || two == 67))
        default: return digits.count > 16 && two == 62
        }
    }

    /// Whether the last digit is right (Luhn).
    private static func isChecked(_ digits: [Int]) -> Bool {
        let sum = digits.reversed().enumerated().reduce(0) { sum, digit in
            let (place, value) = digit
            guard place % 2 == 1 else { return sum + value }
            return sum + (value > 4 ? value * 2 - 9 : value * 2)
        }
        return sum.isMultiple(of: 10)
    }

    /// Whether digits stand where JSON has a number.
    private static func isBare(_ first: Int, _ last: Int, in bytes: [UInt8]) -> Bool {
        var before = first - 1
        while before >= 0, bytes[before] == UInt8(ascii: " ") { before -= 1 }
        var after = last + 1
        while after < bytes.count, bytes[after] == UInt8(ascii: " ") { after += 1 }
        guard before >= 0, after < bytes.count else { return false }
        return ":[,".utf8.contains(bytes[before]) && ",]}".utf8.contains(bytes[after])
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    private static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "-") }
    private static func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "_") || byte >= 0x80
    }
}
