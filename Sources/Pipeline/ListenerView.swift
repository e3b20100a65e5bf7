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
    /// The form in which calls are signed; nil where this process cannot open the secret.
    public var signing: NoticeSigning?
    /// What a receiver checks calls with, the key of now first; none where the secret is shared.
    public var publicKeys: [String] = []
    /// Until when calls are signed with the secret before, too.
    public var previousUntil: Moment?
    /// How many notices wait, were given up or missed.
    public var counts: [NoticeState: Int]
    /// Until when it is left alone, and why.
    public var restsUntil: Moment?
    public var restReason: String?
    /// The secret the hub has made, told once; of a pair it is told never.
    public var madeSecret: String?

    /// The same with what may be told of its secrets.
    func showing(_ secrets: ListenerSecrets, at now: Moment) -> ListenerView {
        var view = self
        view.headers = secrets.headers.keys.sorted()
        view.previousUntil = secrets.previous.flatMap { now < $0.until ? $0.until : nil }
        view.signing = NoticeSigning(secret: secrets.secret)
        view.publicKeys = secrets.good(at: now).compactMap(NoticePair.publicKey)
        return view
    }

    /// The same with the secret that was made for it, where its receiver needs it.
    func telling(_ made: String?) -> ListenerView {
        var view = self
        view.madeSecret = made.flatMap { NoticeSigning(secret: $0) == .shared ? $0 : nil }
        return view
    }

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
            "signing": .text(signing?.rawValue), "publicKeys": .array(publicKeys.map(JSON.string)),
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
