@testable import Sandbox

/// The order in which the recordings were made, and what happened between them that was not recorded.
enum ReplayStep {
    /// Replay these, one after the other, a second apart.
    case replay([String])
    /// The shop's clock jumps to this time (UTC).
    case at(String)
    /// Something that was not recorded, done to the shop.
    case between(@Sendable (inout Replay) throws -> Void)
}

enum ReplayScript {
    static var steps: [ReplayStep] {
        opening + selling + asking + signing + pricing + filtering + subscribing + deleting + bulk + checkout
    }

    private static var opening: [ReplayStep] {
        [
            .at("2026-11-20T21:51:14"), .between { $0.makeSampleShop() },
            .replay([
                "categories/create", "categories/create-child", "categories/create-duplicate-400", "categories/list",
                "attributes/create",
            ]),
            .between { try $0.ask("POST", "/products/attributes/3/terms", ["name": "100 g"]) },
            .replay(["attributes/term-create"]), .at("2026-11-20T21:51:15"),
            .between { $0.shop.lastPost = 36 }, .replay(["coupons/create"]), .at("2026-11-20T21:51:16"),
            .between { $0.shop.lastMeta = 676 },
            .replay([
                "products/simple-create", "products/simple-get", "products/simple-get-context-edit",
                "products/simple-get-fields",
            ]),
            .at("2026-11-20T21:51:17"),
            .replay(["products/variable-create", "variations/create"]), .at("2026-11-20T21:51:18"),
            .replay([
                "variations/batch-create", "products/variable-get", "variations/list", "variations/get",
                "variations/get-under-products-endpoint", "variations/get-wrong-parent-404", "variations/list-all-flat",
            ]),
        ]
    }

    private static var selling: [ReplayStep] {
        [
            .at("2026-11-20T21:51:19"),
            .replay([
                "customers/create", "customers/get", "customers/list", "customers/list-by-email", "customers/get-404",
                "customers/create-duplicate-email-400", "customers/delete-without-force-501",
                "pagination/customers-page-beyond", "pagination/orders-page-beyond",
            ]),
            .at("2026-11-20T21:51:20"),
            .replay(["orders/create-full", "orders/get-full", "products/simple-get-after-order"]),
            .at("2026-11-20T21:51:21"),
            .replay([
                "orders/create-guest", "orders/list", "orders/update-status", "orders/list-by-status",
                "orders/invalid-status-400", "refunds/create-partial-restock", "refunds/create-too-much",
                "refunds/list", "refunds/list-all", "orders/get-after-refund", "orders/notes-list",
                "orders/note-create",
            ]),
            .at("2026-11-20T21:51:22"),
            .replay(["orders/create-unknown-product-201", "orders/update-line-item-quantity"]),
            .replay(["orders/update-add-line-without-id"]), .at("2026-11-20T21:51:23"),
            .replay(["orders/remove-line"]),
        ]
    }

    private static var asking: [ReplayStep] {
        [
            .replay([
                "errors/400-broken-json", "errors/400-duplicate-gtin", "errors/400-duplicate-sku",
                "errors/400-duplicate-sku-put", "errors/400-invalid-param-per-page", "errors/400-invalid-param-several",
                "errors/400-missing-required-webhook", "errors/400-put-unknown-product", "errors/400-webhook-bad-url",
                "errors/400-wrong-type-price-number", "errors/400-wrong-type-stock", "errors/401-basic-over-plain-http",
                "errors/401-basic-unknown-key", "errors/401-basic-wrong-secret", "errors/401-no-auth",
                "errors/401-querystring-keys-over-plain-http", "errors/401-read-only-key-writes",
                "errors/401-write-only-key-reads", "errors/404-bad-id", "errors/404-delete-unknown",
                "errors/404-method-not-routed", "errors/404-unknown-order", "errors/404-unknown-product",
                "errors/404-unknown-route", "auth/200-querystring-keys-over-https",
            ])
        ]
    }

    /// Signatures are the recorded ones, so the times are too.
    private static var signing: [ReplayStep] {
        [
            .at("2026-11-20T21:53:08"), .replay(["auth/oauth1-200-sha256"]), .at("2026-11-20T21:53:09"),
            .between { $0.shop.lastPost = 46 },
            .replay([
                "auth/oauth1-200-sha1", "auth/oauth1-200-authorization-header", "auth/oauth1-201-post-json",
                "errors/oauth1-401-bad-signature", "errors/oauth1-401-missing-parameter",
                "errors/oauth1-401-stale-timestamp", "errors/oauth1-401-tampered-query",
                "errors/oauth1-401-unknown-key",
            ]),
            .between { $0.useNonce(of: "errors/oauth1-401-nonce-reused") },
            .replay(["errors/oauth1-401-nonce-reused"]),
        ]
    }

    private static var pricing: [ReplayStep] {
        [
            .at("2026-11-20T21:53:10"),
            .replay(["products/put-price-not-numeric-200", "products/put-sale-above-regular-200"]),
            .replay(["products/simple-restore-price"]),
            .replay([
                "pagination/products-page1", "pagination/products-page2", "pagination/products-last",
                "pagination/products-offset", "pagination/products-page-beyond", "pagination/orderby-modified",
                "filters/include", "filters/sku", "filters/sku-several", "filters/status-any", "filters/status-trash",
                "filters/unknown-param", "filters/variations-modified-after", "filters/categories-modified-after",
                "filters/customers-modified-after",
            ]),
        ]
    }

    private static var filtering: [ReplayStep] {
        [
            .replay([
                "filters/modified-after-exact-gmt", "filters/modified-after-one-second-before-gmt",
                "filters/modified-after-gmt-with-Z", "filters/modified-after-gmt-with-Z-and-flag",
                "filters/modified-after-gmt-value-without-flag", "filters/modified-after-local-exact",
                "filters/modified-after-with-offset", "filters/modified-after-date-only",
                "filters/modified-after-not-a-date",
            ]),
            .at("2026-11-20T21:53:39"), .between { try $0.ask("PUT", "/products/39", [:]) },
            .replay([
                "filters/modified-after-fraction", "filters/modified-after-naive-gmt-1s-before-with-flag",
                "filters/modified-after-gmt-Z-1s-before", "filters/modified-after-gmt-Z-1s-before-with-flag",
                "filters/modified-after-offset-1s-before", "filters/modified-after-offset-1s-before-with-flag",
                "filters/orders-modified-after-exact-gmt", "filters/orders-modified-after-gmt-Z-1s-before",
                "filters/orders-modified-after-gmt-Z-1s-before-with-flag", "filters/orders-modified-after-gmt-with-Z",
                "filters/orders-modified-after-gmt-value-without-flag", "filters/orders-modified-after-local-exact",
                "filters/orders-modified-after-naive-gmt-1s-before-with-flag",
                "filters/orders-modified-after-naive-local-1s-before", "filters/orders-modified-after-offset-1s-before",
            ]),
            .at("2026-11-20T21:54:31"),
            .replay([
                "auth/oauth1-chars-array-empty-index-401", "auth/oauth1-chars-array-index-0-200",
                "auth/oauth1-chars-comma-list-200", "auth/oauth1-chars-percent-200",
                "auth/oauth1-chars-percent-hex-200",
                "auth/oauth1-chars-plus-200", "auth/oauth1-chars-special-chars-200", "auth/oauth1-chars-utf8-200",
            ]),
        ]
    }

    private static var subscribing: [ReplayStep] {
        let topics = ["product.created", "product.updated", "product.deleted", "product.restored"]
        let rest = [
            "order.created", "order.updated", "order.deleted", "customer.created", "customer.updated",
            "customer.deleted", "coupon.updated", "special-secret", "unreachable", "failing", "redirecting",
        ]
        return [
            .at("2026-11-20T21:55:12"), .replay(topics.map { "webhooks/rest/create-" + $0 }),
            .between { $0.answerWebhooks(200) }, .at("2026-11-20T21:55:13"),
            .replay(rest.map { "webhooks/rest/create-" + $0 }),
            .between { $0.answerWebhooks(200) }, .replay(["webhooks/rest/get", "webhooks/rest/list"]),
        ]
    }

    private static var deleting: [ReplayStep] {
        [
            .at("2026-11-20T21:57:22"), .between { try $0.makeDoomedProduct() }, .at("2026-11-20T21:57:23"),
            .between { try $0.ask("PUT", "/products/50", ["regular_price": "12.00"]) },
            .replay(["products/delete-to-trash"]), .at("2026-11-20T21:57:26"),
            .replay(["products/get-trashed"]), .at("2026-11-20T21:57:27"),
            .between { try $0.ask("PUT", "/products/50", ["status": "publish"]) }, .replay(["products/delete-force"]),
            .at("2026-11-20T21:57:28"), .between { try $0.makeDoomedCustomer() }, .at("2026-11-20T21:57:29"),
            .between { try $0.makeDoomedOrder() }, .at("2026-11-20T21:57:32"),
            .between { try $0.refundDoomedOrder() }, .replay(["orders/delete-to-trash"]), .at("2026-11-20T21:57:35"),
            .replay(["orders/delete-force"]), .at("2026-11-20T21:57:36"),
            .replay(["customers/delete-force"]), .at("2026-11-20T21:58:30"),
            .between { try $0.failWebhook(14, times: 7) }, .replay(["webhooks/rest/get-auto-disabled"]),
            .at("2026-11-20T21:58:31"), .replay(["webhooks/rest/reactivate"]),
        ]
    }

    private static var bulk: [ReplayStep] {
        [
            .at("2026-11-20T21:59:40"), .between { try $0.prepareBatch() },
            .replay(["batch/products-mixed"]), .at("2026-11-20T21:59:41"),
            .replay([
                "batch/products-invalid-param-in-entry", "batch/products-empty", "batch/products-over-100-413",
                "batch/variations-mixed", "batch/customers-mixed", "batch/orders-mixed",
            ]),
            .between { try $0.makeBulkProducts() }, .at("2026-11-20T21:59:44"),
            .between { $0.shop.lastPost = 158 },
            .replay(["products/create-special-characters", "products/create-image-unreachable-400"]),
            .replay(["products/meta-add-same-key", "products/meta-update-by-id"]),
            .at("2026-11-20T21:59:45"),
            .replay([
                "products/meta-remove", "products/put-stock-fraction", "products/put-stock-negative",
                "products/put-manage-stock-false", "products/put-stock-while-unmanaged", "products/put-inventory-delta",
            ]),
        ]
    }

    private static var checkout: [ReplayStep] {
        [
            .at("2026-11-20T22:01:13"), .between { $0.shop.lastPost = 182 },
            .between { try $0.shopperOrders() }, .replay(["checkout/order-from-checkout"]),
            .at("2026-11-20T22:01:45"), .between { try $0.shopperDropsOut() },
            .replay(["checkout/orders-list-checkout-draft", "checkout/orders-list-default-ids"]),
        ]
    }

    /// Recordings that cannot be replayed against the stand-in, each with its reason.
    static let notComparable: [String: String] = [
        "auth/oauth1-vector": "a vector for signers, not an exchange with a shop",
        "checkout/store-cart-add-item": "the shopper's own interface (Store API): shoppers are verbs here",
        "checkout/store-checkout-draft": "the shopper's own interface (Store API)",
        "checkout/store-checkout-place": "the shopper's own interface (Store API)",
        "checkout/store-update-customer": "the shopper's own interface (Store API)",
        "setup/settings-general-group": "compared entry by entry in its own test: the stand-in has fewer settings",
        "setup/shipping-zone-create": "shipping zones are the merchant's own set-up: nothing is synchronised from them",
        "setup/shipping-zone-locations-put": "shipping zones, as above",
        "setup/shipping-zone-method-create": "shipping zones, as above",
        "setup/tax-create": "the stand-in's one tax rate is a parameter; its list is compared in its own test",
    ]
}
