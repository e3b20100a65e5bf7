import ConnectorKit
import Ledger
import Queue
import Reconcile

/// A write that has been decided and not been made.
public struct PlannedWrite: Hashable, Sendable {
    public var job: Job
    public var record: HubRecord
    /// Nil for a create.
    public var link: HubLink?
    public var request: WriteRequest
    /// What is written, in the hub's own terms.
    public var wrote: Parts
    /// Whether what an earlier attempt came to is still unclear: this one only looked, or repeats it by its key.
    public var isUnresolved = false
}

extension PlannedWrite {
    /// Whether it is a create whose earlier attempt is unclear: it is looked for before it is made again.
    public var isRepeat: Bool { link == nil && job.intent != nil }

    /// What is remembered before the call: what it carries, and when the attempt was made. While an earlier create is
    /// unclear, what is remembered of that one stands, unless this is said to be the first attempt again.
    public func intent(at now: Moment, isFirst: Bool = false) -> JSON {
        if !isFirst, isRepeat, let earlier = job.intent { return earlier }
        return ["wrote": wrote.json, "at": .integer(Int(now.milliseconds))]
    }
}

/// What a batch of tasks comes to before anything is called.
public struct DeliveryPlan: Sendable {
    public var writes: [PlannedWrite] = []
    /// Tasks that end without a call.
    public var outcomes: [(job: Job, outcome: JobOutcome)] = []
    /// Tasks that must run first.
    public var added: [NewJob] = []

    /// Nothing planned.
    public init() {}
}

/// What is loaded for a batch of tasks.
public struct DeliveryLoad: Sendable {
    public var records: [Int64: HubRecord]
    /// The links of these records in all integrations.
    public var links: [Int64: [HubLink]]
    /// The links, in the target's integration, of the records these refer to.
    public var references: [Int64: HubLink]
    /// The names of integrations.
    public var names: [Int64: String]
    /// What our own references look like.
    public var reference: HubReference
    /// Whether the far side's records of this kind were read to their end once, where they are to be read at all.
    public var isRead = true
    /// Documents of which the side that issued them is still to be asked: what they refer to was not known. And goods
    /// that were not shown whole and are asked for once more.
    public var unsettled: Set<Int64> = []
    /// The scope (currency) the target is known to sell in; nil where it has not shown one yet.
    public var scope: String?
    /// What each channel is to be told of stock; nil where nothing is counted.
    public var offers: StockOffers?

    /// What was loaded.
    public init(
        records: [Int64: HubRecord], links: [Int64: [HubLink]], references: [Int64: HubLink], names: [Int64: String],
        reference: HubReference, scope: String? = nil, offers: StockOffers? = nil
    ) {
        self.scope = scope
        self.offers = offers
        self.records = records
        self.links = links
        self.references = references
        self.names = names
        self.reference = reference
    }
}

extension DeliveryPlan {
    /// How long a task waits for another record to be written first, in seconds.
    static let dependencySeconds = 3.0
    /// How long a create waits for the far side to be read for the first time, in seconds.
    static let firstReadSeconds = 10.0

    /// Plans a batch of tasks: compare, and write only what differs. Pure.
    public static func make(_ jobs: [Job], _ load: DeliveryLoad, peer: Peer, now: Moment) -> DeliveryPlan {
        var plan = DeliveryPlan()
        for job in jobs { plan.add(job, load, peer, now) }
        return plan
    }

    private mutating func add(_ job: Job, _ load: DeliveryLoad, _ peer: Peer, _ now: Moment) {
        guard let id = Int64(job.key), let known = load.records[id], !known.isDeleted, !known.isErasedPerson else {
            return outcomes.append((job, .completed))
        }
        let links = load.links[id] ?? []
        let record = known.offering(load.offers?.values(of: known, links: links)[peer.id])
        let link = links.first { $0.integration == peer.id && $0.role == HubLink.mainRole }
        if let link, !link.isActive { return outcomes.append((job, .completed)) }
        #if Mutations
            if Mutation.oneStampForAllPlaces.isPlanted, job.attempt > 1, let link,
                links.contains(where: { $0.integration != peer.id && $0.settled > link.settled })
            {
                return outcomes.append((job, .completed))
            }
        #endif
        #if Mutations
            if Mutation.bookedForGood.isPlanted, link != nil, record.kind.nature == .document {
                return outcomes.append((job, .completed))
            }
        #endif
        if link == nil, !peer.creates(record.kind) { return outcomes.append((job, .completed)) }
        let gives = peer.gives(record.kind)
        let values = link?.own(record.values) ?? Self.earlier(job, record.kind, peer) ?? record.own(in: load.scope)
        var patch = Reconcile.outbound(
            kind: record.kind, record: values.values, link: link?.parts ?? [:],
            gives: { gives.contains(ScopedName($0).part) })
        let unclear = link == nil ? [:] : Self.unclear(job, values, peer).filter { patch.values[$0.key] == nil }
        for part in unclear.keys { patch.values[part] = values.values[part] }
        if patch.values.isEmpty { return outcomes.append((job, .completed)) }
        if let part = record.kind.keyPart, patch.values[part] != nil, link?.parts[part]?.isFreed ?? false {
            patch.values[part] = ""
        }
        if let hold = record.hold { return outcomes.append((job, .held(reason: hold, keepsIntent: true))) }
        let (changes, missing) = external(patch.plain, record.kind, load, peer)
        if !missing.isEmpty { return wait(job, for: missing, peer, now) }
        if link == nil, !load.isRead {
            let reason = "waits until \(peer.name) has been read once: what it has already must not be made again"
            let until = now.adding(seconds: Self.firstReadSeconds)
            return outcomes.append((job, .snooze(reason: reason, until: until, keepsIntent: true)))
        }
        if link == nil, load.unsettled.contains(id) {
            let reason = Self.reason(toWaitFor: record, load)
            let until = now.adding(seconds: Self.dependencySeconds)
            return outcomes.append((job, .snooze(reason: reason, until: until, keepsIntent: true)))
        }
        let whole = external(
            Parts(values.plain.values.filter { gives.contains($0.key) }), record.kind, load, peer
        ).parts
        var request = WriteRequest(
            kind: record.kind, reference: load.reference.text(record.id),
            externalID: link?.externalID, naturalKey: record.naturalKey, changes: changes, record: whole,
            seen: Parts((link?.parts ?? [:]).compactMapValues(\.seen)).plain,
            sent: Parts((link?.parts ?? [:]).compactMapValues(\.sent).merging(unclear) { $1 }).plain,
            revision: link?.revision, title: record.label)
        #if Mutations
            if Mutation.firstStockSentAgain.isPlanted, link != nil, changes["stock"] != nil,
                let first = job.intent?["wrote"]?["stock"]
            {
                request.changes["stock"] = first
            }
        #endif
        for other in links where other.integration == peer.id && other.role != HubLink.mainRole {
            request.roles[other.role] = other.externalID
        }
        if let issuer = record.issuer, let external = record.issuerExternalID {
            request.issuer = WriteRequest.Issuer(
                integration: load.names[issuer] ?? String(issuer), externalID: external)
        }
        writes.append(PlannedWrite(job: job, record: record, link: link, request: request, wrote: patch))
    }

    private static func reason(toWaitFor record: HubRecord, _ load: DeliveryLoad) -> String {
        guard record.kind.nature == .document else {
            return "waits until \(record.title) was asked for once more: it was not shown whole"
        }
        let side = record.issuer.flatMap { load.names[$0] } ?? "its own side"
        return "waits until \(side) was asked for what \(record.title) refers to"
    }

    /// What an earlier attempt to create carried, where its key makes a repeat harmless: the repeat must be the same,
    /// and what changed since is written after it.
    private static func earlier(_ job: Job, _ kind: RecordKind, _ peer: Peer) -> Parts? {
        guard peer.createsByKey(kind), let wrote = job.intent?["wrote"]?.object, !wrote.isEmpty else { return nil }
        return Parts(wrote)
    }

    /// What an unclear attempt carried for a document and is not read back from there, where the record is otherwise by
    /// now: it is made to fit by writing it once more, though the record be again what it was before that attempt.
    private static func unclear(_ job: Job, _ values: Parts, _ peer: Peer) -> [String: JSON] {
        guard let kind = job.kind, kind.nature == .document, let wrote = job.intent?["wrote"]?.object else {
            return [:]
        }
        let taken = peer.takes(kind)
        return wrote.filter { part, value in
            !taken.contains(ScopedName(part).part) && values.values[part].map { $0 != value } ?? false
        }
    }

    private mutating func wait(_ job: Job, for missing: [Reference], _ peer: Peer, _ now: Moment) {
        var names: [String] = []
        for case .record(let kind, let id) in missing {
            names.append("\(kind.rawValue) \(id)")
            added.append(NewJob(.deliver, integration: peer.id, kind: kind, key: String(id), priority: 80, runAt: now))
        }
        outcomes.append(
            (
                job,
                .snooze(
                    reason: "waits for \(names.joined(separator: ", ")) to be written there first",
                    until: now.adding(seconds: Self.dependencySeconds), keepsIntent: true)
            ))
    }

    /// Parts with the target's own ids in place of the hub's. A record the target does not know is missing when it can
    /// be created there, and else left out.
    private func external(_ parts: Parts, _ kind: RecordKind, _ load: DeliveryLoad, _ peer: Peer)
        -> (parts: Parts, missing: [Reference])
    {
        var result = parts
        var missing: [Reference] = []
        for shape in kind.parts where shape.refersTo != nil {
            guard let value = parts[shape.name], !value.isNull else { continue }
            let elements = (value.array ?? [value]).compactMap { element -> JSON? in
                guard case .record(let kind, let id)? = try? Reference(json: element) else { return element }
                if let link = load.references[id], link.isActive {
                    return Reference.external(kind, link.externalID).json
                }
                if peer.creates(kind), load.references[id] == nil { missing.append(.record(kind, id)) }
                return nil
            }
            result[shape.name] = value.array == nil ? elements.first ?? .null : .array(elements)
        }
        return (result, missing)
    }
}
