import Reconcile

extension Absorb {
    /// Merges one draft into its record and remembers what came of it.
    mutating func merge(
        _ draft: Draft, digest: String, into original: HubRecord, by originalLink: HubLink, isFirstSight: Bool
    ) throws {
        var record = original
        var link = originalLink
        let isNew = snapshot.records[record.id] == nil
        var (shown, isWhole) = resolve(draft)
        let level = takeCount(from: &shown, draft.kind)
        let names = HubLink.keptNames(shown, kind: draft.kind, record: record.parts, link: link.parts)
        let theirs = rename(shown, names, &link)
        let all = Reconcile.inbound(
            kind: draft.kind, theirs: theirs, link: link.parts, record: isNew ? nil : record.parts,
            observation: observation(draft, link, record),
            normalForm: { [rules] in rules.normalForm(draft.kind, ScopedName($0).part, $1) },
            rule: { rules.rule(draft.kind, $0) })
        let steps = guarded(all, shown: theirs, &link, record, isNew: isNew)
        var isChanged = false
        for step in steps { isChanged = try apply(step, to: &record, &link, isNew: isNew) || isChanged }
        noteTold(shown, steps, originalLink, &link)
        let stockBefore = record.parts[HubLink.stockPart]?.value
        var isTouched = !steps.isEmpty
        if let level {
            let known = link.parts[HubLink.stockPart]
            let count = try count(level, &record, &link)
            // While it is not explained whole, the same number is looked at once more.
            let side = snapshot.stock.sides[record.id]
            if count.waits || side?.write != nil || !(side?.pending.isEmpty ?? true) { isWhole = false }
            if count.hasMoved, !isNew { log(record, HubLink.stockPart, old: stockBefore, rule: "counted there") }
            isChanged = isChanged || count.hasMoved
            isTouched = isTouched || link.parts[HubLink.stockPart] != known || result.sides[record.id] != nil
        }
        isChanged = applyHead(draft, to: &record) || isChanged
        let hasSettled = batch.settled.contains(ExternalKey(draft.kind, draft.externalID))
        if !steps.isEmpty || hasSettled {
            // A look that was asked for before this one came may be the older of the two, whenever its answer comes.
            link.settled = max(link.settled, snapshot.number)
            result.hasNews = true
        }
        link.digest = isWhole && !link.isGuarded ? digest : nil
        link.revision = draft.revision ?? link.revision
        link.seenAt = batch.requestedAt
        link.missingSince = nil
        link.isActive = true
        if isChanged { record.updatedAt = batch.observedAt }
        if isNew { result.changes.append(birth(of: record)) }
        if isChanged || isNew { keep(record) }
        if !isNew && !isFirstSight { isChanged ? (result.counts.updated += 1) : (result.counts.unchanged += 1) }
        if isFirstSight { result.counts.updated += 1 }
        keep(link)
        // What was overruled must travel back, so the record is looked at even when its value stayed.
        // What is known to have come may let others be told of more.
        if isChanged || isNew || isTouched || hasSettled { result.touched.insert(record.id) }
        result.accepted.append(ExternalKey(draft.kind, draft.externalID))
        try moveStock(by: record, before: isNew ? nil : original, changedAt: draft.changedAt)
    }

    private mutating func log(_ record: HubRecord, _ part: String, old: JSON?, rule: String) {
        #if Mutations
            if Mutation.countNotLogged.isPlanted { return }
        #endif
        result.changes.append(
            Change(
                record: record.id, kind: record.kind, part: part, old: old, new: record.parts[part]?.value,
                origin: batch.integration, rule: rule, run: batch.run, at: batch.observedAt))
    }

    /// Scoped parts under the names the record keeps them by. A far side that changed its scope (a shop that sells in
    /// another currency from now on) is no longer about the old one.
    private func rename(_ shown: Parts, _ names: [String: String], _ link: inout HubLink) -> Parts {
        var parts = shown
        for (part, name) in names {
            for old in link.parts.keys where old != name && ScopedName(old).part == part { link.parts[old] = nil }
            guard name != part, let value = parts.values.removeValue(forKey: part) else { continue }
            parts[name] = value
        }
        return parts
    }

    /// A new record is one line of the log, with all it began with; where each of its parts came from stands in the
    /// record.
    private func birth(of record: HubRecord) -> Change {
        Change(
            record: record.id, kind: record.kind, part: Change.birthPart, old: nil, new: Change.birth(of: record),
            origin: batch.integration, rule: "new there", run: batch.run, at: batch.observedAt)
    }

    mutating func keep(_ changed: HubRecord) {
        let record = changed.keyed
        if let old = snapshot.records[record.id], old.naturalKey != record.naturalKey {
            if let key = old.naturalKey {
                snapshot.matches[NaturalKey(record.kind, key)]?.removeAll { $0 == record.id }
            }
            if let key = record.naturalKey {
                snapshot.matches[NaturalKey(record.kind, key), default: []].append(record.id)
            }
        }
        snapshot.records[record.id] = record
        result.records[record.id] = record
    }

    mutating func keep(_ link: HubLink) {
        snapshot.links[ExternalKey(link.kind, link.externalID)] = link
        var links = snapshot.linksOfRecord[link.record] ?? []
        links.removeAll { $0.id == link.id }
        snapshot.linksOfRecord[link.record] = links + [link]
        result.links[link.id] = link
    }

    private func observation(_ draft: Draft, _ link: HubLink, _ record: HubRecord) -> Observation {
        let lastSeen = [link.seenAt, batch.lastSeenAt].compactMap { $0 }.max()
        return Observation(
            side: batch.integration, lastSeenAt: lastSeen, askedAt: batch.requestedAt, firstSeenAt: batch.observedAt,
            farStamp: draft.changedAt, farClockOffsetSeconds: batch.clockOffsetSeconds,
            isIssuer: record.issuer == nil || record.issuer == batch.integration)
    }

    /// The draft's parts that are taken, with references turned into the hub's own. A part whose reference is not known
    /// yet is left out, and what it names is asked for.
    private mutating func resolve(_ draft: Draft) -> (parts: Parts, isWhole: Bool) {
        let takes = rules.takes[draft.kind] ?? []
        var parts = Parts(draft.parts.values.filter { takes.contains($0.key) })
        var isWhole = true
        for shape in draft.kind.parts where shape.refersTo != nil {
            guard let value = parts[shape.name], !value.isNull else { continue }
            if let resolved = resolved(value) {
                parts[shape.name] = resolved
            } else {
                parts.values[shape.name] = nil
                isWhole = false
            }
        }
        if !isWhole { result.wanted.append(ExternalKey(draft.kind, draft.externalID)) }
        return (parts, isWhole)
    }

    private mutating func resolved(_ value: JSON) -> JSON? {
        if let elements = value.array {
            var all: [JSON] = []
            for element in elements {
                guard let one = resolved(element) else { return nil }
                all.append(one)
            }
            return .array(all.sorted { $0.text < $1.text })
        }
        guard let reference = try? Reference(json: value), case .external(let kind, let id) = reference else {
            return value
        }
        let key = ExternalKey(kind, id)
        guard let link = snapshot.links[key] else {
            result.wanted.append(key)
            return nil
        }
        return Reference.record(kind, link.record).json
    }

    /// Title, natural key and hold follow the side that knows the record as its own.
    private func applyHead(_ draft: Draft, to record: inout HubRecord) -> Bool {
        let before = record
        if !draft.title.isEmpty, record.title.isEmpty || record.issuer == batch.integration {
            record.title = draft.title
        }
        let hasKeyPart = record.kind.keyPart.map { record.parts[$0] != nil } ?? false
        if let key = draft.naturalKey, record.naturalKey == nil, !hasKeyPart {
            record.naturalKey = NaturalKey.folded(key)
        }
        if let name = record.parts["name"], record.kind.nature == .catalogue {
            record.title = TitleWords.title(name: name.value, fallback: record.title)
        }
        // Who tells only of a state says nothing of whether the rest adds up.
        let isWhole = batch.told == nil || draft.parts[OrderPart.content.shape.name] != nil
        if record.kind.nature == .document, record.issuer == batch.integration, isWhole { record.hold = draft.hold }
        if record.isDeleted { record.isDeleted = false }
        return record != before
    }

    /// Puts one step into record, link and log. True when the record's value changed.
    private mutating func apply(
        _ step: PartStep, to record: inout HubRecord, _ link: inout HubLink, isNew: Bool
    ) throws -> Bool {
        let old = record.parts[step.part]?.value
        link.parts[step.part] = step.link
        let rule = step.event.words
        switch step.event {
        case .conflict(let base, let theirs, let ours):
            result.counts.conflicts += 1
            result.conflicts.append(
                NewConflict(
                    id: try ids(), record: record.id, link: link.id, part: step.part, base: base, theirs: theirs,
                    ours: ours))
        case .agreed:
            result.settledConflicts.append((link.id, step.part))
        default: break
        }
        if let value = step.record { record.parts[step.part] = value }
        let new = record.parts[step.part]?.value
        // A part that was never there and is said to be empty is no change.
        let isChanged = new != old && !(old == nil && new == .null)
        if isChanged && !isNew || step.loser != nil || step.event.isConflict {
            result.changes.append(
                Change(
                    record: record.id, kind: record.kind, part: step.part, old: old, new: new, loser: step.loser,
                    origin: batch.integration, rule: rule, run: batch.run, at: batch.observedAt))
        }
        return isChanged
    }
}
