import ConnectorKit

/// What of a stored call people are shown: of what it says only what is known to be about goods, states, sums and
/// times. Everything else, secrets and persons among it, is dots: a new member of a vendor's payload is hidden until
/// somebody has thought about it.
public enum DeliveryMask {
    /// What stands where something is hidden.
    public static let dots = "••••"
    /// The longest text that is shown.
    static let textLength = 200
    /// How many members of a list are shown.
    static let listLength = 100

    private static let openHeaders: Set<String> = [
        "content-type", "content-length", "content-encoding", "accept", "date", "host", "user-agent", "x-request-id",
        "x-wc-webhook-topic", "x-wc-webhook-resource", "x-wc-webhook-event", "x-wc-webhook-id",
        "x-wc-webhook-delivery-id", "x-wc-webhook-source", "x-webhook-timestamp", "x-webhook-event",
    ]

    private static let openMembers: Set<String> = [
        "id", "parent_id", "product_id", "productid", "variation_id", "order_id", "orderid", "webhook_id", "number",
        "sku", "slug", "status", "type", "topic", "event", "eventtype", "action", "data_store", "version",
        "created_via", "currency", "price", "regular_price", "sale_price", "total", "subtotal", "total_tax",
        "subtotal_tax", "total_sales", "discount_total", "shipping_total", "cart_tax", "shipping_tax",
        "discount_tax", "prices_include_tax", "tax", "tax_class", "tax_status", "rate_code", "rate_id", "amount",
        "quantity", "stock", "stock_quantity", "stock_status", "manage_stock", "low_stock_amount", "backorders",
        "weight", "length", "width", "height", "menu_order", "catalog_visibility", "payment_method",
        "payment_method_title", "method_id", "method_title", "date_created", "date_created_gmt", "date_modified",
        "date_modified_gmt", "date_completed", "date_completed_gmt", "date_paid", "date_paid_gmt", "timestamp",
        "createdat", "updatedat", "code", "mark", "is_editable", "needs_payment",
    ]

    /// Within these all is somebody's.
    private static let persons: Set<String> = [
        "billing", "shipping", "customer", "user", "recipient", "sender", "buyer", "payer", "contact", "address",
        "billing_address", "shipping_address", "account", "meta_data",
    ]

    /// A name is shown of what is sold, not of who buys.
    private static let goodsMarks: Set<String> = [
        "sku", "product_id", "productid", "regular_price", "catalog_visibility",
    ]

    /// Whether a header opens a door by itself, to whoever reads it: such a one is not even stored. A signature opens
    /// nothing but for the call it stands on.
    static func isCredential(_ name: String) -> Bool {
        credentialLengths.contains(name.utf8.count) && credentials.contains(name.lowercased())
    }

    private static let credentials: Set<String> = ["authorization", "proxy-authorization", "cookie", "x-api-key"]
    private static let credentialLengths = Set(credentials.map(\.utf8.count))

    /// The headers; what proves who called is dots.
    public static func headers(_ headers: HTTPHeaders) -> JSON {
        .array(
            headers.list.map { field in
                let isOpen = openHeaders.contains(field.name.lowercased())
                return ["name": .string(field.name), "value": isOpen ? shown(field.value) : .string(dots)]
            })
    }

    /// The body; of one that is no JSON only how long it is.
    public static func body(_ bytes: [UInt8]) -> JSON {
        guard let json = try? JSON(parsing: bytes) else { return ["unreadable": true, "bytes": .integer(bytes.count)] }
        return masked(json, under: "", isPersonal: false)
    }

    private static func masked(_ json: JSON, under name: String, isPersonal: Bool) -> JSON {
        switch json {
        case .null, .bool: return json
        case .object(let members):
            let isGoods = !isPersonal && members.keys.contains { goodsMarks.contains($0.lowercased()) }
            return .object(
                Dictionary(
                    uniqueKeysWithValues: members.map { key, value in
                        let word = key.lowercased()
                        let isTheirs = isPersonal || persons.contains(word)
                        let isTitle = isGoods && word == "name"
                        return (key, masked(value, under: isTitle ? "sku" : word, isPersonal: isTheirs))
                    }))
        case .array(let elements):
            let kept = elements.prefix(listLength).map { masked($0, under: name, isPersonal: isPersonal) }
            return .array(kept + (elements.count > listLength ? [.string("…")] : []))
        case .string(let text): return isPersonal || !openMembers.contains(name) ? .string(dots) : shown(text)
        case .number: return isPersonal || !openMembers.contains(name) ? .string(dots) : json
        }
    }

    /// A text as it is shown: an e-mail address is somebody's wherever it stands.
    private static func shown(_ text: String) -> JSON {
        if text.contains("@") { return .string(dots) }
        return .string(text.count > textLength ? text.prefix(textLength) + "…" : text)
    }
}
