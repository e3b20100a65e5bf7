import ConnectorKit
import Ledger
import Queue
import Reconcile

/// What is to be saved after a call: values, all in one transaction.
public struct Settlement: Sendable {
    public var links: [HubLink] = []
    public var receipts: [Receipt] = []
    public var outcomes: [(job: Job, outcome: JobOutcome)] = []
    /// Answers that show more than was written: news to be merged.
    public var answers: [Draft] = []
    /// Records that must be asked for: the far side says they are gone.
    public var suspects: [ExternalKey] = []
    /// Numbers that were refused because other records there have them.
    public var taken: [TakenKey] = []
    public var gate: Gate
    public var breaker: Breaker
    /// Why the integration must not be called any more; nil when it may.
    public var refusal: String?
    private var hasFailed = false
    /// What is told of the integration as a whole names nobody.
    private var ownWords = OwnWords([])

    /// Nothing to be saved.
    public init(gate: Gate, breaker: Breaker = Breaker()) {
        self.gate = gate
        self.breaker = breaker
    }
}

/// What a settlement is decided with.
public struct SettleContext {
    public var peer: Peer
    public var target: any RecordTarget
    public var settleNumber: Int64
    public var schedule: RetrySchedule
    /// 0 to 1.
    public var jitter: Double
    public var now: Moment
    /// The moment by which the call has surely had its effect or never will: an unclear one is not repeated before.
    public var callEnds: Moment
    public var ids: () throws -> Int64

    /// A context.
    public init(
        peer: Peer, target: any RecordTarget, settleNumber: Int64, schedule: RetrySchedule, jitter: Double, now: Moment,
        callEnds: Moment, ids: @escaping () throws -> Int64
    ) {
        self.callEnds = callEnds
        self.peer = peer
        self.target = target
        self.settleNumber = settleNumber
        self.schedule = schedule
        self.jitter = jitter
        self.now = now
        self.ids = ids
    }
}

extension Settlement {
    /// Decides what each result means: links learn what was written and what was answered, tasks end or are tried
    /// again.
    ///
    /// - Throws: what `ids` throws when it has no more.
    public static func decide(
        _ writes: [PlannedWrite], _ results: [WriteResult], gate: Gate, breaker: Breaker = Breaker(),
        _ context: SettleContext
    ) throws -> Settlement {
        var settlement = Settlement(gate: gate, breaker: breaker)
        if results.contains(where: \.isFailed) { settlement.ownWords = OwnWords(writes.map(\.record)) }
        for (write, result) in zip(writes, results) {
            switch result {
            case .written(let written): try settlement.wrote(write, written, context)
            case .skipped: try settlement.skip(write, result, context)
            case .held(let reason): settlement.end(write, .held(reason: reason, keepsIntent: write.isUnresolved))
            case .taken(let part, let holder, let detail):
                try settlement.lack(write, part, heldBy: holder, detail, context)
            case .failed(let failure): settlement.fail(write, failure, context)
            }
        }
        return settlement
    }

    /// A counterpart that stands for another record of the hub already cannot stand for this one too: such a task waits
    /// for a person, and the rest of the batch goes on. One that was not there when it was last asked for is gone, and
    /// its id was given to what was made now.
    public mutating func holdTaken(_ known: [HubLink]) {
        let owners = links.compactMap { made in
            known.first { $0.externalID == made.externalID && $0.record != made.record && !isFree($0, for: made) }
        }
        for old in owners {
            guard let link = links.first(where: { $0.externalID == old.externalID && $0.record != old.record }) else {
                continue
            }
            links.removeAll { $0.record == link.record }
            receipts.removeAll { $0.record == link.record }
            for index in outcomes.indices where outcomes[index].job.key == String(link.record) {
                outcomes[index].outcome = .held(
                    reason: "\(link.externalID) there is the counterpart of record \(old.record) already; these two "
                        + "records of the hub are one and the same over there")
            }
        }
    }

    /// Whether the id of a counterpart is free for what was made now: it is gone, or was not there when it was last
    /// asked for. What was found there and taken over may be the very one that was not found.
    private func isFree(_ old: HubLink, for made: HubLink) -> Bool {
        !old.isActive || old.isDoubtful && !receipts.contains { $0.record == made.record && $0.outcome == "adopted" }
    }

    /// The links of what is gone there and whose ids stand for what was made now, to be saved before the new ones.
    public func freed(_ known: [HubLink]) -> [HubLink] {
        known.filter { old in
            links.contains {
                $0.externalID == old.externalID && $0.record != old.record && isFree(old, for: $0)
            }
        }.map(\.withoutID)
    }

    mutating func end(_ write: PlannedWrite, _ outcome: JobOutcome, isInFlight: Bool = false) {
        if var link = write.link {
            link.isInFlight = isInFlight
            links.append(link)
        }
        outcomes.append((write.job, outcome))
    }

    private mutating func skip(_ write: PlannedWrite, _ result: WriteResult, _ context: SettleContext) throws {
        guard case .skipped = result else { return }
        (gate, breaker) = (gate.afterSuccess(), breaker.afterSuccess())
        end(write, .completed)
    }

    private mutating func wrote(_ write: PlannedWrite, _ written: Written, _ context: SettleContext) throws {
        if written.isAdopted, let other = written.answer?.reference, write.isOfAnother(other) {
            return leave(write, madeFor: other, written.externalID, context)
        }
        (gate, breaker) = (gate.afterSuccess(), breaker.afterSuccess())
        var link =
            try write.link
            ?? HubLink(
                id: context.ids(), record: write.record.id, integration: context.peer.id, kind: write.record.kind,
                externalID: written.externalID)
        link.externalID = written.externalID
        link.isInFlight = false
        link.isActive = true
        link.settled = context.settleNumber
        link.digest = nil
        link.seenAt = context.now
        let isEarlier = isEarlier(write, written, context)
        if isEarlier {
            link.parts.merge(
                Reconcile.settled(
                    kind: write.record.kind, wrote: Parts(write.job.intent?["wrote"]?.object ?? [:]), answered: nil,
                    link: link.parts, normalForm: { context.target.normalForm(of: ScopedName($0).part, $1) })
            ) { $1 }
            if let answer = written.answer { answers.append(answer) }
        } else if written.isAdopted {
            if let answer = written.answer {
                link.parts.merge(carried(write, answer, context)) { $1 }
                answers.append(answer)
            }
        } else {
            let answered = written.answer.map {
                hubTerms(link.kept($0.parts), wrote: write.wrote, kind: write.record.kind)
            }
            link.parts.merge(
                Reconcile.settled(
                    kind: write.record.kind, wrote: write.wrote, answered: answered, link: link.parts,
                    normalForm: { context.target.normalForm(of: ScopedName($0).part, $1) })
            ) { $1 }
            link.revision = written.answer?.revision ?? link.revision
        }
        links.append(link)
        for (role, external) in written.roles.sorted(by: { $0.key < $1.key }) where write.request.roles[role] == nil {
            var other = try HubLink(
                id: context.ids(), record: write.record.id, integration: context.peer.id, kind: write.record.kind,
                role: role, externalID: external)
            other.settled = context.settleNumber
            links.append(other)
        }
        receipts.append(
            Receipt(
                id: try context.ids(), record: write.record.id, integration: context.peer.id,
                parts: receiptParts(write, link),
                outcome: written.isAdopted ? "adopted" : (write.link == nil ? "created" : "updated"),
                remarks: written.remarks, at: context.now))
        let isCompared = isEarlier || (written.isAdopted && write.isRepeat)
        if write.hasFreed { return outcomes.append((write.job, Self.afterFreeing(write, context))) }
        outcomes.append((write.job, isCompared ? Self.comparedAgain(context) : .completed))
    }

    /// Whether what was found or made is surely the work of an earlier attempt: what it shows otherwise than that
    /// attempt carried was changed there since, and what the record has otherwise is still to be written.
    private func isEarlier(_ write: PlannedWrite, _ written: Written, _ context: SettleContext) -> Bool {
        guard write.isRepeat else { return false }
        if context.peer.createsByKey(write.record.kind) { return true }
        // What was found by our reference and shows nothing of itself is taken for what was written.
        guard written.isAdopted, let answer = written.answer, !answer.parts.values.isEmpty || answer.reference != nil
        else { return written.isAdopted }
        return answer.reference == write.request.reference
    }

    /// What an earlier attempt carried and what was found shows, though nothing tells who made it.
    private func carried(_ write: PlannedWrite, _ answer: Draft, _ context: SettleContext) -> [String: LinkedPart] {
        guard write.isRepeat else { return [:] }
        let intent = Parts(write.job.intent?["wrote"]?.object ?? [:])
        return Reconcile.carried(
            kind: write.record.kind, intent: intent, shown: answer.parts,
            normalForm: { context.target.normalForm(of: ScopedName($0).part, $1) }
        ).merging(HubLink.carriedStock(intent, shown: answer.parts)) { $1 }
    }

    private static func comparedAgain(_ context: SettleContext) -> JobOutcome {
        .snooze(reason: "an earlier attempt made it; what changed since is compared", until: context.now)
    }

    /// A counterpart that was seen and linked while it was being made keeps what was learned of it.
    public mutating func keepKnown(_ known: [HubLink], _ context: SettleContext) {
        for index in links.indices {
            let made = links[index]
            guard let seen = known.first(where: { $0.externalID == made.externalID && $0.record == made.record }),
                seen.id != made.id, made.role == HubLink.mainRole
            else { continue }
            links[index] = seen
            links[index].settled = made.settled
            links[index].isInFlight = false
            links[index].digest = nil
            answers.removeAll { $0.externalID == made.externalID && $0.kind == made.kind }
            for index in outcomes.indices where outcomes[index].job.key == String(made.record) {
                outcomes[index].outcome = Self.comparedAgain(context)
            }
        }
    }

    /// What happened to the links while the call was out stays: a conflict that a person decided, say.
    public mutating func keepMeanwhile(_ writes: [PlannedWrite], _ now: [HubLink]) {
        let before = Dictionary(
            writes.compactMap { $0.link.map { ($0.id, $0) } }, uniquingKeysWith: { first, _ in first })
        let now = Dictionary(now.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, link) in links.enumerated() {
            guard let known = now[link.id], let base = before[link.id] else { continue }
            links[index] = link.upon(known, since: base)
        }
    }

    /// References in an answer are the far side's ids; what was written stands for them where the answer names as many.
    private func hubTerms(_ answered: Parts, wrote: Parts, kind: RecordKind) -> Parts {
        var parts = answered
        for shape in kind.parts where shape.refersTo != nil {
            guard let mine = wrote[shape.name], let theirs = answered[shape.name] else { continue }
            if (mine.array?.count ?? 1) == (theirs.array?.count ?? 1), mine.isNull == theirs.isNull {
                parts[shape.name] = mine
            }
        }
        return parts
    }

    func receiptParts(_ write: PlannedWrite, _ link: HubLink) -> JSON {
        .object(
            Dictionary(
                uniqueKeysWithValues: write.wrote.values.map { part, value in
                    var entry: [String: JSON] = ["to": value]
                    if let before = write.link?.parts[part]?.seen { entry["from"] = before }
                    if let linked = link.parts[part], !linked.isAccepted { entry["shows"] = linked.seen ?? .null }
                    return (part, .object(entry))
                }))
    }

    private mutating func fail(_ write: PlannedWrite, _ failure: ConnectorFailure, _ context: SettleContext) {
        let isUnclear = failure.mayHaveHappened || write.isUnresolved
        switch failure {
        case .unavailable:
            // A batch is one call, however many writes it carried.
            if !hasFailed {
                breaker = breaker.afterFailure(ownWords.left(outOf: failure.sentence), now: context.now)
            }
            hasFailed = true
            var at = context.schedule.next(afterAttempt: write.job.attempt, now: context.now, jitter: context.jitter)
            if failure.mayHaveHappened { at = max(at, context.callEnds) }
            let error = "\(write.record.label): \(failure.sentence)"
            end(
                write, .retry(errorClass: failure.errorClass, error: error, at: at, keepsIntent: isUnclear),
                isInFlight: isUnclear)
        case .throttled(let seconds):
            let wait = seconds ?? 30
            gate = gate.afterThrottle(seconds: wait, now: context.now)
            snooze(write, failure.sentence, seconds: wait, context)
        case .busy(let detail, let seconds): snooze(write, detail, seconds: seconds, context)
        case .unauthorized(let detail):
            refusal = ownWords.left(outOf: detail)
            snooze(write, failure.sentence, seconds: 60, context)
        case .cancelled: end(write, .released(keepsIntent: isUnclear), isInFlight: isUnclear)
        case .gone:
            if let external = write.request.externalID {
                suspects.append(ExternalKey(write.record.kind, external))
                snooze(write, failure.sentence, seconds: 300, context)
            } else {
                die(write, failure)
            }
        case .refused, .unreadable:
            // It answered: it is there.
            breaker = breaker.afterSuccess()
            die(write, failure)
        }
    }

    private mutating func snooze(_ write: PlannedWrite, _ reason: String, seconds: Int, _ context: SettleContext) {
        let until = context.now.adding(seconds: Double(seconds))
        end(write, .snooze(reason: reason, until: until, keepsIntent: write.isUnresolved))
    }

    private mutating func die(_ write: PlannedWrite, _ failure: ConnectorFailure) {
        let error = "\(write.record.label): \(failure.sentence)"
        end(write, .dead(errorClass: failure.errorClass, error: error, keepsIntent: write.isUnresolved))
    }
}

extension WriteResult {
    fileprivate var isFailed: Bool { if case .failed = self { true } else { false } }
}
