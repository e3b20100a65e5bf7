import Alerts
import Audit
import ConnectorKit
import Identity
import Ledger
import Pipeline
import Testing

@Suite("How old credentials are")
struct CredentialAgeTests {
    private static let day = 86_400.0

    @Test func eachSecretKeepsItsTimeUntilItIsAnother() async throws {
        let world = try World()
        let hub = try world.hub()
        let made = world.now
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        world.pass(seconds: 40 * Self.day)

        let wish = try IntegrationWish(["credentials": ["webhookSecret": "another-webhook-secret"]])
        _ = try await hub.change(shop.publicID, wish, isWhole: false, by: .hub)

        let times = try #require(try await hub.known(shop.publicID)).options.secretTimes
        #expect(times["consumerSecret"] == made && times["webhookSecret"] == world.now)
        let shown = try #require(try await hub.view(at: shop.publicID)).json(organization: "default")
        #expect(shown["credentialsSetAt"]?["consumerSecret"] == .string(made.description))
    }

    @Test func anOldCredentialIsAnAlertThatNamesIt() async throws {
        let world = try World()
        let hub = try world.hub()
        _ = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        world.pass(seconds: 364 * Self.day)
        try await look(hub, world)
        #expect(try await hub.alerts().isEmpty)

        world.pass(seconds: Self.day)
        try await look(hub, world)

        let alert = try #require(try await hub.alerts().first { $0.kind == .credentialAge })
        #expect(alert.sentence.contains("north") && alert.sentence.contains("365 days"))
    }

    @Test func anIntegrationTellsWhenItsCredentialsWereLastTaken() async throws {
        let world = try World()
        world.openShop("north", products: 2)
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        let made = world.now
        func shown() async throws -> JSON {
            try #require(try await hub.view(at: shop.publicID)).json(organization: "default")
        }
        #expect(try await shown()["credentialsUsedAt"] == .null)

        world.pass(seconds: 60)
        _ = try await hub.pull(shop)
        try await world.settle(hub)

        let page = try await hub.integrationPage(IntegrationFilter(), limit: 5, offset: 0)
        let used = try #require(page.views.first?.standing?.usedAt)
        #expect(used > made && used <= world.now)
        #expect(try await shown()["credentialsUsedAt"] == .string(used.description))
        #expect(try await shown()["credentialsExpireAt"] == .null)
        let card = try #require(try await hub.overview().integrations.first?.credentials)
        #expect(card == CredentialStanding(setAt: made, usedAt: used))
    }

    // MARK: Keys that end

    @Test func aKeyThatEndsSoonIsAnAlertUntilAnotherFollowsIt() async throws {
        let world = try World()
        let hub = try world.hub()
        let old = try await hub.makeAPIKey(
            "reports", permissions: [.see], expires: world.now.adding(seconds: 90 * Self.day), by: .hub)
        _ = try await hub.makeAPIKey(
            "short", permissions: [.see], expires: world.now.adding(seconds: 100 * Self.day), by: .hub)
        _ = try await hub.makeAPIKey("lasting", permissions: [.see], by: .hub)
        #expect(try await hub.overview().keys.map(\.name) == ["reports", "short", "lasting"])
        world.pass(seconds: 75 * Self.day)
        try await look(hub, world)
        #expect(try await hub.alerts().isEmpty)

        world.pass(seconds: Self.day)
        try await look(hub, world)
        let alert = try #require(try await hub.alerts().first)
        #expect(alert.kind == .keyEnd && alert.state == .raised && alert.reading.value == 14)
        #expect(alert.sentence.contains("the key reports") && alert.sentence.contains("14 days left"))

        _ = try await hub.rotateAPIKey(old.key.id, keepingOldSeconds: 86_400, by: .hub)
        world.pass(seconds: 180)
        try await look(hub, world)
        #expect(try await hub.alerts().map(\.state) == [.resolved])
    }

    /// Whoever makes a key for a day knows that it ends.
    @Test func aKeyThatWasMadeToBeShortIsToldInTheSecondHalfOfItsTime() async throws {
        let world = try World()
        let hub = try world.hub()
        _ = try await hub.makeAPIKey(
            "visit", permissions: [.see], expires: world.now.adding(seconds: Self.day), by: .hub)
        try await look(hub, world)
        #expect(try await hub.alerts().isEmpty)

        world.pass(seconds: Self.day / 2)
        try await look(hub, world)
        #expect(try await hub.alerts().map(\.kind) == [.keyEnd])
    }

    private func look(_ hub: Hub, _ world: World) async throws {
        for _ in 0..<3 {
            try await hub.lookAtAlerts(AlertSettings())
            world.pass(seconds: 30)
        }
    }

    @Test func aKeyThatFollowsAnotherMayTheSameAndTheOldOneGoesOnForAWhile() async throws {
        let world = try World()
        let hub = try world.hub()
        let old = try await hub.makeAPIKey(
            "reports", permissions: [.see], expires: world.now.adding(seconds: 30 * Self.day), by: .hub)
        world.pass(seconds: 10 * Self.day)

        let new = try await hub.rotateAPIKey(old.key.id, keepingOldSeconds: 3600, by: .hub)

        #expect(new.key.permissions == [.see] && new.key.name == "reports")
        #expect(new.key.expiresAt == world.now.adding(seconds: 30 * Self.day))
        for text in [old.secret, new.secret] { #expect(try await caller(text, hub) != nil) }
        world.pass(seconds: 3600)
        #expect(try await caller(old.secret, hub) == nil)
        #expect(try await caller(new.secret, hub) != nil)
        world.pass(seconds: 30 * Self.day)
        #expect(try await caller(new.secret, hub) == nil)
    }

    @Test func nobodyRotatesAKeyThatMayMoreThanHeMay() async throws {
        let world = try World()
        let hub = try world.hub()
        let key = try await hub.makeAPIKey("all", permissions: [.configure, .see], by: .hub).key

        await #expect(throws: RightsRefusal.self) {
            try await hub.rotateAPIKey(key.id, keepingOldSeconds: 0, by: .hub, within: [.see, .admit])
        }
        await #expect(throws: HubError.self) { try await hub.rotateAPIKey("0", keepingOldSeconds: 0, by: .hub) }
        _ = try await hub.rotateAPIKey(key.id, keepingOldSeconds: 0, by: .hub)
        await #expect(throws: HubError.self) { try await hub.rotateAPIKey(key.id, keepingOldSeconds: 0, by: .hub) }
    }

    private func caller(_ text: String, _ hub: Hub) async throws -> Caller? {
        try await hub.caller(bearing: try #require(IssuedSecret(text)))
    }
}
