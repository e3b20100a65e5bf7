import Commerce
import Testing
import Wire

@testable import Sandbox

/// The stand-in against the recordings of the real shop: same request, same status, same members, same types, and
/// equal values wherever they follow from the request.
@Suite(
    .enabled(if: Recording.folder != nil, "the recordings (../shared/contracts/woocommerce) are not on this machine"))
struct ContractTests {
    @Test func everyRecordedAnswerHasTheSameShapeHere() throws {
        let replay = try Replay.whole()

        let found = replay.differences.sorted { $0.key < $1.key }
        #expect(found.map { "\($0.key): \($0.value.joined(separator: " | "))" } == [])
    }

    @Test func everyRecordingIsReplayedOrHasAReason() throws {
        let replay = try Replay.whole()
        let wanted = Set(Recording.names.filter { !$0.hasPrefix("webhooks/deliveries/") })
        let known = replay.replayed.union(ReplayScript.notComparable.keys)

        #expect(wanted.subtracting(known).sorted() == [])
        #expect(known.subtracting(wanted).sorted() == [])
    }

    @Test func everyRecordedSettingHasTheSameShapeHere() throws {
        var replay = Replay()
        replay.now = ShopDriver.start
        let recorded = try #require(Recording("setup/settings-general-group")).body.array ?? []
        var request = try ShopDriver.request("GET", "http://127.0.0.1:18080/wp-json/wc/v3/settings/general")
        request.address.query = [.init("consumer_key", Recording.key.name)]
        request.address.query.append(.init("consumer_secret", Recording.key.secret))
        request.headers["X-Forwarded-Proto"] = "https"
        let answer = replay.shop.respond(to: request, at: replay.now).response
        let ours = try JSON(parsing: try #require(answer).body).array ?? []

        var compared = 0
        for entry in ours {
            guard let same = recorded.first(where: { $0["id"] == entry["id"] }) else { continue }
            compared += 1
            var known = entry.object ?? [:]
            // The recording left the links of its settings out.
            if same["_links"] == nil { known["_links"] = nil }
            let ignored: Set<String> = ["description", "name"]
            #expect(ShapeComparison(recorded: same, ours: .object(known), ignoring: ignored).differences == [])
        }
        #expect(compared >= 9)
    }

    @Test(arguments: Recording.names.filter { $0.hasPrefix("webhooks/deliveries/") })
    func everyRecordedDeliveryHasTheSameHeadersAndShapeHere(name: String) throws {
        let recorded = try #require(Recording(name)).json
        let fixed: Set<String> = ["Host", "Accept-Encoding", "Connection", "Content-Length"]
        let names = (recorded["headers"]?.array ?? []).compactMap { $0[0]?.string }.filter { !fixed.contains($0) }
        let topic = (recorded["headers"]?.array ?? []).first { $0[0] == "X-WC-Webhook-Topic" }?[1]?.string
        let body = recorded["body"] ?? .null

        let sent = try DeliverySamples.all().filter { $0.headers["X-WC-Webhook-Topic"] == topic }
        let candidates = sent.filter { sample in
            guard topic != nil else { return true }
            let json = (try? JSON(parsing: sample.body)) ?? .null
            return json["type"] == body["type"] && json["code"] == body["code"]
        }
        let sample = try #require(candidates.first, "the stand-in sends nothing like \(name)")

        #expect(sample.headers.list.map(\.name) == names)
        #expect(sample.headers["User-Agent"] == recorded["headers"]?.array?.first { $0[0] == "User-Agent" }?[1]?.string)
        guard topic != nil else { return }
        let json = try JSON(parsing: sample.body)
        let keys = { (json: JSON) in Set((json.object ?? [:]).keys) }
        #expect(keys(json) == keys(body))
        for (key, value) in body.object ?? [:] {
            let ours = json[key] ?? .null
            let isSame = Self.kind(value) == Self.kind(ours) || value.isNull || ours.isNull
            #expect(isSame, "\(key): recorded \(value.text.prefix(40)), ours \(ours.text.prefix(40))")
        }
    }

    private static func kind(_ json: JSON) -> String {
        switch json {
        case .null: "null"
        case .bool: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// One delivery of every kind the recordings have.
enum DeliverySamples {
    static func all() throws -> [OutgoingWebhook] {
        var driver = ShopDriver()
        try driver.subscribe(
            "product.created", "product.updated", "product.deleted", "product.restored", "customer.created",
            "customer.updated", "customer.deleted", "order.created", "order.updated", "order.deleted")
        var all: [OutgoingWebhook] = []
        func take(_ driver: inout ShopDriver) {
            _ = driver.deliveries()
            all += driver.sent
        }
        let goods: JSON = ["sku": "S", "regular_price": "5", "manage_stock": true, "stock_quantity": 9]
        try driver.ask("POST", "/products", goods)
        let made = try driver.ask("POST", "/products", ["type": "variable", "sku": "V"])
        let parent = made["id"]?.integer ?? 0
        let choice: JSON = ["name": "Size", "option": "S"]
        let one = try driver.ask(
            "POST", "/products/\(parent)/variations", ["regular_price": "5", "attributes": [choice]])
        take(&driver)
        try driver.ask("PUT", "/products/\(parent)", [:])
        try driver.ask("PUT", "/products/\(parent)/variations/\(one["id"]?.integer ?? 0)", [:])
        let buyer = try driver.ask("POST", "/customers", ["email": "a@example.com"])
        let order = driver.shop.placeOrder(
            [.init(sku: "S", quantity: 1)], .init(email: "a@example.com"), at: driver.now)
        take(&driver)
        let gone = try driver.ask("POST", "/products", ["name": "gone"])
        try driver.ask("PUT", "/products/\(gone["id"]?.integer ?? 0)", [:])
        try driver.ask("DELETE", "/products/\(gone["id"]?.integer ?? 0)?force=true")
        take(&driver)
        driver.shop.deleteProduct(sku: "S", at: driver.now)
        try driver.ask("DELETE", "/orders/\(order ?? 0)")
        try driver.ask("DELETE", "/customers/\(buyer["id"]?.integer ?? 0)?force=true")
        take(&driver)
        driver.shop.restoreProduct(12, at: driver.now)
        take(&driver)
        try driver.ask("POST", "/webhooks", ["topic": "product.created", "delivery_url": "http://hub.example/"])
        return all + driver.sent
    }
}
