import ConnectorKit
import Ledger
import Pipeline
import Testing

@Suite("A webhook secret that is changed")
struct SecretRotationTests {
    private func settings(_ secret: String) -> JSON {
        var settings = World.shopSettings("north").object ?? [:]
        settings["webhookSecret"] = .string(secret)
        return .object(settings)
    }

    private func signed(_ delivery: String, with secret: String) -> WebhookCall {
        let body = Array("{\"id\":1}".utf8)
        let signature = Signature.base64(Signature.hmacSHA256(body, key: Array(secret.utf8)))
        return WebhookCall(
            headers: [
                "Content-Type": "application/json", "X-WC-Webhook-ID": "7", "X-WC-Webhook-Delivery-ID": delivery,
                "X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": signature,
            ], body: body)
    }

    private func oneShop() async throws -> (World, Hub, Integration) {
        let world = try World()
        world.openShop("north", products: 2)
        let hub = try world.hub()
        return (world, hub, try await hub.connect("woocommerce", name: "north", config: settings("the-old-secret")))
    }

    private func isTaken(_ reception: Hub.Reception) -> Bool {
        if case .stored = reception { true } else { false }
    }

    @Test func callsWithTheOldSecretAreTakenWhileItsTimeLasts() async throws {
        let (world, hub, shop) = try await oneShop()

        _ = try await hub.replace(
            "woocommerce", name: "north", config: settings("the-new-secret"), keepingOldSecretsSeconds: 3600)

        #expect(isTaken(await hub.receive(signed("d1", with: "the-old-secret"), at: shop.publicID)))
        #expect(isTaken(await hub.receive(signed("d2", with: "the-new-secret"), at: shop.publicID)))
        let atTheDoor = await hub.receive(signed("d3", with: "the-old-secret"), connector: "woocommerce", source: nil)
        #expect(isTaken(atTheDoor))
        #expect(await hub.receive(signed("d4", with: "a-third-secret"), at: shop.publicID) == .forged)

        world.pass(seconds: 3601)

        #expect(await hub.receive(signed("d5", with: "the-old-secret"), at: shop.publicID) == .forged)
        #expect(isTaken(await hub.receive(signed("d6", with: "the-new-secret"), at: shop.publicID)))
    }

    @Test func aSecretThatOthersKnowIsRefusedAtOnce() async throws {
        let (_, hub, shop) = try await oneShop()

        _ = try await hub.replace("woocommerce", name: "north", config: settings("the-new-secret"))

        #expect(await hub.receive(signed("d1", with: "the-old-secret"), at: shop.publicID) == .forged)
    }

    @Test func anOldSecretIsKeptForThirtyDaysAtMost() async throws {
        let (_, hub, _) = try await oneShop()

        await #expect(throws: HubError.self) {
            _ = try await hub.replace(
                "woocommerce", name: "north", config: settings("new"), keepingOldSecretsSeconds: 31 * 86_400)
        }
    }

    @Test func theShopIsToldTheNewSecretOnceAndSignsWithIt() async throws {
        let (world, hub, _) = try await oneShop()
        _ = try await hub.ensureWebhooks(try await hub.integration(named: "north"))
        _ = try await hub.replace(
            "woocommerce", name: "north", config: settings("the-new-secret"), keepingOldSecretsSeconds: 3600)
        world.writes.withLock { $0 = [] }

        _ = try await hub.ensureWebhooks(try await hub.integration(named: "north"))
        let told = world.writes.withLock { $0 }
        _ = try await hub.ensureWebhooks(try await hub.integration(named: "north"))

        #expect(told.count == 11 && told.allSatisfy { $0.hasPrefix("PUT") && $0.contains("/webhooks/") })
        #expect(world.writes.withLock { $0 } == told)
        let sku = try #require(world.firstSimpleSKU("north"))
        _ = world.inShop("north") { shop, now in shop.renameProduct(sku: sku, to: "Tea", at: now) }
        world.pass(seconds: 120)
        let calls = world.inShop("north") { shop, now in shop.advance(to: now) } ?? []
        let signature = calls.last.map {
            Signature.base64(Signature.hmacSHA256($0.body, key: Array("the-new-secret".utf8)))
        }
        #expect(calls.last?.headers["X-WC-Webhook-Signature"] == signature && signature != nil)
    }
}
