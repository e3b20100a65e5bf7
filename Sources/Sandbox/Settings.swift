import Commerce

/// What the shop says about itself: read before prices are exchanged, and to see whether the key works.
extension WooCommerceSandbox {
    func generalSettings(_ call: Call) -> [Node] {
        let fields = call.fields
        return settingRows.map { settingNode($0, call.view).keeping(fields) }
    }

    func oneSetting(_ call: Call, _ id: String) throws(ShopError) -> Reply {
        guard call.method == "GET" else {
            throw ShopError(403, "woocommerce_rest_cannot_edit", "The settings of a stand-in are fixed when it starts.")
        }
        guard let row = settingRows.first(where: { $0.id == id }) else {
            throw ShopError(404, "rest_setting_setting_invalid", "Invalid setting.")
        }
        return Reply(node: settingNode(row, call.view))
    }

    private struct Setting {
        var id: String
        var label: String
        var type: String
        var standard: String
        var value: String
        var hasTip = true
    }

    private var settingRows: [Setting] {
        let decimals = String(options.currency.exponent)
        return [
            Setting(
                id: "woocommerce_store_address", label: "Address line 1", type: "text", standard: "",
                value: "1 Harbour Road"),
            Setting(id: "woocommerce_store_city", label: "City", type: "text", standard: "", value: "Colombo"),
            Setting(
                id: "woocommerce_default_country", label: "Country / State", type: "select", standard: "US:CA",
                value: options.country),
            Setting(
                id: "woocommerce_store_postcode", label: "Postcode / ZIP", type: "text", standard: "", value: "00100"),
            Setting(
                id: "woocommerce_specific_allowed_countries", label: "Sell to specific countries",
                type: "multiselect", standard: "", value: "", hasTip: false),
            Setting(
                id: "woocommerce_calc_taxes", label: "Enable taxes", type: "checkbox", standard: "no",
                value: options.taxRatePercent == nil ? "no" : "yes"),
            Setting(
                id: "woocommerce_currency", label: "Currency", type: "select", standard: "USD",
                value: options.currency.code),
            Setting(
                id: "woocommerce_currency_pos", label: "Currency position", type: "select", standard: "left",
                value: "left"),
            Setting(
                id: "woocommerce_price_thousand_sep", label: "Thousand separator", type: "text", standard: ",",
                value: ","),
            Setting(
                id: "woocommerce_price_decimal_sep", label: "Decimal separator", type: "text", standard: ".",
                value: "."),
            Setting(
                id: "woocommerce_price_num_decimals", label: "Number of decimals", type: "number", standard: "2",
                value: decimals),
        ]
    }

    private func settingNode(_ row: Setting, _ view: View) -> Node {
        var members: [Node.Member] = [
            .init("id", .text(row.id)), .init("label", .text(row.label)), .init("description", .text(row.label)),
            .init("type", .text(row.type)), .init("default", .text(row.standard)),
        ]
        if row.hasTip { members.append(.init("tip", .text(row.label))) }
        members.append(.init("value", .text(row.value)))
        members.append(
            .init(
                "_links",
                [
                    "self": [["href": view.url("/settings/general/\(row.id)")]],
                    "collection": [["href": view.url("/settings/general")]],
                ]))
        return .object(members)
    }

    var currencyNode: Node {
        ["code": .text(options.currency.code), "name": .text(options.currency.code), "symbol": .text(currencySymbol)]
    }

    var statusNode: Node {
        [
            "environment": [
                "home_url": .text(options.siteURL), "site_url": .text(options.siteURL), "version": .text(Self.version),
                "wp_version": "7.0.4", "wp_multisite": false, "language": "en_US",
                "server_info": "Sandbox", "php_version": "8.2", "remote_post_successful": true,
            ],
            "settings": [
                "api_enabled": true, "currency": .text(options.currency.code),
                "currency_symbol": .text(currencySymbol), "currency_position": "left", "thousand_separator": ",",
                "decimal_separator": ".", "number_of_decimals": .int(options.currency.exponent),
                "HPOS_enabled": true,
            ],
        ]
    }

    func listTaxes(_ call: Call) -> Reply {
        let query = query(call, order: "id", isAscending: true)
        guard let rate = options.taxRatePercent else { return listReply([], total: 0, query, call) }
        let whole = Self.rounded(Int128(rate.mantissa), fromScale: rate.scale, toScale: 4)
        let node: Node = [
            "id": 1, "country": .text(options.country), "state": "", "postcode": "", "city": "",
            "rate": .text(Self.fourDecimals(whole)), "name": .text(options.taxLabel), "priority": 1,
            "compound": false, "shipping": true, "order": 0, "class": "standard", "postcodes": [], "cities": [],
            "_links": call.view.links("/taxes/1", of: "/taxes"),
        ]
        return listReply([node], total: 1, query, call)
    }

    private static func fourDecimals(_ tenThousandths: Int64) -> String {
        let rest = String(tenThousandths % 10_000)
        return "\(tenThousandths / 10_000)." + String(repeating: "0", count: 4 - rest.count) + rest
    }
}
