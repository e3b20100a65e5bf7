import Commerce
import Ledger
import Pipeline
import Queue

/// Who is connected, and what is to be done for them.
extension OverviewView {
    var integrations: View {
        let all = overview.integrations
        return [
            "hasAny": .flag(!all.isEmpty), "integrations": .list(all.prefix(50).map(integration)),
            "more": all.count > 50 ? .text(Words.count(all.count - 50)) : .flag(false),
        ]
    }

    private func integration(_ report: IntegrationReport) -> View {
        let (word, tone, hint, command) = standing(report)
        let typed = Self.quoted(report.name)
        let kinds = RecordKind.allCases.compactMap { kind -> View? in
            let (count, pulled) = (report.linked[kind], report.pulledAt[kind])
            guard count != nil || pulled != nil else { return nil }
            return [
                "kind": .text(Words.plural(kind)), "count": .text(Words.count(count ?? 0)),
                "pulled": pulled.map(time) ?? .flag(false),
                "unread": report.onlyTells ? "told" : "not read yet",
            ]
        }
        return [
            "name": .text(report.name), "connector": .text(report.connector), "word": .text(word), "tone": .text(tone),
            "hint": .text(hint), "command": .text(command), "typed": .text(typed),
            "isUnread": .flag(kinds.isEmpty && report.state == .active && !report.onlyTells),
            "isUntold": .flag(kinds.isEmpty && report.state == .active && report.onlyTells),
            "reason": .text(Words.cut(report.reason ?? "", to: 300)),
            "hasKinds": .flag(!kinds.isEmpty), "kinds": .list(kinds),
            "webhooks": report.webhooks.map { .text($0) } ?? .flag(false),
            "address": report.webhookAddress.map { .text($0) } ?? .flag(false),
            "clock": clock(report.clockOffsetMilliseconds), "credentials": credentials(report.credentials),
        ]
    }

    private func credentials(_ standing: CredentialStanding?) -> View {
        guard let standing else { return .flag(false) }
        return [
            "set": standing.setAt.map(time) ?? .flag(false), "used": standing.usedAt.map(time) ?? .flag(false),
            "ends": standing.expiresAt.map(time) ?? .flag(false),
        ]
    }

    /// The state in a word, its colour, and what the operator can do about it.
    private func standing(
        _ report: IntegrationReport
    ) -> (word: String, tone: String, hint: String, command: String) {
        switch report.state {
        case .paused:
            return ("paused", "calm", "by a person; nothing is read or written until it is resumed", "")
        case .refused:
            return ("refused", "bad", "mend its keys, then", "crossdock check \(Self.quoted(report.name))")
        case .active:
            guard let until = report.closedUntil, until > overview.now else { return ("active", "good", "", "") }
            return ("resting", "warn", "next try \(Words.relative(until, to: now))", "")
        }
    }

    /// A clock more than this far off is worth a word, in milliseconds.
    private static let clockToleranceMilliseconds: Int64 = 60_000

    private func clock(_ offset: Int64?) -> View {
        guard let offset, abs(offset) > Self.clockToleranceMilliseconds else { return .flag(false) }
        return .text("its clock is \(abs(offset) / 1000) s \(offset > 0 ? "ahead" : "behind"); the hub allows for it")
    }

    /// A name as it must be typed in a shell.
    static func quoted(_ name: String) -> String {
        let isPlain = !name.isEmpty && name.utf8.allSatisfy { $0 == 45 || $0 == 95 || $0 == 46 || isAlphanumeric($0) }
        return isPlain ? name : "'" + name.replacing("'", with: #"'\''"#) + "'"
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    var waiting: View {
        let shown: [JobState] = [.running, .available, .scheduled, .retryable, .held, .dead]
        let counts = shown.compactMap { state -> View? in
            guard let count = overview.jobs[state], count > 0 else { return nil }
            let (word, tone) = Self.words(state)
            return ["word": .text(word), "tone": .text(tone), "count": .text(Words.count(count))]
        }
        let jobs = overview.waiting.prefix(Sections.listLength)
        return [
            "hasAny": .flag(!counts.isEmpty || !jobs.isEmpty), "counts": .list(counts),
            "hasJobs": .flag(!jobs.isEmpty), "jobs": .list(jobs.map(job)),
        ]
    }

    private func job(_ job: JobReport) -> View {
        let (word, tone) = Self.words(job.state)
        return [
            "id": .text(String(job.id)), "verb": .text(Self.verb(job.queue)), "integration": .text(job.integration),
            "title": .text(Words.cut(job.title, to: 80)), "word": .text(word),
            "tone": .text(tone), "attempt": job.attempt > 0 ? .text(String(job.attempt)) : .flag(false),
            "time": time(job.runAt), "reason": .text(Words.cut(job.reason ?? "", to: 300)),
            "isDue": .flag([.scheduled, .retryable].contains(job.state)),
        ]
    }

    /// The state as people say it, and its colour.
    static func words(_ state: JobState) -> (word: String, tone: String) {
        switch state {
        case .available: ("ready", "calm")
        case .scheduled: ("scheduled", "calm")
        case .running: ("running", "busy")
        case .retryable: ("will retry", "warn")
        case .held: ("held", "warn")
        case .completed: ("done", "good")
        case .superseded: ("superseded", "calm")
        case .dead: ("given up", "bad")
        case .cancelled: ("cancelled", "calm")
        }
    }

    private static func verb(_ queue: JobQueue) -> String {
        switch queue {
        case .receive: "understand a call from"
        case .fetch: "read from"
        case .deliver: "write to"
        case .pull: "read what is new from"
        case .task: "do"
        case .notify: "tell"
        }
    }
}
