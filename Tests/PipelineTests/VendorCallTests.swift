import Audit
import ConnectorKit
import Identity
import Ledger
import Pipeline
import Testing

@testable import Intake

@Suite("Vendors' calls: who may call, and what was stored")
struct VendorCallTests {
    private let admin = AuditActor(.person, "test")

    private func settings(_ more: JSON) -> JSON {
        .object((World.shopSettings("north").object ?? [:]).merging(more.object ?? [:]) { $1 })
    }

    private func shop(_ more: JSON = [:]) async throws -> (World, Hub, Integration) {
        let world = try World()
        world.openShop("north", products: 3)
        let hub = try world.hub()
        return (world, hub, try await hub.connect("woocommerce", name: "north", config: settings(more)))
    }

    private func signed(
        _ body: String, _ delivery: String, topic: String = "order.updated", from peer: String? = "203.0.113.7"
    ) -> WebhookCall {
        let code = Signature.hmacSHA256(Array(body.utf8), key: Array("sandbox-webhook-secret".utf8))
        return WebhookCall(
            headers: [
                "Content-Type": "application/json", "X-WC-Webhook-ID": "7", "X-WC-Webhook-Delivery-ID": delivery,
                "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": Signature.base64(code),
            ], body: Array(body.utf8), peer: peer)
    }

    private func forged(_ peer: String?) -> WebhookCall {
        var call = signed("{}", "f", from: peer)
        call.headers["X-WC-Webhook-Signature"] = Signature.base64([UInt8](repeating: 1, count: 32))
        return call
    }

    private func isStored(_ reception: Hub.Reception) -> Bool {
        if case .stored = reception { true } else { false }
    }

    // MARK: The door

    @Test func onlyAddressesOnTheListAreLetInAtEitherDoor() async throws {
        let (_, hub, shop) = try await shop(["allowedIPs": ["203.0.113.0/24", "2001:db8::/32"]])

        #expect(isStored(await hub.receive(signed("{}", "1"), for: shop)))
        #expect(isStored(await hub.receive(signed("{}", "2", from: "2001:db8::9"), for: shop)))
        for peer in ["198.51.100.7", "2001:db9::1", nil] {
            #expect(await hub.receive(signed("{}", "3", from: peer), for: shop) == .outside)
            let atTheOther = await hub.receive(signed("{}", "3", from: peer), connector: "woocommerce", source: nil)
            #expect(atTheOther == .outside, "\(peer ?? "nobody")")
        }
        #expect(try await hub.securityEvents(seconds: 600).map(\.kind).contains(.outsideAllowList))
    }

    @Test func aLimitThatIsSetCountsEveryCallOfOneAddress() async throws {
        let (world, hub, shop) = try await shop(["rateLimitMax": 3, "rateLimitWindow": 60_000])

        for number in 0..<3 { #expect(isStored(await hub.receive(signed("{}", "\(number)"), for: shop))) }
        #expect(await hub.receive(signed("{}", "4"), for: shop) == .limited(seconds: 20))
        #expect(isStored(await hub.receive(signed("{}", "5", from: "198.51.100.7"), for: shop)))
        world.pass(seconds: 20)
        #expect(isStored(await hub.receive(signed("{}", "4"), for: shop)))
    }

    /// Whoever shares a vendor's address, or the proxy before the hub, must not shut the vendor out.
    @Test func unlessOneIsSetOnlyCallsThatProveNothingAreCounted() async throws {
        let (_, hub, shop) = try await shop()
        for _ in 0..<DoorRules.standard.calls {
            #expect(await hub.receive(forged("203.0.113.7"), for: shop) == .forged)
        }
        guard case .limited = await hub.receive(forged("203.0.113.7"), for: shop) else {
            Issue.record("a flood of forged calls is not slowed")
            return
        }
        #expect(isStored(await hub.receive(signed("{}", "1"), for: shop)))
        #expect(try await hub.securityCounts(seconds: 600)[.forgedSignature] == nil)
        await hub.keepSecurityEvents()
        #expect(try await hub.securityCounts(seconds: 600) == [.forgedSignature: 101, .rateLimited: 1])
    }

    @Test func callsInTheHubsOwnFormAreTakenWhereThereIsASecretForThem() async throws {
        let (world, hub, shop) = try await shop(["eventSecret": "a relay's secret"])
        let scheme = OwnScheme(secret: Secret("a relay's secret"))
        let product = world.ask("north", "products")[0]?["id"]?.scalarText ?? ""
        let body = Array(#"{"eventType":"product.updated","data":{"productId":"\#(product)","price":"0"}}"#.utf8)
        let call = scheme.sign(body, at: world.now)

        guard case .stored(let id) = await hub.receive(call, for: shop) else {
            Issue.record("not taken")
            return
        }
        #expect(await hub.receive(call, for: shop) == .repeated(id))
        #expect(await hub.receive(scheme.sign(body, at: world.now.adding(seconds: -301)), for: shop) == .forged)
        // The vendor's own calls go on beside them.
        #expect(isStored(await hub.receive(signed("{}", "1"), for: shop)))
        try await world.settle(hub)
        let view = try #require(try await hub.delivery(id))
        #expect(view.report.state == .understood && view.report.detail == "fetch product \(product)")
        // It was fetched, and the price that the call named was not believed.
        let links = "SELECT count(*) FROM link WHERE kind = 'product' AND external_id = '\(product)'"
        #expect(try await world.count(hub, links) == 1)
        #expect(try await world.count(hub, "SELECT count(*) FROM record WHERE parts LIKE '%\"0 LKR%'") == 0)
    }

    // MARK: What was stored

    @Test func toListTheLatestCallsNoneAreSorted() async throws {
        let (_, hub, _) = try await shop()
        guard hub.store.dialect == .sqlite else { return }
        let plan = try await hub.store.read { session in
            let (sql, values) = Intake.list(DeliveryFilter(), limit: 50, organization: 1, session: session)
            return try session.rows("EXPLAIN QUERY PLAN " + sql, values).map { $0.text(3) }
        }
        #expect(!plan.isEmpty && !plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }

    private let order = #"""
        {"id": 12, "number": "12", "status": "processing", "total": "99.00", "currency": "LKR",
         "customer_note": "ring twice",
         "billing": {"first_name": "Nadeesha", "email": "n@mail.test", "phone": "+94112000001"},
         "line_items": [{"name": "Ceylon tea", "sku": "TEA-250", "quantity": 2, "product_id": 4}]}
        """#

    @Test func aCallIsListedFilteredAndShownWithoutSecretsAndPersons() async throws {
        let (world, hub, shop) = try await shop()
        guard case .stored(let id) = await hub.receive(signed(order, "1"), for: shop) else { return }
        world.pass(seconds: 60)
        _ = await hub.receive(signed("{}", "2", topic: "action.other"), for: shop)
        _ = await hub.receive(signed("{}", "2", topic: "action.other"), for: shop)

        let all = try await hub.deliveries()
        #expect(all.map(\.report.topic) == ["action.other", "order.updated"])
        #expect(all[0].report.repeats == 1 && all[0].integration == "north" && all[0].body == nil)
        var filter = DeliveryFilter()
        filter.topic = "order.updated"
        #expect(try await hub.deliveries(filter).map(\.report.id) == [id])
        filter = DeliveryFilter()
        filter.since = world.now
        #expect(try await hub.deliveries(filter).count == 1)
        filter.state = .rejected
        #expect(try await hub.deliveries(filter).isEmpty)

        let shown = try #require(try await hub.delivery(id)).json.text
        for word in ["Nadeesha", "n@mail.test", "94112000001", "ring twice"] {
            #expect(!shown.contains(word), "\(word)")
        }
        #expect(!shown.contains(signed(order, "1").headers["X-WC-Webhook-Signature"] ?? "none"))
        for word in ["Ceylon tea", "TEA-250", "99.00", "processing", "order.updated"] {
            #expect(shown.contains(word), "\(word)")
        }
        #expect(try await hub.delivery(id + 100_000) == nil)
    }

    @Test func whatOpensADoorByItselfIsNotStored() async throws {
        let (world, hub, shop) = try await shop()
        var call = signed("{}", "1")
        for name in ["Authorization", "cookie", "X-API-Key", "Proxy-Authorization"] { call.headers.add(name, "s3cret") }
        guard case .stored(let id) = await hub.receive(call, for: shop) else {
            Issue.record("not taken")
            return
        }

        let names = try await hub.delivery(id)?.headers?.array?.compactMap { $0["name"]?.string } ?? []
        #expect(names.count == call.headers.list.count - 4 && names.contains("X-WC-Webhook-Signature"))
        let kept = "SELECT count(*) FROM delivery_body WHERE id = \(id) AND headers LIKE '%s3cret%'"
        #expect(try await world.count(hub, kept) == 0)
    }

    @Test func aReplayGoesTheOnePathOnceMoreAndIsAudited() async throws {
        let (world, hub, shop) = try await shop()
        guard case .stored(let id) = await hub.receive(signed("{\"id\":1}", "1", topic: "action.other"), for: shop)
        else { return }
        #expect(try await hub.replay(deliveries: [id], by: admin) == [], "it waits already")
        try await world.settle(hub)
        #expect(try await hub.delivery(id)?.report.state == .ignored)

        var filter = DeliveryFilter()
        filter.state = .ignored
        #expect(try await hub.replay(filter, by: admin) == [id])
        #expect(try await hub.delivery(id)?.report.state == .received)
        #expect(try await hub.replay(deliveries: [id], by: admin) == [])
        try await world.settle(hub)
        #expect(try await hub.delivery(id)?.report.state == .ignored)
        let lines = try await hub.audit(limit: 100).filter { $0.action == "delivery.replayed" }
        #expect(lines.count == 1 && lines[0].subjectID == String(id))
        await #expect(throws: HubError.self) {
            try await hub.replay(deliveries: Array(1...Int64(Hub.replayLimit + 1)), by: admin)
        }
    }

    @Test func theHubsTestCallGoesTheWayAVendorsDoes() async throws {
        let (world, hub, shop) = try await shop(["allowedIPs": ["203.0.113.7"], "rateLimitMax": 1])
        guard case .stored(let id) = try await hub.sampleWebhook(to: shop, by: admin) else {
            Issue.record("not taken")
            return
        }
        try await world.settle(hub)
        #expect(try await hub.delivery(id)?.report.state == .ignored)
        #expect(try await hub.audit(limit: 5).map(\.action).contains("webhook.tested"))
        // A second one is another.
        guard case .stored = try await hub.sampleWebhook(to: shop, by: admin) else {
            Issue.record("not taken")
            return
        }
    }

    @Test func oneWithoutASecretSaysThatItTakesNoCalls() async throws {
        let world = try World()
        world.openShop("north", products: 1)
        let hub = try world.hub()
        var config = World.shopSettings("north").object ?? [:]
        config["webhookSecret"] = nil
        let shop = try await hub.connect("woocommerce", name: "north", config: .object(config))
        await #expect(throws: HubError.self) { _ = try await hub.sampleWebhook(to: shop, by: admin) }
    }
}

@Suite("What of a stored call is shown")
struct DeliveryMaskTests {
    @Test(arguments: [
        (#"{"password":"x","token":"y","id":3}"#, #"{"id":3,"password":"••••","token":"••••"}"#),
        (#"{"shipping":{"id":9,"city":"Galle"}}"#, #"{"shipping":{"city":"••••","id":"••••"}}"#),
        (#"{"name":"Nadeesha","status":"open"}"#, #"{"name":"••••","status":"open"}"#),
        (#"{"name":"Tea","sku":"T-1"}"#, #"{"name":"Tea","sku":"T-1"}"#),
        (#"{"sku":"who@mail.test"}"#, #"{"sku":"••••"}"#),
        (#"{"card_number":4111111111111111,"total":"9"}"#, #"{"card_number":"••••","total":"9"}"#),
        (#"{"meta_data":[{"key":"_nic","value":"861234567V"}]}"#, #"{"meta_data":[{"key":"••••","value":"••••"}]}"#),
        (#"["a",{"id":1}]"#, #"["••••",{"id":1}]"#),
    ])
    func whatIsNotKnownToBeHarmlessIsDots(body: String, shown: String) {
        #expect(DeliveryMask.body(Array(body.utf8)).text == shown)
    }

    @Test func ofWhatIsNoJSONOnlyItsLengthIsShown() {
        #expect(DeliveryMask.body(Array("password=x".utf8)) == ["unreadable": true, "bytes": 10])
    }

    @Test func whatProvesWhoCalledIsDots() {
        let shown = DeliveryMask.headers([
            "Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "k", "X-WC-Webhook-Signature": "s",
            "X-WC-Webhook-Topic": "order.updated", "X-Forwarded-For": "203.0.113.7",
        ])
        #expect(
            shown.array?.map { $0["value"]?.string }
                == ["••••", "••••", "••••", "••••", "order.updated", "••••"])
    }
}
