import Commerce
import Intake
import Ledger
import Pipeline

extension Shape {
    static let integrationState = word([IntegrationState.active, .paused, .refused].map(\.rawValue))

    static let integration = object([
        "id": text, "merchantId": text, "name": text, "type": word(of: IntegrationType.self), "connector": text,
        "status": integrationState, "reason": text.orNull, "settings": map(any).orNull, "credentials": map(flag),
        "credentialsSetAt": map(time), "credentialsUsedAt": time.orNull, "credentialsExpireAt": time.orNull,
        "webhookAddress": text.orNull, "createdAt": time,
    ]).named("Integration")

    static let integrationPages = object([
        "page": count, "limit": count, "total": count, "totalPages": count, "next": text.orNull,
    ]).named("Pages")

    static let removal = object([
        "removed": object([
            "id": text, "name": text, "links": map(count), "tasks": count, "deadLetters": count, "conflicts": count,
            "rejections": count,
        ])
    ])

    static let queued = object([
        "integrationId": text, "batchId": integer, "status": word(["queued"]), "type": text,
        "kinds": list(word(of: RecordKind.self)), "priority": count, "delay": count, "runAt": time,
    ]).named("QueuedSync")

    static let grantStanding = object([
        "state": word(["needed", "granted", "failed"]), "startAt": text, "scope": text.orNull, "expiresAt": time.orNull,
        "grantedAt": time.orNull, "renewedAt": time.orNull, "problem": text.orNull,
    ]).named("Authorization")

    static let check = either(
        object(["connected": Shape(["const": true]), "found": text]),
        object(["connected": Shape(["const": false]), "category": text.orNull, "reason": text.orNull])
    ).named("ConnectionTest")

    // MARK: What is sent

    private static let wishMembers: [String: Shape] = [
        "merchantId": text, "type": text, "status": text, "credentials": map(any), "settings": map(any),
        "configuration": map(any),
    ]

    static let newIntegration = object(
        ["name": text(1...80), "connector": text], optional: wishMembers, isClosed: true
    ).like([
        "name": "Main Store", "type": "hybrid", "connector": "woocommerce",
        "credentials": ["siteUrl": "https://shop.example", "consumerKey": "ck_1", "consumerSecret": "cs_1"],
        "settings": ["batchSize": 50],
    ]).named("NewIntegration")

    static let changedIntegration = object(
        [:], optional: wishMembers.merging(["name": text(1...80), "connector": text]) { $1 }, isClosed: true
    ).like(["status": "paused"]).named("ChangedIntegration")

    static let wantedSync = object(
        [:], optional: ["type": text, "priority": integer(0...1000), "delay": integer(0...(30 * 86_400_000))],
        isClosed: true
    ).like(["type": "inventory", "priority": 1, "delay": 0])

    // MARK: Customers

    static let customerExport = object([
        "customer": integer, "exportedAt": time, "records": list(any),
        "calls": list(object(["integration": text, "receivedAt": time, "body": any])),
    ]).named("CustomerExport")

    static let erasure = object([
        "customer": integer, "isErased": flag, "orders": count, "papers": count, "calls": count, "stays": list(text),
        "obstacles": list(text),
    ]).named("Erasure")

    // MARK: Vendors' calls

    static let deliveryState = word(
        [DeliveryState.received, .understood, .ignored, .rejected].map(\.rawValue))

    private static let deliveryMembers: [String: Shape] = [
        "id": text, "receiptId": text, "integration": text.orNull, "integrationId": text.orNull, "topic": text,
        "receivedAt": time, "state": deliveryState, "detail": text.orNull, "repeats": count,
    ]

    static let delivery = object(deliveryMembers).named("Delivery")
    static let shownDelivery = object(
        deliveryMembers, optional: ["headers": list(object(["name": text, "value": text])), "body": any]
    ).named("ShownDelivery")
    static let deliveryPages = object(["limit": count, "next": text.orNull])

    static let replayedDeliveries = object(["replayed": list(text), "count": count])

    /// The ids, or the words of the list.
    static let replayWish = object(
        [:],
        optional: [
            "ids": list(either(integer, text), 1...Hub.replayLimit), "integration": text, "state": text, "topic": text,
            "since": text, "until": text,
        ], isClosed: true
    ).like(["state": "rejected"])

    static let testReceipt = object(["receiptId": text, "deliveryId": text, "accepted": flag])
    static let receipt = either(
        object(["receiptId": text, "repeated": flag]), object(["ping": Shape(["const": true])]))
}
