import Reconcile

/// What is seldom meant: taken, held, or discarded, one change at a time. Whether it is too much of it is decided over
/// the whole batch, which is then decided anew.
extension Absorb {
    /// What becomes of a change.
    enum Ruling {
        case pass
        case hold
        case discard
    }

    /// Whether a part of a known record may become what it would.
    mutating func ruling(
        _ part: String, from old: JSON?, to new: JSON?, _ link: HubLink, _ record: HubRecord
    ) -> Ruling {
        let name = GuardName(link.kind, link.externalID, part)
        guard let sort = rules.guardTerms.sort(of: ScopedName(part).part, from: old, to: new) else {
            unguard(name)
            return .pass
        }
        var item = GuardItem(
            integration: batch.integration, name, sort, record: record.id, old: old, new: new, at: batch.observedAt)
        let known = snapshot.guarded[name]
        switch known?.decision {
        case .waits:
            (item.decision, item.hold) = (.waits, known?.hold)
            result.guarded.append(item)
            result.counts.held += 1
            return .hold
        // What a person let through is what he was shown: another price is looked at anew.
        case .released where sort == .zeroed || known?.new == new:
            unguard(name)
            return .pass
        case .discarded:
            unguard(name)
            return .discard
        case .cleared:
            result.guarded.append(item)
            return .pass
        case .released, .passed, nil:
            let isHeld = holding.contains(item.key)
            if isHeld { result.counts.held += 1 }
            result.drastic.append(item)
            return isHeld ? .hold : .pass
        }
    }

    /// The guard need not remember it any more.
    mutating func unguard(_ name: GuardName) {
        guard let known = snapshot.guarded.removeValue(forKey: name), known.decision != .passed else { return }
        result.unguarded.append(name)
    }

    /// The steps that are taken; of the others the link remembers that they are held.
    mutating func guarded(
        _ steps: [PartStep], shown: Parts, _ link: inout HubLink, _ record: HubRecord, isNew: Bool
    ) -> [PartStep] {
        if link.parts[HubLink.gonePart]?.isHeld ?? false {
            unguard(GuardName(link.kind, link.externalID, HubLink.gonePart))
            link.hold(HubLink.gonePart, false)
        }
        let moved = Set(steps.map(\.part))
        // What shows again what it showed before is as usual.
        for part in shown.values.keys where !moved.contains(part) && link.parts[part]?.isHeld ?? false {
            unguard(GuardName(link.kind, link.externalID, part))
            link.hold(part, false)
        }
        guard !isNew else { return steps }
        return steps.compactMap { step in
            guard let value = step.record, let old = record.parts[step.part] else {
                if !step.link.isHeld { unguard(GuardName(link.kind, link.externalID, step.part)) }
                return step
            }
            switch ruling(step.part, from: old.value, to: value.value, link, record) {
            case .pass: return step
            case .hold:
                link.hold(step.part, true)
                return nil
            case .discard:
                let theirs = shown[step.part] ?? value.value
                return PartStep(
                    part: step.part, link: LinkedPart(sent: theirs, seen: theirs), loser: theirs,
                    event: .kept(loser: theirs, rule: RuleName.discarded))
            }
        }
    }
}
