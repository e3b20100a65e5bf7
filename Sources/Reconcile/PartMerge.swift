import Commerce

/// One part at the moment of the merge: what the far side shows, what was agreed, what the hub holds.
struct PartMerge {
    let kind: RecordKind
    let part: String
    let form: PartForm
    let theirs: JSON
    let link: LinkedPart
    let hub: HubPart?
    let rule: PartRule
    let side: Int64
    let isIssuer: Bool
    let interval: ChangeInterval
    /// The form in which two values of this part count as the same at this side.
    let normalForm: (JSON) -> JSON

    /// What is to be remembered; nil when nothing is.
    func step() -> PartStep? {
        #if Mutations
            if Mutation.echoErasesEvidence.isPlanted, link.isPinned, let hub, form.areSame(link.seen, theirs) {
                return agreed(on: hub.value)
            }
        #endif
        if link.isPinned, let hub { return pinnedStep(hub) }
        switch form {
        case .field, .set, .sequence: return fieldStep()
        case .counter: return rule.isStockOverwritten ? fieldStep() : counterStep()
        case .log: return logStep()
        case .content: return contentStep()
        case .state: return stateStep()
        }
    }

    /// A part that a value of the hub or of the far side can replace whole.
    private func fieldStep() -> PartStep {
        guard let hub else { return took(RuleName.firstValue) }
        if isSame(hub.value) { return agreed(on: hub.value) }
        if !hubChanged { return took(RuleName.oneSided) }
        // Their own spelling of what they were given is no edit of theirs, so there is nothing to contest.
        if let seen = link.seen, isSame(seen) { return respelled() }
        switch Contest(merge: self, hub: hub).verdict() {
        case .theirs(let rule): return took(rule, over: hub.value)
        case .ours(let rule): return kept(rule)
        case .joined(let result): return merged(hub, result)
        case .undecided: return conflict(hub.value)
        }
    }

    // While a conflict is open nothing is taken and nothing written; it ends by itself only when both sides have come
    // to hold the same, for then there is nothing left to decide.
    private func pinnedStep(_ hub: HubPart) -> PartStep? {
        if isSame(hub.value) { return agreed(on: hub.value) }
        if form.areSame(link.seen, theirs) { return nil }
        var moved = link
        moved.seen = theirs
        return PartStep(part: part, link: moved, event: .pinnedMoved(from: link.seen, to: theirs))
    }

    // The stock itself is moved by the caller, who knows the movements since; here it is only noticed that the far
    // side shows another number. At first sight equal numbers leave nothing to explain.
    private func counterStep() -> PartStep {
        if link.seen == nil, let hub, form.areSame(hub.value, theirs) { return agreed(on: hub.value) }
        return PartStep(
            part: part, link: LinkedPart(sent: theirs, seen: theirs),
            event: .counted(expected: link.seen, theirs: theirs))
    }
}

// MARK: - What both kinds of records have in common

extension PartMerge {
    /// Whether the hub's value is another than the one this side was last given.
    var hubChanged: Bool { !form.areSame(link.sent, hub?.value) }

    /// Whether what they show is this value, possibly in their own spelling.
    func isSame(_ value: JSON) -> Bool {
        form.areSame(value, theirs) || form.areSame(normalForm(value), normalForm(theirs))
    }

    /// The hub takes theirs.
    func took(_ rule: String, over loser: JSON? = nil) -> PartStep {
        took(event: .took(rule: rule), over: loser)
    }

    /// The hub takes theirs, for a reason of its own.
    func took(event: PartEvent, over loser: JSON?) -> PartStep {
        PartStep(
            part: part, link: LinkedPart(sent: theirs, seen: theirs),
            record: HubPart(value: theirs, origin: side, changed: interval), loser: loser, event: event)
    }

    /// The hub keeps its own. `sent` becomes theirs, as if it had been taken and then edited back: so what is written
    /// next is the hub's value.
    func kept(_ rule: String) -> PartStep {
        PartStep(
            part: part, link: LinkedPart(sent: theirs, seen: theirs), loser: theirs,
            event: .kept(loser: theirs, rule: rule))
    }

    /// Both hold the same. `sent` is the hub's spelling, `seen` is theirs.
    func agreed(on value: JSON) -> PartStep {
        PartStep(part: part, link: LinkedPart(sent: value, seen: theirs), event: .agreed)
    }

    /// They show what they did, spelled otherwise.
    func respelled() -> PartStep {
        var shown = link
        shown.seen = theirs
        return PartStep(part: part, link: shown, event: .agreed)
    }

    /// A person must decide. `sent` stays, as the base of the decision.
    func conflict(_ ours: JSON) -> PartStep {
        var pinned = link
        pinned.seen = theirs
        pinned.isPinned = true
        return PartStep(
            part: part, link: pinned, event: .conflict(base: link.sent, theirs: theirs, ours: ours))
    }

    /// Both changes were joined. The far side has only its own yet.
    func merged(_ ours: HubPart, _ result: JSON) -> PartStep {
        let last = ChangeInterval(
            after: max(ours.changed.after, interval.after), before: max(ours.changed.before, interval.before))
        return PartStep(
            part: part, link: LinkedPart(sent: theirs, seen: theirs),
            record: form.areSame(result, ours.value) ? nil : HubPart(value: result, origin: side, changed: last),
            event: .merged(theirs: theirs, ours: ours.value, result: result))
    }

    /// Theirs is not taken. What is shown is remembered, so that it is refused once.
    ///
    /// A side met for the first time is treated as given what the hub has: a document there is not rewritten until the
    /// hub's own version changes.
    func refused(_ reason: String) -> PartStep {
        let remembered = LinkedPart(sent: link.sent ?? hub?.value, seen: theirs, isAccepted: false)
        return PartStep(
            part: part, link: remembered, loser: theirs, event: .refused(reason: reason, theirs: theirs))
    }
}
