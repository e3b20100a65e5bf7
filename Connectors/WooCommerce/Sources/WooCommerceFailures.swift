import ConnectorKit

/// What one answer of the shop means: JSON that succeeded, or a failure named after what to do.
struct AnswerReading: Sendable {
    let shop: ShopSettings
    let path: String
    let writes: Bool
    let now: Moment

    /// How far apart two clocks may be before the shop refuses signed requests, in seconds. Source: recorded.
    static let clockToleranceSeconds = 900.0
    /// How much of the shop's own words is quoted.
    static let quoteLength = 300

    /// Reads an answer.
    ///
    /// - Throws: `ConnectorFailure` for everything that is not a success with JSON in it.
    func answer(_ response: HTTPResponse) throws(ConnectorFailure) -> WooCommerceClient.Answer {
        let json = json(of: response)
        let status = response.status
        if (200..<300).contains(status) {
            guard let json else { throw notJSON(response) }
            return WooCommerceClient.Answer(
                json: json, total: response.headers["X-WP-Total"].flatMap { Int($0) },
                farClock: response.headers.date)
        }
        if (300..<400).contains(status) { throw moved(response) }
        #if Mutations
            if Mutation.retiredVersionIsEmpty.isPlanted, json?["code"]?.string == "rest_no_route" {
                return WooCommerceClient.Answer(json: [], total: 0, farClock: response.headers.date)
            }
        #endif
        if status == 401 || status == 403 { throw unauthorized(json, response) }
        if status == 429 { throw .throttled(retryAfterSeconds: response.retryAfterSeconds(now: now)) }
        if status == 501 || (400..<500).contains(status) { throw refused(json, status) }
        let hint = response.retryAfterSeconds(now: now).map { ", asks to be left alone for \($0) s" } ?? ""
        throw .unavailable(mayHaveHappened: writes, detail: "\(path): status \(status)\(hint)\(words(json))")
    }

    private func json(of response: HTTPResponse) -> JSON? {
        // A byte order mark before the JSON is the trace of a theme file saved badly; the JSON behind it is whole.
        let body = response.body.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(response.body.dropFirst(3)) : response.body
        return try? JSON(parsing: body)
    }

    private func notJSON(_ response: HTTPResponse) -> ConnectorFailure {
        let detail =
            response.body.isEmpty
            ? "\(path): status \(response.status) with an empty body"
            : "\(path): status \(response.status) without whole JSON\(kind(of: response)); a plugin's warning, a "
                + "maintenance page or a cut connection does that"
        return writes ? .unavailable(mayHaveHappened: true, detail: detail) : .unreadable(detail: detail)
    }

    private func kind(of response: HTTPResponse) -> String {
        let start = String(decoding: response.body.prefix(200), as: UTF8.self).lowercased()
        return start.contains("<!doctype") || start.contains("<html") ? " (an HTML page)" : ""
    }

    private func moved(_ response: HTTPResponse) -> ConnectorFailure {
        let target = response.headers["Location"].flatMap(HTTPAddress.init).map { $0.origin + $0.path }
        let detail =
            "the shop sends us elsewhere (status \(response.status)\(target.map { ", to \($0)" } ?? "")); nothing was "
            + "followed. Set siteUrl to the address the shop really answers at"
        return .refused(code: "moved", detail: clean(detail))
    }

    private func unauthorized(_ json: JSON?, _ response: HTTPResponse) -> ConnectorFailure {
        guard let json, let code = json["code"]?.string else {
            return .unauthorized(
                detail: "status \(response.status) without a word of WooCommerce: something in front of the shop "
                    + "(a firewall, a password on the folder) refuses us")
        }
        let message = json["message"]?.string ?? ""
        if message.hasPrefix("Invalid timestamp") {
            // Nobody has to give us another key: it works again as soon as the clocks agree.
            return .unavailable(mayHaveHappened: false, detail: clockDetail(response))
        }
        if message.hasPrefix("Invalid nonce") {
            // Every attempt has its own nonce, so something between us and the shop sent this one twice.
            return .unavailable(mayHaveHappened: writes, detail: "the shop saw this request's nonce before")
        }
        if code.hasSuffix("_cannot_view"), !shop.isSecure {
            return .unauthorized(
                detail: clean(
                    "the shop took us for a stranger: over plain http it reads only signed requests; is siteUrl what "
                        + "the shop calls itself? (\(message))"))
        }
        if code.hasSuffix("_cannot_view") {
            return .unauthorized(
                detail: clean(
                    "the shop took us for a stranger: the key is unknown, may not see \(path), or a proxy drops the "
                        + "Authorization header (\(message))"))
        }
        return .unauthorized(detail: clean("status \(response.status): \(message) [\(code)]"))
    }

    private func clockDetail(_ response: HTTPResponse) -> String {
        let base = "the shop refuses our timestamp: its clock and ours are more than 15 minutes apart"
        guard let far = response.headers.date else { return base }
        let seconds = Int(far.seconds(since: now))
        return base + "; its clock is \(abs(seconds)) s \(seconds > 0 ? "ahead of" : "behind") ours"
    }

    private func refused(_ json: JSON?, _ status: Int) -> ConnectorFailure {
        guard let json, let code = json["code"]?.string else {
            return .refused(
                code: "status_\(status)",
                detail: "\(path): status \(status), not from WooCommerce; is siteUrl right, are permalinks switched on?"
            )
        }
        if status == 408 || status == 425 {
            return .unavailable(mayHaveHappened: writes, detail: "\(path): status \(status)")
        }
        if EntryError.saysGone(code) { return .gone(detail: "\(path): \(json["message"]?.string ?? code)") }
        return .refused(code: code, detail: clean("\(path): status \(status)\(words(json))"))
    }

    private func words(_ json: JSON?) -> String {
        guard let json, let message = json["message"]?.string else { return "" }
        let reasons = json["data"]?["params"]?.object?.values.compactMap(\.string).sorted() ?? []
        let all = ([message] + reasons).joined(separator: "; ")
        return ", " + clean(String(all.prefix(Self.quoteLength)))
    }

    /// The text without our key and secret, should the shop or a redirect have quoted them.
    private func clean(_ text: String) -> String {
        var text = text
        for secret in [shop.key.reveal, shop.secret.reveal, shop.webhookSecret?.reveal ?? ""] where secret.count > 3 {
            text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "••••")
        }
        return text
    }
}

/// An error of one entry of a batch, or of a whole answer.
struct EntryError: Hashable, Sendable {
    var code: String
    var message: String
    var status: Int?
    /// The record that stands in the way (a SKU or a name that is taken).
    var resource: String?

    init?(_ json: JSON) {
        guard let error = json["error"], let code = error["code"]?.string else { return nil }
        self.code = code
        message = error["message"]?.string ?? code
        // Recorded: a refund's error has a bare number where others have an object.
        status = error["data"]?["status"]?.integer ?? error["data"]?.integer
        resource = error["data"]?["resource_id"]?.scalarText
    }

    /// PUT of an unknown id is answered 400, GET and DELETE 404: the code is what they share.
    static func saysGone(_ code: String) -> Bool {
        code.hasSuffix("_invalid_id") || code == "term_invalid" || code == "woocommerce_rest_term_invalid"
    }
    var saysGone: Bool { Self.saysGone(code) }

    var failure: ConnectorFailure {
        if saysGone { return .gone(detail: message) }
        if let status, status >= 500, status != 501 {
            return .unavailable(mayHaveHappened: true, detail: "\(message) [\(code)]")
        }
        return .refused(code: code, detail: message)
    }
}

extension [JSON] {
    /// What was found in place of what may have been made, every single one: one that is left out because it cannot be
    /// read would count as not there, and what it is would be made once more.
    ///
    /// - Throws: `ConnectorFailure.unreadable` naming the first that cannot be read.
    func allRead(_ read: (JSON) throws(PayloadError) -> Draft) throws(ConnectorFailure) -> [Draft] {
        var drafts: [Draft] = []
        for json in self {
            do throws(PayloadError) {
                drafts.append(try read(json))
            } catch {
                throw .unreadable(
                    detail: "what was found (\(Payload(json).text("id"))) cannot be read: \(error.reason); nothing was "
                        + "made in its place")
            }
        }
        return drafts
    }
}
