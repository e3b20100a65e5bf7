import ConnectorKit
import Ledger
import Queue
import Reconcile

/// A number that a record could not be given, because another record there has it and the far side has none twice.
public struct TakenKey: Hashable, Sendable {
    public var link: HubLink
    /// The part that holds it.
    public var part: String
    /// The far side's id of the record that has it; nil where it does not say.
    public var holder: String?
    /// What was to be written.
    public var wanted: JSON
}

extension Settlement {
    /// How long after its number was taken away a record is looked at again, in seconds: those that waited for it come
    /// first.
    static let freeingSeconds = 3.0
    /// How often a create is tried whose number another record's counterpart bears, before a person is asked.
    static let adoptionTries = 5
    /// How long a far side is given to show what it said of who has a number, in seconds.
    static let holderSeconds = 20.0

    /// The record keeps what it has there, and the hub says so; the rest of the write is made without it.
    mutating func lack(
        _ write: PlannedWrite, _ part: String, heldBy holder: String?, _ detail: String, _ context: SettleContext
    ) throws {
        (gate, breaker) = (gate.afterSuccess(), breaker.afterSuccess())
        guard var link = write.link, let wanted = write.wrote[part] else {
            return end(write, .held(reason: detail, keepsIntent: write.isUnresolved))
        }
        var linked = link.parts[part] ?? LinkedPart()
        (linked.sent, linked.isAccepted, linked.isFreed) = (wanted, false, false)
        link.parts[part] = linked
        (link.isInFlight, link.digest) = (false, nil)
        links.append(link)
        receipts.append(
            Receipt(
                id: try context.ids(), record: write.record.id, integration: context.peer.id,
                parts: [
                    part: .object(["from": linked.seen ?? .null, "to": wanted, "shows": linked.seen ?? .null])
                ], outcome: "refused", remarks: [detail], at: context.now))
        outcomes.append((write.job, .snooze(reason: detail, until: context.now)))
        taken.append(TakenKey(link: link, part: part, holder: holder, wanted: wanted))
    }

    /// What bears its number there was made for another record of the hub, which has another number by now or is to be
    /// linked with it in a moment: these two are not one.
    mutating func leave(_ write: PlannedWrite, madeFor other: String, _ external: String, _ context: SettleContext) {
        (gate, breaker) = (gate.afterSuccess(), breaker.afterSuccess())
        let at = context.schedule.next(afterAttempt: write.job.attempt, now: context.now, jitter: context.jitter)
        let error =
            "\(write.record.label): \(external) there bears its number and was made for another record (\(other)); "
            + "give one of the two another number"
        if write.job.attempt >= Self.adoptionTries {
            return end(write, .held(reason: error, keepsIntent: write.isUnresolved))
        }
        end(write, .retry(errorClass: "taken", error: error, at: at, keepsIntent: write.isUnresolved))
    }

    static func afterFreeing(_ write: PlannedWrite, _ context: SettleContext) -> JobOutcome {
        .snooze(
            reason: "\(write.record.label) has no number for a moment: those that wait for its old one come first",
            until: context.now.adding(seconds: freeingSeconds))
    }

    /// Numbers that go round (each waits for what the next one has) would wait for ever: one is taken away first.
    public mutating func free(_ key: TakenKey) {
        amend(key) { linked, before in
            linked = before
            linked.isFreed = true
        }
    }

    /// Who is said to have the number is not known to have it: that is found out, and then it is tried again.
    public mutating func tryAgain(_ key: TakenKey, _ kind: RecordKind, _ context: SettleContext) {
        amend(key) { linked, before in linked = before }
        if let holder = key.holder { suspects.append(ExternalKey(kind, holder)) }
        for index in outcomes.indices where outcomes[index].job.key == String(key.link.record) {
            guard case .snooze(let reason, _, _) = outcomes[index].outcome else { continue }
            outcomes[index].outcome = .snooze(
                reason: reason, until: context.now.adding(seconds: Self.holderSeconds))
        }
    }

    /// Undoes what a refusal made of the part, and lets it be changed.
    private mutating func amend(_ key: TakenKey, _ change: (inout LinkedPart, LinkedPart) -> Void) {
        guard let index = links.firstIndex(where: { $0.id == key.link.id }), var linked = links[index].parts[key.part]
        else { return }
        var before = linked
        (before.sent, before.isAccepted) = (linked.seen, true)
        change(&linked, before)
        links[index].parts[key.part] = linked
    }
}

extension PlannedWrite {
    /// Whether that is a reference of this hub to another of its records.
    func isOfAnother(_ reference: String) -> Bool {
        let mine = request.reference
        guard reference != mine, let dash = mine.lastIndex(of: "-") else { return false }
        return reference.hasPrefix(mine[...dash])
    }

    /// Whether it takes a number away that others wait for.
    var hasFreed: Bool {
        guard let part = record.kind.keyPart, wrote.values[part] != nil else { return false }
        return link?.parts[part]?.isFreed ?? false
    }
}
