import Alerts
import Commerce
import Identity
import Ledger
import Pipeline
import Queue

/// The sections of the page, each rendered for itself, so that one can be renewed without the others.
struct Sections: Sendable {
    /// How many lines a list of the page has at most.
    static let listLength = 20

    /// The sections in the order they stand on the page; each is a template of that name.
    enum Name: String, CaseIterable {
        case summary
        case attention
        case integrations
        case changes
        case waiting
        case webhooks
        case records
        case security
    }

    let templates: Templates

    /// All sections of an overview as markup.
    func render(_ overview: Overview, now: Moment) -> [Name: String] {
        let show = OverviewView(overview: overview, now: now)
        var sections: [Name: String] = [:]
        for name in Name.allCases {
            let view =
                switch name {
                case .summary: show.summary
                case .attention: show.attention
                case .integrations: show.integrations
                case .changes: show.changes
                case .waiting: show.waiting
                case .webhooks: show.webhooks
                case .records: show.records
                case .security: show.security
                }
            sections[name] = templates.render(name.rawValue, view)
        }
        return sections
    }
}

/// What the sections show of an overview.
struct OverviewView {
    let overview: Overview
    let now: Moment

    /// How many things wait for a person.
    var needed: Int {
        overview.guarded.count + overview.conflictCount + overview.holdCount + overview.rejectionCount
            + (overview.jobs[.dead] ?? 0) + overview.alerts.count { $0.state == .raised }
            + overview.integrations.filter { $0.state == .refused }.count
            + overview.listeners.filter { $0.listener.state == .disabled }.count
    }

    private var open: Int {
        [JobState.available, .scheduled, .running, .retryable].reduce(0) { $0 + (overview.jobs[$1] ?? 0) }
    }

    var summary: View {
        let (word, tone) =
            if overview.integrations.isEmpty {
                ("Nothing is connected yet", "calm")
            } else if needed > 0 {
                (Words.count(needed, "thing needs", "things need") + " you", "warn")
            } else if open > 0 {
                ("Working: " + Words.count(open, "task", "tasks") + " to do", "busy")
            } else {
                ("Everything is in step", "good")
            }
        return ["word": .text(word), "tone": .text(tone), "time": time(now)]
    }

    var attention: View {
        let conflicts = overview.conflicts.prefix(Sections.listLength).map(conflict)
        let rejections = overview.rejections.prefix(Sections.listLength).map(rejection)
        return [
            "hasAny": .flag(
                overview.guarded.count + overview.conflictCount + overview.rejectionCount + overview.holdCount
                    + overview.alerts.count > 0),
            "hasAlerts": .flag(!overview.alerts.isEmpty), "alerts": .list(overview.alerts.map(alert)),
            "alertCount": .text(Words.count(overview.alerts.count, "alert", "alerts")),
            "hasGuarded": .flag(!overview.guarded.isEmpty), "guarded": .list(overview.guarded.map(guarded)),
            "guardedCount": .text(Words.count(overview.guarded.count, "change of many", "changes of many")),
            "hasConflicts": .flag(!conflicts.isEmpty), "conflicts": .list(conflicts),
            "conflictCount": .text(Words.count(overview.conflictCount, "conflict", "conflicts")),
            "moreConflicts": more(overview.conflictCount, conflicts.count, "crossdock conflicts"),
            "hasRejections": .flag(!rejections.isEmpty), "rejections": .list(rejections),
            "rejectionCount": .text(Words.count(overview.rejectionCount, "refused record", "refused records")),
            "moreRejections": more(overview.rejectionCount, rejections.count, "crossdock status --json"),
            "holds": overview.holdCount == 0
                ? "" : .text(Words.count(overview.holdCount, "record is held", "records are held")),
        ]
    }

    private func alert(_ alert: Alert) -> View {
        [
            "kind": .text(alert.kind.rawValue), "sentence": .text(Words.cut(alert.sentence, to: 300)),
            "isCritical": .flag(alert.kind.isCritical), "isRaised": .flag(alert.state == .raised),
            "isEscalated": .flag(alert.escalatedAt != nil), "by": .text(alert.acknowledgedBy ?? ""),
            "time": time(alert.raisedAt ?? alert.since),
        ]
    }

    private func conflict(_ conflict: ConflictReport) -> View {
        let (theirs, ours) = Words.change(conflict.theirs, conflict.ours)
        return [
            "id": .text(String(conflict.id)), "title": .text(Words.cut(conflict.title, to: 80)),
            "kind": kind(conflict.kind, beside: conflict.title), "part": .text(conflict.part),
            "integration": .text(conflict.integration), "theirs": value(theirs), "ours": value(ours),
            "time": time(conflict.openedAt),
        ]
    }

    private func guarded(_ report: GuardReport) -> View {
        [
            "id": .text(String(report.id)), "sentence": .text(Words.cut(report.sentence, to: 300)),
            "examples": .list(
                report.items.map { change in
                    let (old, new) = Words.change(change.old, change.new)
                    return ["title": .text(Words.cut(change.title, to: 80)), "old": value(old), "new": value(new)]
                }),
            "time": time(report.openedAt),
        ]
    }

    private func rejection(_ rejection: RejectionReport) -> View {
        [
            "integration": .text(rejection.integration), "kind": .text(rejection.kind.rawValue),
            "id": .text(Words.cut(rejection.externalID, to: 40)), "reason": .text(Words.cut(rejection.reason, to: 300)),
            "time": time(rejection.at),
        ]
    }

    var changes: View {
        let changes = overview.changes.prefix(Sections.listLength)
        return [
            "hasAny": .flag(!changes.isEmpty), "hasIntegrations": .flag(!overview.integrations.isEmpty),
            "changes": .list(changes.map(change)),
        ]
    }

    private func change(_ change: ChangeReport) -> View {
        let (old, new) = Words.change(change.old, change.new)
        return [
            "time": time(change.at), "title": .text(Words.cut(change.title, to: 80)),
            "kind": kind(change.kind, beside: change.title), "part": .text(change.part),
            "isNew": .flag(change.old == nil),
            "old": value(old), "new": value(new), "origin": .text(change.origin ?? "hub"),
            "rule": .text(Words.cut(change.rule, to: 120)),
            "trace": .text(change.trace ?? ""), "loser": change.loser.map { value(Words.value($0)) } ?? .flag(false),
        ]
    }

    var records: View {
        let counts = RecordKind.allCases.compactMap { kind in
            overview.records[kind].map { ["kind": .text(Words.plural(kind)), "count": .text(Words.count($0))] as View }
        }
        return ["hasAny": .flag(!counts.isEmpty), "counts": .list(counts)]
    }

    var security: View {
        let counts = SecurityKind.allCases.compactMap { kind in
            overview.security[kind].map { ["kind": .text(kind.purpose), "count": .text(Words.count($0))] as View }
        }
        let keys = overview.keys.prefix(Self.keyCount)
        return [
            "hasAny": .flag(!counts.isEmpty), "counts": .list(counts), "hasKeys": .flag(!keys.isEmpty),
            "keys": .list(keys.map(key)),
            "moreKeys": more(overview.keys.count, keys.count, "crossdock api-keys list"),
        ]
    }

    /// How many keys the page shows; those that end next come first.
    private static let keyCount = 10

    private func key(_ key: APIKey) -> View {
        [
            "name": .text(Words.cut(key.name, to: 80)), "made": time(key.createdAt),
            "used": key.usedAt.map(time) ?? .flag(false), "ends": key.expiresAt.map(time) ?? .flag(false),
        ]
    }

    // MARK: Words that several sections use

    func time(_ moment: Moment) -> View {
        [
            "iso": .text(moment.description), "exact": .text(Words.exact(moment)),
            "relative": .text(Words.relative(moment, to: now)),
        ]
    }

    /// The kind, unless the title says it: "Order 10482" needs no "order" beside it.
    func kind(_ kind: RecordKind, beside title: String) -> View {
        .text(title.lowercased().hasPrefix(kind.rawValue) ? "" : kind.rawValue)
    }

    func value(_ text: String) -> View {
        [
            "short": .text(Words.cut(text, to: Words.valueLength)),
            "whole": .text(Words.cut(text, to: Words.hoverLength)),
        ]
    }

    private func more(_ all: Int, _ shown: Int, _ command: String) -> View {
        guard all > shown else { return .flag(false) }
        return ["count": .text(Words.count(all - shown)), "command": .text(command)]
    }
}
