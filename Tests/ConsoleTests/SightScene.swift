import Commerce
import Identity
import Intake
import Ledger
import Queue
import Reconcile
import Store
import Testing
import Wire

@testable import Console
@testable import Pipeline

/// A hub that holds all it can hold of one person: her and her order, what changed, a conflict, work that waits, was
/// given up or is held by the guard, what far sides said of her, and calls of vendors.
struct SightScene {
    static let (name, email, phone, street) = ("Zzname", "zzmail@person.example", "+94719991234", "77 Zzstreet")
    static let markers = [name, email, "zzmail", "9991234", "Zzstreet"]
    static let (customer, order, journal, gone): (Int64, Int64, Int64, Int64) = (1001, 1002, 1003, 1004)

    let stage: IntegrationStage
    let till: String
    let listener: String
    let deliveries: [String]

    init() async throws {
        stage = try await IntegrationStage()
        till = try await stage.till(
            "Main Store",
            [
                "credentials": [
                    "endpoint": "https://till.example/api", "username": "u", "password": "w", "eventSecret": "s",
                ]
            ])
        let wish: JSON = ["url": "https://hooks.example/", "events": ["customer.*"], "name": "hooks"]
        listener = try #require(
            try await stage.ask("POST", "/api/outgoing-webhooks", wish).json["data"]?["id"]?.string)
        deliveries = try await Self.calls(stage, till)
        let (hub, side) = (stage.hub, try #require(try await stage.hub.known(till)).id)
        let organization = hub.organization
        try await hub.store.write { session in
            try Self.fill(LedgerTable(session, organization: organization), side)
            for sql in Self.rows(organization, side) { try session.run(sql, []) }
        }
    }

    private static func calls(_ stage: IntegrationStage, _ till: String) async throws -> [String] {
        var ids: [String] = []
        for _ in 0..<2 {
            let made = try await stage.ask("POST", "/api/integrations/\(till)/webhook/test")
            ids.append(try #require(made.json["data"]?["deliveryId"]?.string, "\(made.text)"))
        }
        try await stage.hub.drain()
        let (numbers, organization) = (ids.compactMap { Int64($0) }, stage.hub.organization)
        try await stage.hub.store.write { session in
            try Intake.settle(
                numbers[0], .rejected, "phone: \(phone) of \(name) is none", organization: organization,
                session: session)
            try Intake.settle(
                numbers[1], .understood, "customer \(email); not taken: \(name) has no e-mail",
                organization: organization, session: session)
        }
        return ids
    }

    private static func fill(_ ledger: LedgerTable, _ side: Int64) throws {
        let address = Address(name: name, line1: street, phone: phone, email: email).json
        let customer: [String: JSON] = [
            "name": ["first": "Zoe", "last": .string(name)], "email": .string(email), "phone": .string(phone),
            "billing": address, "notes": .string("ask for \(name)"), "isGuest": false,
        ]
        let order: [String: JSON] = [
            "content": [
                "number": "7001", "billing": address, "shippingAddress": address,
                "customerNote": .string("ring at \(name)"),
                "total": "10.00 LKR",
            ],
            "refunds": [["key": "1", "amount": "1.00 LKR", "reason": .string("\(name) gave it back")]],
            "payments": [["key": "1", "reference": .string(email)]], "customer": ["id": .integer(Self.customer)],
        ]
        let journal: [String: JSON] = [
            "content": [
                "number": "", "day": "2026-11-20", "description": .string("order 7001, \(name)"),
                "splits": [["account": "a", "value": "10.00 LKR", "memo": .string(name)]],
            ]
        ]
        try ledger.save([
            record(Self.customer, .customer, "Zoe \(name)", customer), record(Self.order, .order, "7001", order),
            record(Self.journal, .journal, "2026-11-20 order 7001, \(name)", journal),
            record(gone, .customer, "Zoe \(name)", [:], isDeleted: true),
        ])
        var link = HubLink(id: 90, record: Self.customer, integration: side, kind: .customer, externalID: email)
        link.parts = ["phone": LinkedPart(sent: .string(phone), seen: .string(phone))]
        let other = HubLink(id: 91, record: Self.order, integration: side, kind: .order, externalID: "7001")
        try ledger.save([link, other])
        try ledger.append(
            customer.map { change(Self.customer, .customer, $0, $1, side) }
                + order.map { change(Self.order, .order, $0, $1, side) }
                + journal.map { change(Self.journal, .journal, $0, $1, side) }
                + [change(Self.customer, .customer, "link", .string(email), side)])
    }

    private static func record(
        _ id: Int64, _ kind: RecordKind, _ title: String, _ parts: [String: JSON], isDeleted: Bool = false
    ) -> HubRecord {
        let at = IntegrationStage.start
        var record = HubRecord(id: id, kind: kind, title: title, now: at)
        record.isDeleted = isDeleted
        record.hold = kind == .order ? "the lines of \(name) do not add up" : nil
        record.parts = parts.mapValues {
            HubPart(value: $0, origin: nil, changed: ChangeInterval(after: at, before: at))
        }
        return record
    }

    private static func change(
        _ record: Int64, _ kind: RecordKind, _ part: String, _ value: JSON, _ side: Int64
    ) -> Change {
        Change(
            record: record, kind: kind, part: part, old: value, new: value, loser: value, origin: side,
            rule: "changed there only", at: IntegrationStage.start)
    }

    private static func rows(_ organization: Int64, _ side: Int64) -> [String] {
        let said = "the far side refused it: \(name) lives at \(street), write to \(email)"
        func job(
            _ id: Int, _ queue: String, _ kind: String, _ key: String, _ state: String, _ error: String, isOpen: Int
        ) -> String {
            """
            INSERT INTO job (organization_id, id, queue, integration_id, kind, key, priority, state, is_open, run_at,
                payload, error_class, error, created_at, updated_at)
            VALUES (\(organization), \(id), '\(queue)', \(side), '\(kind)', '\(key)', 100, '\(state)', \(isOpen),
                1900000000000, '{"name":"\(name)"}', 'refused:no_such_street', '\(error)', 1, 1)
            """
        }
        return [
            job(501, "deliver", "customer", "\(customer)", "dead", said, isOpen: 0),
            job(502, "deliver", "order", "\(order)", "held", said, isOpen: 1),
            job(503, "fetch", "customer", email, "retryable", said, isOpen: 1),
            job(504, "deliver", "journal", "\(journal)", "scheduled", said, isOpen: 1),
            job(505, "task", "", "mail \(email)", "cancelled", "no mail to \(email)", isOpen: 0),
            """
            INSERT INTO conflict (organization_id, id, record_id, link_id, part, base, theirs, ours, opened_at)
            VALUES (\(organization), 601, \(customer), 90, 'phone', '"\(phone)"', '"\(phone)"', '"\(name)"', 1)
            """,
            """
            INSERT INTO rejection (organization_id, integration_id, kind, external_id, reason, first_at, last_at)
            VALUES (\(organization), \(side), 'customer', '\(email)', '\(name): no such street: \(street)', 1, 1),
                (\(organization), \(side), 'invoice', '9', 'the invoice of \(name) has no total', 1, 1)
            """,
            """
            INSERT INTO guard_hold (organization_id, id, integration_id, kind, sort, state, total, opened_at, grown_at)
            VALUES (\(organization), 701, \(side), 'customer', 'deleted', 'open', 9, 1, 1)
            """,
            """
            INSERT INTO guard_item (organization_id, integration_id, kind, external_id, part, sort, record_id, hold_id,
                old, new, decision, at)
            VALUES (\(organization), \(side), 'customer', '\(email)', 'link', 'deleted', \(customer), 701,
                '"\(email)"', 'null', 'waits', 1)
            """,
        ]
    }

    // MARK: Asking

    /// What an address leaves open, filled with what this hub has; nil where nobody has thought of it.
    private func fillings(_ route: Route) -> [String]? {
        let ids: [String: [String]] = [
            "/api/jobs/{id}": (501...505).map(String.init), "/api/batches/{id}": ["1"],
            "/api/records/{id}": [Self.customer, Self.order, Self.journal, Self.gone].map(String.init),
            "/api/integrations/{id}": [till], "/api/integrations/{id}/metrics": [till],
            "/api/integrations/{id}/webhook": [till], "/api/integrations/{id}/authorization": [till],
            "/api/outgoing-webhooks/{id}": [listener], "/api/outgoing-webhooks/{id}/deliveries": [listener],
            "/assets/{name}": ["console.css"], "/admin/integration/{connector}/callback": ["till"],
            "/api/webhooks/incoming/{id}": deliveries, "/deliveries/{id}": deliveries,
        ]
        return route.pattern.contains("{") ? ids[route.pattern] : [""]
    }

    /// What may be asked at an address, each word in all its values where there are few.
    private func queries(_ route: Route) -> [String] {
        switch route.pattern {
        case "/api/records":
            RecordKind.allCases.flatMap { kind in
                ["", "&deleted=true", "&integration=\(till)", "&order=latest"].map { "?kind=\(kind.rawValue)\($0)" }
            }
        case "/api/jobs": [""] + JobState.allCases.map { "?state=\($0.rawValue)" }
        case "/api/health": ["?detailed=true"]
        default: [""]
        }
    }

    /// Every address that may be read with a permission, or by whoever is known.
    func addresses(with permissions: Set<Permission>) throws -> [String] {
        try Console.routes.filter { route in
            switch route.admission {
            case .vendors: false
            case .everybody, .known: route.method == "GET"
            case .those(let permission): route.method == "GET" && permissions.contains(permission)
            }
        }.flatMap { route in
            let names = try #require(fillings(route), "say what \(route.pattern) is to be asked for")
            return names.flatMap { name in
                queries(route).map { route.pattern.replacing(/\{\w+\}/, with: name) + $0 }
            }
        }
    }

    /// What is answered there; of a page that is renewed, what it begins with.
    func answer(_ path: String, _ role: Role) async throws -> (status: Int, text: String) {
        stage.pass(seconds: 1)
        let answer = try await stage.ask("GET", path, role: role)
        var text = answer.text + answer.headers.list.map(\.value).joined(separator: "\n")
        if let stream = answer.stream {
            var messages = stream.makeAsyncIterator()
            for _ in 0..<LiveDeskTests.opening {
                text += await messages.next().map { String(decoding: $0, as: UTF8.self) } ?? ""
            }
        }
        return (answer.status, text)
    }
}
