import ConnectorKit

/// The settings of one shop, checked.
struct ShopSettings: Sendable {
    /// The most entries one batch may carry. Source: recorded, 101 entries are answered 413.
    static let batchMaximum = 100

    var site: HTTPAddress
    var key: Secret
    var secret: Secret
    var webhookSecret: Secret?
    /// Whether calls are taken only with the shop's signature.
    var asksProof: Bool
    /// Whether the hub registers webhooks at the shop.
    var isRealTime: Bool
    var version: String
    var batchSize: Int
    /// What the settings say, which may be more than the shop takes; nil where they say nothing.
    var batchSizeGiven: Int?
    /// Whether levels of stock travel, either way.
    var syncsStock: Bool
    var currency: Currency?
    var weightUnit: String
    var dimensionUnit: String

    static let shapes: [SettingShape] = [
        SettingShape(
            "siteUrl", .address, aliases: ["WOOCOMMERCE_SITE_URL", "site_url"], isRequired: true,
            "The shop's address as its visitors see it, with its folder if it lives in one."),
        SettingShape(
            "consumerKey", .text, aliases: ["WOOCOMMERCE_CONSUMER_KEY", "consumer_key"], isSecret: true,
            isRequired: true, "The key of the REST API, \"ck_...\" (WooCommerce, Settings, Advanced, REST API)."),
        SettingShape(
            "consumerSecret", .text, aliases: ["WOOCOMMERCE_CONSUMER_SECRET", "consumer_secret"], isSecret: true,
            isRequired: true, "The secret of that key, \"cs_...\"."),
        SettingShape(
            "webhookSecret", .text, aliases: ["WOOCOMMERCE_WEBHOOK_SECRET", "webhook_secret"], isSecret: true,
            "The secret webhooks are signed with: letters, digits, - and _ only; without it the shop is only polled."),
        SettingShape(
            "version", .oneOf(["wc/v3"]), aliases: ["WOOCOMMERCE_VERSION"], standard: "wc/v3",
            "The version of the REST API; wc/v3 is the only one."),
        SettingShape(
            "realTimeConfig", .group(realTime), "How fast and how often, and who wins: seed names kept."),
        SettingShape(
            "currency", .text, aliases: ["default_currency"],
            "The shop's currency, as ISO 4217 code; read from the shop when not given."),
        SettingShape("weightUnit", .oneOf(["kg", "g", "lbs", "oz"]), standard: "kg", "The shop's unit of weight."),
        SettingShape(
            "dimensionUnit", .oneOf(["m", "cm", "mm", "in", "yd"]), standard: "cm", "The shop's unit of length."),
        batchSize(aliases: ["WOOCOMMERCE_BATCH_SIZE"]), maxRetries(aliases: ["WOOCOMMERCE_MAX_RETRIES"]),
        retryDelay(aliases: ["WOOCOMMERCE_RETRY_DELAY"]),
        SettingShape("enableRealTime", .flag, "Whether webhooks are registered; the same as realTimeConfig.enabled."),
        verified("enableSecurity"), verified("validateSignature"),
        SettingShape(
            "sync_frequency_minutes", .integer(1...525_600),
            "How often the shop is read, in minutes; 15 where nothing is said."),
        automatic("auto_sync_products", "categories, products and variants"),
        automatic("auto_sync_orders", "orders"), automatic("auto_sync_customers", "customers"),
        SettingShape(
            "auto_sync_inventory", .flag, standard: true,
            "Whether levels of stock travel; with false they are neither read nor written, not by crossdock sync "
                + "either."
        ),
        SettingShape(
            "adminEmail", .text, aliases: ["WOOCOMMERCE_ADMIN_EMAIL"],
            "Accepted for seed 001; alerts by mail come later."),
        SettingShape(
            "apiBaseUrl", .address, aliases: ["API_BASE_URL"],
            "Accepted for seed 001; the hub's public address is given to serve by --public-url or API_BASE_URL."),
        SettingShape("debug", .flag, "Accepted for seed 001; the hub's log level decides."),
        SettingShape("logLevel", .text, "Accepted for seed 001; the hub's log level decides."),
    ]

    private static let realTime: [SettingShape] = [
        SettingShape("enabled", .flag, "Whether webhooks are registered."), batchSize(), maxRetries(), retryDelay(),
        SettingShape(
            "conflictStrategy",
            .oneOf(["timestamp", "manual", "priority", "merge", "source", "wc_wins", "nxt_wins"]),
            "What happens when both sides changed; the hub's policies decide per part."),
    ]

    /// Settings with which calls need no proof where they say false (C-10).
    private static let verifying = ["enableSecurity", "validateSignature"]

    private static func verified(_ name: String) -> SettingShape {
        SettingShape(
            name, .flag, standard: true,
            "Whether webhooks are verified. False is for trying things out: such calls are taken only while the hub "
                + "can be reached from its own machine alone, and health and pages warn of it.")
    }

    private static func automatic(_ name: String, _ what: String) -> SettingShape {
        SettingShape(
            name, .flag, standard: true,
            "Whether \(what) travel by themselves; with false they travel only by crossdock sync.")
    }

    private static func batchSize(aliases: [String] = []) -> SettingShape {
        SettingShape(
            "batchSize", .integer(1...100_000), aliases: aliases,
            "Records a call, 1 and up; more than \(batchMaximum) is cut to \(batchMaximum), the shop's limit.")
    }

    private static func maxRetries(aliases: [String] = []) -> SettingShape {
        SettingShape("maxRetries", .integer(0...100), aliases: aliases, "Quick retries before the slow schedule.")
    }

    private static func retryDelay(aliases: [String] = []) -> SettingShape {
        SettingShape(
            "retryDelay", .integer(0...3_600_000), aliases: aliases,
            "First step of the retry schedule, in milliseconds.")
    }
}

extension ShopSettings {
    /// Checks what the card alone cannot see.
    init(_ settings: Settings) throws(SettingsError) {
        var problems: [String] = []
        let realTime = settings.group("realTimeConfig")
        for name in ["batchSize", "maxRetries", "retryDelay"] {
            if let outer = settings.integer(name), let inner = realTime?.integer(name), outer != inner {
                problems.append("WooCommerce: \"\(name)\" (\(outer)) and \"realTimeConfig.\(name)\" (\(inner)) differ")
            }
        }
        if let outer = settings.flag("enableRealTime"), let inner = realTime?.flag("enabled"), outer != inner {
            problems.append("WooCommerce: \"enableRealTime\" and \"realTimeConfig.enabled\" differ")
        }
        problems += Self.problems(ofWebhookSecret: settings.secret("webhookSecret"))
        let site = settings.text("siteUrl").flatMap(HTTPAddress.init)
        if let site, !site.query.isEmpty {
            problems.append("WooCommerce: \"siteUrl\" must be an address without a question mark")
        }
        var currency: Currency?
        if let code = settings.text("currency") {
            do {
                currency = try Currency(code)
            } catch {
                problems.append("WooCommerce: \"currency\": \(error.description)")
            }
        }
        guard problems.isEmpty, let site, let key = settings.secret("consumerKey"),
            let secret = settings.secret("consumerSecret")
        else { throw SettingsError(problems.isEmpty ? ["WooCommerce: siteUrl or a key is missing"] : problems) }
        let batchSize = settings.integer("batchSize") ?? realTime?.integer("batchSize")
        self.init(
            site: Self.normalised(site), key: key, secret: secret, webhookSecret: settings.secret("webhookSecret"),
            asksProof: !Self.verifying.contains { settings.flag($0) == false },
            isRealTime: settings.flag("enableRealTime") ?? realTime?.flag("enabled") ?? true,
            version: settings.text("version") ?? "wc/v3",
            batchSize: min(batchSize ?? Self.batchMaximum, Self.batchMaximum), batchSizeGiven: batchSize,
            syncsStock: settings.flag("auto_sync_inventory") ?? true,
            currency: currency, weightUnit: settings.text("weightUnit") ?? "kg",
            dimensionUnit: settings.text("dimensionUnit") ?? "cm")
    }

    // The shop decodes HTML entities in the secret before it signs ("&amp;" becomes "&"), so a secret with such
    // characters would never verify.
    private static func problems(ofWebhookSecret secret: Secret?) -> [String] {
        guard let text = secret?.reveal else { return [] }
        let isPlain = text.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
        }
        return isPlain
            ? []
            : ["WooCommerce: \"webhookSecret\" may hold only letters, digits, - and _: WooCommerce rewrites others"]
    }

    /// Without a trailing slash, without a port that is the scheme's own, without the path of the REST API.
    private static func normalised(_ site: HTTPAddress) -> HTTPAddress {
        var site = site
        if let end = site.path.range(of: "/wp-json") { site.path = String(site.path[..<end.lowerBound]) }
        while site.path.hasSuffix("/") { site.path.removeLast() }
        if site.port == (site.scheme == "https" ? 443 : 80) { site.port = nil }
        return site
    }

    /// What the settings ask for and do not get, and what they risk, for the operator.
    var remarks: [String] {
        var remarks: [String] = []
        if let batchSizeGiven, batchSizeGiven > batchSize {
            remarks.append("batchSize \(batchSizeGiven) is cut to \(batchSize), the shop's limit")
        }
        if !asksProof {
            remarks.append(
                "webhooks need no signature while the hub can be reached from its own machine alone: whoever is on "
                    + "it can tell the hub anything of this shop")
        }
        if !isSecure, !ShopReach.isLoopback(site.host) {
            remarks.append(
                "over http: keys are signed, not sent, but records and the webhook secret can be read on the way")
        }
        return remarks
    }

    /// Whether the shop is reached over TLS: then the key travels by Basic, else every request is signed.
    var isSecure: Bool { site.scheme == "https" }

    /// What webhooks are registered with; nil where none are to be registered.
    var subscriptionSecret: Secret? { isRealTime ? webhookSecret : nil }

    /// The shop in texts for people.
    var title: String { site.host + (site.port.map { ":\($0)" } ?? "") + site.path }
}
