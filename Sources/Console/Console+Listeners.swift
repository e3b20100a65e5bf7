import Commerce
import ConnectorKit
import Notices
import Pipeline
import Repeats
import Wire

/// The hub's own webhooks over HTTP: who is told of changes, and what came of it.
extension Console {
    /// How many notices one answer lists: unless said, and at most.
    private static let noticeLimit = (usual: 50, most: 200)

    /// The addresses of the hub's own webhooks.
    static let listenerRoutes: [Route] = [
        Route(
            "GET", "/api/event-types", .those(.see), "The events that can be told, with their schemas.",
            .list(.eventType)
        ) { _, visit in
            visit.envelope.success(.array(EventCatalogue.all.map(\.json)))
        },
        Route(
            "POST", "/api/integrations/{id}/webhook/register", .those(.configure),
            "Registers a webhook that hears of one integration's records.",
            .data(.listener, status: 201).leading(to: "/api/outgoing-webhooks/{id}", by: "/data/id").taking(
                .newListener
            ).once.refusing(.notFound, .validationFailed, .nameTaken)
        ) { await $0.register($1, at: $1.names[0]) },
        Route(
            "GET", "/api/integrations/{id}/webhook", .those(.see), "The webhooks of one integration.",
            .list(.listener).refusing(.notFound)
        ) {
            await $0.listListeners($1, at: $1.names[0])
        },
        Route(
            "GET", "/api/outgoing-webhooks", .those(.see), "All webhooks of the hub's own.",
            .list(.listener).leading(to: "/api/outgoing-webhooks/{id}", by: "/data/0/id")
        ) {
            await $0.listListeners($1, at: nil)
        },
        Route(
            "POST", "/api/outgoing-webhooks", .those(.configure), "Registers a webhook that hears of all records.",
            .data(.listener, status: 201).leading(to: "/api/outgoing-webhooks/{id}", by: "/data/id").taking(
                .newListener
            ).once.refusing(.validationFailed, .nameTaken)
        ) {
            await $0.register($1, at: nil)
        },
        Route("GET", "/api/outgoing-webhooks/{id}", .those(.see), "One webhook.", .data(.listener).refusing(.notFound))
        { console, visit in
            await console.looked(visit.envelope) {
                try await console.hub.listeners.listenerView(visit.names[0]).map {
                    visit.envelope.success($0.json)
                } ?? console.noWebhook(visit)
            }
        },
        Route(
            "PATCH", "/api/outgoing-webhooks/{id}", .those(.configure), "Changes a webhook.",
            .data(.listener).taking(.changedListener).refusing(.notFound, .validationFailed, .nameTaken, .conflict)
        ) {
            await $0.changeListener($1)
        },
        Route(
            "DELETE", "/api/outgoing-webhooks/{id}", .those(.configure), "Takes a webhook away, with its log.",
            .data(.object(["removed": .text])).refusing(.notFound, .conflict, .payloadTooLarge, .unsupportedMediaType)
        ) {
            await $0.removeListener($1)
        },
        Route(
            "POST", "/api/outgoing-webhooks/{id}/test", .those(.operate), "Sends a test event now.",
            .data(.notice).taking(.nothing, isNeeded: false).once.refusing(.notFound)
        ) {
            await $0.testListener($1)
        },
        Route(
            "POST", "/api/outgoing-webhooks/{id}/disable", .those(.operate), "Switches a webhook off.",
            .data(.object(["status": .word(["disabled"])])).taking(
                .object([:], optional: ["reason": .text(1...200)], isClosed: true), isNeeded: false
            ).once.refusing(.notFound, .validationFailed)
        ) {
            await $0.disableListener($1)
        },
        Route(
            "POST", "/api/outgoing-webhooks/{id}/enable", .those(.operate),
            "Switches a webhook on, and has told what it missed.",
            .data(.noticeReplay).taking(.object([:], optional: ["replay": .flag], isClosed: true), isNeeded: false).once
                .refusing(.notFound, .validationFailed)
        ) { await $0.enableListener($1) },
        Route(
            "POST", "/outgoing-webhooks/{id}/enable", .those(.operate),
            "The page's button: switches a webhook on, and has told what it missed.", .elsewhere.refusing(.notFound)
        ) { await $0.enableFromPage($1) },
        Route(
            "POST", "/api/outgoing-webhooks/{id}/rotate-secret", .those(.configure),
            "Gives a webhook another secret; the old one signs beside it for a while.",
            .data(.listener).taking(.rotation, isNeeded: false).refusing(.notFound, .validationFailed, .conflict)
        ) { await $0.rotateSecret($1) },
        Route(
            "GET", "/api/outgoing-webhooks/{id}/deliveries", .those(.see), "What a webhook was told, and each call.",
            .list(.notice).asking(
                Contract.Parameter("status", .word(of: NoticeState.self), "Those in this state."),
                Contract.Parameter("before", .text, "The id of a message; those before it."), .limit(noticeLimit)
            ).refusing(.notFound)
        ) {
            await $0.deliveries($1)
        },
        Route(
            "POST", "/api/outgoing-webhooks/{id}/deliveries/replay", .those(.operate),
            "Has told again what failed or was missed.",
            .data(.noticeReplay).taking(.noticeReplayWish, isNeeded: false).once.refusing(.notFound, .validationFailed)
        ) { await $0.replayDeliveries($1) },
    ]

    /// The button of the page.
    private func enableFromPage(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            let replay = try await hub.listeners.enable(listener: visit.names[0], replays: true, by: visit.actor)
            return replay == nil ? noWebhook(visit) : HTTPResponse(status: 303, headers: ["Location": "/"])
        }
    }

    // MARK: Looking

    private func listListeners(_ visit: Visit, at publicID: String?) async -> HTTPResponse {
        await looked(visit.envelope) {
            guard let views = try await hub.listeners.listenerViews(at: publicID) else { return nothing(visit) }
            return visit.envelope.success(.array(views.map(\.json)))
        }
    }

    /// `GET /api/outgoing-webhooks/{id}/deliveries?status=&before=&limit=`.
    private func deliveries(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            var (states, before, limit) = (NoticeState.allCases, Int64?.none, Self.noticeLimit.usual)
            for item in visit.request.address.query {
                switch item.name {
                case "status":
                    guard let state = NoticeState(rawValue: item.value) else {
                        let known = NoticeState.allCases.map(\.rawValue).joined(separator: ", ")
                        throw QueryWord.refusal("status must be one of \(known)")
                    }
                    states = [state]
                case "before":
                    guard let id = Notice.id(ofMessage: item.value) else {
                        throw QueryWord.refusal("before must be the id of a message: msg_ and a number")
                    }
                    before = id
                case "limit": limit = try QueryWord.number("limit", item.value, atMost: Self.noticeLimit.most)
                default: throw QueryWord.unknown(item.name, known: "status, before, limit")
                }
            }
            let log = try await hub.listeners.noticeLog(
                listener: visit.names[0], in: states, before: before, limit: limit)
            return log.map { visit.envelope.success(.array($0.map(\.json))) } ?? noWebhook(visit)
        }
    }

    // MARK: Changing

    private func register(_ visit: Visit, at publicID: String?) async -> HTTPResponse {
        await once(visit, isBodyNeeded: true) { body, claim in
            // The answer that is kept holds no secret: it is told once.
            let answer: @Sendable (ListenerView) -> HTTPResponse = {
                var response = visit.envelope.success($0.json, status: 201)
                response.headers["Location"] = "/api/outgoing-webhooks/\($0.listener.publicID)"
                return response
            }
            let view = try await hub.listeners.register(
                ListenerWish(body), at: publicID, by: visit.actor,
                answering: Answering(claim) { KeptAnswer(answer($0)) })
            guard let view else {
                if let claim { try await hub.desk.giveUp(claim) }
                return nothing(visit)
            }
            return answer(view)
        }
    }

    private func changeListener(_ visit: Visit) async -> HTTPResponse {
        await changed(visit, isBodyNeeded: true) { body in
            let view = try await hub.listeners.change(
                listener: visit.names[0], ListenerWish(body), by: visit.actor)
            return view.map { visit.envelope.success($0.json) } ?? noWebhook(visit)
        }
    }

    private func removeListener(_ visit: Visit) async -> HTTPResponse {
        await changed(visit) { _ in
            try await hub.listeners.remove(listener: visit.names[0], by: visit.actor)
                ? visit.envelope.success(["removed": .string(visit.names[0])]) : noWebhook(visit)
        }
    }

    /// Takes no key: the answer may hold a secret, which is stored nowhere as it is told.
    private func rotateSecret(_ visit: Visit) async -> HTTPResponse {
        await changed(visit) { body in
            let fields = try Fields(body, ["secret", "signing", "keep_old_hours"])
            let hours = try fields.number("keep_old_hours", 0...720) ?? 24
            let wish = try ListenerWish(.object((body.object ?? [:]).filter { $0.key != "keep_old_hours" }))
            let view = try await hub.listeners.rotateSecret(
                ofListener: visit.names[0], to: wish.namedSecret, signing: wish.namedSigning,
                keepingOldSeconds: Double(hours) * 3600, by: visit.actor)
            return view.map { visit.envelope.success($0.json) } ?? noWebhook(visit)
        }
    }

    // MARK: Asking for work

    private func testListener(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            _ = try Fields(body, [])
            let report = try await hub.listeners.test(listener: visit.names[0], by: visit.actor)
            return try await kept(report?.json, claim, visit)
        }
    }

    private func disableListener(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            let reason = try Fields(body, ["reason"]).text("reason") ?? "by \(visit.actor.name)"
            let isThere = try await hub.listeners.disable(listener: visit.names[0], reason: reason, by: visit.actor)
            return try await kept(isThere ? ["status": "disabled"] : nil, claim, visit)
        }
    }

    private func enableListener(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            let replays = try Fields(body, ["replay"]).flag("replay") ?? true
            let replay = try await hub.listeners.enable(
                listener: visit.names[0], replays: replays, by: visit.actor)
            return try await kept(replay?.json, claim, visit)
        }
    }

    private func replayDeliveries(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            let fields = try Fields(body, ["since", "all"])
            let replay = try await hub.listeners.replay(
                listener: visit.names[0], since: try fields.moment("since") ?? Moment(milliseconds: .min),
                all: try fields.flag("all") ?? false, by: visit.actor)
            return try await kept(replay?.json, claim, visit)
        }
    }

    /// Answers what was done, and keeps the answer where the request has a key.
    private func kept(_ data: JSON?, _ claim: RequestClaim?, _ visit: Visit) async throws -> HTTPResponse {
        guard let data else {
            if let claim { try await hub.desk.giveUp(claim) }
            return noWebhook(visit)
        }
        let response = visit.envelope.success(data)
        if let claim { try await hub.desk.keep(KeptAnswer(response), of: claim) }
        return response
    }

    private func noWebhook(_ visit: Visit) -> HTTPResponse {
        visit.envelope.failure(.notFound, "there is no webhook \"\(visit.names[0].prefix(40))\"")
    }
}

/// The fields of a small body: those that may be there, each of its sort.
private struct Fields {
    private let body: JSON

    init(_ body: JSON, _ known: [String]) throws(IntegrationRefusal) {
        self.body = body
        let unknown = (body.object ?? [:]).keys.filter { !known.contains($0) }.sorted()
        guard unknown.isEmpty else {
            let words = known.isEmpty ? "nothing is to be said" : "there are: \(known.joined(separator: ", "))"
            throw .fields(
                unknown.map { SettingProblem($0, "\"\($0.prefix(60))\" means nothing here; \(words)") })
        }
    }

    func flag(_ field: String) throws(IntegrationRefusal) -> Bool? {
        try read(field, "true or false") { $0.bool }
    }

    func text(_ field: String) throws(IntegrationRefusal) -> String? {
        try read(field, "a text of 1 to 200 bytes") { value in
            value.string.flatMap { (1...200).contains($0.utf8.count) ? $0 : nil }
        }
    }

    func number(_ field: String, _ range: ClosedRange<Int>) throws(IntegrationRefusal) -> Int? {
        try read(field, "a whole number from \(range.lowerBound) to \(range.upperBound)") { value in
            value.integer.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func moment(_ field: String) throws(IntegrationRefusal) -> Moment? {
        try read(field, "a time as 2026-11-20T21:51:20Z") { $0.string.flatMap(Moment.init(iso:)) }
    }

    private func read<Value>(
        _ field: String, _ sort: String, _ reading: (JSON) -> Value?
    ) throws(IntegrationRefusal) -> Value? {
        guard let given = body[field] else { return nil }
        guard let value = reading(given) else {
            throw .fields([SettingProblem(field, "\"\(field)\" must be \(sort)")])
        }
        return value
    }
}
