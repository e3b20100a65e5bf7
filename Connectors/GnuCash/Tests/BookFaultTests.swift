import Foundation
import Testing

@testable import GnuCashBook

/// Every fault that GnuCash would mend silently while loading is refused before anything is written.
@Suite("Edits that are refused")
struct BookFaultTests {
    private let stranger = GUID(high: 0xdead, low: 0xbeef)

    /// A shop with one of everything, and an edit that adds one more of everything.
    private struct Case {
        var shop: BookShop
        var edit = BookEdit()
        let customer: BookCustomer
        let invoice: InvoicePosting

        init(_ form: BookForm) throws {
            shop = try BookShop(form)
            customer = shop.customer()
            let table = try shop.taxTable()
            invoice = try shop.invoice("XD-1", customer: customer.guid, taxTable: table.guid)
            edit.newCustomers = [customer]
            edit.newTaxTables = [table]
            edit.newTransactions = [try shop.transfer(100, from: "Income:Sales", to: "Assets:Bank")]
            try invoice.addPosted(try shop.terms(), to: &edit, in: shop.open().book, using: &shop.randomness)
        }

        /// Why the edit is refused; the book must stay as it is.
        mutating func fault() throws -> EditFault? {
            let before = try shop.folder.bytes("shop.gnucash")
            let file = try shop.open()
            var found: EditFault?
            do throws(BookFailure) {
                try file.apply(edit, now: testNow, using: &shop.randomness)
            } catch {
                guard case .refused(let fault) = error else { throw error }
                found = fault
                #expect(!error.description.isEmpty)
            }
            if found != nil {
                #expect(try shop.folder.bytes("shop.gnucash") == before)
                #expect(shop.folder.names == ["shop.gnucash"])
            }
            return found
        }
    }

    @Test(arguments: BookForm.allCases)
    func aSoundEditIsWrittenOnceAndRefusedAsADuplicateTheSecondTime(form: BookForm) throws {
        var sound = try Case(form)

        #expect(try sound.fault() == nil)
        let again = Result { try sound.shop.open().apply(sound.edit, now: testNow, using: &sound.shop.randomness) }
        #expect(throws: BookFailure.refused(.duplicate(sound.edit.newTransactions[0].guid, kind: "transaction"))) {
            try again.get()
        }
    }

    @Test func anUnbalancedTransactionIsRefused() throws {
        var broken = try Case(.xml)
        let transaction = broken.edit.newTransactions[0]
        broken.edit.newTransactions[0].splits[0].value = BookShop.cents(101)
        broken.edit.newTransactions[0].splits[0].quantity = BookShop.cents(101)

        #expect(
            try broken.fault() == .unbalanced(transaction: transaction.guid, text: "sale", difference: "1/100"))
    }

    @Test func aTransactionWithoutSplitsIsRefused() throws {
        var broken = try Case(.xml)
        broken.edit.newTransactions[0].splits = []

        #expect(
            try broken.fault() == .noSplits(transaction: broken.edit.newTransactions[0].guid, text: "sale"))
    }

    @Test func missingAndPlaceholderAccountsAreRefused() throws {
        var broken = try Case(.sqlite)
        broken.edit.newTransactions[0].splits[0].account = stranger
        guard case .missingAccount(stranger, _)? = try broken.fault() else {
            Issue.record("a missing account was accepted")
            return
        }
        broken.edit.newTransactions[0].splits[0].account = try broken.shop.account("Assets")
        guard case .placeholderAccount("Assets", _)? = try broken.fault() else {
            Issue.record("a placeholder was accepted")
            return
        }
    }

    /// Proves that a sound edit with this one change is refused.
    private func expectRefused(
        _ isExpected: (EditFault) -> Bool = { _ in true }, _ location: SourceLocation = #_sourceLocation,
        _ change: (inout BookEdit) -> Void
    ) throws {
        var broken = try Case(.xml)
        change(&broken.edit)
        let fault = try broken.fault()
        #expect(fault.map(isExpected) == true, "\(String(describing: fault))", sourceLocation: location)
    }

    @Test func whatIsReferredToMustBeThere() throws {
        try expectRefused { $0.newTransactions[0].splits[0].lot = stranger }
        try expectRefused { $0.newInvoices[0].owner = .customer(stranger) }
        try expectRefused { $0.newInvoices[0].posting?.transaction = stranger }
        try expectRefused { $0.newInvoices[0].posting?.lot = stranger }
        try expectRefused { $0.newInvoices[0].posting?.account = stranger }
        try expectRefused { $0.newEntries[0].invoice = stranger }
        try expectRefused { $0.newEntries[0].account = stranger }
        try expectRefused { $0.newEntries[0].taxTable = stranger }
        try expectRefused { $0.newLots[0].account = stranger }
        try expectRefused { $0.newCustomers[0].taxTable = stranger }
        try expectRefused { $0.newTaxTables[1].parent = stranger }
        try expectRefused { $0.newTaxTables[0].rates[0].account = stranger }
        try expectRefused { $0.newTransactions[0].currency = .currency("XXY") }
        try expectRefused { $0.newCustomers[0].currency = .currency("XXY") }
        try expectRefused { $0.newInvoices[0].currency = .currency("XXY") }
        try expectRefused { $0.slotChanges = [SlotChange(.transaction(stranger), ["crossdock"], .integer(1))] }
        try expectRefused { $0.slotChanges = [SlotChange(.customer(stranger), ["crossdock"], .integer(1))] }
    }

    @Test func aGUIDUsedTwiceIsRefused() throws {
        let isDuplicate = { (fault: EditFault) in
            if case .duplicate = fault { true } else { false }
        }
        try expectRefused(isDuplicate) { $0.newTransactions[1].guid = $0.newTransactions[0].guid }
        try expectRefused(isDuplicate) {
            $0.newTransactions[1].splits[0].guid = $0.newTransactions[0].splits[0].guid
        }
        try expectRefused(isDuplicate) { $0.newCustomers.append($0.newCustomers[0]) }
        try expectRefused(isDuplicate) { $0.newInvoices.append($0.newInvoices[0]) }
        try expectRefused(isDuplicate) { $0.newEntries[1].guid = $0.newEntries[0].guid }
        try expectRefused(isDuplicate) { $0.newLots.append($0.newLots[0]) }
        try expectRefused(isDuplicate) { $0.newTaxTables.append($0.newTaxTables[0]) }
    }

    @Test func aPostingThatIsNotWhatTheLinesAddUpToIsRefused() throws {
        var broken = try Case(.xml)
        broken.edit.newEntries[0].price = BookShop.cents(1000)

        #expect(
            try broken.fault() == .postingDiffers(invoice: "XD-1", posted: "4289/100", reckoned: "4293/100"))
    }

    @Test func aPostedLineOnTheVisibleTaxTableIsRefused() throws {
        var broken = try Case(.xml)
        broken.edit.newEntries[0].taxTable = broken.edit.newTaxTables[0].guid

        #expect(try broken.fault() == .taxTableNotFrozen(invoice: "XD-1"))
    }

    @Test func aDraftOnTheVisibleTaxTableCannotBePostedAsItIs() throws {
        var shop = try BookShop(.xml)
        var edit = BookEdit()
        let customer = shop.customer()
        let table = try shop.taxTable()
        edit.newCustomers = [customer]
        edit.newTaxTables = [table]
        let draft = try shop.invoice("XD-2", customer: customer.guid, taxTable: table.guid)
        try draft.addDraft(to: &edit, using: &shop.randomness)
        try shop.apply(edit)
        let book = try shop.open().book
        var posted = BookEdit()
        try draft.addPosted(try shop.terms(), to: &posted, in: book, using: &shop.randomness)
        posted.changedInvoices = posted.newInvoices
        posted.newInvoices = []
        posted.newEntries = []
        let file = try shop.open()

        #expect(throws: BookFailure.refused(.taxTableNotFrozen(invoice: "XD-2"))) {
            try file.apply(posted, now: testNow, using: &shop.randomness)
        }
    }

    @Test func aLineCannotBeAddedToAPostedInvoice() throws {
        var sound = try Case(.xml)
        let line = sound.edit.newEntries[0]
        #expect(try sound.fault() == nil)
        var late = BookEdit()
        late.newEntries = [line]
        late.newEntries[0].guid = stranger
        let file = try sound.shop.open()

        #expect(throws: BookFailure.refused(.unchangeable("invoice XD-1, which is posted,"))) {
            try file.apply(late, now: testNow, using: &sound.shop.randomness)
        }
    }

    @Test func anAmountThatTheCurrencyCannotSayIsRefused() throws {
        var broken = try Case(.xml)
        let tenth = Fraction(minorUnits: 1, perUnit: 1000)
        broken.edit.newTransactions[0].splits[0].value = tenth
        guard case .unrepresentable? = try broken.fault() else {
            Issue.record("a tenth of a cent was accepted")
            return
        }
        broken = try Case(.xml)
        broken.edit.newTransactions[0].splits[0].quantity = BookShop.cents(99)
        guard case .unrepresentable? = try broken.fault() else {
            Issue.record("a quantity that differs in one currency was accepted")
            return
        }
    }

    @Test func amountsAreWrittenInTheSmallestUnit() throws {
        var shop = try BookShop(.xml)
        var edit = BookEdit()
        var transaction = try shop.transfer(100, from: "Income:Sales", to: "Assets:Bank")
        for (index, value) in [Fraction(whole: 1), Fraction(whole: -1)].enumerated() {
            transaction.splits[index].value = value
            transaction.splits[index].quantity = value
        }
        edit.newTransactions = [transaction]

        try shop.apply(edit)

        let text = String(decoding: try shop.folder.bytes("shop.gnucash"), as: UTF8.self)
        #expect(text.contains("<split:value>100/100<") && text.contains("<split:quantity>-100/100<"))
    }

    @Test(arguments: [["features", "x"], ["date-posted"], [], [""], ["crossdock", "a/b"], ["crossdock", ""]])
    func slotsThatAreNotOursAreRefused(path: [String]) throws {
        var broken = try Case(.sqlite)
        broken.edit.slotChanges = [SlotChange(.book, path, .string("x"))]

        #expect(try broken.fault() == .forbiddenSlot(path: path.joined(separator: "/")))
    }

    @Test func aTaxTableOfAnotherCurrencyIsRefused() throws {
        var broken = try Case(.xml)
        let text = String(decoding: try broken.shop.folder.bytes("shop.gnucash"), as: UTF8.self)
        let parts = text.components(separatedBy: "<act:name>Tax Payable</act:name>")
        let foreign = parts[1].replacingOccurrences(
            of: "<cmdty:id>EUR", with: "<cmdty:id>USD", range: parts[1].range(of: "<cmdty:id>EUR"))
        try broken.shop.folder.write(
            Data((parts[0] + "<act:name>Tax Payable</act:name>" + foreign).utf8), to: "shop.gnucash")
        // Its own posting would be refused first, for the quantity in the other currency is not looked up here.
        guard case .wrongCurrency("Tax Payable", "USD", "EUR", _)? = try broken.fault() else {
            Issue.record("a tax account in another currency was accepted")
            return
        }
    }
}
