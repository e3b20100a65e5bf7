import ConnectorKit
import Foundation
import Testing

@testable import GnuCash

@Suite("GnuCash settings")
struct GnuCashSettingsTests {
    private func read(_ json: JSON) throws -> BookSettings {
        try BookSettings(Settings(json, by: GnuCash.card.settings, of: "GnuCash"))
    }

    @Test func theSettingsOfTheFirstDocumentAreAccepted() throws {
        let file = Bundle.module.bundleURL.appending(path: "Fixtures/settings-daily.json")
        let settings = try read(JSON(parsing: Data(contentsOf: file)))

        #expect(settings.path == "/srv/books/corner-shop.gnucash")
        #expect(settings.accounts == [.sales: "Income:Sales", .receivables: "Assets:Accounts Receivable"])
        #expect(settings.createsCustomers && settings.readsTransactions)
        #expect(settings.form == .invoices && !settings.booksDifferences && !settings.booksUnknownProducts)
        #expect(settings.bookWhen == [.processing, .completed])
        #expect(settings.customerPrefix == "XD-")
    }

    static let badSettings: [(JSON, String)] = [
        (["file": "a", "gnucash_file_path": "b"], "gnucash_file_path"),
        (JSON.object([:]), "gnucash_file_path"),
        (["file": "a", "colour": "blue"], "colour"),
        (["file": "a", "sync_transactions": "perhaps"], "sync_transactions"),
        (["file": "a", "account_mapping": ["sales_account": "Income"]], "receivables_account"),
        (["file": "a", "account_mapping": "Income"], "account_mapping"),
        (["file": "a", "rounding": "guess"], "rounding"),
        (["file": "a", "currency": "EURO"], "EURO"),
        (["file": "a", "book_when": ["cancelled"]], "cancelled"),
        (["file": "a", "sync_frequency": "now and then"], "now and then"),
        (["file": "a", "sync_frequency": "0 2 * *"], "0 2 * *"),
        (["file": "a", "sync_frequency": "CRON_TZ=UTC 0 2 * *"], "a cron line"),
        (["file": "a", "sync_frequency": 0], "a number of minutes"),
        (["file": "a", "sync_frequency": 525_601], "525601"),
        (["file": "a", "sync_frequency": .number("7.5")], "7.5"),
        (["file": "a", "sync_frequency": true], "a text or a number"),
        (["file": "a", "time_zone_offset": 9000], "time_zone_offset"),
    ]

    @Test(arguments: badSettings)
    func aBadSettingIsRefusedByName(json: JSON, word: String) {
        let error = #expect(throws: SettingsError.self) { _ = try read(json) }
        #expect(error?.description.contains(word) == true)
    }

    @Test(
        arguments: [
            ("hourly", 3600), ("daily", 86_400), ("weekly", 604_800), ("15", 900), (15, 900), (1, 60),
            (525_600, 31_536_000),
        ] as [(JSON, Int)])
    func aFrequencyIsAWordOrANumberOfMinutes(frequency: JSON, seconds: Int) throws {
        let settings = try Settings(
            ["file": "a", "sync_frequency": frequency], by: GnuCash.card.settings, of: "GnuCash")

        _ = try BookSettings(settings)
        #expect(GnuCash.habits(settings).intervalSeconds == seconds)
    }

    @Test(arguments: ["0 2 * * *", "CRON_TZ=Asia/Colombo 0 2 * * mon-fri"])
    func aFrequencyMayBeACronLineWithItsZone(line: String) throws {
        let settings = try Settings(
            ["file": "a", "sync_frequency": .string(line)], by: GnuCash.card.settings, of: "GnuCash")

        _ = try BookSettings(settings)
        #expect(GnuCash.habits(settings) == Habits(cronLine: line))
    }

    @Test func aBookIsReadEveryFifteenMinutesUnlessItSaysOtherwise() throws {
        let settings = try Settings(["file": "a"], by: GnuCash.card.settings, of: "GnuCash")

        #expect(GnuCash.habits(settings).intervalSeconds == 900)
    }

    @Test func whatIsSwitchedOffIsNotOnTheCard() throws {
        let settings = try Settings(
            ["file": "/nowhere", "sync_transactions": false, "auto_create_customers": false],
            by: GnuCash.card.settings, of: "GnuCash")
        let kinds = try #require(try GnuCash.make(settings, CornerShop.surroundings()).kinds)

        #expect(!kinds.contains { $0.kind == .journal })
        #expect(kinds.first { $0.kind == .customer }?.creation == nil)
        #expect(kinds.first { $0.kind == .order }?.creation == .findable(visibleAfterSeconds: 0))
    }

    @Test func withoutTransactionsThereIsNoSourceOfThem() throws {
        let settings = try Settings(
            ["file": "/nowhere", "sync_transactions": false], by: GnuCash.card.settings, of: "GnuCash")
        let connector = try GnuCash.make(settings, CornerShop.surroundings())

        #expect(connector.sources[.journal] == nil)
        #expect(Set(connector.sources.keys) == [.account, .customer, .invoice])
        #expect(Set(connector.targets.keys) == [.customer, .order])
    }
}
