import ConnectorKit
import Notices
import Queue

/// A webhook of the hub's as its owner may see it.
public struct ListenerView: Hashable, Sendable {
    public var listener: Listener
    /// The public id of the integration it is at; nil where it hears of all.
    public var integration: String?
    /// The names of its headers; nil where this process cannot open them.
    public var headers: [String]?
    /// Until when calls are signed with the secret before, too.
    public var previousUntil: Moment?
    /// How many notices wait, were given up or missed.
    public var counts: [NoticeState: Int]
    /// Until when it is left alone, and why.
    public var restsUntil: Moment?
    public var restReason: String?
    /// The secret the hub has made; told once.
    public var madeSecret: String?

    /// As the API shows it: of headers the names, of secrets nothing.
    public var json: JSON {
        var members: [String: JSON] = [
            "id": .string(listener.publicID), "integrationId": .text(integration), "name": .string(listener.name),
            "url": .string(ListenerAddress.shown(listener.url)), "method": .string(listener.method),
            "events": .array(listener.events.map(JSON.string)),
            "headers": .object(
                Dictionary(
                    (headers ?? []).map { ($0, .string(NoticeMask.dots)) }, uniquingKeysWith: { first, _ in first })),
            "retry_attempts": .integer(listener.options.retries ?? NoticeSchedule.waits.count),
            "timeout": .integer(listener.options.timeoutSeconds), "ordered": .bool(listener.options.keepsOrder),
            "status": .string(listener.state.rawValue), "reason": .text(listener.reason),
            "failingSince": .text(listener.failingSince?.description),
            "restsUntil": .text(restsUntil?.description), "restReason": .text(restReason),
            "previousSecretUntil": .text(previousUntil?.description),
            "notices": .object(
                Dictionary(
                    [NoticeState.waiting, .failed, .missed].map { ($0.rawValue, .integer(counts[$0] ?? 0)) },
                    uniquingKeysWith: { first, _ in first })),
            "createdAt": .string(listener.createdAt.description),
        ]
        members["secret"] = madeSecret.map(JSON.string)
        return .object(members)
    }
}

/// One notice with its calls.
public struct NoticeReport: Hashable, Sendable {
    public var notice: Notice
    public var attempts: [NoticeAttempt]

    /// As the API shows it.
    public var json: JSON {
        [
            "id": .string(notice.messageID), "event": .string(notice.event), "status": .string(notice.state.rawValue),
            "record": notice.record == 0 ? .null : .integer(notice.record), "kind": .text(notice.kind?.rawValue),
            "at": .string(notice.at.description), "settledAt": .text(notice.settledAt?.description),
            "attempts": .array(attempts.map(\.json)),
        ]
    }
}

extension NoticeAttempt {
    /// As the API shows it.
    public var json: JSON {
        [
            "number": .integer(number), "at": .string(at.description), "milliseconds": .integer(milliseconds),
            "status": status.map { .integer($0) } ?? .null, "error": .text(error),
            "request": (try? JSON(parsing: request)) ?? .null, "response": (try? JSON(parsing: response)) ?? .null,
        ]
    }
}
