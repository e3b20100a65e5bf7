import ConnectorKit
import Ledger
import Pipeline
import Testing

/// Calls that nobody signed, at a hub that only its own machine reaches and at others (C-10).
@Suite("Calls without proof")
struct UnprovedCallTests {
    private static let call: WebhookCall = {
        var call = WebhookCall(
            headers: ["Content-Type": "application/json", "X-WC-Webhook-Topic": "product.updated"],
            body: Array("{\"id\":7}".utf8))
        call.isFromThisMachine = true
        return call
    }()

    private func settings(_ more: [String: JSON] = ["enableSecurity": false]) -> JSON {
        .object((World.shopSettings("north").object ?? [:]).merging(more) { $1 })
    }

    private func taken(_ hub: Hub, _ call: WebhookCall = call) async throws -> Bool {
        let shop = try #require(try await hub.integrations().first)
        if case .stored = await hub.receive(call, at: shop.publicID) { return true }
        return false
    }

    private func world() throws -> World {
        let world = try World()
        world.openShop("north", products: 1, customers: 0)
        return world
    }

    @Test(arguments: [nil, "http://localhost:8008", "http://127.0.0.1:8008/hub"])
    func theyAreTakenWhereOnlyThisMachineReachesTheHubAndHealthWarns(address: String?) async throws {
        let hub = try world().hub(publicURL: address, reach: .alone)
        _ = try await hub.connect("woocommerce", name: "north", config: settings())

        #expect(try await taken(hub))
        let check = try #require(try await hub.health().checks.first { $0.name == HealthReport.Check.proof })
        #expect(check.state == .degraded && check.seen["withoutProof"] == ["north"] && check.seen["areTaken"] == true)
        #expect(await hub.examine().contains { $0.advice?.contains("webhookSecret") ?? false })
    }

    /// A proxy on this machine of which the hub knows nothing, or a page in a browser on it.
    @Test func whatThisMachineSendsForOthersIsRefused() async throws {
        let hub = try world().hub(publicURL: nil, reach: .alone)
        _ = try await hub.connect("woocommerce", name: "north", config: settings())
        var call = Self.call
        call.isFromThisMachine = false

        #expect(try await !taken(hub, call))
    }

    @Test func whereSignaturesAreAskedForNothingChanges() async throws {
        let hub = try world().hub(publicURL: nil, reach: .alone)
        _ = try await hub.connect("woocommerce", name: "north", config: settings([:]))

        #expect(try await !taken(hub))
        #expect(try await !hub.health().checks.contains { $0.name == HealthReport.Check.proof })
    }

    /// A call in the hub's own words, and one with a wrong mark of it, are proved as ever.
    @Test func callsInTheHubsOwnWordsAreStillSigned() async throws {
        let hub = try world().hub(publicURL: nil, reach: .alone)
        let more: [String: JSON] = ["validateSignature": false, "eventSecret": "a secret of nobody, long enough"]
        _ = try await hub.connect("woocommerce", name: "north", config: settings(more))
        var call = Self.call
        call.headers["X-Webhook-Signature"] = "sha256=" + String(repeating: "0", count: 64)

        #expect(try await !taken(hub, call))
        #expect(try await taken(hub))
    }

    @Test(arguments: [(HubReach.open, nil), (.alone, "https://hub.example"), (.open, "http://localhost:8008")])
    func aHubThatOthersReachRefusesSuchSettingsAndCalls(reach: HubReach, address: String?) async throws {
        let world = try world()
        let hub = try world.hub(publicURL: address, reach: reach)
        await #expect(throws: SettingsError.self) {
            _ = try await hub.connect("woocommerce", name: "north", config: settings())
        }
        #expect(try await hub.integrations().isEmpty)
        // Connected from the command line, which does not know how the hub is reached, or before it was.
        _ = try await world.hub(publicURL: nil).connect("woocommerce", name: "north", config: settings())

        let other = try world.hub(publicURL: address, reach: reach)
        #expect(try await !taken(other))
        let check = try #require(try await other.health().checks.first { $0.name == HealthReport.Check.proof })
        #expect(check.state == .degraded && check.seen["areTaken"] == false)
    }

    @Test func aProcessThatListensNowhereTakesNoneAndNamesTheIntegration() async throws {
        let hub = try world().hub(publicURL: nil)
        _ = try await hub.connect("woocommerce", name: "north", config: settings())

        #expect(try await !taken(hub))
        let check = try #require(try await hub.health().checks.first { $0.name == HealthReport.Check.proof })
        #expect(check.seen["withoutProof"] == ["north"] && check.seen["areTaken"] == .null)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("localhost", true), ("::1", true), ("[::1]", true),
        ("0.0.0.0", false), ("127.0.0.1.example", false), ("127.0.0", false), ("127.0.0.256", false), ("", false),
        ("10.0.0.1", false), ("localhost.example", false), ("::", false),
    ])
    func whatOnlyThisMachineReachesIsTold(host: String, isOne: Bool) {
        #expect(LoopbackHost.isOne(host) == isOne)
    }
}
