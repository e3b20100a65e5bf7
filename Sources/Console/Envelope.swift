import Commerce
import ConnectorKit
import Wire

/// The stable words in which an error is told to programs.
public enum ErrorCode: String, Hashable, Sendable, CaseIterable {
    case badRequest = "BAD_REQUEST"
    case unauthorized = "UNAUTHORIZED"
    case forbidden = "FORBIDDEN"
    case notFound = "NOT_FOUND"
    case methodNotAllowed = "METHOD_NOT_ALLOWED"
    case ambiguous = "AMBIGUOUS"
    case conflict = "CONFLICT"
    case nameTaken = "NAME_TAKEN"
    case confirmationRequired = "CONFIRMATION_REQUIRED"
    case integrationInactive = "INTEGRATION_INACTIVE"
    case requestInFlight = "REQUEST_IN_FLIGHT"
    case payloadTooLarge = "PAYLOAD_TOO_LARGE"
    case unsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
    case validationFailed = "VALIDATION_FAILED"
    case keyReused = "IDEMPOTENCY_KEY_REUSED"
    case rateLimited = "RATE_LIMITED"
    case unavailable = "UNAVAILABLE"

    var status: Int {
        switch self {
        case .badRequest: 400
        case .unauthorized: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .ambiguous, .conflict, .nameTaken, .confirmationRequired, .integrationInactive, .requestInFlight: 409
        case .payloadTooLarge: 413
        case .unsupportedMediaType: 415
        case .validationFailed, .keyReused: 422
        case .rateLimited: 429
        case .unavailable: 503
        }
    }
}

/// What all answers of one request share: its id and its time.
struct Envelope: Sendable {
    let requestID: String
    let now: Moment

    /// `{success: true, data, timestamp, requestId}`; a list has its `pagination` besides.
    func success(_ data: JSON, status: Int = 200, pagination: JSON? = nil) -> HTTPResponse {
        var body = common(success: true)
        body["data"] = data
        if let pagination { body["pagination"] = pagination }
        return .json(JSON.object(body), status: status)
    }

    /// The same, whose data are written piece by piece.
    func success(pagination: JSON? = nil, _ data: (inout JSONText) -> Void) -> HTTPResponse {
        var text = JSONText(capacity: Self.listBytes)
        text.object { text in
            text.member("data")
            data(&text)
            if let pagination {
                text.member("pagination")
                text.value(pagination)
            }
            text.member("requestId", requestID)
            text.member("success", true)
            text.member("timestamp", now.description)
        }
        return .json(text)
    }

    /// What a list of the usual length takes.
    private static let listBytes = 16_384

    /// `{success: false, error, code, timestamp, requestId}`; where single fields are wrong, `details` names each.
    func failure(_ code: ErrorCode, _ text: String, _ problems: [SettingProblem] = []) -> HTTPResponse {
        var body = common(success: false)
        body["error"] = .string(text)
        body["code"] = .string(code.rawValue)
        if !problems.isEmpty {
            body["details"] = .array(
                problems.map { ["field": .string($0.field), "error": .string($0.sentence)] })
        }
        var response = HTTPResponse.json(JSON.object(body), status: code.status)
        if code == .unauthorized { response.headers["WWW-Authenticate"] = "Bearer realm=\"crossdock\"" }
        return response
    }

    func html(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "text/html; charset=utf-8"], body: Array(text.utf8))
    }

    private func common(success: Bool) -> [String: JSON] {
        ["success": .bool(success), "timestamp": .string(now.description), "requestId": .string(requestID)]
    }

    /// Adds to an answer what every answer carries.
    func sealed(_ response: HTTPResponse) -> HTTPResponse {
        var response = response
        response.headers.fill(Self.headers)
        response.headers["X-Request-Id"] = requestID
        return response
    }

    /// A page may load from this server alone, run only its own script, send forms only here, and be framed by nobody.
    private static let headers: HTTPHeaders = [
        "Content-Security-Policy":
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
    ]
}
