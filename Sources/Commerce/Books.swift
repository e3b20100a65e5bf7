/// The parts of an account of a ledger.
public enum AccountPart {
    public static let name = Part<String>("name")
    public static let code = Part<String>("code")
    /// `asset`, `bank`, `receivable`, `income`, `expense`, `liability`, `equity` and so on, as the ledger names it.
    public static let type = Part<String>("type")
    public static let currency = Part<String>("currency")
    public static let parent = Part<Reference>("parent", refersTo: .account)
    public static let isPlaceholder = Part<Bool>("isPlaceholder")
    public static let description = Part<String>("description")

    /// All, in the order they are shown.
    public static let all: [PartShape] = [
        name.shape, code.shape, type.shape, currency.shape, parent.shape, isPlaceholder.shape, description.shape,
    ]
}

/// The parts of a journal transaction.
public enum JournalPart {
    public static let content = Part<JournalTransaction>("content", .content)

    /// All, in the order they are shown.
    public static let all: [PartShape] = [content.shape]
}

/// A transaction of a ledger: splits that sum to zero in its currency.
public struct JournalTransaction: Hashable, Sendable, CodablePartValue {
    public var number: String
    /// The day it counts for, `2026-11-20`.
    public var day: String
    public var description: String
    public var currency: Currency
    public var splits: [JournalSplit]

    /// A transaction.
    public init(number: String, day: String, description: String, currency: Currency, splits: [JournalSplit]) {
        self.number = number
        self.day = day
        self.description = description
        self.currency = currency
        self.splits = splits
    }

    /// What the splits sum to: zero when it balances.
    ///
    /// - Throws: `AmountError` on overflow or mixed currencies.
    public func imbalance() throws(AmountError) -> Money { try Money.sum(splits.map(\.value), currency) }
}

/// One side of a transaction.
public struct JournalSplit: Hashable, Sendable, CodablePartValue {
    /// The ledger's id of the account.
    public var account: String
    /// In the transaction's currency; positive is debit.
    public var value: Money
    public var memo: String

    /// A split.
    public init(account: String, value: Money, memo: String = "") {
        self.account = account
        self.value = value
        self.memo = memo
    }
}

/// The parts of an invoice issued by a ledger.
public enum InvoicePart {
    public static let content = Part<InvoiceContent>("content", .content)
    public static let customer = Part<Reference>("customer", .content, refersTo: .customer)
    public static let isPaid = Part<Bool>("isPaid", .state)

    /// All, in the order they are shown.
    public static let all: [PartShape] = [isPaid.shape, customer.shape, content.shape]
}

/// What an invoice says.
public struct InvoiceContent: Hashable, Sendable, CodablePartValue {
    public var number: String
    public var currency: Currency
    public var opened: Moment
    /// Nil while it is a draft.
    public var posted: Moment?
    public var isCreditNote: Bool
    public var lines: [InvoiceLine]
    public var net: Money
    public var tax: Money
    public var total: Money

    /// An invoice's content.
    public init(
        number: String, currency: Currency, opened: Moment, posted: Moment?, isCreditNote: Bool = false,
        lines: [InvoiceLine], net: Money, tax: Money, total: Money
    ) {
        self.number = number
        self.currency = currency
        self.opened = opened
        self.posted = posted
        self.isCreditNote = isCreditNote
        self.lines = lines
        self.net = net
        self.tax = tax
        self.total = total
    }
}

/// One line of an invoice.
public struct InvoiceLine: Hashable, Sendable, CodablePartValue {
    public var description: String
    public var quantity: ExactDecimal
    /// May carry more digits than the currency.
    public var unitPrice: ExactDecimal

    /// A line.
    public init(description: String, quantity: ExactDecimal, unitPrice: ExactDecimal) {
        self.description = description
        self.quantity = quantity
        self.unitPrice = unitPrice
    }
}
