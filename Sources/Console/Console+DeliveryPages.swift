import Commerce
import Identity
import Intake
import Ledger
import Pipeline
import Wire

/// Vendors' calls for people: a list that can be narrowed, one call with what it said, and a button for once more.
extension Console {
    /// The pages of them.
    static let deliveryPageRoutes: [Route] = [
        Route(
            "GET", "/deliveries", .those(.see), "The page of vendors' calls.",
            .page(200).asking(DeliveryQuery.formParameters).refusing(.conflict, .payloadTooLarge, .unsupportedMediaType)
        ) { await $0.deliveriesPage($1) },
        Route(
            "POST", "/deliveries", .those(.operate), "Has the calls the page shows understood once more.",
            .elsewhere.takingForm(["id": .text])
        ) {
            await $0.replayFromPage($1)
        },
        Route(
            "GET", "/deliveries/{id}", .those(.operate), "The page of one call, masked.", .page(200).refusing(.notFound)
        ) {
            await $0.deliveryPage($1)
        },
    ]

    /// How many calls one page shows, and how many bytes of a form are read.
    private static let pageLength = 50
    private static let formBytes = 65_536

    private func deliveriesPage(_ visit: Visit) async -> HTTPResponse {
        await changed(visit) { _ in
            let integrations = try await hub.integrations()
            let items = visit.request.address.query.map { (name: $0.name, value: $0.value) }
            let query = try DeliveryQuery(items, integrations, isForm: true)
            let found = try await hub.inbox.deliveries(query.filter, limit: Self.pageLength + 1)
            let shown = found.prefix(Self.pageLength)
            let may = visit.access?.may(.operate) ?? false
            let given = Dictionary(items.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
            var view: [String: View] = [
                "version": .text(options.version), "mayReplay": .flag(may && !shown.isEmpty),
                "mayOpen": .flag(may), "hasAny": .flag(!shown.isEmpty),
                "isFiltered": .flag(items.contains { !$0.value.isEmpty }),
                "integrations": .list(
                    integrations.map {
                        [
                            "name": .text($0.name), "id": .text($0.publicID),
                            "isChosen": .flag(given["integration"] == $0.publicID || given["integration"] == $0.name),
                        ]
                    }),
                "states": .list(
                    [DeliveryState.received, .understood, .ignored, .rejected].map {
                        ["word": .text($0.rawValue), "isChosen": .flag(query.filter.state == $0)]
                    }),
                "deliveries": .list(shown.map { row($0.told(to: visit.sight), at: visit.envelope.now, may) }),
            ]
            for name in ["topic", "since", "until"] { view[name] = .optional(given[name]) }
            view["unproved"] = await unproved()
            view["next"] = found.count > shown.count ? .optional(Self.next(items, shown.last)) : .flag(false)
            return visit.envelope.html(templates.render("deliveries", .object(view)))
        }
    }

    private func row(_ delivery: DeliveryView, at now: Moment, _ mayOpen: Bool) -> View {
        [
            "id": .text(String(delivery.report.id)), "mayOpen": .flag(mayOpen),
            "time": [
                "iso": .text(delivery.report.receivedAt.description),
                "exact": .text(Words.exact(delivery.report.receivedAt)),
                "relative": .text(Words.relative(delivery.report.receivedAt, to: now)),
            ],
            "integration": .text(delivery.integration ?? "gone"),
            "topic": .text(Words.cut(delivery.report.topic, to: 80)),
            "state": .text(delivery.report.state.rawValue), "tone": .text(Self.tone(delivery.report.state)),
            "repeats": .text(Words.again(delivery.report.repeats)),
            "detail": .text(Words.cut(delivery.report.detail ?? "", to: 300)),
        ]
    }

    private static func tone(_ state: DeliveryState) -> String {
        switch state {
        case .received: "busy"
        case .understood: "good"
        case .ignored: "quiet"
        case .rejected: "bad"
        }
    }

    /// The address of what comes behind a page.
    private static func next(_ items: [(name: String, value: String)], _ last: DeliveryView?) -> String? {
        guard let last else { return nil }
        var address = HTTPAddress(scheme: "http", host: "", path: "/deliveries")
        address.query =
            items.filter { $0.name != "before" && !$0.value.isEmpty }.map { .init($0.name, $0.value) }
            + [.init("before", String(last.report.id))]
        return "/deliveries?" + address.encodedQuery
    }

    private func deliveryPage(_ visit: Visit) async -> HTTPResponse {
        await looked(visit.envelope) {
            guard let id = Int64(visit.names[0]),
                let delivery = try await hub.inbox.delivery(id)?.told(to: visit.sight)
            else {
                return visit.envelope.failure(
                    .notFound, "there is no stored call \"\(visit.names[0].prefix(40))\"")
            }
            var view: [String: View] = [
                "version": .text(options.version), "call": row(delivery, at: visit.envelope.now, true),
                "id": .text(String(id)), "mayReplay": .flag(delivery.report.state != .received),
                "hasBody": .flag(delivery.body != nil),
            ]
            view["unproved"] = await unproved()
            view["headers"] = .list(
                (delivery.headers?.array ?? []).map {
                    ["name": .optional($0["name"]?.string), "value": .optional($0["value"]?.string)]
                })
            view["body"] = .text(delivery.body.map { Self.indented($0, "") } ?? "")
            return visit.envelope.html(templates.render("delivery", .object(view)))
        }
    }

    /// JSON as people read it: a member a line.
    private static func indented(_ json: JSON, _ margin: String) -> String {
        let inner = margin + "  "
        switch json {
        case .object(let members) where !members.isEmpty:
            let lines = members.sorted { $0.key < $1.key }.map {
                inner + JSON.string($0.key).text + ": " + indented($0.value, inner)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + margin + "}"
        case .array(let elements) where !elements.isEmpty:
            return "[\n" + elements.map { inner + indented($0, inner) }.joined(separator: ",\n") + "\n" + margin + "]"
        default: return json.text
        }
    }

    /// `id` once for each call that is meant.
    private func replayFromPage(_ visit: Visit) async -> HTTPResponse {
        guard visit.request.body.count <= Self.formBytes else {
            return visit.envelope.failure(.payloadTooLarge, "the form is too large")
        }
        let form = HTTPAddress.query(String(decoding: visit.request.body, as: UTF8.self))
        let ids = form.filter { $0.name == "id" }.compactMap { Int64($0.value) }
        guard !ids.isEmpty else { return visit.envelope.failure(.badRequest, "no call was chosen") }
        return await looked(visit.envelope) {
            do {
                _ = try await hub.inbox.replay(deliveries: ids, by: visit.actor)
            } catch let error as HubError {
                return visit.envelope.failure(.badRequest, error.description)
            }
            let place = ids.count == 1 ? "/deliveries/\(ids[0])" : "/deliveries"
            return HTTPResponse(status: 303, headers: ["Location": place])
        }
    }
}
