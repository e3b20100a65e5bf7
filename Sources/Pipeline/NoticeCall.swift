import ConnectorKit
import Ledger
import Mail
import Notices
import Queue

/// One call that tells a listener of one thing.
struct NoticeCall: Sendable {
    let notice: Notice
    /// The job that sends it; nil where a person tries it.
    let job: Job?
    let parcel: NoticeParcel
    /// What is told.
    let told: JSON
    let data: JSON

    /// The largest body, in bytes; of a larger one the values are left out.
    static let bodyLimit = 262_144
    /// The largest answer that is read, in bytes.
    static let answerLimit = 131_072

    /// A call at that time.
    ///
    /// - Throws: `MailRefusal` where it cannot be a mail.
    init(
        _ notice: Notice, _ job: Job?, to listener: Listener, at place: NoticePlace, _ secrets: ListenerSecrets,
        _ load: NoticeLoad, now: Moment
    ) throws(MailRefusal) {
        self.notice = notice
        self.job = job
        var data = load.data(of: notice)
        var told = Self.told(notice, data, load.publicID)
        var body = told.bytes
        if body.count > Self.bodyLimit, var members = data.object {
            (members["values"], members["valuesLeftOut"]) = (.object([:]), true)
            data = .object(members)
            told = Self.told(notice, data, load.publicID)
            body = told.bytes
        }
        (self.told, self.data) = (told, data)
        switch place {
        case .web(let address):
            parcel = .web(Self.request(notice, listener, address, body, secrets, now: now))
        case .mail(let from, let to): parcel = .mail(try Self.mail(notice, data, from: from, to: to))
        }
    }

    private static func request(
        _ notice: Notice, _ listener: Listener, _ address: HTTPAddress, _ body: [UInt8], _ secrets: ListenerSecrets,
        now: Moment
    ) -> HTTPRequest {
        var headers = HTTPHeaders()
        for (name, value) in secrets.headers.sorted(by: { $0.key < $1.key }) { headers.add(name, value) }
        if headers["Content-Type"] == nil { headers["Content-Type"] = "application/json" }
        let signed = NoticeSignature.headers(
            id: notice.messageID, event: notice.event, body: body, secrets: secrets.good(at: now), now: now)
        for (name, value) in signed { headers[name] = value }
        return HTTPRequest(
            listener.method, address, headers: headers, body: body, timeoutSeconds: listener.options.timeoutSeconds,
            answerLimit: answerLimit)
    }

    private static func told(_ notice: Notice, _ data: JSON, _ integration: String?) -> JSON {
        var members: [String: JSON] = [
            "id": .string(notice.messageID), "type": .string(notice.event), "eventType": .string(notice.event),
            "timestamp": .string(notice.at.description), "data": data,
        ]
        members["integrationId"] = integration.map(JSON.string)
        return .object(members)
    }

    /// What is kept of the call and of what came of it, without secrets and without what is somebody's own.
    func attempt(
        id: Int64, number: Int, _ result: NoticeResult, error: String?, _ secrets: ListenerSecrets
    ) -> NoticeAttempt {
        let values = JSON.array([data["values"] ?? .null, data["title"] ?? .null])
        let mask = NoticeMask(secrets: secrets, values: values, kind: notice.kind)
        var kept = told.object ?? [:]
        kept["data"] = NoticeMask.shown(data, kind: notice.kind)
        var sent: [String: JSON] = ["body": .string(mask.masked(JSON.object(kept).bytes))]
        switch parcel {
        case .web(let request):
            sent["method"] = .string(request.method)
            sent["url"] = .string(ListenerAddress.shown(request.address.text))
            sent["headers"] = mask.shown(request.headers)
        case .mail(let message):
            sent["method"] = "MAIL"
            sent["url"] = .string(MailAddress.scheme + message.to.map(\.description).joined(separator: ","))
            sent["headers"] = ["Subject": .string(message.subject)]
        }
        var answer = JSON.null
        if case .answered(let response) = result.outcome {
            answer = [
                "status": .integer(response.status), "headers": mask.shown(response.headers),
                "body": .string(mask.masked(response.body)),
            ]
        }
        return NoticeAttempt(
            id: id, notice: notice.id, listener: notice.listener, number: number, at: result.began,
            milliseconds: result.milliseconds, status: result.outcome.status, error: error,
            request: JSON.object(sent).text,
            response: answer.text)
    }
}

/// Where a listener is reached.
enum NoticePlace: Sendable {
    case web(HTTPAddress)
    case mail(from: MailAddress, to: [MailAddress])
}

/// What is sent to it.
enum NoticeParcel: Sendable {
    case web(HTTPRequest)
    case mail(MailMessage)
}

extension NoticeCall {
    /// A notice as a mail: what the hub says of itself, never a record.
    private static func mail(
        _ notice: Notice, _ data: JSON, from: MailAddress, to: [MailAddress]
    ) throws(MailRefusal) -> MailMessage {
        let words = data["message"]?.string ?? data["reason"]?.string ?? notice.event
        // A line break in a sentence is a space in a subject: vendors' words may stand in it.
        let line = words.unicodeScalars.map { scalar in
            scalar.properties.isWhitespace || scalar.properties.generalCategory == .control ? " " : String(scalar)
        }.joined()
        let subject = cut("crossdock: \(notice.event): \(line)", to: mailSubject)
        let facts = (data.object ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key): \($0.value.scalarText ?? $0.value.text)" }
        let text = ([words, ""] + facts + ["", "event: \(notice.event)", "id: \(notice.messageID)"])
            .joined(separator: "\r\n")
        return try MailMessage(
            from: from, to: to, subject: subject, text: cut(text, to: MailMessage.longestText), id: notice.messageID,
            date: notice.at)
    }

    /// The longest subject, in bytes: more of it nobody reads in a list.
    private static let mailSubject = 160

    private static func cut(_ text: String, to bytes: Int) -> String {
        var text = text
        if text.utf8.count > bytes { text = String(text.prefix(bytes)) }
        while text.utf8.count > bytes { text.removeLast() }
        return text
    }
}

/// What came of one call, and how long it took.
struct NoticeResult: Sendable {
    var outcome: NoticeOutcome
    var began: Moment
    var milliseconds: Int64
}

/// What is told of, as it is now.
struct NoticeLoad: Sendable {
    var records: [Int64: HubRecord] = [:]
    var links: [Int64: [HubLink]] = [:]
    /// The integrations by their ids.
    var names: [Int64: String] = [:]
    /// The public id of the integration a listener is at; nil where it is at none.
    var publicID: String?

    func data(of notice: Notice) -> JSON {
        if let detail = notice.detail { return detail }
        var members: [String: JSON] = [
            "id": .integer(notice.record), "kind": .text(notice.kind?.rawValue),
            "changed": .array(notice.changed.map(JSON.string)),
            "origin": .text(notice.origin.flatMap { names[$0] }), "values": .object([:]), "externalIds": .object([:]),
        ]
        if let record = records[notice.record] {
            members["title"] = .string(record.title)
            members["values"] = record.values.json
        }
        let links = (links[notice.record] ?? []).filter { $0.role == HubLink.mainRole && $0.isActive }
        members["externalIds"] = .object(
            Dictionary(
                links.compactMap { link in names[link.integration].map { ($0, .string(link.externalID)) } },
                uniquingKeysWith: { first, _ in first }))
        return .object(members)
    }
}

/// The address of a listener, as it is given and as it is shown.
enum ListenerAddress {
    /// Without what stands behind the question mark, which may be a secret.
    static func shown(_ url: String) -> String {
        let head = url.prefix { $0 != "?" }
        return head.endIndex == url.endIndex ? url : head + "?" + NoticeMask.dots
    }
}
