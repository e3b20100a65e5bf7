import ConnectorKit

/// Tells the shop where to call, and switches on again what the shop has switched off.
struct WooCommerceSubscriptions: WebhookSubscriptions {
    let client: WooCommerceClient
    let secret: Secret

    /// What the hub listens to. Variations come under the product topics; categories have none.
    static let topics = [
        "product.created", "product.updated", "product.deleted", "product.restored", "order.created", "order.updated",
        "order.deleted", "order.restored", "customer.created", "customer.updated", "customer.deleted",
    ]
    /// The most pages of webhooks looked through: a shop with more than 1,000 is not read on.
    static let pageLimit = 10

    func ensure(
        at address: String, withNewSecret isNewSecret: Bool
    ) async throws(ConnectorFailure) -> SubscriptionReport {
        guard let hub = HTTPAddress(address) else {
            throw .refused(code: "address", detail: "\"\(address)\" is no address the shop can call")
        }
        let ours = try await registered().filter { Payload($0).text("delivery_url") == address }
        var report = SubscriptionReport(
            active: [], remarks: ShopReach.remarks(onHub: hub, calledBy: client.shop.site))
        for topic in Self.topics {
            let all = ours.filter { Payload($0).text("topic") == topic }
            let isHeard = all.contains { Payload($0).text("status") == "active" }
            if !isHeard, let sleeping = all.first {
                try await enable(Payload(sleeping).text("id"))
                report.reenabled.append(topic)
            } else if all.isEmpty {
                try await register(topic, address)
                report.registered.append(topic)
            }
            // The shop shows no secret, so all that call are told of the new one.
            if isNewSecret { for webhook in all where isHeard { try await enable(Payload(webhook).text("id")) } }
            report.active.append(topic)
        }
        return report
    }

    private func registered() async throws(ConnectorFailure) -> [JSON] {
        let scan = IDScan(client: client, path: "webhooks", query: [])
        var all: [JSON] = []
        var position: String?
        for _ in 0..<Self.pageLimit {
            let reading = try await scan.read(position)
            all += reading.records
            guard let next = reading.next else { break }
            position = next
        }
        return all
    }

    private func register(_ topic: String, _ address: String) async throws(ConnectorFailure) {
        _ = try await client.send(
            "POST", "webhooks",
            body: [
                "name": .string("Crossdock \(topic)"), "topic": .string(topic), "delivery_url": .string(address),
                "secret": .string(secret.reveal), "status": "active",
            ])
    }

    /// The shop does not forget its count of failures with this (recorded): one more failure switches it off again.
    private func enable(_ id: String) async throws(ConnectorFailure) {
        _ = try await client.send(
            "PUT", "webhooks/\(id)", body: ["status": "active", "secret": .string(secret.reveal)])
    }
}

/// Whether the shop can be reached and lets us in.
struct WooCommerceCheck: ConnectionCheck {
    let client: WooCommerceClient

    func check() async throws(ConnectorFailure) -> String {
        let answer = try await client.list("products", [("status", "any"), ("per_page", "1"), ("_fields", "id")])
        var parts = ["WooCommerce shop at \(client.shop.title)"]
        if let total = answer.total { parts.append("\(total) products") }
        parts.append("currency \(try await currency())")
        if client.shop.webhookSecret == nil { parts.append("no webhookSecret: polled only") }
        if let far = answer.farClock { parts += clock(far) }
        return ([parts.joined(separator: ", ")] + client.shop.remarks).joined(separator: "; ")
    }

    private func currency() async throws(ConnectorFailure) -> String {
        guard let stated = client.shop.currency else { return try await client.currency().code }
        var asking = client
        asking = WooCommerceClient(shop: client.shop.withoutCurrency, surroundings: client.surroundings)
        do {
            let real = try await asking.currency()
            guard real == stated else {
                throw ConnectorFailure.refused(
                    code: "currency", detail: "the setting \"currency\" says \(stated), the shop sells in \(real)")
            }
            return real.code
        } catch let failure as ConnectorFailure {
            // A key that may not see the settings is no fault where the setting names the currency.
            if case .unauthorized = failure { return stated.code }
            throw failure
        } catch {
            return stated.code
        }
    }

    private func clock(_ far: Moment) -> [String] {
        let seconds = Int(far.seconds(since: client.surroundings.now()))
        guard abs(seconds) > 60 else { return [] }
        return ["its clock is \(abs(seconds)) s \(seconds > 0 ? "ahead of" : "behind") ours"]
    }
}

extension ShopSettings {
    var withoutCurrency: ShopSettings {
        var shop = self
        shop.currency = nil
        return shop
    }
}
