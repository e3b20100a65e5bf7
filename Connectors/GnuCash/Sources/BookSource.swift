import ConnectorKit
import GnuCashBook

/// How records of one kind lie in a book: counted places, some of them not ours to show.
protocol BookListing: Sendable {
    var kind: RecordKind { get }

    /// How many places there are.
    func count(in book: Book) -> Int
    /// The GUID at a place; nil where nothing is to be shown.
    func guid(at place: Int, in book: Book) -> GUID?
    /// What is at a place; nil where nothing is to be shown.
    func record(at place: Int, in open: OpenBook) -> Fetched?
    /// The record of a GUID; nil when there is none.
    func record(_ guid: GUID, in open: OpenBook) -> Fetched?
}

/// Reads records of one kind, page by page over the places of the book.
///
/// A book says nothing about what changed since when. The cursor is therefore the fingerprint of the file: while it is
/// the same there is nothing to read; else all is read, and the hub compares. A book that changes while it is paged
/// leaves the fingerprint of the first page as cursor, so that the next pull reads it once more.
struct BookSource: RecordSource {
    let client: GnuCashClient
    let listing: any BookListing

    /// How many ids a page of the census holds.
    static let censusLimit = 5000

    func page(_ request: PageRequest) async throws(ConnectorFailure) -> Page {
        if request.position == nil, let since = request.since {
            let now = try await client.fingerprint()
            if now.description == since { return Page(drafts: [], cursor: since) }
        }
        return try await client.read { [listing] open throws(ConnectorFailure) in
            try Self.page(request, listing, in: open)
        }
    }

    func fetch(_ ids: [String]) async throws(ConnectorFailure) -> [Fetched] {
        try await client.read { [listing] open in
            ids.map { id in GUID(id).flatMap { listing.record($0, in: open) } ?? .gone(id) }
        }
    }

    func census(after position: String?) async throws(ConnectorFailure) -> CensusPage? {
        try await client.read { [listing] open throws(ConnectorFailure) in
            let start = try Place(position)?.index ?? 0
            var ids: [String] = []
            var place = start
            while place < listing.count(in: open.book), ids.count < Self.censusLimit {
                if let guid = listing.guid(at: place, in: open.book) { ids.append(guid.description) }
                place += 1
            }
            let isLast = place >= listing.count(in: open.book)
            return CensusPage(ids: ids, next: isLast ? nil : Place(mark: "census", index: place).text)
        }
    }

    private static func page(
        _ request: PageRequest, _ listing: any BookListing, in open: OpenBook
    ) throws(ConnectorFailure) -> Page {
        let start = try Place(request.position) ?? Place(mark: mark(of: open), index: 0)
        var page = Page(drafts: [], total: listing.count(in: open.book))
        var index = start.index
        while index < listing.count(in: open.book), page.drafts.count + page.rejections.count < max(1, request.limit) {
            switch listing.record(at: index, in: open) {
            case .found(let draft): page.drafts.append(draft)
            case .rejected(let rejection): page.rejections.append(rejection)
            case .gone, nil: break
            }
            index += 1
        }
        if index < listing.count(in: open.book) {
            page.next = Place(mark: start.mark, index: index).text
        } else {
            page.cursor = start.mark
        }
        return page
    }

    /// The fingerprint; one that could hide a second change is marked, so that it never counts as unchanged.
    private static func mark(of open: OpenBook) -> String {
        open.fingerprint.description + (open.isSettled ? "" : "-again")
    }

    /// A place in a pull: the fingerprint it began with, and how far it came.
    private struct Place {
        let mark: String
        let index: Int

        var text: String { "\(mark)/\(index)" }

        init(mark: String, index: Int) {
            self.mark = mark
            self.index = index
        }

        init?(_ text: String?) throws(ConnectorFailure) {
            guard let text else { return nil }
            let words = text.split(separator: "/")
            guard words.count == 2, let index = Int(words[1]), index >= 0 else {
                throw .refused(code: "position", detail: "\"\(text)\" is no place in this book; the pull starts over.")
            }
            self.init(mark: String(words[0]), index: index)
        }
    }
}

/// The accounts, parents as the file has them.
struct AccountListing: BookListing {
    var kind: RecordKind { .account }

    func count(in book: Book) -> Int { book.accounts.count }

    func guid(at place: Int, in book: Book) -> GUID? { book.accounts[place].guid }

    func record(at place: Int, in open: OpenBook) -> Fetched? {
        .found(BookTranslator.draft(of: open.book.accounts[place], in: open.book))
    }

    func record(_ guid: GUID, in open: OpenBook) -> Fetched? {
        open.book.account(guid).map { .found(BookTranslator.draft(of: $0, in: open.book)) }
    }
}

/// The customers, but for those made for one order alone: they would come back as customers of the shop.
struct CustomerListing: BookListing {
    var kind: RecordKind { .customer }

    func count(in book: Book) -> Int { book.customers.count }

    func guid(at place: Int, in book: Book) -> GUID? {
        let customer = book.customers[place]
        return customer.isGuest ? nil : customer.guid
    }

    func record(at place: Int, in open: OpenBook) -> Fetched? {
        let customer = open.book.customers[place]
        return customer.isGuest ? nil : .found(CustomerWording.draft(of: customer))
    }

    func record(_ guid: GUID, in open: OpenBook) -> Fetched? {
        open.book.customer(guid).map { .found(CustomerWording.draft(of: $0)) }
    }
}

extension BookCustomer {
    /// Whether it was made for one order alone.
    var isGuest: Bool { slots.own[OwnSlot.guestOf] != nil }
}

/// The invoices and credit notes to customers that were made in GnuCash; bills and what orders became are left out.
struct InvoiceListing: BookListing {
    var kind: RecordKind { .invoice }

    func count(in book: Book) -> Int { book.invoices.count }

    func guid(at place: Int, in book: Book) -> GUID? {
        let invoice = book.invoices[place]
        return isShown(invoice, in: book) ? invoice.guid : nil
    }

    func record(at place: Int, in open: OpenBook) -> Fetched? {
        let invoice = open.book.invoices[place]
        return isShown(invoice, in: open.book) ? BookTranslator.invoice(invoice, in: open) : nil
    }

    func record(_ guid: GUID, in open: OpenBook) -> Fetched? {
        guard let invoice = open.book.invoice(guid), isShown(invoice, in: open.book) else { return nil }
        return BookTranslator.invoice(invoice, in: open)
    }

    private func isShown(_ invoice: BookInvoice, in book: Book) -> Bool {
        !invoice.isOwn && book.customer(of: invoice) != nil
    }
}

/// The transactions, but for those this hub wrote.
struct JournalListing: BookListing {
    var kind: RecordKind { .journal }

    func count(in book: Book) -> Int { book.transactionCount }

    func guid(at place: Int, in book: Book) -> GUID? {
        guard let transaction = book.transaction(at: place), !transaction.isOwn(in: book) else { return nil }
        return transaction.guid
    }

    func record(at place: Int, in open: OpenBook) -> Fetched? {
        guard let transaction = open.book.transaction(at: place), !transaction.isOwn(in: open.book) else { return nil }
        return BookTranslator.journal(transaction)
    }

    func record(_ guid: GUID, in open: OpenBook) -> Fetched? {
        guard let transaction = open.book.transaction(guid), !transaction.isOwn(in: open.book) else { return nil }
        return BookTranslator.journal(transaction)
    }
}
