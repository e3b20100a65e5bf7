import Commerce

/// An order as the shop keeps it. Amounts are in the currency's smallest unit.
struct OrderRow: TableRow {
    var id: Int
    var status = "pending"
    var currency: String
    var customer = 0
    var key: String
    var billing = AddressRow()
    var shipping = AddressRow()
    var paymentMethod = ""
    var paymentTitle = ""
    var transaction = ""
    var note = ""
    var createdVia = "rest-api"
    var ip = ""
    var cartHash = ""
    var lines: [OrderLine] = []
    var deliveries: [OrderCharge] = []
    var fees: [OrderCharge] = []
    var coupons: [OrderCoupon] = []
    /// The id of the one tax line; 0 for an order without tax.
    var taxLine = 0
    var refunds: [RefundRow] = []
    var notes: [NoteRow] = []
    var meta: [MetaRow] = []
    var hasReducedStock = false
    var hasCountedSales = false
    var created: Int64
    var modified: Int64
    var completed: Int64?
    var paid: Int64?
    var statusBeforeTrash = ""

    /// The statuses a list shows unless asked for others.
    static let shown: Set<String> = [
        "pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed",
    ]

    var brief: Brief {
        Brief(id: id, created: created, modified: modified, status: StatusCode.of(status), owner: customer)
    }

    var discount: Int64 { lines.reduce(0) { $0 + $1.subtotal - $1.total } }
    var discountTax: Int64 { lines.reduce(0) { $0 + $1.subtotalTax - $1.tax } }
    var shippingTotal: Int64 { deliveries.reduce(0) { $0 + $1.total } }
    var shippingTax: Int64 { deliveries.reduce(0) { $0 + $1.tax } }
    var cartTax: Int64 { lines.reduce(0) { $0 + $1.tax } + fees.reduce(0) { $0 + $1.tax } }
    var total: Int64 {
        lines.reduce(0) { $0 + $1.total } + fees.reduce(0) { $0 + $1.total } + shippingTotal + cartTax + shippingTax
    }
    var refunded: Int64 { refunds.reduce(0) { $0 + $1.amount } }
}

/// What was bought.
struct OrderLine: Hashable, Sendable {
    var id: Int
    var name: String
    var product: Int
    var variation: Int
    var quantity: Int
    var taxClass = ""
    var subtotal: Int64
    var total: Int64
    var subtotalTax: Int64 = 0
    var tax: Int64 = 0
    var meta: [MetaRow] = []
}

/// Shipping or a fee.
struct OrderCharge: Hashable, Sendable {
    var id: Int
    var title: String
    /// The shipping method; empty for a fee.
    var method = ""
    var instance = ""
    var total: Int64
    var tax: Int64 = 0
    var meta: [MetaRow] = []
}

/// A coupon that was used.
struct OrderCoupon: Hashable, Sendable {
    var id: Int
    var code: String
    var coupon: Int
    var type: String
    var amount: String
    var discount: Int64
    var discountTax: Int64
    var metaID: Int
}

/// Money given back, with what it was given back for.
struct RefundRow: Hashable, Sendable {
    var id: Int
    /// Positive.
    var amount: Int64
    var reason: String
    var isPaidBack: Bool
    var created: Int64
    var metaID: Int
    /// Amounts and quantities positive; the answer shows them negative.
    var lines: [RefundLine] = []
    var taxLine = 0

    var tax: Int64 { lines.reduce(0) { $0 + $1.tax } }
}

/// What a refund takes back of one line, or of shipping or a fee.
struct RefundLine: Hashable, Sendable {
    var id: Int
    /// The order's line.
    var line: Int
    var quantity: Int
    var total: Int64
    var tax: Int64
    var metaID: Int
}

/// A remark on an order.
struct NoteRow: Hashable, Sendable {
    var id: Int
    var text: String
    var isForCustomer: Bool
    var created: Int64
}

/// A registered webhook.
struct WebhookRow: TableRow {
    var id: Int
    var name: String
    var status = "active"
    var topic: String
    var url: String
    var secret: String
    var created: Int64
    var modified: Int64 = 0
    /// Consecutive failures; goes to 6 and stays there.
    var failures = 0
    /// Whether the ping was not answered with 200 yet: every save pings again.
    var isPingPending = true

    var brief: Brief { Brief(id: id, created: created, modified: modified, status: StatusCode.of(status)) }
    var resource: String { String(topic.prefix { $0 != "." }) }
    var event: String { String(topic.drop { $0 != "." }.dropFirst()) }
}
