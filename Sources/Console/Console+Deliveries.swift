import Commerce
import Intake
import Pipeline
import Repeats
import Wire

/// Vendors' calls as they were stored: looked at, and understood once more.
extension Console {
    /// The addresses of them.
    static let deliveryRoutes: [Route] = [
        Route(
            "GET", "/api/webhooks/incoming", .those(.see), "The stored calls of vendors, the latest first.",
            .data(.list(.delivery), pages: .deliveryPages).leading(to: "/api/webhooks/incoming/{id}", by: "/data/0/id")
                .leading(to: "/deliveries/{id}", by: "/data/0/id").asking(DeliveryQuery.parameters).refusing(
                    .conflict, .payloadTooLarge, .unsupportedMediaType)
        ) {
            await $0.deliveries($1)
        },
        Route(
            "POST", "/api/webhooks/incoming/replay", .those(.operate), "Has stored calls understood once more.",
            .data(.replayedDeliveries, status: 202).taking(.replayWish).once
        ) {
            await $0.replayDeliveries($1)
        },
        Route(
            "GET", "/api/webhooks/incoming/{id}", .those(.operate), "One stored call and what it said, masked.",
            .data(.shownDelivery).refusing(.notFound)
        ) {
            await $0.delivery($1)
        },
        Route(
            "POST", "/api/webhooks/incoming/{id}/replay", .those(.operate), "Has one stored call understood once more.",
            .data(.replayedDeliveries, status: 202).taking(.nothing, isNeeded: false).once.refusing(.notFound)
        ) { await $0.replayDelivery($1) },
        Route(
            "POST", "/api/integrations/{id}/webhook/test", .those(.operate),
            "Sends an integration a signed call without meaning.",
            .data(.testReceipt, status: 202).leading(to: "/api/webhooks/incoming/{id}", by: "/data/deliveryId").leading(
                to: "/deliveries/{id}", by: "/data/deliveryId"
            ).taking(.nothing, isNeeded: false).once.refusing(.notFound)
        ) { await $0.testWebhook($1) },
    ]

    /// `GET /api/webhooks/incoming?integration=&state=&topic=&since=&until=&before=&limit=`.
    private func deliveries(_ visit: Visit) async -> HTTPResponse {
        await changed(visit) { _ in
            let items = visit.request.address.query.map { (name: $0.name, value: $0.value) }
            let query = try DeliveryQuery(items, try await hub.integrations())
            let found = try await hub.inbox.deliveries(query.filter, limit: query.limit + 1)
            let shown = found.prefix(query.limit)
            let next = found.count > query.limit ? shown.last.map { String($0.report.id) } : nil
            return visit.envelope.success(
                .array(shown.map { $0.told(to: visit.sight).json }),
                pagination: ["limit": .integer(query.limit), "next": .text(next)])
        }
    }

    private func delivery(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            guard let id = Int64(visit.names[0]), let view = try await hub.inbox.delivery(id) else {
                return noDelivery(visit)
            }
            return visit.envelope.success(view.told(to: visit.sight).json)
        }
    }

    private func noDelivery(_ visit: Visit) -> HTTPResponse {
        visit.envelope.failure(.notFound, "there is no stored call \"\(visit.names[0].prefix(40))\"")
    }

    private func replayDelivery(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            try Self.nothingIn(body)
            guard let id = Int64(visit.names[0]), try await hub.inbox.delivery(id) != nil else {
                if let claim { try await hub.desk.giveUp(claim) }
                return noDelivery(visit)
            }
            return try await replayed(hub.inbox.replay(deliveries: [id], by: visit.actor), visit, claim)
        }
    }

    /// `{"ids": [...]}`, or the words of the list's query but `before` and `limit`.
    private func replayDeliveries(_ visit: Visit) async -> HTTPResponse {
        await once(visit, isBodyNeeded: true) { body, claim in
            let members = body.object ?? [:]
            guard let list = members["ids"] else {
                let items = try members.sorted { $0.key < $1.key }.map { name, value in
                    guard let text = value.string, !["before", "limit"].contains(name) else {
                        throw BodyRefusal(code: .badRequest, sentence: "\"\(name.prefix(60))\" must be a text")
                    }
                    return (name: name, value: text)
                }
                guard !items.isEmpty else {
                    throw BodyRefusal(code: .badRequest, sentence: "say which: \"ids\", or a state, topic or time")
                }
                let query = try DeliveryQuery(items, try await hub.integrations())
                return try await replayed(hub.inbox.replay(query.filter, by: visit.actor), visit, claim)
            }
            guard members.count == 1, let given = list.array, (1...Hub.replayLimit).contains(given.count) else {
                throw BodyRefusal(
                    code: .badRequest, sentence: "\"ids\" is a list of 1 to \(Hub.replayLimit) ids, and stands alone")
            }
            let ids = given.compactMap { $0.scalarText.flatMap { Int64($0) } }
            guard ids.count == given.count else {
                throw BodyRefusal(code: .badRequest, sentence: "\"ids\" must be numbers of stored calls")
            }
            return try await replayed(hub.inbox.replay(deliveries: ids, by: visit.actor), visit, claim)
        }
    }

    private func replayed(_ ids: [Int64], _ visit: Visit, _ claim: RequestClaim?) async throws -> HTTPResponse {
        let response = visit.envelope.success(
            ["replayed": .array(ids.map { .string(String($0)) }), "count": .integer(ids.count)], status: 202)
        if let claim { try await hub.desk.keep(KeptAnswer(response), of: claim) }
        return response
    }

    /// Refuses a body that says something where nothing is to be said.
    static func nothingIn(_ body: JSON) throws {
        guard body.object?.isEmpty ?? true else {
            throw BodyRefusal(code: .badRequest, sentence: "nothing is to be said in the body")
        }
    }

    private func testWebhook(_ visit: Visit) async -> HTTPResponse {
        await once(visit) { body, claim in
            try Self.nothingIn(body)
            let known = try await hub.integrations().first { $0.publicID == visit.names[0] }
            guard let known else {
                if let claim { try await hub.desk.giveUp(claim) }
                return nothing(visit)
            }
            let reception = try await hub.inbox.sampleWebhook(to: known, by: visit.actor)
            guard case .stored(let id) = reception else {
                throw HubError("the hub does not take its own test call: \(reception)")
            }
            let response = visit.envelope.success(
                ["receiptId": .string("rcp_\(id)"), "deliveryId": .string(String(id)), "accepted": true], status: 202)
            if let claim { try await hub.desk.keep(KeptAnswer(response), of: claim) }
            return response
        }
    }
}
