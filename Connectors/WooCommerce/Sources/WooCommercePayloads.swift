import ConnectorKit

/// Why a payload cannot be used, in words a merchant can read; the offending text is quoted.
struct PayloadError: Error, Hashable, Sendable {
    let reason: String
}

/// One object of the shop's JSON, read leniently where the shop is loose (ids now as text, now as number) and strictly
/// where money is concerned.
struct Payload: Sendable {
    let json: JSON

    init(_ json: JSON) { self.json = json }

    /// The text of a member, number or string; empty when absent or null.
    func text(_ name: String) -> String { json[name]?.scalarText ?? "" }

    /// The text of a member; nil when it is absent, null or empty.
    func filled(_ name: String) -> String? {
        let text = text(name)
        return text.isEmpty ? nil : text
    }

    /// Whether the member is there with a value, be it an empty one.
    func says(_ name: String) -> Bool { json[name].map { !$0.isNull } ?? false }

    /// For what tells which record of the hub this is: taken for empty, one that is known would be made once more.
    ///
    /// - Throws: `PayloadError` when the member is null or not there.
    func mustSay(_ name: String) throws(PayloadError) {
        if !says(name) { throw PayloadError(reason: "\(name) is \(json[name]?.text ?? "absent")") }
    }

    /// The record's id as text.
    ///
    /// - Throws: `PayloadError` when there is none.
    func id(_ name: String = "id") throws(PayloadError) -> String {
        guard let text = filled(name), Int(text) ?? 0 > 0 else {
            throw PayloadError(reason: "the record has no id (\"\(name)\" is \(json[name]?.text ?? "absent"))")
        }
        return text
    }

    /// The id a member points to; nil for 0, absent and null.
    func pointer(_ name: String) -> String? { Int(text(name)).flatMap { $0 > 0 ? String($0) : nil } }

    func flag(_ name: String) -> Bool { json[name]?.bool ?? false }

    func list(_ name: String) -> [Payload] { (json[name]?.array ?? []).map(Payload.init) }

    func object(_ name: String) -> Payload { Payload(json[name] ?? .null) }

    /// A naive GMT time ("..._gmt" members); nil when absent, null or not a time.
    func moment(_ name: String) -> Moment? { filled(name).flatMap { Moment(iso: $0) } }

    /// An amount; nil when the text is empty, absent or null.
    ///
    /// - Throws: `PayloadError` quoting a text that is not exactly an amount of the currency.
    func money(_ name: String, _ currency: Currency) throws(PayloadError) -> Money? {
        guard let text = filled(name) else { return nil }
        do {
            return try Money(parsing: text, currency: currency)
        } catch {
            throw PayloadError(reason: "\(name): \(error.description)")
        }
    }

    /// An amount that must be there.
    ///
    /// - Throws: `PayloadError` when it is missing or not an amount.
    func amount(_ name: String, _ currency: Currency) throws(PayloadError) -> Money {
        guard let money = try money(name, currency) else { throw PayloadError(reason: "\(name) is missing") }
        return money
    }

    /// A number; nil when the text is empty, absent or null.
    ///
    /// - Throws: `PayloadError` quoting a text that is no plain number.
    func decimal(_ name: String) throws(PayloadError) -> ExactDecimal? {
        guard let text = filled(name) else { return nil }
        do {
            return try ExactDecimal(parsing: text)
        } catch {
            throw PayloadError(reason: "\(name): \(error.description)")
        }
    }

    /// The value of the shop's own or a plugin's extra field.
    func meta(_ key: String) -> String? {
        list("meta_data").first { $0.text("key") == key }.flatMap { $0.filled("value") }
    }
}

/// What is known of an order's status at the shop, and back.
enum WooCommerceCodes {
    /// Extra field in which the shop keeps our own reference of what we created.
    static let referenceField = "crossdock_ref"
    /// Extra field in which the shop keeps how many pieces of an order's line have left its stock.
    static let takenField = "_reduced_stock"

    /// Source: WooCommerce 11.0.1, wc_get_order_statuses(), plus checkout-draft (Store API) and trash.
    /// `refunded` is an order that was carried out and paid back: its payment state says so.
    static let orderStates: [String: OrderState] = [
        "pending": .pending, "processing": .processing, "on-hold": .onHold, "completed": .completed,
        "cancelled": .cancelled, "refunded": .completed, "failed": .failed, "checkout-draft": .draft,
        "auto-draft": .draft,
        "trash": .cancelled,
    ]

    /// The status to write for a state; nil where the shop has none that may be set from outside.
    static func orderStatus(for state: OrderState) -> String? {
        switch state {
        case .pending: "pending"
        case .processing: "processing"
        case .onHold: "on-hold"
        case .completed: "completed"
        case .cancelled: "cancelled"
        case .failed: "failed"
        case .draft: nil
        }
    }

    /// An order with one of these is no order yet: the shop deletes it after a day.
    static let draftStatuses: Set<String> = ["checkout-draft", "auto-draft", "new"]

    /// The members that each part of a product, a variant or a category is read from.
    private static let membersOfPart: [String: [String]] = [
        ProductPart.name.shape.name: ["name"], ProductPart.type.shape.name: ["type"],
        ProductPart.description.shape.name: ["description"], ProductPart.summary.shape.name: ["short_description"],
        ProductPart.price.shape.name: ["regular_price", "sale_price"],
        ProductPart.barcode.shape.name: ["global_unique_id"], ProductPart.status.shape.name: ["status"],
        ProductPart.weight.shape.name: ["weight"], ProductPart.dimensions.shape.name: ["dimensions"],
        ProductPart.categories.shape.name: ["categories"], ProductPart.tags.shape.name: ["tags"],
        ProductPart.images.shape.name: ["images"], ProductPart.options.shape.name: ["attributes"],
        ProductPart.taxClass.shape.name: ["tax_class"], CategoryPart.slug.shape.name: ["slug"],
        CategoryPart.parent.shape.name: ["parent"],
    ]

    /// The parts without which a product is not put up elsewhere before the shop was asked once more. What an older
    /// shop never tells is none of them.
    private static let needed: Set<String> = Set(
        [ProductPart.name.shape, ProductPart.price.shape, ProductPart.stock.shape, ProductPart.status.shape].map(\.name)
    )

    /// Takes out what the shop says nothing about. What is empty it answers with an empty text, 0 or an empty list; a
    /// member that is null or not there (an older version, a plugin that cuts answers short) must not empty the part.
    static func forgetUnsaid(_ draft: inout Draft, _ payload: Payload) {
        for name in draft.parts.values.keys {
            let members = membersOfPart[name] ?? (name == ProductPart.stock.shape.name ? stockMembers(payload) : [])
            guard !members.allSatisfy(payload.says) else { continue }
            draft.parts[name] = Optional<JSON>.none
            if needed.contains(name) { draft.untold.insert(name) }
        }
    }

    /// The quantity is null by right where the shop counts nothing.
    private static func stockMembers(_ payload: Payload) -> [String] {
        payload.flag("manage_stock") ? ["manage_stock", "stock_quantity"] : ["manage_stock"]
    }

    /// Source: WordPress post statuses as WooCommerce uses them for products.
    static let productStatuses = [
        "publish": "published", "future": "draft", "draft": "draft", "pending": "draft", "auto-draft": "draft",
        "private": "hidden", "trash": "archived",
    ]

    /// The status to write; `archived` is a DELETE into the bin instead.
    static let productStatusesToWrite = ["published": "publish", "draft": "draft", "hidden": "private"]

    /// Staff of the shop: not customers unless they have bought something.
    static let staffRoles: Set<String> = ["administrator", "editor", "author", "contributor", "shop_manager"]

    /// Whether an account is somebody who buys: the shop's staff have accounts, too.
    static func isCustomer(_ payload: Payload) -> Bool {
        !staffRoles.contains(payload.text("role")) || payload.flag("is_paying_customer")
    }

    /// Errors that say: this SKU or name exists already.
    static let takenCodes: Set<String> = [skuTaken, "term_exists"]
    /// The error that says: another product has this SKU.
    static let skuTaken = "product_invalid_sku"
    /// Errors that say: somebody else was creating the same at this moment.
    static let raceCodes: Set<String> = ["woocommerce_rest_product_not_created", "product_not_created"]
    /// Errors that say: this e-mail has an account already. They differ by how close the race was.
    static let mailTakenCodes: Set<String> = [
        "registration-error-email-exists", "registration-error-username-exists", "existing_user_login",
        "existing_user_email", "woocommerce_rest_customer_exists",
    ]
}
