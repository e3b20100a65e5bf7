import ConnectorKit
import Deliver
import Ledger
import Queue

/// Creates whose earlier attempt was not answered: the far side is looked at before anything else (design 2.8).
extension Hub {
    /// What a look at the far side tells of an unclear create.
    private enum Look {
        case result(WriteResult)
        /// It was not made: it may be made now.
        case repeatable
        /// It cannot be told before that time.
        case wait(Moment)
    }

    /// Gives back what is to be written, and what needs no write with its result. What cannot be told yet waits.
    ///
    /// - Throws: `StoreFailure`.
    func resolveUnclear(
        _ writes: [PlannedWrite], _ target: any RecordTarget, _ peer: Peer
    ) async throws -> (open: [PlannedWrite], looked: [(write: PlannedWrite, result: WriteResult)]) {
        var open: [PlannedWrite] = []
        var looked: [(write: PlannedWrite, result: WriteResult)] = []
        for var write in writes {
            guard write.isRepeat else {
                open.append(write)
                continue
            }
            switch await look(for: write, target, peer) {
            case .result(let result):
                if case .written = result {} else { write.isUnresolved = true }
                looked.append((write, result))
            case .repeatable:
                // A key makes the repeat harmless, and tells nothing of the earlier attempt: refused now, it is as
                // unclear as before.
                write.isUnresolved = peer.createsByKey(write.record.kind)
                open.append(write)
            case .wait(let until):
                let reason =
                    "\(write.record.label): an earlier attempt to create it was not answered; until "
                    + "\(until) it may still appear there, then it is made again"
                try await settle(
                    [(write.job, .retry(errorClass: "unclear", error: reason, at: until, keepsIntent: true))])
            }
        }
        return (open, looked)
    }

    /// From now on a miss counts anew, and the call ends later than was thought before the looks: this attempt may be
    /// the one that is not answered.
    ///
    /// - Throws: `StoreFailure`.
    func intendAnew(_ writes: [PlannedWrite], _ peer: Peer, endingAt deadline: Moment) async throws {
        let (organization, owner, now) = (organization, owner, now)
        let intents = writes.map { (job: $0.job, intent: $0.intent(at: now, isFirst: true)) }
        try await store.write(.urgent) { session in
            try JobTable(session, organization: organization).intend(
                intents, owner: owner, deadline: deadline)
            try Self.planStockAnew(writes, peer, LedgerTable(session, organization: organization))
        }
    }

    private func look(for write: PlannedWrite, _ target: any RecordTarget, _ peer: Peer) async -> Look {
        do throws(ConnectorFailure) {
            let found = try await target.find(write.sought)
            if found.count == 1 {
                return .result(.written(Written(externalID: found[0].externalID, answer: found[0], isAdopted: true)))
            }
            if found.isEmpty, let until = missCounts(write, peer) {
                return now < until ? .wait(until) : .repeatable
            }
            let ids = found.map(\.externalID).joined(separator: ", ")
            return .result(
                .held(
                    "an earlier attempt to create \"\(write.record.label)\" was never answered; "
                        + (found.isEmpty ? "look whether it is there" : "it may be one of \(ids)")
                        + ", then retry or drop this"))
        } catch {
            return .result(.failed(error))
        }
    }

    /// From when on a look that finds nothing means it was not made: the earlier call must have ended, and what it may
    /// have made must be visible by then. Nil where that never is.
    private func missCounts(_ write: PlannedWrite, _ peer: Peer) -> Moment? {
        guard let seconds = peer.mayRepeatCreate(write.record.kind) else { return nil }
        if peer.createsByKey(write.record.kind) { return now }
        guard let tried = write.job.intent?["at"]?.integer else { return now }
        let wait = Self.callDeadlineSeconds + Double(seconds)
        let until = Moment(milliseconds: Int64(tried)).adding(seconds: wait)
        // A time that was noted before this machine's clock was set says nothing about how long that is.
        guard let sinceSet = machineClock.secondsSinceSet(wall: now), sinceSet < wait else { return until }
        return max(until, now.adding(seconds: wait - sinceSet))
    }
}

extension PlannedWrite {
    /// What an earlier attempt is looked for by: the number it carried, for what it made bears that, whatever number
    /// the record has been given since.
    fileprivate var sought: WriteRequest {
        guard let part = record.kind.keyPart, let carried = job.intent?["wrote"]?[part]?.string, !carried.isEmpty
        else { return request }
        var request = request
        if request.changes.values[part] != nil { request.changes.values[part] = .string(carried) }
        request.record.values[part] = .string(carried)
        request.naturalKey = NaturalKey.folded(carried)
        return request
    }
}
