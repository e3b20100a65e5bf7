import Commerce
import Ledger
import Pipeline
import Repeats
import Wire

/// Integrations over HTTP, as seed 002 has it.
extension Console {
    /// How many integrations one page shows: unless said, and at most (C-15).
    private static let pageLimit = (usual: 50, most: 500)
    /// The last page that may be asked for by its number.
    private static let lastPage = 1_000_000

    /// The addresses of integrations.
    static let integrationRoutes: [Route] = [
        Route(
            "GET", "/api/integrations", .those(.see), "The integrations, page by page.",
            .data(.list(.integration), pages: .integrationPages).leading(to: "/api/integrations/{id}", by: "/data/0/id")
                .asking(
                    Contract.Parameter("page", .integer(1...lastPage), "The page by its number; not beside next."),
                    .limit(pageLimit),
                    Contract.Parameter("status", .word(["active", "paused", "refused"]), "Those in this state."),
                    Contract.Parameter("connector", .text(1...80), "Those of this connector."),
                    Contract.Parameter("next", .text, "What the answer before this one gave."))
        ) {
            await $0.listIntegrations($1)
        },
        Route(
            "POST", "/api/integrations", .those(.configure), "Makes an integration.",
            .data(.integration, status: 201).leading(to: "/api/integrations/{id}", by: "/data/id").leading(
                to: "/webhooks/{integrationId}", by: "/data/id"
            ).taking(.newIntegration).once.refusing(
                .validationFailed, .nameTaken, .conflict)
        ) {
            await $0.createIntegration($1)
        },
        Route(
            "GET", "/api/integrations/system/health", .those(.see), "How the hub and its integrations are.",
            .data(.systemHealth)
        ) {
            await $0.systemHealth($1)
        },
        Route("GET", "/api/integrations/system/metrics", .those(.see), "The hub in numbers.", .data(.systemMetrics)) {
            await $0.systemMetrics($1)
        },
        Route(
            "GET", "/api/integrations/{id}", .those(.see), "One integration.", .data(.integration).refusing(.notFound)
        ) { await $0.integration($1) },
        Route(
            "PUT", "/api/integrations/{id}", .those(.configure), "Gives an integration other settings.",
            .data(.integration).taking(.changedIntegration).refusing(
                .notFound, .validationFailed, .nameTaken, .conflict)
        ) {
            await $0.changeIntegration($1, isWhole: true)
        },
        Route(
            "PATCH", "/api/integrations/{id}", .those(.configure), "Changes some settings of an integration.",
            .data(.integration).taking(.changedIntegration).refusing(
                .notFound, .validationFailed, .nameTaken, .conflict)
        ) {
            await $0.changeIntegration($1, isWhole: false)
        },
        Route(
            "DELETE", "/api/integrations/{id}", .those(.configure), "Takes an integration away.",
            .data(.removal).asking(Contract.Parameter("confirm", .text, "Its name, where something would be lost."))
                .refusing(.notFound, .confirmationRequired, .conflict, .payloadTooLarge, .unsupportedMediaType)
        ) {
            await $0.removeIntegration($1)
        },
        Route(
            "POST", "/api/integrations/{id}/sync", .those(.operate), "Brings an integration in step.",
            .data(.queued, status: 202).leading(to: "/api/batches/{id}", by: "/data/batchId").taking(
                .wantedSync, isNeeded: false
            ).once.refusing(
                .notFound, .validationFailed, .integrationInactive)
        ) {
            await $0.syncIntegration($1)
        },
        Route(
            "POST", "/api/integrations/{id}/test-connection", .those(.operate), "Reaches an integration once.",
            .data(.check).taking(.nothing, isNeeded: false).once.refusing(.notFound)
        ) {
            await $0.testIntegration($1)
        },
        Route(
            "GET", "/api/integrations/{id}/metrics", .those(.see), "One integration in numbers.",
            .data(.integrationMetrics).refusing(.notFound)
        ) {
            await $0.integrationMetrics($1)
        },
    ]

    // MARK: Looking

    private struct Paging {
        var filter = IntegrationFilter()
        var page: Int?
        var limit = Console.pageLimit.usual
    }

    /// `GET /api/integrations?page=&limit=&status=&connector=&next=`.
    private func listIntegrations(_ visit: Visit) async -> HTTPResponse {
        let envelope = visit.envelope
        return await looked(envelope) {
            let paging = try Self.paging(visit.request.address.query)
            let found = try await hub.desk.integrationPage(
                paging.filter, limit: paging.limit, offset: ((paging.page ?? 1) - 1) * paging.limit)
            let pages = (found.total + paging.limit - 1) / paging.limit
            return envelope.success(
                .array(found.views.map { $0.json(organization: options.organization) }),
                pagination: [
                    "page": .integer(paging.page ?? found.before / paging.limit + 1), "limit": .integer(paging.limit),
                    "total": .integer(found.total), "totalPages": .integer(pages),
                    "next": .text(found.next.map { Signature.hex(Array($0.utf8)) }),
                ])
        }
    }

    private static func paging(_ query: [HTTPAddress.QueryItem]) throws(BodyRefusal) -> Paging {
        var paging = Paging()
        guard Set(query.map(\.name)).count == query.count else {
            throw QueryWord.refusal("a word stands twice in the query")
        }
        for item in query {
            switch item.name {
            case "page": paging.page = try QueryWord.number(item.name, item.value, atMost: lastPage)
            case "limit": paging.limit = try QueryWord.number(item.name, item.value, atMost: pageLimit.most)
            case "connector": paging.filter.connector = try word(item)
            case "status":
                let word = item.value.lowercased()
                guard let state = IntegrationState(rawValue: word == "inactive" ? "paused" : word) else {
                    throw QueryWord.refusal("status must be active, paused or refused")
                }
                paging.filter.state = state
            case "next":
                guard let name = name(next: item.value) else {
                    throw QueryWord.refusal("next must be what an answer gave")
                }
                paging.filter.after = name
            default: throw QueryWord.unknown(item.name, known: words)
            }
        }
        guard paging.page == nil || paging.filter.after == nil else {
            throw QueryWord.refusal("page and next exclude each other")
        }
        return paging
    }

    /// A word that may be asked for: control characters stand in no name, and no server takes all of them.
    private static func word(_ item: HTTPAddress.QueryItem) throws(BodyRefusal) -> String {
        guard isPlain(item.value), item.value.utf8.count <= 80 else {
            throw BodyRefusal(code: .badRequest, sentence: "\(item.name) must be a word")
        }
        return item.value
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value >= 0x20 }
    }

    private static let words = "page, limit, status, connector, next"

    private static func name(next text: String) -> String? {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2), (2...160).contains(digits.count) else {
            return nil
        }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
        return String(validating: bytes, as: UTF8.self).flatMap { isPlain($0) ? $0 : nil }
    }

    private func integration(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            try await hub.desk.view(at: visit.names[0]).map {
                visit.envelope.success($0.json(organization: options.organization))
            } ?? nothing(visit)
        }
    }

    // MARK: Changing

    private func createIntegration(_ visit: Visit) async -> HTTPResponse {
        await once(visit, isBodyNeeded: true) { body, claim in
            let wish = try IntegrationWish(body)
            if let refusal = refusal(of: wish, visit) {
                if let claim { try await hub.desk.giveUp(claim) }
                return refusal
            }
            let organization = options.organization
            let answer: @Sendable (IntegrationView) -> HTTPResponse = {
                var response = visit.envelope.success($0.json(organization: organization), status: 201)
                response.headers["Location"] = "/api/integrations/\($0.integration.publicID)"
                return response
            }
            let view = try await hub.desk.create(
                wish, by: visit.actor, answering: Answering(claim) { KeptAnswer(answer($0)) })
            return answer(view)
        }
    }

    private func changeIntegration(_ visit: Visit, isWhole: Bool) async -> HTTPResponse {
        await changed(visit, isBodyNeeded: true) { body in
            let wish = try IntegrationWish(body)
            if let refusal = refusal(of: wish, visit) { return refusal }
            let view = try await hub.desk.change(visit.names[0], wish, isWhole: isWhole, by: visit.actor)
            return view.map { visit.envelope.success($0.json(organization: options.organization)) } ?? nothing(visit)
        }
    }

    /// An integration of another merchant is nobody's here.
    private func refusal(of wish: IntegrationWish, _ visit: Visit) -> HTTPResponse? {
        guard let merchant = wish.merchant, merchant != options.organization else { return nil }
        return visit.envelope.failure(.forbidden, otherOrganization("merchantId"))
    }

    /// `DELETE /api/integrations/{id}?confirm=NAME`.
    private func removeIntegration(_ visit: Visit) async -> HTTPResponse {
        await changed(visit) { _ in
            let query = visit.request.address.query
            guard query.allSatisfy({ $0.name == "confirm" }), query.count <= 1 else {
                return visit.envelope.failure(.badRequest, "nothing but confirm=NAME means something here")
            }
            let removal = try await hub.desk.remove(
                visit.names[0], confirmed: query.first?.value, by: visit.actor)
            return removal.map { visit.envelope.success(["removed": $0.json]) } ?? nothing(visit)
        }
    }

    // MARK: Asking for work

    private func syncIntegration(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            let answer: @Sendable (SyncAnswer) -> HTTPResponse = { visit.envelope.success($0.json, status: 202) }
            let done = try await hub.desk.sync(
                visit.names[0], SyncWish(body), by: visit.actor,
                answering: Answering(claim) { KeptAnswer(answer($0)) })
            if done == nil, let claim { try await hub.desk.giveUp(claim) }
            return done.map(answer) ?? nothing(visit)
        }
    }

    private func testIntegration(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            guard body.object?.isEmpty ?? true else {
                throw BodyRefusal(code: .badRequest, sentence: "nothing is to be said in the body")
            }
            guard let found = try await hub.desk.test(visit.names[0], by: visit.actor) else {
                if let claim { try await hub.desk.giveUp(claim) }
                return nothing(visit)
            }
            let response = visit.envelope.success(found.json)
            if let claim { try await hub.desk.keep(KeptAnswer(response), of: claim) }
            return response
        }
    }

    /// What is said to who names another organization than that of his token, in a member or a word of the query.
    func otherOrganization(_ name: String) -> String {
        "this token is for \"\(options.organization)\", and \"\(name)\" names another; leave it out, or give that"
    }

    func nothing(_ visit: Visit) -> HTTPResponse {
        visit.envelope.failure(.notFound, "there is no integration \"\(visit.names[0].prefix(40))\"")
    }
}

extension KeptAnswer {
    /// An answer as it is kept: but for where what was made is found, its headers are made anew.
    init(_ response: HTTPResponse) {
        self.init(status: response.status, location: response.headers["Location"], body: response.body)
    }
}
