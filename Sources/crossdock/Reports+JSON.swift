import Backup
import ConnectorKit
import Ledger
import Pipeline
import Queue
import Reconcile

extension DeadReport {
    var json: JSON {
        [
            "id": .integer(letter.id), "state": "dead", "queue": .string(letter.queue),
            "integration": .string(integration), "kind": .string(letter.kind), "title": .string(title),
            "attempt": .integer(letter.attempt), "at": .string(letter.at.description),
            "class": .string(letter.errorClass), "reason": .string(letter.error), "payload": .string(letter.payload),
        ]
    }
}

extension IntegrationReport {
    var json: JSON {
        [
            "id": .integer(id), "name": .string(name), "connector": .string(connector),
            "state": .string(state.rawValue), "reason": .text(reason),
            "linked": .object(Dictionary(uniqueKeysWithValues: linked.map { ($0.key.rawValue, .integer($0.value)) })),
            "pulledAt": .object(
                Dictionary(uniqueKeysWithValues: pulledAt.map { ($0.key.rawValue, .string($0.value.description)) })),
            "webhooks": .text(webhooks), "webhookAddress": .text(webhookAddress),
            "closedUntil": .text(closedUntil?.description), "credentialsSetAt": .text(credentials?.setAt?.description),
            "credentialsUsedAt": .text(credentials?.usedAt?.description),
            "credentialsExpireAt": .text(credentials?.expiresAt?.description),
            "breakers": .array(
                breakers.map {
                    [
                        "operation": .string($0.operation), "failures": .integer($0.breaker.failures),
                        "openUntil": .text($0.breaker.openUntil?.description), "reason": .text($0.breaker.reason),
                    ]
                }),
        ]
    }
}

extension ConflictReport {
    var json: JSON {
        [
            "id": .integer(id), "kind": .string(kind.rawValue), "title": .string(title), "part": .string(part),
            "integration": .string(integration), "base": base ?? .null, "theirs": theirs, "ours": ours,
            "openedAt": .string(openedAt.description),
        ]
    }
}

extension RunCounts {
    var json: JSON {
        [
            "read": .integer(read), "created": .integer(created), "updated": .integer(updated),
            "unchanged": .integer(unchanged), "rejected": .integer(rejected), "conflicts": .integer(conflicts),
            "heldByGuard": .integer(held),
        ]
    }
}

extension Overview {
    var jobCounts: JSON {
        .object(Dictionary(uniqueKeysWithValues: jobs.map { ($0.key.rawValue, .integer($0.value)) }))
    }

    var json: JSON {
        [
            "now": .string(now.description), "integrations": .array(integrations.map(\.json)),
            "records": .object(Dictionary(uniqueKeysWithValues: records.map { ($0.key.rawValue, .integer($0.value)) })),
            "tasks": jobCounts, "changes": .array(changes.map(\.json)), "waiting": .array(waiting.map(\.json)),
            "conflicts": .integer(conflictCount), "held": .integer(holdCount), "rejected": .integer(rejectionCount),
            "rejections": .array(rejections.map(\.json)),
            "backup": backups.map(\.json) ?? .null, "guard": .array(guarded.map(\.json)),
        ]
    }
}

extension RejectionReport {
    var json: JSON {
        [
            "integration": .string(integration), "kind": .string(kind.rawValue), "id": .string(externalID),
            "reason": .string(reason), "at": .string(at.description),
        ]
    }

    /// It, and why, on one line.
    var words: String {
        "\(kind.rawValue)\(externalID.isEmpty ? "" : " \(externalID)") of \(integration): \(reason)"
    }
}

extension BackupState {
    var json: JSON {
        [
            "madeAt": .text(madeAt?.description), "file": .text(file), "problem": .text(problem),
            "failingSince": .text(failingSince?.description),
        ]
    }

    /// How it stands, on one line.
    var words: String {
        let last = madeAt.map { "last made at \($0)" } ?? "none made yet"
        guard let problem else { return last }
        return "FAILING since \(failingSince?.description ?? "now"): \(problem); \(last)"
    }
}

extension RunPlan {
    var json: JSON {
        [
            "pulled": .array(pulled.map(\.json)), "written": .array(written.map(\.json)), "isCut": .bool(isCut),
            "counts": counts.json, "guard": .array(guarded.map(JSON.string)),
        ]
    }
}

extension PlannedChange {
    var json: JSON {
        [
            "kind": .string(kind.rawValue), "title": .string(title), "action": .string(action), "part": .string(part),
            "old": old ?? .null, "new": new ?? .null,
        ]
    }
}
