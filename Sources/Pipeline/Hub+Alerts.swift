import Alerts
import Audit
import ConnectorKit
import Ledger
import Notices
import Queue
import Store
import Telemetry

extension Alert {
    fileprivate var isUrgent: Bool { state == .raised && kind.isCritical }

    /// As the API shows it.
    public var json: JSON {
        var members: [String: JSON] = [
            "kind": .string(kind.rawValue), "state": .string(state.rawValue), "message": .string(sentence),
            "severity": .string(kind.isCritical ? "critical" : "warning"), "value": .decimal(reading.value),
            "count": .integer(reading.count), "threshold": .decimal(threshold), "since": .string(since.description),
            "lastSeenAt": .string(seenAt.description),
        ]
        members["raisedAt"] = raisedAt.map { .string($0.description) }
        members["resolvedAt"] = resolvedAt.map { .string($0.description) }
        members["acknowledgedAt"] = acknowledgedAt.map { .string($0.description) }
        members["acknowledgedBy"] = acknowledgedBy.map(JSON.string)
        members["escalatedAt"] = escalatedAt.map { .string($0.description) }
        return .object(members)
    }
}

extension Hub {
    /// The alerts that there are or were and that somebody was told of: open ones first, of these the critical ones
    /// that nobody looks after, then the latest.
    ///
    /// - Throws: `StoreFailure`.
    public func alerts() async throws -> [Alert] {
        let organization = organization
        return try await store.read { Self.told(try AlertTable($0, organization: organization).all()) }
    }

    static func told(_ alerts: [AlertKind: Alert]) -> [Alert] {
        alerts.values.filter { $0.state != .waiting }.sorted {
            guard $0.state.isOpen == $1.state.isOpen else { return $0.state.isOpen }
            let (isUrgent, isOtherUrgent) = ($0.isUrgent, $1.isUrgent)
            guard isUrgent == isOtherUrgent else { return isUrgent }
            return ($1.raisedAt ?? $1.since, $0.kind.rawValue) < ($0.raisedAt ?? $0.since, $1.kind.rawValue)
        }
    }

    /// Somebody looks after an alert from now on: it is not told again until it ends. One that somebody looks after
    /// already stays his. Nil when none is open.
    ///
    /// - Throws: `StoreFailure`.
    public func acknowledge(_ kind: AlertKind, by actor: AuditActor) async throws -> Alert? {
        let (organization, now) = (organization, now)
        return try await store.write { session in
            let table = AlertTable(session, organization: organization)
            guard let alert = try table.all()[kind], alert.state.isOpen else { return nil }
            guard let next = AlertSettings().acknowledged(alert, by: actor.name, at: now) else { return alert }
            try table.save(next)
            let note = AuditNote(
                .alertAcknowledged, "alert", kind.rawValue, after: ["message": .string(next.sentence)])
            try self.note(note, by: actor, at: now, in: session)
            return next
        }
    }

    /// Looks at all that alerts are about, and raises, keeps and ends them. Writes only where something changes.
    ///
    /// - Throws: `StoreFailure`.
    public func lookAtAlerts(_ settings: AlertSettings) async throws {
        let (organization, now) = (organization, now)
        let (readings, isNews) = try await store.read { session -> ([AlertKind: AlertReading], Bool) in
            let readings = try AlertReadings(session, organization: organization).all(at: now)
            let known = try AlertTable(session, organization: organization).all()
            return (readings, !Self.changes(known, readings, settings, now).isEmpty)
        }
        guard isNews else { return }
        let changes = try await store.write { session in
            let table = AlertTable(session, organization: organization)
            let changes = Self.changes(try table.all(), readings, settings, now)
            for change in changes {
                if let next = change.next { try table.save(next) } else { try table.remove(change.kind) }
            }
            return changes
        }
        for change in changes { say(change) }
    }

    struct AlertChange: Sendable {
        var kind: AlertKind
        var before: Alert?
        var next: Alert?
    }

    private static func changes(
        _ known: [AlertKind: Alert], _ readings: [AlertKind: AlertReading], _ settings: AlertSettings, _ now: Moment
    ) -> [AlertChange] {
        AlertKind.allCases.compactMap { kind in
            let next = settings.next(known[kind], kind, readings[kind], at: now)
            return next == known[kind] ? nil : AlertChange(kind: kind, before: known[kind], next: next)
        }
    }

    private func say(_ change: AlertChange) {
        guard let next = change.next, next.state != change.before?.state || next.escalatedAt != nil else { return }
        let fields: Logger.Metadata = ["alert": "\(change.kind.rawValue)"]
        switch next.news {
        case .raised where next.state != change.before?.state:
            logger.warning("alert: \(next.sentence)", metadata: fields)
        case .escalated where change.before?.escalatedAt == nil:
            logger.error("alert that nobody looks after: \(next.sentence)", metadata: fields)
        case .resolved where next.state != change.before?.state:
            logger.notice("alert ended: \(next.sentence)", metadata: fields)
        default: break
        }
    }

    /// Hands what is still to be told to the webhooks and mailboxes that asked for it, in one step: from then on it is
    /// brought, tried again and written down as every other notice. Where nobody asked, the page is enough.
    ///
    /// - Throws: `StoreFailure`.
    public func tellAlerts() async throws {
        let (organization, now) = (organization, now)
        let isDue = try await store.read {
            try AlertTable($0, organization: organization).all().values.contains { $0.news != nil }
        }
        guard isDue else { return }
        let block = try await ids.draw(AlertKind.allCases.count * ListenerTable.limit * 2)
        try await store.write { session in
            var ids = block
            let table = AlertTable(session, organization: organization)
            let listeners = try ListenerTable(session, organization: organization).active()
            for alert in try table.all().values.sorted(by: { $0.kind.rawValue < $1.kind.rawValue }) {
                guard let news = alert.news else { continue }
                try Self.put(news, of: alert, listeners, session, organization, ids: &ids, now: now)
                try table.save(AlertSettings().told(alert))
            }
        }
        bell.ring()
    }

    private static func put(
        _ news: AlertNews, of alert: Alert, _ listeners: [Listener], _ session: any StoreSession,
        _ organization: Int64, ids: inout IDBlock, now: Moment
    ) throws {
        for listener in listeners where listener.integration == 0 {
            guard let event = EventCatalogue.heard("alert.\(news.rawValue)", by: listener.events) else { continue }
            let notice = Notice(id: try ids.next(), listener: listener.id, event: event, detail: alert.json, at: now)
            try put([notice], for: listener, session, organization, ids: &ids, now: now)
        }
    }
}
