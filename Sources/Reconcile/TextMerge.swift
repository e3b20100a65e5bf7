import Commerce

/// The three-way merge of text, line by line (diff3). Changes that touch or overlap cannot be joined.
enum TextMerge {
    /// The most lines a text may have to be merged; a longer one is decided whole.
    ///
    /// The comparison takes time that grows with lines times differences; product texts have some dozens of lines.
    static let lineLimit = 2000

    /// Both changes in one text; nil when they overlap.
    static func merged(base: String, ours: String, theirs: String) -> String? {
        let (old, mine, other) = (lines(base), lines(ours), lines(theirs))
        guard max(old.count, mine.count, other.count) <= lineLimit else { return nil }
        let (inMine, inOther) = (places(of: old, in: mine), places(of: old, in: other))
        var result: [String] = []
        var (start, mineStart, otherStart) = (0, 0, 0)
        for line in 0...old.count {
            let isEnd = line == old.count
            guard let mineEnd = isEnd ? mine.count : inMine[line], let otherEnd = isEnd ? other.count : inOther[line]
            else { continue }
            guard
                let chunk = joined(
                    old[start..<line], mine[mineStart..<mineEnd], other[otherStart..<otherEnd])
            else { return nil }
            result += chunk
            if !isEnd { result.append(old[line]) }
            (start, mineStart, otherStart) = (line + 1, mineEnd + 1, otherEnd + 1)
        }
        return result.joined(separator: "\n")
    }

    /// What stands between two lines that all three have in common.
    private static func joined(
        _ base: ArraySlice<String>, _ mine: ArraySlice<String>, _ other: ArraySlice<String>
    ) -> ArraySlice<String>? {
        if mine == base { return other }
        return other == base || other == mine ? mine : nil
    }

    // Split at the byte: to Swift "\r\n" is one character, which a split at "\n" would not find.
    private static func lines(_ text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { String(Substring($0)) }
    }

    /// For each line of the old text the place of the same line in the new one; nil where it is gone.
    private static func places(of old: [String], in new: [String]) -> [Int?] {
        let change = new.difference(from: old)
        var removed = Set<Int>()
        var inserted = Set<Int>()
        for step in change {
            switch step {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        let kept = new.indices.filter { !inserted.contains($0) }
        var next = kept.makeIterator()
        return old.indices.map { removed.contains($0) ? nil : next.next() }
    }
}
