/// Takes out of a log line what must stand in no log: secrets, and what tells who somebody is.
///
/// It is the net beneath the rule that nothing of the sort is logged in the first place, and goes by the look of words:
/// a secret that looks like any other word, and stands behind no name that says so, is not found.
public enum Redaction {
    /// The longest text that is told whole, in bytes.
    static let longest = 16_384

    /// What stands in the place of what was taken out.
    public static let mark = "***"

    private static let secretWords = [
        "secret", "password", "passwd", "token", "authorization", "signature", "apikey", "api_key", "api-key",
        "consumer_key", "consumerkey", "cookie", "credential", "privatekey", "private_key",
    ]
    /// How vendors' keys and the hub's own begin.
    private static let keyHeads = ["ck_", "cs_", "sk_", "whsec_", "xdk_", "eyJ"]

    /// Whether what is called so is a secret.
    public static func isSecret(name: String) -> Bool {
        let name = name.lowercased()
        return secretWords.contains { name.contains($0) }
    }

    /// A text without them.
    public static func text(_ text: String) -> String {
        guard text.utf8.count <= longest else {
            return Self.text(String(decoding: text.utf8.prefix(longest / 2), as: UTF8.self)) + " (cut)"
        }
        var out = ""
        var word = ""
        var isHidden = false
        for letter in text {
            guard isEnd(letter) else {
                word.append(letter)
                continue
            }
            isHidden = put(word, to: &out, isHidden: isHidden, before: letter)
            out.append(letter)
            word = ""
        }
        _ = put(word, to: &out, isHidden: isHidden, before: nil)
        return out
    }

    private static func isEnd(_ letter: Character) -> Bool {
        letter.isWhitespace || "\"',;&?(){}[]<>=".contains(letter) || letter == ":"
    }

    /// Puts a word; answers whether the next one is a secret: it stands behind a name that says so.
    private static func put(_ word: String, to out: inout String, isHidden: Bool, before end: Character?) -> Bool {
        guard !word.isEmpty else { return isHidden }
        let lower = word.lowercased()
        let isScheme = lower == "bearer" || lower == "basic"
        if isScheme, end == " " {
            out += word
            return true
        }
        if isHidden {
            out += mark
            return false
        }
        let isName = end == "=" || end == ":" || end == "\"" || end == "'"
        out += hidden(word)
        return isName && isSecret(name: word)
    }

    private static func hidden(_ word: String) -> String {
        if keyHeads.contains(where: { word.hasPrefix($0) }), word.count >= 12 { return mark }
        // An address of a person, or the password before a host: what stands behind it says enough.
        if let at = word.lastIndex(of: "@"), at > word.startIndex { return mark + word[at...] }
        if isCard(word) { return mark + word.suffix(4) }
        return word
    }

    /// Fifteen to nineteen digits that begin and add up as those of a card do; moments and ids are shorter.
    private static func isCard(_ word: String) -> Bool {
        let digits = word.compactMap(\.wholeNumberValue)
        guard digits.count == word.count, (15...19).contains(digits.count), (3...6).contains(digits[0]) else {
            return false
        }
        let sum = digits.reversed().enumerated().reduce(0) { sum, item in
            let twice = item.element * 2
            return sum + (item.offset % 2 == 0 ? item.element : (twice > 9 ? twice - 9 : twice))
        }
        return sum % 10 == 0
    }
}
