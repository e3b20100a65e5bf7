import Reconcile
import Wire

/// Merges a batch of drafts into the hub's records: pure, over what was loaded.
public struct Absorb {
    var batch: ObservedBatch
    let rules: MergeRules
    var snapshot: Snapshot
    var ids: IDSource
    /// What is held of what is seldom meant, wherever it is met for the first time.
    let holding: Set<GuardKey>
    var result = Absorption()

    /// Where new ids come from.
    public typealias IDSource = () throws -> Int64

    /// Decides what a batch changes. What is seldom meant is taken, unless it is `holding` it.
    ///
    /// - Throws: what `ids` throws when it has no more.
    public static func decide(
        _ batch: ObservedBatch, rules: MergeRules, snapshot: Snapshot, holding: Set<GuardKey> = [],
        ids: @escaping IDSource
    ) throws -> Absorption {
        var absorb = Absorb(batch: batch, rules: rules, snapshot: snapshot, ids: ids, holding: holding)
        for rejection in batch.rejections { absorb.reject(rejection) }
        let isDigested = snapshot.digests.count == batch.drafts.count
        for (index, draft) in batch.drafts.enumerated() {
            let digest = isDigested ? snapshot.digests[index] : digest(draft, takes: rules.takes[draft.kind] ?? [])
            try absorb.takeUnlessErased(draft, digest)
        }
        return absorb.result
    }

    /// Of a person whose values were erased nothing is taken again, and of his documents only what is not his.
    private mutating func takeUnlessErased(_ draft: Draft, _ digest: String) throws {
        let link = snapshot.links[ExternalKey(draft.kind, draft.externalID)]
        guard draft.kind.isPersonal, let record = link.flatMap({ snapshot.records[$0.record] }),
            record.erasedAt != nil
        else { return try take(draft, digest) }
        result.hasErased = true
        guard !record.isErasedPerson else {
            result.counts.read += 1
            result.counts.unchanged += 1
            return
        }
        let rest = draft.withoutPerson()
        try take(rest, Self.digest(rest, takes: rules.takes[draft.kind] ?? []))
    }

    /// The digest of what a draft shows of the parts that are taken.
    public static func digest(_ draft: Draft, takes: Set<String>) -> String {
        var bytes: [UInt8] = []
        for part in draft.parts.values.keys.sorted() where takes.contains(part) {
            bytes += part.utf8
            bytes.append(0)
            draft.parts.values[part]?.write(into: &bytes)
            bytes.append(0)
        }
        bytes += (draft.hold ?? "").utf8
        return Signature.base64(Signature.sha256(bytes).prefix(18))
    }

    private mutating func reject(_ rejection: Rejection) {
        result.counts.read += 1
        result.counts.rejected += 1
        result.rejections.append(rejection)
    }

    private mutating func take(_ given: Draft, _ digest: String) throws {
        guard rules.takes[given.kind] != nil else { return }
        result.counts.read += 1
        let key = ExternalKey(given.kind, given.externalID)
        guard var link = snapshot.links[key] else {
            if isOnlyTold(given) { return ask(key) }
            return try countable(given) ? meet(given, digest: digest) : ()
        }
        let draft = withoutOlder(given, than: link)
        let digest = draft.parts == given.parts ? digest : ""
        if isAnother(draft, than: link) {
            // What was told before it was missed is older news of what was there, with a number it bore by then.
            if batch.isHint || link.missingSince.map({ batch.requestedAt < $0 }) ?? false {
                result.wanted.append(key)
                return
            }
            guard countable(draft) else { return }
            free(link)
            return try meet(draft, digest: digest)
        }
        // A late call may tell of what bore the id before.
        if batch.isHint, hasAnotherNumber(draft, than: link) { return ask(key) }
        if let settled = try afterAttempt(link, draft) {
            link = settled
            keep(link)
            batch.settled.insert(key)
        }
        #if Mutations
            if let stamp = draft.changedAt, let agreed = link.seenAt,
                Mutation.skipByClock.isPlanted && stamp <= agreed
                    || Mutation.echoByClock.isPlanted && abs(stamp.seconds(since: agreed)) <= 2
            {
                return result.counts.unchanged += 1
            }
        #endif
        if link.digest == digest, link.isActive, link.missingSince == nil {
            result.counts.unchanged += 1
            noteRevision(draft, link)
            noteTold(draft, link)
            return
        }
        guard !isStale(draft, link) else { return }
        // A call may be older than the deletion of what it tells of.
        let isDoubted = !link.isActive || link.missingSince != nil
        if batch.isHint,
            isDoubted
                || !Freshness.mayMergeWebhook(isComplete: true, revision: draft.revision, remembered: link.revision)
        {
            result.wanted.append(key)
            return
        }
        guard let record = snapshot.records[link.record], countable(draft) else { return }
        try merge(draft, digest: digest, into: record, by: link, isFirstSight: false)
    }

    /// Whether something that is new here is known by a call alone, which may be older than its deletion: made
    /// elsewhere, it would stand there for good. An order does not wait for its guest, who cannot be deleted.
    private func isOnlyTold(_ draft: Draft) -> Bool {
        batch.isHint && draft.kind.nature == .catalogue && batch.drafts.allSatisfy { $0.kind.nature == .catalogue }
    }

    /// Has something read before anything is made of it.
    private mutating func ask(_ key: ExternalKey) {
        result.wanted.append(key)
        result.unread.insert(key)
    }

    /// Whether the far side has given the id of what is gone there to something else. What bears another number and was
    /// never missed is the same thing with a new number.
    private func isAnother(_ draft: Draft, than link: HubLink) -> Bool {
        link.isDoubtful && hasAnotherNumber(draft, than: link)
    }

    private func hasAnotherNumber(_ draft: Draft, than link: HubLink) -> Bool {
        guard let record = snapshot.records[link.record], let known = record.naturalKey,
            let key = draft.naturalKey.map(NaturalKey.folded), key != known,
            key != record.parts["sku"]?.value.string.map(NaturalKey.folded)
        else { return false }
        return draft.reference.flatMap(snapshot.references.record(in:)) != link.record
    }

    private mutating func free(_ link: HubLink) {
        snapshot.links[ExternalKey(link.kind, link.externalID)] = nil
        keep(link.withoutID)
        result.changes.append(
            Change(
                record: link.record, kind: link.kind, part: "link", old: .string(link.externalID), new: .null,
                origin: batch.integration, rule: "gone there; its id stands for something else now", run: batch.run,
                at: batch.observedAt))
    }

    /// A far side that counts a save without a change as a new revision is written to on that one.
    private mutating func noteRevision(_ draft: Draft, _ link: HubLink) {
        guard let revision = draft.revision, revision != link.revision, !link.isInFlight, batch.askedAt >= link.settled,
            !Freshness.isStale(
                revision: revision, remembered: link.revision, askedAtWrite: nil, lastSettledWrite: 0)
        else { return }
        var link = link
        link.revision = revision
        keep(link)
    }

    /// Whether the draft shows an older state than the one remembered, or one from before our last write: then it is
    /// dropped and the record fetched again.
    private mutating func isStale(_ draft: Draft, _ link: HubLink) -> Bool {
        let isOlder = Freshness.isStale(
            revision: draft.revision, remembered: link.revision, askedAtWrite: nil, lastSettledWrite: 0)
        let asked = max(batch.askedAt, batch.mergedAt ?? .min)
        guard isOlder || link.isInFlight || asked < link.settled else { return false }
        // What is older than the remembered revision holds no news; what raced our own write, or another look, may.
        if !isOlder { result.stale.append(ExternalKey(draft.kind, draft.externalID)) }
        return true
    }

    /// A far record seen for the first time: matched with a record the hub has, or new.
    private mutating func meet(_ draft: Draft, digest: String) throws {
        let key = ExternalKey(draft.kind, draft.externalID)
        if let reason = tooLittle(draft) {
            return reject(Rejection(kind: draft.kind, externalID: draft.externalID, reason: reason))
        }
        let matched: HubRecord?
        switch match(draft) {
        case .none: matched = nil
        case .one(let record): matched = record
        case .refused(let reason):
            return reject(Rejection(kind: draft.kind, externalID: draft.externalID, reason: reason))
        }
        let attempt = matched.flatMap { snapshot.attempts[$0.id] }
        let isOurs = matched != nil && draft.reference.flatMap(snapshot.references.record(in:)) == matched?.id
        if let attempt, attempt.isKeyed, !isOurs {
            // Whether this is what our call made is told by its repeat; merged now, an edit of it would meet our own
            // value as if both had been changed.
            return result.stale.append(key)
        }
        let record = try matched ?? newRecord(draft)
        var link = HubLink(
            id: try ids(), record: record.id, integration: batch.integration, kind: draft.kind,
            externalID: draft.externalID)
        if let attempt {
            link.parts = isOurs ? made(attempt, draft.kind) : carried(attempt, draft)
            settleStock(madeWith: link)
        }
        link.seenAt = nil
        if matched == nil {
            result.counts.created += 1
            // Others would be given it without what was not told.
            if !draft.untold.isDisjoint(with: rules.takes[draft.kind] ?? []) {
                result.wanted.append(key)
                result.untold.insert(key)
            }
        }
        result.touched.insert(record.id)
        try merge(draft, digest: digest, into: record, by: link, isFirstSight: matched != nil)
    }

    private enum Match {
        case none
        case one(HubRecord)
        case refused(String)
    }

    private func match(_ draft: Draft) -> Match {
        if let reference = draft.reference, let id = snapshot.references.record(in: reference),
            let record = snapshot.records[id], record.kind == draft.kind, !isLinkedHere(id)
        {
            return .one(record)
        }
        guard rules.matched.contains(draft.kind), let key = draft.naturalKey, !key.isEmpty else { return .none }
        let candidates = (snapshot.matches[NaturalKey(draft.kind, key)] ?? []).compactMap { snapshot.records[$0] }
            .filter { !$0.isDeleted }
        if candidates.isEmpty { return madeUnder(NaturalKey(draft.kind, key)).map(Match.one) ?? .none }
        guard candidates.count == 1 else {
            return .refused("\"\(key)\" names \(candidates.count) records of the hub; say which by making it unique")
        }
        if let other = snapshot.linksOfRecord[candidates[0].id]?.first(where: {
            $0.integration == batch.integration && $0.role == HubLink.mainRole && $0.isActive
        }) {
            return .refused(
                "\"\(key)\" is already the key of \(draft.kind.rawValue) \(other.externalID) there; two of one key "
                    + "cannot be told apart: change one of them")
        }
        return .one(candidates[0])
    }

    /// The record that an unclear create, or one that a person dropped, may have made here under a number that it bore
    /// by then; nil where there is none, or more than one.
    private func madeUnder(_ key: NaturalKey) -> HubRecord? {
        let records = (snapshot.former[key] ?? []).compactMap { snapshot.records[$0] }.filter { record in
            guard let part = key.kind.keyPart, !record.isDeleted, !isLinkedHere(record.id) else { return false }
            return snapshot.attempts[record.id]?.wrote[part].flatMap(HubLink.key) == key.key
        }
        return records.count == 1 ? records[0] : nil
    }

    private func isLinkedHere(_ record: Int64) -> Bool {
        snapshot.linksOfRecord[record]?.contains {
            $0.integration == batch.integration && $0.role == HubLink.mainRole && $0.isActive
        } ?? false
    }

    private mutating func newRecord(_ draft: Draft) throws -> HubRecord {
        var record = HubRecord(
            id: try ids(), kind: draft.kind, naturalKey: draft.naturalKey.map(NaturalKey.folded), title: draft.title,
            now: batch.observedAt)
        if draft.kind.nature == .document, rules.issued.contains(draft.kind) {
            record.issuer = batch.integration
            record.issuerExternalID = draft.externalID
        }
        if let key = record.naturalKey {
            snapshot.matches[NaturalKey(draft.kind, key), default: []].append(record.id)
        }
        return record
    }
}
