import Audit
import ConnectorKit
import Ledger
import Store
import Synchronization
import Testing
import Wire

@testable import Pipeline

/// Keys are changed while hubs are at work, and nothing that was sealed is lost.
@Suite("Keys")
struct KeyTests {
    private let ann = AuditActor(.person, "ann")
    private static func key(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }

    private func connect(_ hub: Hub) async throws -> Integration {
        try await hub.connect("gnucash", name: "books", config: ["gnucash_file_path": "/nowhere/books.gnucash"])
    }

    private func sealedWith(_ hub: Hub) async throws -> [String?] {
        try await hub.integrations().map { Vault.key(of: $0.settings) }
    }

    @Test func aNewDataKeySealsAllAndAHubThatKnewTheOldOneGoesOn() async throws {
        let world = try World()
        let (hub, other) = (try world.hub(), try world.hub())
        try await hub.checkKey()
        _ = try await connect(hub)
        _ = try other.connector(of: try #require(try await other.integrations().first))

        let first = try await hub.rotateKeys(by: ann)
        let second = try await hub.rotateKeys(by: ann)

        #expect(first.resealed == 1 && second.resealed == 1 && first.key != second.key)
        #expect(try await sealedWith(hub) == [second.key])
        #expect(try await hub.currentKey()?.id == second.key)
        // The other process was never told; it meets the key, and reads it.
        _ = try other.connector(of: try #require(try await other.integrations().first))
        let config: JSON = ["gnucash_file_path": "/nowhere/else.gnucash"]
        _ = try await other.replace("gnucash", name: "books", config: config, by: ann)
        #expect(try await sealedWith(other) == [second.key])
        #expect(try await other.verifyAudit().problems == [])
    }

    /// A round failed with a warning every two seconds, until something else of that process asked for all of them.
    @Test func aRoundOfAHubThatWasNotToldOfANewKeyReadsIt() async throws {
        let world = try World()
        let (hub, other) = (try world.hub(), try world.hub())
        try await hub.checkKey()
        _ = try await connect(hub)
        _ = try await other.integrationsDue()

        _ = try await hub.rotateKeys(by: ann)

        let due = try await other.integrationsDue()
        #expect(due.count == 1)
        for integration in due { _ = try other.connector(of: integration) }
    }

    @Test func anotherMasterKeyTakesOverAndTheOldOneNeedNotBeGivenAnyMore() async throws {
        let world = try World()
        let old = try world.hub(key: 7)
        try await old.checkKey()
        _ = try await connect(old)
        let both = try world.hub(key: 9, masters: { [Self.key(9), Self.key(7)] })

        let done = try await both.rotateMasterKey(by: ann)

        #expect(done.resealed == 1)
        let new = try world.hub(key: 9)
        try await new.checkKey()
        _ = try new.connector(of: try #require(try await new.integrations().first))
        // Links that the former master key has sealed are still proven.
        let verdict = try await new.verifyAudit()
        #expect(verdict.problems == [] && verdict.lines == 3)
        await #expect(throws: HubError.self) { try await world.hub(key: 7).checkKey() }
    }

    @Test func aChangeOfTheMasterKeyThatWasBrokenOffAnywhereCanBeMadeAgain() async throws {
        let world = try World()
        let hub = try world.hub(key: 7)
        try await hub.checkKey()
        _ = try await connect(hub)
        _ = try await hub.rotateKeys(by: ann)
        let masters: @Sendable () throws -> [[UInt8]] = { [Self.key(9), Self.key(7)] }

        // Broken off when the new data key was there and the rest was not.
        _ = try await world.hub(key: 9, masters: masters).rotateKeys(by: ann)
        let between = try world.hub(key: 9, masters: masters)
        try await between.checkKey()
        _ = try between.connector(of: try #require(try await between.integrations().first))
        let done = try await between.rotateMasterKey(by: ann)
        _ = try await between.rotateMasterKey(by: ann)

        #expect(done.rewrapped == 1)
        let new = try world.hub(key: 9)
        try await new.checkKey()
        _ = try new.connector(of: try #require(try await new.integrations().first))
        #expect(try await new.verifyAudit().problems == [])
    }

    @Test func aRunningHubReadsTheNewMasterKeyWhenItMeetsWhatItSealed() async throws {
        let world = try World()
        let file = Mutex([Self.key(7)])
        let running = try world.hub(key: 7, masters: { file.withLock { $0 } })
        try await running.checkKey()
        _ = try await connect(running)

        _ = try await world.hub(key: 9, masters: { [Self.key(9), Self.key(7)] }).rotateMasterKey(by: ann)
        file.withLock { $0 = [Self.key(9)] }

        _ = try running.connector(of: try #require(try await running.integrations().first))
        #expect(try await running.verifyAudit().problems == [])
    }

    @Test func nothingOfAKeyOrACredentialStandsInTheAuditOrTheStore() async throws {
        let world = try World()
        let hub = try world.hub()
        try await hub.checkKey()
        let secret = "cs_0123456789abcdef"
        _ = try await hub.connect(
            "woocommerce", name: "shop",
            config: ["siteUrl": "https://shop.example", "consumerKey": "ck_1", "consumerSecret": .string(secret)])
        _ = try await hub.rotateKeys(by: ann)
        _ = try await hub.replace(
            "woocommerce", name: "shop",
            config: ["siteUrl": "https://shop.example", "consumerKey": "ck_1", "consumerSecret": "cs_another"])

        let lines = try await hub.audit()
        let told = lines.map(\.json.text).joined()

        #expect(lines.map(\.action) == ["integration.changed", "key.rotated", "integration.connected"])
        #expect(!told.contains("cs_") && told.contains("••••"))
        #expect(lines.first?.after?["newSecrets"] == ["consumerSecret"])
    }
}
