import Commerce
import Identity
import Pipeline

/// The OpenAPI document: the table of addresses in the form that tools read.
struct OpenAPI: Sendable {
    let version: String
    let routes: [Route]

    init(version: String, routes: [Route] = Console.routes) {
        self.version = version
        self.routes = routes
    }

    /// The whole document.
    var json: JSON {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Crossdock", "version": .string(version),
                "description": .string(
                    "Every address of the hub. Unless an answer says otherwise, it is {success, data, timestamp, "
                        + "requestId}, and an error {success, error, code, timestamp, requestId}. What is not here is "
                        + "denied. GET answers HEAD, too."),
            ],
            "servers": [["url": "/"]], "tags": .array(Set(routes.map(\.tag)).sorted().map { ["name": .string($0)] }),
            "paths": .object(paths), "components": components,
        ]
    }

    private var paths: [String: JSON] {
        Dictionary(grouping: routes, by: \.pattern).mapValues { routes in
            .object(
                Dictionary(
                    routes.map { ($0.method.lowercased(), operation($0)) }, uniquingKeysWith: { first, _ in first }))
        }
    }

    // MARK: One address

    private func operation(_ route: Route) -> JSON {
        var members: [String: JSON] = [
            "operationId": .string(route.operationID), "summary": .string(route.purpose),
            "tags": [.string(route.tag)], "security": security(route), "responses": .object(responses(route)),
        ]
        let parameters = parameters(route)
        if !parameters.isEmpty { members["parameters"] = .array(parameters) }
        if let body = route.contract.body {
            members["requestBody"] = [
                "required": .bool(body.isNeeded), "content": .object([body.type: ["schema": body.shape.json]]),
            ]
        }
        if case .those(let permission) = route.admission { members["x-permission"] = .string(permission.rawValue) }
        return .object(members)
    }

    private func parameters(_ route: Route) -> [JSON] {
        let names = route.names.map { name -> JSON in
            ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string", "minLength": 1]]
        }
        let words = route.contract.query.map { word -> JSON in
            [
                "name": .string(word.name), "in": "query", "description": .string(word.purpose),
                "required": .bool(word.isNeeded), "schema": word.shape.json,
            ]
        }
        let key: [JSON] = route.contract.isKeyed ? [["$ref": "#/components/parameters/IdempotencyKey"]] : []
        return names + words + key
    }

    /// Who may ask: with a token or a cookie by the roles, with a key by the permission.
    private func security(_ route: Route) -> JSON {
        func ways(_ roles: [Role], _ permissions: [Permission]) -> [JSON] {
            let words = JSON.array(roles.map { .string($0.rawValue) })
            return [["token": words], ["key": .array(permissions.map { .string($0.rawValue) })], ["cookie": words]]
        }
        switch route.admission {
        case .everybody: return .array([[:]] + ways([], []))
        case .vendors: return [["signature": []], ["shopSignature": []]]
        case .known: return .array(ways(Role.allCases, []))
        case .those(let permission):
            return .array(ways(Role.allCases.filter { $0.permissions.contains(permission) }, [permission]))
        }
    }

    // MARK: Answers

    private func responses(_ route: Route) -> [String: JSON] {
        let errors = route.errors
        var responses: [String: JSON] = [:]
        for (status, answers) in Dictionary(grouping: route.contract.answers, by: \.status) {
            var kinds = Dictionary(grouping: answers.filter { !$0.type.isEmpty }, by: \.type)
                .mapValues { $0.map(\.shape.json) }
            if errors.contains(where: { $0.status == status }) {
                kinds[Contract.json, default: []].append(["$ref": .string("#/components/schemas/Error\(status)")])
            }
            var response: [String: JSON] = [
                "description": .string(Self.words(status)), "headers": .object(headers(route, status)),
            ]
            if !kinds.isEmpty {
                response["content"] = .object(
                    kinds.mapValues { ["schema": $0.count == 1 ? $0[0] : ["anyOf": .array($0)]] })
            }
            let links = links(route)
            if status < 300, !links.isEmpty { response["links"] = .object(links) }
            responses[String(status)] = .object(response)
        }
        for error in errors where responses[String(error.status)] == nil {
            responses[String(error.status)] = ["$ref": .string("#/components/responses/Error\(error.status)")]
        }
        return responses
    }

    private func links(_ route: Route) -> [String: JSON] {
        var links: [String: JSON] = [:]
        for lead in route.contract.leads {
            let there = routes.filter { $0.pattern == lead.pattern || $0.pattern.hasPrefix(lead.pattern + "/") }
            for other in there where other.names.count == 1 {
                links[other.operationID] = [
                    "operationId": .string(other.operationID),
                    "parameters": .object([other.names[0]: .string("$response.body#\(lead.place)")]),
                ]
            }
        }
        return links
    }

    private func headers(_ route: Route, _ status: Int) -> [String: JSON] {
        var headers = ["X-Request-Id": Self.header("The id of the request, as in its answer.", isNeeded: true)]
        if route.isCounted {
            headers["RateLimit"] = Self.header("What is left of the quota, and until when.", isNeeded: true)
            headers["RateLimit-Policy"] = Self.header("The quota.", isNeeded: true)
        }
        if route.contract.isKeyed { headers["Idempotency-Replayed"] = Self.header("true: it was done before.") }
        if status == 201 || status == 303 { headers["Location"] = Self.header("Where it is.") }
        return headers
    }

    private static func header(_ purpose: String, isNeeded: Bool = false) -> JSON {
        ["description": .string(purpose), "required": .bool(isNeeded), "schema": ["type": "string"]]
    }

    private static func words(_ status: Int) -> String {
        switch status {
        case 200: "As asked."
        case 201: "It was made."
        case 202: "It was taken, and will be done."
        case 303: "Done; look there."
        case 304: "As it is known already."
        default: "It was not done."
        }
    }
}
