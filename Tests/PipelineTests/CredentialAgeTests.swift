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
