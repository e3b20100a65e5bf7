import Commerce
import Pipeline
import Wire

/// Letting the hub in at a far side by OAuth 2 (seed 000: the callback `/admin/integration/{connector}/callback`).
extension Console {
    /// The addresses of it.
    static let authorizationRoutes: [Route] = [
        Route(
            "GET", "/admin/integration/{id}/authorize", .those(.configure),
            "Sends a browser to a far side, to let the hub in there.",
            .elsewhere.or(.page(409)).refusing(.notFound)
        ) { await $0.authorize($1) },
        Route(
            "GET", "/admin/integration/{connector}/callback", .everybody,
            "Where a far side sends that browser back; good once, and for that browser alone.", .page(200, 400, 503)
        ) { await $0.comeBack($1) },
        Route(
            "GET", "/api/integrations/{id}/authorization", .those(.see), "How an integration lets the hub in.",
            .data(.grantStanding).refusing(.notFound)
        ) { await $0.authorization($1) },
    ]

    /// The cookie by which a browser that comes back is known. It is sent along from another site, unlike the cookie of
    /// a sign-in, and opens nothing by itself.
    static let departureCookie = "crossdock_departure"
    private static let departurePath = "/admin/integration"

    private func authorize(_ visit: Visit) async -> HTTPResponse {
        do {
            guard let departure = try await hub.desk.beginGrant(visit.names[0], by: visit.actor) else {
                return visit.envelope.failure(.notFound, "there is no such integration")
            }
            let seconds = Int(departure.expiresAt.seconds(since: visit.envelope.now))
            return HTTPResponse(
                status: 303,
                headers: [
                    "Location": departure.address,
                    "Set-Cookie": departureCookie(departure.browserSecret, seconds: seconds, visit.request),
                ])
        } catch let error as HubError {
            return page("The hub cannot be let in", error.description, 409, visit)
        } catch {
            return visit.envelope.failure(.unavailable, "the store cannot be used now; try again soon")
        }
    }

    private func departureCookie(_ value: String, seconds: Int, _ request: HTTPRequest) -> String {
        let isSecure = options.isBehindTLS || request.address.scheme == "https"
        return
            "\(Self.departureCookie)=\(value); Max-Age=\(seconds); Path=\(Self.departurePath); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }

    private func comeBack(_ visit: Visit) async -> HTTPResponse {
        let query = Dictionary(
            visit.request.address.query.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let back = Hub.Return(
            connector: visit.names[0], state: query["state"], code: query["code"], error: query["error"],
            browserSecret: Doorkeeper.cookies(of: visit.request)[Self.departureCookie])
        var answer: HTTPResponse
        do {
            let integration = try await hub.desk.endGrant(back, from: visit.request.peer)
            answer = page("The hub is let in", "\(integration.name) has let the hub in.", 200, visit)
        } catch let error as HubError {
            answer = page("The hub is not let in", error.description, 400, visit)
        } catch {
            return page("The hub is not let in", "The store cannot be used now; begin again soon.", 503, visit)
        }
        answer.headers["Set-Cookie"] = departureCookie("", seconds: 0, visit.request)
        return answer
    }

    private func authorization(_ visit: Visit) async -> HTTPResponse {
        do {
            guard let standing = try await hub.desk.grantStanding(visit.names[0]) else {
                return visit.envelope.failure(
                    .notFound, "there is no such integration, or it takes its keys as settings")
            }
            return visit.envelope.success(standing)
        } catch {
            return visit.envelope.failure(.unavailable, "the store cannot be read now; try again soon")
        }
    }

    private func page(_ title: String, _ text: String, _ status: Int, _ visit: Visit) -> HTTPResponse {
        visit.envelope.html(
            templates.render(
                "authorization", ["title": .text(title), "text": .text(text), "version": .text(options.version)]),
            status: status)
    }
}
