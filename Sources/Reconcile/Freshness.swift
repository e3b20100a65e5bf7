/// Whether an answer is too old to be merged. It is then dropped and asked for again.
public enum Freshness {
    /// Whether what was read may show a state from before something the hub already knows.
    ///
    /// - Parameters:
    ///   - revision: The far side's revision of what was read; nil when it has none.
    ///   - remembered: The revision last merged or settled; nil when there is none.
    ///   - askedAtWrite: The number of the last settled write to this record when the request went out; nil when the
    ///     hub did not ask (a webhook's body), and then only the revision speaks.
    ///   - lastSettledWrite: That number now.
    /// - Returns: True when it is to be dropped and asked for again.
    public static func isStale(
        revision: String?, remembered: String?, askedAtWrite: Int64?, lastSettledWrite: Int64
    ) -> Bool {
        if let askedAtWrite, askedAtWrite < lastSettledWrite { return true }
        guard let revision, let remembered else { return false }
        return isOlder(revision, than: remembered)
    }

    /// Whether a webhook's body may be merged as it is. Otherwise it only says that there is something to fetch.
    ///
    /// - Parameters:
    ///   - isComplete: Whether the body carries the whole record.
    ///   - revision: Its revision; without one nothing shows that it is newer.
    ///   - remembered: The revision last merged; nil when the record is new.
    /// - Returns: True when it is complete and newer than all that was merged.
    public static func mayMergeWebhook(isComplete: Bool, revision: String?, remembered: String?) -> Bool {
        guard isComplete, let revision else { return false }
        return remembered.map { isOlder($0, than: revision) } ?? true
    }

    /// Whether one revision of a far side is older than another of the same record.
    ///
    /// Whole numbers are compared as numbers of any length, everything else (stamps in ISO 8601) as bytes.
    static func isOlder(_ revision: String, than other: String) -> Bool {
        guard let left = digits(revision), let right = digits(other) else {
            return revision.utf8.lexicographicallyPrecedes(other.utf8)
        }
        return left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
    }

    private static func digits(_ text: String) -> Substring.UTF8View? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return text.drop { $0 == "0" }.utf8
    }
}
