/// Words that are somebody's own, to be left out of what is told of an integration as a whole: far sides name in their
/// sentences whom they were told of.
public struct OwnWords: Sendable {
    /// What stands in the place of one.
    public static let dots = "•••"
    /// Shorter words stand in sentences of others, too, in bytes.
    private static let fewestBytes = 4

    private let words: [String]

    /// The words of what is somebody's own in these records.
    public init(_ records: [HubRecord]) {
        var words: Set<String> = []
        for record in records where record.kind.isPersonal {
            for (part, hub) in record.parts {
                guard let own = PersonalForm(record.kind, part).split(hub.value) else { continue }
                Self.collect(own.secret, into: &words)
            }
        }
        // The longest first: one may be a part of another.
        self.words = words.filter { $0.utf8.count >= Self.fewestBytes }
            .sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    }

    private static func collect(_ value: JSON, into words: inout Set<String>) {
        switch value {
        case .string(let text): words.insert(text)
        case .array(let elements): for element in elements { collect(element, into: &words) }
        case .object(let members): for member in members.values { collect(member, into: &words) }
        case .null, .bool, .number: break
        }
    }

    /// A sentence without them, and of e-mail addresses the first letter alone.
    public func left(outOf sentence: String) -> String {
        Redaction.told(words.reduce(sentence) { $0.replacing($1, with: Self.dots) })
    }
}
