import Commerce
import Pipeline
import Wire

/// The hub's HTTP side as a function: a request in, an answer out.
///
/// Open are `/health`, the webhook doors (the vendor's signature is their key), the sign-in form and its style.
/// Everything else needs a token with the right role, and what is not known is denied.
public struct Console: Sendable {
    /// How a console is set up.
    public struct Options: Sendable {
        /// The hub's version, shown in `/health` and on the page.
        public var version: String
        /// The organization whose records these are; tokens must name it.
        public var organization: String
        /// Whether the page is shown without a token to whoever asks from this machine. For the demo.
        public var openOnLoopback: Bool
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
    let desk: LiveDesk
    private let health: HealthDesk

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
            tokens: tokens, organization: options.organization, openOnLoopback: options.openOnLoopback)
        doors = WebhookDoors(hub: hub, organization: options.organization)
        templates = try Templates()
        sections = Sections(templates: templates)
        assets = try Assets()
        desk = LiveDesk(hub: hub, sections: sections)
        health = HealthDesk(hub: hub, patience: .seconds(options.healthPatienceSeconds))
    }

    /// Renews open pages until the task is cancelled. Run beside the server.
    public func run() async {
        while !Task.isCancelled {
            await desk.look()
            try? await Task.sleep(for: .milliseconds(Self.lookMilliseconds))
        }
        desk.close()
    }

    /// Answers a request. Every answer carries its id and the headers that keep a browser from doing harm.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        let envelope = Envelope(requestID: "req_" + Signature.hex(random(12)), now: hub.now)
        let path = request.address.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { Percent.decoded(String($0)) }
        return envelope.sealed(await route(request, path, envelope))
    }

    private func route(_ request: HTTPRequest, _ path: [String], _ envelope: Envelope) async -> HTTPResponse {
        let isRead = request.method == "GET" || request.method == "HEAD"
        switch (path.count, path.first ?? "") {
        case (2, "webhooks") where !path[1].isEmpty:
            guard request.method == "POST" else { return refuse(method: "POST", envelope) }
            return await doors.atIntegration(path[1], request, envelope)
        case (4, "api") where path[1] == "webhooks" && path[2] == "woocommerce":
            guard request.method == "POST" else { return refuse(method: "POST", envelope) }
            return await doors.atOrganization(path[3], request, envelope)
        case (1, "health"):
            return isRead ? await health(request, envelope) : refuse(method: "GET, HEAD", envelope)
        case (2, "assets"):
            guard isRead else { return refuse(method: "GET, HEAD", envelope) }
            return assets.response(to: request, name: path[1]) ?? envelope.failure(.notFound, "there is no such file")
        case (1, ""):
            return isRead ? await page(request, envelope) : refuse(method: "GET, HEAD", envelope)
        case (1, "metrics"):
            return isRead ? await metrics(request, envelope) : refuse(method: "GET, HEAD", envelope)
        case (1, "events"):
            return request.method == "GET" ? await events(request, envelope) : refuse(method: "GET", envelope)
        case (2, "api") where path[1] == "jobs":
            return isRead ? await jobs(request, envelope) : refuse(method: "GET, HEAD", envelope)
        case (3, "api") where path[1] == "jobs":
            return isRead ? await job(path[2], request, envelope) : refuse(method: "GET, HEAD", envelope)
        case (1, "sign-in"):
            return request.method == "POST" ? await signIn(request, envelope) : refuse(method: "POST", envelope)
        case (1, "sign-out"):
            return request.method == "POST" ? signOut(request, envelope) : refuse(method: "POST", envelope)
        default:
            return await unknown(request, envelope)
        }
    }

    private func refuse(method allowed: String, _ envelope: Envelope) -> HTTPResponse {
        var response = envelope.failure(.methodNotAllowed, "this address answers \(allowed) only")
        response.headers["Allow"] = allowed
        return response
    }

    /// What is not known is told only to those who may ask at all.
    private func unknown(_ request: HTTPRequest, _ envelope: Envelope) async -> HTTPResponse {
        switch await doorkeeper.look(at: request, now: envelope.now) {
        case .welcome: envelope.failure(.notFound, "there is nothing at this address")
        case .unknown(let reason): envelope.failure(.unauthorized, reason)
        case .notYours(let reason): envelope.failure(.forbidden, reason)
        }
    }

    /// A status word and the version, without an envelope (C-02); to whoever may see the pages also what was looked at
    /// (C-04).
    private func health(_ request: HTTPRequest, _ envelope: Envelope) async -> HTTPResponse {
        let report = await health.report()
        var body: [String: JSON] = [
            "status": .string(report.state.rawValue), "version": .string(options.version),
        ]
        if case .welcome(let access) = await doorkeeper.look(at: request, now: envelope.now), access.role.seesPages {
            body["checks"] = report.json
        }
        return .json(JSON.object(body), status: report.state == .down ? 503 : 200)
    }
}
