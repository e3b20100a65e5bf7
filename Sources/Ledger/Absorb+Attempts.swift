import Reconcile

/// Writes whose answer never came: what the far side shows tells what became of them.
extension Absorb {
    /// The link once its unclear write is settled by what is shown; nil when it is not in flight, or cannot be told
    /// yet.
    func afterAttempt(_ link: HubLink, _ draft: Draft) -> HubLink? {
        // A call brings what was true when it was sent, which may be before our write.
        guard link.isInFlight, !batch.isHint else { return nil }
        let attempt = snapshot.attempts[link.record]
        guard attempt.map({ $0.hasEnded || isProven($0, draft, link) }) ?? true else { return nil }
        var link = link
        link.isInFlight = false
        let settled = Reconcile.recovered(
            kind: link.kind, intent: attempt?.wrote ?? Parts(), shown: link.kept(draft.parts), link: link.parts,
            normalForm: { [rules] in rules.normalForm(draft.kind, ScopedName($0).part, $1) })
        // Also what shows no change is looked at: a number of ours that did not arrive is still counted on.
        link.digest = nil
        link.parts.merge(settled) { $1 }
        return link
    }

    /// Whether what is shown proves that a write whose call may still be on its way has come there. Taken for unclear
    /// until its time is over, it would be repeated over what somebody there made of it meanwhile. A number proves
    /// nothing: a sale may have led to the same.
    private func isProven(_ attempt: OpenAttempt, _ draft: Draft, _ link: HubLink) -> Bool {
        if attempt.isUnderWay { return false }
        let isCounted = attempt.wrote.values.keys.contains {
            link.kind.shape(of: ScopedName($0).part).form == .counter
        }
        guard !isCounted else { return false }
        return Reconcile.isShown(
            kind: link.kind, intent: attempt.wrote, shown: link.kept(draft.parts), link: link.parts,
            normalForm: { [rules] in rules.normalForm(draft.kind, ScopedName($0).part, $1) })
    }

    /// What a counterpart that our own call made has been given: whatever it shows now was changed there since.
    func made(_ attempt: OpenAttempt, _ kind: RecordKind) -> [String: LinkedPart] {
        Reconcile.settled(
            kind: kind, wrote: attempt.wrote, answered: nil, link: [:],
            normalForm: { [rules] in rules.normalForm(kind, ScopedName($0).part, $1) })
    }

    /// What a counterpart that may be somebody else's shows just as our own call carried it.
    func carried(_ attempt: OpenAttempt, _ draft: Draft) -> [String: LinkedPart] {
        Reconcile.carried(
            kind: draft.kind, intent: attempt.wrote, shown: draft.parts,
            normalForm: { [rules] in rules.normalForm(draft.kind, ScopedName($0).part, $1) }
        ).merging(HubLink.carriedStock(attempt.wrote, shown: draft.parts)) { $1 }
    }
}
