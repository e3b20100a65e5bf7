import Mustache

/// A value as templates get it. A text is escaped where it is shown and cannot be shown in any other way.
///
/// The escaping is our own and goes by code points: a quote followed by a combining mark is still a quote for a
/// browser, but one character for Swift, and slips through an escaper that looks at characters.
enum View: Sendable {
    case text(String)
    case flag(Bool)
    case list([View])
    case object([String: View])
    /// Markup that a template has made.
    case rendered(String)

    /// The value as the template engine takes it.
    var forTemplate: Any {
        switch self {
        case .text(let text): EscapedText(renderText: Self.escaped(text), isNull: text.isEmpty)
        case .flag(let flag): flag
        case .list(let views): views.map(\.forTemplate)
        case .object(let members): members.mapValues(\.forTemplate)
        case .rendered(let markup): EscapedText(renderText: markup, isNull: markup.isEmpty)
        }
    }

    /// The text with everything replaced that means something in HTML.
    static func escaped(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out.append(contentsOf: "&amp;".unicodeScalars)
            case "<": out.append(contentsOf: "&lt;".unicodeScalars)
            case ">": out.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": out.append(contentsOf: "&quot;".unicodeScalars)
            case "'": out.append(contentsOf: "&#39;".unicodeScalars)
            // Text direction overrides could make a line read as something else.
            case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": out.append("\u{FFFD}")
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": out.append("\u{FFFD}")
            default: out.append(scalar)
            }
        }
        return String(out)
    }

    /// A text, or nothing at all.
    static func optional(_ text: String?) -> View { .text(text ?? "") }
}

/// A text that may stand in a page as it is; an empty one counts as nothing.
private struct EscapedText: MustacheCustomRenderable {
    let renderText: String
    let isNull: Bool
}

extension View: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
    init(stringLiteral value: String) { self = .text(value) }

    init(dictionaryLiteral elements: (String, View)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}
