/// One sort of event that can be told.
public struct EventType: Hashable, Sendable {
    /// `order.created`.
    public let name: String
    /// Other names under which it may be asked for, and is told then.
    public let aliases: [String]
    /// The kind of record it is about; nil for the hub's own.
    public let kind: RecordKind?
    /// When it is told, in one sentence.
    public let purpose: String
}

/// Everything that can be told: one name for each event, with the names it has elsewhere.
public enum EventCatalogue {
    /// A call that a person asked for, to see whether it comes.
    public static let test = "webhook.test"
    /// That another listener is not told anything any more.
    public static let disabled = "webhook.disabled"
    /// What becomes of an alert.
    public static let alertRaised = "alert.raised"
    public static let alertEscalated = "alert.escalated"
    public static let alertResolved = "alert.resolved"
    /// Stock of a product or variant.
    public static let inventory = "inventory.updated"
    static let fulfilled = "order.fulfilled"
    static let cancelled = "order.cancelled"

    /// That the person was erased whom a record of such a kind names, or is.
    public static func erased(_ kind: RecordKind) -> String { "\(kind.rawValue).erased" }

    /// All, in the order they are shown.
    public static let all: [EventType] =
        RecordKind.allCases.flatMap { kind in
            [
                EventType(
                    name: "\(kind.rawValue).created", aliases: [], kind: kind,
                    purpose: "The hub has met a \(kind.rawValue) for the first time."),
                EventType(
                    name: "\(kind.rawValue).updated", aliases: [], kind: kind,
                    purpose: "Parts of a \(kind.rawValue) have changed."),
                EventType(
                    name: "\(kind.rawValue).deleted", aliases: [], kind: kind,
                    purpose: "A \(kind.rawValue) was deleted at the integration that \"origin\" names."),
            ]
        }
        + RecordKind.allCases.filter(\.namesPersons).map { kind in
            EventType(
                name: erased(kind), aliases: [], kind: kind,
                purpose: "The customer was erased that a \(kind.rawValue) names: what was kept of him must go.")
        } + [
            EventType(
                name: inventory, aliases: ["inventory.changed"], kind: .product,
                purpose: "The stock of a product or variant has changed."),
            EventType(name: fulfilled, aliases: [], kind: .order, purpose: "All of an order has left."),
            EventType(name: cancelled, aliases: [], kind: .order, purpose: "An order was cancelled."),
            EventType(name: test, aliases: [], kind: nil, purpose: "A person tries whether calls come."),
            EventType(
                name: disabled, aliases: [], kind: nil, purpose: "Another webhook is not told anything any more."),
            EventType(name: alertRaised, aliases: [], kind: nil, purpose: "Something is too much, for a while now."),
            EventType(
                name: alertEscalated, aliases: [], kind: nil,
                purpose: "Nobody has said for long that he looks after an alert."),
            EventType(name: alertResolved, aliases: [], kind: nil, purpose: "An alert is over."),
        ]

    /// What may be asked for: names, aliases, `order.*` and `*`.
    public static func isKnown(_ asked: String) -> Bool {
        asked == "*" || families.contains(asked)
            || all.contains { $0.name == asked || $0.aliases.contains(asked) }
    }

    private static let families = Set(all.map { "\($0.name.prefix { $0 != "." }).*" })

    /// The name under which a listener that asked for these hears of an event; nil when it does not.
    ///
    /// The hub's own events are told only to who names them, or all alerts: they are not about records.
    public static func heard(_ event: String, by asked: [String]) -> String? {
        if asked.contains(event) { return event }
        guard let type = all.first(where: { $0.name == event }) else { return nil }
        if let alias = type.aliases.first(where: asked.contains) { return alias }
        let isOfFamily = asked.contains("\(event.prefix { $0 != "." }).*")
        guard type.kind != nil else { return isOfFamily && event.hasPrefix("alert.") ? event : nil }
        return isOfFamily || asked.contains("*") ? event : nil
    }

    /// Whether only the hub's own events are asked for, which tell nothing of records.
    public static func areOwn(_ asked: [String]) -> Bool {
        asked.allSatisfy { name in
            name == "alert.*" || all.contains { $0.kind == nil && $0.name == name }
        }
    }

    /// The events a change of one part of a record is. `old` and `new`: its value before and after.
    ///
    /// `birth` and `link` are the parts under which the change log says that a record is new, and that it is gone at
    /// one side.
    public static func events(
        kind: RecordKind, part: String, old: JSON?, new: JSON?, birth: String, link: String
    ) -> [String] {
        if part == birth { return ["\(kind.rawValue).created"] }
        if part == link { return new == nil || new == .null ? ["\(kind.rawValue).deleted"] : [] }
        // Both sides had changed it, and the hub's own value stayed.
        guard old != new else { return [] }
        if part == "stock", [.product, .variant].contains(kind) { return [inventory] }
        var events = ["\(kind.rawValue).updated"]
        if kind == .order {
            if part == OrderPart.state.shape.name, new == .string(OrderState.cancelled.rawValue) {
                events.append(cancelled)
            }
            if part == OrderPart.fulfilment.shape.name, new == .string(FulfilmentState.fulfilled.rawValue) {
                events.append(fulfilled)
            }
        }
        return events
    }
}

extension EventType {
    /// The schema of a call's body, as JSON Schema (draft 2020-12).
    public var schema: JSON {
        let text: JSON = ["type": "string"]
        let names = JSON.array(([name] + aliases).map(JSON.string))
        return [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": .string(name), "type": "object",
            "required": ["id", "type", "eventType", "timestamp", "data"],
            "properties": [
                "id": text, "type": ["enum": names], "eventType": ["enum": names],
                "timestamp": ["type": "string", "format": "date-time"], "data": dataSchema,
            ],
        ]
    }

    private var dataSchema: JSON {
        guard let kind else { return ["type": "object"] }
        let kinds: [RecordKind] = name == EventCatalogue.inventory ? [.product, .variant] : [kind]
        let parts = Dictionary(
            kinds.flatMap(\.parts).map { ($0.name, JSON.object([:])) }, uniquingKeysWith: { first, _ in first })
        return [
            "type": "object", "required": ["id", "kind", "changed", "externalIds", "values"],
            "properties": [
                "id": ["type": "integer"], "kind": ["enum": .array(kinds.map { .string($0.rawValue) })],
                "title": ["type": "string"], "origin": ["type": ["string", "null"]],
                "changed": ["type": "array", "items": ["type": "string"]],
                "externalIds": ["type": "object", "additionalProperties": ["type": "string"]],
                "values": ["type": "object", "properties": .object(parts)],
            ],
        ]
    }

    /// As the catalogue shows it.
    public var json: JSON {
        [
            "name": .string(name), "aliases": .array(aliases.map(JSON.string)), "kind": .text(kind?.rawValue),
            "description": .string(purpose), "schema": schema,
        ]
    }
}
