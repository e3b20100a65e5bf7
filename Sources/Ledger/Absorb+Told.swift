import Reconcile

/// What a side says that only tells and is never asked: field by field, in whatever order its calls arrive.
extension Absorb {
    /// The draft without what the side has told of since: a call that was late, or sent again, brings back nothing.
    func withoutOlder(_ draft: Draft, than link: HubLink) -> Draft {
        guard let at = batch.told?.at else { return draft }
        var draft = draft
        draft.parts.values = draft.parts.values.filter { part, _ in link.toldAt[part].map { $0 <= at } ?? true }
        return draft
    }

    /// What is missing for a record that is met for the first time; nil where it is enough. Of a side that is read all
    /// is known at once.
    func tooLittle(_ draft: Draft) -> String? {
        guard batch.told != nil, !isKnown(draft) else { return nil }
        let name: String
        switch draft.kind {
        case .variant: name = VariantPart.product.shape.name
        case .order: name = OrderPart.content.shape.name
        case .customer: return nil
        default: name = ProductPart.name.shape.name
        }
        guard draft.parts[name].map({ $0.isNull || $0 == "" }) ?? true else { return nil }
        return "\(draft.kind.rawValue) \(draft.externalID) is not known yet, and the call does not say its \(name); "
            + "tell of it whole once, then this call can be replayed"
    }

    /// Whether a record of the hub's bears its natural key, or it bears our own reference.
    private func isKnown(_ draft: Draft) -> Bool {
        if let reference = draft.reference, snapshot.references.record(in: reference) != nil { return true }
        guard rules.matched.contains(draft.kind), let key = draft.naturalKey else { return false }
        return !(snapshot.matches[NaturalKey(draft.kind, key)] ?? []).isEmpty
    }

    /// Remembers when each part was told, where nothing else is new.
    mutating func noteTold(_ draft: Draft, _ known: HubLink) {
        guard let at = batch.told?.at else { return }
        var link = known
        for part in draft.parts.values.keys { link.toldAt[part] = at }
        if link != known { keep(link) }
    }

    /// Remembers when each part was told. What was told before our own last write ended may lie beneath that write
    /// there: it is taken, and given back, so that both sides show it.
    func noteTold(_ shown: Parts, _ steps: [PartStep], _ before: HubLink, _ link: inout HubLink) {
        guard let told = batch.told else { return }
        if let at = told.at { for part in shown.values.keys { link.toldAt[part] = at } }
        guard let settledAt = before.seenAt, before.settled > 0, batch.requestedAt < settledAt else { return }
        for step in steps where step.record != nil && before.parts[step.part] != nil {
            link.parts[step.part]?.sent = before.parts[step.part]?.sent
        }
    }
}

extension ObservedBatch {
    /// Whether it came unasked, and may be older than anything the hub has done since.
    var isUnasked: Bool { isHint || told != nil }
}
