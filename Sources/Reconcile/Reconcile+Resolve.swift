import Commerce

/// How a person decides a conflict.
public enum Resolution: Hashable, Sendable {
    /// The far side's value.
    case theirs
    /// The hub's value.
    case ours
    /// Another one.
    case value(JSON)
}

extension Reconcile {
    /// A person decides a conflict: the far side's value counts as taken, and the hub's is then edited to the choice.
    ///
    /// - Parameters:
    ///   - part: The part's name.
    ///   - choice: What the person chose.
    ///   - link: The pinned part.
    ///   - record: The hub's part.
    ///   - now: The time of the decision.
    /// - Returns: The step. When the conflict is no longer open, it changes nothing and says so: a decision that comes
    ///   twice is made once.
    public static func resolve(
        part: String, choice: Resolution, link: LinkedPart, record: HubPart, now: Moment
    ) -> PartStep {
        guard link.isPinned else {
            return PartStep(
                part: part, link: link,
                event: .refused(reason: "the conflict is already decided", theirs: link.seen ?? .null))
        }
        let chosen =
            switch choice {
            case .theirs: link.seen ?? record.value
            case .ours: record.value
            case .value(let value): value
            }
        let isChange = chosen != record.value
        let loser = isChange ? record.value : link.seen
        return PartStep(
            part: part, link: LinkedPart(sent: link.seen, seen: link.seen),
            record: isChange ? HubPart(value: chosen, origin: nil, changed: ChangeInterval(at: now)) : nil,
            loser: loser == chosen ? nil : loser, event: .resolved(theirs: link.seen, ours: record.value))
    }
}
