import Commerce

/// The entries of a log part, each known by its key.
///
/// An entry without a key is known by its whole content, so that it too is applied once.
struct LogEntries {
    private(set) var entries: [(key: JSON, entry: JSON)] = []
    private var byKey: [JSON: JSON] = [:]

    /// The entries of a part's value; none when it is no list. Of two entries of one key the first counts.
    init(_ value: JSON?) {
        for entry in value?.array ?? [] { add(entry) }
    }

    /// Adds an entry unless its key is there.
    mutating func add(_ entry: JSON) {
        let key = Self.key(of: entry)
        guard byKey[key] == nil else { return }
        byKey[key] = entry
        entries.append((key, entry))
    }

    // A vendor may send its own id now as a number, now as a text.
    private static func key(of entry: JSON) -> JSON { entry["key"]?.scalarText.map(JSON.string) ?? entry }

    /// The entry with the key of this one; nil when there is none.
    subscript(keyOf entry: JSON) -> JSON? { byKey[Self.key(of: entry)] }

    /// Whether every key stands in the other log.
    func allAreIn(_ other: LogEntries) -> Bool { entries.allSatisfy { other.byKey[$0.key] != nil } }

    /// These entries and those of the other log whose keys are not here.
    func joined(with other: LogEntries) -> LogEntries {
        var result = self
        for (_, entry) in other.entries { result.add(entry) }
        return result
    }

    /// The entries as a part's value.
    var json: JSON { .array(entries.map(\.entry)) }
}
