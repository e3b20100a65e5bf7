import Reconcile

/// Writes whose answer never came: what the far side shows tells what became of them.
extension Absorb {
    /// The link once its unclear write is settled by what is shown; nil when it is not in flight, or cannot be told
    /// yet.
    mutating func afterAttempt(_ link: HubLink, _ draft: Draft) throws -> HubLink? {
        // A call brings what was true when it was sent, which may be before our write.
        guard link.isInFlight, !batch.isUnasked else { return nil }
        guard let attempt = snapshot.attempts[link.record] else { return try settled(link, nil, draft) }
        let proven = try proven(attempt, draft, link)
        guard !attempt.isUnderWay, attempt.hasEnded || isCome(attempt, link, proven) else {
            // Its answer may yet come. If it never does, what is shown by then says less than this.
            if !proven.isSubset(of: attempt.proven) { result.proven[link.record] = proven.union(attempt.proven) }
            return nil
        }
        return try settled(link, attempt, draft)
    }

    private mutating func settled(_ link: HubLink, _ attempt: OpenAttempt?, _ draft: Draft) throws -> HubLink {
        var link = link
        link.isInFlight = false
        if let attempt, try !proven(attempt, draft, link).union(attempt.proven).isEmpty {
            let known = link.stockSide(snapshot.stock.sides[link.record])
            if let side = try link.come(attempt.wrote, known, number: snapshot.stock.number) {
                keep(side, link.record)
            }
        }
        let recovered = Reconcile.recovered(
            kind: link.kind, intent: attempt?.wrote ?? Parts(),
            proven: (attempt?.proven ?? []).subtracting([HubLink.stockPart]),
            shown: link.kept(draft.parts), link: link.parts, normalForm: normalForm(draft.kind))
        // Also what shows no change is looked at: a number of ours that did not arrive is still counted on.
        link.digest = nil
        link.parts.merge(recovered) { $1 }
        return link
    }

    /// Whether a write whose call may still be on its way is proven to have come there. Taken for unclear until its
    /// time is over, it would be repeated over what somebody there made of it meanwhile. A number proves nothing where
    /// a sale may have led to the same.
    private func isCome(_ attempt: OpenAttempt, _ link: HubLink, _ proven: Set<String>) -> Bool {
        let isCounted = attempt.wrote.values.keys.contains {
            link.kind.shape(of: ScopedName($0).part).form == .counter
        }
        let all = proven.union(attempt.proven)
        return all.contains(HubLink.stockPart) || !isCounted && !all.isEmpty
    }

    private func proven(_ attempt: OpenAttempt, _ draft: Draft, _ link: HubLink) throws -> Set<String> {
        let parts = Reconcile.proven(
            kind: link.kind, intent: attempt.wrote, shown: link.kept(draft.parts), link: link.parts,
            normalForm: normalForm(draft.kind))
        return try isRaised(attempt, draft, link) ? parts.union([HubLink.stockPart]) : parts
    }

    /// Whether the far side shows the higher number that an unclear write was to set: no sale can have led to it. Where
    /// orders are read, these tell it better.
    private func isRaised(_ attempt: OpenAttempt, _ draft: Draft, _ link: HubLink) throws -> Bool {
        guard !rules.readsOrders, let shown = StockLevel.quantity(draft.parts[HubLink.stockPart]),
            shown == StockLevel.quantity(attempt.wrote[HubLink.stockPart])
        else { return false }
        return try link.stockSide(snapshot.stock.sides[link.record]).isRaised(in: look(shown))
    }

    private func normalForm(_ kind: RecordKind) -> (String, JSON) -> JSON {
        { [rules] in rules.normalForm(kind, ScopedName($0).part, $1) }
    }

    /// What a counterpart that our own call made has been given: whatever it shows now was changed there since.
    func made(_ attempt: OpenAttempt, _ kind: RecordKind) -> [String: LinkedPart] {
        Reconcile.settled(
            kind: kind, wrote: attempt.wrote, answered: nil, link: [:], normalForm: normalForm(kind))
    }

    /// What was put up with a number is sold upon that number: unlike one that is set, it lies over no sale.
    mutating func settleStock(madeWith link: HubLink) {
        guard link.parts[HubLink.stockPart] != nil, var side = snapshot.stock.sides[link.record], side.write != nil
        else { return }
        side.drop()
        keep(side, link.record)
    }

    /// What a counterpart that may be somebody else's shows just as our own call carried it.
    func carried(_ attempt: OpenAttempt, _ draft: Draft) -> [String: LinkedPart] {
        Reconcile.carried(
            kind: draft.kind, intent: attempt.wrote, shown: draft.parts, normalForm: normalForm(draft.kind)
        ).merging(HubLink.carriedStock(attempt.wrote, shown: draft.parts)) { $1 }
    }
}
