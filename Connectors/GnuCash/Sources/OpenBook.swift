import ConnectorKit
import GnuCashBook
import Synchronization

/// A book as it was read at one time, with what is looked up in it again and again.
final class OpenBook: Sendable {
    let file: BookFile
    let fingerprint: BookFingerprint
    private let readAt: Moment
    private let foundOwn = Mutex<OwnDocuments?>(nil)
    private let foundPlain = Mutex<[String: [GUID]]?>(nil)
    private let foundBalances = Mutex<[GUID: Fraction]?>(nil)

    var book: Book { file.book }

    init(file: BookFile, fingerprint: BookFingerprint, readAt: Moment) {
        self.file = file
        self.fingerprint = fingerprint
        self.readAt = readAt
    }

    /// Whether the book was read so soon after it changed that a second change may have gone unseen, and enough time
    /// has passed since to be certain by reading it once more.
    func isDoubtful(now: Moment) -> Bool { fingerprint.isFresh(at: readAt) && !fingerprint.isFresh(at: now) }

    /// Whether the fingerprint can be relied upon to show the next change.
    var isSettled: Bool { !fingerprint.isFresh(at: readAt) }

    /// What this hub wrote into the book.
    var own: OwnDocuments {
        foundOwn.withLock { found in
            if let found { return found }
            let made = OwnDocuments(in: book)
            found = made
            return made
        }
    }

    /// Our transactions by where their order was issued.
    var plainOrders: [String: [GUID]] {
        foundPlain.withLock { found in
            if let found { return found }
            let made = book.externalIDs(OwnSlot.order, of: .transaction)
            found = made
            return made
        }
    }

    /// What is owed in a lot: the sum of its splits. Nil for a lot without splits, or a sum that does not fit.
    func balance(ofLot lot: GUID) -> Fraction? {
        foundBalances.withLock { found in
            if let found { return found[lot] }
            let made = lotBalances()
            found = made
            return made[lot]
        }
    }

    private func lotBalances() -> [GUID: Fraction] {
        guard !book.lots.isEmpty else { return [:] }
        var sums: [GUID: Fraction?] = [:]
        book.forEachTransaction { transaction in
            for split in transaction.splits {
                guard let lot = split.lot else { continue }
                sums[lot] = (sums[lot] ?? .zero).flatMap { $0.isZero ? split.quantity : $0.adding(split.quantity) }
            }
        }
        return sums.compactMapValues { $0 }
    }
}

/// Our facts in the frame `crossdock` of a document.
enum OwnSlot {
    /// Our reference of the document: unique, and the same at every attempt.
    static let reference = "reference"
    /// Where the order was issued: `shop/1002`.
    static let order = "order_ref"
    static let orderNumber = "order_number"
    /// Which document of the order it is: `invoice`, `payment/12`, `credit/5`.
    static let key = "key"
    /// A stand-in for what was booked, to see whether the order was edited since.
    static let content = "content"
    /// The account a plain booking puts what is owed on.
    static let receivable = "receivable"
    /// Our reference of a customer.
    static let customer = "customer_ref"
    /// The order a customer was made for who exists for it alone.
    static let guestOf = "guest_of"
    /// Which name a customer's one name is: `company` where nobody of it is named.
    static let nameIs = "name_is"
}

/// What this hub wrote into a book, by our references.
struct OwnDocuments: Sendable {
    let invoices: [String: [GUID]]
    let transactions: [String: [GUID]]
    let customers: [String: [GUID]]
    /// Invoices by where their order was issued.
    let orders: [String: [GUID]]

    init(in book: Book) {
        invoices = book.externalIDs(OwnSlot.reference, of: .invoice)
        transactions = book.externalIDs(OwnSlot.reference, of: .transaction)
        customers = book.externalIDs(OwnSlot.customer, of: .customer)
        orders = book.externalIDs(OwnSlot.order, of: .invoice)
    }

    /// The one document of a reference: that with the GUID we gave it, where a user copied ours, else the first.
    func invoice(_ reference: String) -> GUID? { Self.one(invoices[reference], reference) }

    /// The one transaction of a reference.
    func transaction(_ reference: String) -> GUID? { Self.one(transactions[reference], reference) }

    /// The one customer of a reference.
    func customer(_ reference: String) -> GUID? { Self.one(customers[reference], reference) }

    private static func one(_ found: [GUID]?, _ reference: String) -> GUID? {
        guard let found else { return nil }
        var guids = SeededGUIDs(reference)
        let given = guids.nextGUID()
        return found.contains(given) ? given : found.first
    }
}

extension BookTransaction {
    /// Whether this hub wrote it, or wrote the invoice it was posted from.
    func isOwn(in book: Book) -> Bool {
        if slots.own[OwnSlot.reference] != nil { return true }
        return invoice.flatMap(book.invoice)?.isOwn ?? false
    }
}

extension BookInvoice {
    /// Whether this hub wrote it.
    var isOwn: Bool { slots.own[OwnSlot.reference] != nil }
}
