/// A payment of an invoice, or the refund of a credit note, and the transaction a book needs for it.
public struct PaymentPosting: Hashable, Sendable {
    /// Where money went: the bank, and perhaps the fees that were kept back.
    public struct Part: Hashable, Sendable {
        public var account: GUID
        /// Positive for money that came in.
        public var value: Fraction
        /// The amount in the account's own currency, or nil when it is the same.
        public var quantity: Fraction?
        public var memo: String

        /// Money into an account; negative for a refund.
        public init(account: GUID, value: Fraction, quantity: Fraction? = nil, memo: String = "") {
            self.account = account
            self.value = value
            self.quantity = quantity
            self.memo = memo
        }
    }

    public var guid: GUID
    public var currency: BookCommodity
    public var number: String
    public var posted: BookDay
    public var entered: BookTime
    /// The customer's name.
    public var text: String
    public var memo: String
    /// The account of receivables the invoice was posted to.
    public var receivable: GUID
    /// The lot of the invoice.
    public var lot: GUID
    public var parts: [Part]
    public var slots: Slots = [:]

    /// A payment of a posted invoice.
    public init(
        guid: GUID, of posting: BookInvoice.Posting, currency: BookCommodity, number: String = "", posted: BookDay,
        entered: BookTime, text: String, memo: String = "", parts: [Part]
    ) {
        self.guid = guid
        self.currency = currency
        self.number = number
        self.posted = posted
        self.entered = entered
        self.text = text
        self.memo = memo
        self.receivable = posting.account
        self.lot = posting.lot
        self.parts = parts
    }

    /// Adds the payment's transaction to an edit.
    /// - Throws: `EditFault.unrepresentable`.
    public func add(to edit: inout BookEdit, using guids: inout some RandomNumberGenerator) throws(EditFault) {
        var splits: [BookSplit] = []
        var sum = Fraction?.none
        for part in parts {
            sum = sum.map { $0.adding(part.value) } ?? part.value
            splits.append(
                BookSplit(
                    guid: .random(using: &guids), account: part.account, value: part.value, quantity: part.quantity,
                    memo: part.memo.isEmpty ? memo : part.memo, action: Self.action))
        }
        guard let owed = sum?.negated else { throw .unrepresentable("the sum", wantedBy: "payment \(number)") }
        splits.append(
            BookSplit(
                guid: .random(using: &guids), account: receivable, value: owed, memo: memo, action: Self.action,
                lot: lot))
        var slots = slots
        slots["trans-txn-type"] = .string("P")
        edit.newTransactions.append(
            BookTransaction(
                guid: guid, currency: currency, number: number, posted: posted, entered: entered, text: text,
                splits: splits, slots: slots))
    }

    private static let action = "Payment"
}
