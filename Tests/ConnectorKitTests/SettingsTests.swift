import ConnectorKit
import Testing

@Suite("Settings")
struct SettingsTests {
    static let shapes = [
        SettingShape(
            "siteUrl", .address, aliases: ["WOOCOMMERCE_SITE_URL", "url"], isRequired: true, "the shop's address"),
        SettingShape(
            "consumerSecret", .text, aliases: ["CONSUMER_SECRET"], isSecret: true, isRequired: true, "its secret"),
        SettingShape("batchSize", .integer(1...100), standard: 50, "records in one call"),
        SettingShape("enabled", .flag, standard: true, "whether it runs"),
        SettingShape("strategy", .oneOf(["timestamp", "manual"]), "what wins"),
        SettingShape("accounts", .table, "accounts by use"),
        SettingShape("statuses", .list, "states read"),
        SettingShape("pace", .textOrNumber, "how often"),
        SettingShape(
            "webhook",
            .group([
                SettingShape("secret", .text, isSecret: true, "the webhook's secret"),
                SettingShape("retries", .integer(0...9), standard: 3, "attempts"),
            ]), "webhooks"),
    ]
    static let good: JSON = ["siteUrl": "https://shop.example", "consumerSecret": "s3cret-value"]

    private func read(_ changes: JSON) throws(SettingsError) -> Settings {
        let members = (Self.good.object ?? [:]).merging(changes.object ?? [:]) { $1 }
        return try Settings(.object(members.filter { !$0.value.isNull }), by: Self.shapes, of: "shop")
    }

    private func problems(_ changes: JSON) -> [String] {
        do {
            _ = try read(changes)
            return []
        } catch {
            return error.problems
        }
    }

    @Test func whatIsNotGivenHasItsStandard() throws {
        let settings = try read([:])

        #expect(settings.text("siteUrl") == "https://shop.example")
        #expect(settings.secret("consumerSecret")?.reveal == "s3cret-value")
        #expect(settings.integer("batchSize") == 50)
        #expect(settings.flag("enabled") == true)
        #expect(settings.text("strategy") == nil)
        #expect(settings.table("accounts").isEmpty && settings.list("statuses").isEmpty)
        #expect(settings.group("webhook") == nil)
    }

    @Test func numbersAndFlagsMayComeAsTexts() throws {
        let settings = try read(["batchSize": "75", "enabled": "false", "webhook": ["retries": "9"]])

        #expect(settings.integer("batchSize") == 75)
        #expect(settings.flag("enabled") == false)
        #expect(settings.group("webhook")?.integer("retries") == 9)
    }

    @Test func aNumberStandsForItsDigitsWhereTheSettingTakesBoth() throws {
        #expect(try read(["pace": 15]).text("pace") == "15")
        #expect(try read(["pace": "15"]).text("pace") == "15")
        #expect(try read(["pace": "daily"]).text("pace") == "daily")
    }

    @Test func anAliasStandsForItsSetting() throws {
        let settings = try read(["siteUrl": .null, "url": "https://other.example"])

        #expect(settings.text("siteUrl") == "https://other.example")
    }

    @Test(
        arguments: [
            ("batchSize", JSON.integer(0), "a whole number from 1 to 100"), ("batchSize", 101, "a whole number"),
            ("batchSize", "many", "a whole number"), ("batchSize", .number("5.5"), "a whole number"),
            ("batchSize", true, "a whole"),
            ("batchSize", .number("99999999999999999999"), "a whole number"), ("enabled", "yes", "true or false"),
            ("enabled", 1, "true or false"), ("strategy", "coin", "one of timestamp, manual"),
            ("siteUrl", "shop.example", "http"),
            ("siteUrl", 5, "http or https address"),
            ("siteUrl", "https://user:pw@shop.example", "http or https address"),
            ("accounts", ["a": 1], "an object of texts"), ("accounts", "a", "an object"),
            ("statuses", "a", "a list of texts"),
            ("statuses", [1], "a list of texts"), ("webhook", "x", "an object"),
            ("siteUrl", .integer(15), "an http"), ("pace", true, "a text or a number"),
            ("pace", [15], "a text or a number"),
        ] as [(String, JSON, String)])
    func aWrongTypeIsNamedWithWhatItShouldBe(name: String, value: JSON, expected: String) {
        let found = problems(.object([name: value]))

        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("shop: \"\(name)\" must be ") == true, "\(found)")
        #expect(found.first?.contains(expected) == true, "\(found)")
    }

    @Test func anUnknownKeyIsNamedWithTheKnownOnes() {
        let found = problems(["batchsize": 5, "webhook": ["retry": 1]])

        #expect(found.count == 2)
        #expect(found.contains { $0.contains("\"batchsize\"") && $0.contains("batchSize") })
        #expect(found.contains { $0.contains("\"webhook.retry\"") && $0.contains("retries") })
    }

    @Test(arguments: [JSON.null, "", "  \t"])
    func aMissingSecretSaysThatItIsOneAndWhatItIs(value: JSON) {
        let found = problems(["consumerSecret": value])

        #expect(found == ["shop: secret \"consumerSecret\" is missing: its secret"])
    }

    @Test func twoDifferentValuesForOneThingAreRefusedAndTwoEqualOnesAreNot() throws {
        let found = problems(["url": "https://other.example"])
        #expect(found == ["shop: \"siteUrl\" and \"url\" are one setting and differ"])

        #expect(try read(["url": "https://shop.example"]).text("siteUrl") == "https://shop.example")
    }

    @Test func everyProblemIsSaidAtOnce() {
        #expect(problems(["siteUrl": .null, "consumerSecret": .null, "batchSize": 0, "colour": "red"]).count == 4)
    }

    @Test func noSecretIsEverQuoted() {
        let wrong: [JSON] = [
            ["consumerSecret": ["s3cret-value"]], ["CONSUMER_SECRET": "other-s3cret"],
            ["webhook": ["secret": ["s3cret-value"]]],
            ["webhook": ["secret": "s3cret-value", "retries": "s3"]], ["webhook": [["secret": "s3cret-value"]]],
        ]
        for changes in wrong {
            let found = problems(changes)
            #expect(!found.isEmpty)
            #expect(!found.joined().contains("s3cret"), "\(found)")
        }
    }

    @Test func settingsPrintNoSecret() throws {
        let settings = try read(["webhook": ["secret": "s3cret-value"]])
        var dumped = ""
        dump(settings, to: &dumped)

        for text in ["\(settings)", String(reflecting: settings), dumped] {
            #expect(!text.contains("s3cret"), "\(text)")
        }
    }

    @Test func settingsThatAreNoObjectAreRefused() {
        for given: JSON in [.null, [], "a", 5] {
            #expect(throws: SettingsError.self) { try Settings(given, by: Self.shapes, of: "shop") }
        }
    }
}
