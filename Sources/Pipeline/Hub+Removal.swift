import Alerts
import Audit
import ConnectorKit
import Grants
import Ledger
import Notices
import Queue
import Store

/// What goes when an integration is taken away, or would go.
public struct Removal: Hashable, Sendable {
    public var publicID: String
    public var name: String
    /// Records of each kind that are linked there. The records stay; that they are the far side's is forgotten.
    public var links: [RecordKind: Int]
    /// Tasks that wait or run.
    public var tasks: Int
    public var deadLetters: Int
    public var conflicts: Int
    public var rejections: Int

    /// Whether anything is lost that could be had again only by a person.
    public var losesSomething: Bool {
        !links.isEmpty || tasks > 0 || deadLetters > 0 || conflicts > 0 || rejections > 0
    }

    /// What would be lost, in a sentence.
    public var words: String {
        let linked = links.values.reduce(0, +)
        let counts = [
            (
                linked, "link",
                " to its records (connected anew, its orders count as new and are written elsewhere again)"
            ),
            (tasks, "task", ""), (deadLetters, "dead letter", ""), (conflicts, "open conflict", ""),
            (rejections, "rejected payload", ""),
        ]
        let lost = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")\($0.2)" }
        return "\(name) has " + (lost.isEmpty ? "nothing that would be lost" : lost.joined(separator: ", "))
    }

    /// As the API and the audit show it.
    public var json: JSON {
        [
            "id": .string(publicID), "name": .string(name),
            "links": .object(
                Dictionary(
                    links.map { ($0.key.rawValue, JSON.integer($0.value)) }, uniquingKeysWith: { first, _ in first })),
            "tasks": .integer(tasks), "deadLetters": .integer(deadLetters), "conflicts": .integer(conflicts),
            "rejections": .integer(rejections),
        ]
    }
}

/// Taking an integration away.
extension Hub {
    /// How long after an integration was taken away its links are forgotten, in seconds: calls that are under way have
    /// ended by then.
    static let forgetAfterSeconds = 120.0
    /// How many links one step forgets.
    static let forgetLimit = 1000

    /// Takes an integration away: its settings, address, cursors, schedules and limits at once, its tasks and dead
    /// letters right after, its links and open conflicts a little later. Records, the change log, receipts and the
    /// audit stay. `confirmed`: its name, where something would be lost. Nil when there is none.
    ///
    /// - Throws: `IntegrationRefusal.unconfirmed`, `StoreFailure`; then nothing was changed.
    public func remove(_ publicID: String, confirmed: String?, by actor: AuditActor) async throws -> Removal? {
        let block = try await ids.draw(1)
        let (organization, now) = (organization, now)
        let removed = try await store.write { session -> (Int64, Removal)? in
            let ledger = LedgerTable(session, organization: organization)
            guard let integration = try ledger.integration(publicID: publicID) else { return nil }
            let table = JobTable(session, organization: organization)
            let removal = try Self.removal(of: integration, ledger, table, now: now)
            guard !removal.losesSomething || confirmed == integration.name else {
                throw IntegrationRefusal.unconfirmed(removal)
            }
            try ledger.remove(integration)
            try table.forgetHabits(of: integration.id)
            for listener in try ListenerTable(session, organization: organization).all(of: integration.id) {
                try Self.forget(listener, by: actor, session, organization, now: now)
            }
            try AlertTable(session, organization: organization).forget(integration: integration.id)
            try GrantTable(session, organization: organization).forget(integration.id)
            var ids = block
            let later = NewJob(
                .task, integration: 0, kind: nil, key: "\(OwnTask.forget.rawValue)/\(integration.id)",
                runAt: now.adding(seconds: Self.forgetAfterSeconds))
            try table.add([later], ids: &ids, now: now)
            let note = AuditNote(
                .integrationRemoved, "integration", publicID, before: self.told(integration), after: removal.json)
            try self.note(note, by: actor, at: now, in: session)
            return (integration.id, removal)
        }
        addressBook.forget()
        guard let (id, removal) = removed else { return nil }
        try await dropWork(ofRemoved: id, removal.name, by: actor)
        return removal
    }

    private static func removal(
        of integration: Integration, _ ledger: LedgerTable, _ table: JobTable, now: Moment
    ) throws -> Removal {
        let belongings = try ledger.belongings(of: integration.id)
        let open = try table.workCounts(of: integration.id, since: now)[integration.id]?.open ?? [:]
        let dead = open[.dead] ?? 0
        return Removal(
            publicID: integration.publicID, name: integration.name, links: belongings.links,
            tasks: open.values.reduce(0, +) - dead, deadLetters: dead, conflicts: belongings.conflicts,
            rejections: belongings.rejections)
    }

    private func dropWork(ofRemoved id: Int64, _ name: String, by actor: AuditActor) async throws {
        let filter = JobFilter(integration: id)
        _ = try await cancelAll(filter, by: actor, reason: "\(name) was taken away")
        _ = try await dropDead(filter, by: actor)
    }

    /// Forgets what is known of records at an integration that was taken away, in steps between which others write.
    func forgetRemoved(_ job: Job) async throws {
        guard let id = Int64(job.key.drop { $0 != "/" }.dropFirst()) else { return }
        let (organization, now) = (organization, now)
        let all = try await integrations()
        guard !all.contains(where: { $0.id == id }) else { return }
        // What was under way then may have left tasks since.
        try await dropWork(ofRemoved: id, "integration \(id)", by: .hub)
        var isMore = true
        while isMore {
            isMore = try await store.write(.bulk) {
                try LedgerTable($0, organization: organization)
                    .forgetLinks(ofRemoved: id, limit: Self.forgetLimit, now: now)
            }
        }
    }
}
