import ConnectorKit
import Foundation
import GnuCashBook
import Testing

@testable import GnuCash

@Suite("GnuCash books in trouble")
struct GnuCashTroubleTests {
    private func failure(_ work: () async throws -> Void) async -> ConnectorFailure? {
        do {
            try await work()
            return nil
        } catch {
            return error as? ConnectorFailure
        }
    }

    @Test(arguments: [BookForm.xml, .gzip])
    func aBookThatIsOpenInGnuCashIsReadButWaitsForWrites(form: BookForm) async throws {
        let shop = try CornerShop(form)
        defer { shop.close() }
        let connector = try shop.connector()
        try Data().write(to: URL(filePath: shop.path + ".LCK"))

        #expect(try await connector.sources[.account]?.page(PageRequest()).drafts.count == 17)
        let failure = await failure { _ = try await shop.result(connector, .order, TestOrder().request()) }

        guard case .busy(let detail, 30)? = failure else {
            throw CornerShop.Unexpected(what: "\(String(describing: failure))")
        }
        #expect(detail.contains("open elsewhere"))
        #expect(try shop.book.invoices.isEmpty)

        try FileManager.default.removeItem(atPath: shop.path + ".LCK")
        _ = try await shop.written(connector, .order, TestOrder().request())
    }

    @Test func aDatabaseBookThatIsOpenInGnuCashWaitsAndNamesTheHolder() async throws {
        let shop = try CornerShop(.sqlite)
        defer { shop.close() }
        let connector = try shop.connector()
        try shop.lockDatabase(true)

        let failure = await failure { _ = try await shop.result(connector, .order, TestOrder().request()) }

        guard case .busy(let detail, 30)? = failure else {
            throw CornerShop.Unexpected(what: "\(String(describing: failure))")
        }
        #expect(detail.contains("till"))
        try shop.lockDatabase(false)
        _ = try await shop.written(connector, .order, TestOrder().request())
    }

    @Test func aWriteThatHasNothingToDoDoesNotWaitForALock() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let connector = try shop.connector()
        let first = try await shop.written(connector, .order, TestOrder().request())
        try Data().write(to: URL(filePath: shop.path + ".LCK"))

        let second = try await shop.written(connector, .order, TestOrder().request())

        #expect(second.externalID == first.externalID)
    }

    @Test func aMissingBookIsRefusedWithItsPath() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        try FileManager.default.removeItem(atPath: shop.path)
        let connector = try shop.connector()

        for work in [
            { _ = try await connector.sources[.account]?.page(PageRequest()) },
            { _ = try await connector.check.check() },
            { _ = try await shop.result(connector, .order, TestOrder().request()) },
        ] as [() async throws -> Void] {
            guard case .refused("missing", let detail)? = await failure(work) else {
                throw CornerShop.Unexpected(what: "no failure")
            }
            #expect(detail.contains(shop.path))
        }
    }

    @Test(arguments: ["", "a letter to a friend", "<?xml version=\"1.0\" encoding=\"utf-8\"?><svg/>", "half"])
    func aFileThatIsNoBookIsUnreadableAndLeftAlone(content: String) async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        var bytes = Data(content.utf8)
        if content == "half" {
            let whole = try Data(contentsOf: URL(filePath: shop.path))
            bytes = whole.prefix(whole.count / 2)
        }
        try bytes.write(to: URL(filePath: shop.path))
        let connector = try shop.connector()

        guard case .unreadable? = await failure({ _ = try await connector.sources[.account]?.page(PageRequest()) }),
            case .unreadable? = await failure({ _ = try await shop.result(connector, .order, TestOrder().request()) })
        else { throw CornerShop.Unexpected(what: "it was taken for a book") }
        #expect(try Data(contentsOf: URL(filePath: shop.path)) == bytes)
    }

    @Test func aBookChangedByAnotherProgramInBetweenIsReadAnew() async throws {
        let shop = try CornerShop()
        defer { shop.close() }
        let one = try shop.connector()
        let two = try shop.connector()
        #expect(try await one.sources[.account]?.page(PageRequest()).drafts.count == 17)
        _ = try await shop.written(two, .order, TestOrder("1").request())

        _ = try await shop.written(one, .order, TestOrder("2").request())

        #expect(try shop.book.invoices.map(\.id).sorted() == ["1", "2"])
    }

    @Test func manyWritersOfOneConnectorWaitForEachOther() async throws {
        let shop = try CornerShop(.sqlite)
        defer { shop.close() }
        let connector = try shop.connector()

        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...8 {
                group.addTask { _ = try await shop.written(connector, .order, TestOrder("\(number)").request()) }
            }
            try await group.waitForAll()
        }

        #expect(try shop.book.invoices.count == 8)
    }

    @Test func theCheckSaysWhatIsInTheBookAndWhatDoesNotFit() async throws {
        let shop = try CornerShop(.gzip)
        defer { shop.close() }
        _ = try await shop.customer()

        #expect(
            try await shop.connector().check.check()
                == "GnuCash book shop.gnucash: 17 accounts, 1 customer, 0 transactions, EUR, XML gzip; accounts for "
                + "sales Income:Sales, receivables Assets:Accounts Receivable, shipping Income:Shipping, "
                + "fees Income:Sales, tax Liabilities:Tax Payable, rounding Expenses:Rounding, bank Assets:Bank")

        let mapping: JSON = ["sales_account": "Income:Sold", "receivables_account": "Assets:Bank"]
        try Data().write(to: URL(filePath: shop.path + ".LCK"))
        let text = try await shop.connector(mapping: mapping).check.check()

        #expect(
            text.contains("Income:Sold") && text.contains("RECEIVABLE") && text.contains("open elsewhere"), "\(text)")
    }
}
