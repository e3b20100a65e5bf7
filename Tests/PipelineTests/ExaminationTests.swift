import ConnectorKit
import Custom
import Pipeline
import Testing

@Suite("What the doctor sees of a hub")
struct ExaminationTests {
    private func state(_ findings: [DoctorFinding], _ name: String) -> HealthState? {
        findings.first { $0.name == name }?.state
    }

    @Test func anEmptyHubIsToldTheNextStep() async throws {
        let findings = await (try World().hub()).examine()

        #expect(state(findings, "key") == .ok && state(findings, "queue") == .ok)
        // However slow a busy machine makes it.
        #expect(["ok", "degraded"].contains(state(findings, "store")?.rawValue))
        #expect(findings.first { $0.name == "integrations" }?.advice?.contains("crossdock connect") ?? false)
        #expect(!findings.contains { $0.state == .down })
    }

    @Test func everyIntegrationIsReachedAndWhatStandsInTheWayIsSaid() async throws {
        let world = try World()
        world.openShop("north", products: 1)
        let hub = try world.hub()
        _ = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        _ = try await hub.connect("woocommerce", name: "nowhere", config: World.shopSettings("nowhere"))
        let findings = await hub.examine()

        #expect(state(findings, "connection north") == .ok && state(findings, "calls of north") == .ok)
        #expect(state(findings, "connection nowhere") == .down)
        #expect(findings.filter { $0.state != .ok }.allSatisfy { $0.advice != nil })
        #expect(findings.first { $0.name == "customers" }?.seen.contains("north, nowhere") ?? false)
        #expect(!findings.contains { $0.seen.contains("sandbox-webhook-secret") })
    }

    @Test func aHubWithoutAnAddressSaysWhetherASideIsReadAllTheSame() async throws {
        let world = try World()
        world.openShop("north", products: 1)
        let hub = try world.hub(connectors: [Custom.self], publicURL: nil)
        _ = try await hub.connect("woocommerce", name: "north", config: World.shopSettings("north"))
        _ = try await hub.connect("custom", name: "own", config: ["eventSecret": "a secret of the test"])

        let seen = await hub.examine().reduce(into: [String: String]()) { $0[$1.name] = $1.seen }

        #expect(seen["calls of north"]?.hasSuffix("it is polled") ?? false)
        #expect(seen["calls of own"]?.contains("only who reaches this machine") ?? false)
    }

    @Test func anotherKeyIsFound() async throws {
        let world = try World()
        try await (try world.hub()).checkKey()
        let findings = await (try world.hub(key: 9)).examine()

        #expect(state(findings, "key") == .down)
    }
}
