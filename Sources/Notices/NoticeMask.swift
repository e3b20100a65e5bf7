/// Takes out of what is kept of a call what must not be read there: secrets, and what is somebody's own.
public struct NoticeMask: Sendable {
    /// What stands in the place of what was taken out.
    public static let dots = "•••"
    /// How much of a body is kept, in bytes.
    public static let keptBytes = 4096
    /// Kinds of records in whose values people stand with their names and addresses.
    static let personal: Set<RecordKind> = [.customer, .order, .shipment, .invoice, .journal]
    /// A text that is shorter is not looked for in an answer: it would be found everywhere.
    private static let shortestText = 4

    private let hidden: [String]

    /// A mask for a call with these secrets that told these values.
    public init(secrets: ListenerSecrets, values: JSON, kind: RecordKind?) {
        var hidden = [secrets.secret] + secrets.headers.filter { !Self.isPlain($0.key) }.values
        if let previous = secrets.previous { hidden.append(previous.secret) }
        if kind.map(Self.personal.contains) ?? false { Self.collect(values, into: &hidden) }
        // The longest first: one may be a part of another.
        self.hidden = Set(hidden.filter { $0.utf8.count >= Self.shortestText }).sorted {
            ($1.utf8.count, $0) < ($0.utf8.count, $1)
        }
    }

    private static func isPlain(_ header: String) -> Bool {
        ["content-type", "accept", "user-agent"].contains(header.lowercased())
    }

    private static func collect(_ value: JSON, into texts: inout [String]) {
        switch value {
        case .string(let text): texts.append(text)
        case .array(let elements): for element in elements { collect(element, into: &texts) }
        case .object(let members): for member in members.values { collect(member, into: &texts) }
        case .null, .bool, .number: break
        }
    }

    /// A text without what is hidden and without anything like a mail address, cut to what is kept.
    public func masked(_ bytes: [UInt8]) -> String {
        var text = String(decoding: bytes.prefix(Self.keptBytes * 2), as: UTF8.self)
        for word in hidden { text = text.replacing(word, with: Self.dots) }
        text = Self.withoutAddresses(text)
        // A server of databases takes no zero byte in a text.
        text = String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value != 0 }))
        guard text.utf8.count > Self.keptBytes else { return text }
        return String(decoding: Array(text.utf8.prefix(Self.keptBytes)), as: UTF8.self) + " ..."
    }

    /// What is told of a record, as it is kept: of people no text stays.
    public static func shown(_ data: JSON, kind: RecordKind?) -> JSON {
        guard let kind, personal.contains(kind), var members = data.object else { return data }
        for name in ["values", "title"] { members[name] = members[name].map(dotted) }
        return .object(members)
    }

    private static func dotted(_ value: JSON) -> JSON {
        switch value {
        case .string: .string(dots)
        case .array(let elements): .array(elements.map(dotted))
        case .object(let members): .object(members.mapValues(dotted))
        case .null, .bool, .number: value
        }
    }

    /// Headers as they are kept.
    public func shown(_ headers: HTTPHeaders) -> JSON {
        let secret: Set<String> = ["authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key"]
        return .object(
            Dictionary(
                headers.list.map { field in
                    let isSecret = secret.contains(field.name.lowercased())
                    return (field.name, .string(isSecret ? Self.dots : masked(Array(field.value.utf8))))
                }, uniquingKeysWith: { first, _ in first }))
    }

    /// The text with dots for each word that holds an `@` between other signs.
    static func withoutAddresses(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
        var out = ""
        var word = ""
        func isWord(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || "@._+-%".contains(character)
        }
        func flush() {
            let parts = word.split(separator: "@", omittingEmptySubsequences: false)
            out += parts.count == 2 && parts.allSatisfy { !$0.isEmpty } ? dots : word
            word = ""
        }
        for character in text {
            if isWord(character) {
                word.append(character)
            } else {
                flush()
                out.append(character)
            }
        }
        flush()
        return out
    }
}
