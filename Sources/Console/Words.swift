import Commerce

/// How the console says things to people.
enum Words {
    /// The longest value shown in a line; the whole stands in the hover text up to `hoverLength`.
    static let valueLength = 60
    static let hoverLength = 600

    /// How long ago or in how long, roughly: `just now`, `4 min ago`, `in 2 h`.
    static func relative(_ moment: Moment, to now: Moment) -> String {
        let seconds = now.seconds(since: moment)
        let size = abs(seconds)
        guard size >= 5 else { return "just now" }
        let text =
            switch size {
            case ..<60: "\(Int(size)) s"
            case ..<3600: "\(Int(size / 60)) min"
            case ..<86_400: "\(Int(size / 3600)) h"
            default: "\(Int(size / 86_400)) d"
            }
        return seconds > 0 ? "\(text) ago" : "in \(text)"
    }

    /// The exact time, as it stands in the hover text.
    static func exact(_ moment: Moment) -> String {
        moment.description.replacing("T", with: " ").replacing("Z", with: " UTC")
    }

    /// A count with its thousands apart: `12 480`.
    static func count(_ number: Int) -> String {
        var out = ""
        let digits = String(number.magnitude)
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { out.append("\u{202F}") }
            out.append(digit)
        }
        return number < 0 ? "-" + out : out
    }

    /// The count and the word in the right number: `1 conflict`, `3 conflicts`.
    static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(count(number)) \(number == 1 ? one : many)"
    }

    /// How often something came besides the first time: `came once more`; empty where it did not.
    static func again(_ times: Int) -> String {
        times == 0 ? "" : times == 1 ? "came once more" : "came \(count(times)) times more"
    }

    /// The kind as a heading of several.
    static func plural(_ kind: RecordKind) -> String {
        switch kind {
        case .category: "categories"
        case .journal: "journal entries"
        default: kind.rawValue + "s"
        }
    }

    /// A text cut to a length, with an ellipsis where something is missing.
    static func cut(_ text: String, to length: Int) -> String {
        guard text.count > length else { return text }
        return text.prefix(length - 1) + "…"
    }

    /// A part's value for people.
    static func value(_ json: JSON?) -> String {
        switch json {
        case nil, .null?: "—"
        case .bool(let flag)?: flag ? "yes" : "no"
        case .number(let text)?: text
        case .string(let text)?: text.isEmpty ? "“”" : text
        case .array(let elements)?: elements.isEmpty ? "none" : elements.map { value($0) }.joined(separator: ", ")
        case .object(let members)?: object(members)
        }
    }

    private static func object(_ members: [String: JSON]) -> String {
        // A stock level is a quantity; the rest of it is seldom what somebody looks for.
        if let quantity = members["quantity"]?.scalarText, members["isTracked"] == true { return quantity }
        if members["isTracked"] == false { return "not counted" }
        if members.count == 1, let number = members["milliseconds"]?.integer {
            return Moment(milliseconds: Int64(number)).description
        }
        let filled = members.filter { !$0.value.isNull && $0.value != "" }
        guard !filled.isEmpty else { return "empty" }
        return filled.sorted { $0.key < $1.key }.map { "\($0.key) \(value($0.value))" }.joined(separator: ", ")
    }

    /// What was and what is; of two groups only the members that differ.
    static func change(_ old: JSON?, _ new: JSON?) -> (old: String, new: String) {
        guard case .object(let before)? = old, case .object(let after)? = new, before["isTracked"] == nil else {
            return (value(old), value(new))
        }
        let names = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        func part(_ members: [String: JSON]) -> String {
            names.sorted().map { "\($0) \(value(members[$0]))" }.joined(separator: ", ")
        }
        return names.isEmpty ? (value(old), value(new)) : (part(before), part(after))
    }
}
