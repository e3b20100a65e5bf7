import Commerce
import Pipeline
import Queue

extension Shape {
    private static let jobMembers: [String: Shape] = [
        "id": integer, "state": word(of: JobState.self), "queue": word(of: JobQueue.self), "integration": text,
        "kind": word(of: RecordKind.self).orNull, "title": text, "priority": integer, "attempt": count,
        "runAt": time, "reason": text.orNull,
    ]

    static let job = object(jobMembers, optional: ["trace": text]).named("Job")
    /// One job, and why it waits.
    static let waitingJob = object(jobMembers.merging(["why": text.orNull]) { $1 }, optional: ["trace": text])
        .named("WaitingJob")

    static let batch = object([
        "id": integer, "name": text, "state": word(BatchProgress.stateWords), "total": count, "done": count,
        "failed": count, "left": count, "endedAt": time.orNull, "jobs": map(count),
    ]).named("Batch")

    static let held = object([
        "id": integer, "integration": text, "kind": word(of: RecordKind.self),
        "sort": word(["zeroed", "repriced", "deleted"]), "state": text, "count": count, "total": count,
        "terms": object(["share": count, "minimum": count, "price": count]), "openedAt": time, "sentence": text,
        "consequence": text,
        "examples": list(object(["title": text, "externalId": text, "part": text, "old": any, "new": any])),
    ]).named("Held")

    // MARK: Records

    private static let recordMembers: [String: Shape] = [
        "id": integer, "kind": word(of: RecordKind.self), "key": text.orNull, "title": text, "hold": text.orNull,
        "deleted": flag,
        "links": list(object(["integration": text, "integrationId": text, "externalId": text])),
        "createdAt": time, "changedAt": time,
    ]

    static let record = object(recordMembers).named("Record")

    static let nextPages = object(["limit": count, "next": text.orNull])

    private static let side = object([
        "integration": text, "externalId": text, "seen": any, "sent": any, "accepted": flag, "inConflict": flag,
        "heldByGuard": flag,
    ])

    private static let change = object(
        [
            "number": integer, "at": time, "record": integer, "kind": word(of: RecordKind.self), "title": text,
            "part": text, "old": any, "new": any, "loser": any, "origin": text.orNull, "rule": text,
        ], optional: ["trace": text]
    ).named("Change")

    /// Of a part its value, where it came from and since when, what each side shows and was given, and what it was
    /// before; of what was written where the outcome. `withheld` names the parts that are somebody's own.
    static let recordStory = object(
        recordMembers.merging([
            "parts": list(
                object([
                    "part": text, "value": any, "origin": text.orNull, "changedAfter": time, "changedBefore": time,
                    "sides": list(side), "history": list(change),
                ])),
            "receipts": list(
                object([
                    "at": time, "integration": text, "outcome": text, "parts": map(any), "remarks": list(text),
                ])), "withheld": list(text),
        ]) { $1 }
    ).named("RecordStory")

    // MARK: Numbers

    private static let workMembers: [String: Shape] = [
        "sync": object([
            "hours": count, "completed": count, "failed": count, "successRate": number.orNull,
            "meanSeconds": number.orNull, "perHour": number.orNull,
        ]),
        "errors": object(["rate": number.orNull, "byCategory": map(count)]), "queue": map(count),
    ]

    static let work = object(workMembers).named("Work")

    static let integrationMetrics = object(
        workMembers.merging([
            "id": text, "name": text, "connector": text, "status": integrationState, "records": map(count),
            "conflicts": count, "rejections": count, "lastReadAt": map(time),
            "calls": list(
                object([
                    "operation": text, "state": word(["closed", "open", "half-open"]), "failures": count,
                    "reason": text.orNull,
                ])),
        ]) { $1 }
    ).named("IntegrationMetrics")

    private static let integrationCounts = object([
        "total": count, "active": count, "paused": count, "refused": count,
    ]).named("IntegrationCounts")

    static let systemMetrics = object(
        workMembers.merging([
            "byConnector": map(work), "integrations": integrationCounts, "records": map(count),
            "resources": object([
                "memoryBytes": count.orNull, "memoryLimitBytes": count.orNull, "processorMilliseconds": count,
            ]),
            "uptimeSeconds": count,
        ]) { $1 }
    ).named("SystemMetrics")

    // MARK: Health

    /// Each part that was looked at, with what was seen.
    private static let checks = map(
        Shape([
            "type": "object", "required": ["status"], "properties": ["status": word(of: HealthState.self).json],
            "additionalProperties": true,
        ])
    ).named("Checks")

    static let health = object(["status": word(of: HealthState.self), "version": text], optional: ["checks": checks])
        .named("Health")

    static let systemHealth = object([
        "status": word(of: HealthState.self), "version": text, "uptimeSeconds": count, "checks": checks,
        "integrations": integrationCounts,
    ]).named("SystemHealth")

    private static let healthWord = word(["healthy", "degraded", "unhealthy"])

    static let serviceHealth = object(
        ["status": healthWord, "timestamp": time, "version": text],
        optional: [
            "environment": text, "uptime": count,
            "services": Shape([
                "type": "object",
                "properties": [
                    "integrations": [
                        "type": "object", "properties": ["couriers": ["type": "object"]],
                        "additionalProperties": healthWord.json,
                    ]
                ],
                "additionalProperties": healthWord.json,
            ]),
        ]
    ).named("ServiceHealth")
}
