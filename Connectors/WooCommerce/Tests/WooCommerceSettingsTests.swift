import ConnectorKit
import TestKit
import Testing

@testable import WooCommerce

@Suite("WooCommerce settings")
struct WooCommerceSettingsTests {
    private func make(_ given: JSON) throws(SettingsError) -> ShopSettings {
        try ShopSettings(Settings(given, by: WooCommerce.card.settings, of: "WooCommerce"))
    }

    private func problems(_ given: JSON) -> [String] {
        do {
            _ = try make(given)
            return []
        } catch {
            return error.problems
        }
    }

    private let least: [String: JSON] = [
        "siteUrl": "https://shop.test", "consumerKey": "ck_invented", "consumerSecret": "cs_invented",
    ]

    private func with(_ more: [String: JSON]) -> JSON { .object(least.merging(more) { $1 }) }

    @Test func theSeedsJSONIsTakenAsItIs() throws {
        let shop = try make(
            with([
                "version": "wc/v3", "webhookSecret": "secret",
                "realTimeConfig": [
                    "enabled": true, "batchSize": 50, "maxRetries": 3, "retryDelay": 1000,
                    "conflictStrategy": "timestamp",
                ],
            ]))

        #expect(shop.batchSize == 50 && shop.version == "wc/v3" && shop.webhookSecret == Secret("secret"))
    }

    @Test func theSeedsEnvironmentIsTakenAsItIs() throws {
        let shop = try make([
            "WOOCOMMERCE_SITE_URL": "https://shop.test", "WOOCOMMERCE_CONSUMER_KEY": "ck_invented",
            "WOOCOMMERCE_CONSUMER_SECRET": "cs_invented", "WOOCOMMERCE_WEBHOOK_SECRET": "s1",
            "WOOCOMMERCE_VERSION": "wc/v3", "WOOCOMMERCE_ADMIN_EMAIL": "admin@mail.test",
            "API_BASE_URL": "http://hub.test:3000", "WOOCOMMERCE_BATCH_SIZE": "50", "WOOCOMMERCE_MAX_RETRIES": "3",
            "WOOCOMMERCE_RETRY_DELAY": "1000",
        ])

        #expect(shop.batchSize == 50 && shop.key == Secret("ck_invented"))
    }

    @Test(arguments: ["timestamp", "manual", "priority", "merge", "source", "wc_wins", "nxt_wins"])
    func everyStrategyOfTheSeedIsKnown(strategy: String) {
        #expect(problems(with(["realTimeConfig": ["conflictStrategy": .string(strategy)]])) == [])
    }

    @Test func aBatchAboveTheShopsLimitIsCutToIt() throws {
        #expect(try make(with(["batchSize": 500])).batchSize == 100)
        #expect(try make(.object(least)).batchSize == 100)
    }

    @Test func aSecretTheShopWouldRewriteIsRefused() {
        for secret in ["a&b", "a b", "a\"b", "ä", "<x>"] {
            #expect(problems(with(["webhookSecret": .string(secret)])).count == 1, "\(secret)")
        }
        #expect(problems(with(["webhookSecret": "Az-09_z"])) == [])
    }

    @Test func noProblemQuotesASecret() {
        let found = problems(
            ["siteUrl": "ftp://x", "consumerKey": 17, "consumerSecret": ["cs_x"], "webhookSecret": "geheim & co"])

        #expect(found.count >= 3)
        #expect(!found.joined().contains("geheim") && !found.joined().contains("cs_x"))
    }

    @Test func aMissingSecretIsNamed() {
        #expect(problems(["siteUrl": "https://shop.test"]).filter { $0.contains("is missing") }.count == 2)
    }

    @Test func twoValuesForOneThingAreRefused() {
        #expect(problems(with(["batchSize": 10, "realTimeConfig": ["batchSize": 20]])).count == 1)
        #expect(problems(with(["enableRealTime": true, "realTimeConfig": ["enabled": false]])).count == 1)
        #expect(problems(with(["WOOCOMMERCE_SITE_URL": "https://other.test"])).count == 1)
    }

    @Test(arguments: ["enableSecurity", "validateSignature"])
    func verificationIsSwitchedOffOnlyWhereItIsSaidAndThatIsRemarked(name: String) throws {
        for value in [true, false] {
            let shop = try Bench.shop("https://shop.test", [name: .bool(value)])
            #expect(shop.asksProof == value)
            #expect(shop.remarks.contains { $0.hasPrefix("webhooks need no signature") } == !value)
        }
        #expect(try Bench.shop().asksProof)
    }

    private static var silence: AnsweringTransport {
        AnsweringTransport { _ async throws(TransportFailure) in throw .notSent("refused") }
    }

    /// What the hub does with that is the hub's: where it is reached from elsewhere it asks for proof.
    @Test func withoutASecretCallsAreTakenOnlyWhereNoneNeedsToBeProved() throws {
        let call = WebhookCall(headers: ["X-WC-Webhook-Topic": "product.updated"], body: Array("{\"id\":7}".utf8))
        let without: [String: JSON] = ["webhookSecret": .null, "enableSecurity": false]
        let open = try #require(try Bench.connector(Self.silence, "https://shop.test", without).webhooks)
        let closed = try #require(try Bench.connector(Self.silence).webhooks)

        #expect(open.asksNoProof && !closed.asksNoProof)
        for receiver in [open, closed] {
            guard case .forged = receiver.prove(call) else { return #expect(Bool(false), "an unsigned call is proved") }
        }
        guard case .genuine(let key, "product.updated") = open.unproved(call), case .forged = closed.unproved(call)
        else { return #expect(Bool(false), "\(open.unproved(call)) \(closed.unproved(call))") }
        #expect(!key.isEmpty && open.sample("one", now: Bench.now) == nil)
        #expect(try Bench.connector(Self.silence, "https://shop.test", ["webhookSecret": .null]).webhooks == nil)
    }

    private func habits(_ more: [String: JSON]) throws -> Habits {
        WooCommerce.habits(try Bench.settings("https://shop.test", more))
    }

    @Test func theFrequencyInMinutesIsHowOftenTheShopIsRead() throws {
        #expect(try habits(["sync_frequency_minutes": 5]).intervalSeconds == 300)
        #expect(try habits(["sync_frequency_minutes": "525600"]).intervalSeconds == 31_536_000)
        #expect(try habits([:]).intervalSeconds == nil)
        for minutes: JSON in [0, 525_601, -1, "often", .number("1.5")] {
            #expect(problems(with(["sync_frequency_minutes": minutes])).count == 1, "\(minutes.text)")
        }
    }

    @Test(
        arguments: [
            ("auto_sync_products", [.category, .product, .variant]), ("auto_sync_orders", [.order]),
            ("auto_sync_customers", [.customer]), ("auto_sync_inventory", []),
        ] as [(String, Set<RecordKind>)])
    func whatDoesNotSyncByItselfTravelsByHandAlone(name: String, kinds: Set<RecordKind>) throws {
        #expect(try habits([name: false]).byHand == kinds)
        #expect(try habits([name: "false"]).byHand == kinds)
        #expect(try habits([name: true]).byHand == [])
        #expect(try habits([:]).byHand == [])
        #expect(problems(with([name: "perhaps"])).count == 1)
    }

    @Test func switchesTurnedOffTogetherAddUp() throws {
        let off = try habits(["auto_sync_products": false, "auto_sync_orders": false, "auto_sync_customers": false])

        #expect(off.byHand == Set(WooCommerce.card.kinds.map(\.kind)))
    }

    @Test func withoutInventoryStockTravelsNeitherWayAndAllElseAsBefore() throws {
        let world = AnsweringTransport(status: 500, body: "")
        let kinds = try #require(
            try Bench.connector(world, "https://shop.test", ["auto_sync_inventory": false]).kinds)

        #expect(kinds.map(\.kind) == WooCommerce.card.kinds.map(\.kind))
        for (narrowed, whole) in zip(kinds, WooCommerce.card.kinds) {
            for (part, direction) in whole.projection.directions {
                let expected = part == "stock" ? Direction.none : direction
                #expect(narrowed.projection.direction(of: part) == expected, "\(whole.kind) \(part)")
            }
            #expect(narrowed.creation == whole.creation && narrowed.issues == whole.issues)
        }
        #expect(WooCommerce.card.kind(.product)?.projection.direction(of: "stock") == .both)
        #expect(WooCommerce.card.kind(.variant)?.projection.direction(of: "stock") == .both)
        #expect(try Bench.connector(world).kinds == nil)
    }

    @Test func whatARepeatWaitsForIsTheSeedsInMilliseconds() throws {
        let outer = try habits(["maxRetries": 3, "retryDelay": 1500])
        let inner = try habits(["realTimeConfig": ["maxRetries": 0, "retryDelay": 250]])

        #expect(outer.quickRetries == 3 && outer.firstRetrySeconds == 1.5)
        #expect(inner.quickRetries == 0 && inner.firstRetrySeconds == 0.25)
        #expect(try habits([:]).quickRetries == nil && habits([:]).firstRetrySeconds == nil)
        #expect(problems(with(["maxRetries": 3, "realTimeConfig": ["maxRetries": 4]])).count == 1)
        #expect(problems(with(["retryDelay": 1, "realTimeConfig": ["retryDelay": 2]])).count == 1)
    }

    @Test(arguments: [
        ("adminEmail", "Accepted for seed 001; alerts by mail come later."),
        (
            "apiBaseUrl",
            "Accepted for seed 001; the hub's public address is given to serve by --public-url or API_BASE_URL."
        ),
    ])
    func aSettingThatDoesNothingYetSaysSo(name: String, words: String) {
        #expect(WooCommerce.card.settings.first { $0.name == name }?.explanation == words)
    }

    @Test func anUnknownCurrencyOrVersionIsRefused() {
        #expect(problems(with(["currency": "RUPEE"])).count == 1)
        #expect(problems(with(["version": "wc/v2"])).count == 1)
        #expect(problems(with(["colour": "red"])).count == 1)
    }

    @Test(arguments: [
        ("https://shop.test/", "https://shop.test"), ("https://shop.test:443/", "https://shop.test"),
        ("http://shop.test:80", "http://shop.test"), ("http://shop.test:8080/store/", "http://shop.test:8080/store"),
        ("https://shop.test/wp-json/wc/v3", "https://shop.test"), ("https://SHOP.test/a//", "https://shop.test/a"),
    ])
    func theSiteIsBroughtIntoOneForm(given: String, expected: String) throws {
        let site = try make(with(["siteUrl": .string(given)])).site

        #expect(site.origin + site.path == expected)
    }

    @Test func withoutAWebhookSecretTheShopIsOnlyPolled() throws {
        let settings = try Settings(.object(least), by: WooCommerce.card.settings, of: "WooCommerce")
        let world = AnsweringTransport(status: 500, body: "")
        let connector = try WooCommerce.make(settings, .still(world))

        #expect(connector.webhooks == nil && connector.subscriptions == nil)
        #expect(connector.sources.count == 5 && connector.targets.count == 5)
    }

    @Test func withRealTimeSwitchedOffNoWebhookIsRegisteredButOneThatComesIsRead() throws {
        let world = AnsweringTransport(status: 500, body: "")
        let connector = try Bench.connector(world, "https://shop.test", ["realTimeConfig": ["enabled": false]])

        #expect(connector.subscriptions == nil && connector.webhooks != nil)
    }

    @Test func theStrategyOfTheSeedBecomesTheHubsPolicy() throws {
        let settings = try Bench.settings("https://shop.test", ["realTimeConfig": ["conflictStrategy": "wc_wins"]])

        #expect(WooCommerce.habits(settings).conflictPolicy == "wc_wins")
        #expect(WooCommerce.habits(try Bench.settings()).conflictPolicy == nil)
    }

    @Test func theCardReadsWhatIsReferredToFirst() {
        #expect(WooCommerce.card.kinds.map(\.kind) == [.category, .product, .variant, .customer, .order])
        let orders = WooCommerce.card.kind(.order)?.projection
        #expect(orders?.direction(of: "content") == .take && orders?.direction(of: "state") == .both)
        #expect(WooCommerce.card.kind(.product)?.projection.direction(of: "images") == .take)
    }
}
