/// Which parameters the shop checks, and how. In the order in which it reports them.
enum Schemas {
    /// The parameters of a list's query.
    static func query(of place: Place) -> [(String, Schema.Kind)] {
        switch place {
        case .products, .variations, .allVariations: paging + dates + productOrder + productFilters
        case .orders: paging + dates + orderOrder + orderFilters
        case .customers: paging + [("orderby", .oneOf(["id", "include", "name", "registered_date"]))] + customerFilters
        case .terms, .attributeTerms:
            paging + [("orderby", .oneOf(["id", "include", "name", "slug", "term_group", "description", "count"]))]
        case .webhooks, .coupons, .refunds, .allRefunds, .taxes: paging
        default: []
        }
    }

    /// The members of a write's body.
    static func body(of place: Place) -> [(String, Schema.Kind)] {
        switch place {
        case .products, .product: productBody + goods
        case .variations, .variation: goods + [("status", .oneOf(statuses))]
        case .orders, .order: orderBody
        case .customers, .customer: customerBody
        case .terms, .term: [("name", .text), ("slug", .text), ("parent", .integer), ("description", .text)]
        case .refunds:
            [
                ("amount", .text), ("reason", .text), ("api_refund", .flag), ("api_restock", .flag),
                ("line_items", .list),
            ]
        case .notes: [("note", .text), ("customer_note", .flag)]
        case .webhooks, .webhook:
            [
                ("name", .text), ("status", .oneOf(["active", "paused", "disabled"])), ("topic", .text),
                ("secret", .text), ("delivery_url", .text),
            ]
        default: []
        }
    }

    private static let paging: [(String, Schema.Kind)] = [
        ("page", .range(1, nil)), ("per_page", .range(1, 100)), ("offset", .integer),
        ("order", .oneOf(["asc", "desc"])),
    ]

    private static let dates: [(String, Schema.Kind)] = [
        ("after", .date), ("before", .date), ("modified_after", .date), ("modified_before", .date),
        ("dates_are_gmt", .flag),
    ]

    private static let productOrder: [(String, Schema.Kind)] = [
        (
            "orderby",
            .oneOf([
                "date", "id", "include", "title", "slug", "modified", "menu_order", "price", "popularity", "rating",
            ])
        )
    ]

    private static let productFilters: [(String, Schema.Kind)] = [
        ("status", .oneOf(["any", "future", "trash"] + statuses)),
        ("type", .oneOf(["simple", "grouped", "external", "variable"])),
        ("stock_status", .oneOf(stockStatuses)),
    ]

    private static let orderOrder: [(String, Schema.Kind)] = [
        ("orderby", .oneOf(["date", "id", "include", "title", "slug", "modified"]))
    ]

    private static let orderFilters: [(String, Schema.Kind)] = [
        ("status", .someOf(["any", "trash"] + orderStatuses)), ("customer", .integer),
    ]

    private static let customerFilters: [(String, Schema.Kind)] = [
        (
            "role",
            .oneOf([
                "all", "administrator", "editor", "author", "contributor", "subscriber", "customer", "shop_manager",
            ])
        )
    ]

    static let statuses = ["draft", "pending", "private", "publish"]
    static let stockStatuses = ["instock", "outofstock", "onbackorder"]
    static let productTypes = ["simple", "grouped", "external", "variable"]
    static let orderStatuses = [
        "auto-draft", "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed",
        "checkout-draft",
    ]

    private static let productBody: [(String, Schema.Kind)] = [
        ("name", .text), ("slug", .text), ("type", .oneOf(productTypes)), ("status", .oneOf(["future"] + statuses)),
        ("featured", .flag), ("catalog_visibility", .oneOf(["visible", "catalog", "search", "hidden"])),
        ("short_description", .text), ("categories", .list), ("tags", .list), ("images", .list),
        ("default_attributes", .list), ("sold_individually", .flag), ("upsell_ids", .list), ("cross_sell_ids", .list),
    ]

    private static let goods: [(String, Schema.Kind)] = [
        ("description", .text), ("sku", .text), ("global_unique_id", .text), ("regular_price", .text),
        ("sale_price", .text), ("date_on_sale_from", .date), ("date_on_sale_to", .date), ("virtual", .flag),
        ("downloadable", .flag), ("tax_status", .oneOf(["taxable", "shipping", "none"])), ("tax_class", .text),
        ("manage_stock", .flag), ("stock_quantity", .integer), ("stock_status", .oneOf(stockStatuses)),
        ("backorders", .oneOf(["no", "notify", "yes"])), ("low_stock_amount", .integerOrNull), ("weight", .text),
        ("dimensions", .object), ("attributes", .list), ("menu_order", .integer), ("meta_data", .list),
        ("inventory_delta", .number),
    ]

    private static let orderBody: [(String, Schema.Kind)] = [
        ("status", .oneOf(orderStatuses)), ("currency", .text), ("customer_id", .integer), ("customer_note", .text),
        ("billing", .object), ("shipping", .object), ("payment_method", .text), ("payment_method_title", .text),
        ("transaction_id", .text), ("meta_data", .list), ("line_items", .list), ("shipping_lines", .list),
        ("fee_lines", .list), ("coupon_lines", .list), ("set_paid", .flag),
    ]

    private static let customerBody: [(String, Schema.Kind)] = [
        ("email", .email), ("first_name", .text), ("last_name", .text), ("username", .text), ("password", .text),
        ("billing", .object), ("shipping", .object), ("meta_data", .list),
    ]
}
