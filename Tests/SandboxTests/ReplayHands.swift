import Commerce
import Testing

@testable import Sandbox

/// What was done to the recording shop between the recordings. Names, prices and addresses are read from the
/// recordings themselves.
extension Replay {
    /// Eighteen products and seven variations with the ids of the sample products the recording shop came with.
    mutating func makeSampleShop() {
        for (id, parent) in [(16, 0), (17, 16), (18, 16), (19, 16), (20, 0), (21, 0)] {
            shop.terms.insert(
                TermRow(
                    id: id, taxonomy: "product_cat", name: "Sample \(id)", slug: "sample-\(id)", parent: parent))
        }
        shop.lastTerm = 29
        shop.attributes = [
            AttributeRow(id: 1, name: "Color", slug: "pa_color"), AttributeRow(id: 2, name: "Size", slug: "pa_size"),
        ]
        let second: Int64 = 1_795_211_473
        for id in 12...36 {
            let isVariation = (26...31).contains(id) || id == 36
            var row = ProductRow(id: id, parent: isVariation ? 12 : 0, created: second, modified: second)
            row.type = isVariation ? "variation" : "simple"
            row.name = "Sample \(id)"
            row.slug = "sample-\(id)"
            row.regular = "45"
            shop.products.insert(row)
        }
        shop.lastPost = 36
    }

    mutating func useNonce(of name: String) {
        let query = Recording(name)?.request?.address.query ?? []
        guard let nonce = query.first(where: { $0.name == "oauth_nonce" })?.value else { return }
        shop.nonces[nonce] = 1_795_211_589
    }

    mutating func answerWebhooks(_ status: Int) {
        for webhook in sent { shop.webhookAnswered(webhook.id, status: status, at: now) }
        sent = []
    }

    mutating func makeDoomedProduct() throws {
        let shown = try #require(Recording("products/delete-to-trash")).body
        shop.lastPost = 49
        try ask(
            "POST", "/products",
            [
                "name": shown["name"] ?? "", "sku": shown["sku"] ?? "", "regular_price": "10.00", "manage_stock": true,
                "stock_quantity": shown["stock_quantity"] ?? 0, "description": shown["description"] ?? "",
            ])
    }

    mutating func makeDoomedCustomer() throws {
        let shown = try #require(Recording("customers/delete-force")).body
        try ask(
            "POST", "/customers",
            [
                "email": shown["email"] ?? "", "username": shown["username"] ?? "",
                "first_name": shown["first_name"] ?? "", "billing": shown["billing"] ?? [:],
            ])
    }

    mutating func makeDoomedOrder() throws {
        let shown = try #require(Recording("orders/delete-to-trash")).body
        shop.lastPost = 52
        shop.lastLine = 15
        try ask(
            "POST", "/orders",
            [
                "customer_id": 3, "payment_method": shown["payment_method"] ?? "", "billing": shown["billing"] ?? [:],
                "line_items": [["product_id": 39, "quantity": 1]],
            ])
        try ask("PUT", "/orders/53", ["status": "processing"])
        try ask("PUT", "/orders/53", ["status": "completed"])
    }

    mutating func refundDoomedOrder() throws {
        try ask("POST", "/orders/53/refunds", ["amount": "100.00", "api_refund": false])
    }

    /// Changes a product and lets this webhook's receiver fail, that many times.
    mutating func failWebhook(_ id: Int, times: Int) throws {
        for _ in 0..<times {
            try ask("PUT", "/products/39", [:])
            for webhook in shop.runQueue(at: now) {
                let isFailing = webhook.headers["X-WC-Webhook-ID"] == String(id)
                shop.webhookAnswered(webhook.id, status: isFailing ? 500 : 200, at: now)
            }
        }
    }

    mutating func prepareBatch() throws {
        let shown = try #require(Recording("batch/variations-mixed")).body
        try ask("PUT", "/products/40/variations/41", ["regular_price": shown["update"]?[0]?["price"] ?? ""])
        shop.lastPost = 56
        shop.lastCustomer = 3
    }

    mutating func makeBulkProducts() throws {
        shop.lastPost = 58
        for name in ["put-manage-stock-false", "put-stock-negative", "put-inventory-delta"] {
            let shown = try #require(Recording("products/" + name)).body
            try ask(
                "POST", "/products",
                [
                    "name": shown["name"] ?? "", "sku": shown["sku"] ?? "",
                    "regular_price": shown["regular_price"] ?? "", "manage_stock": true, "stock_quantity": 50,
                ])
        }
    }

    private func cart(of shown: JSON) -> [WooCommerceSandbox.CartItem] {
        (shown["line_items"]?.array ?? []).map {
            .init(sku: $0["sku"]?.string ?? "", quantity: $0["quantity"]?.integer ?? 1)
        }
    }

    private func checkout(of shown: JSON) -> WooCommerceSandbox.Checkout {
        let billing = shown["billing"]
        return .init(
            email: billing?["email"]?.string ?? "",
            name: "\(billing?["first_name"]?.string ?? "") \(billing?["last_name"]?.string ?? "")",
            shipping: shown["shipping_total"]?.string)
    }

    mutating func shopperOrders() throws {
        let shown = try #require(Recording("checkout/order-from-checkout")).body
        #expect(shop.placeOrder(cart(of: shown), checkout(of: shown), at: now) == 183)
    }

    mutating func shopperDropsOut() throws {
        let shown = try #require(Recording("checkout/orders-list-checkout-draft")).body[0] ?? .null
        #expect(shop.abandonCheckout(cart(of: shown), checkout(of: shown), at: now) == 184)
    }
}
