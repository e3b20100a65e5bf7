import ConnectorKit
import Foundation
import TestKit
import Testing

@testable import WooCommerce

/// What the tests of this connector share: a shop's settings, its recordings, a connector around a world.
enum Bench {
    static let recordings = Bundle.module.bundleURL.appending(path: "Recordings")
    static let webhookSecret = "invented-secret_1"
    /// What was recorded from the real program; nil where it does not lie beside the project.
    static let contracts = Contracts.folder("woocommerce", above: #filePath)
    static let now = Moment(seconds: 1_795_000_000)

    static func settings(
        _ site: String = "https://shop.test", _ more: [String: JSON] = [:]
    ) throws(SettingsError) -> Settings {
        var given: [String: JSON] = [
            "siteUrl": .string(site), "consumerKey": "ck_invented", "consumerSecret": "cs_invented",
            "webhookSecret": .string(webhookSecret), "currency": "LKR",
        ]
        given.merge(more) { $1 }
        return try Settings(.object(given), by: WooCommerce.card.settings, of: WooCommerce.card.title)
    }

    static func connector(
        _ transport: any Transport, _ site: String = "https://shop.test", _ more: [String: JSON] = [:]
    ) throws -> Connector {
        try WooCommerce.make(settings(site, more), .still(transport, now: now))
    }

    static func shop(_ site: String = "https://shop.test", _ more: [String: JSON] = [:]) throws -> ShopSettings {
        try ShopSettings(settings(site, more))
    }

    static func client(_ transport: any Transport, _ site: String = "https://shop.test") throws -> WooCommerceClient {
        WooCommerceClient(shop: try shop(site), surroundings: .still(transport, now: now))
    }

    static func translator() throws -> WooCommerceTranslator { WooCommerceTranslator(try shop()) }

    static func source(_ kind: RecordKind, _ transport: any Transport) throws -> any RecordSource {
        try #require(try connector(transport).sources[kind])
    }

    static func target(_ kind: RecordKind, _ transport: any Transport) throws -> any RecordTarget {
        try #require(try connector(transport).targets[kind])
    }

    static func lkr(_ text: String) -> Money? { try? Money(parsing: text, currency: .lkr) }

    /// A call of the shop as it signs it.
    static func call(
        _ topic: String, _ body: JSON, secret: String = webhookSecret, webhook: String = "1", delivery: String = "d1"
    ) -> WebhookCall {
        let bytes = body.bytes
        let code = Signature.hmacSHA256(bytes, key: Array(secret.utf8))
        return WebhookCall(
            headers: [
                "Content-Type": "application/json", "X-WC-Webhook-Source": "https://shop.test/",
                "X-WC-Webhook-Topic": topic, "X-WC-Webhook-ID": webhook, "X-WC-Webhook-Delivery-ID": delivery,
                "X-WC-Webhook-Signature": Signature.base64(code),
            ], body: bytes)
    }

    static func receiver(_ more: [String: JSON] = [:]) throws -> any WebhookReceiver {
        let world = AnsweringTransport(status: 500, body: "")
        return try #require(try connector(world, "https://shop.test", more).webhooks)
    }
}

/// Payloads of an invented shop, with every member the connector reads.
enum Sample {
    static func product(_ id: Int, modified: String = "2026-11-20T10:00:00", _ more: [String: JSON] = [:]) -> JSON {
        let members: [String: JSON] = [
            "id": .integer(id), "name": .string("Cinnamon \(id)"), "type": "simple", "status": "publish",
            "sku": .string("CIN-\(id)"), "regular_price": "120.00", "sale_price": "", "manage_stock": true,
            "stock_quantity": 9, "description": "<p>True cinnamon.</p>", "short_description": "", "weight": "0.5",
            "dimensions": ["length": "", "width": "", "height": ""], "categories": [], "tags": [], "images": [],
            "attributes": [], "variations": [], "tax_class": "", "global_unique_id": "", "parent_id": 0,
            "date_modified_gmt": .string(modified), "meta_data": [],
        ]
        return .object(members.merging(more) { $1 })
    }

    static func variation(_ id: Int, of parent: Int, _ more: [String: JSON] = [:]) -> JSON {
        let members: [String: JSON] = [
            "type": "variation", "parent_id": .integer(parent), "sku": .string("CIN-\(parent)-\(id)"),
            "attributes": [["id": 3, "name": "Pack", "option": "50 g"]],
        ]
        return product(id, members.merging(more) { $1 })
    }

    static func customer(_ id: Int, _ more: [String: JSON] = [:]) -> JSON {
        let members: [String: JSON] = [
            "id": .integer(id), "email": .string("buyer\(id)@mail.test"), "first_name": "Buyer",
            "last_name": .string("No\(id)"), "role": "customer", "is_paying_customer": false,
            "billing": address(), "shipping": address(), "date_modified_gmt": "2026-11-20T10:00:00", "meta_data": [],
        ]
        return .object(members.merging(more) { $1 })
    }

    static func address(_ more: [String: JSON] = [:]) -> JSON {
        let members: [String: JSON] = [
            "first_name": "Buyer", "last_name": "One", "company": "", "address_1": "1 Lake Road", "address_2": "",
            "city": "Matara", "state": "", "postcode": "81000", "country": "LK", "email": "", "phone": "",
        ]
        return .object(members.merging(more) { $1 })
    }

    static func category(_ id: Int, _ more: [String: JSON] = [:]) -> JSON {
        let members: [String: JSON] = [
            "id": .integer(id), "name": .string("Spices \(id)"), "slug": .string("spices-\(id)"), "parent": 0,
            "description": "",
        ]
        return .object(members.merging(more) { $1 })
    }

    /// An order of two pieces at 100.00 with 18 % tax and 50.00 for shipping: 295.00 in all.
    static func order(_ id: Int, modified: String = "2026-11-20T10:00:00", _ more: [String: JSON] = [:]) -> JSON {
        let members: [String: JSON] = [
            "id": .integer(id), "number": .string(String(id)), "status": "processing", "currency": "LKR",
            "prices_include_tax": false, "total": "295.00", "total_tax": "45.00", "customer_id": 2,
            "billing": address(), "shipping": address(), "payment_method": "bacs",
            "payment_method_title": "Bank transfer", "transaction_id": "", "customer_note": "",
            "date_created_gmt": "2026-11-20T09:00:00", "date_modified_gmt": .string(modified),
            "date_paid_gmt": .null, "line_items": [line()],
            "shipping_lines": [
                ["id": 2, "method_title": "Post", "total": "50.00", "total_tax": "9.00", "taxes": []]
            ],
            "fee_lines": [], "coupon_lines": [], "refunds": [], "meta_data": [],
            "tax_lines": [
                [
                    "id": 3, "rate_id": 1, "rate_code": "LK-1", "label": "VAT", "tax_total": "36.00",
                    "shipping_tax_total": "9.00", "rate_percent": 18,
                ]
            ],
        ]
        return .object(members.merging(more) { $1 })
    }

    static func line(_ more: [String: JSON] = [:]) -> JSON {
        let members: [String: JSON] = [
            "id": 1, "name": "Cinnamon 7", "product_id": 7, "variation_id": 0, "quantity": 2, "sku": "CIN-7",
            "subtotal": "200.00", "total": "200.00", "total_tax": "36.00",
            "taxes": [["id": 1, "total": "36.00", "subtotal": "36.00"]], "meta_data": [], "price": .number("100.0"),
        ]
        return .object(members.merging(more) { $1 })
    }
}
