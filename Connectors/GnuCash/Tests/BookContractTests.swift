import Foundation
import Testing

@testable import GnuCashBook

@Suite(
    "Books recorded from GnuCash",
    .enabled(if: Contracts.areThere, "the recorded books are not beside the package: ../shared/contracts/gnucash"))
struct BookContractTests {
    @Test(arguments: Contracts.samples)
    func aRecordedBookIsReadAsTheEngineReadsIt(book: String, truth: String) throws {
        let read = try BookFile.open(Contracts.path(book)).book

        let said = try JSONDecoder().decode(EngineBook.self, from: Contracts.data(truth)).ordered
        let found = try EngineBook(of: read)
        #expect(found.accounts == said.accounts)
        #expect(found.transactions == said.transactions)
        #expect(found.customers == said.customers)
        #expect(found.invoices == said.invoices)
        #expect(read.readOnlyReason == nil)
        #expect(read.unbalanced == [])
    }

    @Test func allThreeFormsOfOneBookHaveTheSameDigests() throws {
        let books = try Contracts.samples.map { try BookFile.open(Contracts.path($0.book)).book }

        let digests = books.map { book in
            var all: [GUID: ContentDigest] = [:]
            book.forEachTransaction { all[$0.guid] = $0.digest }
            for customer in book.customers { all[customer.guid] = customer.digest }
            for invoice in book.invoices {
                all[invoice.guid] = invoice.digest(entries: book.entries(of: invoice.guid))
            }
            return all
        }
        #expect(digests[0].count == 24)
        #expect(digests[0] == digests[1])
        #expect(digests[0] == digests[2])
    }

    @Test(arguments: Contracts.samples)
    func slotsOfAllNineTypesAreRead(book: String, truth: String) throws {
        let read = try BookFile.open(Contracts.path(book)).book

        let guid = try #require(GUID("67aba7db35654d0f96372fe78fbab9e7"))
        let own = try #require(read.transaction(guid)).slots.own
        #expect(
            own == [
                "nested": .frame(["deep": .string("yes")]), "order_id": .string("gid://shopify/Order/1001 & \"x\""),
                "peer": .guid(try #require(GUID("00112233445566778899aabbccddeeff"))), "ratio": .double(0.1),
                "rev": .integer(9_007_199_254_740_993), "ship_date": .day(try #require(BookDay("2024-01-16"))),
                "synced_at": .time(try #require(BookTime("2024-01-15 10:59:00"))),
                "tags": .list([.string("a"), .string("ü")]),
                "total": .numeric(Fraction(minorUnits: 13_000, perUnit: 100)),
            ])
        #expect(read.slots.own == ["hub": .string("test")])
        #expect(
            read.externalIDs("order_id", of: .invoice)["1002"] == [
                try #require(GUID("9f34957a06284a08b5ca0a308b790746"))
            ])
        #expect(read.externalIDs("order_id", of: .transaction).values.contains([guid]))
    }

    @Test(arguments: Contracts.samples)
    func theRecordedEditGivesTheBookTheEngineShowed(book: String, truth: String) throws {
        let folder = try BookFolder()
        let path = try folder.copy(book)
        var randomness = SeededGUIDs("frames")

        let file = try BookFile.open(path)
        try file.apply(try recordedEdit(), now: testNow, using: &randomness)

        let after = book.contains("sqlite") ? "after-edit-sqlite.json" : "after-edit-plain.json"
        let said = try JSONDecoder().decode(EngineBook.self, from: Contracts.data(after)).ordered
        #expect(try EngineBook(of: BookFile.open(path).book) == said)
        if Engine.isThere { #expect(try Engine.read(path).ordered == said) }
    }

    @Test func theRecordedInvoicesAddUpAsTheEngineAddsThem() throws {
        let cases = try JSONDecoder().decode(RoundingFile.self, from: Contracts.data("invoice-rounding.json")).cases

        #expect(cases.count == 20)
        for recorded in cases {
            let totals = try InvoiceArithmetic.totals(of: try recorded.reckoned(), perUnit: recorded.currency_fraction)
            #expect(totals.net.description == recorded.net, "\(recorded)")
            #expect(totals.tax.description == recorded.tax, "\(recorded)")
            #expect(totals.total.description == recorded.total, "\(recorded)")
        }
    }

    @Test(arguments: ["xml", "xml.gz", "sqlite"])
    func aLargeGeneratedBookHasTheBalancesItsGeneratorExpects(format: String) throws {
        let folder = try BookFolder()
        let path = folder.file("book")
        let generator = Contracts.folder + "/tools/gnucash_generate.py"

        let made = try Engine.run([generator, path, "--format", format, "--transactions", "3000", "--customers", "20"])

        try #require(made.status == 0, "\(String(decoding: made.errors, as: UTF8.self))")
        let expected = try JSONDecoder().decode(Expectation.self, from: try folder.bytes("book.expect.json"))
        let book = try BookFile.open(path).book
        let balances = book.balances()
        #expect(expected.balances.count > 5)
        for account in book.accounts {
            let said = expected.balances[book.path(of: account.guid)].flatMap { Fraction($0) } ?? .zero
            #expect((balances[account.guid] ?? .zero) == said, "\(account.name)")
        }
        #expect(book.transactionCount == 3000 && book.customers.count == 20)
    }

    /// The recorded fragments, read by our own reader and turned into an edit.
    private func recordedEdit() throws -> BookEdit {
        let recorded = try JSONDecoder().decode(MinimalEdit.self, from: Contracts.data("minimal-edit-xml.json"))
        let sample = String(decoding: try Contracts.data("sample-plain.gnucash"), as: UTF8.self)
        let head = try #require(sample.components(separatedBy: "<gnc:count-data").first)
        let receivable = "13067535dbaa423ebfb9104e4311a5c1"
        let text =
            head + "<gnc:book version=\"2.0.0\"><book:id type=\"guid\">\(receivable)</book:id>"
            + "<gnc:account version=\"2.0.0\"><act:name>A/R</act:name><act:id type=\"guid\">\(receivable)</act:id>"
            + "<act:type>RECEIVABLE</act:type><act:lots>\(recorded.lot.xml)</act:lots></gnc:account>"
            + recorded.transaction.xml + recorded.posting.xml + recorded.payment.xml + recorded.customer.xml
            + recorded.entries.xml.joined() + recorded.invoice.xml + "</gnc:book></gnc-v2>"
        let folder = try BookFolder()
        try folder.write(Data(text.utf8), to: "fragments")
        let book = try BookFile.open(folder.file("fragments")).book
        var edit = BookEdit()
        book.forEachTransaction { edit.newTransactions.append($0) }
        edit.newCustomers = book.customers
        edit.newEntries = book.entries
        edit.newInvoices = book.invoices
        edit.newLots = book.lots
        #expect(edit.newTransactions.count == 3 && edit.newEntries.count == 2 && edit.newLots.count == 1)
        return edit
    }
}

private struct Expectation: Decodable {
    var balances: [String: String]
}

private struct MinimalEdit: Decodable {
    struct One: Decodable { var xml: String }
    struct Many: Decodable { var xml: [String] }

    var transaction, customer, lot, posting, payment, invoice: One
    var entries: Many

    enum CodingKeys: String, CodingKey {
        case transaction, customer, lot, invoice
        case posting = "invoice posting transaction"
        case payment = "payment transaction"
        case entries = "invoice entries"
    }
}

private struct RoundingFile: Decodable {
    var cases: [RoundingCase]
}

private struct RoundingCase: Decodable {
    struct Line: Decodable { var quantity, price: String }

    var lines: [Line]
    var tax_percent, net, tax, total: String
    var discount_percent, discount_how: String?
    var tax_included: Bool
    var currency_fraction: Int64

    func reckoned() throws -> [InvoiceArithmetic.Line] {
        let rate = BookTaxRate(account: GUID(high: 1, low: 1), amount: try #require(Fraction(tax_percent)))
        return try lines.map { line in
            InvoiceArithmetic.Line(
                quantity: try #require(Fraction(line.quantity)), price: try #require(Fraction(line.price)),
                discount: discount_percent.flatMap { Fraction($0) } ?? .zero,
                discountOrder: discount_how.flatMap(BookDiscountOrder.init) ?? .beforeTax,
                isTaxIncluded: tax_included, rates: [rate])
        }
    }
}
