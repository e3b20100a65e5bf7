import Foundation

/// How the shop rewrites what it is sent, as recorded.
enum ShopText {
    /// Rich text: tags that could run are dropped (what stood in them stays), a bare `&` becomes an entity, a
    /// backslash is lost.
    static func rich(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x26 || $0 == 0x5C || $0 == 0x3C }) else { return text }
        return entities(withoutTags(text) { forbidden.contains($0) }.replacingOccurrences(of: "\\", with: ""))
    }

    /// Plain text: every tag dropped, white space trimmed.
    static func plain(_ text: String) -> String {
        let bare = text.utf8.contains(0x3C) ? withoutTags(text) { _ in true } : text
        return bare.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static let forbidden: Set<String> = [
        "script", "style", "iframe", "object", "embed", "form", "input", "meta", "link", "base",
    ]

    private static func withoutTags(_ text: String, _ isDropped: (String) -> Bool) -> String {
        var out = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "<") {
            out += rest[..<open]
            let tag = rest[open...]
            let name = tag.dropFirst().drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }.lowercased()
            if !name.isEmpty, isDropped(name), let close = tag.firstIndex(of: ">") {
                rest = tag[tag.index(after: close)...]
            } else {
                out.append("<")
                rest = tag.dropFirst()
            }
        }
        return out + rest
    }

    private static func entities(_ text: String) -> String {
        var out = ""
        var rest = text[...]
        while let ampersand = rest.firstIndex(of: "&") {
            out += rest[..<ampersand]
            let tail = rest[rest.index(after: ampersand)...]
            let name = tail.prefix { $0.isLetter || $0.isNumber || $0 == "#" }
            let isEntity = !name.isEmpty && tail[name.endIndex...].first == ";"
            out += isEntity ? "&" : "&amp;"
            rest = tail
        }
        return out + rest
    }

    /// What the public page makes of a description: paragraphs around it, a line break behind it.
    static func paragraphs(_ text: String) -> String {
        guard !text.isEmpty else { return "" }
        return (text.hasPrefix("<p") ? text : "<p>\(text)</p>") + "\n"
    }

    /// The last part of an address made from a name: lower case, hyphens, the rest percent-encoded.
    static func slug(_ name: String) -> String {
        var out = ""
        for scalar in decodedEntities(withoutTags(name) { _ in true }).lowercased().unicodeScalars {
            switch scalar {
            case "a"..."z", "0"..."9", "_": out.unicodeScalars.append(scalar)
            case "\u{80}"..."\u{10FFFF}" where !CharacterSet.punctuationCharacters.contains(scalar):
                for byte in String(scalar).utf8 { out += "%" + String(byte, radix: 16) }
            case " ", "-", "–", "—", ".", "/", "\\": if !out.hasSuffix("-"), !out.isEmpty { out += "-" }
            default: break
            }
        }
        while out.hasSuffix("-") { out.removeLast() }
        return out
    }

    /// A decimal as the shop takes it: every character but digits, the last point and a minus is thrown away. So
    /// "12,50" is 1250 and "1,5" is 15.
    static func decimal(_ text: String) -> String {
        var out = ""
        let points = text.filter { $0 == "." }.count
        var seen = 0
        for character in text {
            switch character {
            case "0"..."9", "-": out.append(character)
            case ".":
                seen += 1
                if seen == points { out.append(character) }
            default: break
            }
        }
        return out
    }

    /// The secret a webhook is signed with: entities are decoded first, so `a&amp;b` signs as `a&b`.
    static func decodedEntities(_ text: String) -> String {
        guard text.contains("&") else { return text }
        let table = [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'"), ("&#39;", "'"), ("&#x27;", "'"),
            ("&#034;", "\""), ("&amp;", "&"),
        ]
        return table.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }
}
