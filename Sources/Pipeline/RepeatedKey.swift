import Commerce

/// A key that stands twice in one object: a reader would take one of its values and say nothing of the other.
public enum RepeatedKey {
    /// The first such key of a JSON text; nil when there is none.
    public static func first(in text: [UInt8], parsed: JSON) -> String? {
        let written = keys(in: text)
        let kept = keys(of: parsed)
        guard written.count > kept.count else { return nil }
        let counts = Dictionary(kept.map { ($0, 1) }, uniquingKeysWith: +)
        let all = Dictionary(written.map { ($0, 1) }, uniquingKeysWith: +)
        return written.first { all[$0, default: 0] > counts[$0, default: 0] }
    }

    /// The strings that a colon follows, as they are written.
    private static func keys(in text: [UInt8]) -> [String] {
        var found: [String] = []
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "\"") else {
                index += 1
                continue
            }
            let start = index + 1
            index = start
            while index < text.count, text[index] != UInt8(ascii: "\"") {
                index += text[index] == UInt8(ascii: "\\") ? 2 : 1
            }
            let end = min(index, text.count)
            index = end + 1
            while index < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[index]) { index += 1 }
            if index < text.count, text[index] == UInt8(ascii: ":") {
                found.append(String(decoding: text[start..<end], as: UTF8.self))
            }
        }
        return found
    }

    private static func keys(of json: JSON) -> [String] {
        if let members = json.object { return members.flatMap { [$0.key] + keys(of: $0.value) } }
        return json.array?.flatMap(keys(of:)) ?? []
    }
}
