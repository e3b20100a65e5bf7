import Commerce
import Ledger
import Pipeline
import Wire

/// What the hub knows, over HTTP: lists of records, and one with how it came to be what it is.
extension Console {
    static let recordRoutes: [Route] = [
        Route(
            "GET", "/api/records", .those(.see), "The records of one kind, page by page.",
            .data(.list(.record), pages: .nextPages).leading(to: "/api/records/{id}", by: "/data/0/id")
                .asking(RecordQuery.parameters)
        ) {
            await $0.records($1)
        },
        Route(
            "GET", "/api/records/{id}", .those(.see), "One record, and how each part of it came to be what it is.",
            .data(.recordStory).refusing(.notFound)
        ) {
            await $0.record($1)
        },
    ]

    /// `GET /api/records?kind=&since=&order=&deleted=&key=&prefix=&integration=&externalId=&limit=&next=`.
    private func records(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            let query = try RecordQuery(visit.request.address.query)
            let page = try await page(query)
            let pagination: JSON = [
                "limit": .integer(query.limit), "next": .text(page.next.map(RecordQuery.text)),
            ]
            return visit.envelope.success(pagination: pagination) { text in
                text.array { text in
                    for view in page.views { view.told(to: visit.sight).write(into: &text) }
                }
            }
        }
    }

    private func page(_ query: RecordQuery) async throws -> RecordPage {
        do {
            return try await hub.catalogue.records(query.filter, after: query.place, limit: query.limit)
        } catch let unknown as UnknownIntegration {
            throw QueryWord.refusal("there is no integration \"\(unknown.word.prefix(40))\"")
        }
    }

    private func record(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            guard let id = Int64(visit.names[0]), let story = try await hub.catalogue.record(id) else {
                return visit.envelope.failure(.notFound, "there is no record \"\(visit.names[0].prefix(40))\"")
            }
            return visit.envelope.success { story.told(to: visit.sight).write(into: &$0) }
        }
    }
}
