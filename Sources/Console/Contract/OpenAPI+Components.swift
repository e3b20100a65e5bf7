import Commerce
import Identity

/// What the operations refer to.
extension OpenAPI {
    var components: JSON {
        let errors = Dictionary(grouping: ErrorCode.allCases, by: \.status)
        var schemas = routes.reduce(into: [String: JSON]()) { all, route in
            let shapes = route.contract.answers.map(\.shape) + (route.contract.body.map { [$0.shape] } ?? [])
            for shape in shapes { all.merge(shape.parts) { first, _ in first } }
        }
        for (status, codes) in errors { schemas["Error\(status)"] = Self.schema(of: codes, status) }
        return [
            "schemas": .object(schemas),
            "responses": .object(
                Dictionary(
                    errors.map { ("Error\($0.key)", Self.response($0.key, $0.value)) },
                    uniquingKeysWith: { first, _ in first })),
            "parameters": [
                "IdempotencyKey": [
                    "name": .string(Console.keyHeader), "in": "header",
                    "description": "The same request under the same key is done once, and answered as before.",
                    "schema": [
                        "type": "string", "minLength": 1, "maxLength": .integer(Console.keyLimit),
                        "pattern": "^[!-~]+$",
                    ],
                ]
            ],
            "securitySchemes": Self.schemes,
        ]
    }

    private static func schema(of codes: [ErrorCode], _ status: Int) -> JSON {
        // The port itself says this to who is no proxy, before anybody asks the hub.
        let words = codes.map(\.rawValue) + (status == ErrorCode.forbidden.status ? ["PLAIN_HTTP_REFUSED"] : [])
        var optional: [String: Shape] = [:]
        if codes.contains(.validationFailed) || codes.contains(.nameTaken) {
            optional["details"] = .list(.object(["field": .text, "error": .text]))
        }
        let members: [String: Shape] = [
            "success": Shape(["const": false]), "error": .text, "code": .word(words), "timestamp": .time,
            "requestId": .requestID,
        ]
        return Shape.object(members, optional: optional).json
    }

    private static func response(_ status: Int, _ codes: [ErrorCode]) -> JSON {
        var headers: [String: JSON] = ["X-Request-Id": ["schema": ["type": "string"]]]
        switch status {
        case 401: headers["WWW-Authenticate"] = ["schema": ["type": "string"]]
        case 405: headers["Allow"] = ["schema": ["type": "string"]]
        case 409, 429, 503:
            headers["Retry-After"] = [
                "description": "In seconds.", "schema": ["type": "string", "pattern": "^[0-9]+$"],
            ]
        default: break
        }
        return [
            "description": .string(codes.map(\.rawValue).joined(separator: ", ")), "headers": .object(headers),
            "content": [
                "application/json": ["schema": ["$ref": .string("#/components/schemas/Error\(status)")]]
            ],
        ]
    }

    private static let schemes: JSON = [
        "token": [
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A token of a sign-in, or one made with `crossdock token`; a key is taken here, too.",
        ],
        "key": [
            "type": "apiKey", "in": "header", "name": "X-API-Key",
            "description": "A program's key, by its permissions.",
        ],
        "cookie": [
            "type": "apiKey", "in": "cookie", "name": .string(Doorkeeper.cookie),
            "description": "A browser that has signed in. It changes something only from the hub's own pages.",
        ],
        "signature": [
            "type": "apiKey", "in": "header", "name": "X-Webhook-Signature",
            "description":
                "The hub's own form: sha256= and HMAC-SHA256 over X-Webhook-Timestamp, a point and the body.",
        ],
        "shopSignature": [
            "type": "apiKey", "in": "header", "name": "X-WC-Webhook-Signature",
            "description": "WooCommerce's form: HMAC-SHA256 over the body, in base64.",
        ],
    ]
}

extension Route {
    /// The names that the pattern leaves open.
    var names: [String] {
        pattern.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    /// The group it is shown in.
    var tag: String {
        let words = pattern.split(separator: "/").map(String.init)
        guard words.first == "api" else {
            return admission == .vendors ? "webhooks" : ["health", "metrics"].contains(words.first) ? "watch" : "pages"
        }
        switch words[1] {
        case "health", "alerts", "log-level", "security": return "watch"
        case "jobs", "guard": return "work"
        case "event-types": return "outgoing-webhooks"
        default: return words[1]
        }
    }

    /// A name that stays the same: the method and the words of the path.
    var operationID: String {
        pattern.split { !$0.isLetter && !$0.isNumber && $0 != "{" }.reduce(into: method.lowercased()) { id, word in
            let isOpen = word.hasPrefix("{")
            let text = isOpen ? word.dropFirst() : word
            id += (isOpen ? "By" : "") + text.prefix(1).uppercased() + text.dropFirst()
        }
    }

    /// Whether requests count against a quota that answers tell.
    var isCounted: Bool { pattern.hasPrefix("/api/") && admission != .vendors || pattern == "/sign-in" }

    /// All errors that may be answered: those of the contract, and those that follow from who is let in and from where.
    var errors: Set<ErrorCode> {
        var errors = contract.refusals.union([.badRequest])
        if isCounted { errors.insert(.rateLimited) }
        switch admission {
        case .everybody: break
        case .vendors: errors.formUnion([.unauthorized, .forbidden, .notFound, .rateLimited, .unavailable])
        case .known, .those: errors.formUnion([.unauthorized, .forbidden, .unavailable])
        }
        return errors
    }
}
