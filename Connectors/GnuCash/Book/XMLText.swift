/// Text as XML writes it.
enum XMLText {
    /// Adds the text with its entities replaced; an entity that is none stays as it is.
    static func decode(_ text: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]) {
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "&"), let (scalar, length) = entity(text, at: index) {
                result.append(contentsOf: String(Character(scalar)).utf8)
                index += length
            } else {
                result.append(text[index])
                index += 1
            }
        }
    }

    /// The character an entity stands for, and how long it is written.
    private static func entity(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> (Unicode.Scalar, Int)? {
        var end = start + 1
        while end < text.count, end - start < 12, text[end] != UInt8(ascii: ";") { end += 1 }
        guard end < text.count, text[end] == UInt8(ascii: ";") else { return nil }
        let name = String(decoding: text[start + 1..<end], as: UTF8.self)
        let length = end + 1 - start
        switch name {
        case "amp": return ("&", length)
        case "lt": return ("<", length)
        case "gt": return (">", length)
        case "quot": return ("\"", length)
        case "apos": return ("'", length)
        default:
            guard name.first == "#" else { return nil }
            let isHex = name.dropFirst().first == "x"
            let number = UInt32(name.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10)
            return number.flatMap(Unicode.Scalar.init).map { ($0, length) }
        }
    }

    /// Adds the text as XML must write it.
    static func encode(_ text: String, into result: inout [UInt8]) {
        for byte in clean(text).utf8 {
            switch byte {
            case UInt8(ascii: "&"): result.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): result.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): result.append(contentsOf: "&gt;".utf8)
            case 0x0d: result.append(contentsOf: "&#13;".utf8)
            default: result.append(byte)
            }
        }
    }

    /// The text without characters that make GnuCash refuse the whole book: C0 controls but tab and line ends, and the
    /// two that are no characters.
    static func clean(_ text: String) -> String {
        let isBad = { (scalar: Unicode.Scalar) in
            scalar.value < 0x20 && ![0x09, 0x0a, 0x0d].contains(scalar.value)
                || scalar.value == 0xfffe || scalar.value == 0xffff
        }
        guard text.unicodeScalars.contains(where: isBad) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.filter { !isBad($0) }))
    }
}
