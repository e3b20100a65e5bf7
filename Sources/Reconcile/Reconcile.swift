import Commerce

/// The pure heart: what changed there, what changed here, what wins. No clock, no store, no randomness.
public enum Reconcile {
    /// Merges what one side showed.
    ///
    /// - Parameters:
    ///   - kind: The kind of record, which says what each part is made of.
    ///   - theirs: What it showed, only the parts the hub takes from it. An absent part takes no part; null is a value.
    ///   - link: What the two last agreed on; empty when they meet the first time.
    ///   - record: The hub's record; nil when it is to be made from this.
    ///   - observation: Who was asked, and when.
    ///   - normalForm: The form in which two values count as the same at this side.
    ///   - rule: How a part is merged.
    /// - Returns: Steps, by part name, only for parts where something must be remembered. Empty: our own echo, or
    ///   nothing new.
    public static func inbound(
        kind: RecordKind, theirs: Parts, link: [String: LinkedPart], record: [String: HubPart]?,
        observation: Observation, normalForm: @escaping (String, JSON) -> JSON = { $1 },
        rule: (String) -> PartRule
    ) -> [PartStep] {
        let changed = theirs.values.filter { part, value in
            let seen = link[part]?.seen
            return seen != value && !kind.shape(of: part).form.areSame(seen, value)
        }
        // A pinned part is looked at even when it stands still: the hub may have come to hold the same.
        let pinned = theirs.values.filter { link[$0.key]?.isPinned ?? false }
        if changed.isEmpty, pinned.isEmpty { return [] }
        let interval = observation.interval(isOnlyChange: changed.count == 1)
        return changed.merging(pinned) { value, _ in value }.sorted { $0.key < $1.key }.compactMap { part, value in
            PartMerge(
                kind: kind, part: part, form: kind.shape(of: part).form, theirs: value,
                link: link[part] ?? LinkedPart(), hub: record?[part], rule: rule(part),
                side: observation.side, isIssuer: observation.isIssuer, interval: interval,
                normalForm: { normalForm(part, $0) }
            ).step()
        }
    }

    /// What the far side lacks: the parts whose hub value is not the one it was last given.
    ///
    /// Parts under an open conflict, and those that the guard holds, stay out. A part the far side did not accept stays
    /// out until the hub's value changes, because `sent` is already that value. A log is given whole; what is new in it
    /// is what `sent` lacks.
    ///
    /// - Parameters:
    ///   - kind: The kind of record.
    ///   - record: The hub's values; for stock, the offer to this side.
    ///   - link: What was last given and seen; empty for a counterpart that is to be created.
    ///   - gives: Whether the hub may give a part to this side.
    /// - Returns: The parts to write; none when the side is in step.
    public static func outbound(
        kind: RecordKind, record: [String: JSON], link: [String: LinkedPart], gives: (String) -> Bool
    ) -> Parts {
        Parts(
            record.filter { part, value in
                guard gives(part) else { return false }
                if let linked = link[part], linked.isPinned || linked.isHeld { return false }
                guard let linked = link[part], let sent = linked.sent else { return true }
                if sent == value { return false }
                let form = kind.shape(of: part).form
                return form == .log ? !LogEntries(value).allAreIn(LogEntries(sent)) : !form.areSame(sent, value)
            })
    }

    /// The link's parts after a write.
    ///
    /// - Parameters:
    ///   - kind: The kind of record.
    ///   - wrote: What was written.
    ///   - answered: What the far side showed after it. A part absent there counts as shown the way it was written;
    ///     nil when the far side does not answer with the record at all.
    ///   - link: The link as it is now.
    ///   - normalForm: The form in which two values count as the same at this side.
    /// - Returns: The new state of every part that was written, and of no other: what else the answer shows is news
    ///   for `inbound`.
    public static func settled(
        kind: RecordKind, wrote: Parts, answered: Parts?, link: [String: LinkedPart],
        normalForm: (String, JSON) -> JSON
    ) -> [String: LinkedPart] {
        Dictionary(
            uniqueKeysWithValues: wrote.values.map { part, value in
                let form = kind.shape(of: part).form
                let seen = answered?[part] ?? value
                var linked = link[part] ?? LinkedPart()
                (linked.seen, linked.isFreed) = (seen, false)
                if form == .log {
                    // What a far side has once been given stays given, also when this write carried less.
                    linked.sent = LogEntries(linked.sent).joined(with: LogEntries(value)).json
                    linked.isAccepted = LogEntries(value).allAreIn(LogEntries(seen))
                } else {
                    linked.sent = value
                    linked.isAccepted =
                        form.areSame(seen, value) || form.areSame(normalForm(part, seen), normalForm(part, value))
                    #if Mutations
                        if Mutation.refusedPartReverted.isPlanted, !linked.isAccepted {
                            (linked.seen, linked.isAccepted) = (value, true)
                        }
                    #endif
                }
                return (part, linked)
            })
    }
}
