import Commerce

/// The decision between two values of a part that was changed on both sides.
struct Contest {
    /// Who wins.
    enum Verdict: Equatable {
        case theirs(String)
        case ours(String)
        case joined(JSON)
        case undecided
    }

    let merge: PartMerge
    let hub: HubPart

    /// What the policy says, else what the fallback says.
    func verdict() -> Verdict { verdict(by: merge.rule.policy) ?? verdict(by: merge.rule.fallback) ?? .undecided }

    /// What one policy says; nil when it cannot decide.
    private func verdict(by policy: Policy) -> Verdict? {
        switch policy {
        case .timestamp: byTime()
        case .source(let winner): bySource(winner)
        case .priority(let order): byRank(order)
        case .merge: joined()
        case .manual: .undecided
        case .counter: nil
        }
    }

    private func byTime() -> Verdict? {
        if hub.changed.isBefore(merge.interval) { return .theirs(RuleName.timestamp) }
        if merge.interval.isBefore(hub.changed) { return .ours(RuleName.timestamp) }
        return nil
    }

    // A winner that takes no part in this contest does not decide it.
    private func bySource(_ winner: Int64) -> Verdict? {
        if winner == merge.side { return .theirs(RuleName.source) }
        if winner == 0 || winner == hub.origin { return .ours(RuleName.source) }
        return nil
    }

    // Two values of one origin: the later look shows the newer one.
    private func byRank(_ order: [Int64]) -> Verdict? {
        let ours = hub.origin ?? 0
        if ours == merge.side { return .theirs(RuleName.priority) }
        let rank = { (origin: Int64) in order.firstIndex(of: origin) ?? order.count }
        if rank(merge.side) == rank(ours) { return nil }
        return rank(merge.side) < rank(ours) ? .theirs(RuleName.priority) : .ours(RuleName.priority)
    }

    private func joined() -> Verdict? {
        if merge.form == .set {
            return SetMerge { merge.normalForm(.array([$0])) }
                .merged(from: merge.link.seen, theirs: merge.theirs, ours: hub.value)
                .map(Verdict.joined)
        }
        guard merge.form == .field, let theirs = merge.theirs.string, let ours = hub.value.string,
            let base = merge.link.seen?.string
        else { return nil }
        return TextMerge.merged(base: base, ours: ours, theirs: theirs).map { .joined(.string($0)) } ?? .undecided
    }
}
