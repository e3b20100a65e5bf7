import Audit
import Commerce
import Identity
import Pipeline
import Wire

/// Who is let in at an address.
enum Admission: Hashable, Sendable {
    /// Everybody; what is told depends on who asks only where the address says so.
    case everybody
    /// Vendors: the signature of the call is the key.
    case vendors
    /// Whoever is known here, whatever he may do.
    case known
    /// Whoever may do that.
    case those(Permission)
}

/// One request at its address.
struct Visit: Sendable {
    let request: HTTPRequest
    let envelope: Envelope
    /// The parts of the path that the pattern leaves open, in their order.
    let names: [String]
    /// Who asks, or why that is not known.
    let caller: Doorkeeper.Verdict

    /// What who asks may do; nil where he is nobody we know.
    var access: Access? { if case .welcome(let access) = caller { access } else { nil } }

    /// How much of persons who asks is told.
    var sight: Sight { Sight(access?.permissions ?? []) }

    /// Who asks, as the audit names it.
    var actor: AuditActor {
        AuditActor(
            access?.isPerson ?? true ? .person : .key, access?.name ?? "nobody", origin: request.peer,
            request: envelope.requestID)
    }
}

/// One address with one thing that can be done there. Each request looks at some: they are not copied for it.
final class Route: Sendable {
    /// `GET` answers `HEAD` too.
    let method: String
    /// The path; `{name}` is one part of it that is not empty.
    let pattern: String
    let admission: Admission
    /// What it is for, in one sentence.
    let purpose: String
    let contract: Contract
    let answer: @Sendable (Console, Visit) async -> HTTPResponse

    private let parts: [String]
    /// A word that stands for no integration: addresses of the hub itself have it there (C-05).
    static let reserved = "system"

    init(
        _ method: String, _ pattern: String, _ admission: Admission, _ purpose: String, _ contract: Contract,
        _ answer: @escaping @Sendable (Console, Visit) async -> HTTPResponse
    ) {
        self.method = method
        self.pattern = pattern
        self.admission = admission
        self.purpose = purpose
        self.contract = contract
        self.answer = answer
        parts = pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    }

    /// How many parts its path has.
    var size: Int { parts.count }

    /// The parts of a path that the pattern leaves open; nil where it does not fit.
    func names(in path: [String]) -> [String]? {
        guard path.count == parts.count else { return nil }
        var names: [String] = []
        for (part, given) in zip(parts, path) {
            if part.hasPrefix("{") {
                guard !given.isEmpty, given != Self.reserved else { return nil }
                names.append(given)
            } else if part != given {
                return nil
            }
        }
        return names
    }

    /// Whether a method is answered.
    func takes(_ asked: String) -> Bool { asked == method || (asked == "HEAD" && method == "GET" && !isStream) }

    /// An answer that has no end has no head alone.
    private var isStream: Bool { pattern == "/events" }

    /// The methods as the `Allow` header names them.
    var methods: String { method == "GET" && !isStream ? "GET, HEAD" : method }
}

extension Console {
    /// Every address there is. What is not here is denied.
    static let routes =
        pageRoutes + jobRoutes + accountRoutes + securityRoutes + integrationRoutes + customerRoutes + recordRoutes
        + deliveryRoutes + deliveryPageRoutes + authorizationRoutes + listenerRoutes + watchRoutes + documentRoutes
        + doorRoutes

    /// The same by the number of their parts: most of them need no look.
    static let routesBySize = Dictionary(grouping: routes, by: \.size)

    private static let pageRoutes: [Route] = [
        Route("GET", "/", .everybody, "The page, or the form to sign in.", .page(200, 401, 403, 503)) {
            await $0.page($1)
        },
        Route(
            "GET", "/events", .those(.see), "The page's sections as they change (server-sent events).",
            .content("text/event-stream", 200)
        ) {
            await $0.events($1)
        },
        Route(
            "POST", "/sign-in", .everybody, "Signs a browser in with a name and a password, or with a token.",
            .elsewhere.or(.page(401, 403, 429, 503)).takingForm(["name": .text, "password": .text, "token": .text])
                .refusing(.forbidden, .rateLimited)
        ) {
            await $0.signIn($1)
        },
        Route("POST", "/sign-out", .everybody, "Signs a browser out.", .elsewhere.refusing(.forbidden)) {
            await $0.signOut($1)
        },
        Route(
            "GET", "/assets/{name}", .everybody, "Styles and scripts of the page.",
            .content("text/css", 200).or(.content("text/javascript", 200)).or(.content("image/svg+xml", 200))
                .or(.known).refusing(.notFound)
        ) { console, visit in
            console.assets.response(to: visit.request, name: visit.names[0])
                ?? visit.envelope.failure(.notFound, "there is no such file")
        },
        Route(
            "GET", "/health", .everybody, "Whether the hub is well; to who may see the pages also why not.",
            .bare(.health).or(.bare(.health, status: 503))
        ) {
            await $0.health($1)
        },
        Route(
            "POST", "/api/auth/token", .everybody, "Signs in with a name and a password, for tokens.",
            .data(.tokens).taking(.signIn).refusing(.unauthorized, .unavailable)
        ) {
            await $0.token($1)
        },
        Route(
            "POST", "/api/auth/refresh", .everybody, "Renews a token; what renews it is good once.",
            .data(.tokens).taking(.object(["refreshToken": .text])).refusing(.unauthorized, .unavailable)
        ) {
            await $0.refresh($1)
        },
        Route(
            "POST", "/api/auth/revoke", .known, "Ends the sign-in that a token belongs to.",
            .data(.object(["ended": .flag]))
        ) {
            await $0.revoke($1)
        },
        Route("GET", "/api/auth/me", .known, "Who asks, and what he may do.", .data(.caller)) { $0.me($1) },
        Route("GET", "/api/auth/keys", .those(.admit), "The keys of programs; not the keys themselves.", .list(.apiKey))
        {
            await $0.keys($1)
        },
        Route(
            "POST", "/api/auth/keys", .those(.admit), "Makes a key, which is shown this once.",
            .data(.madeKey, status: 201).leading(to: "/api/auth/keys/{id}", by: "/data/id").taking(.wantedKey)
        ) {
            await $0.makeKey($1)
        },
        Route(
            "POST", "/api/auth/keys/{id}/rotate", .those(.admit), "Makes a key that follows another for a while.",
            .data(.madeKey, status: 201).taking(.keyRotation, isNeeded: false).refusing(.notFound, .conflict)
        ) { await $0.rotateKey($1) },
        Route(
            "DELETE", "/api/auth/keys/{id}", .those(.admit), "Takes a key back.",
            .data(.object(["id": .text, "revoked": .flag])).refusing(.notFound)
        ) { await $0.revokeKey($1) },
    ]

    private static let doorRoutes: [Route] = [
        Route(
            "POST", "/webhooks/{integrationId}", .vendors, "A call of a vendor to one integration.",
            .data(.receipt).or(.data(.receipt, status: 202)).refusing(
                .payloadTooLarge, .ambiguous, .validationFailed)
        ) {
            await $0.doors.atIntegration($1.names[0], $1.request, $1.envelope)
        },
        Route(
            "POST", "/api/webhooks/woocommerce/{organizationId}", .vendors,
            "A call of a shop that names only the organization.",
            .data(.receipt).or(.data(.receipt, status: 202)).refusing(
                .payloadTooLarge, .ambiguous, .validationFailed)
        ) { await $0.doors.atOrganization($1.names[0], $1.request, $1.envelope) },
    ]
}
