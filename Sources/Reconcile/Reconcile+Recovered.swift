import Commerce

extension Reconcile {
    /// What an interrupted write turns out to have done, once the far side has been looked at again.
    ///
    /// A write whose answer was lost may have had its effect or not. Where the far side now shows what was written, and
    /// did not show it before, the write is settled as if its answer had come; merged as a change of theirs it would
    /// meet the hub's own later edits as a conflict with nobody.
    ///
    /// Where it shows neither what it did before nor what was written, somebody edited it, before our write was to come
    /// or after: the edit is the last word either way, so the write counts as settled and the edit as made upon it.
    /// Only of a counter this would move pieces that nobody moved.
    ///
    /// What was seen to have come while the answer was waited for counts as settled whatever is shown: what stood there
    /// before is by now somebody's last word.
    ///
    /// - Parameters:
    ///   - kind: The kind of record.
    ///   - intent: What the interrupted write carried.
    ///   - proven: The parts in which it was seen to have come.
    ///   - shown: What the far side shows now.
    ///   - link: The link as it was before the write.
    ///   - normalForm: The form in which two values count as the same at this side.
    /// - Returns: The new state of the parts that were written, to be saved before `inbound` is asked about the rest.
    public static func recovered(
        kind: RecordKind, intent: Parts, proven: Set<String> = [], shown: Parts, link: [String: LinkedPart],
        normalForm: (String, JSON) -> JSON
    ) -> [String: LinkedPart] {
        let given = Parts(intent.values.filter { proven.contains($0.key) })
        let open = Parts(intent.values.filter { !proven.contains($0.key) })
        let effective = shownOf(open, kind, shown, link, normalForm)
        let overwritten = open.values.filter { part, value in
            guard let now = shown[part], effective[part] == nil else { return false }
            let form = kind.shape(of: part).form
            return (form == .field || form == .sequence) && !form.areSame(link[part]?.seen, now)
        }
        let met = settled(kind: kind, wrote: Parts(overwritten), answered: nil, link: link, normalForm: normalForm)
        return settled(kind: kind, wrote: Parts(effective), answered: shown, link: link, normalForm: normalForm)
            .merging(met) { first, _ in first }
            .merging(settled(kind: kind, wrote: given, answered: nil, link: link, normalForm: normalForm)) { $1 }
    }

    /// The parts in which a far side shows what an unclear write carried and did not show it before: that write has
    /// come there, whatever is shown later. Neither a counter, which somebody may have moved to the same number, nor a
    /// log proves anything.
    ///
    /// - Parameters: as `recovered`.
    public static func proven(
        kind: RecordKind, intent: Parts, shown: Parts, link: [String: LinkedPart],
        normalForm: (String, JSON) -> JSON
    ) -> Set<String> {
        Set(shownOf(intent, kind, shown, link, normalForm).keys).filter { part in
            let form = kind.shape(of: part).form
            return form != .log && form != .counter
        }
    }

    /// Of what a write carried, that which is shown now and was not shown before.
    private static func shownOf(
        _ intent: Parts, _ kind: RecordKind, _ shown: Parts, _ link: [String: LinkedPart],
        _ normalForm: (String, JSON) -> JSON
    ) -> [String: JSON] {
        intent.values.filter { part, value in
            guard let now = shown[part] else { return false }
            let form = kind.shape(of: part).form
            if form == .log { return LogEntries(value).allAreIn(LogEntries(now)) }
            return !form.areSame(link[part]?.seen, now)
                && (form.areSame(value, now) || form.areSame(normalForm(part, value), normalForm(part, now)))
        }
    }

    /// What a counterpart shows just as an unclear create carried it, where nothing tells for sure who made it.
    ///
    /// If it was our call, this is what was given. If somebody else made the same, nothing is lost by taking it for
    /// given; taken for somebody's own words, it could win over what the hub was told since. A counter stays out: what
    /// is in a shelf is not told by its number. What the answer leaves out is written once more; shown by then as it
    /// was carried, it is no news.
    ///
    /// - Parameters:
    ///   - kind: The kind of record.
    ///   - intent: What the unclear create carried.
    ///   - shown: What the counterpart shows.
    ///   - normalForm: The form in which two values count as the same at this side.
    /// - Returns: The state of the parts that were given; the rest is for `inbound` to judge, as somebody's own.
    public static func carried(
        kind: RecordKind, intent: Parts, shown: Parts, normalForm: (String, JSON) -> JSON
    ) -> [String: LinkedPart] {
        let answered = Parts(
            Dictionary(
                intent.values.keys.compactMap { name in shown[ScopedName(name).part].map { (name, $0) } },
                uniquingKeysWith: { first, _ in first }))
        let given = intent.values.filter { kind.shape(of: ScopedName($0.key).part).form != .counter }
        let shown = settled(
            kind: kind, wrote: Parts(given.filter { answered[$0.key] != nil }), answered: answered, link: [:],
            normalForm: normalForm)
        let unsaid = given.filter { answered[$0.key] == nil }.mapValues { LinkedPart(seen: $0) }
        return shown.filter(\.value.isAccepted).merging(unsaid) { $1 }
    }
}
