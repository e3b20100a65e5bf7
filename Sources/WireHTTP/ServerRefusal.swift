import Foundation
import Wire

/// What the server itself answers, before anything asks the hub.
enum ServerRefusal {
    case unreadable
    case tooLarge(Int)
    /// The body did not arrive within so many seconds.
    case late(Int)
    /// Not one host is named: two who read the request could take it for one to different hosts (RFC 9112, 3.2).
    case hosts
    /// Plain http from somebody who is no trusted proxy.
    case stranger

    var response: HTTPResponse {
        switch self {
        case .unreadable:
            Self.json(400, "BAD_REQUEST", "The request cannot be read as HTTP, or its head is too large.")
        case .hosts:
            Self.json(400, "BAD_REQUEST", "A request names the host it is for once, in one Host header.")
        case .stranger:
            Self.json(
                403, "PLAIN_HTTP_REFUSED",
                "Plain http is answered here to the named proxies alone. Call the proxy, or name this address in "
                    + "--trusted-proxy.")
        case .late(let seconds):
            Self.json(408, "REQUEST_TIMEOUT", "The body did not arrive within \(seconds) seconds; nothing was done.")
        case .tooLarge(let limit):
            Self.json(413, "PAYLOAD_TOO_LARGE", "The body is larger than the \(limit) bytes that are accepted.")
        }
    }

    private static func json(_ status: Int, _ code: String, _ text: String) -> HTTPResponse {
        let now = Moment(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let body: JSON = [
            "success": false, "error": .string(text), "code": .string(code), "timestamp": .string("\(now)"),
            "requestId": .string("req_" + UUID().uuidString.lowercased()),
        ]
        var response = HTTPResponse.json(body, status: status)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
    }
}
