/// The parts of an order. The content belongs to its issuer and is taken whole; the states move by events; payments and
/// refunds are logs, each entry with its own key, applied once.
public enum OrderPart {
    public static let content = Part<OrderContent>("content", .content)
    public static let customer = Part<Reference>("customer", .content, refersTo: .customer)
    public static let state = Part<OrderState>("state", .state)
    public static let payment = Part<PaymentState>("payment", .state)
    public static let fulfilment = Part<FulfilmentState>("fulfilment", .state)
    public static let payments = Part<[Payment]>("payments", .log)
    public static let refunds = Part<[Refund]>("refunds", .log)
    /// What of its lines has left the issuer's stock, where the issuer says so.
    public static let taken = Part<[LineStock]>("taken", .content)

    /// All, in the order they are shown.
    public static let all: [PartShape] = [
        state.shape, payment.shape, fulfilment.shape, customer.shape, content.shape, payments.shape, refunds.shape,
        taken.shape,
    ]
}

/// Where an order stands.
public enum OrderState: String, Hashable, Sendable, Codable, CaseIterable, CodablePartValue {
    case draft, pending, onHold, processing, completed, cancelled, failed
}

/// Where an order's payment stands.
public enum PaymentState: String, Hashable, Sendable, Codable, CaseIterable, CodablePartValue {
    case unpaid, paid, partiallyRefunded, refunded
}

/// Where an order's goods stand.
public enum FulfilmentState: String, Hashable, Sendable, Codable, CaseIterable, CodablePartValue {
    case unfulfilled, partial, fulfilled
}

/// What was ordered, at which prices, by whom, for where.
public struct OrderContent: Hashable, Sendable, CodablePartValue {
    /// The number people use; not a key.
    public var number: String
    public var currency: Currency
    public var placedAt: Moment
    /// Whether unit prices and line totals contain the tax.
    public var pricesIncludeTax: Bool
    public var billing: Address
    public var shippingAddress: Address
    public var lines: [OrderLine]
    public var shipping: [OrderCharge]
    public var fees: [OrderCharge]
    public var discounts: [OrderDiscount]
    public var taxes: [OrderTax]
    /// All tax of the order.
    public var taxTotal: Money
    /// What the buyer pays, as stated by the issuer.
    public var total: Money
    public var customerNote: String
    public var paymentMethod: String

    /// An order's content.
    public init(
        number: String, currency: Currency, placedAt: Moment, pricesIncludeTax: Bool = false,
        billing: Address = Address(), shippingAddress: Address = Address(), lines: [OrderLine],
        shipping: [OrderCharge] = [], fees: [OrderCharge] = [], discounts: [OrderDiscount] = [],
        taxes: [OrderTax] = [], taxTotal: Money, total: Money, customerNote: String = "", paymentMethod: String = ""
    ) {
        self.number = number
        self.currency = currency
        self.placedAt = placedAt
        self.pricesIncludeTax = pricesIncludeTax
        self.billing = billing
        self.shippingAddress = shippingAddress
        self.lines = lines
        self.shipping = shipping
        self.fees = fees
        self.discounts = discounts
        self.taxes = taxes
        self.taxTotal = taxTotal
        self.total = total
        self.customerNote = customerNote
        self.paymentMethod = paymentMethod
    }

    /// The sum of lines, shipping, fees and tax, as the lines state them (net amounts after discount, plus tax).
    ///
    /// - Throws: `AmountError` on overflow or mixed currencies.
    public func computedTotal() throws(AmountError) -> Money {
        var total = taxTotal
        for line in lines { total = try total.adding(line.total) }
        for charge in shipping { total = try total.adding(charge.total) }
        for fee in fees { total = try total.adding(fee.total) }
        return total
    }

    /// The stated total less the computed one: zero when the order adds up.
    ///
    /// - Throws: `AmountError` on overflow or mixed currencies.
    public func difference() throws(AmountError) -> Money { try total.subtracting(computedTotal()) }
}

/// One line of an order.
public struct OrderLine: Hashable, Sendable, CodablePartValue {
    /// The issuer's id of the line.
    public var key: String
    public var name: String
    public var sku: String
    /// The issuer's id of the product or variant; nil when the line names none it knows.
    public var item: String?
    public var quantity: ExactDecimal
    /// Net, before the order's discounts.
    public var subtotal: Money
    /// Net, after the order's discounts.
    public var total: Money
    public var tax: Money
    /// The tax of the line by rate.
    public var taxes: [LineTax]

    /// A line.
    public init(
        key: String, name: String, sku: String = "", item: String? = nil, quantity: ExactDecimal, subtotal: Money,
        total: Money, tax: Money, taxes: [LineTax] = []
    ) {
        self.key = key
        self.name = name
        self.sku = sku
        self.item = item
        self.quantity = quantity
        self.subtotal = subtotal
        self.total = total
        self.tax = tax
        self.taxes = taxes
    }
}

/// Shipping or a fee.
public struct OrderCharge: Hashable, Sendable, CodablePartValue {
    public var key: String
    public var name: String
    /// Net.
    public var total: Money
    public var tax: Money
    public var taxes: [LineTax]

    /// A charge.
    public init(key: String, name: String, total: Money, tax: Money, taxes: [LineTax] = []) {
        self.key = key
        self.name = name
        self.total = total
        self.tax = tax
        self.taxes = taxes
    }
}

/// The tax of a line at one rate.
public struct LineTax: Hashable, Sendable, CodablePartValue {
    /// The issuer's id of the rate; `OrderTax.key` says more.
    public var rate: String
    public var amount: Money

    /// A line's tax.
    public init(rate: String, amount: Money) {
        self.rate = rate
        self.amount = amount
    }
}

/// One tax rate of an order, with all that falls under it.
public struct OrderTax: Hashable, Sendable, CodablePartValue {
    public var key: String
    public var label: String
    /// In percent; nil when the issuer does not say.
    public var percent: ExactDecimal?
    public var total: Money

    /// A tax.
    public init(key: String, label: String, percent: ExactDecimal?, total: Money) {
        self.key = key
        self.label = label
        self.percent = percent
        self.total = total
    }
}

/// A discount that is already taken off the lines.
public struct OrderDiscount: Hashable, Sendable, CodablePartValue {
    public var code: String
    public var amount: Money

    /// A discount.
    public init(code: String, amount: Money) {
        self.code = code
        self.amount = amount
    }
}

/// Money received for an order.
public struct Payment: Hashable, Sendable, CodablePartValue {
    /// Unique within the order.
    public var key: String
    public var amount: Money
    public var at: Moment
    public var method: String
    public var reference: String

    /// A payment.
    public init(key: String, amount: Money, at: Moment, method: String = "", reference: String = "") {
        self.key = key
        self.amount = amount
        self.at = at
        self.method = method
        self.reference = reference
    }
}

/// Money given back for an order. Amounts are positive.
public struct Refund: Hashable, Sendable, CodablePartValue {
    /// Unique within the order.
    public var key: String
    /// All that is given back, tax included.
    public var amount: Money
    public var at: Moment
    public var reason: String
    /// What of the order is taken back, if the issuer says; net amounts and tax, positive.
    public var lines: [OrderLine]
    public var shipping: [OrderCharge]
    public var fees: [OrderCharge]

    /// A refund.
    public init(
        key: String, amount: Money, at: Moment, reason: String = "", lines: [OrderLine] = [],
        shipping: [OrderCharge] = [], fees: [OrderCharge] = []
    ) {
        self.key = key
        self.amount = amount
        self.at = at
        self.reason = reason
        self.lines = lines
        self.shipping = shipping
        self.fees = fees
    }
}
