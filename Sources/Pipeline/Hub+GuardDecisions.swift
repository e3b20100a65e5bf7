import Audit
import ConnectorKit
import Ledger
import Queue
import Reconcile
import Store

/// What becomes of what the guard holds: a person lets it through or says no, and the hub lets through what turned out
/// to be no more than the share.
extension Hub {
    /// Lets through what waits in a hold, once: each of it is read again, and taken as it is then. False when no such
    /// hold is undecided.
    ///
    /// - Throws: `StoreFailure`.
    public func releaseHold(_ id: Int64, by actor: AuditActor = .hub) async throws -> Bool {
        try await settle(hold: id, .released, by: actor)
    }

    /// Says no to what waits in a hold: the hub keeps what it has, and gives it back where it gives that part. False
    /// when no such hold is undecided.
    ///
    /// - Throws: `StoreFailure`.
    public func discardHold(_ id: Int64, by actor: AuditActor = .hub) async throws -> Bool {
        try await settle(hold: id, .discarded, by: actor)
    }

    /// Gives an integration other terms of the guard. What is held stays held.
    ///
    /// - Throws: `StoreFailure`, `HubError` when it is not there any more.
    public func set(_ terms: GuardTerms, of integration: Integration, by actor: AuditActor = .hub) async throws {
        let (organization, now) = (organization, now)
        try await store.write { session in
            var before = terms
            let changed = try LedgerTable(session, organization: organization).change(integration.id) { known in
                before = known.options.guardTerms
                known.options.guardTerms = terms
            }
            guard changed != nil else { throw HubError("\(integration.name) is not there any more") }
            let note = AuditNote(
                .guardSet, "integration", integration.publicID, before: before.json, after: terms.json)
            try self.note(note, by: actor, at: now, in: session)
        }
    }

    /// Since when nothing must have come to a hold for its share to be known.
    static func quietSince(_ now: Moment) -> Moment { now.adding(seconds: -GuardTerms.quietSeconds) }

    /// Lets through what waited for its share to be known, and is no more than that. `isEnded`: no more of it comes.
    ///
    /// - Throws: `StoreFailure`.
    public func clearGathered(isEnded: Bool = false) async throws {
        let (organization, limit) = (organization, isEnded ? now : Self.quietSince(now))
        let holds = try await store.read { try LedgerTable($0, organization: organization).gathered(before: limit) }
        for hold in holds { _ = try await settle(hold: hold.id, .cleared, by: .hub) }
    }

    /// The most often a decision is begun anew because more came to the hold meanwhile.
    private static let settleTries = 8
    /// How many more changes may come meanwhile.
    private static let settleSpare = 256

    private func settle(hold id: Int64, _ state: GuardState, by actor: AuditActor) async throws -> Bool {
        let (organization, now) = (organization, now)
        for _ in 0..<Self.settleTries {
            let count = try await store.read { try LedgerTable($0, organization: organization).waitingCount(in: id) }
            let block = try await ids.draw(count + Self.settleSpare)
            let isDone = try await store.write { session -> Bool? in
                var ids = block
                let ledger = LedgerTable(session, organization: organization)
                guard var hold = try ledger.hold(id), hold.state.isUndecided else { return false }
                let items = try ledger.waiting(in: id)
                guard items.count < count + Self.settleSpare else { return nil }
                (hold.state, hold.decidedAt, hold.decidedBy) = (state, now, actor.name)
                try ledger.save(hold)
                try Self.carryOut(hold, items, ledger, JobTable(session, organization: organization), ids: &ids, now)
                guard state != .cleared else { return true }
                let note = AuditNote(
                    state == .released ? .guardReleased : .guardDiscarded, "hold", id,
                    after: [
                        "kind": .string(hold.key.kind.rawValue), "sort": .string(hold.key.sort.rawValue),
                        "changes": .integer(items.count),
                    ])
                try self.note(note, by: actor, at: now, in: session)
                return true
            }
            if let isDone {
                bell.ring()
                return isDone
            }
        }
        throw HubError("more and more comes to hold \(id); try again when the reading has ended")
    }

    /// What was decided takes effect when each of it is read again; that is asked for. That something is gone is not
    /// read: it is believed no more, and the next comparison of ids finds what is still missing.
    private static func carryOut(
        _ hold: GuardHold, _ items: [GuardItem], _ ledger: LedgerTable, _ table: JobTable, ids: inout IDBlock,
        _ now: Moment
    ) throws {
        let decision: GuardDecision =
            switch hold.state {
            case .released: .released
            case .discarded: .discarded
            case .cleared, .gathering, .open, .healed: .cleared
            }
        guard hold.key.sort != .deleted || decision != .discarded else {
            return try stay(items, hold, ledger, now)
        }
        try ledger.save(
            items.map { item in
                var item = item
                item.decision = decision
                return item
            })
        let jobs = Set(items.map(\.name.externalID)).sorted().map {
            NewJob(.fetch, integration: hold.integration, kind: hold.key.kind, key: $0, priority: 60, runAt: now)
        }
        try table.add(jobs, ids: &ids, now: now)
    }

    private static func stay(
        _ items: [GuardItem], _ hold: GuardHold, _ ledger: LedgerTable, _ now: Moment
    ) throws {
        let links = try ledger.links(hold.integration, hold.key.kind, externalIDs: items.map(\.name.externalID))
        try ledger.save(
            links.map { link in
                var link = link
                link.missingSince = nil
                link.hold(HubLink.gonePart, false)
                return link
            })
        try ledger.forget(items.map(\.name), of: hold.integration, now: now)
    }
}
