import ConnectorKit
import Ledger
import Pipeline
import Reconcile

/// How a vendor's call enters the hub, and what its sender is told.
enum WebhookCallForm {
    static func of(_ call: VendorCall) -> WebhookCall { WebhookCall(headers: call.headers, body: call.body) }

    /// The status, and the stored call's id where one is promised to be kept.
    static func answer(_ reception: Hub.Reception) -> (Int?, Int64?) {
        switch reception {
        case .stored(let id), .repeated(let id): (200, id)
        case .ping(let status): (status, nil)
        case .forged: (401, nil)
        case .unusable: (422, nil)
        case .tooLarge: (413, nil)
        case .outside: (403, nil)
        case .limited: (429, nil)
        case .ambiguous: (409, nil)
        case .unknown: (404, nil)
        case .unavailable: (503, nil)
        }
    }
}

extension ShopVendor {
    /// What an operator sets for the shop.
    static func settings(_ name: String, pageSize: Int? = nil, secret: String = ShopVendor.secret) -> JSON {
        var settings: [String: JSON] = [
            "siteUrl": .string("https://\(name).example"), "consumerKey": "ck_sandbox",
            "consumerSecret": "cs_sandbox", "webhookSecret": .string(secret),
        ]
        if let pageSize { settings["batchSize"] = .integer(pageSize) }
        return .object(settings)
    }
}

extension Knobs {
    /// What the merchant has decided, for every integration.
    var options: IntegrationOptions {
        var options = IntegrationOptions(
            intervals: ["*": intervalSeconds], policies: policy.map { ["*": $0] } ?? [:])
        if depth.deals {
            var terms = OfferTerms()
            terms.mode = .allotted
            options.stock = ["*": terms]
        }
        return options
    }
}
