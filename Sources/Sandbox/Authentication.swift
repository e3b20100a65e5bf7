import Commerce
import Foundation
import Wire

/// Who may ask, as the shop decides it: Basic and keys in the query count over TLS alone, OAuth 1.0a always. Whoever
/// presents nothing that counts is not refused here but treated as a stranger.
extension WooCommerceSandbox {
    /// How far a signed request's timestamp may be off, in seconds.
    static let oauthWindowSeconds: Int64 = 15 * 60

    /// The key that was proven, or nil for a stranger.
    mutating func authenticated(_ request: HTTPRequest, isTLS: Bool) throws(ShopError) -> SandboxKey? {
        if isTLS, let key = try keyOverTLS(request) { return key }
        let given = oauthParameters(request)
        guard !given.isEmpty else { return nil }
        return try keyBySignature(given, request)
    }

    private func keyOverTLS(_ request: HTTPRequest) throws(ShopError) -> SandboxKey? {
        guard let (name, secret) = queryKeys(request) ?? basicKeys(request),
            let key = options.keys.first(where: { $0.key == name })
        else { return nil }
        guard key.secret == secret else { throw .authentication("Consumer secret is invalid.") }
        return key
    }

    private func queryKeys(_ request: HTTPRequest) -> (String, String)? {
        let query = request.address.query
        guard let name = query.first(where: { $0.name == "consumer_key" })?.value,
            let secret = query.first(where: { $0.name == "consumer_secret" })?.value
        else { return nil }
        return (name, secret)
    }

    private func basicKeys(_ request: HTTPRequest) -> (String, String)? {
        guard let header = request.headers["Authorization"], header.lowercased().hasPrefix("basic "),
            let bytes = Signature.bytes(base64: String(header.dropFirst(6)))
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let colon = text.firstIndex(of: ":") else { return nil }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    /// The `oauth_*` pairs of the header, else of the query.
    private func oauthParameters(_ request: HTTPRequest) -> [String: String] {
        var found: [String: String] = [:]
        for item in request.address.query where item.name.hasPrefix("oauth_") { found[item.name] = item.value }
        guard let header = request.headers["Authorization"], header.hasPrefix("OAuth ") else { return found }
        for pair in header.dropFirst(6).split(separator: ",") {
            let name = pair.prefix { $0 != "=" }.trimmingCharacters(in: .whitespaces)
            let value = pair.drop { $0 != "=" }.dropFirst().trimmingCharacters(in: CharacterSet(charactersIn: "\" "))
            if name.hasPrefix("oauth_") { found[name] = Percent.decoded(value) }
        }
        return found
    }

    private mutating func keyBySignature(
        _ given: [String: String], _ request: HTTPRequest
    ) throws(ShopError) -> SandboxKey {
        let wanted = [
            "oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method",
        ]
        let missing = wanted.filter { given[$0]?.isEmpty ?? true }
        guard missing.isEmpty else {
            throw ShopError(
                401, "woocommerce_rest_authentication_missing_parameter",
                "Missing OAuth parameter\(missing.count > 1 ? "s" : "") \(missing.joined(separator: ", "))")
        }
        guard let key = options.keys.first(where: { $0.key == given["oauth_consumer_key"] }) else {
            throw .authentication("Consumer key is invalid.")
        }
        try checkSignature(given, request, secret: key.secret)
        try checkFreshness(given)
        return key
    }

    private func checkSignature(
        _ given: [String: String], _ request: HTTPRequest, secret: String
    ) throws(ShopError) {
        let base = Array(signatureBase(given, request).utf8)
        let key = Array((secret + "&").utf8)
        let expected: [UInt8]
        switch given["oauth_signature_method"] {
        case "HMAC-SHA1": expected = SHA1.hmac(base, key: key)
        case "HMAC-SHA256": expected = Signature.hmacSHA256(base, key: key)
        default: throw .authentication("Invalid signature - signature method is invalid.")
        }
        // A query read as a form turns the plus signs of an unescaped base64 into spaces; the shop mends that too.
        let sent = (given["oauth_signature"] ?? "").replacingOccurrences(of: " ", with: "+")
        guard sent == Signature.base64(expected) else {
            throw .authentication("Invalid signature - provided signature does not match.")
        }
    }

    /// Method, address and parameters as the shop puts them together: the address from its own settings, arrays with
    /// explicit numbers, so that `include[]=1` can never match what a client signed as `include[]`.
    private func signatureBase(_ given: [String: String], _ request: HTTPRequest) -> String {
        var pairs: [String: String] = given
        var counts: [String: Int] = [:]
        for item in request.address.query {
            var name = item.name
            if name.hasSuffix("[]") {
                let array = String(name.dropLast(2))
                name = "\(array)[\(counts[array, default: 0])]"
                counts[array, default: 0] += 1
            }
            pairs[name] = item.value
        }
        pairs["oauth_signature"] = nil
        let encoded = pairs.map { (Percent.encoded($0.key), Percent.encoded($0.value)) }
            .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        let joined = encoded.map { $0.0 + "=" + $0.1 }.joined(separator: "&")
        let address = options.siteURL + request.address.path
        return [request.method, Percent.encoded(address), Percent.encoded(joined)].joined(separator: "&")
    }

    private mutating func checkFreshness(_ given: [String: String]) throws(ShopError) {
        let window = Self.oauthWindowSeconds
        guard let stamp = Int64(given["oauth_timestamp"] ?? ""), abs(clock - stamp) <= window else {
            throw .authentication("Invalid timestamp.")
        }
        let nonce = given["oauth_nonce"] ?? ""
        if nonces[nonce] != nil { throw .authentication("Invalid nonce - nonce has already been used.") }
        nonces[nonce] = stamp
        if nonces.count > 10_000 { nonces = nonces.filter { clock - $0.value <= window } }
    }

    /// Refuses what the key is not for, and strangers.
    func checkPermission(_ key: SandboxKey?, _ method: String, isOne: Bool, isBatch: Bool) throws(ShopError) {
        guard let key else { throw Self.stranger(method, isOne: isOne, isBatch: isBatch) }
        let isReading = method == "GET" || method == "HEAD"
        if isReading, key.access == .write {
            throw .authentication("The API key provided does not have read permissions.")
        }
        if !isReading, key.access == .read {
            throw .authentication("The API key provided does not have write permissions.")
        }
    }

    private static func stranger(_ method: String, isOne: Bool, isBatch: Bool) -> ShopError {
        let (code, message) =
            switch (method, isOne, isBatch) {
            case (_, _, true): ("batch", "Sorry, you are not allowed to batch manipulate this resource.")
            case ("GET", false, _): ("view", "Sorry, you cannot list resources.")
            case ("GET", true, _): ("view", "Sorry, you cannot view this resource.")
            case ("POST", false, _): ("create", "Sorry, you are not allowed to create resources.")
            case ("DELETE", _, _): ("delete", "Sorry, you are not allowed to delete this resource.")
            default: ("edit", "Sorry, you are not allowed to edit this resource.")
            }
        return ShopError(401, "woocommerce_rest_cannot_\(code)", message)
    }
}
