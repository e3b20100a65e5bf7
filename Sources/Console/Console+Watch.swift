import Alerts
import Commerce
import ConnectorKit
import Identity
import Ledger
import Pipeline
import Repeats
import Telemetry
import Wire

/// The addresses that watch over the hub: counts, health in the form of seed 003, alerts, and how much is logged.
extension Console {
    static let watchRoutes: [Route] = [
        Route(
            "GET", "/metrics", .those(.see), "Counts and times, as Prometheus reads them.", .content("text/plain", 200)
        ) { console, _ in
            await console.metrics()
        },
        Route(
            "GET", "/api/health", .everybody, "Whether the hub is well; to who may see the pages also its services.",
            .bare(.serviceHealth).or(.bare(.serviceHealth, status: 503)).asking(
                Contract.Parameter("organizationId", .text, "The organization of the token."),
                Contract.Parameter("detailed", .word(["true", "false"]), "Whether to tell of each service.")
            ).refusing(.unauthorized, .forbidden, .unavailable)
        ) { await $0.serviceHealth($1) },
        Route(
            "GET", "/api/alerts", .those(.see), "What is too much now, or was.",
            .list(.alert).leading(to: "/api/alerts/{kind}", by: "/data/0/kind").asking(
                Contract.Parameter("state", .word(["raised", "acknowledged", "resolved"]), "Those in this state."))
        ) { await $0.listAlerts($1) },
        Route(
            "POST", "/api/alerts/{kind}/acknowledge", .those(.operate), "Says that somebody looks after an alert.",
            .data(.alert).taking(.nothing, isNeeded: false).once.refusing(.notFound, .conflict)
        ) {
            await $0.acknowledgeAlert($1)
        },
        Route(
            "GET", "/api/verify", .those(.see), "What the last verification of the store came to.",
            .data(.verification)
        ) {
            await $0.lastVerification($1)
        },
        Route(
            "POST", "/api/verify", .those(.operate), "Has the hub verify its store.",
            .data(.verifyTask, status: 202).taking(.verifyWish, isNeeded: false).once
        ) { await $0.verify($1) },
        Route("GET", "/api/log-level", .those(.see), "From which level on the hub logs.", .data(.logLevel)) {
            await $0.logLevel($1)
        },
        Route(
            "PUT", "/api/log-level", .those(.configure), "Has the hub log from another level on for a while.",
            .data(.logLevel).taking(.wantedLogLevel).refusing(.validationFailed, .conflict)
        ) {
            await $0.setLogLevel($1)
        },
    ]

    /// `GET /metrics`: what this process counts, and how the hub is at the moment, as Prometheus reads it. A store that
    /// does not answer is a value, too.
    func metrics() async -> HTTPResponse {
        let own = [
            Gauge("crossdock_build_info", [("version", options.version)], 1),
            Gauge("crossdock_start_timestamp_seconds", [], Double(startedAt.milliseconds) / 1000),
        ]
        let looked = await gauges.value() ?? [Gauge("crossdock_store_up", [], 0)]
        let text = Meters.shared.text + Gauge.text(of: own + ProcessLook.now.gauges + looked)
        return HTTPResponse(
            status: 200, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
            body: Array(text.utf8))
    }

    // MARK: Health in the form of seed 003

    /// `GET /api/health?organizationId=&detailed=`: bare (C-02). What says more than whether the hub works is for who
    /// may see the pages (C-04).
    func serviceHealth(_ visit: Visit) async -> HTTPResponse {
        let envelope = visit.envelope
        var isDetailed = false
        for item in visit.request.address.query {
            switch item.name {
            case "organizationId":
                if let refusal = refusal(visit) { return refusal }
                guard item.value == options.organization else {
                    return envelope.failure(.forbidden, otherOrganization("organizationId"))
                }
            case "detailed":
                guard ["true", "false"].contains(item.value) else {
                    return envelope.failure(.badRequest, "detailed must be true or false")
                }
                isDetailed = item.value == "true"
            default:
                return envelope.failure(
                    .badRequest, "\"\(item.name.prefix(60))\" means nothing here; there are: organizationId, detailed")
            }
        }
        if isDetailed, let refusal = refusal(visit) { return refusal }
        let report = await healthReport()
        var body: [String: JSON] = [
            "status": .string(Self.word(report.state)), "timestamp": .string(envelope.now.description),
            "version": .string(options.version),
        ]
        if isDetailed {
            body["environment"] = .string(options.environment)
            body["uptime"] = .integer(Int(max(0, envelope.now.seconds(since: startedAt))))
            body["services"] = .object(await services(report, now: envelope.now))
        }
        return .json(JSON.object(body), status: report.state == .down ? 503 : 200)
    }

    /// Why who asks is not told more; nil where he is.
    private func refusal(_ visit: Visit) -> HTTPResponse? {
        switch visit.caller {
        case .welcome(let access) where access.may(.see): nil
        case .welcome(let access):
            visit.envelope.failure(.forbidden, "\(access.name) may not do that: it needs the permission \"see\"")
        case .unknown(let reason): visit.envelope.failure(.unauthorized, reason)
        case .notYours(let reason): visit.envelope.failure(.forbidden, reason)
        case .unavailable: visit.envelope.unavailable("the store cannot be read now; try again soon")
        }
    }

    private static func word(_ state: HealthState) -> String {
        switch state {
        case .ok: "healthy"
        case .degraded: "degraded"
        case .down: "unhealthy"
        }
    }

    /// Each service in a word. Of several integrations of one connector the worst counts.
    private func services(_ report: HealthReport, now: Moment) async -> [String: JSON] {
        var services: [String: JSON] = [:]
        for check in report.checks {
            services[check.name == "store" ? "database" : check.name] = .string(Self.word(check.state))
        }
        let sides = (try? await hub.overview(changeLimit: 0, waitingLimit: 0))?.integrations ?? []
        var worst: [String: HealthState] = [:]
        for side in sides where side.state != .paused {
            let isOpen = side.closedUntil.map { $0 > now } ?? false
            let state: HealthState = side.state == .refused ? .down : (isOpen ? .degraded : .ok)
            worst[side.connector] = max(worst[side.connector] ?? .ok, state)
        }
        var integrations = worst.mapValues { JSON.string(Self.word($0)) }
        // None of the couriers has a connector yet.
        integrations["couriers"] = [:]
        services["integrations"] = .object(integrations)
        return services
    }

    // MARK: Alerts

    func listAlerts(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            let all = try await hub.watch.alerts()
            for item in visit.request.address.query {
                guard item.name == "state", let state = AlertState(rawValue: item.value), state != .waiting else {
                    let known = "state=raised, state=acknowledged and state=resolved"
                    return visit.envelope.failure(.badRequest, "only \(known) narrow this list")
                }
                return visit.envelope.success(.array(all.filter { $0.state == state }.map(\.json)))
            }
            return visit.envelope.success(.array(all.map(\.json)))
        }
    }

    func acknowledgeAlert(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            guard body.object?.isEmpty ?? true else {
                throw BodyRefusal(code: .badRequest, sentence: "nothing is to be said in the body")
            }
            guard let kind = AlertKind(rawValue: visit.names[0]),
                let alert = try await hub.watch.acknowledge(kind, by: visit.actor)
            else {
                if let claim { try await hub.desk.giveUp(claim) }
                let name = visit.names[0].prefix(40)
                return visit.envelope.failure(
                    .notFound, "no alert \"\(name)\" is open")
            }
            let response = visit.envelope.success(alert.json)
            if let claim { try await hub.desk.keep(KeptAnswer(response), of: claim) }
            return response
        }
    }

    // MARK: The log

    /// How long another level is kept unless somebody says it, in minutes.
    static let usualLogMinutes = 30

    func logLevel(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) { visit.envelope.success(try await hub.watch.logLevel().json) }
    }

    func setLogLevel(_ visit: Visit) async -> HTTPResponse {
        await changed(visit, isBodyNeeded: true) { body in
            let members = body.object ?? [:]
            if let name = members.keys.sorted().first(where: { !["level", "minutes"].contains($0) }) {
                throw IntegrationRefusal.fields([
                    SettingProblem(name, "\"\(name.prefix(60))\" means nothing here; there are: level, minutes")
                ])
            }
            var level: Logger.Level?
            if let said = members["level"], !said.isNull {
                guard let known = said.string.flatMap(Telemetry.level(named:)) else {
                    let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                    throw IntegrationRefusal.fields([
                        SettingProblem("level", "\"level\" must be null or one of: \(names)")
                    ])
                }
                level = known
            } else if members["level"] == nil {
                throw IntegrationRefusal.fields([
                    SettingProblem("level", "\"level\" must be said; null: as it was started")
                ])
            }
            var minutes = Self.usualLogMinutes
            if let said = members["minutes"] {
                guard let number = said.integer, (1...Hub.longestLogWishMinutes).contains(number) else {
                    let longest = Hub.longestLogWishMinutes
                    throw IntegrationRefusal.fields([
                        SettingProblem("minutes", "\"minutes\" must be from 1 to \(longest)")
                    ])
                }
                minutes = number
            }
            return visit.envelope.success(
                try await hub.watch.log(from: level, minutes: minutes, by: visit.actor).json)
        }
    }
}
