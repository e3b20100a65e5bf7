import ConnectorKit
import Ledger
import Notices
import Queue

/// One call that tells a listener of one thing.
struct NoticeCall: Sendable {
    let notice: Notice
    /// The job that sends it; nil where a person tries it.
    let job: Job?
    let request: HTTPRequest
    /// What is told.
    let told: JSON
    let data: JSON

    /// The largest body, in bytes; of a larger one the values are left out.
    static let bodyLimit = 262_144
    /// The largest answer that is read, in bytes.
    static let answerLimit = 131_072

    /// A call at that time.
    init(
        _ notice: Notice, _ job: Job?, to listener: Listener, at address: HTTPAddress, _ secrets: ListenerSecrets,
        _ load: NoticeLoad, now: Moment
    ) {
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
        var headers = HTTPHeaders()
        for (name, value) in secrets.headers.sorted(by: { $0.key < $1.key }) { headers.add(name, value) }
        if headers["Content-Type"] == nil { headers["Content-Type"] = "application/json" }
        let signed = NoticeSignature.headers(
            id: notice.messageID, event: notice.event, body: body, secrets: secrets.good(at: now), now: now)
        for (name, value) in signed { headers[name] = value }
        (self.told, self.data) = (told, data)
        request = HTTPRequest(
            listener.method, address, headers: headers, body: body, timeoutSeconds: listener.options.timeoutSeconds,
            answerLimit: Self.answerLimit)
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
        let sent: JSON = [
            "method": .string(request.method), "url": .string(ListenerAddress.shown(request.address.text)),
            "headers": mask.shown(request.headers), "body": .string(mask.masked(JSON.object(kept).bytes)),
        ]
        var answer = JSON.null
        if case .answered(let response) = result.outcome {
            answer = [
                "status": .integer(response.status), "headers": mask.shown(response.headers),
                "body": .string(mask.masked(response.body)),
            ]
        }
        return NoticeAttempt(
            id: id, notice: notice.id, listener: notice.listener, number: number, at: result.began,
            milliseconds: result.milliseconds, status: result.outcome.status, error: error, request: sent.text,
            response: answer.text)
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
