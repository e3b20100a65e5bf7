import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

@Suite("WooCommerce webhooks")
struct WooCommerceWebhookTests {
    private func key(_ call: WebhookCall) throws -> String {
        guard case .genuine(let key, _) = try Bench.receiver().prove(call) else { return "" }
        return key
    }

    private func ping(_ body: String, _ headers: HTTPHeaders) -> WebhookCall {
        WebhookCall(headers: headers, body: Array(body.utf8))
    }

    private let form: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]

    @Test func onlyARightSignatureIsTaken() async {
        let suite = ConnectorConformance { try Bench.connector($0) }
        let call = Bench.call("product.updated", Sample.product(7))

        #expect(await suite.onlyARightSignatureIsTaken(call, header: "X-WC-Webhook-Signature") == [])
    }

    @Test func theUnsignedPingIsAnswered200() throws {
        #expect(try Bench.receiver().prove(ping("webhook_id=14", form)) == .ping(status: 200))
    }

    @Test func whatOnlyLooksLikeAPingIsForged() throws {
        var signedLooking = form
        signedLooking["X-WC-Webhook-Topic"] = "product.updated"
        let calls = [
            ping("webhook_id=14", signedLooking), ping("webhook_id=", form), ping("webhook_id=1&x=2", form),
            ping("webhook_id=14", ["Content-Type": "application/json"]), ping("{}", [:]), ping("", form),
            ping("webhook_id=" + String(repeating: "1", count: 500), form),
        ]

        for call in calls {
            guard case .forged = try Bench.receiver().prove(call) else {
                Issue.record("taken: \(String(decoding: call.body.prefix(30), as: UTF8.self))")
                continue
            }
        }
    }

    @Test func twoEventsWithOneDeliveryIdAreTwoEvents() throws {
        let one = Bench.call("order.updated", Sample.order(43, ["status": "completed"]), delivery: "same")
        let two = Bench.call("order.updated", Sample.order(43, ["status": "refunded"]), delivery: "same")

        #expect(try key(one) != key(two) && key(one) != "")
    }

    @Test func aRepeatedDeliveryHasTheSameKey() throws {
        let call = Bench.call("order.updated", Sample.order(43))

        #expect(try key(call) == key(call))
        let other = Bench.call("order.updated", Sample.order(43), webhook: "2")
        #expect(try key(call) != key(other))
    }

    @Test func aDeliveryFromAnotherAddressIsGenuineWhenItsSecretIs() throws {
        var call = Bench.call("order.updated", Sample.order(43))
        call.headers["X-WC-Webhook-Source"] = "http://inside.test:8080/"

        #expect(try key(call) != "")
    }

    @Test func aVariationComesUnderTheProductTopics() throws {
        let call = Bench.call("product.updated", Sample.variation(41, of: 40))

        guard case .records(let drafts) = try Bench.receiver().read(call) else {
            throw Recording.Unusable(description: "not records")
        }
        #expect(drafts.map(\.externalID) == ["40/41"] && drafts.first?.kind == .variant)
    }

    @Test func anAccountOfTheShopsStaffIsNoCustomerUntilItBuys() throws {
        let staff = Sample.customer(1, ["role": "shop_manager", "is_paying_customer": false])
        guard case .nothing = try Bench.receiver().read(Bench.call("customer.updated", staff)) else {
            throw Recording.Unusable(description: "taken")
        }
        let buyer = Sample.customer(1, ["role": "shop_manager", "is_paying_customer": true])
        guard case .records(let drafts) = try Bench.receiver().read(Bench.call("customer.updated", buyer)) else {
            throw Recording.Unusable(description: "not taken")
        }
        #expect(drafts.map(\.externalID) == ["1"])
    }

    @Test func aDeletionNamesOnlyTheId() throws {
        for (topic, kind) in [("product", RecordKind.product), ("order", .order), ("customer", .customer)] {
            let call = Bench.call("\(topic).deleted", ["id": 50])
            #expect(try Bench.receiver().read(call) == .gone(kind, "50"))
        }
    }

    @Test func aRecordThatWasGoneBeforeItsDeliveryWasBuiltIsNothing() throws {
        let body: JSON = [
            "code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": ["status": 404],
        ]

        for topic in ["product.created", "product.updated", "order.updated"] {
            guard case .nothing(let reason) = try Bench.receiver().read(Bench.call(topic, body)) else {
                Issue.record("\(topic) was read as something")
                continue
            }
            #expect(reason.contains("census"))
        }
    }

    @Test func createdAndUpdatedSayTheSameWhicheverComesFirst() throws {
        let receiver = try Bench.receiver()

        for name in ["created", "updated", "restored"] {
            let read = receiver.read(Bench.call("order.\(name)", Sample.order(43)))
            #expect(read == receiver.read(Bench.call("order.created", Sample.order(43))))
        }
    }

    @Test func aRevisionTellsTheOlderDelivery() throws {
        guard case .records(let drafts) = try Bench.receiver().read(Bench.call("order.updated", Sample.order(43)))
        else {
            throw Recording.Unusable(description: "not records")
        }

        #expect(drafts.first?.revision == "2026-11-20T10:00:00")
    }

    @Test func anUnfinishedCheckoutIsNothing() throws {
        let call = Bench.call("order.updated", Sample.order(184, ["status": "checkout-draft"]))

        guard case .nothing = try Bench.receiver().read(call) else {
            throw Recording.Unusable(description: "read as something")
        }
    }

    @Test func anOrderWithRefundsIsFetchedForItsBodyLacksTheirLines() throws {
        let call = Bench.call("order.updated", Sample.order(43, ["refunds": [["id": 45, "total": "-10.00"]]]))

        #expect(try Bench.receiver().read(call) == .fetch(.order, ["43"]))
    }

    @Test func aGuestsOrderBringsTheGuest() throws {
        let call = Bench.call("order.created", Sample.order(44, ["customer_id": 0]))

        guard case .records(let drafts) = try Bench.receiver().read(call) else {
            throw Recording.Unusable(description: "not records")
        }
        #expect(drafts.map(\.externalID) == ["guest/44", "44"])
    }

    @Test func aBodyThatIsNotWholeIsFetched() throws {
        let receiver = try Bench.receiver()

        #expect(receiver.read(Bench.call("product.updated", ["id": 7])) == .fetch(.product, ["7"]))
        #expect(receiver.read(Bench.call("customer.updated", ["id": 7])) == .fetch(.customer, ["7"]))
        #expect(receiver.read(Bench.call("order.updated", ["id": 7])) == .fetch(.order, ["7"]))
    }

    @Test func whatCannotBeReadIsRejectedWithItsWords() throws {
        let receiver = try Bench.receiver()
        var html = Bench.call("product.updated", Sample.product(7))
        html.body = Array("<html>".utf8)

        guard case .rejected = receiver.read(html),
            case .rejected(let price) = receiver.read(
                Bench.call("product.updated", Sample.product(7, ["regular_price": "12,50"]))),
            case .rejected = receiver.read(Bench.call("order.updated", ["status": "completed"]))
        else { throw Recording.Unusable(description: "taken") }
        #expect(price.reason.contains("12,50") && price.externalID == "7")
    }

    /// A relay that puts the shop's body into {topic, data} and signs the whole (C-06).
    private func wrapped(_ topic: String, _ data: JSON, secret: String = Bench.webhookSecret) -> WebhookCall {
        var call = Bench.call("", ["topic": .string(topic), "data": data], secret: secret)
        for name in ["X-WC-Webhook-Topic", "X-WC-Webhook-ID", "X-WC-Webhook-Delivery-ID"] { call.headers[name] = nil }
        return call
    }

    @Test func aSignedWrapperIsProvedAndRead() throws {
        let receiver = try Bench.receiver()
        let call = wrapped("order.updated", Sample.order(43))

        guard case .genuine(let repeatKey, let topic) = receiver.prove(call) else {
            throw Recording.Unusable(description: "not proved")
        }
        #expect(topic == "order.updated" && !repeatKey.isEmpty)
        #expect(receiver.read(call) == receiver.read(Bench.call("order.updated", Sample.order(43))))
        #expect(receiver.read(wrapped("product.updated", ["id": 123])) == .fetch(.product, ["123"]))
        #expect(receiver.read(wrapped("customer.deleted", ["id": 5])) == .gone(.customer, "5"))
        #expect(try key(call) != key(wrapped("order.updated", Sample.order(44))))
    }

    @Test func aWrapperIsSignedAsAWhole() throws {
        var moved = wrapped("product.updated", ["id": 123])
        moved.body = wrapped("product.deleted", ["id": 123]).body

        for call in [moved, wrapped("product.updated", ["id": 123], secret: "another")] {
            guard case .forged = try Bench.receiver().prove(call) else {
                throw Recording.Unusable(description: "taken")
            }
        }
    }

    @Test func aTopicNobodyListensToIsNothing() throws {
        for topic in ["coupon.created", "", "action.woocommerce_x", "product"] {
            guard case .nothing = try Bench.receiver().read(Bench.call(topic, ["id": 1])) else {
                Issue.record("\(topic) was read")
                continue
            }
        }
    }

    // MARK: - Registration

    private func registered(_ id: Int, _ topic: String, _ status: String, at address: String) -> JSON {
        [
            "id": .integer(id), "topic": .string(topic), "status": .string(status), "delivery_url": .string(address),
        ]
    }

    private func world(_ list: [JSON]) -> (AnsweringTransport, Requests) {
        let requests = Requests()
        let transport = AnsweringTransport { request async throws(TransportFailure) in
            await requests.note(request)
            return request.method == "GET" ? .json(JSON.array(list)) : .json(JSON.object(["id": 1]), status: 201)
        }
        return (transport, requests)
    }

    private actor Requests {
        var all: [HTTPRequest] = []
        func note(_ request: HTTPRequest) { all.append(request) }
        var bodies: [JSON] { all.filter { $0.method != "GET" }.compactMap { try? JSON(parsing: $0.body) } }
    }

    private func ensure(_ transport: any Transport, _ address: String) async throws -> SubscriptionReport {
        try await #require(try Bench.connector(transport).subscriptions).ensure(at: address, withNewSecret: false)
    }

    @Test func missingWebhooksAreRegisteredWithOurSecret() async throws {
        let (transport, requests) = world([registered(5, "order.created", "active", at: "https://other.test/x")])
        let report = try await ensure(transport, "https://hub.test/webhooks/i1")
        let bodies = await requests.bodies

        #expect(report.registered == WooCommerceSubscriptions.topics && report.reenabled == [])
        #expect(bodies.count == 11)
        #expect(bodies.allSatisfy { $0["secret"]?.string == Bench.webhookSecret })
        #expect(bodies.allSatisfy { $0["delivery_url"] == "https://hub.test/webhooks/i1" })
        #expect(bodies.first?["name"] == "Crossdock product.created")
    }

    @Test func aWebhookTheShopSwitchedOffIsSwitchedOnAndReported() async throws {
        let address = "https://hub.test/webhooks/i1"
        let all = WooCommerceSubscriptions.topics.enumerated().map { number, topic in
            registered(number + 1, topic, topic == "order.updated" ? "disabled" : "active", at: address)
        }
        let (transport, requests) = world(all)
        let report = try await ensure(transport, address)

        #expect(report.reenabled == ["order.updated"] && report.registered == [])
        #expect(report.active == WooCommerceSubscriptions.topics)
        #expect(await requests.bodies.map { $0["status"] } == ["active"])
    }

    /// Two of one topic: an earlier hub that lost its store, or a person, made the other.
    @Test(arguments: [
        (["disabled", "paused"], [3]), (["paused", "active"], []), (["active", "active"], []),
        (["disabled", "disabled", "disabled"], [3]),
    ])
    func ofSeveralSleepingWebhooksTheFirstIsSwitchedOnAndOnlyIfNoneIsAwake(
        statuses: [String], enabled: [Int]
    ) async throws {
        let address = "https://hub.test/webhooks/i1"
        let others = WooCommerceSubscriptions.topics.filter { $0 != "order.updated" }
        let all =
            statuses.enumerated().map { registered(3 + $0, "order.updated", $1, at: address) }
            + others.enumerated().map { registered(50 + $0, $1, "active", at: address) }
        let (transport, requests) = world(all)
        let report = try await ensure(transport, address)
        let writes = await requests.all.filter { $0.method != "GET" }

        #expect(writes.map(\.address.path) == enabled.map { "/wp-json/wc/v3/webhooks/\($0)" })
        #expect(report.reenabled == (enabled.isEmpty ? [] : ["order.updated"]) && report.registered == [])
        #expect(Set(report.active) == Set(WooCommerceSubscriptions.topics))
    }

    @Test(arguments: [
        ("https://hub.test/webhooks/i1", 0), ("https://hub.test:443/w", 0), ("http://hub.test:80/w", 0),
        ("http://hub.test:8080/w", 0), ("http://93.184.216.34/w", 0), ("http://172.32.0.1/w", 0),
        ("http://hub.test:3000/w", 1), ("https://hub.test:8443/w", 1), ("http://localhost/w", 1),
        ("http://127.0.0.1:8080/w", 1), ("http://10.0.0.7/w", 1), ("http://172.16.0.1/w", 1),
        ("http://192.168.1.7/w", 1), ("http://[::1]/w", 1), ("http://192.168.1.7:3000/w", 2),
        // WordPress calls the host it stands on itself.
        ("https://shop.test:3000/w", 1), ("https://shop.test/hub", 0),
    ])
    func aHubWhereWordPressDoesNotCallIsWarnedOfAndRegisteredAllTheSame(address: String, remarks: Int) async throws {
        let (transport, _) = world([])
        let report = try await ensure(transport, address)

        #expect(report.remarks.count == remarks, "\(report.remarks)")
        #expect(report.remarks.allSatisfy { $0.contains("WordPress") && $0.contains("polled") })
        #expect(report.registered == WooCommerceSubscriptions.topics)
    }

    @Test func aHubBesideItsShopMayStandOnTheShopsOwnPort() throws {
        let site = try #require(HTTPAddress("http://127.0.0.1:9000"))
        let beside = try #require(HTTPAddress("http://127.0.0.1:9000/hub"))
        let other = try #require(HTTPAddress("http://127.0.0.1:9001/hub"))

        #expect(ShopReach.remarks(onHub: beside, calledBy: site) == [])
        #expect(ShopReach.remarks(onHub: other, calledBy: site).count == 1)
    }

    @Test func whatIsRegisteredIsNotRegisteredAgain() async throws {
        let address = "https://hub.test/webhooks/i1"
        let all = WooCommerceSubscriptions.topics.enumerated().map { registered($0 + 1, $1, "active", at: address) }
        let (transport, requests) = world(all)
        let report = try await ensure(transport, address)

        #expect(report.registered == [] && report.reenabled == [])
        #expect(await requests.bodies == [])
    }

    @Test func anAddressTheShopCannotCallIsRefused() async throws {
        let (transport, _) = world([])

        await #expect(throws: ConnectorFailure.self) { try await ensure(transport, "hub.test/webhooks") }
    }
}
