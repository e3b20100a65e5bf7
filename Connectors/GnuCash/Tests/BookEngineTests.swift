import Foundation
import Testing

@testable import GnuCashBook

/// What we write is what GnuCash sees. Where GnuCash is not installed, our own reader alone is asked.
@Suite("Books written for GnuCash")
struct BookEngineTests {
    /// The book as we read it, which must be as the engine reads it where there is one.
    @discardableResult
    private func agreed(_ path: String) throws -> Book {
        let book = try BookFile.open(path).book
        if Engine.isThere {
            let said = try Engine.read(path).ordered
            let found = try EngineBook(of: book)
            #expect(found.accounts == said.accounts)
            #expect(found.transactions == said.transactions)
            #expect(found.customers == said.customers)
            #expect(found.invoices == said.invoices)
        }
        return book
    }

    @Test(arguments: BookForm.allCases)
    func aNewBookOpensCleanly(form: BookForm) throws {
        let shop = try BookShop(form)

        let book = try agreed(shop.path)

        #expect(book.form == form)
        #expect(book.accounts.count == ChartOfAccounts.webShop.lines.count)
        #expect(
            book.accounts.filter(\.isPlaceholder).map(\.name).sorted() == [
                "Assets", "Equity", "Expenses", "Income", "Liabilities",
            ])
    }

    @Test(arguments: BookForm.allCases)
    func theSameSeedMakesTheSameBook(form: BookForm) throws {
        let (first, second) = (try BookShop(form), try BookShop(form))

        #expect(try EngineBook(of: first.open().book) == EngineBook(of: second.open().book))
        if form != .sqlite {
            #expect(try first.folder.bytes("shop.gnucash") == second.folder.bytes("shop.gnucash"))
        }
    }

    @Test(arguments: BookForm.allCases)
    func transactionsAndCustomersArriveWhole(form: BookForm) throws {
        var shop = try BookShop(form)
        var edit = BookEdit()
        edit.newCustomers = [shop.customer()]
        var slots = Slots.own(["order_id": .string("o-1"), "tags": .list([.string("a"), .integer(2)])])
        slots["notes"] = .string("line one\nline two \u{1}& more")
        edit.newTransactions = [
            try shop.transfer(
                1234, from: "Income:Sales", to: "Assets:Bank", text: "Sale <1> & \u{7}\"é\"", slots: slots),
            try shop.transfer(-200, from: "Income:Sales", to: "Assets:Bank", text: "Return"),
        ]

        try shop.apply(edit)

        let book = try agreed(shop.path)
        #expect(book.transactionCount == 2 && book.customers.count == 1)
        let first = try #require(book.transaction(edit.newTransactions[0].guid))
        #expect(first.text == "Sale <1> & \"é\"")
        #expect(first.notes == "line one\nline two & more")
        #expect(first.slots.own == slots.own)
        #expect(book.customers[0].slots.own == ["customer_id": .string("c-1")])
        #expect(book.externalIDs("order_id", of: .transaction) == ["o-1": [first.guid]])
        #expect(book.balances()[try shop.account("Assets:Bank")] == BookShop.cents(1034))
    }

    @Test(arguments: BookForm.allCases, [false, true])
    func aPostedInvoiceIsOpenAndThenPaid(form: BookForm, isTaxIncluded: Bool) throws {
        var shop = try BookShop(form)
        var edit = BookEdit()
        let customer = shop.customer()
        let table = try shop.taxTable()
        edit.newCustomers = [customer]
        edit.newTaxTables = [table]
        let draft = try shop.invoice(
            "XD-INV-1", customer: customer.guid, taxTable: table.guid, isTaxIncluded: isTaxIncluded)

        let totals = try draft.addPosted(
            try shop.terms(), to: &edit, in: shop.open().book, using: &shop.randomness)
        try shop.apply(edit)

        // 3 x 9.99 + 4.90; 23 % on top or within.
        #expect(totals.total == BookShop.cents(isTaxIncluded ? 3487 : 4289))
        let open = try agreed(shop.path)
        let invoice = try #require(open.invoices.first)
        #expect(invoice.posting != nil)
        #expect(open.taxTables.count == 2)
        #expect(open.taxTable(table.guid)?.child == open.taxTables.first { $0.isInvisible }?.guid)
        #expect(open.entries(of: invoice.guid).allSatisfy { $0.taxTable == open.taxTable(table.guid)?.child })

        try shop.apply(try shop.pay(invoice, totals.total.numerator, fee: 61))

        let paid = try EngineBook(of: try agreed(shop.path)).invoices
        #expect(paid.map(\.paid) == [true])
        #expect(paid.map(\.lot_balance) == ["0/1"])
    }

    @Test(arguments: BookForm.allCases)
    func aCreditNoteTakesTheMoneyBackAndIsRefunded(form: BookForm) throws {
        var shop = try BookShop(form)
        var edit = BookEdit()
        let customer = shop.customer()
        let table = try shop.taxTable(6)
        edit.newCustomers = [customer]
        edit.newTaxTables = [table]
        var draft = try shop.invoice("XD-CN-1", customer: customer.guid, taxTable: table.guid)
        draft.isCreditNote = true

        let totals = try draft.addPosted(try shop.terms(), to: &edit, in: shop.open().book, using: &shop.randomness)
        try shop.apply(edit)

        // (3 x 9.99 + 4.90) x 1.06
        #expect(totals.total == BookShop.cents(-3696))
        #expect(try draft.totals(in: shop.open().book).total == BookShop.cents(3696))
        let note = try #require(try agreed(shop.path).invoices.first)
        #expect(note.isCreditNote)
        try shop.apply(try shop.pay(note, -3696))
        #expect(try EngineBook(of: try agreed(shop.path)).invoices.map(\.paid) == [true])
    }

    @Test(arguments: BookForm.allCases)
    func aDraftUsesTheVisibleTableAndASecondInvoiceTheSameFrozenOne(form: BookForm) throws {
        var shop = try BookShop(form)
        var edit = BookEdit()
        let customer = shop.customer()
        let table = try shop.taxTable()
        edit.newCustomers = [customer]
        edit.newTaxTables = [table]
        try shop.invoice("XD-D1", customer: customer.guid, taxTable: table.guid)
            .addDraft(to: &edit, using: &shop.randomness)
        try shop.apply(edit)
        for id in ["XD-1", "XD-2"] {
            var posted = BookEdit()
            let invoice = try shop.invoice(id, customer: customer.guid, taxTable: table.guid)
            try invoice.addPosted(try shop.terms(), to: &posted, in: shop.open().book, using: &shop.randomness)
            try shop.apply(posted)
        }

        var another = BookEdit()
        another.newCustomers = [shop.customer("XD-2")]
        another.newCustomers[0].taxTable = table.guid
        another.newCustomers[0].overridesTaxTable = true
        try shop.apply(another)

        let book = try agreed(shop.path)
        #expect(book.invoices.count == 3)
        #expect(book.taxTables.count == 2)
        #expect(book.taxTable(table.guid)?.useCount == 3)
    }

    @Test(arguments: BookForm.allCases)
    func changesOfCustomersInvoicesAndSlotsArriveAndNothingElseMoves(form: BookForm) throws {
        var shop = try BookShop(form)
        var edit = BookEdit()
        let customer = shop.customer()
        edit.newCustomers = [customer, shop.customer("XD-2")]
        edit.newTransactions = [try shop.transfer(500, from: "Income:Sales", to: "Assets:Bank")]
        let draft = try shop.invoice("XD-D1", customer: customer.guid, taxTable: nil)
        try draft.addDraft(to: &edit, using: &shop.randomness)
        try shop.apply(edit)
        let before = try shop.open().book

        var change = BookEdit()
        var changed = try #require(before.customer(customer.guid))
        changed.name = "Inês & Daughters"
        changed.notes = ""
        changed.address.lines[1] = "Floor 2"
        changed.address.email = ""
        changed.shipping = BookAddress(name: "Depot", lines: ["Gate 4"])
        changed.isActive = false
        changed.slots["crossdock"] = .frame(["customer_id": .string("c-9"), "rev": .integer(3)])
        var invoice = try #require(before.invoice(draft.guid))
        invoice.notes = "changed"
        invoice.billingID = ""
        invoice.slots["crossdock"] = nil
        let transaction = edit.newTransactions[0].guid
        change.changedCustomers = [changed]
        change.changedInvoices = [invoice]
        change.slotChanges = [
            SlotChange(.transaction(transaction), ["crossdock", "order_id"], .string("o-5")),
            SlotChange(.transaction(transaction), ["crossdock", "sync", "rev"], .integer(8)),
            SlotChange(.book, ["crossdock", "hub"], .string("h")),
            SlotChange(.account(try shop.account("Assets:Bank")), ["notes"], .string("main")),
            SlotChange(.invoice(draft.guid), ["crossdock", "order_id"], nil),
        ]
        try shop.apply(change)

        let after = try agreed(shop.path)
        #expect(after.customer(customer.guid) == changed)
        #expect(after.customers[1] == before.customers[1])
        #expect(after.invoice(draft.guid)?.notes == "changed")
        #expect(after.invoice(draft.guid)?.billingID == "")
        #expect(after.invoice(draft.guid)?.slots.own == [:])
        #expect(after.slots.own == ["hub": .string("h")])
        let own = after.transaction(transaction)?.slots.own
        #expect(own == ["order_id": .string("o-5"), "sync": .frame(["rev": .integer(8)])])
        #expect(after.account(try shop.account("Assets:Bank"))?.slots["notes"] == .string("main"))
    }

    @Test(arguments: BookForm.allCases)
    func newAccountsAreMadeAndPostedToInOneEdit(form: BookForm) throws {
        var shop = try BookShop(form)
        var edit = BookEdit()
        let group = BookAccount(
            guid: shop.randomness.nextGUID(), name: "Channels: own & foreign", type: "INCOME", commodity: BookShop.eur,
            parent: try shop.account("Income"), isPlaceholder: true)
        let leaf = BookAccount(
            guid: shop.randomness.nextGUID(), name: "Fair", type: "INCOME", commodity: BookShop.eur, code: "4711",
            text: "stall", parent: group.guid)
        edit.newAccounts = [group, leaf]
        var sale = try shop.transfer(250, from: "Income:Sales", to: "Assets:Cash")
        sale.splits[1].account = leaf.guid
        edit.newTransactions = [sale]

        try shop.apply(edit)

        let book = try agreed(shop.path)
        #expect(
            book.account(path: "Income:Channels: own & foreign:Fair") == .found(try #require(book.account(leaf.guid))))
        #expect(book.account(path: "Income:Channels: own & foreign:Fare") == .missing)
    }

    @Test(arguments: BookForm.allCases)
    func aBookMadeForMeasuringOpensCleanlyAndIsMeasured(form: BookForm) throws {
        let folder = try BookFolder()
        let path = folder.file("book")

        try BookMeasure.makeBook(path, form: form, transactions: 150)
        let measure = try BookMeasure.load(path)

        #expect(folder.names == ["book"])
        #expect(measure.form == form && measure.transactions == 150 && measure.splits == 600)
        let book = try agreed(path)
        #expect(book.externalIDs("order_id", of: .transaction).count == 150)
    }

    @Test(arguments: [BookForm.xml, .sqlite])
    func theUserMayUnpostAndPostAgain(form: BookForm) throws {
        var shop = try BookShop(form)
        var edit = BookEdit()
        let customer = shop.customer()
        let table = try shop.taxTable()
        edit.newCustomers = [customer]
        edit.newTaxTables = [table]
        let draft = try shop.invoice("XD-INV-1", customer: customer.guid, taxTable: table.guid)
        try draft.addPosted(try shop.terms(), to: &edit, in: shop.open().book, using: &shop.randomness)
        try shop.apply(edit)
        guard Engine.isThere else { return }

        let uri = (form == .sqlite ? "sqlite3://" : "xml://") + shop.path
        let result = try Engine.run(["-c", Self.unpostAndPost, uri])

        #expect(result.status == 0, "\(String(decoding: result.errors, as: UTF8.self))")
        let again = try EngineBook(of: try agreed(shop.path)).invoices
        #expect(again.map(\.total) == ["4289/100"])
        #expect(again.map(\.posted) == [true])
    }

    private static let unpostAndPost = """
        import sys, datetime
        from gnucash import Session, SessionOpenMode, Query
        from gnucash.gnucash_business import Invoice
        session = Session(sys.argv[1], SessionOpenMode.SESSION_NORMAL_OPEN)
        book = session.book
        query = Query()
        query.search_for('gncInvoice')
        query.set_book(book)
        for found in query.run():
            invoice = Invoice(instance=found)
            account = invoice.GetPostedAcc()
            assert invoice.Unpost(True)
            day = datetime.datetime(2031, 3, 10)
            invoice.PostToAccount(account, day, day, 'again', True, False)
            assert invoice.IsPosted()
        session.save()
        session.end()
        """
}
