import ConnectorKit

/// The only place that speaks HTTP with the shop: addresses, sign-in, status to `ConnectorFailure`.
struct WooCommerceClient: Sendable {
    let shop: ShopSettings
    let surroundings: ConnectorSurroundings

    /// The longest a read may take, in seconds: 100 products take about one on the recorded shop.
    static let readSeconds = 30
    /// The longest a write may take, in seconds: a batch of 100 creates takes about two on the recorded shop, and the
    /// shop pings the hub while a webhook is registered.
    static let writeSeconds = 60
    /// The most records a page may have. Source: recorded, 101 is answered 400.
    static let pageMaximum = 100

    /// An answer that succeeded.
    struct Answer: Sendable {
        var json: JSON
        /// How many records there are in all (X-WP-Total).
        var total: Int?
        /// The shop's clock (Date header).
        var farClock: Moment?
        /// The records of a list.
        var list: [JSON] { json.array ?? [] }
    }

    func get(_ path: String, _ query: [(String, String)] = []) async throws(ConnectorFailure) -> Answer {
        try await send("GET", path, query, body: nil)
    }

    /// A list; an answer that is none is unreadable.
    func list(_ path: String, _ query: [(String, String)]) async throws(ConnectorFailure) -> Answer {
        let answer = try await get(path, query)
        guard answer.json.array != nil else {
            throw .unreadable(detail: "\(path) was answered with something else than a list")
        }
        return answer
    }

    func send(
        _ method: String, _ path: String, _ query: [(String, String)] = [], body: JSON?
    ) async throws(ConnectorFailure) -> Answer {
        let writes = method != "GET"
        let request = self.request(method, path, query, body: body)
        let response: HTTPResponse
        do {
            response = try await surroundings.transport.send(request)
        } catch {
            throw ConnectorFailure(error, writes: writes)
        }
        let reading = AnswerReading(shop: shop, path: path, writes: writes, now: surroundings.now())
        return try reading.answer(response)
    }

    /// One request, signed anew: a nonce serves once, and a timestamp grows old.
    func request(_ method: String, _ path: String, _ query: [(String, String)], body: JSON?) -> HTTPRequest {
        var address = shop.site
        address.path += "/wp-json/\(shop.version)/\(path)"
        address.query = query.map { HTTPAddress.QueryItem($0.0, $0.1) }
        var headers: HTTPHeaders = ["Accept": "application/json"]
        if shop.isSecure {
            let pair = Array("\(shop.key.reveal):\(shop.secret.reveal)".utf8)
            headers["Authorization"] = "Basic " + Signature.base64(pair)
        } else {
            let signing = OAuthSigning(key: shop.key, secret: shop.secret)
            address = signing.signed(
                method, address, nonce: Signature.hex(surroundings.random(16)),
                timestamp: surroundings.now().milliseconds / 1000)
        }
        if body != nil { headers["Content-Type"] = "application/json" }
        return HTTPRequest(
            method, address, headers: headers, body: body?.bytes ?? [],
            timeoutSeconds: method == "GET" ? Self.readSeconds : Self.writeSeconds)
    }

    /// The currency of the shop's prices: the setting, else what the shop says.
    ///
    /// A product's payload does not name it, so it is read once for each pull and carried in the pull's position.
    func currency() async throws(ConnectorFailure) -> Currency {
        if let currency = shop.currency { return currency }
        let settings = try await list("settings/general", [])
        let value = settings.list.first { $0["id"]?.string == "woocommerce_currency" }?["value"]?.string
        guard let value else {
            throw .unreadable(detail: "the shop's general settings name no currency; give the setting \"currency\"")
        }
        do {
            return try Currency(value)
        } catch {
            throw .refused(code: "currency", detail: "the shop's currency: \(error.description)")
        }
    }
}

/// OAuth 1.0a, one-legged, HMAC-SHA256: the only sign-in a shop takes over plain http.
struct OAuthSigning: Sendable {
    let key: Secret
    let secret: Secret

    /// The address with the five OAuth parameters in its query.
    func signed(_ method: String, _ address: HTTPAddress, nonce: String, timestamp: Int64) -> HTTPAddress {
        var signed = address
        signed.query += [
            .init("oauth_consumer_key", key.reveal), .init("oauth_nonce", nonce),
            .init("oauth_signature_method", "HMAC-SHA256"), .init("oauth_timestamp", String(timestamp)),
        ]
        let base = Array(baseString(method, signed).utf8)
        let code = Signature.hmacSHA256(base, key: Array((secret.reveal + "&").utf8))
        signed.query.append(.init("oauth_signature", Signature.base64(code)))
        return signed
    }

    /// Method, address and sorted parameters, each percent-encoded by RFC 3986. A JSON body takes no part.
    func baseString(_ method: String, _ address: HTTPAddress) -> String {
        let pairs = address.query.map { (Percent.encoded($0.name), Percent.encoded($0.value)) }
        let sorted = pairs.sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
        let parameters = sorted.map { $0.0 + "=" + $0.1 }.joined(separator: "&")
        return method + "&" + Percent.encoded(address.origin + address.path) + "&" + Percent.encoded(parameters)
    }
}
