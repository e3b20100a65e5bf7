import Commerce
import Notices

extension Shape {
    static let eventType = object([
        "name": text, "aliases": list(text), "kind": word(of: RecordKind.self).orNull, "description": text,
        "schema": map(any),
    ]).named("EventType")

    static let listener = object(
        [
            "id": text, "integrationId": text.orNull, "name": text, "url": text, "method": text, "events": list(text),
            "headers": map(text), "retry_attempts": count, "timeout": count, "ordered": flag,
            "status": word(of: ListenerState.self), "reason": text.orNull, "failingSince": time.orNull,
            "restsUntil": time.orNull, "restReason": text.orNull, "previousSecretUntil": time.orNull,
            "signing": word(of: NoticeSigning.self).orNull, "publicKeys": list(text),
            "notices": map(count), "createdAt": time,
        ], optional: ["secret": text]
    ).named("Webhook")

    private static let attempt = object([
        "number": count, "at": time, "milliseconds": count, "status": count.orNull, "error": text.orNull,
        "request": any, "response": any,
    ]).named("WebhookCall")

    static let notice = object([
        "id": text, "event": text, "status": word(of: NoticeState.self), "record": integer.orNull,
        "kind": word(of: RecordKind.self).orNull, "at": time, "settledAt": time.orNull, "attempts": list(attempt),
    ]).named("Notice")

    static let noticeReplay = object(["notices": count, "hasMore": flag])

    // MARK: What is sent

    private static let address = Shape([
        "type": "string", "format": "uri", "maxLength": 2048, "examples": ["https://erp.example/hook"],
    ])

    private static let events = Shape([
        "type": "array", "minItems": 1, "uniqueItems": true, "items": ["type": "string"],
        "examples": [["order.*", "inventory.changed"]],
    ])

    private static let wishMembers: [String: Shape] = [
        "name": text(1...80), "method": text(1...10), "headers": map(text), "secret": text(1...200),
        "signing": word(of: NoticeSigning.self), "retry_attempts": integer(0...NoticeSchedule.waits.count),
        "timeout": integer(ListenerOptions.timeouts),
        "ordered": flag,
    ]

    static let newListener = object(["url": address, "events": events], optional: wishMembers, isClosed: true)
        .like([
            "url": "https://erp.example/hook", "events": ["order.*", "inventory.changed"], "name": "ERP",
            "method": "POST", "headers": ["X-From": "the hub"], "retry_attempts": 3, "timeout": 30, "ordered": true,
        ]).named("NewWebhook")

    static let changedListener = object(
        [:], optional: wishMembers.merging(["url": address, "events": events]) { $1 }, isClosed: true
    ).like(["events": ["*"]]).named("ChangedWebhook")

    static let rotation = object(
        [:],
        optional: [
            "secret": text(1...200), "signing": word(of: NoticeSigning.self), "keep_old_hours": integer(0...720),
        ], isClosed: true
    ).like(["keep_old_hours": 24])

    static let noticeReplayWish = object([:], optional: ["since": time, "all": flag], isClosed: true).like([
        "since": "2026-11-20T00:00:00Z"
    ])
}
