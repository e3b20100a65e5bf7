import ConnectorKit

/// The settings of one's own shop, as values.
struct CustomSettings: Sendable {
    /// What its stock is counted by.
    enum StockFrom: String, CaseIterable, Sendable {
        /// By what its calls say of stock.
        case calls
        /// By its orders.
        case orders
    }

    var currency: Currency?
    var stockFrom = StockFrom.calls
    /// Where it is told; nil: it is not.
    var address: HTTPAddress?
    var callSecret: Secret?
    var form = OwnScheme.Form.timestamped
    var creation: CreationClass?

    /// Whether the hub writes there.
    var writes: Bool { address != nil }

    /// All that any settings allow, for the card.
    static var widest: CustomSettings {
        var settings = CustomSettings()
        settings.address = HTTPAddress(scheme: "https", host: "shop.example", path: "/")
        settings.creation = .blind
        return settings
    }

    private init() {}

    static let shapes: [SettingShape] =
        [
            SettingShape(
                "currency", .text, "The currency of prices and amounts that name none, by its ISO 4217 code."),
            SettingShape(
                "stockFrom", .oneOf(StockFrom.allCases.map(\.rawValue)), aliases: ["stock_from"], standard: "calls",
                "What its stock is counted by: calls (what they say of stock) or orders (what these sell)."),
            SettingShape(
                "url", .address, aliases: ["callUrl", "call_url"],
                "Where the hub tells it what is to change there, by a signed POST; without it nothing is written."),
            SettingShape(
                "callSecret", .text, aliases: ["call_secret"], isSecret: true,
                "The secret the hub signs its own calls with; eventSecret unless given."),
            SettingShape(
                "creates", .oneOf(["never", "once", "byReference"]), standard: "never",
                "Whether the hub makes records there: never, once (an unclear answer waits for a person), or "
                    + "byReference (the shop answers a reference it knows with what it made for it)."
            ),
        ]
        + DoorRules.shapes.map { shape in
            var shape = shape
            if shape.name == "eventSecret" { shape.aliases += ["secret", "webhookSecret", "webhook_secret"] }
            return shape
        }

    /// Reads accepted settings.
    ///
    /// - Throws: `SettingsError` for an unknown currency, and where nothing could prove a call.
    init(_ settings: Settings) throws(SettingsError) {
        var problems: [SettingProblem] = []
        let secret = settings.secret("eventSecret")
        if secret == nil, settings.flag("acceptAPIKey") != true {
            let sentence =
                "custom: \"eventSecret\" is missing, the secret its calls are signed with; without one "
                + "\"acceptAPIKey\" must be true"
            problems.append(SettingProblem("eventSecret", sentence))
        }
        if let code = settings.text("currency") {
            do throws(AmountError) {
                currency = try Currency(code)
            } catch {
                problems.append(SettingProblem("currency", "custom: currency: \(error.description)"))
            }
        }
        stockFrom = settings.text("stockFrom").flatMap(StockFrom.init(rawValue:)) ?? .calls
        address = settings.text("url").flatMap(HTTPAddress.init)
        callSecret = settings.secret("callSecret") ?? secret
        if address != nil, callSecret == nil {
            let sentence = "custom: \"callSecret\" is missing, the secret the hub signs its own calls to \"url\" with"
            problems.append(SettingProblem("callSecret", sentence))
        }
        form = settings.text("signatureForm").flatMap(OwnScheme.Form.init) ?? .timestamped
        switch settings.text("creates") {
        case "byReference": creation = .keyed
        case "once": creation = .blind
        default: creation = nil
        }
        if creation != nil, address == nil {
            problems.append(SettingProblem("creates", "custom: \"creates\" needs \"url\": nothing is written without"))
        }
        guard problems.isEmpty else { throw SettingsError(byField: problems) }
    }
}
