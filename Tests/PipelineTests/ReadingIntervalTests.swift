import ConnectorKit
import Foundation
import Ledger
import Pipeline
import Testing

@Suite("How often an integration is read, in the words of its settings")
struct ReadingIntervalTests {
    private func config(_ more: [String: JSON]) -> JSON {
        .object((World.shopSettings("north").object ?? [:]).merging(more) { $1 })
    }

    @Test func everyCardTakesMillisecondsAndShowsThemBack() async throws {
        let world = try World()
        let hub = try world.hub()

        let shop = try await hub.connect("woocommerce", name: "north", config: config(["syncInterval": 300_000]))

        #expect(shop.options.intervalSeconds(.order) == 300)
        let shown = try #require(try await hub.view(at: shop.publicID)).json(organization: "default")
        #expect(shown["settings"]?["syncInterval"] == 300_000)
    }

    @Test func anotherIntervalTakesTheOldOnesPlaceAndNoneTheUsual() async throws {
        let world = try World()
        let hub = try world.hub()
        let shop = try await hub.connect("woocommerce", name: "north", config: config(["syncInterval": 300_000]))

        var wish = try IntegrationWish(["settings": ["syncInterval": "120000"]])
        _ = try await hub.change(shop.publicID, wish, isWhole: false, by: .hub)
        #expect(try await hub.known(shop.publicID)?.options.intervalSeconds(.order) == 120)

        wish = try IntegrationWish(["settings": ["syncInterval": .null]])
        _ = try await hub.change(shop.publicID, wish, isWhole: false, by: .hub)
        #expect(try await hub.known(shop.publicID)?.options.intervalSeconds(.order) == 900)
    }

    @Test(arguments: [
        (["syncInterval": 59_999] as [String: JSON], "59999"), (["syncInterval": 60_001], "whole seconds"),
        (["syncInterval": "often"], "syncInterval"),
        (["syncInterval": 300_000, "sync_frequency_minutes": 6], "give one"),
    ])
    func anIntervalThatCannotBeIsRefusedWithTheSettingsName(given: [String: JSON], word: String) async throws {
        let world = try World()
        let hub = try world.hub()

        let error = await #expect(throws: SettingsError.self) {
            try await hub.connect("woocommerce", name: "north", config: config(given))
        }

        #expect(error?.description.contains(word) ?? false)
        #expect(error?.byField.first?.field == "syncInterval")
        #expect(try await hub.integrations().isEmpty)
    }

    @Test func twoSettingsThatSayTheSameAreNoProblem() async throws {
        let world = try World()
        let hub = try world.hub()
        let both: [String: JSON] = ["syncInterval": 300_000, "sync_frequency_minutes": 5]

        let shop = try await hub.connect("woocommerce", name: "north", config: config(both))

        #expect(shop.options.intervalSeconds(.order) == 300)
    }

    @Test func aBookThatIsReadByACronLineTakesNoIntervalBesideIt() async throws {
        let world = try World()
        let hub = try world.hub()
        var settings = World.bookSettings(NSTemporaryDirectory() + "book-\(UUID().uuidString).gnucash").object ?? [:]
        settings["syncInterval"] = 300_000
        let book = try await hub.connect("gnucash", name: "books", config: .object(settings))
        #expect(book.options.intervalSeconds(.customer) == 300)

        settings["sync_frequency"] = "0 2 * * *"
        await #expect(throws: SettingsError.self) {
            try await hub.connect("gnucash", name: "others", config: .object(settings))
        }
    }
}
