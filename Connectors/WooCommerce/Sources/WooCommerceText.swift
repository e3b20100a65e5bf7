import ConnectorKit
import Foundation

/// How the shop writes text, and what it means.
enum WooCommerceText {
    /// Source: HTML 5 named references WordPress itself writes (wptexturize, esc_html, sanitize).
    private static let named: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "times": "×", "ndash": "–",
        "mdash": "—", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "hellip": "…", "copy": "©", "reg": "®",
        "trade": "™", "deg": "°", "euro": "€", "pound": "£", "laquo": "«", "raquo": "»", "middot": "·",
    ]
    /// The longest reference looked at, between `&` and `;`.
    private static let referenceLength = 8

    /// The text with its HTML references replaced once: `A &amp; B` is `A & B`. What is no reference stays.
    static func decoded(_ text: String) -> String {
        guard text.contains("&") else { return text }
        var out = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            out += rest[..<start]
            rest = rest[start...]
            let head = rest.dropFirst().prefix(referenceLength + 1)
            if let end = head.firstIndex(of: ";"), let value = value(of: String(head[..<end])) {
                out += value
                rest = rest[rest.index(after: end)...]
            } else {
                out += "&"
                rest = rest.dropFirst()
            }
        }
        return out + rest
    }

    private static func value(of reference: String) -> String? {
        guard reference.hasPrefix("#") else { return named[reference] }
        let digits = reference.dropFirst()
        let code = digits.first == "x" || digits.first == "X" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        guard let code, code >= 32, let scalar = Unicode.Scalar(code) else { return nil }
        return String(Character(scalar))
    }

    /// A name as people read it: references replaced, no white space around it.
    static func name(_ text: String) -> String { trimmed(decoded(text)) }

    /// Long text without the paragraphs the shop wraps it in: `<p>High grown.</p>\n` is `High grown.`
    ///
    /// Text with any other markup stays as it is, without white space around it.
    static func prose(_ text: String) -> String {
        let text = trimmed(text)
        return paragraphs(of: text)?.joined(separator: "\n\n") ?? text
    }

    /// The same for text the shop has already rendered for its pages (webhooks, plain reading): nil where what was
    /// typed cannot be told from what is shown, because the shop puts typographic marks and line breaks of its own in.
    static func proseFromRendered(_ text: String) -> String? {
        let text = trimmed(text)
        if text.isEmpty { return "" }
        guard let paragraphs = paragraphs(of: text), paragraphs.allSatisfy({ !$0.contains("&") && !$0.contains("\n") })
        else { return nil }
        return paragraphs.joined(separator: "\n\n")
    }

    /// The contents of plain paragraphs; nil when the text is anything else.
    private static func paragraphs(of text: String) -> [String]? {
        guard text.hasPrefix("<p>"), text.hasSuffix("</p>") else { return nil }
        var found: [String] = []
        var rest = text[...]
        while let end = rest.range(of: "</p>") {
            let paragraph = rest[..<end.lowerBound]
            guard paragraph.hasPrefix("<p>") else { return nil }
            let content = paragraph.dropFirst(3)
            guard !content.contains("<") else { return nil }
            found.append(String(content))
            rest = rest[end.upperBound...].drop(while: \.isWhitespace)
        }
        return rest.isEmpty ? found : nil
    }

    static func trimmed(_ text: String) -> String {
        let head = text.drop(while: \.isWhitespace)
        guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(head[...last])
    }
}
