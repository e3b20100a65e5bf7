import Commerce
import Identity
import Pipeline
import Telemetry
import Wire

/// What people see.
extension Console {
    /// The longest form that is read, in bytes.
    private static let formLimit = 8192

    /// The page, or the sign-in form for those who are not signed in.
    func page(_ visit: Visit) async -> HTTPResponse {
        let (request, envelope) = (visit.request, visit.envelope)
        switch visit.caller {
        case .unknown(let reason):
            return signInForm(Doorkeeper.isSignedIn(request) ? reason : "", 401, envelope)
        case .notYours(let reason):
            return signInForm(reason, 403, envelope)
        case .unavailable: return unavailablePage(envelope)
        case .welcome(let access):
            guard access.may(.see) else { return signInForm("\(access.name) sees no pages", 403, envelope) }
            return await overviewPage(access, envelope)
        }
    }

    private func overviewPage(_ access: Access, _ envelope: Envelope) async -> HTTPResponse {
        let limit = Sections.listLength
        guard let overview = try? await hub.overview(changeLimit: limit, waitingLimit: limit) else {
            return unavailablePage(envelope)
        }
        var view: [String: View] = [
            "version": .text(options.version), "organization": .text(options.organization),
            "role": .text(access.name), "isSignedIn": .flag(!access.key.isEmpty), "isOpen": .flag(access.key.isEmpty),
        ]
        view["unproved"] = await unproved()
        let told = overview.told(to: Sight(access.permissions))
        for (name, markup) in sections.render(told, now: told.now) { view[name.rawValue] = .rendered(markup) }
        return envelope.html(templates.render("page", .object(view)))
    }

    /// What every page says where calls of vendors are taken that nobody signed (C-10), or are set to be.
    func unproved() async -> View {
        let check = await healthReport().checks.first { $0.name == HealthReport.Check.proof }
        guard let names = check?.seen["withoutProof"]?.array?.compactMap(\.string) else { return .flag(false) }
        let those = names.joined(separator: ", ")
        guard check?.seen["areTaken"] == true else {
            return .text(
                "Calls of \(those) are set to need no signature. They are refused: only a hub "
                    + "that its own machine alone reaches takes them.")
        }
        return .text(
            "Calls of \(those) need no signature: whoever is on this machine can tell the hub anything of it.")
    }

    private func unavailablePage(_ envelope: Envelope) -> HTTPResponse {
        var response = envelope.html(
            templates.render("unavailable", ["version": .text(options.version)]), status: 503)
        response.headers["Retry-After"] = "10"
        return response
    }

    /// The page's sections as server-sent events, for as long as the token is worth something.
    func events(_ visit: Visit) async -> HTTPResponse {
        guard let stream = try? await desk.sit(until: visit.access?.expires, seeing: visit.sight) else {
            var response = visit.envelope.failure(
                .unavailable, "too many pages are open, or the store cannot be read; try again soon")
            response.headers["Retry-After"] = "10"
            return response
        }
        return HTTPResponse(
            status: 200, headers: ["Content-Type": "text/event-stream", "X-Accel-Buffering": "no"], stream: stream)
    }

    /// Takes the name and password of the form, or a token, and keeps what comes of it in a cookie that no script can
    /// read and no other site can use.
    func signIn(_ visit: Visit) async -> HTTPResponse {
        let (request, envelope) = (visit.request, visit.envelope)
        guard request.body.count <= Self.formLimit else {
            return envelope.failure(.payloadTooLarge, "the form is too large")
        }
        guard comesFromHere(request) else {
            return envelope.failure(.forbidden, "the form was sent from another site")
        }
        let form = HTTPAddress.query(String(decoding: request.body, as: UTF8.self))
        let field = { (name: String) in form.first { $0.name == name }?.value ?? "" }
        guard field("token").isEmpty, !field("name").isEmpty else {
            return await signIn(withToken: field("token").filter { !$0.isWhitespace }, visit)
        }
        let outcome = try? await hub.identity.signIn(
            field("name"), password: field("password"), isBrowser: true, from: request.peer)
        guard case .welcome(let secret, let caller)? = outcome else {
            if outcome != nil { Tally.denials.add() }
            let problem = Self.problem(outcome)
            return signInForm(problem.text, problem.code.status, envelope)
        }
        return seeOther(request, cookie: "\(secret.text); Max-Age=\(Self.seconds(until: caller.expires, envelope))")
    }

    private func signIn(withToken token: String, _ visit: Visit) async -> HTTPResponse {
        var probe = visit.request
        probe.headers = ["Authorization": "Bearer \(token)"]
        switch await doorkeeper.look(at: probe, now: visit.envelope.now) {
        case .unknown(let reason): return signInForm(reason, 401, visit.envelope)
        case .notYours(let reason): return signInForm(reason, 403, visit.envelope)
        case .unavailable: return unavailablePage(visit.envelope)
        case .welcome(let access):
            return seeOther(
                visit.request, cookie: "\(token); Max-Age=\(Self.seconds(until: access.expires, visit.envelope))")
        }
    }

    private static func seconds(until expires: Moment?, _ envelope: Envelope) -> Int {
        expires.map { max(0, Int($0.seconds(since: envelope.now))) } ?? 0
    }

    /// Forgets the cookie, and ends the sign-in it stands for.
    func signOut(_ visit: Visit) async -> HTTPResponse {
        guard comesFromHere(visit.request) else {
            return visit.envelope.failure(.forbidden, "the form was sent from another site")
        }
        if let session = visit.access?.session {
            _ = try? await hub.identity.end(session: session, by: visit.actor)
            doorkeeper.forget()
        }
        return seeOther(visit.request, cookie: "; Max-Age=0")
    }

    private func seeOther(_ request: HTTPRequest, cookie: String) -> HTTPResponse {
        let isSecure = options.isBehindTLS || request.address.scheme == "https"
        let rest = "; Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
        return HTTPResponse(
            status: 303, headers: ["Location": "/", "Set-Cookie": "\(Doorkeeper.cookie)=\(cookie)\(rest)"])
    }

    private func signInForm(_ problem: String, _ status: Int, _ envelope: Envelope) -> HTTPResponse {
        envelope.html(
            templates.render("sign-in", ["problem": .text(problem), "version": .text(options.version)]), status: status)
    }

    /// Whether a browser says that the form stood on a page of this server. Programs say nothing and are let through:
    /// they carry no cookie of somebody else.
    func comesFromHere(_ request: HTTPRequest) -> Bool {
        if let site = request.headers["Sec-Fetch-Site"] { return site == "same-origin" || site == "none" }
        guard let origin = request.headers["Origin"] else { return true }
        guard let address = HTTPAddress(origin) else { return false }
        return address.host == request.address.host
    }
}

extension Doorkeeper {
    /// Whether the browser came with a token, good or bad.
    static func isSignedIn(_ request: HTTPRequest) -> Bool {
        request.headers["Authorization"] != nil || cookies(of: request)[cookie] != nil
    }
}
