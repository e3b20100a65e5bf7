import Commerce
import Identity
import Pipeline
import Telemetry
import Wire

/// The hub's HTTP side as a function: a request in, an answer out.
///
/// Open are `/health`, `/docs`, the webhook doors (the vendor's signature is their key), the sign-in form and its
/// style. Everything else needs a token with the right role, and what is not known is denied.
public struct Console: Sendable {
    /// How a console is set up.
    public struct Options: Sendable {
        /// The hub's version, shown in `/health` and on the page.
        public var version: String
        /// The organization whose records these are; tokens must name it.
        public var organization: String
        /// Whether the page is shown without a token to whoever asks from this machine. For the demo.
        public var openOnLoopback: Bool
        /// What this hub is for, as `/api/health` says it: `production`, `staging`.
        public var environment = "production"
        /// Whether browsers reach the hub by https, so that the cookie is sent by https alone.
        public var isBehindTLS: Bool
        /// How long the store may take to answer until the hub counts as down, in seconds.
        public var healthPatienceSeconds = 3

        /// Options; access needs a token.
        public init(
            version: String, organization: String = "default", openOnLoopback: Bool = false, isBehindTLS: Bool = false
        ) {
            self.version = version
            self.organization = organization
            self.openOnLoopback = openOnLoopback
            self.isBehindTLS = isBehindTLS
        }
    }

    /// How long values that are looked up in the store serve whoever collects them, in seconds.
    static let gaugeSeconds = 10.0

    /// The time between two looks at the hub while a page is open, in milliseconds.
    public static let lookMilliseconds = 1000

    let hub: any HubPort
    let options: Options
    let random: @Sendable (Int) -> [UInt8]
    let doorkeeper: Doorkeeper
    let doors: WebhookDoors
    let templates: Templates
    let sections: Sections
    let assets: Assets
    let document = OpenDocument()
    let desk: LiveDesk
    /// When this process began to answer.
    let startedAt: Moment
    private let health: HealthDesk
    /// How the hub is in numbers, for who collects them.
    let gauges: KeptLook<[Gauge]>
    private let limits = RequestLimits()

    /// A console on a hub.
    ///
    /// - Throws: `ConsoleError` when its templates or files are missing beside the program.
    public init(
        hub: any HubPort, tokens: Tokens, options: Options, random: @escaping @Sendable (Int) -> [UInt8]
    ) throws(ConsoleError) {
        self.hub = hub
        self.options = options
        self.random = random
        doorkeeper = Doorkeeper(
            tokens: tokens, identity: hub.identity, organization: options.organization,
            openOnLoopback: options.openOnLoopback)
        doors = WebhookDoors(hub: hub, organization: options.organization)
        templates = try Templates()
        sections = Sections(templates: templates)
        assets = try Assets()
        desk = LiveDesk(hub: hub, sections: sections)
        startedAt = hub.now
        RequestMeters.prepare()
        health = HealthDesk(hub: hub, patience: .seconds(options.healthPatienceSeconds))
        gauges = KeptLook(
            seconds: Self.gaugeSeconds, patience: .seconds(options.healthPatienceSeconds), now: { hub.now },
            look: { try await hub.watch.gauges() })
    }

    /// Renews open pages until the task is cancelled. Run beside the server.
    public func run() async {
        while !Task.isCancelled {
            await desk.look()
            await hub.strangers.keepSecurityEvents(isUrgent: false)
            try? await Task.sleep(for: .milliseconds(Self.lookMilliseconds))
        }
        desk.close()
        // This task is cancelled: what is written is written by another.
        await Task { await hub.strangers.keepSecurityEvents(isUrgent: true) }.value
    }

    /// Answers a request. Every answer carries its id and the headers that keep a browser from doing harm.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        // Chance is drawn once for both, for the kernel is asked for it.
        let known = Trace(traceparent: request.headers["traceparent"])
        let chance = random(Self.requestBytes + (known == nil ? Trace.byteCount : 0))
        let envelope = Envelope(
            requestID: "req_" + Signature.hex(Array(chance.prefix(Self.requestBytes))), now: hub.now)
        let path = Self.parts(of: request.address.path)
        let all = (Self.routesBySize[path.count] ?? [])
            .compactMap { route in route.names(in: path).map { Found(route: route, names: $0) } }
        // An address that is named word by word is meant before one that leaves a part of it open.
        let fewest = all.reduce(Int.max) { min($0, $1.names.count) }
        let fitting = all.filter { $0.names.count == fewest }
        let start = ContinuousClock.now
        let trace = known ?? Trace(random: Array(chance.dropFirst(Self.requestBytes)))
        let answer = await Trace.$current.withValue(trace) { await admit(request, path, fitting, envelope) }
        RequestMeters.count(
            fitting.first?.route.door ?? .none, status: answer.status, took: ContinuousClock.now - start)
        return envelope.sealed(answer)
    }

    /// The parts of a path, decoded. A plus is a blank in a query, and in a path it is a plus.
    private static func parts(of path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst().map { part in
            let text = String(Substring(part))
            guard part.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "%") }) else { return text }
            return Percent.decoded(text.replacing("+", with: "%2B"))
        }
    }

    /// Counts a request against its caller's quota, and answers it where there is some left.
    private func admit(
        _ request: HTTPRequest, _ path: [String], _ fitting: [Found], _ envelope: Envelope
    ) async -> HTTPResponse {
        // Vendors prove themselves at their door, and have limits of their own.
        if fitting.contains(where: { $0.route.admission == .vendors }) {
            return await answer(fitting, request, .unknown(""), envelope)
        }
        let caller = await doorkeeper.look(at: request, now: envelope.now)
        guard let (quota, name) = quota(request, path, caller) else {
            let response = await answer(fitting, request, caller, envelope)
            watch(response, to: request, at: fitting.first?.route)
            return response
        }
        let account = limits.take(quota, of: name, now: envelope.now)
        var response: HTTPResponse
        if case .refused(let seconds) = account {
            response = envelope.failure(
                .rateLimited,
                "at most \(quota.requests) requests in \(Int(quota.windowSeconds)) s; go on in \(seconds) s")
        } else {
            response = await answer(fitting, request, caller, envelope)
        }
        watch(response, to: request, at: fitting.first?.route)
        for header in account.headers(quota) { response.headers[header.name] = header.value }
        return response
    }

    /// Counts what somebody tried who may not. A browser that asks on with a cookie of yesterday is nobody to fear.
    private func watch(_ response: HTTPResponse, to request: HTTPRequest, at route: Route?) {
        let kind: SecurityKind
        switch response.status {
        case 401 where request.headers["Authorization"] != nil || request.headers["X-API-Key"] != nil:
            kind = .strangeKey
        case 403: kind = .callDenied
        case 429: kind = .rateLimited
        default: return
        }
        hub.strangers.noteSecurity(
            kind, from: request.peer, at: route.map { "\($0.method) \($0.pattern)" } ?? "no address of the hub")
    }

    /// How many random bytes are in the id of a request.
    private static let requestBytes = 12

    private struct Found {
        let route: Route
        let names: [String]
    }

    /// Which quota a request counts against, and whose; nil where none is kept.
    private func quota(
        _ request: HTTPRequest, _ path: [String], _ caller: Doorkeeper.Verdict
    ) -> (RequestQuota, name: String)? {
        let address = request.peer ?? ""
        if [["sign-in"], ["api", "auth", "token"], ["api", "auth", "refresh"]].contains(path) {
            return (RequestLimits.signIn, address)
        }
        guard path.first == "api" else { return nil }
        guard case .welcome(let access) = caller else { return (RequestLimits.strange, address) }
        return (RequestLimits.known, access.key.isEmpty ? address : access.key)
    }

    private func answer(
        _ fitting: [Found], _ request: HTTPRequest, _ caller: Doorkeeper.Verdict, _ envelope: Envelope
    ) async -> HTTPResponse {
        guard !fitting.isEmpty else { return denied(caller, nil, envelope) ?? nothingHere(envelope) }
        guard let found = fitting.first(where: { $0.route.takes(request.method) }) else {
            return refuse(method: fitting.map(\.route.methods).joined(separator: ", "), envelope)
        }
        switch found.route.admission {
        case .everybody, .vendors: break
        case .known: if let refusal = denied(caller, nil, envelope) { return refusal }
        case .those(let permission): if let refusal = denied(caller, permission, envelope) { return refusal }
        }
        // Who comes with a cookie, or with nothing from this machine, may be a browser that another site makes ask.
        if case .welcome(let access) = caller, access.isCookie || access.key.isEmpty,
            !["GET", "HEAD"].contains(request.method),
            !comesFromHere(request)
        {
            return envelope.failure(.forbidden, "a browser may change something only from a page of this server")
        }
        return await found.route.answer(
            self, Visit(request: request, envelope: envelope, names: found.names, caller: caller))
    }

    /// Why somebody may not do something; nil where he may.
    private func denied(
        _ caller: Doorkeeper.Verdict, _ permission: Permission?, _ envelope: Envelope
    ) -> HTTPResponse? {
        switch caller {
        case .unknown(let reason): return envelope.failure(.unauthorized, reason)
        case .notYours(let reason): return envelope.failure(.forbidden, reason)
        case .unavailable: return envelope.unavailable("the store cannot be read now; try again soon")
        case .welcome(let access):
            guard let permission, !access.may(permission) else { return nil }
            return envelope.failure(
                .forbidden, "\(access.name) may not do that: it needs the permission \"\(permission.rawValue)\"")
        }
    }

    private func nothingHere(_ envelope: Envelope) -> HTTPResponse {
        envelope.failure(.notFound, "there is nothing at this address")
    }

    private func refuse(method allowed: String, _ envelope: Envelope) -> HTTPResponse {
        var response = envelope.failure(.methodNotAllowed, "this address answers \(allowed) only")
        response.headers["Allow"] = allowed
        return response
    }

    /// How the hub is; one look serves all who ask within a second.
    func healthReport() async -> HealthReport { await health.report() }

    /// A status word and the version, without an envelope (C-02); to whoever may see the pages also what was looked at
    /// (C-04).
    func health(_ visit: Visit) async -> HTTPResponse {
        let report = await healthReport()
        var body: [String: JSON] = [
            "status": .string(report.state.rawValue), "version": .string(options.version),
        ]
        if let access = visit.access, access.may(.see) {
            body["checks"] = report.json
        }
        return .json(JSON.object(body), status: report.state == .down ? 503 : 200)
    }
}
