import ConnectorKit
import Foundation
import GnuCashBook
import Testing

@testable import GnuCash

@Suite("GnuCash sources")
struct GnuCashSourcesTests {
    /// Enters a sale by hand.
    private func sale(_ text: String, _ minorUnits: Int64, in shop: CornerShop) throws {
        let file = try BookFile.open(shop.path)
        var guids = SeededGUIDs(text)
        var edit = BookEdit()
        guard case .found(let cash) = file.book.account(path: "Assets:Cash"),
            case .found(let sales) = file.book.account(path: "Income:Sales"),
            let day = BookDay(year: 2026, month: 2, day: 28)
        else { throw CornerShop.Unexpected(what: "no accounts") }
        edit.newTransactions = [
            BookTransaction(
                guid: guids.nextGUID(), currency: .currency("EUR"), number: "9", posted: day,
                entered: BookTime(CornerShop.now), text: text,
                splits: [
                    BookSplit(
                        guid: guids.nextGUID(), account: cash.guid, value: Fraction(cents(minorUnits)), memo: "till"),
                    BookSplit(guid: guids.nextGUID(), account: sales.guid, value: Fraction(cents(-minorUnits))),
                ])
        ]
        try file.apply(edit, now: BookTime(CornerShop.now), using: &guids)
    }

    private func all(_ source: any RecordSource, limit: Int, since: String? = nil) async throws -> [Page] {
        var pages: [Page] = []
        var position: String?
        repeat {
            let page = try await source.page(PageRequest(since: since, position: position, limit: limit))
            pages.append(page)
            position = page.next
        } while position != nil && pages.count < 100
        return pages
    }

    @Test(arguments: CornerShop.forms)
    func accountsArePagedParentsFirstAndEachOnce(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        let source = try #require(try shop.connector().sources[.account])

        let pages = try await all(source, limit: 4)

        let drafts = pages.flatMap(\.drafts)
        #expect(drafts.count == 17 && Set(drafts.map(\.externalID)).count == 17)
        #expect(pages.dropLast().allSatisfy { $0.drafts.count == 4 && $0.cursor == nil })
        #expect(pages.last?.cursor != nil)
        let sales = try #require(drafts.first { $0.title == "Income:Sales" })
        #expect(sales.parts[AccountPart.type] == "income" && sales.parts[AccountPart.currency] == "EUR")
        #expect(sales.parts[AccountPart.code] == "4010" && sales.parts[AccountPart.isPlaceholder] == false)
        let parent = drafts.first { $0.title == "Income" }?.externalID ?? ""
        #expect(sales.parts[AccountPart.parent] == .external(.account, parent))
        #expect(drafts.first { $0.title == "Income" }?.parts[AccountPart.parent.shape.name] == .null)
    }

    @Test(arguments: CornerShop.forms)
    func anUnchangedBookGivesNothingAndAChangedOneAll(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        let source = try #require(try shop.connector().sources[.journal])
        try sale("one", 100, in: shop)
        let cursor = try #require(try await all(source, limit: 10).last?.cursor)

        #expect(try await source.page(PageRequest(since: cursor)).drafts == [])
        try sale("two", 200, in: shop)
        let page = try await source.page(PageRequest(since: cursor))

        #expect(page.drafts.map(\.title) == ["2026-02-28 one", "2026-02-28 two"])
        #expect(page.cursor != cursor)
    }

    @Test func aChangeInTheSameTickAsTheReadingIsNotOverlooked() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let stamp = try BookFingerprint(of: shop.path)
        let rightAfter = Moment(milliseconds: stamp.changedNanoseconds / 1_000_000 + 5)
        let settings = try Settings(["file": .string(shop.path)], by: GnuCash.card.settings, of: "GnuCash")
        let source = try #require(
            try GnuCash.make(settings, CornerShop.surroundings(now: rightAfter)).sources[.account])

        let cursor = try #require(try await source.page(PageRequest()).cursor)

        #expect(try await source.page(PageRequest(since: cursor)).drafts.count == 17)
    }

    @Test func aTransactionIsTakenWithItsDayAndSplits() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        try sale("over the counter", 1250, in: shop)
        let source = try #require(try shop.connector().sources[.journal])

        let draft = try #require(try await source.page(PageRequest()).drafts.first)

        let content = try draft.parts.required(JournalPart.content)
        #expect(content.day == "2026-02-28" && content.number == "9" && content.description == "over the counter")
        #expect(content.splits.map(\.value) == [cents(1250), cents(-1250)])
        #expect(content.splits.map(\.memo) == ["till", ""])
        #expect(try content.imbalance() == cents(0))
        #expect(draft.parts[JournalPart.content.shape.name] == content.json, "written by hand as the encoder writes it")
        #expect(try await source.fetch([draft.externalID]) == [.found(draft)])
    }

    @Test func whatTheHubBookedItselfDoesNotComeBack() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        var order = try await TestOrder(customer: shop.customer())
        order.pay()
        order.returnShirt()
        let written = try await shop.written(connector, .order, order.request())
        try sale("by hand", 100, in: shop)

        let journal = try #require(connector.sources[.journal])
        let invoices = try #require(connector.sources[.invoice])
        #expect(try await journal.page(PageRequest()).drafts.map(\.title) == ["2026-02-28 by hand"])
        #expect(try await journal.census(after: nil)?.ids.count == 1)
        #expect(try await invoices.page(PageRequest()).drafts == [])
        #expect(try await invoices.census(after: nil) == CensusPage(ids: [], next: nil))
        #expect(try await invoices.fetch([written.externalID]) == [.gone(written.externalID)])
    }

    @Test func anInvoiceMadeInGnuCashIsTakenWithItsTotals() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let customer = try await shop.customer()
        let file = try BookFile.open(shop.path)
        guard case .found(let sales) = file.book.account(path: "Income:Sales"),
            case .found(let owed) = file.book.account(path: "Assets:Accounts Receivable"),
            let owner = GUID(customer), let day = BookDay(year: 2026, month: 2, day: 28)
        else { throw CornerShop.Unexpected(what: "no accounts") }
        var guids = SeededGUIDs("hand made")
        var edit = BookEdit()
        try InvoicePosting(
            guid: guids.nextGUID(), id: "INV-7", customer: owner, currency: .currency("EUR"), opened: day,
            entered: BookTime(CornerShop.now),
            lines: [
                .init(text: "Advice", quantity: Fraction(whole: 3), price: Fraction(whole: 20), account: sales.guid)
            ]
        ).addPosted(.init(posted: day, due: day, receivable: owed.guid), to: &edit, in: file.book, using: &guids)
        try file.apply(edit, now: BookTime(CornerShop.now), using: &guids)

        let page = try await shop.connector().sources[.invoice]?.page(PageRequest())

        let draft = try #require(page?.drafts.first)
        let content = try draft.parts.required(InvoicePart.content)
        #expect(content.number == "INV-7" && content.total == cents(6000) && content.tax == cents(0))
        #expect(
            content.lines == [
                InvoiceLine(description: "Advice", quantity: ExactDecimal(3), unitPrice: ExactDecimal(20))
            ])
        #expect(content.posted?.day == "2026-02-28" && !content.isCreditNote)
        #expect(draft.parts[InvoicePart.customer] == .external(.customer, customer))
        #expect(draft.parts[InvoicePart.isPaid] == false)
    }

    @Test func anUnbalancedTransactionIsHandedBackWithAReason() throws {
        let transaction = BookTransaction(
            guid: GUID(high: 3, low: 4), currency: .currency("EUR"), posted: BookDay(daysSince1970: 20_000),
            entered: BookTime(CornerShop.now), text: "crooked",
            splits: [BookSplit(guid: GUID(high: 5, low: 6), account: GUID(high: 7, low: 8), value: Fraction(cents(1)))])

        guard case .rejected(let rejection) = BookTranslator.journal(transaction) else {
            throw CornerShop.Unexpected(what: "it was taken")
        }
        #expect(rejection.reason.contains("crooked") && rejection.reason.contains("1/100"))
    }

    @Test(arguments: [("1/3", "0.333333333", false), ("1/8", "0.125", true), ("-7/1", "-7", true)])
    func aNumberWithoutEndIsShownCutOff(text: String, shown: String, isExact: Bool) throws {
        let found = ExactDecimal.nearest(try #require(Fraction(text)))

        #expect(found.number.description == shown && found.isExact == isExact)
    }

    @Test func whatIsNotThereIsGone() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let source = try #require(try shop.connector().sources[.customer])

        #expect(
            try await source.fetch(["nonsense", "0123456789abcdef0123456789abcdef"])
                == [.gone("nonsense"), .gone("0123456789abcdef0123456789abcdef")])
    }

    @Test func aPositionThatIsNoneIsRefused() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let source = try #require(try shop.connector().sources[.customer])

        await #expect(throws: ConnectorFailure.self) { try await source.page(PageRequest(position: "yesterday")) }
    }
}
